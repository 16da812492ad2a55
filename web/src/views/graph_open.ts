// Which layers of a graph are open: in the link, for the run that it was said of.
import type { Signal } from "@preact/signals";
import type { GraphView } from "../contract";
import type { Json } from "../state/hash";
import type { State } from "../state/state";
import { isGroup } from "./graph_words";

type Opened = { of: string; groups: string[] } | null;

const opening = (state: State): Signal<Opened> => state.setting<Json>("graph", "open", null) as unknown as Signal<Opened>;

/** Names of the open groups of this run; null leaves it to the number of operations. */
export function openIn(state: State): string[] | null {
  const found = opening(state).value;
  return found && found.of === state.run.value && Array.isArray(found.groups) ? found.groups.map(String) : null;
}

export const open = (state: State, groups: readonly string[]): void => {
  opening(state).value = { of: state.run.peek() ?? "", groups: [...groups] };
};

/** As many as the server shows; above, only some groups can be open. */
export const MOST_ITEMS = 4000;

/** Opens a folded layer, where not too many operations would be shown then, or folds an open one. */
export function toggle(state: State, payload: GraphView, group: string): void {
  const more = payload.items
    .filter((item) => isGroup(item) && item.scope === group)
    .reduce((sum, item) => sum + item.count, payload.items.length);
  const isOpen = payload.open.includes(group);
  if (isOpen || more <= MOST_ITEMS) open(state, isOpen ? payload.open.filter((name) => name !== group) : [...payload.open, group]);
}

const NARROW = 520; // CSS pixels
const FOLD_NARROW = 60; // operations that a phone shows without folding

export const isNarrow = (width: number): boolean => width < NARROW;

/** What is asked beside the step: on a phone smaller graphs are folded too. */
export function argsOf(state: State): Record<string, Json> {
  const opened = openIn(state);
  if (state.available.value) return {}; // a report holds one answer
  if (opened !== null) return { open: opened };
  return typeof innerWidth === "number" && isNarrow(innerWidth) ? { fold_above: FOLD_NARROW } : {};
}
