// A step of a network: values going forward, the loss, error signals coming back, the update; each number to be selected.
import { useComputed, useSignal, useSignalEffect, type Signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { BoundaryView, NetworkView } from "../contract";
import { Choice, Controls, Stepper, Toggle } from "../draw/controls";
import { Legend } from "../draw/legend";
import { number, whole } from "../draw/number";
import { useWidth } from "../draw/size";
import { coloursOf } from "../draw/theme";
import { painters } from "../draw/svg_context";
import { useTip } from "../draw/tip";
import { Details, factsOf } from "./network_details";
import { Flow } from "./network_controls";
import { placed, REST, seenAt, stagesOf } from "./network_flow";
import { addressOf, found, hit, layoutOf, middle, moved, MOST_CIRCLES, edge, along, type Hit, type Layout } from "./network_layout";
import { Images, type Quantity } from "./network_look";
import { mapsOf } from "./network_maps";
import { paint } from "./network_paint";
import { view, type Context } from "./view";

const MOST = 64; // units of a layer that are asked for, to be folded into heat maps
const SETTLED = 600; // milliseconds without another payload
const PLANE_REST = 250; // milliseconds between two questions for activation maps, which take the lab longer than the network itself
const PLANE_REST_TRAINING = 1_500; // and while the training needs the machine too

export default view<NetworkView>({
  id: "network",
  title: "Network",
  pages: ["network"],
  order: 5,
  wide: true,
  about: {
    sentence:
      "One step of the network: what each unit hands on, and how much the loss would change with it. Play it to see the values go forward, the loss, the error signals come back, and the update.",
    formula: String.raw`\delta_j = \frac{\partial L}{\partial z_j}, \qquad \frac{\partial L}{\partial w_{ij}} = h_i\,\delta_j, \qquad \frac{\partial L}{\partial h_i} = \sum_j w_{ij}\,\delta_j`,
    source: "src/downslope/views/network.py",
    call: "ds.plot.flow(run.at(step))",
    keys: [
      ["← → ↑ ↓", "from unit to unit"],
      ["Page ↑ ↓", "through the edges that lead into a unit"],
      ["Enter", "select it in all views"],
      ["Esc", "select nothing"],
      ["Space", "play the step, or pause"],
      [", .", "one stage back, one stage on"],
    ],
  },
  query: (state) => {
    if (state.run.value === null) return null;
    const row = state.setting<number | null>("network", "row", null).value;
    const folds = state.setting("network", "fold", true).value && state.available.value === null;
    const args = { ...(folds ? { most: MOST } : {}), ...(row === null ? {} : { row }) };
    return { view: "network", run: state.run.value, ...(state.at.value > 0 ? { step: state.at.value } : {}), args };
  },
  empty: "Press Train, or choose a run.",
  describe: (payload) => {
    const layers = payload.layers.map((layer) => `${layer.label} with ${layer.n}`).join(", ");
    const bad = payload.not_finite ? ` ${whole(payload.not_finite)} numbers are not finite.` : "";
    return `Step ${whole(payload.step)}, ${payload.of}. Layers: ${layers}. Loss ${number(payload.loss)}; ${payload.rule}.${bad}`;
  },
  View: Picture,
});

function Picture({ payload, ctx }: { payload: NetworkView; ctx: Context }) {
  const { state } = ctx;
  const quantity = state.setting<Quantity>("network", "edges", "weight");
  const fold = state.setting("network", "fold", true);
  const asMaps = state.setting("network", "maps", true);
  const row = state.setting<number | null>("network", "row", null);
  const kept = state.setting<number | null>("network", "moment", null);
  const [ref, width] = useWidth();
  const last = stagesOf(payload).length;
  const moment = useSignal(kept.peek() ?? REST);
  const layout = useMemo(() => layoutOf(payload, width, fold.value && state.available.value === null), [payload, width, fold.value]);
  const isLarge = payload.layers.some((layer) => layer.n > MOST_CIRCLES);
  const isPlane = payload.layers[0]!.n <= 2 && (payload.wires[0]?.weights.length ?? 0) > 0; // a channel of images is no axis
  const isPlaying = useSignal(false);
  return (
    <>
      <Controls label="What is seen of the network">
        <Choice
          label="edges"
          value={quantity.value}
          words={[
            ["weight", "weights"],
            ["gradient", "gradients"],
            ["update", "updates"],
          ]}
          onInput={(word) => (quantity.value = word)}
        />
        {isPlane && <Toggle label="units as maps of the plane" value={asMaps.value} onInput={(on) => (asMaps.value = on)} />}
        {isLarge && state.available.value === null && (
          <Toggle label="large layers as heat maps" value={fold.value} onInput={(on) => (fold.value = on)} />
        )}
        {payload.n_rows > 1 && <Toggle label="one row" value={row.value !== null} onInput={(on) => (row.value = on ? 0 : null)} />}
        {row.value !== null && (
          <Stepper label="row" value={row.value} low={0} high={Math.max(payload.n_rows - 1, 0)} onInput={(k) => (row.value = k)} />
        )}
        <span class="ds-note">{payload.of}</span>
      </Controls>
      <Flow
        payload={payload}
        moment={moment}
        isPlaying={isPlaying}
        onRest={(p) => (kept.value = p >= last ? null : Math.round(p * 100) / 100)}
      />
      <div ref={ref} class="ds-plot">
        <Canvas {...{ payload, ctx, layout, moment, quantity: quantity.value, isPlaying, maps: isPlane && asMaps.value, last }} />
      </div>
      <Legend
        entries={[
          { words: "positive", colour: "var(--first)" },
          { words: "negative", colour: "var(--second)", mark: "dashed" },
        ]}
      />
      <p class="ds-note">
        Width and strength of an edge follow the root of its size, on one scale for all layers. Inside a unit{" "}
        {isPlane && asMaps.value ? "what it answers over the plane of the inputs" : "its value"}, beside it the error signal: upwards when
        positive.
      </p>
      <Selected payload={payload} ctx={ctx} />
    </>
  );
}

function Selected({ payload, ctx }: { payload: NetworkView; ctx: Context }) {
  return <Details payload={payload} hit={found(payload, ctx.state.select.value)} ctx={ctx} />;
}

interface CanvasProps {
  payload: NetworkView;
  ctx: Context;
  layout: Layout;
  moment: Signal<number>;
  quantity: Quantity;
  isPlaying: Signal<boolean>;
  maps: boolean;
  last: number;
}

function Canvas({ payload, ctx, layout, moment, quantity, isPlaying, maps, last }: CanvasProps) {
  const { state } = ctx;
  const canvas = useRef<HTMLCanvasElement>(null);
  const tip = useTip();
  const pointed = useSignal<Hit | null>(null);
  const images = useMemo(() => new Images(), [payload, state.isDark.value]);
  const plane = usePlane(payload, ctx, maps);
  const chosen = useComputed(() => state.select.value);
  const isDark = state.isDark.value;
  // At rest finer than the screen, for pictures that are kept; a picture that the next one replaces at once is not worth it.
  const isFollowing = state.step.value === null && state.trains.value;
  const ratio = Math.max(globalThis.devicePixelRatio ?? 1, useRest(payload) && !isFollowing ? 1.5 : 1);
  const unitMaps = useMemo(
    () => (plane && canvas.current ? mapsOf(plane, payload, coloursOf(canvas.current)) : null),
    [plane, isDark, canvas.current],
  );

  const draw = (): void => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(element);
    const look = {
      payload,
      layout,
      quantity,
      images,
      maps: unitMaps,
      seen: seenAt(payload, Math.min(moment.value, last)),
      resting: moment.value >= last,
      chosen: found(payload, chosen.value),
      pointed: pointed.value,
      colours: coloursOf(element),
      font: style.fontFamily,
    };
    paint(context, look);
    painters.set(element, (other) => paint(other, look)); // a file of it holds vectors
  };
  const latest = useRef(draw);
  latest.current = draw;
  useSignalEffect(() => {
    void [moment.value, chosen.value, pointed.value];
    latest.current();
  });
  useEffect(draw);

  const place = (event: MouseEvent): Hit | null => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    return hit(layout, event.clientX - box.left, event.clientY - box.top);
  };
  const tell = (what: Hit | null, x?: number, y?: number): void => {
    pointed.value = what;
    const box = canvas.current?.getBoundingClientRect();
    if (!what || !box) {
      tip.hide();
      return;
    }
    const { title, facts } = factsOf(payload, what);
    const [px, py] = x !== undefined && y !== undefined ? [x, y] : where(layout, what, box);
    tip.at(px, py, [title, ...facts.map(([name, said]) => `${name} ${said}`)]);
  };
  const key = (event: KeyboardEvent): void => {
    const now = pointed.peek() ?? found(payload, state.select.peek());
    const next = moved(payload, now, event.key);
    if (next) tell(next);
    else if (event.key === "Enter" && pointed.peek()) state.choose(addressOf(payload, pointed.peek()!));
    else if (event.key === "Escape") {
      state.select.value = null;
      tell(null);
    } else if (event.key === " ") isPlaying.value = !isPlaying.peek();
    else if (event.key === "," || event.key === ".") {
      isPlaying.value = false;
      moment.value = placed(event.key === "," ? Math.ceil(Math.min(moment.peek(), last)) - 1 : Math.floor(moment.peek()) + 1, last);
    } else return;
    event.preventDefault();
  };
  const click = (event: MouseEvent): void => {
    const what = place(event);
    if (what) state.choose(addressOf(payload, what));
    else state.select.value = null;
  };
  return (
    <>
      <canvas
        ref={canvas}
        class="ds-network"
        width={Math.round(layout.width * ratio)}
        height={Math.round(layout.height * ratio)}
        style={{ width: `${layout.width}px`, height: `${layout.height}px` }}
        role="application"
        tabindex={0}
        aria-label={`Network of ${payload.layers.length} layers at step ${whole(payload.step)}; arrow keys go from unit to unit`}
        onKeyDown={key}
        onClick={click}
        onPointerMove={(event) => tell(place(event), event.clientX, event.clientY)}
        onPointerLeave={() => tell(null)}
        onBlur={() => tell(null)}
      />
      <Spoken payload={payload} pointed={pointed} />
    </>
  );
}

