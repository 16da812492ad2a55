// What is looked at of a sweep, and what the next one is to be.
import type { Settings, SweepRun, SweepView } from "../contract";
import type { ComponentType } from "preact";
import type { State } from "../state/state";
import { settingsOf, wanted, type Wanted } from "../state/training";
import type { Context } from "./view";

/** The form of a new sweep: pages bring it, because only where they are can anything be trained. */
export const launch: { Form: ComponentType<{ ctx: Context }> | null } = { Form: null };

export const shownOf = (state: State) => ({
  name: state.setting<string | null>("sweep", "name", null),
  result: state.setting<string | null>("sweep", "result", null),
  along: state.setting<string | null>("sweep", "along", null),
  picked: state.setting<number | null>("sweep", "run", null),
});

export const orderOf = (state: State) => ({
  from: state.setting<number | null>("sweep", "from", null),
  to: state.setting<number | null>("sweep", "to", null),
  rates: state.setting("sweep", "rates", 7),
  seeds: state.setting("sweep", "seeds", 3),
  steps: state.setting<number | null>("sweep", "steps", null),
  rules: state.setting<string[]>("sweep", "rules", []),
});

/** The settings of the page Network. */
export const present = (state: State): Wanted => wanted(settingsOf(state).value);

const FEW_STEPS = 1000; // of each run, unless more are asked for: a sweep is looked at while it goes on

export const usualSteps = (settings: Wanted): number => Math.min(settings.steps, FEW_STEPS);

/** A factor of thirty to either side of the present rate. */
export function usualRates(settings: Wanted): [number, number] {
  const lr = Number(settings.optimizer.settings?.lr) || 0.01;
  return [rounded(lr / 30), rounded(lr * 30)];
}

/** Rates with equal factors between them, in three digits. */
export function ratesBetween(from: number, to: number, count: number): number[] {
  if (!(from > 0) || !(to > 0) || count < 2) return from > 0 ? [from] : [];
  return [...new Set(Array.from({ length: count }, (_, k) => rounded(from * (to / from) ** (k / (count - 1)))))];
}

const rounded = (value: number): number => Number(value.toPrecision(3));

/** Metrics that are better where they are higher. */
const HIGHER = ["accuracy", "r2"];

/** The place of the best run by what is compared; null where all came to nothing. */
export function best({ runs, y_label }: SweepView): number | null {
  let found: number | null = null;
  const better = (a: number, b: number): boolean => (HIGHER.includes(y_label) ? a > b : a < b);
  runs.forEach(({ values }, k) => {
    const value = values[y_label] ?? null;
    if (value === null) return;
    const known = found === null ? null : runs[found]!.values;
    if (known === null || better(value, known[y_label]!) || (value === known[y_label] && (values.loss ?? Infinity) < (known.loss ?? Infinity))) found = k;
  });
  return found;
}

/** Places of the runs from left to right; in one place line by line, seed by seed. */
export const inOrder = ({ places }: SweepView): number[] =>
  places.map((_, k) => k).sort((a, b) => places[a]![0] - places[b]![0] || places[a]![1] - places[b]![1] || a - b);

/** Settings with which the lab trains a run of the sweep again, the same to the last bit. */
export function alone(again: Settings, run: SweepRun): Settings {
  const { optimizer: name, lr, seed } = run.settings;
  const own = again.optimizer ?? { name: "adam" };
  const settings = { ...(name === undefined || name === own.name ? own.settings : {}), ...(lr === undefined ? {} : { lr: Number(lr) }) };
  const dialect = again.dialect === undefined || again.dialect === "auto" ? "machine" : again.dialect;
  return { ...again, optimizer: { name: String(name ?? own.name), settings }, dialect, ...(seed === undefined ? {} : { seed: Number(seed) }) };
}

/** "lr 0.03, seed 2". */
export const settingsText = (run: SweepRun): string =>
  Object.entries(run.settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
