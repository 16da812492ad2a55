// A reading along an axis of numbers: a curve for each of a few steps, the newest in full colour, with named places.
import { scaleLinear, scaleLog } from "d3-scale";
import { area, line } from "d3-shape";
import { useSignal } from "@preact/signals";
import type { Curve, CurveView } from "../contract";
import { AxisBottom, AxisLeft, extent, logarithmic } from "../draw/axes";
import { Choice, Controls } from "../draw/controls";
import { Legend } from "../draw/legend";
import { number, whole } from "../draw/number";
import { Plot } from "../draw/plot";
import { nearest } from "../draw/scrubber";
import { useTip } from "../draw/tip";
import { within } from "./reading_steps";
import type { Context } from "./view";

const MARGIN = { top: 44, right: 16, bottom: 38, left: 60 };

export interface CurvesProps {
  payload: CurveView;
  ctx: Context;
  /** Whose setting the scale is, and what it is as long as nobody chose. */
  id?: string;
  usual?: string;
  /** The area under the newest curve is filled: of a density. */
  filled?: boolean;
  yLabel?: string;
  /** Powers of ten below the highest point that a logarithmic scale shows. */
  decades?: number;
}

export function Curves({ payload, ctx, id = "reading", usual = "auto", filled = false, yLabel, decades = 12 }: CurvesProps) {
  const tip = useTip();
  const scale = ctx.state.setting<string>(id, "scale", usual);
  const chosen = useSignal<number | null>(null);
  const { curves, marks } = payload;
  const newest = curves.at(-1);
  if (!newest) return <p class="ds-empty">Nothing was read.</p>;
  const ink = (k: number): string => `color-mix(in srgb, var(--first) ${curves.length < 2 ? 100 : Math.round(30 + (70 * k) / (curves.length - 1))}%, var(--paper))`;
  const every = curves.flatMap((each) => each.y);
  const isLog = logarithmic(every, scale.value);
  const said = (place: number): string[] => [`${payload.x_label} ${number(place)}`, ...curves.map((each) => `${curves.length > 1 ? `step ${whole(each.step)}: ` : ""}${number(each.y[nearest(each.x, place)] ?? null)}`)];
  const key = (event: KeyboardEvent): void => {
    const k = nearest(newest.x, chosen.value ?? newest.x[0] ?? 0);
    const far = Math.max(Math.round(newest.x.length / 20), 1);
    const to: Record<string, number> = { ArrowLeft: k - 1, ArrowRight: k + 1, PageUp: k + far, PageDown: k - far, Home: 0, End: newest.x.length - 1 };
    if (!(event.key in to)) return;
    event.preventDefault();
    chosen.value = newest.x[Math.min(Math.max(to[event.key]!, 0), newest.x.length - 1)] ?? null;
  };
  return (
    <>
      <Controls label="How the curves are drawn">
        <Choice label="scale" value={scale.value} words={["auto", "log", "linear"]} onInput={(word) => (scale.value = word)} />
      </Controls>
      {curves.length > 1 && <Legend entries={curves.map((each, k) => ({ words: `step ${whole(each.step)}`, colour: ink(k) }))} />}
      <Plot label={`${payload.title}. ${said(chosen.value ?? newest.x[0] ?? 0).join(", ")}`} height={290} margin={MARGIN} onKeyDown={key}>
        {({ width, height }) => {
          const reach = extent([...curves.flatMap((each) => each.x), ...marks.map((mark) => mark.x)]);
          const x = (payload.is_log ? scaleLog : scaleLinear)(reach, [0, width]);
          const sound = every.filter((value): value is number => value !== null && (!isLog || value > 0));
          const [low, high] = extent(sound);
          const y = (isLog ? scaleLog : scaleLinear)(isLog ? [Math.max(low, high / 10 ** decades), high] : filled ? [Math.min(low, 0), high] : [low, high], [height, 0]).nice();
          const floor = y.range()[0]!;
          const up = (value: number): number => (isLog && value <= 0 ? floor : Math.min(y(value), floor));
          const path = (each: Curve, values: readonly (number | null)[]): string =>
            line<number | null>((_, k) => x(each.x[k]!), (value) => up(value!)).defined((value) => value !== null)([...values]) ?? "";
          const under = area<number | null>((_, k) => x(newest.x[k]!), floor, (value) => up(value!)).defined((value) => value !== null);
          const over = (event: PointerEvent): void => {
            const place = x.invert(within(event)[0]);
            tip.at(event.clientX, event.clientY, said(newest.x[nearest(newest.x, place)] ?? place));
          };
          return (
            <>
              <text x={0} y={-30}>
                {yLabel ?? payload.unit}
              </text>
              <AxisLeft scale={y} width={width} />
              <AxisBottom scale={x} at={height} label={payload.x_label} count={Math.max(Math.floor(width / 80), 2)} />
              {x(0) > 0 && x(0) < width && !payload.is_log && <line x1={x(0)} x2={x(0)} y1={0} y2={height} class="ds-axis-line" stroke-opacity="0.6" />}
              {filled && <path d={under([...newest.y]) ?? ""} fill="var(--first)" opacity="0.18" />}
              {curves.map((each, k) => {
                const isSmooth = (each.smoothed?.length ?? 0) > 0;
                return (
                  <g key={each.step}>
                    <path d={path(each, each.y)} fill="none" stroke={ink(k)} stroke-width={isSmooth ? 1 : 1.8} opacity={isSmooth ? 0.45 : 1} />
                    {isSmooth && <path d={path(each, each.smoothed!)} fill="none" stroke={ink(k)} stroke-width="2" />}
                    {each.y.map((value, j) => value === null && <path key={j} d={`M${x(each.x[j]!) - 3} ${height - 8}l6 6m-6 0l6 -6`} stroke="var(--alarm)" stroke-width="1.4" />)}
                  </g>
                );
              })}
              <Marks marks={marks} x={(place) => x(place)} width={width} height={height} />
              {chosen.value !== null && <line class="ds-cursor" x1={x(chosen.value)} x2={x(chosen.value)} y1={0} y2={height} />}
              <rect width={width} height={height} fill="transparent" onPointerMove={over} onPointerLeave={tip.hide} onClick={(event) => (chosen.value = newest.x[nearest(newest.x, x.invert(within(event)[0]))] ?? null)} />
            </>
          );
        }}
      </Plot>
      {chosen.value !== null && <p class="ds-note">{said(chosen.value).join(" · ")}</p>}
    </>
  );
}

function Marks({ marks, x, width, height }: { marks: CurveView["marks"]; x: (place: number) => number; width: number; height: number }) {
  return (
    <>
      {marks.map((mark, k) => {
        const at = x(mark.x);
        if (!(at >= -1 && at <= width + 1)) return null;
        const end = at > width * 0.7;
        return (
          <g key={mark.name} data-role="mark">
            <line x1={at} x2={at} y1={-4} y2={height} stroke="var(--second)" stroke-width="1.4" stroke-dasharray="5 3" />
            <text x={at + (end ? -4 : 4)} y={-9 + (k % 3) * 13} text-anchor={end ? "end" : "start"} stroke="var(--paper)" stroke-width="3" paint-order="stroke" class="ds-ink">
              {`${mark.name} ${number(mark.x)}`}
            </text>
          </g>
        );
      })}
    </>
  );
}
