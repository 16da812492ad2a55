// A surface as a relief, turned by dragging or with the arrow keys; where there is no WebGL2 the map has it all.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { SurfaceView } from "../contract";
import { rank } from "../draw/contour";
import { number } from "../draw/number";
import { relief, type Relief, type ReliefScene } from "../draw/relief";
import { lens, type Lens } from "../draw/relief_camera";
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
  /** Names of the two axes. */
  axes?: readonly [string, string];
}

const TURN = 0.12; // radians for a key
const MARGINS = { top: 12, right: 18, bottom: 18, left: 38 }; // for the numbers at the edges

export function SurfaceRelief({ surface, paths, step, isDark, axes = ["x", "y"] }: ReliefProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const made = useRef<Relief | null>(null);
  const [isMissing, miss] = useState(false);
  const [[turn, tilt], look] = useState<[number, number]>([0.7, 0.6]);
  const [ref, width] = useWidth();
  const height = Math.min(Math.max(Math.round(width * 0.72), 250), 440);
  const heights = useMemo(() => heightsOf(surface), [surface]);
  const seen = useMemo(() => lens(turn, tilt, width, height, MARGINS, heights.top), [turn, tilt, width, height, heights]);
  useEffect(() => {
    made.current = canvas.current && relief(canvas.current);
    miss(!made.current);
    return () => made.current?.end();
  }, []);
  useEffect(() => {
    if (canvas.current) made.current?.draw(scene(canvas.current, surface, heights.all, paths, step), seen.matrix);
  }, [surface, paths, step, isDark, seen]);
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
    <div ref={ref} class="ds-relief">
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
      {!isMissing && (
        <svg class="ds-over" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
          <Edges seen={seen} surface={surface} axes={axes} top={heights.top} range={heights.range} />
        </svg>
      )}
    </div>
  );
}

/** The same even slope from level to level as the bands of the map: heights over many powers of ten stay visible. */
const heightOf = (levels: readonly number[], value: number | null | undefined): number =>
  value === null || value === undefined ? NaN : rank(levels, value);

/** Of all places, the largest of them, and the lowest and highest value. */
function heightsOf({ z, levels }: ReliefProps["surface"]): { all: Float32Array; top: number; range: [number, number] } {
  const values = z.flat();
  const found = values.filter((each) => each !== null);
  const range: [number, number] = [found.reduce((a, b) => Math.min(a, b), Infinity), found.reduce((a, b) => Math.max(a, b), -Infinity)];
  return { all: new Float32Array(values.map((each) => heightOf(levels, each))), top: found.length ? heightOf(levels, range[1]) : 1, range };
}

interface EdgesProps {
  seen: Lens;
  surface: ReliefProps["surface"];
  axes: readonly [string, string];
  top: number;
  range: readonly [number, number];
}

/** The two edges of the floor that are in front, and the upright one to the left, with their numbers. */
function Edges({ seen, surface: { domain }, axes, top, range }: EdgesProps) {
  const [left, right, bottom, upper] = domain;
  const y = seen.near(0, -1) >= seen.near(0, 1) ? -1 : 1;
  const x = seen.near(-1, 0) >= seen.near(1, 0) ? -1 : 1;
  const centre = seen.at(0, 0, 0);
  const corners = [-1, 1].flatMap((a) => [-1, 1].map((b) => [a, b] as const));
  const upright = corners.reduce((best, each) => (seen.at(...each, 0)[0] < seen.at(...best, 0)[0] ? each : best));
  return (
    <>
      <Edge ends={[seen.at(-1, y, 0), seen.at(1, y, 0)]} words={[number(left), axes[0], number(right)]} away={centre} />
      <Edge ends={[seen.at(x, -1, 0), seen.at(x, 1, 0)]} words={[number(bottom), axes[1], number(upper)]} away={centre} />
      {Number.isFinite(range[0]) && (
        <Edge ends={[seen.at(...upright, 0), seen.at(...upright, top)]} words={["", "", number(range[1])]} away={centre} />
      )}
    </>
  );
}

type Place = readonly [number, number];

/** A line with words near its ends and at its middle, on the side that is away from a point. */
function Edge({ ends: [a, b], words, away }: { ends: readonly [Place, Place]; words: readonly string[]; away: Place }) {
  const [along, up] = [b[0] - a[0], b[1] - a[1]];
  const long = Math.max(Math.hypot(along, up), 1);
  const side = (a[0] - away[0]) * -up + (a[1] - away[1]) * along >= 0 ? 1 : -1;
  const [nx, ny] = [(-side * up) / long, (side * along) / long];
  return (
    <>
      <line x1={a[0]} y1={a[1]} x2={b[0]} y2={b[1]} stroke="var(--soft)" />
      {words.map(
        (word, k) =>
          word && (
            <text
              key={k}
              class={k === 1 ? "ds-ink" : ""}
              x={a[0] + AT[k]! * along + 8 * nx}
              y={a[1] + AT[k]! * up + 12 * ny}
              dy="0.34em"
              text-anchor={nx < -0.4 ? "end" : nx > 0.4 ? "start" : "middle"}
            >
              {word}
            </text>
          ),
      )}
    </>
  );
}

const AT = [0.08, 0.5, 0.92]; // of an edge: at a corner the numbers of two edges would lie on each other

function scene(
  canvas: HTMLCanvasElement,
  surface: ReliefProps["surface"],
  heights: Float32Array,
  paths: ReliefProps["paths"],
  step: number,
): ReliefScene {
  const colours = coloursOf(canvas);
  const paper = rgb(colours("paper"));
  const soft = rgb(colours("soft"));
  const [left, right, bottom, top] = surface.domain;
  const lines = paths.map((path, j) => {
    const k = nearest(path.steps, step);
    const points = path.points.slice(0, k + 1).flatMap(([x, y], i) => {
      const across = (2 * ((x ?? NaN) - left)) / (right - left) - 1;
      const up = (2 * ((y ?? NaN) - bottom)) / (top - bottom) - 1;
      const isInside = Math.abs(across) <= 1 && Math.abs(up) <= 1;
      return isInside ? [across, up, heightOf(surface.levels, path.values[i]) || 0] : [];
    });
    return { points: new Float32Array(points), colour: rgb(colours.series(j)) };
  });
  return {
    columns: surface.x.length,
    rows: surface.y.length,
    heights,
    lines,
    low: mix(paper, soft, 0.12),
    high: mix(paper, soft, 0.85),
    paper,
  };
}
