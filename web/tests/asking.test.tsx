// How a view asks: at once for a reader, and no more often than can be read while it follows a training.
import { render } from "preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Live, Payload, Query } from "../src/contract";
import { State } from "../src/state/state";
import { useAnswer } from "../src/views/asking";
import type { Context, View } from "../src/views/view";

const asked: Query[] = [];
const answer = { type: "text", title: "", view: "x", text: "", events: [] } as unknown as Payload;
let state: State;
let root: HTMLElement;

const view = {
  id: "x",
  query: (now: State) => ({ view: "x", run: "a", step: now.at.value }),
} as unknown as View;

function Asking() {
  useAnswer(view, { kind: "lab", state, ask: (query: Query) => (asked.push(query), Promise.resolve(answer)) } as unknown as Context);
  return null;
}

const news = (word: Live["state"], steps: number): void => {
  state.live.value = new Map([["a", { event: "live", run: "a", steps, taken: steps, until: 9_999, state: word, rate: 100 }]]);
  state.steps.value = steps;
};

const FRAME = 40; // milliseconds after which a changed signal has been seen
const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

beforeEach(async () => {
  vi.useFakeTimers();
  asked.length = 0;
  state = new State();
  state.run.value = "a";
  news("paused", 5);
  root = document.body.appendChild(document.createElement("div"));
  render(<Asking />, root);
  await pass(FRAME);
});
afterEach(() => {
  render(null, root);
  root.remove();
  vi.useRealTimers();
});

test("a reader who moves the cursor is answered at once", async () => {
  for (const step of [4, 3, 2]) {
    state.step.value = step;
    await pass(FRAME);
  }
  expect(asked.map((each) => each.step)).toEqual([5, 4, 3, 2]);
});

test("a training of thirty news a second makes three questions a second, and the last step is asked for", async () => {
  for (let steps = 6; steps <= 65; steps += 1) {
    news("training", steps);
    await pass(33);
  }
  const during = asked.length;
  expect(during).toBeGreaterThan(5);
  expect(during).toBeLessThan(12);
  news("done", 66);
  await pass(600);
  expect(asked.at(-1)?.step).toBe(66);
});

test("what is not on the screen waits until the training rests", async () => {
  const frame = root.appendChild(document.createElement("section"));
  frame.dataset.view = "x";
  frame.getBoundingClientRect = () => ({ top: 5_000, bottom: 5_300, height: 300 }) as DOMRect;
  for (let steps = 6; steps <= 40; steps += 1) {
    news("training", steps);
    await pass(33);
  }
  expect(asked).toHaveLength(1);
  news("paused", 41);
  await pass(600);
  expect(asked.at(-1)?.step).toBe(41);
});

test("what is not on the screen is asked once the cursor has come to rest", async () => {
  const frame = root.appendChild(document.createElement("section"));
  frame.dataset.view = "x";
  frame.getBoundingClientRect = () => ({ top: 5_000, bottom: 5_300, height: 300 }) as DOMRect;
  for (const step of [4, 3, 2]) {
    state.step.value = step;
    await pass(FRAME);
  }
  expect(asked.map((each) => each.step)).toEqual([5]);
  await pass(600);
  expect(asked.map((each) => each.step)).toEqual([5, 2]);
});

test("a run that waits for its first step is asked about without one", async () => {
  news("paused", 0);
  await pass(300);
  expect(asked.at(-1)?.step).toBeNull();
});
