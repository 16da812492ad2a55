// Two runs side by side: where they part, by what settings, both losses, and how far their parameters drift apart.
import { computed, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { CompareView, Track } from "../contract";
import { extent, logarithmic } from "../draw/axes";
import { Choice, Controls } from "../draw/controls";
import { Crosses, Curves } from "../draw/curves";
import { number, whole } from "../draw/number";
import type { NumberScale } from "../draw/axes";
import { nearest } from "../draw/scrubber";
import { Table } from "../draw/table";
import { cut } from "./reading_bars";
import { percent } from "./reading_histogram";
import { STEP_KEYS, stepKeys } from "./reading_steps";
import { StepCursor } from "./step_cursor";
import { atStretch } from "./timeline_span";
import { trackLine } from "./timeline_tracks";
import { view, type Context } from "./view";

const INKS = ["var(--first)", "var(--second)"] as const;
const MARGIN = { top: 22, right: 16, bottom: 38, left: 60 };

export default view<CompareView>({
  id: "compare",
  title: "Compare",
  pages: ["runs"],
  order: 30,
  wide: true,
  about: {
    sentence: "Two runs side by side. Up to the step where they part they are the same, bit for bit; from there on the distance of their parameters shows how far one change carries.",
    formula: String.raw`d_t = \lVert \theta_t - \theta'_t \rVert_2, \qquad d_t / \lVert \theta_t \rVert_2`,
    source: "src/downslope/runs/compare.py",
    call: "run.compare(other)",
    keys: STEP_KEYS,
  },
  query: (state) => {
    const [run, other] = [state.run.value, state.beside.value];
    return run === null || other === null || run === other ? null : { view: "compare", run, args: { other } };
  },
  empty: "Choose a second run with “compare” in the list of runs.",
  describe: (payload) => `${parting(payload)} ${payload.settings.length} settings differ. ${payload.metric ? `${payload.metric} held out: ${number(payload.metric_here)} and ${number(payload.metric_there)}.` : ""}`,
  Head,
  View: Picture,
});

/** Where they part, in words. */
export function parting({ first, here, there, steps_here, steps_there }: CompareView): string {
  const shared = Math.min(steps_here, steps_there);
  if (first === null) return `${here} and ${there} are the same in all ${whole(shared)} steps that both have, bit for bit.`;
  return first <= 1 ? `${here} and ${there} differ from the first step on.` : `${here} and ${there} are the same, bit for bit, up to step ${whole(first - 1)}; they part at step ${whole(first)}.`;
}

/** The other run, from those of the folder; forks of the run first. */
function Head({ ctx }: { ctx: Context }) {
  const { state } = ctx;
  const names = useSignal<readonly string[]>([]);
  const listed = state.listed.value;
  useEffect(() => {
    ctx.ask({ view: "runs" }).then(
      (found) => {
        if (found.type === "runs") names.value = found.runs.map((each) => each.name);
      },
      () => undefined, // a notebook has no folder; the two runs are given
    );
  }, [listed]);
  const others = names.value.filter((each) => each !== state.run.value);
  if (!others.length) return null;
  const beside = state.beside.value ?? "";
  return (
    <Controls label="Which runs are compared">
      <Choice label="compared with" value={beside} words={[["", "choose a run"], ...(beside && !others.includes(beside) ? [[beside, beside] as const] : []), ...others.map((each) => [each, each] as const)]} onInput={(word) => (state.beside.value = word || null)} />
    </Controls>
  );
}

function Picture({ payload, ctx }: { payload: CompareView; ctx: Context }) {
  const scale = ctx.state.setting<string>("compare", "scale", "auto");
  const losses = useLosses(payload, ctx);
  return (
    <>
      <p class="ds-sentence">{parting(payload)}</p>
      <dl class="ds-key-figures">
        {[payload.here, payload.there].map((name, k) => (
          <div key={k}>
            <dt title={name}>
              <svg width="22" height="10" aria-hidden="true">
                <line x1="0" x2="22" y1="5" y2="5" stroke={INKS[k]} stroke-width="2.5" {...(k ? { "stroke-dasharray": "6 2" } : {})} />
              </svg>{" "}
              <span class="ds-cut">{name}</span>
            </dt>
            <dd>{`${whole(k ? payload.steps_there : payload.steps_here)} steps${payload.metric ? `, ${payload.metric} ${number(k ? payload.metric_there : payload.metric_here)}` : ""}`}</dd>
          </div>
        ))}
      </dl>
      <Controls label="How the losses are drawn">
        <Choice label="scale" value={scale.value} words={["auto", "log", "linear"]} onInput={(word) => (scale.value = word)} />
      </Controls>
      <Losses payload={payload} ctx={ctx} tracks={losses} scale={scale.value} />
      {payload.steps.length > 0 && <Drift payload={payload} ctx={ctx} />}
      {payload.settings.length > 0 && (
        <Table caption="What differs in what was asked for" head={["setting", payload.here, payload.there]} words={[0, 1, 2]} rows={payload.settings.map((each) => [each.name, each.here || "none", each.there || "none"])} />
      )}
    </>
  );
}

/** The losses of both over all of their steps: the payload has them only where the parameters were compared. */
function useLosses(payload: CompareView, ctx: Context): readonly (Track | null)[] {
  const tracks = useSignal<readonly (Track | null)[]>([null, null]);
  useEffect(() => {
    let isOld = false;
    const ask = (run: string): Promise<Track | null> =>
      ctx.ask({ view: "timeline", run, args: { scalars: ["loss"] } }).then((found) => (found.type === "timeline" ? (found.tracks.find((each) => each.name === "loss") ?? null) : null), () => null);
    void Promise.all([ask(payload.here), ask(payload.there)]).then((found) => {
      if (!isOld) tracks.value = found;
    });
    return () => (isOld = true);
  }, [payload]);
  return tracks.value;
}

/** What a run's loss is at a step: of its track, else of the payload. */
function lossAt(payload: CompareView, track: Track | null | undefined, which: 0 | 1, step: number): number | null | undefined {
  if (track) {
    const k = atStretch(track.first, step);
    return step > (track.last.at(-1) ?? 0) ? undefined : track.mean[k];
  }
  return (which ? payload.loss_there : payload.loss_here)[nearest(payload.steps, step)];
}

function Losses({ payload, ctx, tracks, scale }: { payload: CompareView; ctx: Context; tracks: readonly (Track | null)[]; scale: string }) {
  const last = Math.max(payload.steps_here, payload.steps_there, 2);
  const every = tracks.flatMap((track) => (track ? [...track.low, ...track.high] : []));
  const values = every.length ? every : [...payload.loss_here, ...payload.loss_there];
  const isLog = logarithmic(values, scale);
  const sound = values.filter((value): value is number => value !== null && (!isLog || value > 0));
  const lines = useMemo(
    () => tracks.flatMap((track, k) => (track ? [{ ...trackLine(track, INKS[k]!, 0.18), width: 1.7, dash: k ? [6, 2] : undefined }] : [])),
    [tracks],
  );
  const bad = tracks.flatMap((track) => (track ? track.first.filter((_, k) => track.not_finite[k]! > 0) : []));
  const said = (step: number): string[] => [
    `step ${whole(step)}`,
    ...([0, 1] as const).map((k) => {
      const loss = lossAt(payload, tracks[k], k, step);
      return `${k ? payload.there : payload.here}: ${loss === undefined ? "ended before" : `loss ${number(loss)}`}`;
    }),
  ];
  const label = useMemo(() => computed(() => `Losses of both runs. ${said(ctx.state.at.value).join(", ")}`), [payload, tracks]);
  const key = (event: KeyboardEvent): void => {
    const at = ctx.state.at.peek();
    const wide = Math.max(Math.round(last / 10), 1);
    const to: Record<string, number> = { ArrowLeft: at - 1, ArrowRight: at + 1, PageDown: at + wide, PageUp: at - wide, Home: 1, End: last };
    if (!(event.key in to)) return;
    event.preventDefault();
    ctx.state.go(to[event.key]!);
  };
  const stepAt = (step: number): number => Math.min(Math.max(Math.round(step), 1), last);
  return (
    <Curves
      label={label}
      height={250}
      margin={MARGIN}
      onKeyDown={key}
      lines={lines}
      x={{ domain: [1, last] }}
      y={{ domain: extent(sound), isLog }}
      tell={(step) => said(stepAt(step))}
      onPick={(step) => ctx.state.go(stepAt(step))}
    >
      {({ x, width, height }) => (
        <>
          <text x={-MARGIN.left + 4} y={-9}>
            loss
          </text>
          <Crosses at={bad.map(x)} top={height - 9} />
          <Parting payload={payload} x={x} width={width} height={height} />
          <StepCursor ctx={ctx} x={x} height={height} />
        </>
      )}
    </Curves>
  );
}

function Parting({ payload, x, width, height }: { payload: CompareView; x: NumberScale; width: number; height: number }) {
  if (payload.first === null) return null;
  const at = x(payload.first);
  const end = at > width * 0.7;
  return (
    <g data-role="parting">
      <line x1={at} x2={at} y1={-6} y2={height} stroke="var(--ink)" stroke-width="1.2" />
      <text class="ds-ink" x={at + (end ? -5 : 5)} y={-9} text-anchor={end ? "end" : "start"}>
        {`they part at step ${whole(payload.first)}`}
      </text>
    </g>
  );
}

const DRIFT = "var(--series-3)";

function Drift({ payload, ctx }: { payload: CompareView; ctx: Context }) {
  const { steps, relative, distance } = payload;
  const said = (place: number): string[] => [`step ${whole(steps[place] ?? 0)}`, `distance of the parameters ${number(distance[place] ?? null)}`, relative[place] == null ? "relative: not finite" : `${percent(relative[place])} of the norm of ${payload.here}`];
  const label = useMemo(() => computed(() => `Drift of the parameters. ${said(nearest(steps, ctx.state.at.value)).join(", ")}`), [payload]);
  const lines = useMemo(() => [{ x: steps, y: relative, ink: DRIFT, width: 2, dots: 2.2 }], [payload]);
  if (!relative.some((value) => value !== null)) return null;
  const isLog = logarithmic(relative, "auto");
  const sound = relative.filter((value): value is number => value !== null && (!isLog || value > 0));
  return (
    <Curves
      label={label}
      height={170}
      margin={MARGIN}
      onKeyDown={stepKeys(ctx, steps)}
      lines={lines}
      x={{ domain: [1, Math.max(payload.steps_here, payload.steps_there, 2)] }}
      y={{ domain: isLog ? extent(sound) : [0, Math.max(...sound, 1e-12)], isLog, count: 4, format: share }}
      tell={(step) => said(nearest(steps, step))}
      onPick={(step) => ctx.state.go(steps[nearest(steps, step)] ?? 1)}
    >
      {({ x, y, width, height }) => (
        <>
          <text class="ds-ink" x={0} y={-8} font-weight="600">
            {width > 420 ? `how far the parameters are apart, against the norm of ${cut(payload.here, 24)}` : "how far the parameters are apart"}
          </text>
          <Crosses at={steps.filter((_, k) => relative[k] === null).map(x)} top={height - 9} />
          <StepCursor ctx={ctx} x={x} height={height}>
            {(at) => {
              const k = nearest(steps, at);
              const value = relative[k] ?? null;
              return value !== null && <circle cx={x(steps[k]!)} cy={isLog && value <= 0 ? height : y(value)} r={4} fill={DRIFT} />;
            }}
          </StepCursor>
        </>
      )}
    </Curves>
  );
}

const share = (value: number): string => (value >= 0.001 && value < 10 ? `${Number((100 * value).toPrecision(3))} %` : value === 0 ? "0" : value.toExponential(0).replace("e+", "e"));
