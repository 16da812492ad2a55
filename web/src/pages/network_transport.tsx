// The bar that stays in sight: play, pause, one step, speed, fork; where the training is, its loss as number and curve.
import { useComputed, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Live, LossCurve } from "../contract";
import { Button, Choice } from "../draw/controls";
import { number, whole } from "../draw/number";
import { coloursOf } from "../draw/theme";
import { paced } from "../state/paced";
import { isNew } from "../state/training";
import { Steps } from "../views/board";
import type { Context } from "../views/view";
import type { Training } from "./network_training";

const SPEEDS = [1, 4, 15, 60, 250, 1_000];

export function Transport({ ctx, training }: { ctx: Context; training: Training }) {
  const { state } = ctx;
  const busy = training.busy.value;
  const hasRun = state.run.value !== null;
  const speed = training.speed;
  const paced = (wished: number): void => {
    speed.value = wished;
    if (state.trains.peek()) training.play();
  };
  return (
    <div class="ds-transport" role="group" aria-label="Training">
      <div class="ds-transport-bar">
        <Main ctx={ctx} training={training} />
        <Button label="+ 1 step of training" onClick={training.one} disabled={busy}>
          + 1 step
        </Button>
        <Choice
          label="speed"
          value={String(speed.value)}
          words={[["0", "full"], ...SPEEDS.map((each) => [String(each), `${whole(each)} / s`] as const)]}
          onInput={(word) => paced(Number(word))}
        />
        <Button label="↺ New run with these settings, from the start" onClick={training.anew} disabled={busy}>
          ↺ New run
        </Button>
        <Button
          label="Fork here: a new run with the same past up to the step that is looked at"
          onClick={training.fork}
          disabled={busy || !hasRun}
        >
          Fork here
        </Button>
        <Numbers ctx={ctx} />
        <Curve ctx={ctx} />
      </div>
      <Steps ctx={ctx} />
    </div>
  );
}

function Main({ ctx, training }: { ctx: Context; training: Training }) {
  const busy = training.busy.value;
  const isOn = useComputed(() => ["training", "starting"].includes(ctx.state.news.value?.state ?? "")).value;
  if (isOn && !isNew(ctx.state)) {
    return (
      <Button main onClick={training.pause} disabled={busy}>
        ❚❚ Pause
      </Button>
    );
  }
  return (
    <Button main onClick={() => training.play()} disabled={busy}>
      {busy ? "… starting" : isNew(ctx.state) ? "► Train" : "► Train on"}
    </Button>
  );
}

const WORDS: Record<Live["state"], string> = {
  starting: "is starting",
  training: "trains",
  paused: "is paused",
  done: "is done",
  failed: "has failed",
  lost: "was lost",
};

/** By itself: it changes with every report of the training. */
function Numbers({ ctx }: { ctx: Context }) {
  const { state } = ctx;
  const run = state.run.value;
  const news = state.news.value;
  if (run === null) return <span class="ds-soft">No run yet: ► begins one.</span>;
  const isBad = news?.state === "failed" || news?.state === "lost";
  return (
    <div class="ds-figures">
      <span title={run}>
        <strong>{run}</strong> <span class={isBad ? "ds-alarm" : "ds-soft"}>{news ? WORDS[news.state] : "is at rest"}</span>
      </span>
      <Figure name="step" value={news ? `${whole(news.taken)} of ${whole(news.until)}` : whole(state.steps.value)} wide />
      {news && (
        <>
          <Figure
            name="loss"
            value={news.loss === undefined || (news.loss === null && news.taken === 0) ? "–" : number(news.loss)}
            alarm={news.taken > 0 && news.loss === null}
          />
          {news.metric_name && <Figure name={news.metric_name} value={number(news.metric)} />}
          <Figure name="epoch" value={whole(news.epoch ?? 0)} />
          <Figure name="steps / s" value={news.state === "training" ? whole(Math.round(news.rate)) : "0"} />
        </>
      )}
      {isBad && news?.why && <span class="ds-alarm ds-why">{news.why}</span>}
      {state.step.value !== null && news?.state === "training" && (
        <button type="button" class="ds-link" onClick={() => (state.step.value = null)}>
          you look at step {whole(state.at.value)}; follow the training
        </button>
      )}
    </div>
  );
}

