// A plain layout by layers, which thousands of operations take in a moment.

/** Middles of the items, and for each line where it bends; none where it is straight. */
export interface Placed {
  at: Map<number, readonly [number, number]>;
  bends: Map<string, (readonly [number, number])[]>;
  width: number;
  height: number;
}

export type Links = readonly (readonly [number, number])[];
export type Sizes = readonly { width: number; height: number }[];

export const GAP = { x: 14, y: 30 };
const SWEEPS = 4;

/** Layers by the longest way from the beginning; in a layer, each stands near the mean of what it is joined to. */
export function plain(ids: readonly number[], links: Links, sizes: Sizes): Placed {
  const [into, out] = [neighbours(links, 1), neighbours(links, 0)];
  const rank = new Map<number, number>();
  const order = inOrder(ids, links);
  for (const id of order) rank.set(id, Math.max(0, ...(into.get(id) ?? []).map((before) => (rank.get(before) ?? -1) + 1)));
  for (const id of ids) {
    // What has nothing above it (a parameter, a constant) stands just above what uses it.
    const all = out.get(id) ?? [];
    const going = all.filter((user) => out.get(user)?.length); // those that lead on; the others follow them
    const users = going.length ? going : all;
    if (!into.get(id)?.length && users.length) rank.set(id, Math.max(0, Math.min(...users.map((user) => rank.get(user)!)) - 1));
  }
  for (const id of order) rank.set(id, Math.max(rank.get(id)!, ...(into.get(id) ?? []).map((before) => rank.get(before)! + 1)));
  const layers: number[][] = [];
  for (const id of ids) (layers[rank.get(id)!] ??= []).push(id);
  const x = new Map<number, number>();
  for (const layer of layers) spread(layer ?? [], sizes, x);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const isDown = sweep % 2 === 0;
    for (const layer of isDown ? layers : layers.toReversed()) {
      const wanted = new Map(
        (layer ?? []).map((id) => [id, mean(((isDown ? into : out).get(id) ?? []).map((other) => x.get(other)!)) ?? x.get(id)!]),
      );
      layer?.sort((a, b) => wanted.get(a)! - wanted.get(b)! || a - b);
      spread(layer ?? [], sizes, x);
    }
  }
  const at = new Map<number, readonly [number, number]>();
  const least = Math.min(...ids.map((id) => x.get(id)! - sizes[id]!.width / 2));
  layers.forEach((layer, k) => layer?.forEach((id) => at.set(id, [x.get(id)! - least + 6, k * (38 + GAP.y) + 25])));
  const width = Math.max(...ids.map((id) => at.get(id)![0] + sizes[id]!.width / 2 + 6), 0);
  return { at, bends: new Map(), width, height: layers.length * (38 + GAP.y) };
}

/** Side by side, around 0. */
function spread(layer: readonly number[], sizes: Sizes, x: Map<number, number>): void {
  const total = layer.reduce((sum, id) => sum + sizes[id]!.width + GAP.x, 0);
  let left = -total / 2;
  for (const id of layer) {
    x.set(id, left + sizes[id]!.width / 2);
    left += sizes[id]!.width + GAP.x;
  }
}

export function neighbours(links: Links, end: 0 | 1): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const link of links) {
    const [key, other] = [link[end], link[1 - end]!];
    const list = found.get(key);
    if (list) list.push(other);
    else found.set(key, [other]);
  }
  return found;
}

/** So that everything stands after what it is computed from, however the ids run; a circle of folded groups is cut. */
export function inOrder(ids: readonly number[], links: Links): number[] {
  const missing = new Map(ids.map((id) => [id, 0]));
  for (const [, to] of links) missing.set(to, (missing.get(to) ?? 0) + 1);
  const out = neighbours(links, 0);
  const ready = ids.filter((id) => missing.get(id) === 0);
  const order: number[] = [];
  const isDone = new Set<number>();
  const waiting = [...ids];
  let next = 0;
  while (order.length < ids.length) {
    if (!ready.length) {
      while (isDone.has(waiting[next]!)) next += 1;
      ready.push(waiting[next]!);
    }
    const id = ready.shift()!;
    if (isDone.has(id)) continue;
    isDone.add(id);
    order.push(id);
    for (const user of out.get(id) ?? []) {
      missing.set(user, missing.get(user)! - 1);
      if (missing.get(user) === 0 && !isDone.has(user)) ready.push(user);
    }
  }
  return order;
}

export const mean = (values: readonly number[]): number | null =>
  values.length ? values.reduce((sum, each) => sum + each, 0) / values.length : null;
