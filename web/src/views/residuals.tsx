// By how much each prediction misses: predicted against target, or what is left over, with its quantiles.
import { scaleLinear } from "d3-scale";
import { useSignal } from "@preact/signals";
import type { Residuals } from "../contract";
import { AxisBottom, AxisLeft, extent } from "../draw/axes";
import { Choice, Controls } from "../draw/controls";
import { number, signed, whole } from "../draw/number";
import { Plot } from "../draw/plot";
import { useTip } from "../draw/tip";
import { within } from "./reading_steps";
import { view, type Context } from "./view";

const NEAR = 14; // pixels

export default view<Residuals>({
  id: "residuals",
  title: "Residuals",
  pages: ["runs"],
  order: 71,
  closed: true,
  about: {
    sentence: "Each row as a point: what was predicted against what is true, at the end of the run. On the line the prediction is right. A pattern in what is left over is something that the model did not learn.",
    formula: String.raw`r_n = y_n - \hat y_n, \qquad R^2 = 1 - \frac{\sum_n r_n^2}{\sum_n (y_n - \bar y)^2}`,
    source: "src/downslope/views/residuals.py",
    call: "ds.plot.residuals(run)",
    keys: [["← →", "the point before and after, by target"]],
  },
  query: (state) => (state.run.value === null ? null : { view: "residuals", run: state.run.value }),
  unfit: ["lab-view-task"],
  empty: "Choose a run that predicts a number.",
  describe: (payload) => `${whole(payload.n)} ${payload.part} rows. RMSE ${number(payload.rmse)}, MAE ${number(payload.mae)} ${payload.unit}, R² ${number(payload.r2)}.`,
  View: Picture,
});

function Picture({ payload, ctx }: { payload: Residuals; ctx: Context }) {
  const tip = useTip();
  const what = ctx.state.setting<string>("residuals", "y", "predicted");
  const chosen = useSignal<number | null>(null);
  const { target, predicted } = payload;
  const isLeft = what.value === "residual";
  const value = (k: number): number | null => (predicted[k] === null || predicted[k] === undefined ? null : isLeft ? target[k]! - predicted[k]! : predicted[k]!);
  const order = target.map((_, k) => k).sort((a, b) => target[a]! - target[b]!);
  const said = (k: number): string[] => [
    `row ${whole(payload.rows[k] ?? 0)}`,
    `target ${number(target[k])}, predicted ${number(predicted[k] ?? null)}`,
    `missed by ${predicted[k] === null ? "not finite" : signed(target[k]! - predicted[k]!)} ${payload.unit}`,
  ];
  const key = (event: KeyboardEvent): void => {
    const place = chosen.value === null ? -1 : order.indexOf(chosen.value);
    const to: Record<string, number> = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: order.length - 1 };
    if (!(event.key in to)) return;
    event.preventDefault();
    chosen.value = order[Math.min(Math.max(to[event.key]!, 0), order.length - 1)] ?? null;
  };
  return (
    <>
      <Controls label="What stands upwards">
        <Choice label="upwards" value={what.value} words={[["predicted", "what was predicted"], ["residual", "by how much it misses"]]} onInput={(word) => (what.value = word)} />
      </Controls>
      <dl class="ds-key-figures">
        {([["RMSE", payload.rmse], ["MAE", payload.mae], ["R²", payload.r2], ["rows", payload.n]] as const).map(([name, figure]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{number(figure)}</dd>
          </div>
        ))}
        {payload.quantiles.length > 0 && (
          <div>
            <dt>nine in ten miss by</dt>
            <dd>{`${signed(payload.quantiles[1])} to ${signed(payload.quantiles[5])} ${payload.unit}`}</dd>
          </div>
        )}
      </dl>
      <Plot label={`${payload.title}, ${payload.part} rows. ${chosen.value === null ? "" : said(chosen.value).join(", ")}`} height={350} margin={{ top: 24, left: 60, right: 18 }} onKeyDown={key}>
        {({ width, height }) => {
          const sound = target.map((_, k) => value(k));
          const range = extent(isLeft ? sound : [...sound, ...target]);
          const x = scaleLinear(extent(target), [0, width]).nice();
          const y = scaleLinear(range, [height, 0]).nice();
          const place = (k: number): [number, number] => [x(target[k]!), value(k) === null ? height - 5 : y(value(k)!)];
          const near = (event: MouseEvent): number | null => {
            const [px, py] = within(event);
            let [best, least] = [null as number | null, NEAR];
            for (let k = 0; k < target.length; k += 1) {
              const [a, b] = place(k);
              const far = Math.hypot(a - px, b - py);
              if (far < least) [best, least] = [k, far];
            }
            return best;
          };
          const [a, b] = x.domain() as [number, number];
          const [low, high] = [payload.quantiles[1], payload.quantiles[5]];
          const clip = `residuals-${Math.round(width)}`;
          return (
            <>
              <clipPath id={clip}>
                <rect width={width} height={height} />
              </clipPath>
              <text x={0} y={-9}>
                {isLeft ? `target − predicted (${payload.unit})` : `predicted ${payload.unit}`}
              </text>
              <AxisLeft scale={y} width={width} />
              <AxisBottom scale={x} at={height} label={`target: ${payload.unit}`} count={Math.max(Math.floor(width / 80), 2)} />
              <g clip-path={`url(#${clip})`}>
                {low !== undefined && high !== undefined && (
                  <path
                    d={isLeft ? `M0 ${y(low)}H${width}V${y(high)}H0Z` : `M${x(a)} ${y(a - low)}L${x(b)} ${y(b - low)}L${x(b)} ${y(b - high)}L${x(a)} ${y(a - high)}Z`}
                    fill="var(--series-2)"
                    opacity="0.12"
                  />
                )}
                <line x1={x(a)} x2={x(b)} y1={y(isLeft ? 0 : a)} y2={y(isLeft ? 0 : b)} stroke="var(--soft)" stroke-dasharray="5 4" />
                {target.map((_, k) => {
                  const [px, py] = place(k);
                  return value(k) === null ? <path key={k} d={`M${px - 4} ${py - 4}l8 8m-8 0l8 -8`} stroke="var(--alarm)" stroke-width="1.5" /> : <circle key={k} cx={px} cy={py} r="3" fill="var(--first)" fill-opacity={target.length > 500 ? 0.35 : 0.6} />;
                })}
                {chosen.value !== null && <circle cx={place(chosen.value)[0]} cy={place(chosen.value)[1]} r="6.5" fill="none" stroke="var(--ink)" stroke-width="2" />}
              </g>
              <rect
                width={width}
                height={height}
                fill="transparent"
                onPointerMove={(event) => {
                  const k = near(event);
                  if (k === null) tip.hide();
                  else tip.at(event.clientX, event.clientY, said(k));
                }}
                onPointerLeave={tip.hide}
                onClick={(event) => (chosen.value = near(event))}
              />
            </>
          );
        }}
      </Plot>
      <p class="ds-note">{chosen.value === null ? "Dashed: a prediction that is right. Green: where nine in ten rows lie." : said(chosen.value).join("; ")}</p>
    </>
  );
}
