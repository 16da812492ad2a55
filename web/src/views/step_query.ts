// Which step the views of one step ask for: not every step of a training, and in a report one that it holds.
import { effect, signal, type Signal } from "@preact/signals";
import { paced } from "../state/paced";
import type { State } from "../state/state";

const PAUSE = 400; // milliseconds between steps while a run trains: a step is replayed for each question

const calmed = new WeakMap<State, Signal<number>>();

/** The step that is looked at; behind a training, the newest one a few times a second. */
export function stepOf(state: State): number {
  const isFollowing = state.step.value === null && state.trains.value;
  return isFollowing ? calm(state).value : state.at.value;
}

/** The same for graph and program, which a report was asked about its last step alone. */
export const lastAnswered = (state: State): number => state.available.value?.at(-1) ?? stepOf(state);

function calm(state: State): Signal<number> {
  const known = calmed.get(state);
  if (known) return known;
  const made = signal(state.at.peek());
  calmed.set(state, made);
  const follow = paced(PAUSE, () => (made.value = state.at.peek()));
  effect(() => {
    void state.at.value;
    follow.soon();
  });
  return made;
}
