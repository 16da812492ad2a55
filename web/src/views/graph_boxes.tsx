// The boxes of a graph with their words: as many as can be read at this zoom, never in smaller letters.
import type { GraphItem, GraphView } from "../contract";
import type { Tip } from "../draw/tip";
import { cut } from "./derivation_sum";
import type { Layout, Place } from "./graph_layout";
import { isGroup, linesOf, told } from "./graph_words";

export interface BoxesProps {
  items: readonly GraphItem[];
  payload: GraphView;
  placed: Layout;
  marked: ReadonlySet<number>;
  /** At most the true zoom. */
  zoom: number;
  folds: boolean;
  tip: Tip;
  onSelect: (id: number) => void;
  onToggle: (group: string) => void;
}

export function Boxes({ items, payload, placed, marked, zoom, folds, tip, onSelect, onToggle }: BoxesProps) {
  return (
    <>
      {items.map((item) => {
        const place = placed.places[item.id]!;
        if (!place.width) return null;
        const opens = folds && isGroup(item) && zoom >= NEAR;
        return (
          <g
            key={item.id}
            class="ds-node"
            data-node={item.node ?? item.name}
            transform={`translate(${place.x} ${place.y})`}
            {...tip.of(() => told(item))}
            onClick={() => onSelect(item.id)}
            onDblClick={() => folds && isGroup(item) && onToggle(item.scope)}
          >
            <Box item={item} place={place} isMarked={marked.has(item.id)} isOutput={payload.outputs.includes(item.id)} />
            <Words item={item} place={place} zoom={zoom} spare={opens ? 24 : 8} />
            {opens && <Fold x={place.width / 2 - 12} y={-place.height / 2 + 12} isOpen={false} onClick={() => onToggle(item.scope)} />}
          </g>
        );
      })}
    </>
  );
}

export function inkOf(item: GraphItem): "alarm" | "second" | "soft" | "first" {
  if ((item.values?.not_finite ?? 0) > 0) return "alarm";
  return item.backward ? "second" : item.primitive === "input" || item.primitive === "constant" ? "soft" : "first";
}

interface BoxProps {
  item: GraphItem;
  place: Place;
  isMarked: boolean;
  isOutput: boolean;
}

function Box({ item, place: { width, height }, isMarked, isOutput }: BoxProps) {
  const isBad = (item.values?.not_finite ?? 0) > 0;
  const ink = `var(--${inkOf(item)})`;
  const box = { x: -width / 2, y: -height / 2, width, height, rx: item.backward ? height / 2 : 4 };
  return (
    <>
      {isGroup(item) && <rect {...box} x={box.x + 4} y={box.y - 4} fill="var(--paper)" stroke={ink} stroke-opacity="0.5" />}
      <rect {...box} fill="var(--paper)" />
      <rect
        {...box}
        fill={isMarked ? "var(--series-4)" : ink}
        fill-opacity={isMarked ? 0.45 : isBad ? 0.25 : 0.1}
        stroke={ink}
        stroke-width={isOutput ? 2.4 : 1.2}
      />
      {isBad && <path d={`M${width / 2 - 14} ${-height / 2 + 5}l7 7m-7 0l7 -7`} stroke="var(--alarm)" stroke-width="1.8" />}
    </>
  );
}

const NEAR = 0.66; // where buttons on boxes can be hit
const LINE = 13; // pixels on the screen that a line of words needs
const LETTER = 6.1;

/** What of an item's words can be read in a box at a zoom: none to two lines. Its layer's name is the first to go. */
export function readable(item: GraphItem, place: Place, zoom: number, spare = 8): string[] {
  const lines = linesOf(item).slice(0, Math.floor((place.height * zoom) / LINE));
  const room = (k: number): number => Math.floor((place.width * Math.min(zoom, 1) - (k ? 6 : spare) * zoom) / LETTER);
  if (room(0) < 3) return [];
  return lines.map((line, k) => {
    const [, own] = !isGroup(item) && line.startsWith(`${item.scope}.`) ? line.split(/\.(.*)/s) : [];
    const short = own ?? (isGroup(item) && k ? line.replace("operation", "op") : line);
    return cut(line.length > room(k) ? short : line, room(k));
  });
}

function Words({ item, place, zoom, spare }: { item: GraphItem; place: Place; zoom: number; spare: number }) {
  const lines = readable(item, place, zoom, spare);
  // Letters keep their size on the screen, so farther away the lines are farther apart in the picture.
  const apart = Math.min(14.5 / Math.min(zoom, 1), 17);
  return (
    <>
      {lines.map((line, k) => (
        <text
          key={k}
          class={k ? "" : "ds-ink"}
          x={isGroup(item) && !k ? (8 - spare) / 2 : 0}
          y={(k - (lines.length - 1) / 2) * apart}
          dy="0.34em"
          text-anchor="middle"
        >
          {line}
        </text>
      ))}
    </>
  );
}

/** A small sign with room for a finger around it. */
export function Fold({ x, y, isOpen, onClick }: { x: number; y: number; isOpen: boolean; onClick: () => void }) {
  return (
    <g
      class="ds-fold"
      transform={`translate(${x} ${y})`}
      onClick={(event) => {
        event.stopPropagation();
        onClick();
      }}
    >
      <circle r={13} class="ds-touch" />
      <circle r={8} />
      <path d={isOpen ? "M-4 0h8" : "M-4 0h8M0 -4v8"} />
    </g>
  );
}

/** Never thinner on the screen than can be seen. */
export function Ring({ place, zoom, dashed = false, colour = "var(--ink)" }: { place: Place; zoom: number; dashed?: boolean; colour?: string }) {
  if (!place?.width) return null;
  const thick = Math.max(1, 0.5 / zoom);
  return (
    <rect
      x={place.x - place.width / 2 - 4}
      y={place.y - place.height / 2 - 4}
      width={place.width + 8}
      height={place.height + 8}
      rx={8}
      fill="none"
      stroke={colour}
      stroke-width={thick * (dashed ? 1.8 : 2.4)}
      pointer-events="none"
      {...(dashed ? { "stroke-dasharray": "5 3" } : {})}
    />
  );
}
