// The layers over the steps: sizes of gradients, weights, updates and activations, and whether units are alive.
import { useComputed } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { CourseView, HistogramView } from "../contract";
import { Button, Choice, Controls } from "../draw/controls";
import { whole } from "../draw/number";
import { described, ReadingPicture } from "./reading_any";
import { STEP_KEYS } from "./reading_steps";
import { view, type Context } from "./view";
import type { State } from "../state/state";

const OF = [
  ["grads", "gradients"],
  ["params", "weights"],
  ["updates", "updates"],
  ["activations", "activations"],
  ["update_ratio", "update ratio"],
  ["dead_units", "dead units"],
  ["saturation", "saturated units"],
] as const;
type Of = (typeof OF)[number][0];

const COLUMNS = 100; // steps that are read, as many as Python takes by itself

/** What is shown, of which array alone, and how many steps of a run that trains on; null for all there were when it was asked. */
const chosen = (state: State) => ({
  of: state.setting<Of>("layers", "of", "grads"),
  target: state.setting<string | null>("layers", "target", null),
  to: state.setting<number | null>("layers", "to", null),
});

export default view<HistogramView | CourseView>({
  id: "layers",
  title: "Layers",
  pages: ["network", "runs"],
  order: 45,
  wide: true,
  closed: true,
  about: {
    sentence:
      "How many numbers of each array have which size and sign, step by step: upwards the positive ones by powers of ten, downwards the negative ones. Zeros, NaN and infinities are counted apart. The update ratio says how far a step moves each array, measured by its size.",
    formula: String.raw`c_{\pm,k} = \#\{i : \pm v_i > 0,\; e_k \le |v_i| < e_{k+1}\}, \quad e_k = 10^{k/4}`,
    source: "src/downslope/views/layers.py",
    call: 'ds.plot.layers(run, of="grads")',
    keys: STEP_KEYS,
  },
  query: (state) => {
    if (state.run.value === null) return null;
    const { of, target, to } = chosen(state);
    const args = { ...(of.value === "grads" ? {} : { of: of.value }), ...(to.value === null ? {} : { steps: upTo(to.value) }), ...(target.value === null ? {} : { target: target.value }) };
    return { view: "layers", run: state.run.value, ...(Object.keys(args).length ? { args } : {}) };
  },
  empty: "Choose a run.",
  describe: described,
  Head,
  View: Picture,
});

/** At most so many steps from 1 to the last one. */
export function upTo(last: number): number[] {
  const n = Math.min(last, COLUMNS);
  return [...new Set(Array.from({ length: n }, (_, k) => Math.round(1 + (k * (last - 1)) / Math.max(n - 1, 1))))];
}

function Head({ ctx }: { ctx: Context }) {
  if (ctx.kind === "report") return null; // it holds one of them
  const { of, target, to } = chosen(ctx.state);
  const choose = (word: Of): void => {
    target.value = null; // another quantity has other names
    of.value = word;
  };
  const last = ctx.state.steps.value;
  const trains = useComputed(() => ctx.state.news.value !== null).value;
  return (
    <Controls label="What is shown of the layers">
      <Choice label="of each layer" value={of.value} words={OF} onInput={choose} />
      {target.value !== null && <Button onClick={() => (target.value = null)}>all arrays</Button>}
      {trains && (
        <Button onClick={() => (to.value = last)} disabled={last < 1 || to.value === last}>
          {`read up to step ${whole(last)}`}
        </Button>
      )}
    </Controls>
  );
}

/** Of many arrays only some have room: the others are a choice away. */
function Picture({ payload, ctx }: { payload: HistogramView | CourseView; ctx: Context }) {
  const { target } = chosen(ctx.state);
  const names = useRef<readonly string[]>([]);
  const left = payload.type === "histogram" ? (payload.left_out ?? []) : [];
  if (payload.type === "histogram" && target.value === null) names.current = [...payload.panels.map((panel) => panel.name), ...left];
  const others = target.value === null ? left : names.current;
  return (
    <>
      {ctx.kind !== "report" && others.length > 0 && (
        <Controls label="Which arrays">
          <Choice label="array" value={target.value ?? ""} words={[["", `the first ${names.current.length - left.length}`], ...names.current.map((name) => [name, name] as const)]} onInput={(word) => (target.value = word || null)} />
        </Controls>
      )}
      <ReadingPicture payload={payload} ctx={ctx} />
    </>
  );
}
