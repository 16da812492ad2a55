// Work that is wanted with every frame is done at once, then once a rest, and its last wish is never lost.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { paced } from "../src/state/paced";

let done = 0;
const work = (): void => void (done += 1);
beforeEach(() => {
  vi.useFakeTimers();
  done = 0;
});
afterEach(() => void vi.useRealTimers());

test("the first wish is done at once, and sixty a second for a second ten times", () => {
  const each = paced(100, work);
  each.soon();
  expect(done).toBe(1);
  for (let k = 0; k < 60; k += 1) {
    vi.advanceTimersByTime(1000 / 60);
    each.soon();
  }
  expect(done).toBeGreaterThanOrEqual(9);
  expect(done).toBeLessThanOrEqual(11);
});

test("the last wish is done when the rest is over, and once", () => {
  const each = paced(100, work);
  each.soon();
  each.soon();
  each.soon();
  expect(done).toBe(1);
  vi.advanceTimersByTime(1000);
  expect(done).toBe(2);
});

test("now does not wait, and what waited is done with it", () => {
  const each = paced(100, work);
  each.soon();
  each.soon();
  each.now();
  expect(done).toBe(2);
  vi.advanceTimersByTime(1000);
  expect(done).toBe(2);
});

test("what is dropped is not done", () => {
  const each = paced(100, work);
  each.soon();
  each.soon();
  each.drop();
  vi.advanceTimersByTime(1000);
  expect(done).toBe(1);
});
