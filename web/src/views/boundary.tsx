// What a network answers over the plane of its two inputs, with the rows it learned from; and the same for each unit.
import { scaleLinear } from "d3-scale";
import { contours } from "d3-contour";
import { line } from "d3-shape";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { BoundaryView, DataView, UnitMap } from "../contract";
import { AxisBottom, AxisLeft, extent } from "../draw/axes";
import { Controls, Toggle } from "../draw/controls";
import { useId } from "../draw/id";
import { Legend } from "../draw/legend";
import { number, whole } from "../draw/number";
import { Plot } from "../draw/plot";
import { coloursOf } from "../draw/theme";
import { useTip } from "../draw/tip";
import { at, classInk, paintGrid, paintOf, range, type Grid } from "./boundary_paint";
import { Units } from "./boundary_units";
import { closest, Marks, toldOf } from "./data_marks";
import { view, type Context } from "./view";

const MARGIN = { top: 8, right: 12, bottom: 38, left: 52 };

export default view<BoundaryView>({
  id: "boundary",
  title: "Decision boundary",
  pages: ["network"],
  order: 6,
  about: {
    sentence:
      "What the network answers at every point of its two inputs; the strong line is where its answer changes. Below, what each unit answers over the same plane: the pieces that the answer is put together from.",
    source: "src/downslope/views/boundary.py",
    call: "downslope.views.boundary.boundary_view(run, run.at(step))",
    keys: [
      ["← → ↑ ↓", "move over the plane"],
      ["Tab", "to the maps of the units; arrow keys go from one to the next, Enter selects it in all views"],
    ],
  },
  query: (state) =>
    state.run.value === null ? null : { view: "boundary", run: state.run.value, ...(state.at.value > 0 ? { step: state.at.value } : {}) },
  empty: "Press Train, or choose a run.",
  unfit: ["boundary-inputs"],
  describe: (payload) => {
    const kind = payload.classes.length ? `classes ${payload.classes.join(", ")}` : "a predicted number";
    const dead = payload.units.filter((unit) => unit.dead).length;
    return `Before step ${whole(payload.step)}, over ${payload.first}${payload.second ? ` and ${payload.second}` : ""}: ${kind}. ${payload.units.length} unit maps, ${dead} of them 0 everywhere.`;
  },
  View: Picture,
});

function Picture({ payload, ctx }: { payload: BoundaryView; ctx: Context }) {
  const points = ctx.state.setting("boundary", "points", true);
  const data = useData(ctx);
  const isLine = payload.y.length === 0;
  const chosen = payload.units.find((unit) => `${unit.layer}[${unit.unit}]` === ctx.state.select.value);
  const n = payload.classes.length;
  return (
    <>
      <Controls label="What is seen of the plane">
        <Toggle label="rows" value={points.value} onInput={(on) => (points.value = on)} />
        {chosen && <span class="ds-note">seen large: unit {`${chosen.layer}[${chosen.unit}]`}</span>}
      </Controls>
      {isLine ? (
        <Curve payload={payload} data={points.value ? data : null} />
      ) : (
        <Plane payload={payload} data={points.value ? data : null} unit={chosen ?? null} ctx={ctx} />
      )}
      {n > 0 && <Legend entries={payload.classes.map((words, k) => ({ words, colour: classInk(k, n), mark: "square" as const }))} />}
      {!isLine && !n && (
        <p class="ds-note">
          Blue is high ({number(range(payload.z).high)}), orange is low ({number(range(payload.z).low)}).
        </p>
      )}
      {payload.units.length > 0 && <Units payload={payload} ctx={ctx} />}
    </>
  );
}

/** The rows of the run: asked once for a run. */
function useData(ctx: Context): DataView | null {
  const [data, set] = useState<DataView | null>(null);
  const run = ctx.state.run.value;
  useEffect(() => {
    let isOpen = true;
    set(null);
    if (run !== null)
      ctx.ask({ view: "data", run }).then(
        (answer) => isOpen && set(answer as DataView),
        () => undefined,
      );
    return () => {
      isOpen = false;
    };
  }, [run]);
  return data;
}

interface PlaneProps {
  payload: BoundaryView;
  data: DataView | null;
  unit: UnitMap | null;
  ctx: Context;
}

