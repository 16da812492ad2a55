// One equality as rows of bars: what each part is, its numbers, and how far it moves the sum.
import { scaleLinear } from "d3-scale";
import { useState } from "preact/hooks";
import type { Sum } from "../contract";
import { Button } from "../draw/controls";
import { number } from "../draw/number";
import { Plot } from "../draw/plot";
import { useTip } from "../draw/tip";
import { barsOf, minus, span, told, type Bar } from "./derivation_bars";
import type { Context } from "./view";

export interface SumBarsProps {
  sum: Sum;
  ctx: Context;
  onSelect: (address: string) => void;
  /** Go on with another part; null where there is no choice. */
  onTake: ((label: string) => void) | null;
  /** List more parts; null where all are listed. */
  onMore: (() => void) | null;
}

const TALL = 22;
const HEAD = 22;
const NARROW = 520;
const LETTER = 7; // pixels of a letter of the code's font

/** One part that is all of it: numbers that are multiplied, which a bar would tell nothing about. */
const isProduct = (rows: readonly Bar[]): boolean => rows.length === 1;

export function SumBars({ sum, ctx, onSelect, onTake, onMore }: SumBarsProps) {
  const rows = barsOf(sum);
  const [at, move] = useState(0);
  const [focused, focus] = useState(false);
  const current = rows[Math.min(at, rows.length - 1)] ?? null;
  const select = (bar: Bar): void => {
    if (bar.part?.address) onSelect(bar.part.address);
    else if (bar.kind === "sum" && sum.address) onSelect(sum.address);
    else if (bar.kind === "rest") onMore?.();
  };
  const take = (bar: Bar): void => {
    if (bar.kind === "part" && bar.part && onTake) onTake(bar.part.label);
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") move(Math.min(at + 1, rows.length - 1));
    else if (event.key === "ArrowUp") move(Math.max(at - 1, 0));
    else if (event.key === "Enter" || event.key === " ") current ? select(current) : sum.address && onSelect(sum.address);
    else if (event.key === "ArrowRight" && current) take(current);
    else return;
    event.preventDefault();
  };
  return (
    <div class="ds-sum-bars" onFocusIn={(event) => focus((event.target as Element).tagName === "svg")} onFocusOut={() => focus(false)}>
      <Plot
        label={`${sum.name} = ${number(sum.value)}: ${rows.map((bar) => told(bar).join(", ")).join("; ")}${current ? `. Now at ${told(current).join(", ")}` : ""}`}
        height={(width) => HEAD + rows.length * (width < NARROW && !isProduct(rows) ? TALL * 1.7 : TALL) + 4}
        margin={{ top: 2, right: 0, bottom: 2, left: 0 }}
        onKeyDown={key}
      >
        {({ width }) => (
          <>
            <Name
              sum={sum}
              width={width}
              isChosen={sum.address !== "" && sum.address === ctx.state.select.value}
              onSelect={() => sum.address && onSelect(sum.address)}
            />
            <g transform={`translate(0 ${HEAD})`}>
              <Rows
                rows={rows}
                width={width}
                chosen={ctx.state.select.value}
                sumAddress={sum.address ?? ""}
                current={focused ? current : null}
                onSelect={select}
                onTake={onTake ? take : null}
              />
            </g>
          </>
        )}
      </Plot>
      {onMore && (
        <Button label={`list more of the ${sum.others} others of ${sum.name}`} onClick={onMore}>
          list more of the {sum.others} others
        </Button>
      )}
    </div>
  );
}

/** The equality as code, in the picture, so that a file of it says what its bars are. */
function Name({ sum, width, isChosen, onSelect }: { sum: Sum; width: number; isChosen: boolean; onSelect: () => void }) {
  const tip = useTip();
  const value = sum.parts.length ? "" : ` = ${number(sum.value)}`;
  const text = minus(`${sum.name}${sum.formula ? ` = ${sum.formula}` : ""}${value}`);
  return (
    <g onClick={onSelect} style={{ cursor: sum.address ? "pointer" : "default" }} {...tip.of(() => [text, `= ${number(sum.value)}`])}>
      <rect class={isChosen ? "ds-row ds-chosen" : "ds-row"} width={width} height={HEAD} rx={3} />
      <text class="ds-code" x={6} y={HEAD / 2} dy="0.34em">
        {cut(text, Math.floor((width - 12) / LETTER))}
      </text>
    </g>
  );
}

interface RowsProps {
  rows: readonly Bar[];
  width: number;
  chosen: string | null;
  sumAddress: string;
  current: Bar | null;
  onSelect: (bar: Bar) => void;
  onTake: ((bar: Bar) => void) | null;
}

const INK: Record<Bar["kind"], string> = { part: "var(--first)", taken: "var(--second)", rest: "var(--soft)", sum: "var(--ink)" };

