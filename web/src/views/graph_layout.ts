// Where the operations of a graph stand: the forward half goes down on the left, the backward half comes up on the right,
// so that an error signal is beside the value whose error it is.
import type { GraphItem } from "../contract";
import { GAP, mean, neighbours, plain, type Links, type Placed, type Sizes } from "./graph_plain";

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Edge {
  from: number;
  to: number;
  points: readonly (readonly [number, number])[];
  kind: "forward" | "backward" | "across";
}

export interface Layout {
  /** Middle of each item, in the order of the items. */
  places: Place[];
  edges: Edge[];
  width: number;
  height: number;
  /** Where the two halves are parted; null where there is one. */
  middle: number | null;
}

/** What is used of dagre. */
export interface Dagre {
  graphlib: { Graph: new (options?: object) => DagreGraph };
  layout(graph: DagreGraph): void;
}
interface DagreGraph {
  setGraph(options: object): void;
  setDefaultEdgeLabel(label: () => object): void;
  setNode(id: string, label: object): void;
  setParent(id: string, parent: string): void;
  setEdge(from: string, to: string, label?: object): void;
  node(id: string): { x: number; y: number };
  edge(from: string, to: string): { points: { x: number; y: number }[] };
  graph(): { width?: number; height?: number };
}

const LETTER = 6.6;
const BETWEEN = 90; // the two halves
const BETWEEN_NARROW = 40;
const MOST_FOR_DAGRE = 400; // above, its time grows to seconds

/** How large an item is drawn: as wide as its two lines need. spare: pixels for something beside the first of them. */
export function sizeOf(lines: readonly string[], spare = 0): { width: number; height: number } {
  const wide = Math.max(...lines.map((line, k) => line.length * LETTER + 18 + (k ? 0 : spare)));
  return { width: Math.min(Math.max(wide, 46), 200), height: lines.length > 1 ? 38 : 26 };
}

/** dagre null: a plain layout by layers, which thousands of operations take too. narrow: for a phone. */
export function layout(
  items: readonly GraphItem[],
  links: readonly (readonly [number, number])[],
  sizes: readonly { width: number; height: number }[],
  dagre: Dagre | null,
  narrow = false,
): Layout {
  const isBack = halvesOf(items, links);
  const isJoined = new Set(links.flat());
  const pulling = withoutLoose(items, links, isBack);
  const between = narrow ? BETWEEN_NARROW : BETWEEN;
  const halves = [false, true].map((back) => {
    // What nothing uses (the number of the step, say) is not drawn.
    const ids = items.map((item) => item.id).filter((id) => isBack[id] === back && (isJoined.has(id) || items.length === 1));
    const inside = pulling.filter(([a, b]) => isBack[a] === back && isBack[b] === back);
    // The backward half is laid out against its own direction: it begins at the loss, which is below.
    const down = back ? inside.map(([a, b]) => [b, a] as const) : inside;
    return {
      ids,
      ...(dagre && ids.length <= MOST_FOR_DAGRE
        ? byDagre(ids, down, sizes, dagre, (id) => items[id]!.scope, back ? 3 : 2)
        : plain(ids, down, sizes)),
    };
  });
  const forward = halves[0]!;
  const backward = aligned(halves[1]!, forward, pairs(items));
  const height = Math.max(forward.height, backward.height);
  const shift = forward.ids.length && backward.ids.length ? forward.width + between : 0;
  const places: Place[] = items.map(() => ({ x: 0, y: 0, width: 0, height: 0 }));
  for (const [half, dx] of [
    [forward, 0],
    [backward, shift],
  ] as const) {
    for (const id of half.ids)
      Object.assign(places[id]!, { ...sizes[id]!, x: half.at.get(id)![0] + dx, y: half.at.get(id)![1] + height - half.height });
  }
  const edges = links.map(([from, to]): Edge => {
    const kind = isBack[from] !== isBack[to] ? "across" : isBack[from] ? "backward" : "forward";
    const half = isBack[from] ? backward : forward;
    const bends = kind === "across" ? undefined : half.bends.get(isBack[from] ? `${to} ${from}` : `${from} ${to}`);
    const moved = bends?.map(([x, y]) => [x + (isBack[from] ? shift : 0), y + height - half.height] as const);
    const bent = (isBack[from] ? moved?.toReversed() : moved)?.slice(1, -1) ?? [];
    const [begin, end] = straight(places[from]!, places[to]!, kind);
    return { from, to, kind, points: kind === "across" ? [begin, end] : [begin, ...bent, end] };
  });
  return {
    places,
    edges,
    width: shift + (backward.ids.length ? backward.width : forward.width),
    height,
    middle: shift ? shift - between / 2 : null,
  };
}

