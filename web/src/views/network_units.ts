// The units of a network on a canvas: gauges of values with the error signals beside them, activation maps, heat cells.
import type { NetworkView, Unit } from "../contract";
import { number } from "../draw/number";
import { BAR, middle, type Column } from "./network_layout";
import { cut, sizes, type Look, type Maps } from "./network_look";

export function circles(context: CanvasRenderingContext2D, look: Look, column: Column, mostError: number): void {
  const { colours, seen, maps, payload, font } = look;
  const { units } = column.layer;
  const most = Math.max(
    sizes(units, (unit) => unit.value),
    ROUNDING,
  );
  const isLast = column.k === payload.layers.length - 1;
  const errors = column.k > 0 && hasErrors(payload, units) ? seen.error(column.k) : 0;
  units.forEach((unit, j) => {
    const [x, y] = middle(column, j);
    const map = maps?.at.get(`${column.layer.name}[${unit.place}]`);
    if (maps && map) asMap(context, look, maps, map, x, y, column.r);
    else gauge(context, look, unit.value, most, x, y, column.r, seen.value(column.k));
    bar(context, look, unit, mostError, x, y, column.r, errors);
    const isMarked = [look.chosen, look.pointed].some((hit) => hit?.kind === "unit" && hit.layer === column.k && hit.unit === j);
    if (isMarked) {
      context.strokeStyle = colours("ink");
      context.lineWidth = 2;
      outline(context, x, y, column.r + 3, map !== undefined);
      context.stroke();
    }
    context.font = `11px ${font}`;
    context.textBaseline = "middle";
    if (column.k === 0 && column.x > 24) {
      context.textAlign = "right";
      context.fillStyle = colours("soft");
      context.fillText(cut(context, unit.label, column.x - 6), x - column.r - 8, y);
    } else if (isLast) outputWords(context, look, unit, x + column.r + BAR + 4, y);
  });
}

function outputWords(context: CanvasRenderingContext2D, look: Look, unit: Unit, x: number, y: number): void {
  const { colours, layout, font } = look;
  const room = layout.named ? layout.loss.x - x - 44 : layout.width - x - 2;
  context.textAlign = "left";
  context.fillStyle = colours("ink");
  const hasTarget = layout.named && unit.target !== null && unit.target !== undefined;
  context.fillText(cut(context, unit.label, room), x, hasTarget ? y - 7 : y);
  if (!hasTarget) return;
  context.fillStyle = colours("soft");
  context.font = `10.5px ${font}`;
  context.fillText(cut(context, `target ${unit.target && Math.abs(unit.target) < ROUNDING ? "≈ 0" : number(unit.target)}`, room), x, y + 7);
}

function outline(context: CanvasRenderingContext2D, x: number, y: number, r: number, square: boolean): void {
  context.beginPath();
  if (square) context.roundRect(x - r, y - r, 2 * r, 2 * r, 4);
  else context.arc(x, y, r, 0, 7);
}

