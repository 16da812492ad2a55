// The time line of a run: every track over the same steps, with the cursor that all other views follow.
import { scaleLinear, scaleLog } from "../draw/scale";
import { area, line } from "d3-shape";
import { useMemo, useRef } from "preact/hooks";
import { computed, useSignal } from "@preact/signals";
import type { Event, TimelineView, Track } from "../contract";
import { AxisBottom, AxisLeft, extent } from "../draw/axes";
import { Button, Controls, Toggle } from "../draw/controls";
import { alarms } from "../draw/frame";
import { number, whole } from "../draw/number";
import { Plot } from "../draw/plot";
import { useTip } from "../draw/tip";
import type { State } from "../state/state";
import { view, type Context } from "./view";
import { atStretch, within, zoomed, type Span } from "./timeline_span";

const TALL = 130; // pixels of the first track; the others are lower
const LOW = 76;
const GAP = 24;
const STRIP = 14;
const MARGIN = { top: 4, right: 12, bottom: 38, left: 56 };

export default view<TimelineView>({
  id: "timeline",
  title: "Time line",
  pages: ["network", "runs"],
  order: 10,
  wide: true,
  follows: true,
  about: {
    sentence:
      "What was recorded of every step, snapshots, forks and what went wrong. The band is from the lowest to the highest number of a stretch of steps, the line its mean. A click moves the cursor of all views.",
    source: "src/downslope/views/timeline.py",
    call: "ds.plot.timeline(run)",
    keys: [
      ["← →", "one step back, one step on"],
      ["Page ↑ ↓", "a tenth of what is seen"],
      ["Home End", "the first and the last step that is seen"],
      ["+ −", "zoom in and out around the cursor; dragging zooms too"],
      ["0", "all steps"],
    ],
  },
  query: (state) => {
    if (state.run.value === null) return null;
    const { from, to } = span(state);
    // A report holds one answer for all steps and zooms into that.
    const isWhole = (from.value === null && to.value === null) || state.available.value !== null;
    const args = isWhole ? {} : { first: from.value ?? 1, last: to.value ?? state.steps.value };
    return { view: "timeline", run: state.run.value, args };
  },
  empty: "Choose a run.",
  describe: (payload) =>
    payload.tracks
      .map((track) => `${track.label}: from ${number(track.mean[0])} to ${number(track.mean.at(-1))}`)
      .join("; ")
      .concat(`. ${whole(payload.n_steps)} steps, ${payload.snapshots.length} snapshots.`),
  View: Picture,
});

/** The part of the steps that is seen, in the link; null is the end of the run. */
function span(state: State) {
  return {
    from: state.setting<number | null>("timeline", "from", null),
    to: state.setting<number | null>("timeline", "to", null),
  };
}

/** The step in which a run failed has no numbers here, but its place. */
const lastOf = (payload: TimelineView): number => Math.max(payload.n_steps, 2, ...payload.events.map((each) => each.step ?? 0));

function Picture({ payload, ctx }: { payload: TimelineView; ctx: Context }) {
  const { state } = ctx;
  const { from, to } = span(state);
  const isLog = state.setting("timeline", "log", true);
  const all: Span = [1, lastOf(payload)];
  const seen = within([from.value ?? all[0], to.value ?? all[1]], all);
  const see = ([first, last]: Span): void => {
    from.value = first <= all[0] ? null : first;
    to.value = last >= all[1] ? null : last;
  };
  const key = (event: KeyboardEvent): void => {
    const wide = Math.max(Math.round((seen[1] - seen[0]) / 10), 1);
    const at = state.at.peek();
    const moves: Record<string, number> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      PageUp: at - wide,
      PageDown: at + wide,
      Home: seen[0],
      End: seen[1],
    };
    const factors: Record<string, number> = { "+": 0.5, "=": 0.5, "-": 2, "−": 2 };
    if (event.key in moves) state.go(moves[event.key]!);
    else if (event.key in factors) see(zoomed(seen, at, factors[event.key]!, all));
    else if (event.key === "0") see(all);
    else return;
    event.preventDefault();
  };
  const height = MARGIN.top + MARGIN.bottom + STRIP + payload.tracks.reduce((sum, _, k) => sum + GAP + (k ? LOW : TALL), 0);
  const isAll = seen[0] === all[0] && seen[1] === all[1];
  // A signal, so that a moving cursor changes an attribute and draws nothing else anew.
  const words = `${payload.title}, steps ${whole(seen[0])} to ${whole(seen[1])}; the cursor is at step `;
  const label = useMemo(() => computed(() => words + whole(state.at.value)), [words]);
  return (
    <>
      <Controls label="What is seen of the time line">
        <Button label="Zoom in around the cursor" onClick={() => see(zoomed(seen, state.at.peek(), 0.5, all))}>
          +
        </Button>
        <Button label="Zoom out" onClick={() => see(zoomed(seen, state.at.peek(), 2, all))} disabled={isAll}>
          −
        </Button>
        <Button onClick={() => see(all)} disabled={isAll}>
          all steps
        </Button>
        <Toggle label="logarithmic" value={isLog.value} onInput={(on) => (isLog.value = on)} />
      </Controls>
      <Plot
        label={label}
        height={height}
        margin={MARGIN}
        onKeyDown={key}
      >
        {({ width, height: tall }) => <Tracks {...{ payload, ctx, seen, see, width, tall, isLog: isLog.value }} />}
      </Plot>
    </>
  );
}

