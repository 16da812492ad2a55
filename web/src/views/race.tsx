// A fair race of optimizers down one surface: the best value so far against the gradients that it cost.
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { RaceEntrant, RaceView } from "../contract";
import { extent } from "../draw/axes";
import { Curves } from "../draw/curves";
import { Legend } from "../draw/legend";
import { number, whole } from "../draw/number";
import { nearest } from "../draw/scrubber";
import { Table } from "../draw/table";
import { SERIES, series } from "../draw/theme";
import { descentOf } from "./descent_state";
import { RaceControls } from "./race_controls";
import { raceArgs, raceOf } from "./race_state";
import { span } from "./reading_steps";
import { view, type Context } from "./view";

const DECADES = 16; // below the highest value: less cannot be told from the lowest known value in double precision

export default view<RaceView>({
  id: "race",
  title: "Race",
  pages: ["surface"],
  order: 40,
  wide: true,
  closed: true,
  about: {
    sentence:
      "Optimizers on the same surface, from the same starts, with the same noise and the same number of gradients: the lowest value that each has found so far. Over several starts the line is the median and the band goes from a quarter to three quarters of them. A rate that was not tuned for the surface says little about an optimizer; tuning tries thirteen rates for each.",
    formula: String.raw`b_k = \min_{i \le k} f(p_i)`,
    source: "src/downslope/surfaces/race.py",
    call: 'ds.surfaces.race("rosenbrock", [ds.optim.adam(0.1), ds.optim.momentum(0.01)], tune=True)',
    keys: [["← →", "along the curves; Page ↑ ↓ in larger steps"]],
  },
  query: (state) => ({ view: "race", args: raceArgs(state) }),
  empty: "Choose some optimizers.",
  describe: (payload) => {
    const words = payload.entrants.map((each, k) => `${k + 1}. ${shortName(each)} ${number(each.median.at(-1) ?? null)}`);
    return `After ${whole(payload.budget)} gradients, ${payload.runs} ${payload.runs === 1 ? "start" : "starts"}: ${words.join("; ")}.`;
  },
  Head: RaceControls,
  View: Picture,
});

/** "adam(beta1=0.9, ...)" at a rate, short. */
export const shortName = ({ name, lr }: RaceEntrant): string => `${name.replace(/\(.*$/, "")}, lr ${lr}`;

/** As far above the lowest known value as it is drawn: not below the floor of the picture. */
export const above = (value: number | null | undefined, lowest: number): number | null => (value === null || value === undefined ? null : Math.max(value - lowest, 0));

