// The loss over the steps: the example of a view. Thinned points, their running median, and the held-out loss.
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { LossCurve } from "../contract";
import { extent } from "../draw/axes";
import { Choice, Controls } from "../draw/controls";
import { Crosses, Curves } from "../draw/curves";
import { Legend } from "../draw/legend";
import { number, whole } from "../draw/number";
import { nearest } from "../draw/scrubber";
import { StepCursor } from "./step_cursor";
import { view, type Context } from "./view";

export default view<LossCurve>({
  id: "loss_curve",
  title: "Loss",
  pages: ["network"],
  order: 15,
  closed: true,
  follows: true,
  about: {
    sentence: "The loss of every mini-batch, its running median, and the loss on the rows that were held out.",
    formula: String.raw`L = \frac{1}{B}\sum_{i=1}^{B} \ell(p_i, y_i)`,
    source: "src/downslope/views/loss_curve.py",
    call: "ds.plot.loss_curve(run)",
    keys: [["← →", "the step before and after, while the picture has the focus"]],
  },
  query: (state) => (state.run.value === null ? null : { view: "loss_curve", run: state.run.value }),
  empty: "Choose a run.",
  describe: (payload) => {
    const sound = payload.loss.filter((value) => value !== null);
    const bad = payload.not_finite ? ` ${whole(payload.not_finite)} losses are not finite.` : "";
    return `The loss went from ${number(sound[0])} to ${number(sound.at(-1))} in ${whole(payload.n_steps)} steps.${bad}`;
  },
  View: Picture,
});

function Picture({ payload, ctx }: { payload: LossCurve; ctx: Context }) {
  const scale = ctx.state.setting<string>("loss_curve", "scale", "log");
  const label = useMemo(() => computed(() => `${payload.title}; the cursor is at step ${whole(ctx.state.at.value)}`), [payload]);
  const { steps, loss, smoothed, held_out_loss } = payload;
  const lines = useMemo(
    () => [
      { x: steps, y: loss, ink: "var(--first)", width: 1, alpha: smoothed.length ? 0.3 : 1 },
      { x: payload.smoothed_steps, y: smoothed, ink: "var(--first)", width: 1.8 },
      { x: payload.held_out_steps, y: held_out_loss, ink: "var(--second)", width: 0, dots: 3 },
    ],
    [payload],
  );
  const [low, high] = extent([...loss, ...held_out_loss]);
  const told = (step: number): string[] => {
    const k = nearest(steps, step);
    return [`step ${whole(steps[k] ?? 0)}`, `${payload.y_label} ${number(loss[k] ?? null)}`];
  };
  const key = (event: KeyboardEvent): void => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!way) return;
    event.preventDefault();
    ctx.state.go(ctx.state.at.peek() + way);
  };
  return (
    <>
      <Controls label="How the loss is drawn">
        <Choice label="scale" value={scale.value} words={["log", "linear"]} onInput={(word) => (scale.value = word)} />
      </Controls>
      <Legend
        entries={[
          { words: payload.y_label, colour: "var(--first)" },
          { words: "held out", colour: "var(--second)", mark: "dot" },
        ]}
      />
      <Curves
        label={label}
        height={260}
        onKeyDown={key}
        lines={lines}
        x={{ domain: [1, Math.max(payload.n_steps, 2)], label: payload.x_label }}
        y={{ domain: [low, high], isLog: scale.value === "log" && low > 0 }}
        tell={told}
        onPick={(step) => ctx.state.go(Math.round(step))}
      >
        {({ x, height }) => (
          <>
            <Crosses at={steps.filter((_, k) => loss[k] === null).map(x)} top={height - 9} />
            <StepCursor ctx={ctx} x={x} height={height} />
          </>
        )}
      </Curves>
    </>
  );
}
