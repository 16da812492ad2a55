// A setting against a result: a dot for each run, a line through the means over the seeds, a bar for their spread.
import { scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";
import type { SweepPoint, SweepView } from "../contract";
import { AxisBottom, AxisLeft, extent } from "../draw/axes";
import { number } from "../draw/number";
import { Plot } from "../draw/plot";
import type { NumberScale } from "../draw/axes";
import { series } from "../draw/theme";
import { useTip } from "../draw/tip";
import { inOrder, settingsText } from "./sweep_state";

export interface DotsProps {
  payload: SweepView;
  picked: number | null;
  onPick: (k: number) => void;
}

const STRIP = 20; // above the picture, for runs that came to nothing
const NEAR = 24; // pixels within which a press picks a dot

export function told({ runs, y_label }: SweepView, k: number): string[] {
  const run = runs[k]!;
  const value = run.values[y_label] ?? null;
  const others = Object.entries(run.values).filter(([name]) => name !== y_label);
  return [
    settingsText(run),
    `${y_label} ${value === null ? "is not finite" : number(value)}`,
    others.map(([name, each]) => `${name} ${number(each)}`).join(", "),
    run.ended,
  ].filter(Boolean);
}

export function Dots({ payload, picked, onPick }: DotsProps) {
  const tip = useTip();
  const { runs, places, lines, words, x_label, y_label } = payload;
  const values = runs.map((run) => run.values[y_label] ?? null);
  const order = inOrder(payload);
  const key = (event: KeyboardEvent): void => {
    const at = picked === null ? 0 : order.indexOf(picked);
    const next: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: order.length - 1 };
    if (!(event.key in next)) return;
    event.preventDefault();
    onPick(order[Math.min(Math.max(next[event.key]!, 0), order.length - 1)]!);
  };
  const label = `${payload.title}. ${picked === null ? "" : told(payload, picked).join(", ")}`;
  return (
    <Plot label={label} height={300} margin={{ top: STRIP + 14, left: 58, right: 16 }} onKeyDown={key}>
      {({ width, height }) => {
        const x = xScale(payload, width);
        const y = yScale(payload, height);
        const at = (k: number): [number, number] => {
          const value = values[k] ?? null;
          return [x(places[k]![0]), value === null ? -STRIP / 2 : y(value)];
        };
        const nearest = (event: PointerEvent | MouseEvent): number | null => {
          const box = (event.currentTarget as Element).getBoundingClientRect();
          const far = runs.map((_, k) => Math.hypot(at(k)[0] - (event.clientX - box.left), at(k)[1] + STRIP - (event.clientY - box.top)));
          const found = far.indexOf(Math.min(...far));
          return far[found]! <= NEAR ? found : null;
        };
        const middle = line<SweepPoint>((point) => x(point.x), (point) => y(point.mean ?? 0)).defined((point) => point.mean !== null);
        const hasBad = values.includes(null) || runs.some((run) => run.ended);
        return (
          <>
            <text x={0} y={-STRIP - 4}>
              {y_label}
            </text>
            {hasBad && (
              <>
                <rect y={-STRIP} width={width} height={STRIP} fill="var(--alarm)" opacity="0.08" />
                <text x={width} y={-STRIP - 4} text-anchor="end">
                  × not finite, or ended early
                </text>
              </>
            )}
            <AxisLeft scale={y} width={width} />
            {words.length ? (
              <AxisBottom scale={x} at={height} label={x_label} ticks={words.map((_, k) => k)} format={(k) => words[k] ?? ""} />
            ) : (
              <AxisBottom scale={x} at={height} label={x_label} count={Math.max(Math.floor(width / 90), 2)} />
            )}
            {lines.map((each, k) => (
              <g key={each.name} stroke={series(k)} fill="none">
                {!words.length && <path d={middle([...each.points]) ?? ""} stroke-width="1.8" />}
                {each.points.map(
                  ({ x: place, mean, spread }) =>
                    mean !== null && (
                      <g key={place} transform={`translate(${x(place)} 0)`}>
                        {spread !== null && <line y1={y(clamped(y, mean - spread))} y2={y(clamped(y, mean + spread))} />}
                        <path d={`M-5 ${y(mean)}h10`} stroke-width="2.4" />
                      </g>
                    ),
                )}
              </g>
            ))}
            {runs.map((run, k) => {
              const [px, py] = at(k);
              const isPicked = k === picked;
              if (values[k] === null || run.ended)
                return <path key={run.number} d={`M${px - 4} ${py - 4}l8 8m-8 0l8 -8`} stroke="var(--alarm)" stroke-width={isPicked ? 3.4 : 1.6} />;
              const colour = series(places[k]![1]);
              return <circle key={run.number} cx={px} cy={py} r={isPicked ? 6 : 3.4} fill={colour} {...(isPicked ? { stroke: "var(--ink)", "stroke-width": 2 } : { opacity: 0.6 })} />;
            })}
            <rect
              data-role="runs"
              y={-STRIP}
              width={width}
              height={height + STRIP}
              fill="transparent"
              style={{ cursor: "pointer" }}
              onPointerMove={(event) => {
                const k = nearest(event);
                if (k === null) tip.hide();
                else tip.at(event.clientX, event.clientY, told(payload, k));
              }}
              onPointerLeave={tip.hide}
              onClick={(event) => {
                const k = nearest(event);
                if (k !== null) onPick(k);
              }}
            />
          </>
        );
      }}
    </Plot>
  );
}

/** A spread may reach below what a logarithmic axis can show. */
const clamped = (y: NumberScale, value: number): number => Math.min(Math.max(value, y.domain()[0]!), y.domain()[1]!);

function xScale({ places, words, is_log }: SweepView, width: number): NumberScale {
  const xs = places.map(([x]) => x);
  const [low, high] = words.length ? [-0.5, words.length - 0.5] : [Math.min(...xs), Math.max(...xs)];
  return (is_log ? scaleLog : scaleLinear)([low, high], words.length ? [0, width] : [12, width - 12]);
}

/** Logarithmic for losses that span a decade. */
function yScale({ runs, y_label }: SweepView, height: number): NumberScale {
  const found = runs.map((run) => run.values[y_label] ?? null).filter((each) => each !== null);
  const [low, high] = extent(found);
  const isLog = y_label.endsWith("loss") && low > 0 && high > 10 * low;
  return (isLog ? scaleLog : scaleLinear)([low, high], [height, 0]).nice();
}
