// A network painted on a canvas: edges by the thousand, signals on their way, and the loss at their end.
import type { NetworkView, Wire } from "../contract";
import { number } from "../draw/number";
import { along, edge, LOSS, type Column, type Hit, type Ribbon } from "./network_layout";
import { cut, sizes, type Look, type Quantity } from "./network_look";
import { cells, circles } from "./network_units";

type Matrix = Wire["weights"];

export const matrixOf = (payload: NetworkView, wire: number, quantity: Quantity): Matrix => {
  const found = payload.wires[wire]!;
  return quantity === "weight" ? found.weights : quantity === "gradient" ? found.gradients : found.updates;
};

const greatest = new WeakMap<NetworkView, Partial<Record<Quantity, number>>>();

/** The largest size of a quantity among all edges: one scale for all layers, so that they can be compared. */
export function mostOf(payload: NetworkView, quantity: Quantity): number {
  const kept = greatest.get(payload) ?? {};
  if (kept[quantity] !== undefined) return kept[quantity];
  let most = 0;
  payload.wires.forEach((_, k) => {
    for (const row of matrixOf(payload, k, quantity))
      for (const value of row) if (value !== null && Math.abs(value) > most) most = Math.abs(value);
  });
  greatest.set(payload, { ...kept, [quantity]: most });
  return most;
}

export function paint(context: CanvasRenderingContext2D, look: Look): void {
  const { layout, payload } = look;
  context.clearRect(0, 0, layout.width, layout.height);
  context.lineCap = "round";
  for (const each of layout.ribbons) {
    if (each.kind === "lines") lines(context, look, each);
    else if (each.kind === "matrix") matrix(context, look, each);
    else band(context, look, each);
  }
  toLoss(context, look);
  if (look.seen.running) signals(context, look, layout.ribbons[look.seen.running.wire]!);
  const mostError = Math.max(...payload.layers.map((layer) => sizes(layer.units, (unit) => unit.error)));
  for (const column of layout.columns) {
    if (column.folded) cells(context, look, column, mostError);
    else circles(context, look, column, mostError);
    head(context, look, column);
  }
}

/** What the edges of a wire show at this moment. */
function shownOf(look: Look, wire: number): Quantity {
  if (look.resting) return look.quantity;
  if (look.seen.update > 0) return "update";
  return look.seen.gradient(wire) ? "gradient" : "weight";
}

function lines(context: CanvasRenderingContext2D, look: Look, each: Ribbon): void {
  const { layout, payload, colours, chosen, pointed } = look;
  const quantity = shownOf(look, each.k);
  const values = matrixOf(payload, each.k, quantity);
  const most = mostOf(payload, quantity) || 1;
  const [above, below, alarm] = [colours("first"), colours("second"), colours("alarm")];
  const faded = chosen !== null && !touches(payload, chosen, each.k);
  values.forEach((row, from) =>
    row.forEach((value, to) => {
      const isChosen = sameEdge(chosen, each.k, from, to) || sameEdge(pointed, each.k, from, to);
      const dim = faded || (chosen !== null && !isChosen && !reaches(payload, chosen, each.k, from, to));
      const size = value === null ? 1 : Math.sqrt(Math.abs(value) / most);
      const [a, b, bend] = edge(layout, each, from, to);
      context.beginPath();
      context.moveTo(a[0], a[1]);
      context.bezierCurveTo(a[0] + bend, a[1], b[0] - bend, b[1], b[0], b[1]);
      context.globalAlpha = isChosen ? 1 : dim ? 0.12 : 0.25 + 0.6 * size;
      context.lineWidth = 0.6 + 4.4 * size;
      context.strokeStyle = value === null ? alarm : value < 0 ? below : above;
      const isDashed = value !== null && value < 0;
      // Hundreds of edges with hundreds of dashes: round ends would take half as long again to draw.
      context.lineCap = isDashed ? "butt" : "round";
      context.setLineDash(isDashed ? [3 + 2 * context.lineWidth, 2 + 0.4 * context.lineWidth] : []);
      context.stroke();
      if (isChosen) {
        context.setLineDash([]);
        context.lineWidth = 1.4;
        context.strokeStyle = colours("ink");
        context.stroke();
      }
    }),
  );
  context.setLineDash([]);
  context.globalAlpha = 1;
}

const sameEdge = (hit: Hit | null, wire: number, from: number, to: number): boolean =>
  hit?.kind === "edge" && hit.wire === wire && hit.from === from && hit.to === to;

function touches(payload: NetworkView, hit: Hit, wire: number): boolean {
  if (hit.kind === "edge") return hit.wire === wire;
  return payload.wires[wire]!.source === hit.layer || payload.wires[wire]!.target === hit.layer;
}

function reaches(payload: NetworkView, hit: Hit, wire: number, from: number, to: number): boolean {
  if (hit.kind === "edge") return false;
  const found = payload.wires[wire]!;
  return (found.source === hit.layer && from === hit.unit) || (found.target === hit.layer && to === hit.unit);
}

