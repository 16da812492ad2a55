// Scales from numbers to pixels, linear and logarithmic. Those of d3-scale bring colours, dates and formats along, a
// tenth of what every host may load; a test holds these against them.
import { nice, ticks } from "d3-array";

type Ends = readonly [number, number];

export interface NumberScale {
  (value: number): number;
  /** The number that stands at a pixel. */
  invert(pixel: number): number;
  /** Round numbers inside the domain, about so many. */
  ticks(count?: number): number[];
  /** The same scale with round ends of its domain. */
  nice(): NumberScale;
  domain(): [number, number];
  range(): [number, number];
}

/** Equal ways are equal differences. */
export function scaleLinear(domain: Ends, range: Ends): NumberScale {
  const same = (value: number): number => value;
  return scale(domain, range, same, same, {
    ticks: (count) => ticks(domain[0], domain[1], count),
    nice: () => scaleLinear(nice(domain[0], domain[1], 10), range),
  });
}

/** Equal ways are equal factors. Both ends of the domain are positive. */
export function scaleLog(domain: Ends, range: Ends): NumberScale {
  const power = (exponent: number): number => 10 ** exponent;
  return scale(domain, range, Math.log10, power, {
    ticks: (count) => logTicks(domain, count),
    nice: () => scaleLog([power(Math.floor(near(Math.log10(domain[0])))), power(Math.ceil(near(Math.log10(domain[1]))))], range),
  });
}

function scale(
  domain: Ends,
  range: Ends,
  there: (value: number) => number,
  back: (value: number) => number,
  round: { ticks: (count: number) => number[]; nice: () => NumberScale },
): NumberScale {
  const [low, high] = [there(domain[0]), there(domain[1])];
  const [first, last] = range;
  // A domain of one number has no length: that number stands in the middle.
  const part = (value: number): number => (high === low ? 0.5 : (there(value) - low) / (high - low));
  const made = ((value: number) => first + part(value) * (last - first)) as NumberScale;
  made.invert = (pixel) => back(low + ((pixel - first) / (last - first || 1)) * (high - low));
  made.ticks = (count = 10) => round.ticks(count);
  made.nice = round.nice;
  made.domain = () => [...domain];
  made.range = () => [...range];
  return made;
}

/** 1 to 9 times the powers of ten where there is room for them, else powers alone. */
function logTicks([low, high]: Ends, count: number): number[] {
  const [from, to] = [Math.log10(low), Math.log10(high)];
  if (to - from >= count) return ticks(from, to, Math.min(to - from, count)).map((exponent) => 10 ** exponent);
  const found: number[] = [];
  for (let exponent = Math.floor(from); exponent <= Math.ceil(to); exponent += 1) {
    for (let k = 1; k < 10; k += 1) {
      const value = exponent < 0 ? k / 10 ** -exponent : k * 10 ** exponent;
      if (value >= low && value <= high) found.push(value);
    }
  }
  return 2 * found.length < count ? ticks(low, high, count) : found;
}

/** A logarithm that is a whole number but for rounding is that number. */
const near = (exponent: number): number => (Math.abs(exponent - Math.round(exponent)) < 1e-9 ? Math.round(exponent) : exponent);
