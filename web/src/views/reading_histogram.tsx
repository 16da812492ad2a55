// How many numbers of each array have which size and sign: over the steps as colours, at the cursor's step as bars.
import { scaleLinear } from "d3-scale";
import { useMemo } from "preact/hooks";
import type { HistogramView } from "../contract";
import { AxisBottom, stepTicks } from "../draw/axes";
import { Controls, Toggle } from "../draw/controls";
import { general, whole } from "../draw/number";
import { Plot } from "../draw/plot";
import { nearest } from "../draw/scrubber";
import { ramp } from "../draw/theme";
import { useTip } from "../draw/tip";
import { cut } from "./reading_bars";
import { decades, rowsOf, sharesOf, type Row, type Shares } from "./reading_bins";
import { Raster } from "./reading_raster";
import { columnsOf, span, stepKeys, within } from "./reading_steps";
import type { Context } from "./view";

const STRIP = 9; // pixels of the strips of zeros and of what is not finite
const HIGH = 168;

export function Histograms({ payload, ctx }: { payload: HistogramView; ctx: Context }) {
  const signed = ctx.state.setting("layers", "signed", true);
  // Made once for an answer, and not at every move of the cursor.
  const rows = useMemo(() => rowsOf(payload, signed.value), [payload, signed.value]);
  const shares = useMemo(() => payload.panels.map((panel) => sharesOf(panel, rows)), [rows]);
  const hasZero = shares.some((each) => each.zero.some((part) => part > 0));
  const hasBad = shares.some((each) => each.bad.some((part) => part > 0));
  const step = payload.steps[nearest(payload.steps, ctx.state.at.value)] ?? 0;
  return (
    <>
      <Controls label="How the histograms are drawn">
        <Toggle label="signs apart" value={signed.value} onInput={(on) => (signed.value = on)} />
      </Controls>
      <p class="ds-colour-scale">
        share of an array&apos;s numbers in a bin: 0 <span class="ds-colour-ramp" /> its fullest bin. The bars at the right are step {whole(step)}.
      </p>
      <div class="ds-small-pictures ds-histograms">
        {payload.panels.map((panel, k) => (
          <Strip key={panel.name} name={panel.name} shares={shares[k]!} {...{ payload, rows, hasZero, hasBad, ctx }} />
        ))}
      </div>
    </>
  );
}

interface StripProps {
  name: string;
  payload: HistogramView;
  shares: Shares;
  rows: readonly Row[];
  hasZero: boolean;
  hasBad: boolean;
  ctx: Context;
}

