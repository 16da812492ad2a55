// The scales are those of d3-scale, number for number.
import { scaleLinear as theirLinear, scaleLog as theirLog } from "d3-scale";
import fc from "fast-check";
import { expect, test } from "vitest";
import { scaleLinear, scaleLog, type NumberScale } from "../src/draw/scale";

interface Theirs {
  (value: number): number;
  invert(pixel: number): number;
  ticks(count: number): number[];
  nice(): Theirs;
  domain(): number[];
}

// Six digits, as numbers of pictures have: at the edge of what floating point can hold both round as they like.
const six = (value: number): number => (Math.abs(value) < 1e-9 ? 0 : Number(value.toPrecision(6)));
const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(six);
const positive = fc.double({ min: 1e-8, max: 1e9, noNaN: true }).map(six);
const kinds = [
  ["linear", scaleLinear, theirLinear, finite],
  ["logarithmic", scaleLog, theirLog, positive],
] as const;

/** Two ends that differ by more than rounding. */
const ends = (of: fc.Arbitrary<number>): fc.Arbitrary<[number, number]> =>
  fc.tuple(of, of).map(([a, b]): [number, number] => (a < b ? [a, b] : [b, a])).filter(([a, b]) => b - a > 1e-6 * Math.max(Math.abs(a), Math.abs(b)) + 1e-9);

test.each(kinds)("a %s scale puts numbers where d3-scale puts them, and back", (_, ours, theirs, of) => {
  fc.assert(
    fc.property(ends(of), of, (domain, value) => {
      const [mine, other] = pair(ours, theirs, domain);
      expect(mine(value)).toBeCloseTo(other(value), 4 - Math.ceil(Math.log10(1 + Math.abs(other(value)))));
      const pixel = 123;
      expect(mine.invert(pixel) / other.invert(pixel) || 1).toBeCloseTo(1, 6);
    }),
  );
});

test.each(kinds)("a %s scale has the same ticks and the same round ends", (_, ours, theirs, of) => {
  fc.assert(
    fc.property(ends(of), fc.integer({ min: 2, max: 12 }), (domain, count) => {
      const [mine, other] = pair(ours, theirs, domain);
      expect(mine.ticks(count).map((each) => each.toPrecision(9))).toEqual(other.ticks(count).map((each) => each.toPrecision(9)));
      expect(mine.nice().domain().map((each) => each.toPrecision(9))).toEqual(other.nice().domain().map((each) => each.toPrecision(9)));
    }),
  );
});

test("a domain of one number is drawn in the middle", () => {
  expect(scaleLinear([3, 3], [0, 100])(3)).toBe(50);
});

function pair(ours: typeof scaleLinear, theirs: unknown, domain: [number, number]): [NumberScale, Theirs] {
  return [ours(domain, [0, 500]), (theirs as (domain: number[], range: number[]) => Theirs)(domain, [0, 500])];
}
