// The traced graph of a step: values going down on the left, error signals coming up on the right, layers folded or open.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { useComputed, type Signal } from "@preact/signals";
import type { GraphItem, GraphView } from "../contract";
import { Button, Controls } from "../draw/controls";
import { Legend } from "../draw/legend";
import { whole } from "../draw/number";
import { useWidth } from "../draw/size";
import { useTip } from "../draw/tip";
import { nodesOf } from "../state/address";
import type { Json } from "../state/hash";
import type { State } from "../state/state";
import { centred, drawn, fit, useCamera, zoomed, type Camera, type Frame } from "./graph_camera";
import { Details } from "./graph_details";
import { Drawn } from "./graph_drawn";
import { at as itemAt, beside, layout, sizeOf, type Dagre, type Layout } from "./graph_layout";
import { SearchField } from "./graph_search";
import { holders, isGroup, room, told } from "./graph_words";
import { lastAnswered } from "./step_query";
import { view, type Context } from "./view";

export default view<GraphView>({
  id: "graph",
  title: "Graph",
  pages: ["step", "network"],
  order: 40,
  closed: true,
  about: {
    sentence:
      "Every operation that computes the loss and its gradients. Values go down on the left; on the right the error signals come back up, each about beside the value whose derivative it is. Dashed lines are values that the backward half needs again.",
    formula: String.raw`g_v = \frac{\partial L}{\partial v}`,
    source: "src/downslope/views/graph.py",
    call: "run.at(step).probe.graph",
    keys: [
      ["← ↑ ↓ →", "to the next operation in this direction"],
      ["Enter", "select it in all views"],
      ["o", "open or fold its layer"],
      ["+ − 0", "closer, farther, all of it; the wheel does the same while the picture has the focus"],
      ["Shift ← ↑ ↓ →", "move the picture"],
    ],
  },
  query: (state) => {
    if (state.run.value === null) return null;
    const opened = openIn(state);
    return {
      view: "graph",
      run: state.run.value,
      step: lastAnswered(state),
      args: opened === null || state.available.value ? {} : { open: opened },
    };
  },
  empty: "Choose a run.",
  describe: (payload) =>
    `${whole(payload.n_nodes)} operations, drawn as ${whole(payload.items.length)} boxes; ${payload.not_finite ? `${whole(payload.not_finite)} have a NaN or an infinity.` : "all numbers are finite."}`,
  View: Picture,
});

type Opened = { of: string; groups: string[] } | null;

const opening = (state: State): Signal<Opened> => state.setting<Json>("graph", "open", null) as unknown as Signal<Opened>;

/** Names of the open groups of this run; null leaves it to the number of operations. */
function openIn(state: State): string[] | null {
  const found = opening(state).value;
  return found && found.of === state.run.value && Array.isArray(found.groups) ? found.groups.map(String) : null;
}

const open = (state: State, groups: readonly string[]): void => {
  opening(state).value = { of: state.run.peek() ?? "", groups: [...groups] };
};

/** As many as the server shows; above, only some groups can be open. */
const MOST_ITEMS = 4000;
const TALL = 580;
const CLOSER = 1.3;