/** A folded group of inputs or constants is needed everywhere: it stands where it is needed first, and pulls at no other. */
function withoutLoose(items: readonly GraphItem[], links: Links, isBack: readonly boolean[]): Links {
  const first = new Map<number, number>();
  for (const [from, to] of links) {
    if (isBack[from] === isBack[to] && isLoose(items[from]!) && !(first.get(from)! < to)) first.set(from, to);
  }
  return links.filter(([from, to]) => !isLoose(items[from]!) || first.get(from) === to);
}

/** Each item with the one that holds its adjoint; of folded layers the two halves. */
function pairs(items: readonly GraphItem[]): [number, number][] {
  const holder = new Map<number, number>();
  const groups = new Map<string, number>();
  for (const item of items) {
    for (const node of item.nodes ?? []) holder.set(node, item.id);
    if (item.node === null) groups.set(item.name, item.id);
  }
  return items.flatMap((item): [number, number][] => {
    const other = item.node === null ? groups.get(`${item.name} backward`) : item.adjoint === null ? undefined : holder.get(item.adjoint);
    return other === undefined ? [] : [[item.id, other]];
  });
}

/** The backward half drawn out upward from the loss, so that an error signal is not below the value whose error it is. */
function aligned(half: Half, forward: Half, known: readonly (readonly [number, number])[]): Half {
  if (!half.ids.length || !forward.ids.length) return half;
  const wanted = new Map<number, number[]>(); // height in this half -> heights above the forward half's end
  for (const [value, adjoint] of known) {
    const [own, other] = [half.at.get(adjoint), forward.at.get(value)];
    if (own && other) wanted.set(own[1], [...(wanted.get(own[1]) ?? []), forward.height - other[1]]);
  }
  const rows = [...new Set([...half.at.values()].map(([, y]) => y))].sort((a, b) => b - a);
  const above: number[] = [];
  rows.forEach((y, k) => {
    const least = k ? above[k - 1]! + rows[k - 1]! - y : half.height - y;
    above.push(Math.max(least, mean(wanted.get(y) ?? []) ?? least));
  });
  const height = Math.max(above.at(-1)! + rows.at(-1)!, half.height);
  const moved = (y: number): number => {
    const k = Math.max(
      rows.findIndex((row) => row <= y),
      0,
    );
    const before = Math.max(k - 1, 0);
    if (rows[k] === y || before === k) return height - above[k]! + (y - rows[k]!);
    const part = (rows[before]! - y) / (rows[before]! - rows[k]!);
    return height - (above[before]! + part * (above[k]! - above[before]!));
  };
  const at = new Map([...half.at].map(([id, [x, y]]) => [id, [x, moved(y)] as const]));
  const bends = new Map([...half.bends].map(([name, points]) => [name, points.map(([x, y]) => [x, moved(y)] as const)]));
  return { ...half, at, bends, height };
}

/** Whether an item stands in the backward half: also a constant that is used there alone. */
function halvesOf(items: readonly GraphItem[], links: Links): boolean[] {
  const isBack = items.map((item) => item.backward);
  const out = neighbours(links, 0);
  for (const item of items) {
    const users = out.get(item.id) ?? [];
    if (item.primitive === "constant" && users.length && users.every((user) => items[user]!.backward)) isBack[item.id] = true;
  }
  return isBack;
}

interface Half extends Placed {
  ids: number[];
}

