// What the painters of a network share: what is to be painted, pictures of matrices, words that fit.
import type { NetworkView, Unit } from "../contract";
import { paintCells, type Cells } from "../draw/cells";
import { diverging, type Colours } from "../draw/theme";
import type { Seen } from "./network_flow";
import type { Hit, Layout } from "./network_layout";

export type Quantity = "weight" | "gradient" | "update";

/** All activation maps below each other in one picture, because each picture that is drawn from costs time by itself. */
export interface Maps {
  picture: HTMLCanvasElement;
  /** Of each map. */
  width: number;
  height: number;
  /** By "layer[place]": where its first row is, and whether it is 0 everywhere. */
  at: ReadonlyMap<string, { top: number; dead: boolean }>;
}

export interface Look {
  payload: NetworkView;
  layout: Layout;
  seen: Seen;
  /** At rest edges show this; while the step is told they show what is known by then. */
  quantity: Quantity;
  resting: boolean;
  /** Where units are drawn as their activation maps. */
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

  of(key: string, values: Cells, most: number, colours: Colours): HTMLCanvasElement {
    const found = this.kept.get(key);
    if (found) return found;
    const made = picture(values, most, colours);
    this.kept.set(key, made);
    return made;
  }
}

/** values[i][j] as the pixel in row i and column j. */
export function picture(values: Cells, most: number, colours: Colours): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  paintCells(canvas, values, most, diverging(colours), colours);
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
