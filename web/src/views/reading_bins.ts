// The bins of a histogram of sizes as rows of a picture: from the most positive number through 0 to the most negative.
import type { Counts, HistogramView } from "../contract";

/** A row of the picture. sign: 0 where both signs lie together. low, high: of the size; bins: places in a row of counts. */
export interface Row {
  sign: -1 | 0 | 1;
  low: number;
  high: number;
  bins: readonly number[];
}

const RARE = 0.002; // the part of all numbers that may lie together in the innermost rows

/** Rows from the top. The smallest sizes, as long as they are rare, lie together; nothing is left out. */
export function rowsOf(payload: HistogramView, signed: boolean): Row[] {
  const n = payload.edges.length;
  const sizes = new Array<number>(n).fill(0);
  for (const panel of payload.panels) {
    for (const counts of panel.counts) counts.forEach((count, k) => (sizes[k < n ? n - 1 - k : k - n]! += count));
  }
  const all = sizes.reduce((sum, each) => sum + each, 0);
  let inner = 0; // the last bin of size that lies with all smaller ones
  let sum = sizes[0]!;
  while (inner + 2 < n - 1 && sum + sizes[inner + 1]! <= RARE * all) sum += sizes[++inner]!;
  const rows: Row[] = [];
  for (let k = n - 1; k > inner; k -= 1) {
    if (k === n - 1 && !sizes[k]) continue; // it is there for its edge
    rows.push({ sign: signed ? 1 : 0, low: payload.edges[k]!, high: payload.edges[k + 1] ?? Infinity, bins: signed ? [n + k] : [n + k, n - 1 - k] });
  }
  const within = Array.from({ length: inner + 1 }, (_, k) => k);
  const high = payload.edges[inner + 1] ?? Infinity;
  const small = (sign: Row["sign"]): Row => ({ sign, low: 0, high, bins: within.flatMap((k) => (sign > 0 ? [n + k] : sign < 0 ? [n - 1 - k] : [n + k, n - 1 - k])) });
  if (!signed) return [...rows, small(0)];
  const below = rows.map((row): Row => ({ ...row, sign: -1, bins: row.bins.map((bin) => 2 * n - 1 - bin) })).reverse();
  return [...rows, small(1), small(-1), ...below];
}

/** Of an array, step by step: the share of its numbers in each row, of those that are exactly 0, and that are not finite. */
export interface Shares {
  rows: readonly (readonly number[])[];
  zero: readonly number[];
  bad: readonly number[];
  /** How many numbers there are. */
  size: number;
}

export function sharesOf(panel: Counts, rows: readonly Row[]): Shares {
  const wholes = panel.counts.map((counts, j) => counts.reduce((sum, each) => sum + each, 0) + (panel.zero[j] ?? 0) + (panel.not_finite[j] ?? 0));
  const part = (count: number, j: number): number => (wholes[j] ? count / wholes[j]! : 0);
  return {
    rows: panel.counts.map((counts, j) => rows.map((row) => part(row.bins.reduce((sum, bin) => sum + (counts[bin] ?? 0), 0), j))),
    zero: panel.zero.map((count, j) => part(count ?? 0, j)),
    bad: panel.not_finite.map((count, j) => part(count ?? 0, j)),
    size: Math.max(...wholes, 0),
  };
}

/** Whole powers of ten among the edges between rows: [place between rows from the top, the number there with its sign]. */
export function decades(rows: readonly Row[], most: number): [number, number][] {
  const all: [number, number][] = [];
  rows.forEach((row, k) => {
    const edge = row.sign < 0 ? row.high : row.low; // of the lower side of the row
    const upper = row.sign < 0 ? row.low : row.high;
    if (k === 0 && isPower(upper)) all.push([0, sided(row, upper)]);
    if (isPower(edge)) all.push([k + 1, sided(row, edge)]);
  });
  const every = Math.max(Math.ceil(all.length / most), 1);
  return all.filter(([, value]) => Math.round(Math.log10(Math.abs(value))) % every === 0);
}

const sided = (row: Row, edge: number): number => (row.sign < 0 ? -edge : edge);
const isPower = (value: number): boolean => value > 0 && Number.isFinite(value) && Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-6;

/** The size that half of an array's numbers have at least, at a step; 0 where half are 0, null where none is finite. */
export function middleSize({ edges }: HistogramView, panel: Counts, step: number): number | null {
  const n = edges.length;
  const counts = panel.counts[step] ?? [];
  const sizes = edges.map((_, k) => (counts[n + k] ?? 0) + (counts[n - 1 - k] ?? 0));
  const all = sizes.reduce((sum, each) => sum + each, panel.zero[step] ?? 0);
  if (!all) return null;
  let above = 0;
  for (let k = n - 1; k >= 0; k -= 1) {
    above += sizes[k]!;
    if (above * 2 >= all) return edges[k]!;
  }
  return 0;
}
