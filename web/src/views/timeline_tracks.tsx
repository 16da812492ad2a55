// The tracks of a time line one below the other, the cursor over them, and what there is to know at a step.
import { scaleLinear, scaleLog } from "../draw/scale";
import { area, line } from "d3-shape";
import { useMemo, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { Event, TimelineView, Track } from "../contract";
import { AxisBottom, AxisLeft, extent } from "../draw/axes";
import { alarms } from "../draw/frame";
import { number, whole } from "../draw/number";
import { useTip } from "../draw/tip";
import { atStretch, type Span } from "./timeline_span";
import type { Context } from "./view";

const TALL = 130; // pixels of the first track; the others are lower
const LOW = 76;
const GAP = 24;
const STRIP = 14;
export const MARGIN = { top: 4, right: 12, bottom: 38, left: 56 };

export const heightOf = ({ tracks }: TimelineView): number =>
  MARGIN.top + MARGIN.bottom + STRIP + tracks.reduce((sum, _, k) => sum + GAP + (k ? LOW : TALL), 0);

/** The step in which a run failed has no numbers here, but its place. */
export const lastOf = (payload: TimelineView): number => Math.max(payload.n_steps, 2, ...payload.events.map((each) => each.step ?? 0));

interface TracksProps {
  payload: TimelineView;
  ctx: Context;
  seen: Span;
  see: (span: Span) => void;
  width: number;
  tall: number;
  isLog: boolean;
}

export function Tracks({ payload, ctx, seen, see, width, tall, isLog }: TracksProps) {
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
