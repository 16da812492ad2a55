// The curvatures of the loss at a step: the density of the Hessian's eigenvalues, and the rate that they allow.
import type { CurveView } from "../contract";
import { Choice, Controls, Stepper } from "../draw/controls";
import { number } from "../draw/number";
import { heldStep, Hold } from "./reading_hold";
import { Curves } from "./reading_curve";
import { view, type Context } from "./view";
import type { State } from "../state/state";

const chosen = (state: State) => ({
  vectors: state.setting("spectrum", "vectors", 4),
  products: state.setting("spectrum", "products", 80),
  seed: state.setting("spectrum", "seed", 0),
});

export default view<CurveView>({
  id: "spectrum",
  title: "Spectrum",
  pages: ["network", "runs"],
  order: 62,
  closed: true,
  about: {
    sentence:
      "Which share of all directions through the parameters curves how much, up (to the right of 0) or down. Most directions are flat: they are the peak at 0. The few steep ones limit the learning rate: plain gradient descent is stable below 2 over the largest curvature.",
    formula: String.raw`\phi(t) = \frac{1}{n} \sum_{i=1}^{n} \mathcal{N}(t;\, \lambda_i, \sigma^2)`,
    source: "src/downslope/instruments/spectrum.py",
    call: 'run.ask("spectrum", steps=[t])',
    keys: [["← →", "along the curve; Page ↑ ↓ in larger steps"]],
  },
  query: (state) => {
    const step = heldStep(state, "spectrum");
    if (state.run.value === null || step < 1) return null;
    const { vectors, products, seed } = chosen(state);
    const args = { ...(vectors.value === 4 ? {} : { vectors: vectors.value }), ...(products.value === 80 ? {} : { products: products.value }), ...(seed.value ? { seed: seed.value } : {}) };
    return { view: "spectrum", run: state.run.value, step, args };
  },
  empty: "Choose a run that has taken a step.",
  describe: (payload) => `${payload.title}. ${payload.marks.map((mark) => `${mark.name} ${number(mark.x)}`).join(", ")}. ${stable(payload)}`,
  Head,
  View: ({ payload, ctx }) => (
    <>
      <Curves payload={payload} ctx={ctx} id="spectrum" usual="log" filled yLabel="density" decades={6} />
      <p class="ds-note">{stable(payload)}</p>
    </>
  ),
});

/** What follows for the rate, in words. */
export function stable({ marks }: CurveView): string {
  const find = (name: string): number | undefined => marks.find((mark) => mark.name === name)?.x;
  const [low, high] = [find("lowest"), find("highest")];
  if (low === undefined || high === undefined) return "The curvatures are not finite here.";
  const down = low < 0 && -low > 0.01 * Math.abs(high) ? ` It curves down too, by up to ${number(-low)}: this is no minimum.` : "";
  if (high <= 0) return `The loss of this mini-batch curves up nowhere.${down}`;
  return `Largest curvature ${number(high)}: plain gradient descent on this mini-batch is stable for learning rates below 2/λmax = ${number(2 / high)}.${down}`;
}

function Head({ ctx }: { ctx: Context }) {
  const { vectors, products, seed } = chosen(ctx.state);
  if (ctx.kind === "report") return null;
  return (
    <Controls label="How the spectrum is estimated">
      <Hold id="spectrum" ctx={ctx} />
      <Choice label="products" value={String(products.value)} words={["20", "40", "80", "160"]} onInput={(word) => (products.value = Number(word))} />
      <Choice label="of random vectors" value={String(vectors.value)} words={["1", "2", "4", "8"]} onInput={(word) => (vectors.value = Number(word))} />
      <Stepper label="seed" value={seed.value} low={0} onInput={(value) => (seed.value = value)} />
    </Controls>
  );
}
