// The loss around the parameters of a step: along one direction, over two, or over the plane that the run moved in.
import type { CurveView, SliceView } from "../contract";
import { Choice, Controls, Slider, Stepper, Toggle } from "../draw/controls";
import { nearest } from "../draw/scrubber";
import { described, ReadingPicture } from "./reading_any";
import { heldStep, Hold } from "./reading_hold";
import { SurfaceRelief } from "./surface_relief";
import { view, type Context } from "./view";
import type { State } from "../state/state";

const KINDS = [
  ["plane", "two random directions"],
  ["line", "one random direction"],
  ["gradient", "along the gradient"],
  ["gradient plane", "the gradient and one more"],
  ["trajectory", "the plane the run moved in"],
] as const;
type Kind = (typeof KINDS)[number][0];

const chosen = (state: State) => ({
  kind: state.setting<Kind>("slice", "kind", "plane"),
  points: state.setting("slice", "points", 21),
  span: state.setting("slice", "span", 1),
  seed: state.setting("slice", "seed", 0),
});

export default view<SliceView | CurveView>({
  id: "slice",
  title: "Loss slice",
  pages: ["network", "runs"],
  order: 60,
  closed: true,
  about: {
    sentence:
      "The loss of the step's mini-batch if the parameters were moved along directions through them. Random directions are scaled filter by filter; a random one crosses the few steep directions at a flat angle, so a slice looks smoother than the loss is. The plane that the run moved in is spanned by the two principal directions of its path.",
    formula: String.raw`f(a, b) = L(\theta + a\,d_1 + b\,d_2)`,
    source: "src/downslope/instruments/loss_slice.py",
    call: 'run.ask("loss_slice", steps=[t], dims=2)',
    keys: [["← → ↑ ↓", "move a probe over the plane, which tells the loss"]],
  },
  query: (state) => {
    const step = heldStep(state, "slice");
    if (state.run.value === null || step < 1) return null;
    const { kind, points, span, seed } = chosen(state);
    return { view: "slice", run: state.run.value, ...(kind.value === "trajectory" ? {} : { step }), args: argsOf(kind.value, points.value, span.value, seed.value) };
  },
  empty: "Choose a run that has taken a step.",
  describe: described,
  Head,
  View: Picture,
});

function Picture({ payload, ctx }: { payload: SliceView | CurveView; ctx: Context }) {
  const isRelief = ctx.state.setting("slice", "relief", false);
  if (payload.type !== "slice") return <ReadingPicture payload={payload} ctx={ctx} />;
  return (
    <>
      <Controls label="How the plane is drawn">
        <Toggle label="as a relief beside the map" value={isRelief.value} onInput={(on) => (isRelief.value = on)} />
      </Controls>
      <div class="ds-small-pictures">
        <div>
          <ReadingPicture payload={payload} ctx={ctx} />
        </div>
        {isRelief.value && <SurfaceRelief {...reliefOf(payload)} axes={[payload.x_label, payload.y_label]} step={ctx.state.at.value} isDark={ctx.state.isDark.value} />}
      </div>
    </>
  );
}

/** The plane as a surface with one way over it, at the heights of the grid points that are closest. */
export function reliefOf({ x, y, z, levels, path, path_steps: steps, title }: SliceView) {
  const [left = -1, right = 1, bottom = -1, top = 1] = [x[0], x.at(-1), y[0], y.at(-1)];
  const points = path.length ? path : [[0, 0] as const];
  const values = points.map(([a, b]) => (a === null || b === null ? null : (z[nearest(y, b)]?.[nearest(x, a)] ?? null)));
  return {
    surface: { name: title, x, y, z, levels, domain: [left, right, bottom, top] as const },
    paths: [{ steps: path.length ? steps : [0], points, values }],
  };
}

/** The args of the question, without those that have their usual value. */
export function argsOf(kind: Kind, points: number, span: number, seed: number): Record<string, unknown> {
  const common = { ...(points === 21 ? {} : { points }) };
  if (kind === "trajectory") return { ...common, directions: "trajectory" };
  return {
    ...common,
    ...(kind === "line" || kind === "gradient" ? { dims: 1 } : {}),
    ...(kind.startsWith("gradient") ? { directions: "gradient" } : {}),
    ...(span === 1 ? {} : { span }),
    ...(seed ? { seed } : {}),
  };
}

function Head({ ctx }: { ctx: Context }) {
  const { kind, points, span, seed } = chosen(ctx.state);
  if (ctx.kind === "report") return null;
  const isPath = kind.value === "trajectory";
  return (
    <>
      <Controls label="Which slice">
        <Choice label="along" value={kind.value} words={KINDS} onInput={(word) => (kind.value = word)} />
        <Choice label="points a side" value={String(points.value)} words={["11", "21", "31", "41", "61"]} onInput={(word) => (points.value = Number(word))} />
        {!isPath && kind.value !== "gradient" && <Stepper label="seed" value={seed.value} low={0} onInput={(value) => (seed.value = value)} />}
        {!isPath && <Hold id="slice" ctx={ctx} />}
      </Controls>
      {!isPath && (
        <Controls label="How far">
          <Slider label="reach" value={span.value} low={0.01} high={10} log onInput={(value) => (span.value = value)} />
        </Controls>
      )}
    </>
  );
}
