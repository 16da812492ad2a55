// A reading at one step: a bar for each name, with its number; many names are thin bars that tell themselves on hover.
import { scaleLinear } from "d3-scale";
import type { NumberScale } from "../draw/axes";
import { useSignal } from "@preact/signals";
import type { BarsView } from "../contract";
import { AxisBottom, AxisLeft } from "../draw/axes";
import { Choice, Controls } from "../draw/controls";
import { number } from "../draw/number";
import { Plot } from "../draw/plot";
import { useTip } from "../draw/tip";
import { bandWords, within } from "./reading_steps";
import type { Context } from "./view";

const FEW = 32; // names that each have a row of their own
const ROW = 22;

type Bar = readonly [name: string, value: number | null];

export function Bars({ payload, ctx }: { payload: BarsView; ctx: Context }) {
  const order = ctx.state.setting<string>("reading", "order", "as they come");
  return (
    <>
      {payload.names.length > 2 && (
        <Controls label="How the bars are drawn">
          <Choice label="order" value={order.value} words={["as they come", "by size"]} onInput={(word) => (order.value = word)} />
        </Controls>
      )}
      <div class={payload.panels.length > 1 ? "ds-small-pictures" : ""}>
        {payload.panels.map((panel) => {
          const bars = payload.names.map((name, k): Bar => [name, panel.lines[0]?.values[k] ?? null]);
          if (order.value === "by size") bars.sort((a, b) => Math.abs(b[1] ?? Infinity) - Math.abs(a[1] ?? Infinity));
          const Drawn = bars.length <= FEW ? Rows : Columns;
          return <Drawn key={panel.title} bars={bars} title={panel.title} payload={payload} />;
        })}
      </div>
      {payload.band && <p class="ds-note">{bandWords(payload.band)}</p>}
    </>
  );
}

interface Drawn {
  bars: readonly Bar[];
  title: string;
  payload: BarsView;
}

/** Cut in the middle, where names of layers are most alike. */
export const cut = (name: string, most: number): string => {
  if (name.length <= most) return name;
  const half = Math.floor((most - 1) / 2);
  return `${name.slice(0, most - 1 - half)}…${name.slice(name.length - half)}`;
};

function Rows({ bars, title, payload }: Drawn) {
  const tip = useTip();
  const longest = Math.max(...bars.map(([name]) => name.length), 1);
  const left = Math.min(longest, 16) * 7 + 14;
  const top = title ? 22 : 6;
  return (
    <Plot label={`${title || payload.title}: ${bars.slice(0, 8).map(([name, value]) => `${name} ${number(value)}`).join(", ")}`} height={top + bars.length * ROW + 26} margin={{ top, right: 74, bottom: 26, left }}>
      {({ width, height }) => {
        const x = scaleLinear(range(bars), [0, width]).nice();
        const high = height / bars.length;
        return (
          <>
            {title && (
              <text class="ds-ink" x={-left + 4} y={-8} font-weight="600">
                {title}
              </text>
            )}
            {payload.band && <Band payload={payload} x={x} height={height} />}
            {bars.map(([name, value], k) => (
              <g key={k} transform={`translate(0 ${k * high})`} {...tip.of(() => [name, `${number(value)}${payload.unit ? ` ${payload.unit}` : ""}`])}>
                <rect class="ds-row" x={-left} width={left + width + 74} height={high} />
                <text class="ds-ink" x={-8} y={high / 2} dy="0.35em" text-anchor="end">
                  {cut(name, 16)}
                </text>
                {value !== null && <rect x={Math.min(x(0), x(value))} y={3} width={Math.max(Math.abs(x(value) - x(0)), 1)} height={high - 6} fill={value < 0 ? "var(--second)" : "var(--first)"} />}
                <text x={value !== null && value > 0 ? x(value) + 6 : x(0) + 6} y={high / 2} dy="0.35em" class={value === null ? "ds-not-finite" : ""}>
                  {number(value)}
                </text>
              </g>
            ))}
            <line x1={x(0)} x2={x(0)} y1={0} y2={height} class="ds-axis-line" />
            <AxisBottom scale={x} at={height} count={Math.max(Math.floor(width / 90), 2)} />
          </>
        );
      }}
    </Plot>
  );
}

function Band({ payload, x, height }: { payload: BarsView; x: NumberScale; height: number }) {
  const [low, high] = x.domain() as [number, number];
  const from = x(Math.max(payload.band?.low ?? low, low));
  const to = x(Math.min(payload.band?.high ?? high, high));
  return to > from ? <rect x={from} width={to - from} height={height} fill="var(--series-2)" opacity="0.12" /> : null;
}

function Columns({ bars, title, payload }: Drawn) {
  const tip = useTip();
  const chosen = useSignal(0);
  const k = Math.min(chosen.value, bars.length - 1);
  const said = ([name, value]: Bar): string[] => [`${payload.axis} ${name}`, number(value)];
  const key = (event: KeyboardEvent): void => {
    const to: Record<string, number> = { ArrowLeft: k - 1, ArrowRight: k + 1, Home: 0, End: bars.length - 1 };
    if (!(event.key in to)) return;
    event.preventDefault();
    chosen.value = Math.min(Math.max(to[event.key]!, 0), bars.length - 1);
  };
  return (
    <Plot label={`${title || payload.title}. ${bars.length} bars; ${said(bars[k]!).join(": ")}`} height={240} margin={{ top: 22, left: 58 }} onKeyDown={key}>
      {({ width, height }) => {
        const y = scaleLinear(range(bars), [height, 0]).nice();
        const wide = width / bars.length;
        const placeOf = (event: MouseEvent): number => Math.min(Math.max(Math.floor(within(event)[0] / wide), 0), bars.length - 1);
        const over = (event: PointerEvent): void => tip.at(event.clientX, event.clientY, said(bars[placeOf(event)]!));
        return (
          <>
            <text class="ds-ink" x={0} y={-8}>
              {[title, said(bars[k]!).join(": ")].filter(Boolean).join(" · ")}
            </text>
            <AxisLeft scale={y} width={width} label={payload.unit} />
            {bars.map(([, value], j) =>
              value === null ? (
                <path key={j} d={`M${(j + 0.5) * wide - 3} ${height - 7}l6 6m-6 0l6 -6`} stroke="var(--alarm)" stroke-width="1.4" />
              ) : (
                <rect key={j} x={j * wide + wide * 0.08} width={Math.max(wide * 0.84, 0.7)} y={Math.min(y(0), y(value))} height={Math.max(Math.abs(y(value) - y(0)), 0.7)} fill={value < 0 ? "var(--second)" : "var(--first)"} opacity={j === k ? 1 : 0.75} />
              ),
            )}
            <line x1={0} x2={width} y1={y(0)} y2={y(0)} class="ds-axis-line" />
            <rect x={k * wide} width={wide} height={height} fill="none" stroke="var(--ink)" stroke-width="0.8" />
            <text x={width / 2} y={height + 20} text-anchor="middle">
              {`${bars.length} × ${payload.axis}`}
            </text>
            <rect width={width} height={height} fill="transparent" onPointerMove={over} onPointerLeave={tip.hide} onClick={(event) => (chosen.value = placeOf(event))} />
          </>
        );
      }}
    </Plot>
  );
}

/** From the lowest to the highest, 0 among them. */
export function range(bars: readonly Bar[]): [number, number] {
  let [low, high] = [0, 0];
  for (const [, value] of bars) if (value !== null) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return low === high ? [0, 1] : [low, high];
}
