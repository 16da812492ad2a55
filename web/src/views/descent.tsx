// Down a surface, step by step: the map with the paths, what the optimizer sees and remembers, and what its rate does.
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { DescentView, PathView, QuadraticView } from "../contract";
import { Choice, Controls, Slider, Toggle, type SliderMark } from "../draw/controls";
import { Legend } from "../draw/legend";
import { number } from "../draw/number";
import { nearest, Scrubber } from "../draw/scrubber";
import { series } from "../draw/theme";
import { DescentControls } from "./descent_controls";
import { DescentNumbers } from "./descent_numbers";
import { descentArgs, descentOf, surfaceArgs } from "./descent_state";
import { SurfaceMap } from "./surface_map";
import { SurfaceRelief } from "./surface_relief";
import { view, type Context } from "./view";

export default view<DescentView>({
  id: "descent",
  title: "Descent",
  pages: ["surface"],
  order: 10,
  wide: true,
  about: {
    sentence:
      "An optimizer goes down a function of two numbers. Arrows show what it sees (the gradient), what it remembers (momentum) and what it does (the update).",
    formula: String.raw`p_{t+1} = p_t + u_t, \qquad u_t = -\eta\, g_t \text{ for gradient descent, stable where } \eta < 2/\lambda_{\max}`,
    source: "src/downslope/surfaces/descend.py",
    call: 'ds.descend("rosenbrock", ds.optim.momentum(lr=0.001))',
    keys: [
      ["← →", "one step back, one step on"],
      ["Shift + arrows", "move the start"],
      ["click", "places the start"],
    ],
  },
  query: (state) => ({ view: "descent", args: descentArgs(state) }),
  empty: "Choose a surface.",
  describe: (payload) =>
    payload.paths
      .map(
        (path) => `${path.label}: ${path.verdict} after ${path.n_steps} steps at the value ${number(path.values.at(-1))}; ${path.because}.`,
      )
      .join(" "),
  // They stay where a formula cannot be read, so that it can be mended.
  Head: ({ ctx }) => (canMove(ctx) ? <DescentControls ctx={ctx} /> : null),
  View: Picture,
});

/** Whether the surface, the start and the rules are the reader's to choose; a report holds what was asked, a notebook what was given. */
const canMove = (ctx: Context): boolean => ctx.kind !== "report" && !descentOf(ctx.state).given.value;

function Picture({ payload, ctx }: { payload: DescentView; ctx: Context }) {
  const { state } = ctx;
  const own = descentOf(state);
  const isRelief = state.setting("descent", "relief", false);
  const hasModel = state.setting("descent", "model", false);
  const which = useSignal(0);
  const path = payload.paths[Math.min(which.value, payload.paths.length - 1)]!;
  const longest = Math.max(...payload.paths.map((each) => each.n_steps));
  const step = Math.min(own.step.value, longest);
  const k = nearest(path.steps, step);
  const quadratic = useModel(ctx, path.points[k] ?? [null, null]);
  const go = (wanted: number): void => {
    own.step.value = Math.min(Math.max(wanted, 0), longest);
  };
  const place = (x: number, y: number): void => {
    own.start.value = [Number(x.toPrecision(4)), Number(y.toPrecision(4))];
  };
  return (
    <>
      {ctx.kind !== "report" && <Rate path={path} quadratic={quadratic} ctx={ctx} />}
      <Scrubber step={step} first={0} last={longest} onStep={go} />
      <Controls label="What is drawn">
        <Toggle label="3-D" value={isRelief.value} onInput={(on) => (isRelief.value = on)} />
        {ctx.kind !== "report" && <Toggle label="local quadratic model" value={hasModel.value} onInput={(on) => (hasModel.value = on)} />}
        {payload.paths.length > 1 && (
          <Choice
            label="numbers of"
            value={String(which.value)}
            words={payload.paths.map((each, j) => [String(j), each.label] as const)}
            onInput={(word) => (which.value = Number(word))}
          />
        )}
      </Controls>
      <div class="ds-descent">
        <div>
          <SurfaceMap
            surface={payload.surface}
            paths={payload.paths}
            step={step}
            chosen={payload.paths.indexOf(path)}
            model={hasModel.value ? quadratic : null}
            onStep={(way) => go(step + way)}
            {...(canMove(ctx) ? { onPlace: place } : {})}
          />
          <Legend
            entries={[
              ...payload.paths.map((each, j) => ({ words: `${each.label}: ${each.verdict}`, colour: series(j), mark: "dot" as const })),
              ...(hasModel.value ? [{ words: "local model", colour: "var(--first)", mark: "dashed" as const }] : []),
            ]}
          />
        </div>
        <div>
          {isRelief.value && <SurfaceRelief surface={payload.surface} paths={payload.paths} step={step} isDark={state.isDark.value} />}
          <DescentNumbers path={path} k={k} quadratic={hasModel.value ? quadratic : null} />
        </div>
      </div>
    </>
  );
}

/** The surface around the point that is looked at; null until it is known, and where nobody can be asked. */
function useModel(ctx: Context, [x, y]: readonly [number | null, number | null]): QuadraticView | null {
  const found = useSignal<QuadraticView | null>(null);
  const isReport = ctx.kind === "report";
  const where = JSON.stringify(surfaceArgs(ctx.state));
  useEffect(() => {
    if (isReport || x === null || y === null) return undefined;
    let wanted = true;
    ctx.ask({ view: "quadratic", args: { ...JSON.parse(where), point: [x, y] } }).then(
      (payload) => {
        if (wanted && payload.type === "quadratic") found.value = payload;
      },
      () => {
        if (wanted) found.value = null;
      },
    );
    return () => {
      wanted = false;
    };
  }, [x, y, where]);
  return found.value;
}

const SAID: Record<string, string> = {
  converged: "good",
  "still moving": "too small, or too few steps",
  oscillates: "oscillating",
  diverged: "diverging",
  "stuck at a saddle": "stuck at a saddle",
};

/** The learning rate with the limit that the surface sets, and at once what comes of it. */
function Rate({ path, quadratic, ctx }: { path: PathView; quadratic: QuadraticView | null; ctx: Context }) {
  const own = descentOf(ctx.state);
  if (path.lr === null) return <p class="ds-note">{path.label} follows a schedule or chooses its own steps.</p>;
  const set = (lr: number): void => {
    if (own.given.value) own.lr.value = lr;
    else own.rules.value = own.rules.value.map((rule, k) => (k === 0 ? { ...rule, settings: { ...rule.settings, lr } } : rule));
  };
  const isGood = path.verdict === "converged";
  return (
    <div class="ds-rate">
      <Slider label="learning rate" value={path.lr} low={1e-4} high={10} log marks={limits(path, quadratic)} onInput={set} />
      <p class={isGood ? "ds-verdict ds-good" : "ds-verdict"} role="status">
        <strong>{SAID[path.verdict] ?? path.verdict}</strong>: {path.because}.
      </p>
    </div>
  );
}

function limits(path: PathView, quadratic: QuadraticView | null): SliderMark[] {
  const exact = path.limit?.limit;
  if (path.limit && exact) return [{ value: exact, words: `${number(path.limit.constant)}/λmax = ${number(exact)}` }];
  if (quadratic?.limit) return [{ value: quadratic.limit, words: `2/λmax here = ${number(quadratic.limit)}` }];
  return [];
}
