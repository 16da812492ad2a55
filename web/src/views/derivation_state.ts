// What a derivation is about: the selection, or what was explained before one of its own terms was selected.
import type { Signal } from "@preact/signals";
import { explaining, parse } from "../state/address";
import type { Json } from "../state/hash";
import type { State } from "../state/state";

/** Parts that are followed, from the number to the loss, and layers that are shown operation by operation. */
export interface Opened {
  parts: string[];
  layers: string[];
}

/** While `select` is selected, the derivation stays with `words`: the term of it was chosen in it. */
export type Held = { words: string; select: string } | null;

export const heldIn = (state: State): Signal<Held> => state.setting<Json>("derivation", "held", null) as unknown as Signal<Held>;

const opening = (state: State): Signal<Json> => state.setting<Json>("derivation", "opened", null);

/** The words that are explained; null for all layers. */
export function words(state: State): string | null {
  const { select } = state;
  if (select.value === null) return null;
  const held = heldIn(state).value;
  if (held && typeof held === "object" && held.select === select.value && typeof held.words === "string") return held.words;
  return explaining(select.value, state.setting<number | null>("network", "row", null).value);
}

/** What comes from the data is computed from nothing. */
export const isInput = (asked: string | null): boolean => asked !== null && parse(asked).name === "input";

/** What was opened in the derivation of these words; null where that is nothing. */
export function reopened(state: State, asked: string | null): Opened | null {
  const found = opening(state).value as { of?: unknown; parts?: unknown; layers?: unknown } | null;
  if (!found || typeof found !== "object" || found.of !== (asked ?? "")) return null;
  const texts = (list: unknown): string[] => (Array.isArray(list) ? list.map(String) : []);
  return { parts: texts(found.parts), layers: texts(found.layers) };
}

export function follow(state: State, asked: string | null, { parts, layers: names }: Opened): void {
  opening(state).value = parts.length || names.length ? { of: asked ?? "", parts, layers: names } : null;
}

/** Forgets what was held or opened for another number, so that a link says only what is on the screen. */
export function tidy(state: State, asked: string | null): void {
  const held = heldIn(state);
  if (held.peek() && held.peek()?.select !== state.select.peek()) held.value = null;
  if (opening(state).peek() && !reopened(state, asked)) opening(state).value = null;
}