function Picture({ payload, ctx }: { payload: GraphView; ctx: Context }) {
  const { state } = ctx;
  const tip = useTip();
  const svg = useRef<SVGSVGElement>(null);
  const [ref, width] = useWidth();
  const dagre = useDagre(ctx);
  const [cursor, point] = useState<number | null>(null);
  const [marked, mark] = useState<ReadonlySet<number>>(new Set());
  const { camera, handlers, moved } = useCamera(svg);
  // The same graph at another step has other numbers and the same places.
  const key =
    payload.items.map((item) => `${item.name}|${item.primitive}|${item.shape.join()}`).join(";") + (dagre === undefined ? "" : "!");
  const placed = useMemo<Layout | null>(
    () =>
      dagre === undefined
        ? null
        : layout(
            payload.items,
            payload.edges,
            payload.items.map((item) => sizeOf(room(item), isGroup(item) ? 20 : 0)),
            dagre,
          ),
    [key],
  );
  const holder = useMemo(() => holders(payload), [payload]);
  const marks = nodesOf(state.select.value, payload.names);
  const main = itemOf(marks.main, holder) ?? groupOf(state.select.value, payload.items);
  const other = itemOf(marks.other, holder);
  const frame: Frame = { width, height: width < 520 ? 420 : TALL };
  useEffect(() => {
    point(null); // other boxes, other numbers
    mark(new Set());
  }, [placed]);
  useEffect(() => {
    if (placed) camera.value = fit(placed, frame, middleOf(placed, main ?? payload.outputs[0] ?? 0));
  }, [placed, width]);
  useEffect(() => {
    if (placed && main !== null) camera.value = shown(camera.peek(), middleOf(placed, main), frame, placed);
  }, [main, placed]);
  const toggle = (group: string): void => {
    const isOpen = payload.open.includes(group);
    const more = payload.items
      .filter((item) => isGroup(item) && item.scope === group)
      .reduce((sum, item) => sum + item.count, payload.items.length);
    if (isOpen || more <= MOST_ITEMS) open(state, isOpen ? payload.open.filter((name) => name !== group) : [...payload.open, group]);
  };
  const select = (id: number): void => {
    const item = payload.items[id];
    if (item?.address) state.choose(item.address);
    point(id);
  };
  const at = cursor ?? main ?? 0;
  const press = (event: KeyboardEvent): void => {
    const ways: Record<string, readonly [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    const item = payload.items[at];
    if (way && event.shiftKey) camera.value = { ...camera.peek(), x: camera.peek().x - 60 * way[0], y: camera.peek().y - 60 * way[1] };
    else if (way && placed) {
      const next = beside(placed.places, at, way);
      point(next);
      camera.value = shown(camera.peek(), middleOf(placed, next), frame, placed);
    } else if (event.key === "Enter" || event.key === " ") select(at);
    else if (event.key === "o" && item) toggle(item.scope);
    else if (event.key === "+" || event.key === "=") camera.value = zoomed(camera.peek(), CLOSER, width / 2, frame.height / 2);
    else if (event.key === "-" || event.key === "−") camera.value = zoomed(camera.peek(), 1 / CLOSER, width / 2, frame.height / 2);
    else if (event.key === "0" && placed) camera.value = fit(placed, frame, null, true);
    else return;
    event.preventDefault();
  };
  /** Boxes that are drawn without words are found by their place. */
  const far = (event: MouseEvent): void => {
    if (!placed || moved() || !(event.target as Element).matches("[data-far]")) return;
    const box = svg.current!.getBoundingClientRect();
    const { zoom, x, y } = camera.peek();
    const found = itemAt(placed.places, (event.clientX - box.left - x) / zoom, (event.clientY - box.top - y) / zoom);
    if (found !== null) select(found);
  };
  const isFixed = state.available.value !== null;
  const canFold = !isFixed && payload.groups.length > 1;
  const now = payload.items[at];
  return (
    <>
      <Tools
        payload={payload}
        folds={canFold}
        state={state}
        onFound={mark}
        onItem={select}
        onZoom={(factor) => (camera.value = zoomed(camera.peek(), factor, width / 2, frame.height / 2))}
        onAll={() => placed && (camera.value = fit(placed, frame, null, true))}
      />
      <Legend
        entries={[
          { words: "values, forward", colour: "var(--first)", mark: "square" },
          { words: "error signals, backward (rounded)", colour: "var(--second)", mark: "square" },
          { words: "needed again going back", colour: "var(--soft)", mark: "dashed" },
        ]}
      />
      <div ref={ref} class="ds-plot ds-graph">
        <svg
          ref={svg}
          width={width}
          height={frame.height}
          viewBox={`0 0 ${width} ${frame.height}`}
          role="application"
          tabindex={0}
          aria-label={`${payload.title}. ${now ? `At ${told(now).join(", ")}` : ""}`}
          onKeyDown={press}
          onBlur={() => point(null)}
          onClick={far}
          {...handlers}
        >
          {placed ? (
            <Seen camera={camera}>
              <Near camera={camera} frame={frame}>
                {(seen) => (
                  <Drawn
                    seen={seen}
                    payload={payload}
                    placed={placed}
                    main={main}
                    other={other}
                    cursor={cursor}
                    marked={marked}
                    folds={canFold}
                    tip={tip}
                    onSelect={(id) => !moved() && select(id)}
                    onToggle={(group) => !moved() && toggle(group)}
                  />
                )}
              </Near>
            </Seen>
          ) : (
            <text x={width / 2} y={60} text-anchor="middle">
              …
            </text>
          )}
        </svg>
      </div>
      <Details
        item={main === null ? null : (payload.items[main] ?? null)}
        payload={payload}
        holder={holder}
        ctx={ctx}
        onToggle={canFold ? toggle : null}
      />
    </>
  );
}

interface ToolsProps {
  payload: GraphView;
  folds: boolean;
  state: State;
  onFound: (items: ReadonlySet<number>) => void;
  onItem: (id: number) => void;
  onZoom: (factor: number) => void;
  onAll: () => void;
}

function Tools({ payload, folds, state, onFound, onItem, onZoom, onAll }: ToolsProps) {
  return (
    <Controls label="What is seen of the graph">
      <SearchField
        payload={payload}
        onFound={(ids) => onFound(new Set(ids))}
        onChoose={(found) => (found.address ? (state.select.value = found.address) : onItem(found.item))}
      />
      {folds && (
        <>
          <Button onClick={() => open(state, [])} disabled={!payload.open.length}>
            fold all
          </Button>
          <Button
            onClick={() => open(state, payload.groups)}
            disabled={payload.open.length === payload.groups.length || payload.n_nodes > MOST_ITEMS}
          >
            open all
          </Button>
        </>
      )}
      <Button label="Closer" onClick={() => onZoom(CLOSER)}>
        +
      </Button>
      <Button label="Farther" onClick={() => onZoom(1 / CLOSER)}>
        −
      </Button>
      <Button onClick={onAll}>all of it</Button>
      {payload.culprit && <Button onClick={() => (state.select.value = payload.culprit!)}>the first NaN or ∞</Button>}
    </Controls>
  );
}

/** Only this is drawn anew while the picture is moved. */
function Seen({ camera, children }: { camera: Signal<Camera>; children: ComponentChildren }) {
  const { zoom, x, y } = camera.value;
  return (
    <g transform={`translate(${x} ${y}) scale(${zoom})`} class={zoom < 0.35 ? "ds-far" : ""}>
      {children}
    </g>
  );
}

/** Drawn anew where another part of the picture comes near. */
function Near({
  camera,
  frame,
  children,
}: {
  camera: Signal<Camera>;
  frame: Frame;
  children: (seen: ReturnType<typeof drawn>) => ComponentChildren;
}) {
  const key = useComputed(() => JSON.stringify(drawn(camera.value, frame)));
  const seen = useMemo(() => JSON.parse(key.value) as ReturnType<typeof drawn>, [key.value]);
  return <>{children(seen)}</>;
}

const middleOf = (placed: Layout, id: number): [number, number] => [placed.places[id]?.x ?? 0, placed.places[id]?.y ?? 0];

/** The camera moved so far that a place is inside the frame. */
function shown(camera: Camera, [x, y]: readonly [number, number], frame: Frame, picture: Frame): Camera {
  const [left, top] = [camera.zoom * x + camera.x, camera.zoom * y + camera.y];
  const isInside = left > 40 && left < frame.width - 40 && top > 24 && top < frame.height - 24;
  return isInside ? camera : centred(Math.max(camera.zoom, 0.5), [x, y], frame, picture);
}

const itemOf = (node: number | null, holder: ReadonlyMap<number, number>): number | null =>
  node === null ? null : (holder.get(node) ?? null);

/** A layer that is selected is its folded group. */
function groupOf(select: string | null, items: readonly GraphItem[]): number | null {
  return items.find((item) => isGroup(item) && item.name === select)?.id ?? null;
}

/** Undefined until it is there; null where it cannot be had. */
function useDagre(ctx: Context): Dagre | null | undefined {
  const [dagre, set] = useState<Dagre | null | undefined>(undefined);
  useEffect(() => {
    let wanted = true;
    ctx.library("dagre").then(
      (found) => wanted && set(found as Dagre),
      () => wanted && set(null),
    );
    return () => {
      wanted = false;
    };
  }, []);
  return dagre;
}
