// The loss over the steps: the example of a view. Thinned points, their running median, and the held-out loss.
import { scaleLinear, scaleLog } from "../draw/scale";
import { computed } from "@preact/signals";
import { line } from "d3-shape";
import { useMemo } from "preact/hooks";
import type { LossCurve } from "../contract";
import { AxisBottom, AxisLeft, extent } from "../draw/axes";
import { Choice, Controls } from "../draw/controls";
import { Legend } from "../draw/legend";
import { number, whole } from "../draw/number";
import { Plot } from "../draw/plot";
import { useTip } from "../draw/tip";
import { nearest } from "../draw/scrubber";
import { view, type Context } from "./view";

type Point = [number, number | null];

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
  const tip = useTip();
  const scale = ctx.state.setting<string>("loss_curve", "scale", "log");
  const label = useMemo(() => computed(() => `${payload.title}; the cursor is at step ${whole(ctx.state.at.value)}`), [payload]);
  const { steps, loss } = payload;
  const held = payload.held_out_steps.map((step, k): Point => [step, payload.held_out_loss[k] ?? null]);
  const smooth = payload.smoothed_steps.map((step, k): Point => [step, payload.smoothed[k] ?? null]);
  const raw = steps.map((step, k): Point => [step, loss[k] ?? null]);
  const [low, high] = extent([...loss, ...payload.held_out_loss]);
  const isLog = scale.value === "log" && low > 0;
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
      <Plot label={label} height={260} onKeyDown={key}>
        {({ width, height }) => {
          const x = scaleLinear([1, Math.max(payload.n_steps, 2)], [0, width]);
          const y = (isLog ? scaleLog : scaleLinear)([low, high], [height, 0]).nice();
          const path = line<Point>((p) => x(p[0]), (p) => y(p[1] ?? 1)).defined((p) => p[1] !== null);
          const over = (event: PointerEvent): void => {
            const box = (event.currentTarget as Element).getBoundingClientRect();
            const k = nearest(steps, x.invert(event.clientX - box.left));
            tip.at(event.clientX, event.clientY, [`step ${whole(steps[k] ?? 0)}`, `${payload.y_label} ${number(loss[k] ?? null)}`]);
          };
          return (
            <>
              <AxisLeft scale={y} width={width} label={payload.y_label} />
              <AxisBottom scale={x} at={height} label={payload.x_label} format={whole} />
              <path d={path(raw) ?? ""} fill="none" stroke="var(--first)" stroke-opacity={smooth.length ? 0.3 : 1} />
              {smooth.length > 0 && <path d={path(smooth) ?? ""} fill="none" stroke="var(--first)" stroke-width="1.8" />}
              {held.map(([step, value]) => value !== null && <circle key={step} cx={x(step)} cy={y(value)} r="3" fill="var(--second)" />)}
              <Cursor ctx={ctx} x={x} height={height} />
              <rect
                width={width}
                height={height}
                fill="transparent"
                onPointerMove={over}
                onPointerLeave={tip.hide}
                onClick={(event) => ctx.state.go(Math.round(x.invert(event.clientX - event.currentTarget.getBoundingClientRect().left)))}
              />
            </>
          );
        }}
      </Plot>
    </>
  );
}

/** By itself, so that a moving cursor draws one line and not the curves. */
function Cursor({ ctx, x, height }: { ctx: Context; x: (step: number) => number; height: number }) {
  const at = ctx.state.at.value;
  return at > 0 ? <line class="ds-cursor" x1={x(at)} x2={x(at)} y1={0} y2={height} /> : null;
}
