// Which class was taken for which: counts as cells, a row for each true class, with what was found and what was right.
import { useSignal } from "@preact/signals";
import type { ConfusionMatrix } from "../contract";
import { Controls, Toggle } from "../draw/controls";
import { whole } from "../draw/number";
import { Plot } from "../draw/plot";
import { useTip } from "../draw/tip";
import { cut } from "./reading_bars";
import { percent } from "./reading_histogram";
import { within } from "./reading_steps";
import { view, type Context } from "./view";

export default view<ConfusionMatrix>({
  id: "confusion",
  title: "Confusion",
  pages: ["runs"],
  order: 70,
  closed: true,
  about: {
    sentence:
      "How often a row of one class was taken for another, at the end of the run. A row of cells holds all rows of one true class: on the diagonal those that were right, blue; off it the mistakes, orange.",
    formula: String.raw`C_{ij} = \#\{n : y_n = i,\; \hat y_n = j\}`,
    source: "src/downslope/views/confusion.py",
    call: "ds.plot.confusion(run)",
    keys: [["← → ↑ ↓", "from cell to cell"]],
  },
  query: (state) => (state.run.value === null ? null : { view: "confusion", run: state.run.value }),
  unfit: ["lab-view-task"],
  empty: "Choose a run that tells classes.",
  describe: (payload) => {
    const worst = mistakes(payload)[0];
    return `${whole(right(payload))} of ${whole(payload.n)} ${payload.part} rows are right.${worst ? ` The most frequent mistake: ${payload.classes[worst[1]]} taken for ${payload.classes[worst[2]]}, ${worst[0]} times.` : ""}`;
  },
  View: Picture,
});

export const right = ({ counts }: ConfusionMatrix): number => counts.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);

/** [count, true class, predicted class] of every kind of mistake, the most frequent first. */
export function mistakes({ counts }: ConfusionMatrix): [number, number, number][] {
  const found = counts.flatMap((row, i) =>
    row.flatMap((count, j): [number, number, number][] => (i !== j && count > 0 ? [[count, i, j]] : [])),
  );
  return found.sort((a, b) => b[0] - a[0] || a[1] - b[1] || a[2] - b[2]);
}

