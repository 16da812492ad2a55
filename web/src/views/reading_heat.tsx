// A reading of many numbers over the steps: a row for each name, a column for each step, colour for size and sign.
import { scaleLinear } from "d3-scale";
import { useSignal } from "@preact/signals";
import type { HeatView } from "../contract";
import { AxisBottom, stepTicks } from "../draw/axes";
import { largest } from "../draw/heat";
import { number, whole } from "../draw/number";
import { Plot } from "../draw/plot";
import { nearest } from "../draw/scrubber";
import { diverging, mix, ramp, rgb } from "../draw/theme";
import { useTip } from "../draw/tip";
import { cut } from "./reading_bars";
import { Raster } from "./reading_raster";
import { columnsOf, span, stepKeys, within } from "./reading_steps";
import type { Context } from "./view";

export function HeatOverSteps({ payload, ctx }: { payload: HeatView; ctx: Context }) {
  const tip = useTip();
  const row = useSignal(0);
  const { steps, names, values } = payload;
  const at = ctx.state.at.value;
  const k = nearest(steps, at);
  const i = Math.min(row.value, names.length - 1);
  const most = largest(values);
  const isTwoSided = values.some((each) => each.some((value) => value !== null && value < 0));
  const said = (name: number, step: number): string[] => [`${payload.axis} ${names[name]}`, `step ${whole(steps[step] ?? 0)}`, number(values[name]?.[step] ?? null)];
  const left = Math.min(Math.max(...names.map((name) => name.length), 1), 16) * 7 + 16;
  const high = Math.min(Math.max(360 / names.length, 1), 20);
  const move = (key: string): boolean => {
    const to: Record<string, number> = { ArrowUp: i - 1, ArrowDown: i + 1 };
    if (!(key in to)) return false;
    row.value = Math.min(Math.max(to[key]!, 0), names.length - 1);
    return true;
  };
  if (!names.length) return <p class="ds-empty">Nothing was read.</p>;
  return (
    <>
      <Scale most={most} isTwoSided={isTwoSided} unit={payload.unit} />
      <Plot label={`${payload.title}. ${said(i, k).join(", ")}`} height={24 + names.length * high + 38} margin={{ top: 24, left }} onKeyDown={stepKeys(ctx, steps, move)}>
        {({ width, height }) => {
          const x = scaleLinear(span(steps), [0, width]);
          const columns = columnsOf(steps, Math.round(width));
          const every = Math.ceil(13 / high);
          const cell = (event: MouseEvent): [number, number] => {
            const [px, py] = within(event);
            return [Math.min(Math.max(Math.floor(py / high), 0), names.length - 1), nearest(steps, x.invert(px))];
          };
          return (
            <>
              <text class="ds-ink" x={0} y={-9}>
                {said(i, k).join(" · ")}
              </text>
              <Raster
                width={width}
                height={height}
                columns={columns.length}
                rows={names.length}
                ctx={ctx}
                of={[payload, width]}
                paint={(colours) => {
                  const colour = isTwoSided ? diverging(colours) : ramp(colours);
                  const bad = mix(rgb(colours("paper")), rgb(colours("alarm")), 0.8);
                  return (a, b) => {
                    const value = values[a]?.[columns[b]!] ?? null;
                    return value === null ? bad : colour(most > 0 ? Math.sign(value) * Math.sqrt(Math.abs(value) / most) : 0);
                  };
                }}
              />
              {names.map((name, j) => j % every === 0 && (
                <text key={j} x={-8} y={(j + 0.5) * high} dy="0.35em" text-anchor="end" class={j === i ? "ds-ink" : ""}>
                  {cut(name, 16)}
                </text>
              ))}
              <rect y={i * high} width={width} height={high} fill="none" stroke="var(--ink)" stroke-width="1" />
              <line class="ds-cursor" x1={x(steps[k] ?? 0)} x2={x(steps[k] ?? 0)} y1={0} y2={height} />
              <AxisBottom scale={x} at={height} label="step" format={whole} ticks={stepTicks(x, width)} />
              <rect
                width={width}
                height={height}
                fill="transparent"
                style={{ cursor: "crosshair" }}
                onPointerMove={(event) => tip.at(event.clientX, event.clientY, said(...cell(event)))}
                onPointerLeave={tip.hide}
                onClick={(event) => {
                  const [a, b] = cell(event);
                  row.value = a;
                  ctx.state.go(steps[b] ?? 1);
                }}
              />
            </>
          );
        }}
      </Plot>
    </>
  );
}

/** What the colours mean; their strength grows with the root, so that small numbers can be seen. */
function Scale({ most, isTwoSided, unit }: { most: number; isTwoSided: boolean; unit: string }) {
  const side = isTwoSided ? "var(--second), var(--paper), var(--first)" : "var(--paper), var(--first)";
  return (
    <p class="ds-colour-scale">
      {number(isTwoSided ? -most : 0)} <span style={{ background: `linear-gradient(to right, ${side})` }} /> {number(most)} {unit}
      <span class="ds-colour-bad" /> not finite
    </p>
  );
}
