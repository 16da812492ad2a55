// The plane of two inputs painted with what a network answers there, smoothly, and the line where the answer changes.
import { mix, rgb, type Colours, type Rgb } from "../draw/theme";

export type Grid = readonly (readonly (number | null)[])[];

/** How an answer becomes a colour; z as in BoundaryView, sure from 0 to 1. */
export type Paint = (z: number, sure: number) => Rgb;

/** Two classes: second colour, paper, first colour. More: the class's own colour, paler where the network is unsure. */
export function paintOf(payload: { classes: readonly string[]; z: Grid }, colours: Colours): Paint {
  const paper = rgb(colours("paper"));
  const n = payload.classes.length;
  if (n > 2)
    return (z, sure) => mix(paper, rgb(classColour(Math.round(z), n, colours)), 0.1 + 0.5 * Math.max((sure - 1 / n) / (1 - 1 / n), 0));
  const [zero, one] = [rgb(classColour(0, 2, colours)), rgb(classColour(1, 2, colours))];
  if (n === 2) return (z) => (z < 0.5 ? mix(paper, zero, (0.5 - z) * 1.0) : mix(paper, one, (z - 0.5) * 1.0));
  const { low, high } = range(payload.z);
  return (z) => {
    const t = (2 * (z - low)) / (high - low || 1) - 1;
    return t < 0 ? mix(paper, zero, -t * 0.75) : mix(paper, one, t * 0.75);
  };
}

/** Class k of n: the two sides of the house's colours, or its series. */
export function classColour(k: number, n: number, colours: Colours): string {
  if (n <= 2) return colours(k === 0 ? "second" : "first");
  return colours.series(k);
}

/** The same as CSS, for SVG. */
export const classInk = (k: number, n: number): string =>
  n <= 2 ? (k === 0 ? "var(--second)" : "var(--first)") : `var(--series-${k % 6})`;

export function range(z: Grid): { low: number; high: number } {
  let [low, high] = [Infinity, -Infinity];
  for (const row of z) for (const value of row) if (value !== null) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return low <= high ? { low, high } : { low: 0, high: 1 };
}

/** Row 0 of a grid is the lowest of the plane; pictures begin at the top. One pixel a point, to be enlarged. */
export function paintGrid(z: Grid, sure: Grid, paint: Paint, colours: Colours): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const [rows, columns] = [z.length, z[0]?.length ?? 0];
  canvas.width = Math.max(columns, 1);
  canvas.height = Math.max(rows, 1);
  const context = canvas.getContext("2d");
  const image = columns ? context?.createImageData(columns, rows) : null;
  if (!context || !image) return canvas;
  const bad = mix(rgb(colours("paper")), rgb(colours("alarm")), 0.75);
  z.forEach((row, i) =>
    row.forEach((value, j) => {
      const [r, g, b] = value === null ? bad : paint(value, sure[i]?.[j] ?? 1);
      image.data.set([r, g, b, 255], ((rows - 1 - i) * columns + j) * 4);
    }),
  );
  context.putImageData(image, 0, 0);
  return canvas;
}

/** The value of a grid at a place between its points; null beside it. */
export function at(z: Grid, xs: readonly number[], ys: readonly number[], x: number, y: number): number | null {
  const j = place(xs, x);
  const i = place(ys, y);
  return z[i]?.[j] ?? null;
}

function place(axis: readonly number[], value: number): number {
  const [first = 0, last = 1] = [axis[0], axis.at(-1)];
  const part = (value - first) / (last - first || 1);
  return Math.min(Math.max(Math.round(part * (axis.length - 1)), 0), axis.length - 1);
}