function byDagre(ids: readonly number[], links: Links, sizes: Sizes, dagre: Dagre, scope: (id: number) => string, apart: number): Placed {
  const graph = new dagre.graphlib.Graph({ compound: true });
  graph.setGraph({ rankdir: "TB", nodesep: GAP.x, ranksep: GAP.y, edgesep: 8, marginx: 6, marginy: 6 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of ids) graph.setNode(String(id), { ...sizes[id]! });
  // The operations of a layer stay together, with room for its frame.
  const members = new Map<string, number[]>();
  for (const id of ids) members.set(scope(id), [...(members.get(scope(id)) ?? []), id]);
  for (const [name, own] of members) {
    if (own.length < 2 || LOOSE.includes(name)) continue;
    graph.setNode(`group ${name}`, {});
    for (const id of own) graph.setParent(String(id), `group ${name}`);
  }
  // Layers stand one below the other, and not in steps side by side: between them there is room for what hangs on one alone.
  for (const [from, to] of links) {
    const isInside = scope(from) === scope(to) || LOOSE.includes(scope(from)) || LOOSE.includes(scope(to));
    graph.setEdge(String(from), String(to), isInside ? {} : { minlen: apart, weight: 3 });
  }
  dagre.layout(graph);
  const at = new Map(ids.map((id) => [id, [graph.node(String(id)).x, graph.node(String(id)).y] as const]));
  const bends = new Map(
    links.map(([from, to]) => [`${from} ${to}`, graph.edge(String(from), String(to)).points.map(({ x, y }) => [x, y] as const)]),
  );
  return { at, bends, width: graph.graph().width ?? 0, height: graph.graph().height ?? 0 };
}

/** Groups that are no layers: what they hold stands where it is used. */
export const LOOSE = ["inputs", "constants"];

/** Whether it is such a group, folded: lines from it would cover all else. */
export const isLoose = (item: GraphItem): boolean => item.node === null && LOOSE.includes(item.scope);

/** From the edge of one box to the edge of the other. */
function straight(from: Place, to: Place, kind: Edge["kind"]): [[number, number], [number, number]] {
  if (kind === "across") {
    const side = to.x >= from.x ? 1 : -1;
    return [
      [from.x + (side * from.width) / 2, from.y],
      [to.x - (side * to.width) / 2, to.y],
    ];
  }
  const way = to.y >= from.y ? 1 : -1;
  return [
    [from.x, from.y + (way * from.height) / 2],
    [to.x, to.y - (way * to.height) / 2],
  ];
}

/** A part of the picture. */
export interface Window {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Whether a box or a line between two boxes has to do with a part of the picture. */
export const isSeen = ({ x, y, width, height }: Place, seen: Window): boolean =>
  width > 0 && x + width / 2 > seen.left && x - width / 2 < seen.right && y + height / 2 > seen.top && y - height / 2 < seen.bottom;

export function crosses({ points }: Edge, seen: Window): boolean {
  const [a, b] = [points[0]!, points.at(-1)!];
  return (
    Math.max(a[0], b[0]) > seen.left &&
    Math.min(a[0], b[0]) < seen.right &&
    Math.max(a[1], b[1]) > seen.top &&
    Math.min(a[1], b[1]) < seen.bottom
  );
}

/** The item at a point of the picture, or the nearest one within a finger's breadth; null where there is none. */
export function at(places: readonly Place[], x: number, y: number, breadth = 0): number | null {
  let found: number | null = null;
  let least = breadth;
  places.forEach((place, id) => {
    if (!place.width) return;
    const off = Math.max(Math.abs(place.x - x) - place.width / 2, Math.abs(place.y - y) - place.height / 2, 0);
    if (off < least || (off === 0 && found === null)) [least, found] = [off, id];
  });
  return found;
}

/** The middle of a frame (in the picture's units) with an item in it, and to its left and right as many others as can be. */
export function among(places: readonly Place[], id: number, width: number, height: number): [number, number] {
  const own = places[id]!;
  const near = places.filter((place) => place.width && Math.abs(place.y - own.y) < height);
  let best: readonly Place[] = [own];
  for (const { x, width: wide } of near) {
    const left = x - wide / 2;
    const held = near.filter((place) => place.x - place.width / 2 >= left && place.x + place.width / 2 <= left + width);
    if (held.includes(own) && held.length > best.length) best = held;
  }
  const left = Math.min(...best.map((place) => place.x - place.width / 2));
  const right = Math.max(...best.map((place) => place.x + place.width / 2));
  return [(left + right) / 2, own.y];
}

/** The item beside another one, in a direction of the arrow keys; itself where there is none. */
export function beside(places: readonly Place[], from: number, way: readonly [number, number]): number {
  const here = places[from]!;
  let best = from;
  let least = Infinity;
  places.forEach((place, id) => {
    const [dx, dy] = [place.x - here.x, place.y - here.y];
    const along = dx * way[0] + dy * way[1];
    const off = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
    if (id === from || along < 6 || !place.width) return;
    const cost = along + 2.2 * off;
    if (cost < least) [least, best] = [cost, id];
  });
  return best;
}