function Rows({ rows, width, chosen, sumAddress, current, onSelect, onTake }: RowsProps) {
  const tip = useTip();
  const isNarrow = width < NARROW;
  const isOne = isProduct(rows);
  const tall = isNarrow && !isOne ? TALL * 1.7 : TALL;
  const letters = Math.max(0, ...rows.map((bar) => compact(bar.label).length));
  const labels = isNarrow ? 0 : Math.min(Math.max(letters * 6.4 + 14, 70), width * 0.41);
  const hasProducts = rows.some((bar) => bar.product);
  const hasNotes = rows.some((bar) => bar.note);
  const products = isNarrow || !hasProducts ? 0 : Math.min(24 + 6.6 * Math.max(...rows.map((bar) => bar.product.length)), 150);
  const values = 84;
  const notes = isNarrow || !hasNotes ? 0 : Math.min(190, width * 0.26);
  const gutter = onTake !== null && rows.some((bar) => bar.kind === "part") ? 24 : 0; // of the arrows at the right
  const end = width - gutter - notes; // of the values
  if (!rows.length) return null;
  const x = scaleLinear(span(rows), [labels + products + (isNarrow ? 4 : 8), end - values - 8]);
  return (
    <>
      {rows.map((bar, k) => {
        const y = k * tall;
        const middle = y + (isNarrow ? 11 : tall / 2);
        const address = bar.part?.address || (bar.kind === "sum" ? sumAddress : "");
        const isChosen = chosen !== null && address === chosen;
        const isStrong = bar.kind === "taken" || bar.kind === "sum";
        const canTake = onTake !== null && bar.kind === "part";
        const barTop = isNarrow ? y + 22 : middle - 5;
        const bold = isStrong ? { "font-weight": "600" } : {};
        return (
          <g
            key={k}
            {...tip.of(() => told(bar))}
            onClick={() => onSelect(bar)}
            style={{ cursor: address ? "pointer" : "default" }}
            data-part={bar.label}
          >
            <rect
              x={0}
              y={y}
              width={width}
              height={tall}
              class={isChosen ? "ds-row ds-chosen" : "ds-row"}
              rx={3}
              {...(bar === current ? { stroke: "var(--first)", "stroke-width": 1.5 } : {})}
            />
            {bar.kind === "sum" && <line x1={0} x2={width} y1={y + 0.5} y2={y + 0.5} stroke="var(--faint)" />}
            <text class="ds-ink" x={6} y={middle} dy="0.34em" {...bold}>
              {cut(compact(bar.label), Math.floor(((isNarrow ? width - values : labels) - 8) / 6))}
            </text>
            {!isNarrow && bar.product && (
              <text x={labels + products - 4} y={middle} dy="0.34em" text-anchor="end" {...(isOne ? { class: "ds-ink" } : {})}>
                {bar.product} =
              </text>
            )}
            {isOne ? null : bar.from !== null && bar.to !== null ? (
              <rect
                x={Math.min(x(bar.from), x(bar.to))}
                width={Math.max(Math.abs(x(bar.to) - x(bar.from)), 1)}
                y={barTop}
                height={10}
                fill={INK[bar.kind]}
                opacity={isStrong ? 1 : 0.78}
                data-role="bar"
              />
            ) : (
              <path d={`M${x(0) - 4} ${barTop + 1}l8 8m-8 0l8 -8`} stroke="var(--alarm)" stroke-width="1.6" />
            )}
            {k + 1 < rows.length && bar.to !== null && rows[k + 1]!.kind !== "sum" && (
              <line x1={x(bar.to)} x2={x(bar.to)} y1={barTop + 10} y2={barTop + tall} stroke="var(--soft)" stroke-width="0.6" />
            )}
            <text
              class={bar.value === null ? "ds-not-finite" : "ds-ink"}
              x={isOne && !isNarrow ? labels + products + 2 : end - 4}
              y={middle}
              dy="0.34em"
              text-anchor={isOne && !isNarrow ? "start" : "end"}
              {...bold}
            >
              {number(bar.value).replace(/^-/, "−")}
            </text>
            {!isNarrow && bar.note && (
              <text x={end + 10} y={middle} dy="0.34em">
                {cut(bar.note, Math.floor((notes - 12) / 5.7))}
              </text>
            )}
            {canTake && (
              <g
                class="ds-take"
                onClick={(event) => {
                  event.stopPropagation();
                  onTake(bar);
                }}
                transform={`translate(${width - 20} ${middle - 9})`}
                {...tip.of(() => `go on with ${bar.label}`)}
              >
                <rect width={18} height={18} rx={4} />
                <path d="M5 4v6h8m-3 -3l3 3l-3 3" fill="none" />
              </g>
            )}
          </g>
        );
      })}
      {!isOne && <line x1={x(0)} x2={x(0)} y1={2} y2={rows.length * tall - 2} stroke="var(--soft)" stroke-width="0.8" />}
    </>
  );
}

/** "conv1.w[2, 0, 1]" as "conv1.w[2,0,1]": two of them in a line are long. */
const compact = (text: string): string => text.replace(/, (?=[^[]*\])/g, ",");

/** Long words keep their beginning and their end. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.max(Math.floor(most / 3), 1);
  return `${text.slice(0, Math.max(most - tail - 1, 1))}…${text.slice(-tail)}`;
}