function matrix(context: CanvasRenderingContext2D, look: Look, each: Ribbon): void {
  const { payload, colours, images } = look;
  const quantity = shownOf(look, each.k);
  const values = matrixOf(payload, each.k, quantity);
  const cellsOf = images.of(`${each.wire.name}/${quantity}/${colours("first")}`, values, mostOf(payload, quantity) || 1, colours);
  context.imageSmoothingEnabled = false;
  context.drawImage(cellsOf, each.x, each.y, each.width, each.height);
  context.strokeStyle = colours("faint");
  context.lineWidth = 1;
  context.strokeRect(each.x + 0.5, each.y + 0.5, each.width - 1, each.height - 1);
  const [rows, columns] = [values.length, values[0]?.length ?? 1];
  for (const hit of [look.chosen, look.pointed]) {
    if (!hit) continue;
    context.strokeStyle = colours("ink");
    context.lineWidth = 1.5;
    const [high, wide] = [each.height / rows, each.width / columns];
    if (hit.kind === "edge" && hit.wire === each.k)
      context.strokeRect(each.x + hit.to * wide - 1, each.y + hit.from * high - 1, wide + 2, high + 2);
    else if (hit.kind === "unit" && each.wire.source === hit.layer) context.strokeRect(each.x, each.y + hit.unit * high, each.width, high);
    else if (hit.kind === "unit" && each.wire.target === hit.layer) context.strokeRect(each.x + hit.unit * wide, each.y, wide, each.height);
  }
}

function band(context: CanvasRenderingContext2D, look: Look, each: Ribbon): void {
  const { colours, font } = look;
  const y = each.y + each.height / 2;
  context.fillStyle = colours("faint");
  context.beginPath();
  context.moveTo(each.x + 4, y - 5);
  context.lineTo(each.x + each.width - 12, y - 5);
  context.lineTo(each.x + each.width - 4, y);
  context.lineTo(each.x + each.width - 12, y + 5);
  context.lineTo(each.x + 4, y + 5);
  context.fill();
  if (each.width < 60) return; // the name of the layer stands above it anyway
  context.fillStyle = colours("soft");
  context.font = `11px ${font}`;
  context.textAlign = "center";
  context.fillText(cut(context, each.wire.text ?? "", each.width + 30), each.x + each.width / 2, y - 12);
}

/** Dots that run along the edges, of the size of what they carry. */
function signals(context: CanvasRenderingContext2D, look: Look, each: Ribbon): void {
  const { layout, payload, colours, seen } = look;
  const { back, part } = seen.running!;
  const t = Math.min(part / 0.8, 1);
  if (t >= 1 || part <= 0) return;
  if (each.kind !== "lines") {
    const x = back ? each.x + each.width * (1 - t) : each.x + each.width * t;
    context.fillStyle = colours(back ? "second" : "first");
    context.globalAlpha = 0.75;
    context.fillRect(x - 2, each.y, 4, each.height);
    context.globalAlpha = 1;
    return;
  }
  const [sources, targets] = [payload.layers[each.wire.source]!.units, payload.layers[each.wire.target]!.units];
  const carried = each.wire.weights.map((row, i) =>
    row.map((w, j) => (w ?? 0) * (back ? (targets[j]?.error_before ?? targets[j]?.error ?? 0) : (sources[i]?.value ?? 0))),
  );
  const most = carried.flat().reduce((size, value) => Math.max(size, Math.abs(value)), 0) || 1;
  carried.forEach((row, from) =>
    row.forEach((value, to) => {
      const share = Math.sqrt(Math.abs(value) / most);
      if (share < 0.12) return;
      const [x, y] = along(edge(layout, each, from, to), back ? 1 - t : t);
      const r = 1.5 + 4.5 * share;
      context.fillStyle = colours(value < 0 ? "second" : "first");
      context.strokeStyle = colours("paper");
      context.lineWidth = 1.2;
      context.beginPath();
      // Values are dots, error signals are diamonds: which is which can be told without their colours.
      if (back) {
        context.moveTo(x - r, y);
        context.lineTo(x, y - r);
        context.lineTo(x + r, y);
        context.lineTo(x, y + r);
        context.closePath();
      } else context.arc(x, y, r, 0, 7);
      context.fill();
      context.stroke();
    }),
  );
}

function head(context: CanvasRenderingContext2D, look: Look, column: Column): void {
  const { colours, font, layout } = look;
  const { layer } = column;
  const x = Math.max(column.x + column.width / 2, 22);
  const beside = [layout.columns[column.k - 1], layout.columns[column.k + 1]].flatMap((other) =>
    other ? [Math.abs(other.x + other.width / 2 - column.x - column.width / 2)] : [],
  );
  const room = Math.min(...beside, 130) - 4;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillStyle = colours("ink");
  context.font = `600 12px ${font}`;
  context.fillText(cut(context, layer.label, room), x, 13);
  context.fillStyle = colours("soft");
  context.font = `11px ${font}`;
  const words = layout.named
    ? `${layer.n}${layer.activation ? ` · ${layer.activation}` : column.k ? "" : layer.n === 1 ? " number" : " numbers"}`
    : `${layer.n}`;
  context.fillText(cut(context, words, room), x, 28);
  const hidden = layer.n - layer.units.length;
  if (hidden > 0) context.fillText(`+ ${hidden}`, x, layout.height - 5);
}

function toLoss(context: CanvasRenderingContext2D, look: Look): void {
  const { layout, colours, seen, payload, font } = look;
  const { x, y } = layout.loss;
  context.globalAlpha = 0.25 + 0.75 * seen.loss;
  context.strokeStyle = payload.loss === null ? colours("alarm") : colours("soft");
  context.fillStyle = colours("paper");
  context.lineWidth = 1.2;
  context.beginPath();
  context.roundRect(x - LOSS / 2, y - 19, LOSS, 38, 6);
  context.fill();
  context.stroke();
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillStyle = colours("soft");
  context.font = `11px ${font}`;
  context.fillText("loss", x, y - 4);
  context.fillStyle = payload.loss === null ? colours("alarm") : colours("ink");
  context.font = `600 12px ${font}`;
  context.fillText(payload.loss === null ? "NaN or ∞" : number(payload.loss), x, y + 12);
  context.globalAlpha = 1;
}