function Figure({ name, value, wide = false, alarm = false }: { name: string; value: string; wide?: boolean; alarm?: boolean }) {
  return (
    <span class={wide ? "ds-figure ds-wide" : "ds-figure"}>
      <span class="ds-soft">{name}</span> <span class={alarm ? "ds-alarm" : ""}>{value}</span>
    </span>
  );
}

// --- the small curve ------------------------------------------------------------------------------------------------

type Point = readonly [step: number, loss: number | null];

const seen = new Map<string, Point[]>(); // by run, so that another tab and back asks nothing
const MOST = 600;
const CURVE_REST = 125; // milliseconds between two pictures of it: its numbers stand beside it thirty times a second
const [WIDE, HIGH] = [150, 40];

/** The losses as they are told: no question is asked for them, but one for the past of a run that was chosen. */
function Curve({ ctx }: { ctx: Context }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const points = useRef<Point[]>([]);
  const { state } = ctx;
  const run = state.run.value;
  const isDark = state.isDark.value;
  const drawing = useMemo(() => paced(CURVE_REST, () => canvas.current && paint(canvas.current, points.current)), []);
  const draw = drawing.soon;
  useEffect(() => drawing.drop, []);
  useEffect(() => {
    points.current = run === null ? [] : (seen.get(run) ?? []);
    draw();
    if (run === null) return undefined;
    let isOpen = true;
    const take = ({ steps, loss }: LossCurve): void => {
      if (!isOpen) return;
      const past = steps.map((step, k): Point => [step, loss[k] ?? null]);
      const last = past.at(-1)?.[0] ?? 0;
      points.current = thinned([...past, ...points.current.filter(([step]) => step > last)]);
      draw();
    };
    // A run without a step has no curve yet, which is no failure here.
    if (points.current.length < 2)
      ctx.ask({ view: "loss_curve", run, args: { buckets: 150 } }).then(
        (answer) => take(answer as LossCurve),
        () => undefined,
      );
    return () => {
      isOpen = false;
      seen.set(run, points.current);
    };
  }, [run]);
  useSignalEffect(() => {
    const news = state.news.value;
    if (!news || news.taken < 1 || news.taken === points.current.at(-1)?.[0]) return;
    const before = news.taken < (points.current.at(-1)?.[0] ?? 0) ? [] : points.current; // another run of the same name
    points.current = thinned([...before, [news.taken, news.loss ?? null]]);
    draw();
  });
  useEffect(drawing.now, [isDark]);
  return (
    <canvas
      ref={canvas}
      class="ds-spark"
      width={2 * WIDE}
      height={2 * HIGH}
      role="img"
      aria-label="The loss over the steps, in small; the time line has its numbers"
    />
  );
}

/** Every second one of the older half goes when there are too many. */
export function thinned(points: Point[]): Point[] {
  if (points.length <= MOST) return points;
  const half = points.length >> 1;
  return points.filter((_, k) => k >= half || k % 2 === 0);
}

function paint(canvas: HTMLCanvasElement, points: readonly Point[]): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const colours = coloursOf(canvas);
  context.clearRect(0, 0, 2 * WIDE, 2 * HIGH);
  context.strokeStyle = colours("faint");
  context.lineWidth = 2;
  context.strokeRect(1, 1, 2 * WIDE - 2, 2 * HIGH - 2);
  const values = points.flatMap(([, loss]) => (loss === null ? [] : [loss]));
  if (values.length < 2) return;
  const isLog = Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) > 5;
  const of = (value: number): number => (isLog ? Math.log(value) : value);
  const [low, high] = [of(Math.min(...values)), of(Math.max(...values))];
  const [first, last] = [points[0]![0], points.at(-1)![0]];
  const x = (step: number): number => 6 + ((step - first) / (last - first || 1)) * (2 * WIDE - 12);
  const y = (value: number): number => 6 + (1 - (of(value) - low) / (high - low || 1)) * (2 * HIGH - 12);
  context.strokeStyle = colours("first");
  context.lineWidth = 2.4;
  context.lineJoin = "round";
  context.beginPath();
  let isOn = false;
  for (const [step, loss] of points) {
    if (loss === null) {
      isOn = false;
      continue;
    }
    if (isOn) context.lineTo(x(step), y(loss));
    else context.moveTo(x(step), y(loss));
    isOn = true;
  }
  context.stroke();
  if (points.at(-1)![1] === null) {
    context.fillStyle = colours("alarm");
    context.fillRect(2 * WIDE - 8, 0, 8, 2 * HIGH);
  }
}
