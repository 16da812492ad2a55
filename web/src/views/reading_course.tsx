// A reading of a few numbers over the steps: lines, with the range where they usually lie and what is not finite.
import { scaleLinear, scaleLog } from "../draw/scale";
import { useMemo } from "preact/hooks";
import { line } from "d3-shape";
import { useSignal } from "@preact/signals";
import type { Band, CourseView, Line, Panel } from "../contract";
import { AxisBottom, AxisLeft, extent } from "../draw/axes";
import { Choice, Controls } from "../draw/controls";
import { Legend } from "../draw/legend";
import { number, tick, whole } from "../draw/number";
import { Plot } from "../draw/plot";
import { nearest } from "../draw/scrubber";
import { SERIES, series } from "../draw/theme";
import { useTip } from "../draw/tip";
import { plain, span, stepKeys, stepTicks, within } from "./reading_steps";
import type { Context } from "./view";

const MARGIN = { top: 22, right: 16, bottom: 38, left: 58 };
const MANY = 12; // lines of one panel that are named; more are shades of one colour, the first the palest

export function Course({ payload, ctx }: { payload: CourseView; ctx: Context }) {
  const hidden = useSignal<readonly string[]>([]);
  const scale = ctx.state.setting<string>("reading", "scale", "auto");
  const names = [...new Set(payload.panels.flatMap((panel) => panel.lines.map((each) => each.name)))];
  const isMany = names.length > MANY;
  const ink = (name: string): string => inkOf(names.indexOf(name), names.length);
  const toggle = (k: number): void => {
    const name = names[k]!;
    hidden.value = hidden.value.includes(name) ? hidden.value.filter((each) => each !== name) : [...hidden.value, name];
  };
  return (
    <>
      <Controls label="How the lines are drawn">
        <Choice label="scale" value={scale.value} words={["auto", "log", "linear"]} onInput={(word) => (scale.value = word)} />
      </Controls>
      {names.length > 1 && !isMany && (
        <Legend
          entries={names.map((name, k) => ({ words: name, colour: ink(name), mark: k >= SERIES ? "dashed" : "line", shown: !hidden.value.includes(name) }))}
          onToggle={toggle}
        />
      )}
      {isMany && <p class="ds-note">{`${names.length} lines, from ${names[0]} (pale) to ${names.at(-1)} (full colour); hover tells which is which.`}</p>}
      <div class={payload.panels.length > 1 ? "ds-small-pictures" : ""}>
        {payload.panels.map((panel) => (
          <CoursePlot key={panel.title} panel={panel} payload={payload} ctx={ctx} ink={ink} hidden={hidden.value} scale={scale.value} names={names} />
        ))}
      </div>
      {payload.panels.length > 1 && payload.unit && <p class="ds-note">{`Unit: ${payload.unit}.`}</p>}
      {payload.band && <p class="ds-note">{bandWords(payload.band)}</p>}
    </>
  );
}

interface PlotProps {
  panel: Panel;
  payload: CourseView;
  ctx: Context;
  ink: (name: string) => string;
  hidden: readonly string[];
  scale: string;
  names: readonly string[];
}

function CoursePlot({ panel, payload, ctx, ink, hidden, scale, names }: PlotProps) {
  const tip = useTip();
  const { steps, band } = payload;
  const at = ctx.state.at.value;
  const shown = panel.lines.filter((each) => !hidden.includes(each.name));
  const k = nearest(steps, at);
  const said = (place: number): string[] => [
    `step ${whole(steps[place] ?? 0)}`,
    ...shown.slice(0, 14).map((each) => `${each.name} ${number(each.values[place] ?? null)}`),
    ...(shown.length > 14 ? [`and ${shown.length - 14} more`] : []),
  ];
  const all = shown.flatMap((each) => each.values);
  const isLog = logarithmic(all, scale);
  const height = payload.panels.length > 1 ? 190 : 290;
  return (
    <Plot label={`${panel.title || payload.title}. ${said(k).join(", ")}`} height={height} margin={MARGIN} onKeyDown={stepKeys(ctx, steps)}>
      {({ width, height: tall }) => {
        const x = scaleLinear(span(steps), [0, width]);
        const sound = all.filter((value): value is number => value !== null && (!isLog || value > 0));
        const domain = withBand(sound.every((value) => value === 0) ? [0, 1] : extent(sound), band, isLog);
        const y = (isLog ? scaleLog : scaleLinear)(domain, [tall, 0]).nice();
        const height0 = (value: number): number => (isLog && value <= 0 ? tall : y(value));
        const over = (event: PointerEvent): void => tip.at(event.clientX, event.clientY, said(nearest(steps, x.invert(within(event)[0]))));
        return (
          <>
            {band && <BandArea band={band} y={height0} width={width} height={tall} />}
            <AxisLeft scale={y} width={width} count={payload.panels.length > 1 ? 4 : 6} />
            <AxisBottom scale={x} at={tall} label="step" format={whole} ticks={stepTicks(x, width)} />
            <text x={0} y={-8}>
              {panel.title && (
                <tspan class="ds-ink" font-weight="600">
                  {`${panel.title}  `}
                </tspan>
              )}
              {payload.panels.length > 1 ? "" : payload.unit}
            </text>
            <Lines lines={shown} steps={steps} x={x} y={height0} height={tall} ink={ink} names={names} of={`${width} ${isLog} ${y.domain().join()} ${hidden.join("\n")}`} />
            {isLog && all.some((value) => value === 0) && (
              <text x={width} y={tall - 4} text-anchor="end">
                0 is drawn at the lower edge
              </text>
            )}
            {at >= x.domain()[0]! && at <= x.domain()[1]! && <line class="ds-cursor" x1={x(at)} x2={x(at)} y1={0} y2={tall} />}
            {shown.length <= MANY && shown.map((each) => {
              const value = each.values[k] ?? null;
              return value !== null && <circle key={each.name} cx={x(steps[k]!)} cy={height0(value)} r="3.4" fill={ink(each.name)} stroke="var(--paper)" stroke-width="1.2" />;
            })}
            <rect
              data-role="steps"
              width={width}
              height={tall}
              fill="transparent"
              style={{ cursor: "crosshair" }}
              onPointerMove={over}
              onPointerLeave={tip.hide}
              onClick={(event) => ctx.state.go(steps[nearest(steps, x.invert(within(event)[0]))] ?? 1)}
            />
          </>
        );
      }}
    </Plot>
  );
}