/** What the keyboard points at, for those who do not see it. */
function Spoken({ payload, pointed }: { payload: NetworkView; pointed: Signal<Hit | null> }) {
  const what = pointed.value;
  const said = what ? factsOf(payload, what) : null;
  return (
    <span class="ds-hidden" aria-live="polite">
      {said ? `${said.title}: ${said.facts.map((fact) => fact.join(" ")).join(", ")}` : ""}
    </span>
  );
}

/** Where on the screen something is, for the tip of the keyboard. */
function where(layout: Layout, what: Hit, box: DOMRect): [number, number] {
  if (what.kind === "unit") {
    const column = layout.columns[what.layer]!;
    const [x, y] = middle(column, what.unit);
    return [box.left + x + column.r, box.top + y];
  }
  const ribbon = layout.ribbons[what.wire]!;
  if (ribbon.kind === "lines") {
    const [x, y] = along(edge(layout, ribbon, what.from, what.to), 0.5);
    return [box.left + x, box.top + y];
  }
  const { weights } = ribbon.wire;
  const x = ribbon.x + ((what.to + 0.5) * ribbon.width) / (weights[0]?.length ?? 1);
  return [box.left + x, box.top + ribbon.y + ((what.from + 0.5) * ribbon.height) / weights.length];
}

/** Whether the same payload has been drawn for a while. */
function useRest(payload: NetworkView): boolean {
  const [rested, rest] = useState<NetworkView | null>(null);
  useEffect(() => {
    const timer = setTimeout(rest, SETTLED, payload);
    return () => clearTimeout(timer);
  }, [payload]);
  return rested === payload;
}

/** The activation maps of the same step; the last ones stay until the next are there, and the next are not asked for with every step. */
function usePlane(payload: NetworkView, ctx: Context, wanted: boolean): BoundaryView | null {
  const { state } = ctx;
  const [plane, set] = useState<BoundaryView | null>(null);
  const asked = useRef({ at: -Infinity, turn: 0 });
  const run = state.run.value;
  useEffect(() => {
    if (!wanted || run === null) return undefined;
    const last = asked.current;
    const rest = state.step.peek() === null && state.trains.peek() ? PLANE_REST_TRAINING : PLANE_REST;
    const ask = (): void => {
      const turn = (last.turn += 1);
      last.at = performance.now();
      ctx.ask({ view: "boundary", run, step: payload.step }).then(
        (answer) => turn === last.turn && set(answer as BoundaryView),
        () => turn === last.turn && set(null), // then units show their values
      );
    };
    const timer = setTimeout(ask, Math.max(last.at + rest - performance.now(), 0));
    return () => clearTimeout(timer);
  }, [run, payload.step, wanted]);
  return wanted ? plane : null;
}
