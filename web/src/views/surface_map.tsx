// A surface as a map with the ways down it; at the step that is looked at, arrows to one scale.
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { useMemo } from "preact/hooks";
import type { PathView, QuadraticView, SurfaceView } from "../contract";
import { AxisBottom, AxisLeft } from "../draw/axes";
import { Contours } from "../draw/contour";
import { number } from "../draw/number";
import { Plot } from "../draw/plot";
import { nearest } from "../draw/scrubber";
import { series } from "../draw/theme";
import { useTip } from "../draw/tip";

type Spot = readonly [number | null, number | null];
type Place = (spot: Spot) => [number, number];

export interface MapProps {
  surface: SurfaceView;
  paths: readonly PathView[];
  step: number;
  /** The path whose arrows are drawn. */
  chosen: number;
  model: QuadraticView | null;
  onStep?: (way: number) => void;
  onPlace?: (x: number, y: number) => void;
}

const MARGIN = { top: 8, right: 10, bottom: 36, left: 48 };
const MOST_STRETCHED = 2.2;
const FAR = 20_000; // pixels

export function SurfaceMap(props: MapProps) {
  const { surface, paths, step, chosen, onStep, onPlace } = props;
  const [left, right, bottom, top] = surface.domain;
  const ratio = Math.min(Math.max((right - left) / (top - bottom), 1 / MOST_STRETCHED), MOST_STRETCHED);
  const path = paths[chosen];
  const key = (event: KeyboardEvent): void => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way) return;
    event.preventDefault();
    const [x, y] = path?.points[0] ?? surface.start;
    if (event.shiftKey && onPlace) onPlace((x ?? 0) + ((right - left) / 40) * way[0]!, (y ?? 0) + ((top - bottom) / 40) * way[1]!);
    else if (way[0]) onStep?.(way[0]);
  };
  const said = path ? `${path.label} at step ${step}: value ${number(path.values[nearest(path.steps, step)])}` : surface.title;
  const tall = (width: number): number => {
    const inside = width - MARGIN.left - MARGIN.right;
    return Math.min(inside / ratio, 520) + MARGIN.top + MARGIN.bottom;
  };
  return (
    <Plot label={`Map of ${surface.name}. ${said}`} height={tall} margin={MARGIN} onKeyDown={key}>
      {({ width, height }) => {
        // To scale: what is as long on the map is as long on the surface, unless the domain is too long for that.
        const wide = Math.min(width, height * ratio);
        return <Inside {...props} width={wide} height={wide / ratio < height ? wide / ratio : height} />;
      }}
    </Plot>
  );
}

function Inside({ surface, paths, step, chosen, model, onPlace, width, height }: MapProps & { width: number; height: number }) {
  const tip = useTip();
  const [left, right, bottom, top] = surface.domain;
  const x = scaleLinear([left, right], [0, width]);
  const y = scaleLinear([bottom, top], [height, 0]);
  // A path that diverges leaves every picture; beyond some widths of it its direction is all that is left to see.
  const near = (pixels: number): number => Math.min(Math.max(pixels, -FAR), FAR);
  const place: Place = ([a, b]) => [near(x(a ?? NaN)), near(y(b ?? NaN))];
  const size = `${width} ${height} ${surface.domain.join()}`;
  const around = useMemo(() => model && modelField(surface, model), [surface, model]);
  const at = (event: PointerEvent | MouseEvent): [number, number] => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    return [x.invert(event.clientX - box.left), y.invert(event.clientY - box.top)];
  };
  const over = (event: PointerEvent): void => {
    const [a, b] = at(event);
    tip.at(event.clientX, event.clientY, [`x ${number(a)}, y ${number(b)}`, `value ${number(valueAt(surface, a, b))}`]);
  };
  return (
    <>
      <clipPath id={`map-${surface.name}-${Math.round(width)}`}>
        <rect width={width} height={height} />
      </clipPath>
      <g clip-path={`url(#map-${surface.name}-${Math.round(width)})`}>
        <rect width={width} height={height} fill="var(--soft)" fill-opacity="0.02" />
        <Contours field={surface} x={x} y={y} size={size} fill="var(--soft)" />
        {around && <Contours field={around} x={x} y={y} size={size} line="var(--first)" dashed />}
        {surface.minima.map((low, k) => (
          <path key={k} d={star(x(low.x), y(low.y))} fill="var(--ink)" stroke="var(--paper)" stroke-width="0.8" />
        ))}
        {paths.map((path, j) => (
          <Way key={j} path={path} step={step} colour={series(j)} place={place} />
        ))}
        {model && (
          <circle
            cx={place(model.newton)[0] || -9}
            cy={place(model.newton)[1] || -9}
            r="5"
            fill="none"
            stroke="var(--first)"
            stroke-width="2"
          />
        )}
      </g>
      <rect
        data-role="map"
        width={width}
        height={height}
        fill="transparent"
        style={{ cursor: onPlace ? "crosshair" : "default" }}
        onPointerMove={over}
        onPointerLeave={tip.hide}
        {...(onPlace ? { onClick: (event: MouseEvent) => onPlace(...at(event)) } : {})}
      />
      <AxisLeft scale={y} label="y" count={5} />
      <AxisBottom scale={x} at={height} label="x" count={Math.max(Math.floor(width / 70), 3)} />
      {paths[chosen] && <Arrows path={paths[chosen]} step={step} place={place} size={[width, height]} />}
    </>
  );
}

