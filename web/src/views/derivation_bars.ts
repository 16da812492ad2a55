// A sum as rows: each bar begins where the one above it ended, so that the last one, together, reaches from 0 to the value.
import type { Part, Sum } from "../contract";
import { number } from "../draw/number";

export interface Bar {
  label: string;
  /** The factors with their numbers, "" where it has none. */
  product: string;
  value: number | null;
  note: string;
  kind: "part" | "taken" | "rest" | "sum";
  /** Null where a number before it, or its own, is not finite. */
  from: number | null;
  to: number | null;
  part: Part | null;
}

/** The parts, the rest of them, and all together; a single product has one row. */
export function barsOf(sum: Sum): Bar[] {
  const rows: Bar[] = [];
  let at: number | null = 0;
  const add = (bar: Pick<Bar, "label" | "product" | "value" | "note" | "kind" | "part">): void => {
    const to: number | null = at === null || bar.value === null ? null : at + bar.value;
    rows.push({ ...bar, from: to === null ? null : at, to });
    if (to !== null) at = to;
  };
  for (const part of sum.parts)
    add({ ...part, product: minus(part.product), kind: part.taken && sum.parts.length > 1 && sum.by !== "term" ? "taken" : "part", part });
  if (sum.others)
    add({
      label: `${sum.others} ${sum.others === 1 ? "other" : "others"}`,
      product: "",
      value: sum.rest,
      note: "",
      kind: "rest",
      part: null,
    });
  if (rows.length > 1)
    rows.push({ label: "together", product: "", value: sum.value, note: "", kind: "sum", from: 0, to: sum.value, part: null });
  return rows;
}

/** From the lowest to the highest end of a bar, 0 always inside. */
export function span(rows: readonly Bar[]): [number, number] {
  const ends = rows.flatMap(({ from, to }) => (from === null || to === null ? [] : [from, to]));
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  return low < high ? [low, high] : [low - 1, high + 1];
}

/** What a row says by itself. */
export function told(bar: Bar): string[] {
  const product = bar.product ? `${bar.product} = ` : "";
  return [bar.label, `${product}${number(bar.value)}`, ...(bar.note ? [bar.note] : [])];
}

/** A hyphen before a digit is a minus sign. */
export const minus = (text: string): string => text.replace(/(^|[\s(·])-(?=[\d.(])/g, "$1−");
