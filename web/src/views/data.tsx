// A data set as points of two of its features; and two ways to bring one of one's own: drawing it, or pasting a table.
import { scaleLinear } from "d3-scale";
import { useMemo, useState } from "preact/hooks";
import type { DataView } from "../contract";
import { AxisBottom, AxisLeft, extent } from "../draw/axes";
import { Button, Choice, Controls } from "../draw/controls";
import { number, whole } from "../draw/number";
import { Plot } from "../draw/plot";
import { mix, rgb, css } from "../draw/theme";
import { useTip } from "../draw/tip";
import type { State } from "../state/state";
import { NEW, ownerOf, settingsOf, wanted } from "../state/training";
import { classInk } from "./boundary_paint";
import { Draw } from "./data_draw";
import { closest, Marks, outline, shapeOf, toldOf } from "./data_marks";
import { OwnTable } from "./data_table";
import { view, type Context, type Query } from "./view";

const MARGIN = { top: 8, right: 12, bottom: 38, left: 52 };

export default view<DataView>({
  id: "data",
  title: "Data",
  pages: ["network"],
  order: 7,
  about: {
    sentence:
      "The rows of the data set as points of two of its features, in their own units. Hollow marks are held out: the network never learns from them.",
    source: "src/downslope/views/data.py",
    call: "downslope.views.data.data_view(run.data)",
    keys: [["← →", "from point to point, along the horizontal axis"]],
  },
  query,
  empty: "Choose a data set.",
  describe: (payload) => {
    const counts = payload.classes.map((name, k) => `${name}: ${whole(payload.counts[k] ?? 0)}`).join(", ");
    return `${whole(payload.n_train)} rows to learn from, ${whole(payload.n_held_out)} held out. ${counts || `Target ${payload.target_name}`}. ${payload.notes.join(" ")}`;
  },
  View: Picture,
});

/** The set of the settings on the page; that of the run where the settings are not its own. */
function query(state: State): Query | null {
  const owner = ownerOf(state).value;
  const run = state.run.value;
  const first = state.setting<string | null>("data", "first", null).value;
  const second = state.setting<string | null>("data", "second", null).value;
  const args = { ...(first === null ? {} : { first }), ...(second === null ? {} : { second }) };
  if (run !== null && owner !== NEW && owner !== run) return { view: "data", run, args };
  if (state.available.value !== null) return null;
  return { view: "data", args: { data: wanted(settingsOf(state).value).data, ...args } };
}

