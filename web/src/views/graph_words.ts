// What an item of a graph says: on its box, under the pointer, and where it is looked for.
import type { GraphItem, GraphView, Values } from "../contract";
import { number, whole } from "../draw/number";

export const isGroup = (item: GraphItem): boolean => item.node === null;

export const shapeText = (shape: readonly number[]): string => (shape.length ? shape.map(whole).join("×") : "a number");

export const operations = (count: number): string => `${whole(count)} operation${count === 1 ? "" : "s"}`;

/** The two lines on a box; the second one may change from step to step, but not its length. */
export function linesOf(item: GraphItem): string[] {
  if (isGroup(item)) return item.backward ? [item.address || item.name, `backward, ${whole(item.count)}`] : [item.name, operations(item.count)];
  if (item.primitive === "constant" && !item.shape.length) return [item.values ? number(item.values.mean) : item.latex];
  const head = item.name || item.primitive;
  const kind = item.name && item.primitive !== "input" ? `${item.primitive} ` : "";
  if (!item.shape.length && item.values) return [head, `= ${number(item.values.mean)}`];
  return [head, `${kind}${shapeText(item.shape)}`];
}

/** As long as the lines can become. */
export function room(item: GraphItem): string[] {
  const lines = linesOf(item).map((line) => (line.length > 26 ? line.slice(0, 26) : line));
  return item.shape.length || isGroup(item) || item.primitive === "constant"
    ? lines
    : lines.map((line, k) => (k || lines.length === 1 ? "= 0.00000000" : line));
}

/** Lowest to highest, mean, and what is not finite. */
export function valuesText(values: Values | null): string {
  if (!values) return "";
  const bad = values.not_finite ? `${whole(values.not_finite)} of ${whole(values.size)} not finite` : "";
  if (values.low === null) return bad || "no numbers";
  if (values.size === 1) return `= ${number(values.mean)}`;
  return [`${number(values.low)} to ${number(values.high)}, mean ${number(values.mean)}`, bad].filter(Boolean).join("; ");
}

export function told(item: GraphItem): string[] {
  if (isGroup(item)) {
    const holds = Object.entries(item.holds ?? {})
      .slice(0, 6)
      .map(([name, count]) => `${name} ${count}`);
    return [
      item.name,
      `${operations(item.count)}, ${whole(item.flops)} FLOPs`,
      holds.join(", "),
      "its last value: " + valuesText(item.values),
    ];
  }
  const head = item.name ? `${item.name}: ${item.primitive}` : `${item.primitive} (%${item.node})`;
  return [head, `${shapeText(item.shape)} ${item.dtype}`, valuesText(item.values), item.line && `${item.line}: ${item.code}`].filter(
    Boolean,
  );
}

export interface Found {
  item: number;
  /** What was found, where it is inside a folded group. */
  inside: string;
  address: string;
}

const MOST = 40;

/** Items, and names inside of folded groups, that a few letters are found in. */
export function search(payload: GraphView, letters: string): Found[] {
  const wanted = letters.trim().toLowerCase();
  if (!wanted) return [];
  const found: Found[] = [];
  const has = (text: string): boolean => text.toLowerCase().includes(wanted);
  for (const item of payload.items) {
    const address = item.address ?? "";
    const kinds = Object.keys(item.holds ?? {});
    if (has(item.name) || has(item.primitive) || has(item.code) || address.toLowerCase() === wanted)
      found.push({ item: item.id, inside: "", address });
    else if (kinds.some(has)) found.push({ item: item.id, inside: kinds.filter(has).join(", "), address });
  }
  const holder = holders(payload);
  for (const [name, [value]] of Object.entries(payload.names ?? {})) {
    const item = holder.get(value);
    if (item === undefined || !isGroup(payload.items[item]!) || !has(name) || name === payload.items[item]!.name) continue;
    found.push({ item, inside: name, address: `activations.${name}` });
  }
  return found.slice(0, MOST);
}

/** Node -> the item that it is in. */
export function holders(payload: GraphView): Map<number, number> {
  const found = new Map<number, number>();
  for (const item of payload.items) for (const node of item.nodes ?? []) found.set(node, item.id);
  return found;
}
