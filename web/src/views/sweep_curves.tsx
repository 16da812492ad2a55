// The loss of every run of a sweep over its steps, the picked one strong.
import { useMemo } from "preact/hooks";
import type { SweepRun, SweepView } from "../contract";
import { extent } from "../draw/axes";
import { Crosses, Curves as Plotted } from "../draw/curves";
import { whole } from "../draw/number";
import { series } from "../draw/theme";
import { settingsText } from "./sweep_state";

export function Curves({ payload, picked }: { payload: SweepView; picked: number | null }) {
  const { runs, places } = payload;
  const chosen = picked === null ? null : runs[picked]!;
  const label = `The loss of ${whole(runs.length)} runs over their steps${chosen ? `; strong: ${settingsText(chosen)}` : ""}`;
  const domain = useMemo(() => extent(runs.flatMap((run) => run.course)), [runs]);
  const lines = useMemo(() => {
    const of = (run: SweepRun) => ({ x: run.course_steps, y: run.course });
    return [
      ...runs.flatMap((run, k) => (k === picked ? [] : [{ ...of(run), ink: series(places[k]![1]), width: 1, alpha: 0.28 }])),
      ...(chosen ? [{ ...of(chosen), ink: "var(--paper)", width: 5, alpha: 0.8 }, { ...of(chosen), ink: series(places[picked!]![1]), width: 2.2 }] : []),
    ];
  }, [payload, picked]);
  const last = Math.max(...runs.map((run) => run.course_steps.at(-1) ?? 1), 2);
  const ends = runs.flatMap((run) => (run.course.at(-1) === null ? [run.course_steps.at(-1)!] : []));
  return (
    <Plotted
      label={label}
      height={220}
      margin={{ top: 22, left: 58, right: 16 }}
      lines={lines}
      x={{ domain: [1, last] }}
      y={{ domain, isLog: domain[0] > 0 && domain[1] > 20 * domain[0] }}
    >
      {({ x, width }) => (
        <>
          <text x={0} y={-8}>
            loss of each step{width > 420 && chosen ? `; strong: ${settingsText(chosen)}` : ""}
          </text>
          <Crosses at={ends.map(x)} top={2} />
        </>
      )}
    </Plotted>
  );
}
