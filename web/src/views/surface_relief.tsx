// A surface as a relief, turned by dragging or with the arrow keys; where there is no WebGL2 the map has it all.
import { useEffect, useRef, useState } from "preact/hooks";
import type { SurfaceView } from "../contract";
import { rank } from "../draw/contour";
import { relief, type Relief, type ReliefScene } from "../draw/relief";
import { nearest } from "../draw/scrubber";
import { useWidth } from "../draw/size";
import { coloursOf, mix, rgb } from "../draw/theme";

type Ends = readonly [number, number, number, number];

/** What a relief needs of a surface, and of the ways over it. */
export interface ReliefProps {
  surface: Pick<SurfaceView, "name" | "x" | "y" | "z" | "levels"> & { domain: Ends };
  paths: readonly {
    steps: readonly number[];
    points: readonly (readonly [number | null, number | null])[];
    values: readonly (number | null)[];
  }[];
  step: number;
  isDark: boolean;
}

const TURN = 0.12; // radians for a key

export function SurfaceRelief({ surface, paths, step, isDark }: ReliefProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const made = useRef<Relief | null>(null);
  const [isMissing, miss] = useState(false);
  const [[turn, tilt], look] = useState<[number, number]>([0.7, 0.6]);
  const [ref, width] = useWidth();
  const height = Math.min(Math.round(width * 0.72), 420);
  useEffect(() => {
    made.current = canvas.current && relief(canvas.current);
    miss(!made.current);
    return () => made.current?.end();
  }, []);
  useEffect(() => {
    if (canvas.current) made.current?.draw(scene(canvas.current, surface, paths, step), turn, tilt);
  }, [surface, paths, step, isDark, turn, tilt, width]);
  const by = (across: number, up: number): void => look([turn + across, Math.min(Math.max(tilt + up, 0.05), 1.5)]);
  const key = (event: KeyboardEvent): void => {
    const way = { ArrowLeft: [-TURN, 0], ArrowRight: [TURN, 0], ArrowUp: [0, TURN], ArrowDown: [0, -TURN] }[event.key];
    if (!way) return;
    event.preventDefault();
    by(way[0]!, way[1]!);
  };
  const drag = (event: PointerEvent): void => {
    if (event.buttons & 1) by(-event.movementX / 120, event.movementY / 120);
  };
  return (
    <div ref={ref}>
      {isMissing && <p class="ds-note">This browser has no WebGL2, so there is no relief; the map shows the same heights.</p>}
      <canvas
        ref={canvas}
        width={2 * width}
        height={2 * height}
        style={{ width: `${width}px`, height: `${height}px`, touchAction: "pan-y", display: isMissing ? "none" : "block", cursor: "grab" }}
        role="application"
        aria-label={`Relief of ${surface.name}, seen from ${Math.round((turn * 180) / Math.PI)} degrees; arrow keys turn it`}
        tabindex={0}
        onKeyDown={key}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={drag}
      />
    </div>
  );
}

function scene(canvas: HTMLCanvasElement, surface: ReliefProps["surface"], paths: ReliefProps["paths"], step: number): ReliefScene {
  const colours = coloursOf(canvas);
  const paper = rgb(colours("paper"));
  const soft = rgb(colours("soft"));
  // The same even slope from level to level as the bands of the map: heights over many powers of ten stay visible.
  const high = (value: number | null | undefined): number => (value === null || value === undefined ? NaN : rank(surface.levels, value));
  const [left, right, bottom, top] = surface.domain;
  const lines = paths.map((path, j) => {
    const k = nearest(path.steps, step);
    const points = path.points.slice(0, k + 1).flatMap(([x, y], i) => {
      const across = (2 * ((x ?? NaN) - left)) / (right - left) - 1;
      const up = (2 * ((y ?? NaN) - bottom)) / (top - bottom) - 1;
      const isInside = Math.abs(across) <= 1 && Math.abs(up) <= 1;
      return isInside ? [across, up, high(path.values[i]) || 0] : [];
    });
    return { points: new Float32Array(points), colour: rgb(colours.series(j)) };
  });
  return {
    columns: surface.x.length,
    rows: surface.y.length,
    heights: new Float32Array(surface.z.flatMap((row) => row.map(high))),
    lines,
    low: mix(paper, soft, 0.12),
    high: mix(paper, soft, 0.85),
    paper,
  };
}
