// The boxes and lines of a graph; drawn anew when a number or the selection changes, not when the picture is moved.
import { line as lineOf, curveBasis, curveBumpX } from "d3-shape";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { GraphItem, GraphView } from "../contract";
import type { Tip } from "../draw/tip";
import { cut } from "./derivation_sum";
import { crosses, isSeen, LOOSE, type Edge, type Layout, type Place, type Window } from "./graph_layout";
import { isGroup, linesOf, told } from "./graph_words";

export interface DrawnProps {
  payload: GraphView;
  placed: Layout;
  main: number | null;
  other: number | null;
  cursor: number | null;
  marked: ReadonlySet<number>;
  folds: boolean;
  /** What is drawn of a large graph. */
  seen: Window & { zoom: number };
  tip: Tip;
  onSelect: (id: number) => void;
  onToggle: (group: string) => void;
}

const MOST = 500; // boxes with words; more of them are drawn as plain rectangles

export function Drawn(props: DrawnProps): JSX.Element {
  const { payload, placed, main, other, cursor, marked, seen } = props;
  const isLarge = payload.items.length > MOST;
  const items = useMemo(
    () => (isLarge ? payload.items.filter((item) => isSeen(placed.places[item.id]!, seen)) : payload.items),
    [payload, placed, isLarge && seen],
  );
  const isFar = items.length > MOST;
  const hulls = useMemo(() => hullsOf(props), [payload, placed]);
  // What a folded group of inputs or constants is needed for, everywhere, would cover all else.
  const isLoose = (id: number): boolean => isGroup(payload.items[id]!) && LOOSE.includes(payload.items[id]!.scope);
  const lines = useMemo(() => {
    const edges = placed.edges.filter((edge) => !isLoose(edge.from) && (!isLarge || crosses(edge, seen)));
    return isFar ? <FarLines edges={edges} /> : <Lines edges={edges} />;
  }, [placed, isLarge && seen, isFar]);
  const boxes = useMemo(
    () => (isFar ? <FarBoxes {...props} items={items} /> : <Boxes {...props} items={items} />),
    [items, marked, props.folds],
  );
  return (
    <>
      <defs>
        {["first", "second", "soft"].map((name) => (
          <marker key={name} id={`ds-tip-${name}`} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">
            <path d="M0 0.6L8 4L0 7.4Z" fill={`var(--${name})`} />
          </marker>
        ))}
      </defs>
      {props.folds &&
        !isFar &&
        [...hulls].map(
          ([group, place]) => isSeen(place, seen) && <Hull key={group} group={group} place={place} onToggle={props.onToggle} />,
        )}
      {placed.middle !== null && (
        <line x1={placed.middle} x2={placed.middle} y1={0} y2={placed.height} stroke="var(--faint)" stroke-width="1.5" />
      )}
      {lines}
      {main !== null && <Lines edges={placed.edges.filter(({ from, to }) => from === main || to === main)} strong />}
      {boxes}
      {other !== null && other !== main && <Ring place={placed.places[other]!} zoom={seen.zoom} dashed />}
      {main !== null && <Ring place={placed.places[main]!} zoom={seen.zoom} />}
      {cursor !== null && cursor !== main && <Ring place={placed.places[cursor]!} zoom={seen.zoom} colour="var(--first)" />}
    </>
  );
}

/** Thousands of lines as three paths. */
function FarLines({ edges }: { edges: readonly Edge[] }) {
  return (
    <g fill="none" class="ds-lines">
      {(["across", "forward", "backward"] as const).map((kind) => (
        <path
          key={kind}
          stroke={`var(--${INK[kind]})`}
          d={edges
            .filter((edge) => edge.kind === kind)
            .map(({ points }) => `M${points[0]!.join(" ")}L${points.at(-1)!.join(" ")}`)
            .join("")}
        />
      ))}
    </g>
  );
}

/** Thousands of boxes as a few paths, without words. */
function FarBoxes({ items, placed, marked }: DrawnProps & { items: readonly GraphItem[] }) {
  const kinds: Record<string, string[]> = { soft: [], first: [], second: [], alarm: [], "series-4": [] };
  for (const item of items) {
    const { x, y, width, height } = placed.places[item.id]!;
    kinds[marked.has(item.id) ? "series-4" : inkOf(item)]!.push(`M${x - width / 2} ${y - height / 2}h${width}v${height}h${-width}z`);
  }
  return (
    <>
      {Object.entries(kinds).map(([name, boxes]) => (
        <path key={name} d={boxes.join("")} fill={`var(--${name})`} data-far={boxes.length} />
      ))}
    </>
  );
}