function Plane({ payload, data, unit, ctx }: PlaneProps) {
  const tip = useTip();
  const [cursor, point] = useState<[number, number] | null>(null);
  const [xs, ys] = unit ? [payload.unit_x, payload.unit_y] : [payload.x, payload.y];
  const z: Grid = unit ? unit.values : payload.z;
  const ends: [number, number] = [payload.x[0] ?? 0, payload.x.at(-1) ?? 1];
  const sides: [number, number] = [payload.y[0] ?? 0, payload.y.at(-1) ?? 1];
  const tell = (x: number, y: number): string[] => [
    `${payload.first} ${number(x)}, ${payload.second} ${number(y)}`,
    answer(payload, unit, at(z, xs, ys, x, y), at(payload.sure, xs, ys, x, y)),
  ];
  return (
    <Plot
      label={`${payload.title}; arrow keys move over the plane`}
      height={(width) => Math.min(width * 0.86, 430)}
      margin={MARGIN}
      onKeyDown={(event) => {
        const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
        if (!way) return;
        event.preventDefault();
        const [x, y] = cursor ?? [(ends[0] + ends[1]) / 2, (sides[0] + sides[1]) / 2];
        const step = (k: number, [low, high]: [number, number], value: number): number =>
          Math.min(Math.max(value + (way[k]! * (high - low)) / 20, low), high);
        point([step(0, ends, x), step(1, sides, y)]);
      }}
    >
      {({ width, height }) => {
        const x = scaleLinear(ends, [0, width]);
        const y = scaleLinear(sides, [height, 0]);
        const over = (event: PointerEvent): void => {
          const box = (event.currentTarget as Element).getBoundingClientRect();
          const [px, py] = [event.clientX - box.left, event.clientY - box.top];
          const k = data ? closest(data, x, y, [px, py]) : -1;
          tip.at(event.clientX, event.clientY, [...tell(x.invert(px), y.invert(py)), ...(k >= 0 ? toldOf(data!, k) : [])]);
        };
        return (
          <>
            <Surface {...{ payload, unit, z, width, height, ctx }} />
            <Lines {...{ payload, unit, z, width, height }} />
            {data && !unit && <Marks data={data} x={x} y={y} r={data.x.length > 300 ? 2.6 : 3.4} />}
            <AxisLeft scale={y} label={payload.second} />
            <AxisBottom scale={x} at={height} label={payload.first} />
            {cursor && (
              <g>
                <path d={`M${x(cursor[0]) - 7} ${y(cursor[1])}h14m-7 -7v14`} stroke="var(--ink)" stroke-width="1.6" />
                <text
                  class="ds-ink"
                  x={Math.min(x(cursor[0]) + 9, width - 150)}
                  y={Math.max(y(cursor[1]) - 8, 12)}
                  stroke="var(--paper)"
                  stroke-width="3"
                  paint-order="stroke"
                >
                  {tell(...cursor)[1]}
                </text>
              </g>
            )}
            <rect width={width} height={height} fill="transparent" stroke="var(--soft)" onPointerMove={over} onPointerLeave={tip.hide} />
          </>
        );
      }}
    </Plot>
  );
}

/** What the network, or a unit, says at a place, in words. */
function answer({ classes }: BoundaryView, unit: UnitMap | null, z: number | null, sure: number | null): string {
  if (z === null) return "not finite";
  if (unit) return `${unit.layer}[${unit.unit}] ${number(z)}`;
  if (classes.length > 2) return `${classes[Math.round(z)] ?? z}${sure === null ? "" : `, ${percent(sure)} sure`}`;
  if (classes.length === 2) return z < 0.5 ? `${classes[0]}, ${percent(1 - z)} sure` : `${classes[1]}, ${percent(z)} sure`;
  return `predicted ${number(z)}`;
}

const percent = (part: number): string => `${(100 * part).toFixed(part > 0.995 ? 1 : 0)} %`;

interface SurfaceProps {
  payload: BoundaryView;
  unit: UnitMap | null;
  z: Grid;
  width: number;
  height: number;
  ctx: Context;
}