function Picture({ payload, ctx }: { payload: DataView; ctx: Context }) {
  const [way, open] = useState<"draw" | "table" | null>(null);
  const toggle = (which: "draw" | "table"): void => open(way === which ? null : which);
  const first = ctx.state.setting<string | null>("data", "first", null);
  const second = ctx.state.setting<string | null>("data", "second", null);
  const names = payload.features;
  return (
    <>
      <Controls label="Which points are seen">
        {names.length > 2 && (
          <>
            <Choice label="across" value={payload.first} words={names} onInput={(word) => (first.value = word)} />
            <Choice
              label="up"
              value={payload.second}
              words={names.filter((name) => name !== payload.first)}
              onInput={(word) => (second.value = word)}
            />
          </>
        )}
        {ctx.act && (
          <>
            <Button pressed={way === "draw"} onClick={() => toggle("draw")}>
              Draw points
            </Button>
            <Button pressed={way === "table"} onClick={() => toggle("table")}>
              Own table (CSV)
            </Button>
          </>
        )}
      </Controls>
      {way === "draw" && <Draw ctx={ctx} onDone={() => open(null)} />}
      {way === "table" && <OwnTable ctx={ctx} onDone={() => open(null)} />}
      {way !== "draw" && <Points payload={payload} />}
      {way !== "draw" && <Key payload={payload} />}
      {payload.image_shape && (
        <p class="ds-note">
          Each row is an image of {payload.image_shape.join(" by ")} pixels; these are the two that vary most. The panel Rows shows images.
        </p>
      )}
      {payload.notes.length > 0 && (
        <details class="ds-note">
          <summary>What was done to the data</summary>
          <ul>
            {payload.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function Points({ payload }: { payload: DataView }) {
  const tip = useTip();
  const [at, point] = useState(-1);
  const order = useMemo(
    () =>
      payload.x
        .map((_, k) => k)
        .filter((k) => payload.x[k] !== null && payload.y[k] !== null)
        .sort((a, b) => payload.x[a]! - payload.x[b]!),
    [payload],
  );
  const targets = extent(payload.target);
  const isNumber = payload.classes.length === 0;
  const ramp = (value: number): string => shade((value - targets[0]) / (targets[1] - targets[0]));
  const key = (event: KeyboardEvent): void => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!way || !order.length) return;
    event.preventDefault();
    const now = order.indexOf(at);
    point(order[now < 0 ? 0 : Math.min(Math.max(now + way, 0), order.length - 1)]!);
  };
  return (
    <>
      <Plot
        label={`${payload.title}; arrow keys go from point to point`}
        height={(width) => Math.min(width * 0.72, 360)}
        margin={MARGIN}
        onKeyDown={key}
      >
        {({ width, height }) => {
          const x = scaleLinear(extent(payload.x), [6, width - 6]).nice();
          const y = scaleLinear(extent(payload.y), [height - 6, 6]).nice();
          const over = (event: PointerEvent): void => {
            const box = (event.currentTarget as Element).getBoundingClientRect();
            const k = closest(payload, x, y, [event.clientX - box.left, event.clientY - box.top]);
            if (k >= 0) tip.at(event.clientX, event.clientY, toldOf(payload, k));
            else tip.hide();
          };
          return (
            <>
              <AxisLeft scale={y} width={width} label={payload.second || payload.target_name} />
              <AxisBottom scale={x} at={height} label={payload.first} />
              <Marks data={payload} x={x} y={y} {...(isNumber ? { ramp } : {})} r={payload.x.length > 400 ? 2.8 : 3.6} />
              {at >= 0 && payload.x[at] !== null && payload.y[at] !== null && (
                <circle cx={x(payload.x[at]!)} cy={y(payload.y[at]!)} r="9" fill="none" stroke="var(--ink)" stroke-width="2" />
              )}
              <rect width={width} height={height} fill="transparent" onPointerMove={over} onPointerLeave={tip.hide} />
            </>
          );
        }}
      </Plot>
      <p class="ds-note" aria-live="polite">
        {at >= 0
          ? toldOf(payload, at).join("; ")
          : isNumber && payload.second
            ? `${payload.target_name}: orange is low (${number(targets[0])}), blue is high (${number(targets[1])})`
            : ""}
      </p>
    </>
  );
}

/** Orange, grey, blue. */
const shade = (t: number): string =>
  css(t < 0.5 ? mix(rgb("#d55e00"), rgb("#b8bec4"), t * 2) : mix(rgb("#b8bec4"), rgb("#0072b2"), t * 2 - 1));

function Key({ payload }: { payload: DataView }) {
  const n = payload.classes.length;
  const faults = payload.corruptions.filter((_, k) => payload.faults.includes(k + 1));
  return (
    <ul class="ds-legend" aria-label="Legend">
      {payload.classes.slice(0, 12).map((name, k) => (
        <li key={name}>
          <Mark d={outline(shapeOf(k), 5)} fill={classInk(k, n)} stroke="none" /> {name}{" "}
          <span class="ds-soft">{whole(payload.counts[k] ?? 0)}</span>
        </li>
      ))}
      {payload.held_out.some(Boolean) && (
        <li>
          <Mark d={outline("circle", 4.5)} fill="none" stroke="var(--soft)" /> held out{" "}
          <span class="ds-soft">{whole(payload.n_held_out)}</span>
        </li>
      )}
      {faults.length > 0 && (
        <li>
          <Mark d={outline("circle", 5.5)} fill="none" stroke="var(--alarm)" /> changed on purpose: {faults.join(", ")}
        </li>
      )}
    </ul>
  );
}

function Mark({ d, fill, stroke }: { d: string; fill: string; stroke: string }) {
  return (
    <svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true">
      <path d={d} fill={fill} stroke={stroke} stroke-width="1.5" />
    </svg>
  );
}