interface TracksProps {
  payload: TimelineView;
  ctx: Context;
  seen: Span;
  see: (span: Span) => void;
  width: number;
  tall: number;
  isLog: boolean;
}

function Tracks({ payload, ctx, seen, see, width, tall, isLog }: TracksProps) {
  const tip = useTip();
  const dragged = useSignal<[number, number] | null>(null);
  const start = useRef<number | null>(null);
  const x = scaleLinear(seen, [0, width]);
  const stepAt = (place: number): number => Math.round(Math.min(Math.max(x.invert(place), seen[0]), seen[1]));
  const place = (event: PointerEvent): number => event.clientX - (event.currentTarget as Element).getBoundingClientRect().left;
  const move = (event: PointerEvent): void => {
    if (start.current !== null) {
      dragged.value = [start.current, place(event)];
      tip.hide();
    } else tip.at(event.clientX, event.clientY, told(payload, stepAt(place(event))));
  };
  const down = (event: PointerEvent): void => {
    start.current = place(event);
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
  };
  const up = (event: PointerEvent): void => {
    const [a, b] = [start.current ?? place(event), place(event)];
    start.current = null;
    dragged.value = null;
    const [first, last] = [stepAt(Math.min(a, b)), stepAt(Math.max(a, b))];
    if (Math.abs(a - b) > 6 && last > first) see([first, last]);
    else ctx.state.go(stepAt(b));
  };
  let top = 0;
  const bottom = tall - STRIP;
  return (
    <>
      {payload.tracks.map((track, k) => {
        const y = (top += GAP);
        const high = k ? LOW : TALL;
        top += high;
        return (
          <g key={track.name} transform={`translate(0 ${y})`}>
            <Drawn track={track} seen={seen} width={width} height={high} isLog={isLog} />
          </g>
        );
      })}
      <g transform={`translate(0 ${bottom})`}>
        {payload.snapshots
          .filter((step) => step >= seen[0] && step <= seen[1])
          .map((step) => (
            <line key={step} x1={x(step)} x2={x(step)} y1={4} y2={STRIP} stroke="var(--soft)" />
          ))}
      </g>
      <AxisBottom scale={x} at={tall} label="step (short lines: snapshots)" format={whole} count={Math.max(Math.floor(width / 110), 2)} />
      {payload.events.map(
        (event, k) =>
          event.step !== null &&
          event.step !== undefined &&
          event.step >= seen[0] &&
          event.step <= seen[1] && (
            <line
              key={k}
              x1={x(event.step)}
              x2={x(event.step)}
              y1={GAP}
              y2={bottom}
              stroke={colour(event)}
              stroke-dasharray="3 3"
              opacity="0.8"
            />
          ),
      )}
      <Cursor ctx={ctx} seen={seen} width={width} height={bottom} />
      {dragged.value && (
        <rect
          x={Math.min(...dragged.value)}
          width={Math.abs(dragged.value[0] - dragged.value[1])}
          y={GAP}
          height={bottom - GAP}
          fill="var(--first)"
          opacity="0.15"
        />
      )}
      <rect
        data-role="steps"
        width={width}
        height={tall}
        fill="transparent"
        style={{ cursor: "crosshair" }}
        onPointerMove={move}
        onPointerDown={down}
        onPointerUp={up}
        onPointerCancel={() => (start.current = dragged.value = null)}
        onPointerLeave={tip.hide}
        onDblClick={() => see([1, lastOf(payload)])}
      />
    </>
  );
}

