// Points drawn by hand: a click puts one, dragging sprays some, the keyboard moves a cross and puts them there.
import { scaleLinear } from "d3-scale";
import { useRef, useState } from "preact/hooks";
import type { Failure } from "../contract";
import { AxisBottom, AxisLeft } from "../draw/axes";
import { Button, Choice, Controls } from "../draw/controls";
import { FailureBox, failureOf } from "../draw/failure";
import { Plot } from "../draw/plot";
import { classInk } from "./boundary_paint";
import { outline, shapeOf } from "./data_marks";
import { useOwn } from "./data_own";
import type { Context } from "./view";

export interface Drawn {
  x: number;
  y: number;
  k: number;
}

const RANGE: [number, number] = [-3, 3];
const MOST = 2_000;
const CLASSES = 4;
const SPRAY = 0.28; // standard deviation, in units of the plane
export const FEWEST = 10;

export function Draw({ ctx, onDone }: { ctx: Context; onDone: () => void }) {
  const [points, set] = useState<readonly Drawn[]>([]);
  const [k, choose] = useState(0);
  const [brush, hold] = useState<"point" | "spray" | "rubber">("point");
  const [cross, move] = useState<[number, number]>([0, 0]);
  const [failure, fail] = useState<Failure | null>(null);
  const isDown = useRef(false);
  const use = useOwn(ctx);
  const put = (x: number, y: number): void => set((now) => added(now, { x, y, k }, brush));
  const send = (): void => {
    const x = points.map((each): [number, number] => [round(each.x), round(each.y)]);
    use({ type: "draw", name: "drawn", x, y: points.map((each) => each.k) })
      .then(onDone)
      .catch((error: unknown) => fail(failureOf(error)));
  };
  const counts = Array.from({ length: CLASSES }, (_, c) => points.filter((each) => each.k === c).length);
  const kinds = counts.filter((count) => count > 0).length;
  const missing = points.length < FEWEST ? `${FEWEST - points.length} more points` : kinds < 2 ? "points of a second class" : "";
  const key = (event: KeyboardEvent): void => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (way) move([within(cross[0] + 0.15 * way[0]!), within(cross[1] + 0.15 * way[1]!)]);
    else if (event.key === " " || event.key === "Enter") put(...cross);
    else if (event.key >= "1" && event.key <= String(CLASSES)) choose(Number(event.key) - 1);
    else if (event.key === "Backspace") set(points.slice(0, -1));
    else return;
    event.preventDefault();
  };
  return (
    <div>
      <Controls label="Drawing points">
        <Choice
          label="class"
          value={String(k)}
          words={counts.map((count, c) => [String(c), `class ${c} (${count})`] as const)}
          onInput={(word) => choose(Number(word))}
        />
        <Choice
          label="with a"
          value={brush}
          words={[
            ["point", "pen: one point"],
            ["spray", "spray: five around it"],
            ["rubber", "rubber"],
          ]}
          onInput={hold}
        />
        <Button onClick={() => set(points.slice(0, -1))} disabled={!points.length}>
          Undo
        </Button>
        <Button onClick={() => set([])} disabled={!points.length}>
          Clear
        </Button>
      </Controls>
      <Plot
        label={`Drawing board with ${points.length} points. Arrow keys move the cross, Space puts a point of class ${k}, 1 to ${CLASSES} choose the class, Backspace takes the last one away.`}
        height={(width) => Math.min(width * 0.8, 380)}
        margin={{ top: 8, right: 12, bottom: 38, left: 52 }}
        onKeyDown={key}
      >
        {({ width, height }) => {
          const x = scaleLinear(RANGE, [0, width]);
          const y = scaleLinear(RANGE, [height, 0]);
          const at = (event: PointerEvent): void => {
            const box = (event.currentTarget as Element).getBoundingClientRect();
            put(within(x.invert(event.clientX - box.left)), within(y.invert(event.clientY - box.top)));
          };
          return (
            <>
              <AxisLeft scale={y} width={width} label="x2" />
              <AxisBottom scale={x} at={height} label="x1" />
              {points.map((each, j) => (
                <path
                  key={j}
                  d={outline(shapeOf(each.k), 4)}
                  transform={`translate(${x(each.x)} ${y(each.y)})`}
                  fill={classInk(each.k, 2 + Number(kinds > 2 || each.k > 1))}
                  stroke="var(--paper)"
                />
              ))}
              <path d={`M${x(cross[0]) - 8} ${y(cross[1])}h16m-8 -8v16`} stroke="var(--soft)" stroke-width="1.5" />
              <rect
                width={width}
                height={height}
                fill="transparent"
                stroke="var(--soft)"
                style={{ cursor: "crosshair", touchAction: "none" }}
                onPointerDown={(event) => {
                  isDown.current = true;
                  event.currentTarget.setPointerCapture(event.pointerId);
                  at(event);
                }}
                onPointerMove={(event) => isDown.current && brush !== "point" && at(event)}
                onPointerUp={() => (isDown.current = false)}
                onPointerCancel={() => (isDown.current = false)}
              />
            </>
          );
        }}
      </Plot>
      <Controls label="What becomes of the points">
        <Button main onClick={send} disabled={missing !== ""}>
          Train on these {points.length} points
        </Button>
        {missing && <span class="ds-note">It takes {missing}.</span>}
      </Controls>
      {failure && <FailureBox failure={failure} />}
    </div>
  );
}

const within = (value: number): number => Math.min(Math.max(value, RANGE[0]), RANGE[1]);
const round = (value: number): number => Math.round(value * 1e4) / 1e4;

/** The points after a touch of the brush. */
export function added(now: readonly Drawn[], point: Drawn, brush: "point" | "spray" | "rubber"): readonly Drawn[] {
  if (brush === "rubber") return now.filter((each) => Math.hypot(each.x - point.x, each.y - point.y) > 0.25);
  if (now.length >= MOST) return now;
  if (brush === "point") return [...now, point];
  const sprayed = Array.from({ length: 5 }, () => {
    // Box and Muller's way to a normal number.
    const [far, turn] = [SPRAY * Math.sqrt(-2 * Math.log(1 - Math.random())), 2 * Math.PI * Math.random()];
    return { ...point, x: within(point.x + far * Math.cos(turn)), y: within(point.y + far * Math.sin(turn)) };
  });
  return [...now, ...sprayed].slice(0, MOST);
}
