// A reading of a few numbers over the steps: lines, with the range where they usually lie and what is not finite.
import { computed, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Band, CourseView, Panel } from "../contract";
import { extent, logarithmic } from "../draw/axes";
import { Choice, Controls } from "../draw/controls";
import { Crosses, Curves } from "../draw/curves";
import { Legend } from "../draw/legend";
import { number, whole } from "../draw/number";
import { nearest } from "../draw/scrubber";
import { SERIES, series } from "../draw/theme";
import { bandWords, span, stepKeys } from "./reading_steps";
import { StepCursor } from "./step_cursor";
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
  const { steps, band } = payload;
  const shown = useMemo(() => panel.lines.filter((each) => !hidden.includes(each.name)), [panel, hidden]);
  const lines = useMemo(
    () =>
      shown.map((each) => {
        const isOther = names.length <= MANY && names.indexOf(each.name) >= SERIES;
        return { x: steps, y: each.values, ink: ink(each.name), width: 1.7, dash: isOther ? [5, 3] : undefined };
      }),
    [shown],
  );
  const said = (place: number): string[] => [
    `step ${whole(steps[place] ?? 0)}`,
    ...shown.slice(0, 14).map((each) => `${each.name} ${number(each.values[place] ?? null)}`),
    ...(shown.length > 14 ? [`and ${shown.length - 14} more`] : []),
  ];
  const label = useMemo(
    () => computed(() => `${panel.title || payload.title}. ${said(nearest(steps, ctx.state.at.value)).join(", ")}`),
    [payload, shown],
  );
  const all = shown.flatMap((each) => each.values);
  const isLog = logarithmic(all, scale);
  const sound = all.filter((value): value is number => value !== null && (!isLog || value > 0));
  const domain = withBand(sound.every((value) => value === 0) ? [0, 1] : extent(sound), band, isLog);
  const isOne = payload.panels.length === 1;
  const bad = steps.filter((_, k) => shown.some((each) => each.values[k] === null));
  return (
    <Curves
      label={label}
      height={isOne ? 290 : 190}
      margin={MARGIN}
      onKeyDown={stepKeys(ctx, steps)}
      lines={lines}
      x={{ domain: span(steps) }}
      y={{ domain, isLog, count: isOne ? 6 : 4 }}
      tell={(step) => said(nearest(steps, step))}
      onPick={(step) => ctx.state.go(steps[nearest(steps, step)] ?? 1)}
    >
      {({ x, y, width, height }) => {
        const up = (value: number): number => (isLog && value <= 0 ? height : y(value));
        return (
          <>
            {band && <BandArea band={band} y={up} width={width} height={height} />}
            <text x={0} y={-8}>
              {panel.title && (
                <tspan class="ds-ink" font-weight="600">
                  {`${panel.title}  `}
                </tspan>
              )}
              {isOne ? payload.unit : ""}
            </text>
            <Crosses at={bad.map(x)} top={height - 9} />
            {isLog && all.some((value) => value === 0) && (
              <text x={width} y={height - 4} text-anchor="end" stroke="var(--paper)" stroke-width="3" paint-order="stroke">
                0 is drawn at the lower edge
              </text>
            )}
            <StepCursor ctx={ctx} x={x} height={height}>
              {(at) => {
                const k = nearest(steps, at);
                return (
                  shown.length <= MANY &&
                  shown.map((each) => {
                    const value = each.values[k] ?? null;
                    return value !== null && <circle key={each.name} cx={x(steps[k]!)} cy={up(value)} r="3.4" fill={ink(each.name)} stroke="var(--paper)" stroke-width="1.2" />;
                  })
                );
              }}
            </StepCursor>
          </>
        );
      }}
    </Curves>
  );
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

/** The range of the numbers, widened so far that the band's ends near it can be seen. */
function withBand([low, high]: [number, number], band: Band | null, isLog: boolean): [number, number] {
  const ends = [band?.low, band?.high].filter((end): end is number => end !== null && end !== undefined && (!isLog || end > 0));
  const near = ends.filter((end) => (isLog ? end > low / 1e3 && end < high * 1e3 : end > low - 2 * (high - low) && end < high + 2 * (high - low)));
  return extent([low, high, ...near]);
}

/** Of line k of n: a colour of the series, or, of many, a shade. */
export function inkOf(k: number, n: number): string {
  if (n === 1) return "var(--first)";
  return n <= MANY ? series(k) : `color-mix(in srgb, var(--first) ${Math.round(25 + (75 * k) / Math.max(n - 1, 1))}%, var(--paper))`;
}
