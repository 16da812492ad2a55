// Where units and edges of a network stand, and what is under a point. Large layers are strips or images of cells.
import type { NetworkView, Unit, UnitLayer, Wire } from "../contract";

export const MOST_CIRCLES = 16; // units of a layer that are drawn one by one; more are cells of a heat map

export interface Column {
  layer: UnitLayer;
  k: number;
  /** Cells of a heat map instead of circles. */
  folded: boolean;
  x: number;
  y: number;
  width: number;
  height: number;
  rows: number;
  columns: number;
  /** Radius of a circle. */
  r: number;
}

export interface Ribbon {
  wire: Wire;
  k: number;
  /** A matrix of cells (source down, target across), lines, or one band where the layer is no matrix. */
  kind: "lines" | "matrix" | "band";
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Layout {
  width: number;
  height: number;
  columns: Column[];
  ribbons: Ribbon[];
  loss: { x: number; y: number };
  /** Whether there is room for the names of outputs. */
  named: boolean;
}

export type Hit = { kind: "unit"; layer: number; unit: number } | { kind: "edge"; wire: number; from: number; to: number };
export type Spot = readonly [number, number];

export const BAR = 8; // room for the error signal to the right of a unit
const STRIP = 10; // the same beside a layer of cells
export const LOSS = 78; // width of the box with the loss
const HEAD = 40; // room for the names of layers
const FOOT = 20; // and for how many units are left out
const FOOT_SMALL = 50;

/** `fold`: large layers as heat maps; else the chosen units of each are circles. */
export function layoutOf(payload: NetworkView, width: number, fold: boolean): Layout {
  const isSmall = width < 520;
  const folded = payload.layers.map((layer) => fold && layer.n > MOST_CIRCLES);
  const circles = Math.max(...payload.layers.map((layer, k) => (folded[k] ? 0 : layer.units.length)), 1);
  const pitch = circles <= 4 ? 56 : circles <= 8 ? 46 : 36;
  const inside = Math.min(Math.max(circles * pitch, folded.some(Boolean) ? 260 : 150), 520);
  const left = folded[0] ? 6 : isSmall ? 30 : 62;
  const right = isSmall ? 74 : 200;
  // Columns must not touch each other, nor their units.
  const most = Math.min(isSmall ? 12 : 23, ((width - left - right) / payload.layers.length) * 0.3);
  const shapes = payload.layers.map((layer, k) => shape(layer, k, folded[k]!, inside, most));
  const taken = shapes.reduce((sum, each) => sum + each.width, 0);
  const gaps = Math.max(payload.layers.length - 1, 1);
  // A matrix needs more room than lines do, and what is neither needs little.
  const weights = payload.wires.map((wire) => (!wire.weights.length ? 0.3 : folded[wire.source] || folded[wire.target] ? 1.5 : 1));
  const room = Math.max(width - left - right - taken, 16 * gaps);
  const all = weights.reduce((sum, each) => sum + each, 0) || 1;
  let x = left;
  const columns = shapes.map((each, k): Column => {
    const column = { ...each, x, y: HEAD + (inside - each.height) / 2 };
    x += each.width + Math.min((room * (weights[k] ?? 1)) / all, 260);
    return column;
  });
  const last = columns[columns.length - 1]!;
  const shift = Math.max(Math.min((width - right - last.x - last.width) / 2, 160), 0);
  for (const column of columns) column.x += shift;
  const ribbons = payload.wires.map((wire, k) => ribbon(wire, k, columns, inside));
  return {
    width,
    height: HEAD + inside + (isSmall ? FOOT_SMALL : FOOT),
    columns,
    ribbons,
    // On a narrow screen the loss stands below, and the names of the outputs where it would have been.
    loss: isSmall
      ? { x: width - LOSS / 2 - 2, y: HEAD + inside + 28 }
      : { x: Math.min(last.x + last.width + 146, width - LOSS / 2 - 1), y: HEAD + inside / 2 },
    named: !isSmall,
  };
}

function shape(layer: UnitLayer, k: number, folded: boolean, inside: number, most: number): Column {
  const n = layer.units.length;
  const side = Math.sqrt(n);
  const base = { layer, k, folded, x: 0, y: 0 };
  if (!folded) {
    const pitch = Math.min(inside / Math.max(n, 1), 58);
    const r = Math.max(Math.min(pitch / 2 - 3, most), 4);
    return { ...base, width: 2 * r, height: pitch * n, rows: n, columns: 1, r };
  }
  // An input of 64 numbers that are all there is most often an image of 8 by 8.
  if (k === 0 && Number.isInteger(side) && n === layer.n) {
    const size = Math.min(inside * 0.6, Math.max(most * 6, 56));
    return { ...base, width: size, height: size, rows: side, columns: side, r: 0 };
  }
  return { ...base, width: Math.max(Math.min(16, most * 0.8), 6), height: inside, rows: n, columns: 1, r: 0 };
}

function ribbon(wire: Wire, k: number, columns: readonly Column[], inside: number): Ribbon {
  const [a, b] = [columns[wire.source]!, columns[wire.target]!];
  const from = a.x + a.width;
  const kind = !wire.weights.length ? "band" : a.folded || b.folded ? "matrix" : "lines";
  const pad = kind === "matrix" ? Math.min(14, (b.x - from) * 0.12) : 0;
  const start = from + Math.max(pad, kind === "matrix" && wire.source > 0 ? STRIP : 0);
  return { wire, k, kind, x: start, y: HEAD, width: Math.max(b.x - pad - start, 4), height: inside };
}

/** The middle of a unit. */
export function middle(column: Column, unit: number): Spot {
  const [i, j] = [Math.floor(unit / column.columns), unit % column.columns];
  return [column.x + ((j + 0.5) * column.width) / column.columns, column.y + ((i + 0.5) * column.height) / column.rows];
}

/** Beginning, end and how far the curve of an edge bends. */
export function edge(layout: Layout, ribbon: Ribbon, from: number, to: number): [Spot, Spot, number] {
  const [a, b] = [layout.columns[ribbon.wire.source]!, layout.columns[ribbon.wire.target]!];
  const [x0, y0] = middle(a, from);
  const [x1, y1] = middle(b, to);
  const [start, end] = [x0 + a.r + (ribbon.wire.source ? BAR + 1 : 2), x1 - b.r - 2];
  return [[start, y0], [end, y1], (end - start) * 0.42];
}

/** The point at a part t, from 0 to 1, of the way along an edge: a cubic curve that is level at both ends. */
export function along([[x0, y0], [x1, y1], bend]: [Spot, Spot, number], t: number): Spot {
  const u = 1 - t;
  const [a, b, c, d] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return [a * x0 + b * (x0 + bend) + c * (x1 - bend) + d * x1, (a + b) * y0 + (c + d) * y1];
}

const NEAR = 6; // pixels from an edge that still mean it

/** What is under a point. */
export function hit(layout: Layout, x: number, y: number): Hit | null {
  for (const column of layout.columns) {
    const unit = unitAt(column, x, y);
    if (unit >= 0) return { kind: "unit", layer: column.k, unit };
  }
  let best: Hit | null = null;
  let least = NEAR;
  for (const each of layout.ribbons) {
    if (x < each.x || x > each.x + each.width || y < each.y || y > each.y + each.height || each.kind === "band") continue;
    const { weights } = each.wire;
    if (each.kind === "matrix") {
      const from = Math.floor(((y - each.y) / each.height) * weights.length);
      const to = Math.floor(((x - each.x) / each.width) * (weights[0]?.length ?? 0));
      return { kind: "edge", wire: each.k, from: Math.min(from, weights.length - 1), to: Math.min(to, weights[0]!.length - 1) };
    }
    weights.forEach((row, from) =>
      row.forEach((_, to) => {
        const curve = edge(layout, each, from, to);
        const t = Math.min(Math.max((x - curve[0][0]) / Math.max(curve[1][0] - curve[0][0], 1), 0), 1);
        for (const near of [t - 0.08, t - 0.03, t, t + 0.03, t + 0.08]) {
          const [cx, cy] = along(curve, Math.min(Math.max(near, 0), 1));
          const far = Math.hypot(cx - x, cy - y);
          if (far < least) {
            least = far;
            best = { kind: "edge", wire: each.k, from, to };
          }
        }
      }),
    );
  }
  return best;
}

function unitAt(column: Column, x: number, y: number): number {
  const { rows, columns, folded, r } = column;
  const pad = folded ? 0 : 3;
  if (x < column.x - pad || x > column.x + column.width + pad || y < column.y || y > column.y + column.height) return -1;
  const i = Math.min(Math.floor(((y - column.y) / column.height) * rows), rows - 1);
  const j = Math.min(Math.max(Math.floor(((x - column.x) / column.width) * columns), 0), columns - 1);
  const unit = i * columns + j;
  if (unit >= column.layer.units.length) return -1;
  const [cx, cy] = middle(column, unit);
  return folded || Math.hypot(cx - x, cy - y) <= r + pad ? unit : -1;
}

// --- addresses --------------------------------------------------------------------------------------------------------

/** "dense1[3]" for a unit, "dense1.w[3, 2]" for an edge: what all views call it. */
export function addressOf(payload: NetworkView, what: Hit): string {
  if (what.kind === "unit") {
    const layer = payload.layers[what.layer]!;
    return `${layer.name}[${layer.units[what.unit]?.place ?? 0}]`;
  }
  const wire = payload.wires[what.wire]!;
  const [from, to] = ends(payload, what);
  return `${wire.name}[${from?.place ?? 0}, ${to?.place ?? 0}]`;
}

/** The units at both ends of an edge. */
export function ends(payload: NetworkView, what: Hit & { kind: "edge" }): [Unit | undefined, Unit | undefined] {
  const wire = payload.wires[what.wire]!;
  return [payload.layers[wire.source]?.units[what.from], payload.layers[wire.target]?.units[what.to]];
}

/** The same backwards: also "dense1.b[3]", "dense1.h[8, 3]" and "grads.dense1.w[3, 2]", which mean the unit or the edge. */
export function found(payload: NetworkView, address: string | null): Hit | null {
  const [, before = "", name = "", places = ""] =
    /^(grads\.|errors\.|activations\.|updates\.)?([^[]+)\[([-\d,\s]+)\]$/.exec(address ?? "") ?? [];
  void before;
  if (!name) return null;
  const numbers = places.split(",").map(Number);
  const at = (layer: UnitLayer | undefined, place: number): number => layer?.units.findIndex((unit) => unit.place === place) ?? -1;
  const k = payload.wires.findIndex((wire) => wire.name === name);
  const wire = payload.wires[k];
  if (wire && numbers.length === 2) {
    const [from, to] = [at(payload.layers[wire.source], numbers[0]!), at(payload.layers[wire.target], numbers[1]!)];
    return from >= 0 && to >= 0 ? { kind: "edge", wire: k, from, to } : null;
  }
  const layer = payload.layers.findIndex((each) => each.name === name || name.startsWith(`${each.name}.`));
  // Of images, (row, channel, height, width), the channel stands before its place; elsewhere the unit is last.
  const isImage = payload.layers[layer]?.places?.length === 2 && numbers.length === 4 && /^[^.]+(\.[zh](\.\d+)?)?$/.test(name);
  const unit = at(payload.layers[layer], numbers[isImage ? 1 : numbers.length - 1]!);
  return unit >= 0 ? { kind: "unit", layer, unit } : null;
}

/** Another unit or edge from the keyboard; null for a key that moves nothing. */
export function moved(payload: NetworkView, now: Hit | null, key: string): Hit | null {
  const at: Hit & { kind: "unit" } =
    now?.kind === "unit"
      ? now
      : now
        ? { kind: "unit", layer: payload.wires[now.wire]!.target, unit: now.to }
        : { kind: "unit", layer: 0, unit: 0 };
  const count = (layer: number): number => payload.layers[layer]?.units.length ?? 0;
  const unit = (layer: number, wished: number): Hit => ({ kind: "unit", layer, unit: Math.min(Math.max(wished, 0), count(layer) - 1) });
  if (key === "ArrowUp" || key === "ArrowDown") return now ? unit(at.layer, at.unit + (key === "ArrowUp" ? -1 : 1)) : at;
  if (key === "ArrowLeft" || key === "ArrowRight") {
    const layer = Math.min(Math.max(at.layer + (key === "ArrowLeft" ? -1 : 1), 0), payload.layers.length - 1);
    return now ? unit(layer, Math.round(((at.unit + 0.5) / count(at.layer)) * count(layer) - 0.5)) : at;
  }
  if (key !== "PageUp" && key !== "PageDown") return null;
  const wire = payload.wires.findIndex((each) => each.target === at.layer && each.weights.length > 0);
  if (wire < 0) return at;
  const n = payload.wires[wire]!.weights.length;
  const from = now?.kind === "edge" ? (now.from + (key === "PageUp" ? n - 1 : 1)) % n : key === "PageUp" ? n - 1 : 0;
  return { kind: "edge", wire, from, to: at.unit };
}