function Picture({ payload, ctx }: { payload: RaceView; ctx: Context }) {
  const hidden = useSignal<readonly number[]>([]);
  const chosen = useSignal<number | null>(null);
  const { entrants, at } = payload;
  const lowest = payload.lowest ?? 0;
  const names = entrants.map(shortName);
  const places = colourPlaces(entrants.map((each) => each.name + each.lr));
  const shown = entrants.map((_, k) => k).filter((k) => !hidden.value.includes(k));
  const k = chosen.value === null ? at.length - 1 : nearest(at, chosen.value);
  const said = (place: number): string[] => [`after ${whole(at[place] ?? 0)} gradients`, ...shown.map((j) => `${names[j]}: ${number(entrants[j]!.median[place] ?? null)}`)];
  const key = (event: KeyboardEvent): void => {
    const far = Math.max(Math.round(at.length / 10), 1);
    const to: Record<string, number> = { ArrowLeft: k - 1, ArrowRight: k + 1, PageUp: k + far, PageDown: k - far, Home: 0, End: at.length - 1 };
    if (!(event.key in to)) return;
    event.preventDefault();
    chosen.value = at[Math.min(Math.max(to[event.key]!, 0), at.length - 1)] ?? null;
  };
  const toggle = (j: number): void => {
    hidden.value = hidden.value.includes(j) ? hidden.value.filter((each) => each !== j) : [...hidden.value, j];
  };
  const every = entrants.flatMap((each) => [...each.low, ...each.median, ...each.high]);
  const isLog = payload.lowest !== null || every.every((value) => value === null || value > 0);
  const value = (each: number | null | undefined): number | null => (isLog ? above(each, lowest) : (each ?? null));
  const [low, high] = extent(every.map(value).filter((each) => each !== null && (!isLog || each > 0)));
  const floor = isLog ? Math.max(low, high / 10 ** DECADES) : low;
  const inside = (each: number | null): number | null => {
    const found = value(each);
    return found !== null && found < floor ? 0 : found; // at the lower edge
  };
  const reaches = isLog && every.some((each) => (value(each) ?? 1) < floor);
  const lines = useMemo(
    () =>
      shown.map((j) => {
        const { low, median, high } = entrants[j]!;
        const band = payload.runs > 1 ? { low: low.map(inside), high: high.map(inside), alpha: 0.14 } : undefined;
        return { x: at, y: median.map(inside), band, ink: series(places[j]!), width: 2.2, dash: places[j]! >= SERIES ? [6, 3] : undefined };
      }),
    [payload, hidden.value],
  );
  return (
    <>
      <p class="ds-note">{conditions(payload)}</p>
      <Legend entries={names.map((words, j) => ({ words, colour: series(places[j]!), mark: places[j]! >= SERIES ? "dashed" : "line", shown: !hidden.value.includes(j) }))} onToggle={toggle} />
      <Curves
        label={`${payload.title}. ${said(k).join(", ")}`}
        height={340}
        margin={{ top: 24, left: 62, right: 16 }}
        onKeyDown={key}
        lines={lines}
        x={{ domain: span(at), label: "gradients that were evaluated" }}
        y={{ domain: [floor, high], isLog }}
        tell={(place) => said(nearest(at, place))}
        onPick={(place) => (chosen.value = at[nearest(at, place)] ?? null)}
      >
        {({ x, y, width, height }) => (
          <>
            <text x={0} y={-9}>
              {payload.lowest === null || lowest === 0 ? "best value so far" : `best value so far, above the lowest known one, ${number(lowest)}`}
            </text>
            {reaches && (
              <text x={width - 2} y={height - 5} text-anchor="end" stroke="var(--paper)" stroke-width="3" paint-order="stroke">
                lower edge: the lowest known value
              </text>
            )}
            <line class="ds-cursor" x1={x(at[k] ?? 1)} x2={x(at[k] ?? 1)} y1={0} y2={height} />
            {shown.map((j) => {
              const found = inside(entrants[j]!.median[k] ?? null);
              return found !== null && <circle key={j} cx={x(at[k]!)} cy={isLog && found <= 0 ? height : y(found)} r="3.6" fill={series(places[j]!)} stroke="var(--paper)" stroke-width="1.2" />;
            })}
          </>
        )}
      </Curves>
      <Table
        caption={`${payload.title}: the ranking`}
        head={["place", "optimizer", "rate", `${payload.runs > 1 ? "median " : ""}after ${whole(at[k] ?? 0)}`, ...(payload.runs > 1 ? ["a quarter", "three quarters"] : []), "diverged", "tuning"]}
        words={[1]}
        rows={entrants.map((each, j) => [
          j + 1,
          each.name,
          each.tuned ? `${each.lr} (tuned)` : each.lr,
          each.median[k] ?? null,
          ...(payload.runs > 1 ? [each.low[k] ?? null, each.high[k] ?? null] : []),
          each.diverged ? `${each.diverged} of ${payload.runs}` : "none",
          each.tuning ? `${whole(each.tuning)} gradients` : "none",
        ])}
      />
      {payload.notes.length > 0 && <p class="ds-note">{`${payload.notes.map(sentence).join(" ")}`}</p>}
    </>
  );

  function conditions({ budget, runs }: RaceView): string {
    const tuned = raceOf(ctx.state).tune.value ? "each at the best of thirteen rates, which the budget does not count" : "each at the rate that is stated";
    const { start } = descentOf(ctx.state);
    const own = raceOf(ctx.state).starts.value === "own";
    const from = !own || runs > 1 ? `${runs} start${runs === 1 ? "" : "s"}, drawn by the seeds 0 to ${runs - 1}` : start.value ? `one start, (${start.value.map(number).join(", ")})` : "one start, the surface's own";
    return `Equal for all: ${whole(budget)} gradients a run, ${from}, ${tuned}. The order is that of the end.`;
  }
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Each name's colour by the alphabet, so that an entrant keeps its colour when the order changes. */
export function colourPlaces(names: readonly string[]): number[] {
  const sorted = [...names].sort();
  return names.map((name) => sorted.indexOf(name));
}
