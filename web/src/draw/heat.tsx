// A matrix of numbers as coloured cells on a canvas: thousands of cells at once, with the number under the pointer.
import { useEffect, useRef } from "preact/hooks";
import { paintCells, type Cells } from "./cells";
import { number } from "./number";
import { coloursOf, diverging, ramp as oneSided } from "./theme";
import { useTip, type Lines } from "./tip";

export interface HeatProps {
  /** values[i][j]: row i from the top, column j from the left; null is drawn as not finite, in the alarm's colour. */
  values: Cells;
  width: number;
  height: number;
  /** What full colour means; the largest size if left out. */
  most?: number;
  /** Two-sided (negative orange, positive blue), or one-sided from the paper to blue. */
  sided?: "two" | "one";
  label: string;
  tip?: (i: number, j: number, value: number | null) => Lines;
  onCell?: (i: number, j: number) => void;
  current?: readonly [number, number] | null;
}

export function Heat({ values, width, height, most, sided = "two", label, tip, onCell, current }: HeatProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const layer = useTip();
  const rows = values.length;
  const columns = values[0]?.length ?? 0;
  useEffect(() => {
    const element = canvas.current;
    if (element) paint(element, values, most, sided);
  });
  const cell = (event: PointerEvent): [number, number] => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const part = (at: number, size: number, n: number): number => Math.min(Math.max(Math.floor((at / size) * n), 0), n - 1);
    return [part(event.clientY - box.top, box.height, rows), part(event.clientX - box.left, box.width, columns)];
  };
  const over = (event: PointerEvent): void => {
    const [i, j] = cell(event);
    const value = values[i]?.[j] ?? null;
    layer.at(event.clientX, event.clientY, tip ? tip(i, j, value) : number(value));
  };
  const key = (event: KeyboardEvent): void => {
    const way = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!way || !onCell) return;
    event.preventDefault();
    const [i, j] = current ?? [0, 0];
    onCell(Math.min(Math.max(i + way[0]!, 0), rows - 1), Math.min(Math.max(j + way[1]!, 0), columns - 1));
  };
  return (
    <span class="ds-heat" style={{ width: `${width}px`, height: `${height}px` }}>
      <canvas
        ref={canvas}
        width={columns}
        height={rows}
        style={{ width: `${width}px`, height: `${height}px` }}
        role={onCell ? "application" : "img"}
        aria-label={label}
        {...(onCell ? { tabindex: 0, onKeyDown: key, onClick: (event: MouseEvent) => onCell(...cell(event as PointerEvent)) } : {})}
        onPointerMove={over}
        onPointerLeave={layer.hide}
      />
      {current && (
        <span
          class="ds-heat-cell"
          style={{
            left: `${(current[1] / columns) * width}px`,
            top: `${(current[0] / rows) * height}px`,
            width: `${width / columns}px`,
            height: `${height / rows}px`,
          }}
        />
      )}
    </span>
  );
}

function paint(canvas: HTMLCanvasElement, values: Cells, most: number | undefined, sided: "two" | "one"): void {
  if (!values[0]?.length) return;
  const colours = coloursOf(canvas);
  paintCells(canvas, values, most ?? largest(values), sided === "two" ? diverging(colours) : oneSided(colours), colours);
}

/** The largest size among the finite numbers of a matrix. */
export function largest(values: Cells): number {
  let most = 0;
  for (const row of values) for (const value of row) if (value !== null && Math.abs(value) > most) most = Math.abs(value);
  return most;
}
