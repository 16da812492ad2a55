// What is selected, read: the address that all views share, and what it is in a graph, in a network, in a derivation.

export type Kind = "grads" | "errors" | "activations" | "updates";

export interface Address {
  /** What of it is meant: its gradient, error signal, value or update; null where the address leaves it open. */
  kind: Kind | null;
  /** "dense1.w", "dense1", "dense1.z"; of a value without a name "%17". */
  name: string;
  /** One number an axis; null for the whole array. */
  place: readonly number[] | null;
}

/** "errors.dense1.z[3, 2]" -> errors, dense1.z, [3, 2]. */
export function parse(address: string): Address {
  const [, kind = null, name = "", place] =
    /^(?:(grads|errors|activations|updates)\.)?([^[]*)(?:\[([^\]]*)\]?)?$/.exec(address.trim()) ?? [];
  const numbers =
    place === undefined
      ? null
      : place
          .split(",")
          .filter((word) => word.trim())
          .map(Number);
  return { kind: kind as Kind | null, name: name.trim(), place: numbers?.every(Number.isInteger) ? numbers : null };
}

export function write({ kind, name, place }: Address): string {
  return `${kind ? `${kind}.` : ""}${name}${place?.length ? `[${place.join(", ")}]` : ""}`;
}

/** Whether it is a parameter or one of its entries: the only names with a gradient and an update. */
export const isParameter = ({ kind, name }: Address): boolean =>
  kind === "grads" || kind === "updates" || (kind === null && name.includes("."));

/** Where it is in a network: the layer, and the unit and the place in the mini-batch where it names them. */
export function unitOf(address: string): { layer: string; unit: number | null; row: number | null } {
  const found = parse(address);
  const place = found.place ?? [];
  const layer = found.name.split(".")[0] ?? "";
  const isOne = place.length === 1 || isParameter(found);
  return { layer, unit: place.at(-1) ?? null, row: isOne ? null : (place[0] ?? null) };
}

/** What explains it, in the words of `step.explain`: of a unit its value for one row of the mini-batch. */
export function explaining(address: string, row: number | null): string {
  const found = parse(address);
  const isUnit = found.kind === null && !found.name.includes(".") && found.place?.length === 1;
  return isUnit ? write({ kind: "activations", name: found.name, place: [row ?? 0, found.place![0]!] }) : address;
}

/** Name -> the node of the value and the node of its adjoint, as payloads of graph and program have them. */
export type Names = { readonly [name: string]: readonly [number, number | null] };

export interface Marked {
  /** The node that is meant; null where the graph has none of that name. */
  main: number | null;
  /** Its counterpart in the other half: the adjoint of a value, the value of an adjoint. */
  other: number | null;
}

/** What an address is in a traced graph. */
export function nodesOf(address: string | null, names: Names = {}): Marked {
  if (address === null) return { main: null, other: null };
  const found = parse(address);
  const number = /^%(\d+)$/.exec(found.name);
  if (number) return { main: Number(number[1]), other: null };
  const pair = names[found.name];
  if (!pair) return { main: null, other: null };
  const [value, adjoint] = pair;
  if (adjoint !== null && (found.kind === "errors" || isParameter(found))) return { main: adjoint, other: value };
  return { main: value, other: adjoint };
}

/** The place of the k-th number of an array, row by row. */
export function placeOf(k: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  let rest = k;
  for (const length of [...shape].reverse()) {
    place.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return place;
}
