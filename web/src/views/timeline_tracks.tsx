// The tracks of a time line one below the other, the cursor over them, and what there is to know at a step.
import { scaleLinear, scaleLog } from "d3-scale";
import { useSignal, type Signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Event, TimelineView, Track } from "../contract";
import { extent, fewTicks, stepTicks } from "../draw/axes";
import type { CurveLine } from "../draw/curve_picture";
import { Crosses, CurveCanvas } from "../draw/curves";
import { alarms } from "../draw/frame";
import { number, tick, whole } from "../draw/number";
import { useTip } from "../draw/tip";
import { atStretch, type Span } from "./timeline_span";
import type { Context } from "./view";

const TALL = 130; // pixels of the first track; the others are lower
const LOW = 76;
const GAP = 24;
const STRIP = 14;
const EDGE = 6; // above and below a track, for half of the numbers of its axis
const FEW = 60; // numbers of a track that can be told apart as dots
export const MARGIN = { top: 4, right: 12, bottom: 38, left: 56 };

export const heightOf = ({ tracks }: TimelineView): number =>
  MARGIN.top + MARGIN.bottom + STRIP + tracks.reduce((sum, _, k) => sum + GAP + (k ? LOW : TALL), 0);

/** The step in which a run failed has no numbers here, but its place. */
export const lastOf = (payload: TimelineView): number => Math.max(payload.n_steps, 2, ...payload.events.map((each) => each.step ?? 0));

/** A track in its place. bad: steps where numbers are not finite. */
interface Placed {
  name: string;
  label: string;
  top: number;
  height: number;
  domain: [number, number];
  isLog: boolean;
  lines: readonly CurveLine[];
  bad: readonly number[];
}

/** The tracks below each other, each with a scale of its own for what is seen of it. */
export function placed(payload: TimelineView, seen: Span, isLog: boolean): Placed[] {
  let bottom = 0;
  return payload.tracks.map((track, k) => {
    const top = bottom + GAP;
    const height = k ? LOW : TALL;
    bottom = top + height;
    const { name, label } = track;
    const near = inside(track, seen);
    const domain = extent(near.flatMap((j) => [track.low[j], track.high[j]]));
    const isJudged = label.startsWith("held-out");
    const line = trackLine(track, isJudged ? "var(--second)" : "var(--first)", 0.25);
    const lines = [{ ...line, dots: isJudged && near.length <= FEW ? 2.6 : undefined }];
    const bad = near.filter((j) => track.not_finite[j]! > 0).map((j) => line.x[j]!);
    return { name, label, top, height, domain, isLog: isLog && domain[0] > 0 && domain[1] / domain[0] > 20, lines, bad };
  });
}

/** The mean of each stretch of steps, with the band around it where the stretches have more than one number. */
export function trackLine({ first, last, low, high, mean }: Track, ink: string, alpha: number): CurveLine {
  const band = low.some((each, k) => each !== high[k]) ? { low, high, alpha } : undefined;
  return { x: first.map((step, k) => (step + last[k]!) / 2), y: mean, band, ink };
}

/** The canvases of all tracks; the last one has the axis of steps, below the strip of snapshots. */
export function Under({ tracks, seen, width }: { tracks: readonly Placed[]; seen: Span; width: number }) {
  const across = scaleLinear(seen, [0, width]);
  return (
    <>
      {tracks.map(({ name, top, height, domain, isLog, lines }, k) => {
        const isLast = k === tracks.length - 1;
        const up = (isLog ? scaleLog : scaleLinear)(domain, [height, 0]).nice();
        const label = "step (short lines: snapshots)";
        const x = { scale: across, ticks: stepTicks(across, width), format: whole, gap: STRIP + 7, ...(isLast ? { label } : { hidden: true }) };
        const y = { scale: up, ticks: fewTicks(up, height > 100 ? 5 : 3), format: tick };
        const box = { width, height, margin: { ...MARGIN, top: EDGE, bottom: isLast ? STRIP + MARGIN.bottom : EDGE } };
        return <CurveCanvas key={name} picture={{ box, x, y, isLog, lines }} top={MARGIN.top + top - EDGE} />;
      })}
    </>
  );
}

interface TracksProps {
  payload: TimelineView;
  tracks: readonly Placed[];
  ctx: Context;
  seen: Span;
  see: (span: Span) => void;
  width: number;
  tall: number;
}

export function Tracks({ payload, tracks, ctx, seen, see, width, tall }: TracksProps) {
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
  const bottom = tall - STRIP;
  const isSeen = (step: number | null | undefined): step is number => step != null && step >= seen[0] && step <= seen[1];
  return (
    <>
      {tracks.map(({ name, label, top, height, bad }) => (
        <g key={name} transform={`translate(0 ${top})`}>
          <text class="ds-ink" x={0} y={-7} font-weight="600">
            {label}
          </text>
          <Crosses at={bad.filter(isSeen).map(x)} top={height - 9} />
        </g>
      ))}
      <path
        data-role="snapshots"
        d={payload.snapshots
          .filter(isSeen)
          .map((step) => `M${x(step)} ${bottom + 4}V${tall}`)
          .join("")}
        stroke="var(--soft)"
      />
      {payload.events.map(
        (event, k) =>
          isSeen(event.step) && (
            <line key={k} x1={x(event.step)} x2={x(event.step)} y1={GAP} y2={bottom} stroke={colour(event)} stroke-dasharray="3 3" opacity="0.8" />
          ),
      )}
      <Cursor ctx={ctx} seen={seen} width={width} height={bottom} />
      <Dragged ends={dragged} height={bottom - GAP} />
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

/** The steps that will be seen, while they are chosen. */
function Dragged({ ends, height }: { ends: Signal<[number, number] | null>; height: number }) {
  if (!ends.value) return null;
  const [a, b] = ends.value;
  return <rect x={Math.min(a, b)} width={Math.abs(a - b)} y={GAP} height={height} fill="var(--first)" opacity="0.15" />;
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
