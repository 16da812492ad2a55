// The frames around the operations of each open layer, with their names: what is read of a graph from far away.
import type { GraphView } from "../contract";
import { cut } from "./derivation_sum";
import { Fold } from "./graph_boxes";
import { LOOSE, type Layout, type Place } from "./graph_layout";
import { isGroup } from "./graph_words";

const MOST = 500; // operations that a frame still tells something about

export interface Hull {
  group: string;
  place: Place;
}

export function hullsOf(payload: GraphView, placed: Layout): Hull[] {
  const found = new Map<string, { left: number; right: number; top: number; bottom: number; count: number }>();
  for (const item of payload.items) {
    const { x, y, width, height } = placed.places[item.id]!;
    if (!width || isGroup(item) || LOOSE.includes(item.scope)) continue;
    const old = found.get(item.scope) ?? { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity, count: 0 };
    found.set(item.scope, {
      left: Math.min(old.left, x - width / 2 - 8),
      right: Math.max(old.right, x + width / 2 + 8),
      top: Math.min(old.top, y - height / 2 - 11),
      bottom: Math.max(old.bottom, y + height / 2 + 8),
      count: old.count + 1,
    });
  }
  const several = [...found].filter(([, { count }]) => count > 1 && count <= MOST);
  return several.map(([group, { left, right, top, bottom }]) => ({
    group,
    place: { x: (left + right) / 2, y: (top + bottom) / 2, width: right - left, height: bottom - top },
  }));
}

const NEAR = 0.44; // farther, the operations have no words, and their layer's name stands in the middle of them

export function HullBox({ group, place, zoom, onToggle }: Hull & { zoom: number; onToggle: (group: string) => void }) {
  const { x, y, width, height } = place;
  const room = Math.floor((width * zoom) / 6.4);
  const isFar = zoom < NEAR;
  return (
    <g class="ds-hull" transform={`translate(${x - width / 2} ${y - height / 2})`}>
      <rect width={width} height={height} rx={8} />
      {!isFar && <Fold x={width - 8} y={8} isOpen onClick={() => onToggle(group)} />}
      {room > 2 && !isFar && (
        <text x={2} y={-4}>
          {cut(group, Math.max(room, 8))}
        </text>
      )}
    </g>
  );
}

/** Over the boxes, so that it can be read. */
export function HullName({ group, place, zoom }: Hull & { zoom: number }) {
  const room = Math.floor((place.width * zoom) / 6.4);
  if (zoom >= NEAR || room < 3 || place.height * zoom < 14) return null;
  return (
    <text class="ds-ink ds-hull-name" x={place.x} y={place.y} dy="0.34em" text-anchor="middle">
      {cut(group, room)}
    </text>
  );
}