function Strip({ name, payload, shares, rows, hasZero, hasBad, ctx }: StripProps) {
  const tip = useTip();
  const { steps } = payload;
  const at = ctx.state.at.value;
  const k = nearest(steps, at);
  const strips = [hasZero ? ("zero" as const) : null, hasBad ? ("bad" as const) : null].filter((each) => each !== null);
  const most = Math.max(...shares.rows.flat(), 1e-9);
  const below = strips.length * (STRIP + 3);
  const isOne = steps.length === 1;
  const said = (row: number, step: number): string[] => {
    const part = shares.rows[step]?.[row] ?? 0;
    return [`${name}, step ${whole(steps[step] ?? 0)}`, `${rangeWords(rows[row]!)}: ${percent(part)}, ${whole(Math.round(part * shares.size))} of ${whole(shares.size)}`, `exactly 0: ${percent(shares.zero[step] ?? 0)}`, `not finite: ${percent(shares.bad[step] ?? 0)}`];
  };
  const fullest = shares.rows[k]?.reduce((best, part, row, all) => (part > all[best]! ? row : best), 0) ?? 0;
  return (
    <Plot label={`${name}: most numbers at ${said(fullest, k).slice(1).join("; ")}, step ${whole(steps[k] ?? 0)}`} height={26 + HIGH + below + 42} margin={{ top: 26, right: 8, bottom: 42, left: 58 }} onKeyDown={stepKeys(ctx, steps)}>
      {({ width, height }) => {
        const bars = isOne ? width : Math.min(Math.max(width * 0.24, 56), 150);
        const wide = isOne ? 0 : width - bars - 10;
        const tall = height - below;
        const high = tall / rows.length;
        const x = scaleLinear(span(steps), [0, Math.max(wide, 1)]);
        const columns = columnsOf(steps, Math.round(wide));
        const cell = (event: MouseEvent): [number, number] => {
          const [px, py] = within(event);
          return [Math.min(Math.max(Math.floor(py / high), 0), rows.length - 1), px > wide + 5 ? k : nearest(steps, x.invert(px))];
        };
        const middle = rows.findIndex((row) => row.sign < 0);
        const marks = decades(rows, Math.max(Math.floor(tall / 26), 2)).filter(([place]) => middle < 1 || Math.abs(place - middle) * high > 11);
        return (
          <>
            <text class="ds-ink" x={0} y={-9} font-weight="600">
              {cut(name, Math.max(Math.floor(width / 12), 12))}
              <tspan font-weight="400" fill="var(--soft)">{`  ${whole(shares.size)} number${shares.size === 1 ? "" : "s"}${width > 300 ? `, fullest bin ${percent(most)}` : ""}`}</tspan>
            </text>
            {wide > 0 && (
              <>
                <rect width={wide} height={tall} fill="none" stroke="var(--faint)" />
                <Raster
                  width={wide}
                  height={tall}
                  columns={columns.length}
                  rows={rows.length}
                  ctx={ctx}
                  of={[shares, rows, wide]}
                  paint={(colours) => {
                    const colour = ramp(colours);
                    return (i, j) => {
                      const part = shares.rows[columns[j]!]?.[i] ?? 0;
                      return part > 0 ? colour(0.06 + 0.94 * Math.sqrt(part / most)) : null;
                    };
                  }}
                />
              </>
            )}
            {marks.map(([place, value]) => (
              <g key={`${place}`}>
                <line class="ds-guide" x1={wide > 0 ? wide + 10 : 0} x2={width} y1={place * high} y2={place * high} />
                <text x={-8} y={place * high} dy="0.32em" text-anchor="end">
                  {power(value)}
                </text>
              </g>
            ))}
            {middle > 0 && (
              <>
                <line x1={0} x2={width} y1={middle * high} y2={middle * high} stroke="var(--soft)" stroke-width="0.8" />
                <text x={-8} y={middle * high} dy="0.32em" text-anchor="end" class="ds-ink">
                  ±
                </text>
              </>
            )}
            <g transform={`translate(${wide > 0 ? wide + 10 : 0} 0)`}>
              <path d={shares.rows[k]?.map((part, i) => (part > 0 ? `M0 ${(i * high + 0.4).toFixed(1)}h${Math.max((bars * part) / most, 0.8).toFixed(1)}v${Math.max(high - 0.8, 0.6).toFixed(1)}H0Z` : "")).join("") ?? ""} fill="var(--first)" />
              <line x1={0} x2={0} y1={0} y2={tall} class="ds-axis-line" />
            </g>
            {strips.map((kind, row) => (
              <g key={kind} transform={`translate(0 ${tall + row * (STRIP + 3) + 3})`}>
                <text x={-8} y={STRIP / 2} dy="0.35em" text-anchor="end" class={kind === "bad" ? "ds-not-finite" : ""}>
                  {kind === "bad" ? "NaN, ∞" : "= 0"}
                </text>
                <Share parts={shares[kind]} steps={steps} x={x} width={wide} colour={kind === "bad" ? "var(--alarm)" : "var(--soft)"} />
                <text x={wide > 0 ? wide + 12 : 4} y={STRIP / 2} dy="0.35em" class={kind === "bad" ? "ds-not-finite" : ""}>
                  {percent(shares[kind][k] ?? 0)}
                </text>
              </g>
            ))}
            {!isOne && <AxisBottom scale={x} at={height + 2} label="step" format={whole} ticks={stepTicks(x, wide)} />}
            {!isOne && at >= (steps[0] ?? 0) && at <= (steps.at(-1) ?? 0) && <line class="ds-cursor" x1={x(at)} x2={x(at)} y1={0} y2={height} />}
            <rect
              data-role="steps"
              width={width}
              height={height}
              fill="transparent"
              style={{ cursor: "crosshair" }}
              onPointerMove={(event) => tip.at(event.clientX, event.clientY, said(...cell(event)))}
              onPointerLeave={tip.hide}
              onClick={(event) => ctx.state.go(steps[cell(event)[1]] ?? 1)}
            />
          </>
        );
      }}
    </Plot>
  );
}

/** A share over the steps as a low strip, its height from 0 to 100 %. */
function Share({ parts, steps, x, width, colour }: { parts: readonly number[]; steps: readonly number[]; x: (step: number) => number; width: number; colour: string }) {
  return useMemo(() => {
    if (width <= 0) return null;
    const wide = Math.max(width / Math.max(steps.length, 1), 1) + 0.3;
    const left = (j: number): number => Math.min(Math.max(x(steps[j]!) - wide / 2, 0), width - wide);
    const bars = parts.map((part, j) => (part > 0 ? `M${left(j).toFixed(1)} ${STRIP}h${wide.toFixed(1)}v${(-STRIP * Math.max(part, 0.15)).toFixed(1)}h${(-wide).toFixed(1)}Z` : ""));
    return (
      <g>
        <rect width={width} height={STRIP} fill="var(--wash)" />
        <path d={bars.join("")} fill={colour} />
      </g>
    );
  }, [parts, steps, width, colour]);
}

/** Two digits, and never 0 or 100 where it is not quite. */
export function percent(part: number): string {
  if (part > 0 && part < 0.001) return "<0.1 %";
  return part < 1 && part > 0.999 ? ">99.9 %" : `${general(100 * part, part >= 0.1 ? 3 : 2)} %`;
}

function rangeWords({ sign, low, high }: Row): string {
  const mark = sign < 0 ? "−" : sign > 0 ? "+" : "±";
  if (low === 0) return `${mark}, smaller than ${edge(high)}`;
  return Number.isFinite(high) ? `${mark}${edge(low)} to ${mark}${edge(high)}` : `${mark}${edge(low)} and more`;
}

/** A whole power of ten, short: "−0.01", "1e6". */
export function power(value: number): string {
  const k = Math.round(Math.log10(Math.abs(value)));
  return `${value < 0 ? "−" : ""}${k >= -3 && k <= 3 ? String(Number((10 ** k).toPrecision(1))) : `1e${k}`}`;
}

const edge = (value: number): string => general(value, 2).replace(/e([+-])0?(\d+)$/, (_, sign, power) => `e${sign === "-" ? "-" : ""}${power}`);
