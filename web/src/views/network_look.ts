// What the painters of a network share: what is to be painted, pictures of matrices, words that fit.
import type { NetworkView, Unit } from "../contract";
import { diverging, mix, rgb, type Colours, type Ramp } from "../draw/theme";
import type { Seen } from "./network_flow";
import type { Hit, Layout } from "./network_layout";

export type Quantity = "weight" | "gradient" | "update";
export type Maps = ReadonlyMap<string, { canvas: HTMLCanvasElement; dead: boolean }>;

export interface Look {
  payload: NetworkView;
  layout: Layout;
  seen: Seen;
  /** At rest edges show this; while the step is told they show what is known by then. */
  quantity: Quantity;
  resting: boolean;
  /** Activation maps by "layer[place]", where units are drawn as those. */
  maps: Maps | null;
  chosen: Hit | null;
  pointed: Hit | null;
  colours: Colours;
  font: string;
  images: Images;
}

/** Matrices as pictures of one pixel a cell, made once for a payload and its colours. */
export class Images {
  private readonly kept = new Map<string, HTMLCanvasElement>();

  of(key: string, values: readonly (readonly (number | null)[])[], most: number, colours: Colours): HTMLCanvasElement {
    const found = this.kept.get(key);
    if (found) return found;
    const made = picture(values, most, diverging(colours), bad(colours));
    this.kept.set(key, made);
    return made;
  }
}

const bad = (colours: Colours): readonly [number, number, number] => mix(rgb(colours("paper")), rgb(colours("alarm")), 0.75);

/** values[i][j] as the pixel in row i and column j. */
export function picture(
  values: readonly (readonly (number | null)[])[],
  most: number,
  ramp: Ramp,
  broken: readonly [number, number, number],
): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(values[0]?.length ?? 0, 1);
  canvas.height = Math.max(values.length, 1);
  const context = canvas.getContext("2d");
  const image = context?.createImageData(canvas.width, canvas.height);
  if (!context || !image) return canvas;
  values.forEach((row, i) =>
    row.forEach((value, j) => {
      const [r, g, b] = value === null ? broken : ramp(most > 0 ? value / most : 0);
      image.data.set([r, g, b, 255], (i * canvas.width + j) * 4);
    }),
  );
  context.putImageData(image, 0, 0);
  return canvas;
}

export const sizes = (units: readonly Unit[], of: (unit: Unit) => number | null | undefined): number =>
  units.reduce((most, unit) => Math.max(most, Math.abs(of(unit) ?? 0)), 0);

/** Words that are too long have three dots in them, and keep the number at their end: "de…1". */
export function cut(context: CanvasRenderingContext2D, words: string, room: number): string {
  if (context.measureText(words).width <= room) return words;
  const end = /\d*$/.exec(words)?.[0] ?? "";
  let n = words.length - end.length;
  while (n > 1 && context.measureText(`${words.slice(0, n)}…${end}`).width > room) n -= 1;
  return `${words.slice(0, n)}…${end}`;
}