interface LinesProps {
  lines: readonly Line[];
  steps: readonly number[];
  x: (step: number) => number;
  y: (value: number) => number;
  height: number;
  ink: (name: string) => string;
  names: readonly string[];
  /** Changes when the scales or the choice of lines do. */
  of: string;
}

/** By itself, so that a moving cursor does not draw them anew. */
function Lines({ lines, steps, x, y, height, ink, names, of }: LinesProps) {
  return useMemo(() => {
    const path = line<number | null>((_, k) => x(steps[k]!), (value) => y(value!)).defined((value) => value !== null);
    return (
      <>
        {lines.map((each) => (
          <g key={each.name}>
            <path d={path([...each.values]) ?? ""} fill="none" stroke={ink(each.name)} stroke-width="1.7" {...(names.length <= MANY && names.indexOf(each.name) >= SERIES ? { "stroke-dasharray": "5 3" } : {})} />
            {alone(each, steps).map((j) => (
              <circle key={j} cx={x(steps[j]!)} cy={y(each.values[j]!)} r="3" fill={ink(each.name)} />
            ))}
            {each.values.map((value, j) => value === null && <path key={j} d={`M${Math.max(x(steps[j]!) - 3.5, 1)} ${height - 9}l7 7m-7 0l7 -7`} stroke="var(--alarm)" stroke-width="1.5" />)}
          </g>
        ))}
      </>
    );
  }, [steps, lines.length, of]);
}

function BandArea({ band, y, width, height }: { band: Band; y: (value: number) => number; width: number; height: number }) {
  const inside = (value: number): number => Math.min(Math.max(value, 0), height);
  const top = band.high === null ? 0 : inside(y(band.high));
  const bottom = band.low === null ? height : inside(y(band.low));
  if (bottom - top < 0.5) return null;
  return (
    <g data-role="band">
      <rect y={top} width={width} height={bottom - top} fill="var(--series-2)" opacity="0.12" />
      {[band.high === null ? null : top, band.low === null ? null : bottom].map(
        (at, k) => at !== null && at > 0 && at < height && <line key={k} x1={0} x2={width} y1={at} y2={at} stroke="var(--series-2)" stroke-dasharray="5 4" stroke-opacity="0.8" />,
      )}
    </g>
  );
}

/** "usually 0.0001 to 0.01 (who says so)", as Python says it. */
export function bandWords({ low, high, source }: Band): string {
  const range = low !== null && high !== null ? `${tick(low)} to ${tick(high)}` : low !== null ? `at least ${tick(low)}` : `at most ${tick(high ?? 0)}`;
  return `The green band is where it usually lies: ${range} (${plain(source)}).`;
}

/** Whether a logarithmic scale is drawn: where it is wanted and can be, or where linear would hide most numbers. */
export function logarithmic(values: readonly (number | null)[], wanted: string): boolean {
  const sound = values.filter((value): value is number => value !== null);
  const above = sound.filter((value) => value > 0);
  if (wanted === "linear" || !above.length || sound.some((value) => value < 0)) return false;
  if (wanted === "log") return true;
  const [low, high] = extent(above);
  return high / low > 50;
}

/** The range of the numbers, widened so far that the band's ends near it can be seen. */
function withBand([low, high]: [number, number], band: Band | null, isLog: boolean): [number, number] {
  const ends = [band?.low, band?.high].filter((end): end is number => end !== null && end !== undefined && (!isLog || end > 0));
  const near = ends.filter((end) => (isLog ? end > low / 1e3 && end < high * 1e3 : end > low - 2 * (high - low) && end < high + 2 * (high - low)));
  return extent([low, high, ...near]);
}

/** Places of finite numbers between two that are none: a line would not show them. */
const alone = ({ values }: Line, steps: readonly number[]): number[] =>
  steps.flatMap((_, j) => (values[j] != null && values[j - 1] == null && values[j + 1] == null ? [j] : []));

/** Of line k of n: a colour of the series, or, of many, a shade. */
export function inkOf(k: number, n: number): string {
  if (n === 1) return "var(--first)";
  return n <= MANY ? series(k) : `color-mix(in srgb, var(--first) ${Math.round(25 + (75 * k) / Math.max(n - 1, 1))}%, var(--paper))`;
}