function Picture({ payload, ctx }: { payload: ConfusionMatrix; ctx: Context }) {
  const tip = useTip();
  const chosen = useSignal<[number, number] | null>(null);
  const shares = ctx.state.setting("confusion", "shares", false);
  const { classes, counts, n } = payload;
  const totals = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  const columns = classes.map((_, j) => counts.reduce((sum, row) => sum + (row[j] ?? 0), 0));
  const said = (i: number, j: number): string[] => [
    `${classes[i]} taken for ${i === j ? "itself" : classes[j]}: ${whole(counts[i]?.[j] ?? 0)}`,
    totals[i]
      ? `${percent((counts[i]?.[j] ?? 0) / totals[i]!)} of ${whole(totals[i]!)} ${payload.target} ${classes[i]}`
      : "no row of this class",
  ];
  const at = chosen.value ?? [0, 0];
  const key = (event: KeyboardEvent): void => {
    const way = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    const inside = (k: number): number => Math.min(Math.max(k, 0), classes.length - 1);
    chosen.value = chosen.value ? [inside(at[0] + way[0]!), inside(at[1] + way[1]!)] : [0, 0];
  };
  const longest = Math.max(...classes.map((each) => each.length), 1);
  const left = Math.min(longest, 12) * 7 + 38;
  const right_ = 66;
  const tall = (width: number): number => Math.min((width - left - right_) / classes.length, 46) * classes.length + 44 + 28;
  return (
    <>
      <Controls label="What stands in the cells">
        <Toggle label="shares of the true class" value={shares.value} onInput={(on) => (shares.value = on)} />
      </Controls>
      <p class="ds-note">{`${whole(right(payload))} of ${whole(n)} ${payload.part} rows are right: ${percent(n ? right(payload) / n : 0)}.`}</p>
      <Plot
        label={`${payload.title}. ${said(...(at as [number, number])).join(", ")}`}
        height={tall}
        margin={{ top: 44, left, right: right_, bottom: 28 }}
        onKeyDown={key}
      >
        {({ width: room, height }) => {
          const size = Math.min(room, height) / classes.length;
          const wide = size * classes.length;
          const cell = (event: MouseEvent): [number, number] => {
            const [px, py] = within(event);
            const inside = (k: number): number => Math.min(Math.max(Math.floor(k / size), 0), classes.length - 1);
            return [inside(py), inside(px)];
          };
          const most = Math.max(Math.floor(size / 7), 1);
          return (
            <>
              <text x={wide / 2} y={-28} text-anchor="middle">
                {`predicted ${payload.target}`}
              </text>
              <text transform={`translate(${-left + 12} ${wide / 2}) rotate(-90)`} text-anchor="middle">
                {`true ${payload.target}`}
              </text>
              <text x={wide + 8} y={-10}>
                found
              </text>
              <text x={-8} y={wide + 18} text-anchor="end">
                right
              </text>
              {counts.map((row, i) => (
                <g key={i} transform={`translate(0 ${i * size})`}>
                  {row.map((count, j) => (
                    <g key={j} transform={`translate(${j * size} 0)`}>
                      <rect
                        width={size}
                        height={size}
                        stroke="var(--faint)"
                        stroke-width="0.7"
                        fill={
                          count
                            ? `color-mix(in srgb, var(${i === j ? "--first" : "--second"}) ${Math.round(strength(count, totals[i]!) * 100)}%, var(--paper))`
                            : "var(--paper)"
                        }
                      />
                      {count > 0 && size > 15 && (
                        <text
                          class="ds-ink"
                          x={size / 2}
                          y={size / 2}
                          dy="0.35em"
                          text-anchor="middle"
                          {...(size < 26 ? { "font-size": 9 } : {})}
                          style={strength(count, totals[i]!) > 0.6 ? { fill: "var(--paper)" } : {}}
                        >
                          {shares.value ? `${Math.round((100 * count) / totals[i]!)}` : whole(count)}
                        </text>
                      )}
                    </g>
                  ))}
                  <text class="ds-ink" x={-8} y={size / 2} dy="0.35em" text-anchor="end">
                    {cut(classes[i]!, 12)}
                  </text>
                  <text x={wide + 8} y={size / 2} dy="0.35em">
                    {totals[i] ? percent((row[i] ?? 0) / totals[i]!) : "none"}
                  </text>
                </g>
              ))}
              {classes.map((name, j) => (
                <g key={j}>
                  <text class="ds-ink" x={(j + 0.5) * size} y={-10} text-anchor="middle">
                    {cut(name, most)}
                  </text>
                  {(size > 38 || j % 2 === 0) && (
                    <text x={(j + 0.5) * size} y={wide + 18} text-anchor="middle">
                      {columns[j] ? `${Math.round((100 * (counts[j]?.[j] ?? 0)) / columns[j]!)}${size > 32 ? " %" : ""}` : "–"}
                    </text>
                  )}
                </g>
              ))}
              {chosen.value && (
                <rect x={at[1] * size} y={at[0] * size} width={size} height={size} fill="none" stroke="var(--ink)" stroke-width="2.5" />
              )}
              <rect
                width={wide}
                height={wide}
                fill="transparent"
                stroke="var(--soft)"
                onPointerMove={(event) => tip.at(event.clientX, event.clientY, said(...cell(event)))}
                onPointerLeave={tip.hide}
                onClick={(event) => (chosen.value = cell(event))}
              />
            </>
          );
        }}
      </Plot>
      <p class="ds-note">
        {chosen.value
          ? said(...(at as [number, number])).join("; ")
          : mistakes(payload)
              .slice(0, 4)
              .map(([count, i, j]) => `${classes[i]} for ${classes[j]}: ${count}`)
              .join(" · ") || "No mistake was made."}
      </p>
    </>
  );
}

/** From 0.12 to 0.85 of the colour, by the root of the share: single mistakes can be seen. */
const strength = (count: number, total: number): number => 0.12 + 0.73 * Math.sqrt(total ? count / total : 0);
