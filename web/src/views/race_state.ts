// What a race depends on, in the link: who runs, for how many gradients, from where; the surface is that of the map.
import type { State } from "../state/state";
import { descentOf, surfaceArgs, type Rule } from "./descent_state";

export const USUAL_RACE: Rule[] = [
  { name: "gradient_descent", settings: { lr: 0.05 } },
  { name: "momentum", settings: { lr: 0.05 } },
  { name: "rmsprop", settings: { lr: 0.05 } },
  { name: "adam", settings: { lr: 0.1 } },
];

export type Starts = "own" | "drawn";

export const raceOf = (state: State) => ({
  rules: state.setting<Rule[]>("race", "optimizers", USUAL_RACE),
  budget: state.setting("race", "budget", 200),
  starts: state.setting<Starts>("race", "starts", "own"),
  runs: state.setting("race", "runs", 8),
  tune: state.setting("race", "tune", false),
});

/** The args of the question "race". The start is the one that was placed on the map, else the surface's own. */
export function raceArgs(state: State): Record<string, unknown> {
  const { rules, budget, starts, runs, tune } = raceOf(state);
  return {
    ...surfaceArgs(state),
    optimizers: rules.value,
    ...(budget.value === 200 ? {} : { budget: budget.value }),
    ...(starts.value === "own" ? { start: descentOf(state).start.value ?? "own" } : runs.value === 8 ? {} : { runs: runs.value }),
    ...(tune.value ? { tune: true } : {}),
  };
}

/** One rule at several rates around its own: a factor of about three apart. */
export function ratesOf(rule: Rule, count = 5): Rule[] {
  const middle = typeof rule.settings.lr === "number" && rule.settings.lr > 0 ? rule.settings.lr : 0.1;
  return Array.from({ length: count }, (_, k) => {
    const lr = Number((middle * 10 ** ((k - (count - 1) / 2) / 2)).toPrecision(2));
    return { ...rule, settings: { ...rule.settings, lr } };
  });
}
