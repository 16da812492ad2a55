// What a descent depends on, in the link: which surface, from where, by which optimizers, for how many steps.
import type { Signal } from "@preact/signals";
import type { State } from "../state/state";

/** As protocol.Choice has it; a type of its own, because a link is JSON. */
export type Rule = { name: string; settings: { [name: string]: number | boolean | string | null } };

export interface DescentState {
  /** A notebook's own path, whatever it is made of: the kernel knows it, and only its rate can be changed here. */
  given: Signal<boolean>;
  lr: Signal<number | null>;
  surface: Signal<string | null>;
  formula: Signal<string | null>;
  domain: Signal<number[] | null>;
  start: Signal<number[] | null>;
  rules: Signal<Rule[]>;
  steps: Signal<number>;
  seed: Signal<number>;
  /** Where the reader is on the paths. */
  step: Signal<number>;
}

export const USUAL_RULE: Rule = { name: "momentum", settings: { lr: 0.05 } };

export function descentOf(state: State): DescentState {
  return {
    given: state.setting("descent", "given", false),
    lr: state.setting<number | null>("descent", "lr", null),
    surface: state.setting<string | null>("descent", "surface", "ill_conditioned_bowl"),
    formula: state.setting<string | null>("descent", "formula", null),
    domain: state.setting<number[] | null>("descent", "domain", null),
    start: state.setting<number[] | null>("descent", "start", null),
    rules: state.setting<Rule[]>("descent", "optimizers", [USUAL_RULE]),
    steps: state.setting("descent", "steps", 60),
    seed: state.setting("descent", "seed", 0),
    step: state.setting("descent", "step", 0),
  };
}

/** The part of a question's args that says which surface is meant. */
export function surfaceArgs(state: State): Record<string, unknown> {
  const { given, surface, formula, domain } = descentOf(state);
  if (given.value) return {};
  if (formula.value !== null) return { formula: formula.value, ...(domain.value ? { domain: domain.value } : {}) };
  return { surface: surface.value };
}

/** The args of the question "descent". */
export function descentArgs(state: State): Record<string, unknown> {
  const { given, lr, start, rules, steps, seed } = descentOf(state);
  if (given.value) return lr.value === null ? {} : { lr: lr.value };
  return {
    ...surfaceArgs(state),
    optimizers: rules.value,
    steps: steps.value,
    ...(start.value ? { start: start.value } : {}),
    ...(seed.value ? { seed: seed.value } : {}),
  };
}
