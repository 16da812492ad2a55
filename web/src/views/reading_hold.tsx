// A costly view can be held at a step while the cursor moves on.
import { Toggle } from "../draw/controls";
import { whole } from "../draw/number";
import type { State } from "../state/state";
import type { Context } from "./view";

const held = (state: State, id: string) => state.setting<number | null>(id, "held", null);

/** The step that a view is about: the held one, else the cursor's. */
export const heldStep = (state: State, id: string): number => held(state, id).value ?? state.at.value;

export function Hold({ id, ctx }: { id: string; ctx: Context }) {
  const at = held(ctx.state, id);
  return <Toggle label={`hold step ${whole(at.value ?? ctx.state.at.value)}`} value={at.value !== null} onInput={(on) => (at.value = on ? ctx.state.at.peek() : null)} />;
}
