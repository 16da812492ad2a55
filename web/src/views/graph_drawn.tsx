// The boxes and lines of a graph; drawn anew when a number or the selection changes, not when the picture is moved.
import { line as lineOf, curveBasis, curveBumpX } from "d3-shape";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { GraphItem, GraphView } from "../contract";
import type { Tip } from "../draw/tip";
import { Boxes, inkOf, Ring } from "./graph_boxes";
import { HullBox, HullName, hullsOf } from "./graph_hulls";
import { crosses, isLoose, isSeen, type Edge, type Layout, type Window } from "./graph_layout";

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
  const hulls = useMemo(() => hullsOf(payload, placed), [payload, placed]).filter(({ place }) => isSeen(place, seen));
  const lines = useMemo(() => {
    const edges = placed.edges.filter((edge) => !isLoose(payload.items[edge.from]!) && (!isLarge || crosses(edge, seen)));
    return isFar ? <FarLines edges={edges} /> : <Lines edges={edges} />;
  }, [placed, isLarge && seen, isFar]);
  const boxes = useMemo(
    () => (isFar ? <FarBoxes {...props} items={items} /> : <Boxes {...props} zoom={seen.zoom} items={items} />),
    [items, marked, props.folds, seen.zoom],
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
        hulls.map((hull) => <HullBox key={hull.group} {...hull} zoom={seen.zoom} onToggle={props.onToggle} />)}
      {placed.middle !== null && (
        <line x1={placed.middle} x2={placed.middle} y1={0} y2={placed.height} stroke="var(--faint)" stroke-width="1.5" />
      )}
      {lines}
      {main !== null && <Lines edges={placed.edges.filter(({ from, to }) => from === main || to === main)} strong />}
      {boxes}
      {hulls.map((hull) => (
        <HullName key={hull.group} {...hull} zoom={seen.zoom} />
      ))}
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
        <path key={name} d={boxes.join("")} fill={`var(--${name})`} />
      ))}
    </>
  );
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
