// The loss over a plane through the parameters, to scale, with the way that the run took where it has one.
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { useSignal } from "@preact/signals";
import type { SliceView } from "../contract";
import { AxisBottom, AxisLeft } from "../draw/axes";
import { Contours } from "../draw/contour";
import { number, whole } from "../draw/number";
import { Plot } from "../draw/plot";
import { nearest } from "../draw/scrubber";
import { useTip } from "../draw/tip";
import { percent } from "./reading_histogram";
import { within } from "./reading_steps";
import type { Context } from "./view";

const MARGIN = { top: 10, right: 14, bottom: 38, left: 60 };
const MOST_STRETCHED = 2.4;

/** The lowest finite number of a plane with its place; null where there is none. */
export function lowest({ z, x, y }: SliceView): { value: number; x: number; y: number } | null {
  let found: { value: number; x: number; y: number } | null = null;
  z.forEach((row, i) => row.forEach((value, j) => {
    if (value !== null && (!found || value < found.value)) found = { value, x: x[j]!, y: y[i]! };
  }));
  return found;
}

export function Plane({ payload, ctx }: { payload: SliceView; ctx: Context }) {
  const tip = useTip();
  const probe = useSignal<[number, number] | null>(null);
  const [left = -1, right = 1] = [payload.x[0], payload.x.at(-1)];
  const [bottom = -1, top = 1] = [payload.y[0], payload.y.at(-1)];
  const ratio = Math.min(Math.max((right - left) / (top - bottom || 1), 1 / MOST_STRETCHED), MOST_STRETCHED);
  const value = (i: number, j: number): number | null => payload.z[i]?.[j] ?? null;
  const said = (i: number, j: number): string[] => [`loss ${number(value(i, j))}`, `${payload.x_label} ${number(payload.x[j])}`, `${payload.y_label} ${number(payload.y[i])}`];
  const centre: [number, number] = [nearest(payload.y, 0), nearest(payload.x, 0)];
  const key = (event: KeyboardEvent): void => {
    const way = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    const [i, j] = probe.value ?? centre;
    probe.value = [Math.min(Math.max(i + way[0]!, 0), payload.y.length - 1), Math.min(Math.max(j + way[1]!, 0), payload.x.length - 1)];
  };
  const tall = (width: number): number => Math.min((width - MARGIN.left - MARGIN.right) / ratio, 460) + MARGIN.top + MARGIN.bottom;
  const least = lowest(payload);
  const [one, two] = payload.explained;
  return (
    <>
      <Plot label={`${payload.title}. ${said(...(probe.value ?? centre)).join(", ")}`} height={tall} margin={MARGIN} onKeyDown={key}>
        {({ width: room, height: high }) => {
          const width = Math.min(room, high * ratio);
          const height = width / ratio;
          const x = scaleLinear([left, right], [0, width]);
          const y = scaleLinear([bottom, top], [height, 0]);
          const cell = (event: MouseEvent): [number, number] => {
            const [px, py] = within(event);
            return [nearest(payload.y, y.invert(py)), nearest(payload.x, x.invert(px))];
          };
          const clip = `slice-${payload.step}-${Math.round(width)}`;
          return (
            <>
              <clipPath id={clip}>
                <rect width={width} height={height} />
              </clipPath>
              <g clip-path={`url(#${clip})`}>
                <Contours field={payload} x={x} y={y} size={`${width} ${height} ${left} ${right} ${bottom} ${top}`} fill="var(--first)" />
                <Missing payload={payload} x={x} y={y} />
                <Way payload={payload} x={x} y={y} step={ctx.state.at.value} />
                {least && <path d={`M${x(least.x) - 5} ${y(least.y)}h10m-5 -5v10`} stroke="var(--ink)" stroke-width="1.6" />}
                <circle cx={x(0)} cy={y(0)} r="5.5" fill="var(--second)" stroke="var(--paper)" stroke-width="1.5" />
                {probe.value && <circle cx={x(payload.x[probe.value[1]]!)} cy={y(payload.y[probe.value[0]]!)} r="7" fill="none" stroke="var(--ink)" stroke-width="2" />}
              </g>
              <rect width={width} height={height} fill="transparent" stroke="var(--soft)" stroke-width="0.8" style={{ cursor: "crosshair" }} onPointerMove={(event) => tip.at(event.clientX, event.clientY, said(...cell(event)))} onPointerLeave={tip.hide} onClick={(event) => (probe.value = cell(event))} />
              <AxisLeft scale={y} label={payload.y_label} />
              <AxisBottom scale={x} at={height} label={payload.x_label} count={Math.max(Math.floor(width / 70), 2)} />
            </>
          );
        }}
      </Plot>
      {probe.value && <p class="ds-note">{`Probe: ${said(...probe.value).join(" · ")}`}</p>}
      <p class="ds-note">
        {`The stronger the colour, the higher the loss. ● the parameters of step ${whole(payload.step)}: loss ${number(value(...centre))}. `}
        {least && `+ the lowest on the grid: ${number(least.value)}. `}
        {one !== null && two !== null && `The two axes hold ${percent(one)} and ${percent(two)} of the path's variance: ${percent(Math.max(1 - one - two, 0))} of it lies outside of this plane.`}
      </p>
    </>
  );
}

/** Crosses where the loss is not finite: blank paper alone could be a low place. */
function Missing({ payload, x, y }: { payload: SliceView; x: (value: number) => number; y: (value: number) => number }) {
  const d = payload.z.flatMap((row, i) => row.map((value, j) => (value === null ? `M${x(payload.x[j]!) - 3} ${y(payload.y[i]!) - 3}l6 6m-6 0l6 -6` : ""))).join("");
  return <path d={d} stroke="var(--alarm)" stroke-width="1.2" />;
}

function Way({ payload, x, y, step }: { payload: SliceView; x: (value: number) => number; y: (value: number) => number; step: number }) {
  const tip = useTip();
  const { path, path_steps: steps } = payload;
  if (!path.length) return null;
  const draw = line<SliceView["path"][number]>((p) => x(p[0]!), (p) => y(p[1]!)).defined((p) => p[0] !== null && p[1] !== null);
  const here = nearest(steps, step);
  return (
    <g>
      <path d={draw(path) ?? ""} fill="none" stroke="var(--paper)" stroke-width="4" opacity="0.7" />
      <path d={draw(path) ?? ""} fill="none" stroke="var(--second)" stroke-width="2" />
      {path.map((p, k) => p[0] !== null && p[1] !== null && (
        <circle key={k} cx={x(p[0])} cy={y(p[1])} r={k === here ? 5 : 2.6} fill={k === 0 ? "var(--paper)" : "var(--second)"} stroke={k === here ? "var(--ink)" : "var(--second)"} stroke-width={k === 0 || k === here ? 1.8 : 0} {...tip.of(() => `step ${whole(steps[k] ?? 0)}`)} />
      ))}
    </g>
  );
}