/** All of the path faintly, the part up to the step strongly; an empty circle is the start, a full one is here. */
function Way({ path, step, colour, place }: { path: PathView; step: number; colour: string; place: Place }) {
  const k = nearest(path.steps, step);
  const draw = line<Spot>(
    (p) => place(p)[0],
    (p) => place(p)[1],
  ).defined((p) => place(p).every(Number.isFinite));
  const whole = draw(path.points) ?? "";
  const here = place(path.points[k] ?? [null, null]);
  const start = place(path.points[0] ?? [null, null]);
  const isFew = path.points.length <= 200;
  return (
    <g>
      <path d={whole} fill="none" stroke={colour} stroke-width="1.2" opacity="0.65" />
      <path d={draw(path.points.slice(0, k + 1)) ?? ""} fill="none" stroke={colour} stroke-width="2" />
      {isFew &&
        path.points
          .slice(0, k)
          .map((p, j) => place(p).every(Number.isFinite) && <circle key={j} cx={place(p)[0]} cy={place(p)[1]} r="2" fill={colour} />)}
      <circle cx={start[0] || 0} cy={start[1] || 0} r="5" fill="var(--paper)" stroke={colour} stroke-width="2" />
      {here.every(Number.isFinite) && (
        <circle data-role="here" cx={here[0]} cy={here[1]} r="5.5" fill={colour} stroke="var(--paper)" stroke-width="1.5" />
      )}
    </g>
  );
}

const LONGEST = 70; // pixels of the longest arrow, and less where the map is small

/** −lr·g, −lr·(what is remembered) and the update, longer or shorter by one factor for all, which is said. */
function Arrows({ path, step, place, size }: { path: PathView; step: number; place: Place; size: [number, number] }) {
  const k = nearest(path.steps, step);
  const from = path.points[k];
  const update = path.updates[k];
  if (!from || from[0] === null || from[1] === null || !update || update[0] === null) return null;
  const rate = path.lr ?? 1;
  const remembered = Object.entries(path.state).find(([name]) => ["v", "m", "velocity", "momentum"].includes(name));
  const times = (spot: Spot | undefined, factor: number): Spot => [(spot?.[0] ?? NaN) * factor, (spot?.[1] ?? NaN) * factor];
  const arrows: [string, Spot, string][] = [
    [`−lr·g`, times(path.gradients[k], -rate), "var(--first)"],
    ...(remembered ? [[`−lr·${remembered[0]}`, times(remembered[1][k], -rate), "var(--series-3)"] as [string, Spot, string]] : []),
    ["update", update, "var(--alarm)"],
  ];
  const here = place(from);
  const reach = (move: Spot): [number, number] => {
    const end = place([from[0]! + (move[0] ?? NaN), from[1]! + (move[1] ?? NaN)]);
    return [end[0] - here[0], end[1] - here[1]];
  };
  const longest = Math.max(...arrows.map(([, move]) => Math.hypot(...reach(move))).filter(Number.isFinite));
  const factor = longest > 0 ? Math.min(LONGEST, size[1] / 4) / longest : 1;
  const inside = here[0] >= 0 && here[0] <= size[0] && here[1] >= 0 && here[1] <= size[1];
  if (!inside) return null;
  return (
    <g data-role="arrows" pointer-events="none">
      {arrows.map(([name, move, colour]) => {
        const [a, b] = reach(move).map((each) => each * factor) as [number, number];
        if (!Number.isFinite(a + b) || Math.hypot(a, b) < 3) return null;
        return (
          <g key={name} stroke={colour} fill="none" stroke-width="2.4">
            <path d={arrow(here, [here[0] + a, here[1] + b])} />
            <text
              class="ds-ink"
              x={here[0] + a * 1.12 + (a < 0 ? -4 : 4)}
              y={here[1] + b * 1.12 + 4}
              text-anchor={a < 0 ? "end" : "start"}
              stroke="var(--paper)"
              stroke-width="3"
              paint-order="stroke"
              fill={colour}
            >
              {name}
            </text>
          </g>
        );
      })}
      <text x={size[0] - 6} y={14} text-anchor="end" stroke="var(--paper)" stroke-width="3" paint-order="stroke">
        arrows {number(factor)}× as long
      </text>
    </g>
  );
}

function arrow([x, y]: readonly [number, number], [a, b]: readonly [number, number]): string {
  const angle = Math.atan2(b - y, a - x);
  const head = [angle + 2.6, angle - 2.6].map((at) => `M${a} ${b}L${a + 8 * Math.cos(at)} ${b + 8 * Math.sin(at)}`);
  return `M${x} ${y}L${a} ${b}${head.join("")}`;
}

function star(x: number, y: number): string {
  const points = Array.from({ length: 10 }, (_, k) => {
    const r = k % 2 ? 3.2 : 8;
    return `${x + r * Math.sin((k * Math.PI) / 5)} ${y - r * Math.cos((k * Math.PI) / 5)}`;
  });
  return `M${points.join("L")}Z`;
}

/** The value of the grid point that is closest. */
export function valueAt(surface: SurfaceView, x: number, y: number): number | null {
  return surface.z[nearest(surface.y, y)]?.[nearest(surface.x, x)] ?? null;
}

/** The model on the grid of the map: the same levels, so that both can be compared line by line. */
function modelField(surface: SurfaceView, model: QuadraticView) {
  const [[xx, xy], [, yy]] = model.hessian as [[number | null, number | null], [number | null, number | null]];
  const [gx, gy] = model.gradient;
  const [px, py] = model.point;
  const known = [xx, xy, yy, gx, gy, model.value].every((each) => each !== null);
  const z = surface.y.map((y) =>
    surface.x.map((x) => {
      const [dx, dy] = [x - px, y - py];
      return known ? model.value! + gx! * dx + gy! * dy + (xx! * dx * dx + 2 * xy! * dx * dy + yy! * dy * dy) / 2 : null;
    }),
  );
  return { x: surface.x, y: surface.y, z, levels: surface.levels };
}
