// The loss of every run of a sweep over its steps, the picked one strong.
import { line } from "d3-shape";
import { useMemo } from "preact/hooks";
import type { SweepRun, SweepView } from "../contract";
import { AxisBottom, AxisLeft, extent } from "../draw/axes";
import { whole } from "../draw/number";
import { Plot } from "../draw/plot";
import { scaleLinear, scaleLog } from "../draw/scale";
import { series } from "../draw/theme";
import { settingsText } from "./sweep_state";

export function Curves({ payload, picked }: { payload: SweepView; picked: number | null }) {
  const { runs, places } = payload;
  const chosen = picked === null ? null : runs[picked]!;
  const label = `The loss of ${whole(runs.length)} runs over their steps${chosen ? `; strong: ${settingsText(chosen)}` : ""}`;
  const [low, high] = useMemo(() => extent(runs.flatMap((run) => run.course)), [runs]);
  return (
    <Plot label={label} height={220} margin={{ top: 22, left: 58, right: 16 }}>
      {({ width, height }) => {
        const last = Math.max(...runs.map((run) => run.course_steps.at(-1) ?? 1), 2);
        const x = scaleLinear([1, last], [0, width]);
        const isLog = low > 0 && high > 20 * low;
        const y = (isLog ? scaleLog : scaleLinear)([low, high], [height, 0]).nice();
        const path = (run: SweepRun): string =>
          line<number>((k) => x(run.course_steps[k]!), (k) => y(run.course[k]!)).defined((k) => run.course[k] !== null && (!isLog || run.course[k]! > 0))(
            run.course.map((_, k) => k),
          ) ?? "";
        const end = (run: SweepRun): number | null => (run.course.at(-1) === null ? x(run.course_steps.at(-1)!) : null);
        return (
          <>
            <text x={0} y={-8}>
              loss of each step{width > 420 && chosen ? `; strong: ${settingsText(chosen)}` : ""}
            </text>
            <AxisLeft scale={y} width={width} />
            <AxisBottom scale={x} at={height} label="step" format={whole} count={Math.max(Math.floor(width / 90), 2)} />
            <g fill="none">
              {runs.map((run, k) => k !== picked && <path key={run.number} d={path(run)} stroke={series(places[k]![1])} opacity="0.28" />)}
              {chosen && <path d={path(chosen)} stroke="var(--paper)" stroke-width="5" opacity="0.8" />}
              {chosen && <path d={path(chosen)} stroke={series(places[picked!]![1])} stroke-width="2.2" />}
            </g>
            {runs.map((run) => {
              const at = end(run);
              return at !== null && <path key={run.number} d={`M${at - 4} 2l8 8m-8 0l8 -8`} stroke="var(--alarm)" stroke-width="1.6" />;
            })}
          </>
        );
      }}
    </Plot>
  );
}