function inkOf(item: GraphItem): "alarm" | "second" | "soft" | "first" {
  if ((item.values?.not_finite ?? 0) > 0) return "alarm";
  return item.backward ? "second" : item.primitive === "input" || item.primitive === "constant" ? "soft" : "first";
}

const INK = { forward: "first", backward: "second", across: "soft" } as const;
const bend = lineOf<readonly [number, number]>().curve(curveBasis);
const sweep = lineOf<readonly [number, number]>().curve(curveBumpX);

function Lines({ edges, strong = false }: { edges: readonly Edge[]; strong?: boolean }) {
  return (
    <g fill="none" class={strong ? "ds-lines ds-strong" : "ds-lines"}>
      {edges.map((edge) => (
        <path
          key={`${edge.from}-${edge.to}`}
          d={pathOf(edge)}
          stroke={`var(--${INK[edge.kind]})`}
          {...(edge.kind === "across" ? { "stroke-dasharray": "4 3" } : {})}
          marker-end={`url(#ds-tip-${INK[edge.kind]})`}
        />
      ))}
    </g>
  );
}

const pathOf = (edge: Edge): string => (edge.kind === "across" ? sweep([...edge.points]) : bend([...edge.points])) ?? "";

function Boxes({ items, payload, placed, marked, folds, tip, onSelect, onToggle }: DrawnProps & { items: readonly GraphItem[] }) {
  return (
    <>
      {items.map((item) => {
        const place = placed.places[item.id]!;
        if (!place.width) return null;
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
            {folds && isGroup(item) && (
              <g
                class="ds-fold"
                transform={`translate(${place.width / 2 - 12} ${-place.height / 2 + 12})`}
                onClick={(event) => {
                  event.stopPropagation();
                  onToggle(item.scope);
                }}
              >
                <circle r={8} />
                <path d="M-4 0h8M0 -4v8" />
              </g>
            )}
          </g>
        );
      })}
    </>
  );
}

function Box({
  item,
  place: { width, height },
  isMarked,
  isOutput,
}: {
  item: GraphItem;
  place: Place;
  isMarked: boolean;
  isOutput: boolean;
}) {
  const isBad = (item.values?.not_finite ?? 0) > 0;
  const ink = `var(--${inkOf(item)})`;
  const lines = linesOf(item);
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
      {lines.map((line, k) => (
        <text
          key={k}
          class={k ? "" : "ds-ink"}
          x={isGroup(item) && !k ? -10 : 0}
          y={lines.length > 1 ? (k ? 9.5 : -5) : 0}
          dy="0.34em"
          text-anchor="middle"
          {...(k ? { "font-size": "10.5px" } : {})}
        >
          {cut(line, Math.max(Math.floor((width - (isGroup(item) && !k ? 34 : 8)) / 5.9), 4))}
        </text>
      ))}
      {isBad && <path d={`M${width / 2 - 14} ${-height / 2 + 5}l7 7m-7 0l7 -7`} stroke="var(--alarm)" stroke-width="1.8" />}
    </>
  );
}

/** Never thinner on the screen than can be seen. */
function Ring({ place, zoom, dashed = false, colour = "var(--ink)" }: { place: Place; zoom: number; dashed?: boolean; colour?: string }) {
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

/** The frame around the operations of each open layer. */
function hullsOf({ payload, placed }: DrawnProps): Map<string, Place> {
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
  return new Map(
    several.map(([group, { left, right, top, bottom }]) => [
      group,
      { x: (left + right) / 2, y: (top + bottom) / 2, width: right - left, height: bottom - top },
    ]),
  );
}

function Hull({ group, place: { x, y, width, height }, onToggle }: { group: string; place: Place; onToggle: (group: string) => void }) {
  return (
    <g class="ds-hull" transform={`translate(${x - width / 2} ${y - height / 2})`}>
      <rect width={width} height={height} rx={8} />
      <text x={2} y={-4}>
        {group}
      </text>
      <g class="ds-fold" transform={`translate(${width - 8} 8)`} onClick={() => onToggle(group)}>
        <circle r={8} />
        <path d="M-4 0h8" />
      </g>
    </g>
  );
}
