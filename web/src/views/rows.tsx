// The examples of a step's mini-batch, those that weigh most in its gradient first, shown as what they are.
import type { RowShown, RowsView } from "../contract";
import { Choice, Controls, Toggle } from "../draw/controls";
import { general, number, signed, whole } from "../draw/number";
import { ramp } from "../draw/theme";
import { useTip } from "../draw/tip";
import { Raster } from "./reading_raster";
import { view, type Context } from "./view";
import type { State } from "../state/state";

const chosen = (state: State) => ({ most: state.setting("rows", "most", 16), narrow: state.setting("rows", "narrow", false) });

/** The layer or the parameter that is selected, whose gradient alone may count. */
export const targetOf = (select: string | null): string | null => {
  const name = select?.replace(/^(grads|updates|activations|errors)\./, "").replace(/\[.*$/, "") ?? "";
  return name === "" || name.startsWith("%") || name.endsWith(".z") ? null : name;
};

export default view<RowsView>({
  id: "rows",
  title: "Rows",
  pages: ["network", "runs"],
  order: 50,
  closed: true,
  about: {
    sentence:
      "Which examples made the step's gradient what it is: the share of each row is how far its own gradient points along the mean one. All shares together are 1; below 0 stands a row that pulled the other way. A click looks at the row in the network.",
    formula: String.raw`s_i = \frac{g_i \cdot \bar g}{B \, \lVert \bar g \rVert^2}`,
    source: "src/downslope/views/rows.py",
    call: 'run.ask("row_blame", steps=[t])',
  },
  query: (state) => {
    if (state.run.value === null || state.at.value < 1) return null;
    const { most, narrow } = chosen(state);
    const target = narrow.value ? targetOf(state.select.value) : null;
    const args = { ...(most.value === 16 ? {} : { most: most.value }), ...(target ? { target } : {}) };
    return { view: "rows", run: state.run.value, step: state.at.value, ...(Object.keys(args).length ? { args } : {}) };
  },
  empty: "Choose a run that has taken a step.",
  describe: (payload) => {
    const first = payload.rows[0];
    return `${payload.title}. ${first ? `The first is row ${first.row}: share ${number(first.share)}, loss ${number(first.loss)}, target ${first.target}, predicted ${first.predicted}. ` : ""}${payload.sentence}`;
  },
  Head: ({ ctx }) => {
    if (ctx.kind === "report") return null;
    const { most, narrow } = chosen(ctx.state);
    const target = targetOf(ctx.state.select.value);
    return (
      <Controls label="Which rows">
        <Choice label="rows" value={String(most.value)} words={["8", "16", "32", "64"]} onInput={(word) => (most.value = Number(word))} />
        {(target !== null || narrow.value) && <Toggle label={`only in the gradient of ${target ?? "what is selected"}`} value={narrow.value} onInput={(on) => (narrow.value = on)} />}
      </Controls>
    );
  },
  View: Picture,
});

function Picture({ payload, ctx }: { payload: RowsView; ctx: Context }) {
  const row = ctx.state.setting<number | null>("network", "row", null);
  const most = Math.max(...payload.rows.map((each) => Math.abs(each.share ?? 0)), 1e-12);
  const choose = (place: number): void => {
    row.value = row.value === place ? null : place;
  };
  const shared = { payload, most, chosen: row.value, choose, ctx };
  return (
    <>
      <p class="ds-note">{`Loss of the mini-batch ${number(payload.loss)}. ${payload.sentence}`}</p>
      {payload.image_shape ? <Images {...shared} /> : <Values {...shared} />}
    </>
  );
}

interface DrawnRows {
  payload: RowsView;
  most: number;
  chosen: number | null;
  choose: (place: number) => void;
  ctx: Context;
}

const said = (each: RowShown, n: number): string[] => [
  `row ${whole(each.row)} of the source`,
  `share ${signed(each.share)} (even would be ${number(1 / n)})`,
  `loss ${number(each.loss)}`,
  `target ${each.target}, predicted ${each.predicted}`,
  ...each.faults.map((fault) => `changed on purpose: ${fault}`),
];

const wrong = (each: RowShown): boolean => each.target !== each.predicted;

function Images({ payload, most, chosen, choose, ctx }: DrawnRows) {
  const tip = useTip();
  const [high, wide] = payload.image_shape!;
  return (
    <ul class="ds-rows">
      {payload.rows.map((each) => (
        <li key={each.place}>
          <button type="button" class="ds-row-card" aria-pressed={chosen === each.place} {...tip.of(() => said(each, payload.n))} onClick={() => choose(each.place)}>
            <span class="ds-hidden">{said(each, payload.n).join(", ")}</span>
            <svg viewBox="0 0 64 64" width="64" height="64" aria-hidden="true">
              <Raster width={64} height={64} columns={wide} rows={high} ctx={ctx} of={[payload, each]} paint={(colours) => {
                const ink = ramp(colours, "ink");
                const top = Math.max(...each.values.map((value) => value ?? 0), 1e-12);
                return (i, j) => ink((each.values[i * wide + j] ?? 0) / top);
              }} />
            </svg>
            <Share value={each.share} most={most} />
            <span class="ds-row-words" aria-hidden="true">
              {each.target}
              {wrong(each) && <strong class="ds-alarm">{` → ${each.predicted}`}</strong>}
            </span>
            {each.faults.length > 0 && <span class="ds-alarm" aria-hidden="true">{each.faults.join(", ")}</span>}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Share({ value, most }: { value: number | null; most: number }) {
  const half = 30;
  const size = ((value ?? 0) / most) * half;
  return (
    <>
      <svg viewBox="0 0 64 8" width="64" height="8" aria-hidden="true">
        <line x1="32" x2="32" y1="0" y2="8" class="ds-axis-line" />
        {value !== null && <rect x={size < 0 ? 32 + size : 32} width={Math.max(Math.abs(size), 0.6)} y="1" height="6" fill={size < 0 ? "var(--second)" : "var(--first)"} />}
      </svg>
      <span class={value === null ? "ds-row-share ds-alarm" : "ds-row-share"} aria-hidden="true">
        {value === null ? "not finite" : `${value > 0 ? "+" : ""}${general(value, 2)}`}
      </span>
    </>
  );
}

function Values({ payload, most, chosen, choose }: DrawnRows) {
  const head = ["row", "share", "", "loss", "target", "predicted", ...payload.features];
  return (
    <div class="ds-scroll" tabindex={0} role="region" aria-label={payload.title}>
      <table class="ds-table ds-rows-table">
        <caption class="ds-hidden">{payload.title}</caption>
        <thead>
          <tr>
            {head.map((title, k) => (title ? <th key={k} scope="col" class={k ? "ds-right" : "ds-left"}>{title}</th> : <td key={k} />))}
          </tr>
        </thead>
        <tbody>
          {payload.rows.map((each) => (
            <tr key={each.place} {...(chosen === each.place ? { class: "ds-current", "aria-current": "true" as const } : {})}>
              <td class="ds-left">
                <button type="button" class="ds-plain" aria-label={`Look at ${said(each, payload.n).join(", ")}`} onClick={() => choose(each.place)}>
                  {whole(each.row)}
                </button>
                {each.faults.length > 0 && <span class="ds-alarm" title={`changed on purpose: ${each.faults.join(", ")}`}>{` ${each.faults.join(", ")}`}</span>}
              </td>
              <td class={each.share === null ? "ds-right ds-alarm" : "ds-right"}>{signed(each.share)}</td>
              <td>
                <svg viewBox="0 0 64 10" width="64" height="10" aria-hidden="true">
                  <line x1="32" x2="32" y1="0" y2="10" class="ds-axis-line" />
                  {each.share !== null && <rect x={each.share < 0 ? 32 + (each.share / most) * 30 : 32} width={Math.max(Math.abs((each.share / most) * 30), 0.6)} y="1" height="8" fill={each.share < 0 ? "var(--second)" : "var(--first)"} />}
                </svg>
              </td>
              <td class={each.loss === null ? "ds-right ds-alarm" : "ds-right"}>{number(each.loss)}</td>
              <td class="ds-right">{each.target}</td>
              <td class={payload.rows.length && each.predicted === "not finite" ? "ds-right ds-alarm" : "ds-right"}>{each.predicted}</td>
              {each.values.slice(0, payload.features.length).map((value, k) => (
                <td key={k} class="ds-right ds-soft">
                  {number(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
