// The part of the steps that is seen never leaves the run, never turns round, and zooming keeps the cursor in sight.
import fc from "fast-check";
import { expect, test } from "vitest";
import { rank } from "../src/draw/contour";
import { atStretch, within, zoomed, type Span } from "../src/views/timeline_span";

const run = fc.integer({ min: 2, max: 2_000_000 }).map((last): Span => [1, last]);

test("what is seen lies in the run and holds at least two steps", () => {
  fc.assert(
    fc.property(run, fc.integer(), fc.integer(), (all, a, b) => {
      const [first, last] = within([a, b], all);
      expect(first).toBeGreaterThanOrEqual(all[0]);
      expect(last).toBeLessThanOrEqual(all[1]);
      expect(last).toBeGreaterThan(first);
    }),
  );
});

test("zooming keeps the cursor in what is seen, and out again shows at least as much as before", () => {
  fc.assert(
    fc.property(run, fc.float({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 12 }), (all, part, times) => {
      const at = Math.round(all[0] + (all[1] - all[0]) * part);
      let seen = all;
      for (let k = 0; k < times; k += 1) seen = zoomed(seen, at, 0.5, all);
      expect(at).toBeGreaterThanOrEqual(seen[0] - 1);
      expect(at).toBeLessThanOrEqual(seen[1] + 1);
      const out = zoomed(seen, at, 2, all);
      expect(out[1] - out[0]).toBeGreaterThanOrEqual(Math.min(seen[1] - seen[0], all[1] - all[0]));
    }),
  );
});

test("the stretch of a step is the last one that begins before it", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { minLength: 1 }), fc.integer({ min: 0, max: 600 }), (list, step) => {
      list.sort((a, b) => a - b);
      expect(atStretch(list, step)).toBe(list.filter((each) => each <= step).length - 1);
    }),
  );
});

test("higher is never drawn lower, over any number of powers of ten", () => {
  const levels = [1e-6, 1e-3, 1, 10, 1e4];
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e5, noNaN: true }), fc.double({ min: 0, max: 1e5, noNaN: true }), (a, b) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      expect(rank(levels, low)).toBeLessThanOrEqual(rank(levels, high) + 1e-12);
      expect(rank(levels, high)).toBeLessThanOrEqual(1);
    }),
  );
});
