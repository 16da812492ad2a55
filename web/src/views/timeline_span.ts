// The part of the steps that a time line shows, and how it is moved.

export type Span = readonly [number, number];

/** The part of `wanted` that lies in `all`; never empty and never turned round. */
export function within(wanted: Span, all: Span): Span {
  const [low, high] = wanted[0] <= wanted[1] ? wanted : [wanted[1], wanted[0]];
  const first = Math.min(Math.max(Math.round(low), all[0]), all[1] - 1);
  const last = Math.max(Math.min(Math.round(high), all[1]), first + 1);
  return [first, last];
}

const FEWEST = 4; // steps that can be told apart on the narrowest screen

/** Narrower (factor below 1) or wider around a step, which stays where it is on the screen as far as the ends allow. */
export function zoomed(seen: Span, around: number, factor: number, all: Span): Span {
  const middle = around >= seen[0] && around <= seen[1] ? around : (seen[0] + seen[1]) / 2;
  const wide = Math.max((seen[1] - seen[0]) * factor, Math.min(FEWEST, all[1] - all[0]));
  const part = (middle - seen[0]) / (seen[1] - seen[0]);
  const first = Math.max(Math.min(middle - wide * part, all[1] - wide), all[0]);
  return within([first, first + wide], all);
}

/** The place of the last number that is not above `step` in an ascending list; -1 where all are above. */
export function atStretch(first: readonly number[], step: number): number {
  let low = 0;
  let high = first.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (first[middle]! <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
