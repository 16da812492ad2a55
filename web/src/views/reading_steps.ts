// The steps of a reading on a picture: which one is closest, how keys move between them, and which pixel shows which.
import type { Band } from "../contract";
import { tick } from "../draw/number";
import { nearest } from "../draw/scrubber";
import type { Context } from "./view";

/** Keys that move the cursor between the steps that were read. */
export const STEP_KEYS = [
  ["← →", "the step before and after, of those that were read"],
  ["Home End", "the first and the last of them"],
] as const;

/** Handles STEP_KEYS; `other` is asked first and says whether it took the key. */
export function stepKeys(ctx: Context, steps: readonly number[], other?: (key: string) => boolean): (event: KeyboardEvent) => void {
  return (event) => {
    const k = nearest(steps, ctx.state.at.peek());
    const to: Record<string, number> = { ArrowLeft: k - 1, ArrowRight: k + 1, Home: 0, End: steps.length - 1 };
    if (other?.(event.key)) {
      event.preventDefault();
      return;
    }
    const step = event.key in to ? steps[Math.min(Math.max(to[event.key]!, 0), steps.length - 1)] : undefined;
    if (step === undefined) return;
    event.preventDefault();
    ctx.state.go(step);
  };
}

/** From the first to the last step, a little wide where there is only one. */
export function span(steps: readonly number[]): [number, number] {
  const [first = 0, last = 1] = [steps[0], steps.at(-1)];
  return first === last ? [first - 0.5, last + 0.5] : [first, last];
}

/** For each of so many columns of pixels over `span` the place of the step that it shows: the closest one. */
export function columnsOf(steps: readonly number[], pixels: number): number[] {
  const [first, last] = span(steps);
  return Array.from({ length: Math.max(pixels, 1) }, (_, x) => nearest(steps, first + ((x + 0.5) / Math.max(pixels, 1)) * (last - first)));
}

/** Where in its element a pointer is, from its left and upper edge. */
export function within(event: MouseEvent): [number, number] {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

/** Without the marks of Python's docstrings. */
export const plain = (text: string): string => text.replaceAll("``", "");

/** "usually 0.0001 to 0.01 (who says so)", as Python says it. */
export function bandWords({ low, high, source }: Band): string {
  const range = low !== null && high !== null ? `${tick(low)} to ${tick(high)}` : low !== null ? `at least ${tick(low)}` : `at most ${tick(high ?? 0)}`;
  return `The green band is where it usually lies: ${range} (${plain(source)}).`;
}