/** By itself, so that a moving cursor draws one line and not all tracks. */
function Cursor({ ctx, seen, width, height }: { ctx: Context; seen: Span; width: number; height: number }) {
  const at = ctx.state.at.value;
  if (at < seen[0] || at > seen[1]) return null;
  const x = scaleLinear(seen, [0, width])(at);
  return (
    <g data-role="cursor">
      <line class="ds-cursor" x1={x} x2={x} y1={GAP - 8} y2={height} />
      <text class="ds-ink" x={x} y={GAP - 12} text-anchor={x > width - 40 ? "end" : x < 40 ? "start" : "middle"}>
        {whole(at)}
      </text>
    </g>
  );
}

function Drawn({ track, seen, width, height, isLog }: { track: Track; seen: Span; width: number; height: number; isLog: boolean }) {
  // Paths of thousands of points are made once for a payload and a size, not for every move of the cursor.
  return useMemo(() => {
    const near = inside(track, seen);
    const [low, high] = extent(near.flatMap((k) => [track.low[k], track.high[k]]));
    const y = (isLog && low > 0 && high / low > 20 ? scaleLog : scaleLinear)([low, high], [height, 0]).nice();
    const x = scaleLinear(seen, [0, width]);
    const middle = (k: number): number => x((track.first[k]! + track.last[k]!) / 2);
    const is = (k: number): boolean => track.mean[k] !== null;
    const isJudged = track.label.startsWith("held-out");
    const ink = isJudged ? "var(--second)" : "var(--first)";
    const mean = line<number>(middle, (k) => y(track.mean[k]!)).defined(is)(near);
    const band = area<number>(
      middle,
      (k) => y(track.low[k]!),
      (k) => y(track.high[k]!),
    ).defined(is)(near);
    const clip = `clip-${track.name}-${Math.round(width)}`;
    return (
      <>
        <clipPath id={clip}>
          <rect x={-1} y={-4} width={width + 2} height={height + 8} />
        </clipPath>
        <AxisLeft scale={y} width={width} count={height > 100 ? 5 : 3} />
        <text class="ds-ink" x={0} y={-7} font-weight="600">
          {track.label}
        </text>
        <g clip-path={`url(#${clip})`}>
          {near.some((k) => track.low[k] !== track.high[k]) && <path d={band ?? ""} fill={ink} opacity="0.25" />}
          <path d={mean ?? ""} fill="none" stroke={ink} stroke-width="1.5" />
          {isJudged &&
            near.length <= 60 &&
            near.filter(is).map((k) => <circle key={k} cx={middle(k)} cy={y(track.mean[k]!)} r="2.6" fill={ink} />)}
          {near
            .filter((k) => track.not_finite[k]! > 0)
            .map((k) => (
              <path key={k} d={`M${middle(k) - 4} ${height - 8}l8 8m-8 0l8 -8`} stroke="var(--alarm)" stroke-width="1.6" />
            ))}
        </g>
      </>
    );
  }, [track, seen[0], seen[1], width, height, isLog]);
}

/** Places of the stretches in what is seen, and one more to either side, so that lines go to the edge. */
function inside(track: Track, seen: Span): number[] {
  const first = Math.max(atStretch(track.first, seen[0]) - 1, 0);
  const last = Math.min(atStretch(track.first, seen[1]) + 1, track.first.length - 1);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, k) => first + k);
}

/** What there is to know at a step. */
function told(payload: TimelineView, step: number): string[] {
  const lines = [`step ${whole(step)}`];
  for (const track of payload.tracks) {
    const k = atStretch(track.first, step);
    if (k < 0 || k >= track.first.length) continue;
    const isOne = track.first[k] === track.last[k];
    const range =
      isOne || track.low[k] === track.high[k]
        ? ""
        : ` (${number(track.low[k])} to ${number(track.high[k])} in ${whole(track.first[k]!)} to ${whole(track.last[k]!)})`;
    lines.push(`${track.label} ${number(track.mean[k])}${range}`);
  }
  lines.push(...payload.events.filter((event) => event.step === step).map((event) => event.text));
  return lines;
}

function colour(event: Event): string {
  if (alarms(event)) return "var(--alarm)";
  return event.kind === "fork" ? "var(--first)" : event.kind === "note" ? "var(--ink)" : "var(--soft)";
}