/** Filled from the middle: upwards (blue) when positive, downwards (orange) when negative. */
function gauge(
  context: CanvasRenderingContext2D,
  look: Look,
  value: number | null,
  most: number,
  x: number,
  y: number,
  r: number,
  seen: number,
): void {
  const { colours, font } = look;
  outline(context, x, y, r, false);
  context.fillStyle = colours("paper");
  context.fill();
  if (seen > 0 && value !== null) {
    const high = (Math.abs(value) / most) * r * seen;
    context.save();
    context.clip();
    context.fillStyle = colours(value < 0 ? "second" : "first");
    context.globalAlpha = 0.85;
    context.fillRect(x - r, value < 0 ? y : y - high, 2 * r, high);
    context.restore();
  }
  context.strokeStyle = value === null ? colours("alarm") : colours("soft");
  context.lineWidth = value === null ? 2 : 1;
  outline(context, x, y, r, false);
  context.stroke();
  if (seen < 0.5) return;
  if (value === null) {
    context.beginPath();
    context.moveTo(x - r / 2, y - r / 2);
    context.lineTo(x + r / 2, y + r / 2);
    context.moveTo(x + r / 2, y - r / 2);
    context.lineTo(x - r / 2, y + r / 2);
    context.stroke();
  } else if (r >= 14) {
    context.font = `600 10.5px ${font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = 3;
    context.strokeStyle = colours("paper");
    const words = tight(value, r < 17);
    context.strokeText(words, x, y + 0.5);
    context.fillStyle = colours("ink");
    context.fillText(words, x, y + 0.5);
  }
}

/** Values below it are what is left of 0 after rounding, such as the mean of standardised features. */
const ROUNDING = 1e-6;

/** At most five signs, or four where there is less room, to stand inside of a circle. */
export function tight(value: number, isNarrow = false): string {
  const size = Math.abs(value);
  if (size !== 0 && size < ROUNDING) return "≈ 0";
  const text =
    size !== 0 && (size < 0.005 || size >= 1000)
      ? value.toExponential(0).replace("e+", "e")
      : value.toFixed(size >= 100 ? 0 : size >= 10 || (isNarrow && size >= 1) ? 1 : 2);
  return text.replaceAll("-", "−");
}

function asMap(
  context: CanvasRenderingContext2D,
  look: Look,
  { picture, width, height }: Maps,
  map: { top: number; dead: boolean },
  x: number,
  y: number,
  r: number,
): void {
  context.imageSmoothingEnabled = true;
  context.drawImage(picture, 0, map.top, width, height, x - r, y - r, 2 * r, 2 * r);
  context.strokeStyle = look.colours("soft");
  context.lineWidth = 1;
  context.setLineDash(map.dead ? [3, 3] : []);
  context.strokeRect(x - r, y - r, 2 * r, 2 * r);
  context.setLineDash([]);
}

/** Before the first layer that learns no error signals are computed: then none is drawn, and none is broken. */
export const hasErrors = (payload: NetworkView, units: readonly Unit[]): boolean =>
  payload.not_finite > 0 || units.some((unit) => unit.error !== null);

/** The error signal as a bar to the right of a unit: upwards (blue) when positive, downwards (orange) when negative. */
function bar(context: CanvasRenderingContext2D, look: Look, unit: Unit, most: number, x: number, y: number, r: number, seen: number): void {
  const { colours } = look;
  if (seen <= 0) return;
  const { error } = unit;
  const high = error === null ? r : Math.sqrt(Math.abs(error) / (most || 1)) * r * seen;
  const left = x + r + 3;
  context.fillStyle = colours("paper");
  context.fillRect(left - 1, y - r, 6, 2 * r);
  context.fillStyle = colours("soft");
  context.fillRect(left - 1, y - 0.5, 6, 1);
  context.fillStyle = error === null ? colours("alarm") : error < 0 ? colours("second") : colours("first");
  context.fillRect(left, error !== null && error < 0 ? y : y - high, 4, error === null ? 2 * r : high);
}

export function cells(context: CanvasRenderingContext2D, look: Look, column: Column, mostError: number): void {
  const { colours, images, seen, payload } = look;
  const { units } = column.layer;
  const most = sizes(units, (unit) => unit.value) || 1;
  const rows = Array.from({ length: column.rows }, (_, i) =>
    units.slice(i * column.columns, (i + 1) * column.columns).map((unit) => unit.value),
  );
  context.globalAlpha = 0.15 + 0.85 * seen.value(column.k);
  context.imageSmoothingEnabled = false;
  context.drawImage(
    images.of(`${column.layer.name}/value/${colours("first")}`, rows, most, colours),
    column.x,
    column.y,
    column.width,
    column.height,
  );
  context.globalAlpha = 1;
  if (column.k > 0 && column.columns === 1 && seen.error(column.k) > 0 && hasErrors(payload, units)) {
    // The error signals in a narrower strip beside the values, by the root of their size like the bars of single units.
    const signals = units.map(({ error }) => [error === null ? null : Math.sign(error) * Math.sqrt(Math.abs(error) / (mostError || 1))]);
    context.globalAlpha = seen.error(column.k);
    context.drawImage(
      images.of(`${column.layer.name}/error/${colours("first")}`, signals, 1, colours),
      column.x + column.width + 2,
      column.y,
      6,
      column.height,
    );
    context.globalAlpha = 1;
  }
  context.strokeStyle = colours("soft");
  context.lineWidth = 1;
  context.strokeRect(column.x + 0.5, column.y + 0.5, column.width - 1, column.height - 1);
  for (const hit of [look.chosen, look.pointed]) {
    if (hit?.kind !== "unit" || hit.layer !== column.k) continue;
    const [x, y] = middle(column, hit.unit);
    const [wide, high] = [column.width / column.columns, column.height / column.rows];
    context.strokeStyle = colours("ink");
    context.lineWidth = 2;
    context.strokeRect(x - wide / 2 - 1, y - high / 2 - 1, wide + 2, high + 2);
  }
}
