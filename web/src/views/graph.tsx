// The traced graph of a step: values going down on the left, error signals coming up on the right, layers folded or open.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { GraphItem, GraphView } from "../contract";
import { Legend } from "../draw/legend";
import { whole } from "../draw/number";
import { useWidth } from "../draw/size";
import { useTip } from "../draw/tip";
import { nodesOf } from "../state/address";
import { fit, shown, useCamera, zoomed, type Frame } from "./graph_camera";
import { Details } from "./graph_details";
import { Drawn } from "./graph_drawn";
import { among, at as itemAt, beside, type Layout } from "./graph_layout";
import { argsOf, isNarrow, toggle } from "./graph_open";
import { usePlaced } from "./graph_placed";
import { Near, Overview, Seen } from "./graph_seen";
import { CLOSER, Tools } from "./graph_tools";
import { holders, isGroup, told } from "./graph_words";
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
    return { view: "graph", run: state.run.value, step: lastAnswered(state), args: argsOf(state) };
  },
  empty: "Choose a run.",
  describe: (payload) =>
    `${whole(payload.n_nodes)} operations, drawn as ${whole(payload.items.length)} boxes; ${payload.not_finite ? `${whole(payload.not_finite)} have a NaN or an infinity.` : "all numbers are finite."}`,
  View: Picture,
});

const TALL = 580;
const SHORT = 420; // on a phone
const FINGER = 14; // pixels beside a box that still hit it

function Picture({ payload, ctx }: { payload: GraphView; ctx: Context }) {
  const { state } = ctx;
  const tip = useTip();
  const svg = useRef<SVGSVGElement>(null);
  const [ref, width] = useWidth();
  const [cursor, point] = useState<number | null>(null);
  const [marked, mark] = useState<ReadonlySet<number>>(new Set());
  const { camera, handlers, moved } = useCamera(svg);
  const placed = usePlaced(payload, ctx, isNarrow(width));
  const holder = useMemo(() => holders(payload), [payload]);
  const marks = nodesOf(state.select.value, payload.names);
  const main = itemOf(marks.main, holder) ?? groupOf(state.select.value, payload.items);
  const other = itemOf(marks.other, holder);
  const frame: Frame = { width, height: isNarrow(width) ? SHORT : TALL };
  useEffect(() => {
    point(null); // other boxes, other numbers
    mark(new Set());
  }, [placed]);
  useEffect(() => {
    const first = main ?? payload.outputs[0] ?? 0;
    if (placed?.places[first]) camera.value = fit(placed, frame, among(placed.places, first, frame.width, frame.height));
  }, [placed, width]);
  useEffect(() => {
    if (placed && main !== null) camera.value = shown(camera.peek(), middleOf(placed, main), frame, placed);
  }, [main, placed]);
  const fold = (group: string): void => toggle(state, payload, group);
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
    else if (event.key === "o" && item) fold(item.scope);
    else if (event.key === "+" || event.key === "=") camera.value = zoomed(camera.peek(), CLOSER, width / 2, frame.height / 2);
    else if (event.key === "-" || event.key === "−") camera.value = zoomed(camera.peek(), 1 / CLOSER, width / 2, frame.height / 2);
    else if (event.key === "0" && placed) camera.value = fit(placed, frame, null, true);
    else return;
    event.preventDefault();
  };
  /** A press beside all boxes hits the nearest one, within a finger's breadth: small boxes, and those drawn without words. */
  const far = (event: MouseEvent): void => {
    if (!placed || moved() || (event.target as Element).closest(".ds-node, .ds-fold")) return;
    const box = svg.current!.getBoundingClientRect();
    const { zoom, x, y } = camera.value;
    const found = itemAt(placed.places, (event.clientX - box.left - x) / zoom, (event.clientY - box.top - y) / zoom, FINGER / zoom);
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
                    onToggle={(group) => !moved() && fold(group)}
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
        {placed && <Overview payload={payload} placed={placed} camera={camera} frame={frame} />}
      </div>
      <Details
        item={main === null ? null : (payload.items[main] ?? null)}
        payload={payload}
        holder={holder}
        ctx={ctx}
        onToggle={canFold ? fold : null}
      />
    </>
  );
}

const middleOf = (placed: Layout, id: number): [number, number] => [placed.places[id]?.x ?? 0, placed.places[id]?.y ?? 0];

const itemOf = (node: number | null, holder: ReadonlyMap<number, number>): number | null =>
  node === null ? null : (holder.get(node) ?? null);

/** A layer that is selected is its folded group. */
function groupOf(select: string | null, items: readonly GraphItem[]): number | null {
  return items.find((item) => isGroup(item) && item.name === select)?.id ?? null;
}