/** The colours as a picture inside of the SVG, so that it is saved with it; points of the grid are its pixels' middles. */
function Surface({ payload, unit, z, width, height, ctx }: SurfaceProps) {
  const mark = useRef<SVGGElement>(null);
  const plane = useId();
  const [link, set] = useState("");
  const isDark = ctx.state.isDark.value;
  useEffect(() => {
    const element = mark.current;
    if (!element) return;
    const colours = coloursOf(element);
    const paint = unit ? paintOf({ classes: [], z: balanced(unit) }, colours) : paintOf(payload, colours);
    set(paintGrid(z, unit ? [] : payload.sure, paint, colours).toDataURL());
  }, [payload, unit, isDark]);
  const [rows, columns] = [z.length, z[0]?.length ?? 1];
  const [dx, dy] = [width / (columns - 1) / 2, height / (rows - 1) / 2];
  return (
    <g ref={mark}>
      <clipPath id={plane}>
        <rect width={width} height={height} />
      </clipPath>
      {link && (
        <g clip-path={`url(#${plane})`}>
          <image href={link} x={-dx} y={-dy} width={width + 2 * dx} height={height + 2 * dy} preserveAspectRatio="none" />
        </g>
      )}
    </g>
  );
}

/** As far below 0 as above it, so that the paper is 0. */
const balanced = (unit: UnitMap): Grid => {
  const most = Math.max(Math.abs(unit.low ?? 0), Math.abs(unit.high ?? 0)) || 1;
  return [[-most, most]];
};

/** Where the answer changes: probability one half, or 0 of a unit. */
function Lines({ payload, unit, z, width, height }: Omit<SurfaceProps, "ctx">) {
  const path = useMemo(() => {
    const [rows, columns] = [z.length, z[0]?.length ?? 0];
    if (rows < 2 || columns < 2) return "";
    const level = unit ? 0 : 0.5;
    if (!unit && payload.classes.length !== 2) return "";
    const made = contours()
      .size([columns, rows])
      .contour(
        z.flat().map((value) => value ?? NaN),
        level,
      );
    // A point of the grid is the middle of its cell, half a cell from the edge of what d3 counts in.
    const px = (x: number): number => ((x - 0.5) / (columns - 1)) * width;
    const py = (y: number): number => height - ((y - 0.5) / (rows - 1)) * height;
    const isEdge = ([x, y]: readonly number[]): boolean => x! <= 0.51 || y! <= 0.51 || x! >= columns - 0.51 || y! >= rows - 0.51;
    return made.coordinates
      .flat()
      .map(
        (ring) =>
          line<number[]>(
            (p) => px(p[0]!),
            (p) => py(p[1]!),
          ).defined((p) => !isEdge(p))(ring as number[][]) ?? "",
      )
      .join("");
  }, [payload, unit, width, height]);
  return <path d={path} fill="none" stroke="var(--ink)" stroke-width="2" stroke-linejoin="round" />;
}

/** One input: the answer as a curve over it. */
function Curve({ payload, data }: { payload: BoundaryView; data: DataView | null }) {
  const tip = useTip();
  const z = payload.z[0] ?? [];
  return (
    <Plot label={payload.title} height={300} margin={MARGIN}>
      {({ width, height }) => {
        const x = scaleLinear([payload.x[0] ?? 0, payload.x.at(-1) ?? 1], [0, width]);
        const y = scaleLinear(extent([...z, ...(data?.y ?? [])]), [height, 0]).nice();
        const path = line<number | null>(
          (_, k) => x(payload.x[k] ?? 0),
          (value) => y(value ?? 0),
        ).defined((value) => value !== null);
        const over = (event: PointerEvent): void => {
          const box = (event.currentTarget as Element).getBoundingClientRect();
          const place = x.invert(event.clientX - box.left);
          tip.at(event.clientX, event.clientY, [
            `${payload.first} ${number(place)}`,
            answer(payload, null, at([z], payload.x, [0], place, 0), null),
          ]);
        };
        return (
          <>
            <AxisLeft scale={y} width={width} label={data?.target_name ?? "answer"} />
            <AxisBottom scale={x} at={height} label={payload.first} />
            {data && <Marks data={data} x={x} y={y} ramp={() => "var(--soft)"} r={2.6} />}
            <path d={path(z) ?? ""} fill="none" stroke="var(--first)" stroke-width="2.5" />
            <rect width={width} height={height} fill="transparent" onPointerMove={over} onPointerLeave={tip.hide} />
          </>
        );
      }}
    </Plot>
  );
}
