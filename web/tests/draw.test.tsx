// Numbers read the same in the page and on the terminal; a tick is never lost; the nearest step is the nearest.
import { scaleLinear } from "d3-scale";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { extent, stepTicks } from "../src/draw/axes";
import { general, number, signed, tick, whole } from "../src/draw/number";
import { nearest } from "../src/draw/scrubber";
import { canonical } from "../src/views/asking";

describe("a number", () => {
  test.each([
    [0.123456, "0.1235"],
    [249312.7, "249,313"],
    [2.5e12, "2.5e+12"],
    [0, "0"],
    [1e-5, "1e-05"],
    [-0.5, "-0.5"],
    [999.96, "1000"],
    [null, "not finite"],
  ])("%s is %s, as Python says it", (value, words) => expect(number(value)).toBe(words));

  test("keeps four digits of any size", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-300, max: 1e300 }), (value) => {
        expect(Math.abs(Number(general(value)) / value - 1)).toBeLessThan(6e-4);
      }),
    );
  });

  test("has its sign where that matters, and few signs on an axis", () => {
    expect(signed(0.5)).toBe("+0.5");
    expect(tick(1e-5)).toBe("1e-5");
    expect(tick(20000)).toBe("20,000");
    expect(whole(1234567)).toBe("1,234,567");
  });
});

test("the extent leaves out what is not finite, and is never empty", () => {
  expect(extent([null, 3, NaN, 1])).toEqual([1, 3]);
  const [low, high] = extent([2]);
  expect(low).toBeLessThan(high);
  expect(extent([])).toEqual([0, 1]);
});

test("the nearest step is the nearest", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 1 }), fc.integer({ min: -10, max: 1010 }), (list, wanted) => {
      list.sort((a, b) => a - b);
      const found = Math.abs(list[nearest(list, wanted)]! - wanted);
      expect(found).toBe(Math.min(...list.map((each) => Math.abs(each - wanted))));
    }),
  );
});

test("a question has one canonical form, that of protocol.key in Python", () => {
  expect(canonical({ view: "network", run: "digits-1", step: 3, args: { b: 2.0, a: [1, 0.5] } })).toBe(
    '{"args":{"a":[1,0.5],"b":2},"run":"digits-1","step":3,"view":"network"}',
  );
  expect(canonical({ view: "runs", run: null, args: {} })).toBe('{"view":"runs"}');
});

test("steps on an axis are whole numbers apart from each other, none is cut off, and on a wide one there are some", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e7 }), fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 150, max: 1400 }), (first, more, width) => {
      const scale = scaleLinear([first, first + more], [0, width]);
      const ticks = stepTicks(scale, width);
      const ends = ticks.map((value) => [scale(value) - 3 * whole(value).length, scale(value) + 3 * whole(value).length] as const);
      ticks.forEach((value, k) => {
        expect(Number.isInteger(value)).toBe(true);
        expect(ends[k]![1]).toBeLessThanOrEqual(width + 12);
        if (k) expect(ends[k]![0] - ends[k - 1]![1]).toBeGreaterThan(12);
      });
      if (more >= 10 && width >= 300) expect(ticks.length).toBeGreaterThan(0);
    }),
  );
});
