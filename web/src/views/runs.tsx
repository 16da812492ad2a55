// The runs of a folder: sorted and searched, those that train marked; one is opened, another one compared with it.
import { useSignal } from "@preact/signals";
import type { Live, RunShown, RunsView } from "../contract";
import { Choice, Controls } from "../draw/controls";
import { useId } from "../draw/id";
import { number, whole } from "../draw/number";
import { Sparkline } from "./runs_sparkline";
import { view, type Context } from "./view";
import type { State } from "../state/state";

const ORDERS = [
  ["newest", "newest first"],
  ["name", "by name"],
  ["loss", "lowest loss first"],
  ["metric", "best metric first"],
  ["steps", "most steps first"],
] as const;
export type Order = (typeof ORDERS)[number][0];

const FIRST = 30; // that are listed at once; a button lists the others

export default view<RunsView>({
  id: "runs",
  title: "Runs",
  pages: [], // the page Runs has it above its panels
  order: 0,
  wide: true,
  lists: true,
  about: {
    sentence: "All run files of the folder that the lab was opened on. A run that trains is marked and goes on by itself; its file is complete at every moment. The little curve is its loss over all steps, on a logarithmic scale where that shows more.",
    source: "src/downslope/views/runs.py",
    call: "downslope runs DIR",
  },
  query: () => ({ view: "runs" }),
  empty: "No runs.",
  describe: (payload) => `${payload.title}, ${payload.runs.filter((each) => each.live).length} of them open in a training.`,
  View: Picture,
});

const chosen = (state: State) => ({ order: state.setting<Order>("runs", "order", "newest"), words: state.setting<string>("runs", "search", "") });

/** Those that have all the words somewhere, in an order. */
export function found(runs: readonly RunShown[], words: string, order: Order): RunShown[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = runs.filter((each) => {
    const text = [each.name, each.data, each.model, each.optimizer, each.state, each.why, each.about, each.parent ?? "", each.live ? "live training" : ""].join(" ").toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  const last = (value: number | null, down: boolean): number => (value === null ? Infinity : down ? -value : value);
  const by: Record<Order, (each: RunShown) => number> = {
    newest: (each) => -each.began,
    name: () => 0,
    loss: (each) => last(each.last_loss, false),
    metric: (each) => last(each.value, !isError(each.metric)),
    steps: (each) => -each.steps,
  };
  const compare = order === "name" ? (a: RunShown, b: RunShown) => a.name.localeCompare(b.name, "en", { numeric: true }) : (a: RunShown, b: RunShown) => by[order](a) - by[order](b);
  return [...kept].sort(compare);
}

/** Metrics that are better where they are lower. */
const isError = (metric: string): boolean => /rmse|mse|mae|error|loss/i.test(metric);

function Picture({ payload, ctx }: { payload: RunsView; ctx: Context }) {
  const { order, words } = chosen(ctx.state);
  const all = useSignal(false);
  const label = useId();
  if (!payload.runs.length) {
    return (
      <p class="ds-empty">
        There is no run in <code>{payload.folder}</code> yet. Train one on the page Network, or with <code>downslope train</code>.
      </p>
    );
  }
  const runs = found(payload.runs, words.value, order.value);
  const shown = all.value ? runs : runs.slice(0, FIRST);
  return (
    <>
      <Controls label="Which runs are listed">
        <div class="ds-control">
          <label for={label}>search</label>
          <input id={label} type="text" size={18} value={words.value} placeholder="name, data, optimizer …" onInput={(event) => (words.value = event.currentTarget.value)} />
        </div>
        <Choice label="order" value={order.value} words={ORDERS} onInput={(word) => (order.value = word)} />
        <span class="ds-soft" role="status">{`${whole(runs.length)} of ${whole(payload.total)}`}</span>
      </Controls>
      {runs.length === 0 && <p class="ds-empty">No run has these words.</p>}
      {runs.length > 0 && (
        <div class="ds-runs-scroll" tabindex={0} role="region" aria-label="Runs of the folder">
          <table class="ds-runs">
            <caption class="ds-hidden">{payload.title}</caption>
            <thead>
              <tr>
                {["run", "loss", "", "held out", "steps", "what", "began"].map((title, k) => (title ? <th key={k} scope="col" class={k > 0 && k < 5 ? "ds-right" : "ds-left"}>{title}</th> : <td key={k} />))}
                <th scope="col">
                  <span class="ds-hidden">compare</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((each) => (
                <Row key={each.name} run={each} ctx={ctx} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {runs.length > FIRST && (
        <button type="button" class="ds-link" onClick={() => (all.value = !all.value)}>
          {all.value ? "fewer" : `and ${whole(runs.length - FIRST)} more`}
        </button>
      )}
    </>
  );
}

function Row({ run, ctx }: { run: RunShown; ctx: Context }) {
  const { state } = ctx;
  const news = state.live.value.get(run.name) ?? null;
  const isOpen = state.run.value === run.name;
  const isBeside = state.beside.value === run.name;
  const open = (): void => {
    if (isOpen) return;
    if (isBeside) state.beside.value = state.run.peek(); // the two change places
    state.step.value = null;
    state.run.value = run.name;
  };
  return (
    <tr class={isOpen ? "ds-run ds-open" : isBeside ? "ds-run ds-beside" : "ds-run"} {...(isOpen ? { "aria-current": "true" as const } : {})}>
      <td class="ds-run-name">
        <button type="button" class="ds-plain" onClick={open} title={`Open ${run.name}`}>
          {run.name}
        </button>
        <Badge run={run} news={news} />
        {run.parent !== null && <span class="ds-run-small" title={run.about}>{`fork of ${run.parent}${run.parent_step === null ? "" : ` at step ${whole(run.parent_step)}`}${run.about ? `: ${run.about}` : ""}`}</span>}
      </td>
      <td class="ds-right" data-label="loss">
        <span class={run.last_loss === null && run.steps > 0 && !news ? "ds-alarm" : ""}>{run.steps || news?.taken ? number(news?.loss !== undefined ? news.loss : run.last_loss) : "none yet"}</span>
      </td>
      <td class="ds-run-line">
        <Sparkline values={run.course} />
      </td>
      <td class="ds-right" data-label="held out">
        {run.metric ? (
          <>
            {run.value === null ? "–" : number(run.value)}
            <span class="ds-run-small">{run.metric}</span>
          </>
        ) : (
          "–"
        )}
      </td>
      <td class="ds-right" data-label="steps">
        {whole(news?.taken ?? run.steps)}
        {run.until > (news?.taken ?? run.steps) && <span class="ds-run-small">{`of ${whole(run.until)}`}</span>}
      </td>
      <td class="ds-run-what">
        <span title={`${run.data}: ${run.model}`}>{`${run.data} · ${run.model}`}</span>
        <span class="ds-run-small" title={run.optimizer}>
          {run.optimizer}
        </span>
      </td>
      <td class="ds-run-small ds-run-date" data-label="began" title={`${whole(run.size / 1024)} kB`}>
        {day(run.began)}
        <span class="ds-run-small">{`${whole(run.size / 1024)} kB`}</span>
      </td>
      <td>
        <button type="button" class="ds-button" aria-pressed={isBeside} disabled={isOpen} aria-label={`Compare with ${run.name}`} onClick={() => (state.beside.value = isBeside ? null : run.name)}>
          compare
        </button>
      </td>
    </tr>
  );
}

const STATES: Record<string, string> = { training: "training", paused: "paused", starting: "starting", done: "finished", failed: "failed", lost: "lost" };

/** What the run does now, else how it ended. */
export function stateOf(run: RunShown, news: Live | null): { words: string; why: string; kind: "live" | "alarm" | "calm" } {
  const word = news ? (STATES[news.state] ?? news.state) : run.state;
  const kind = word === "training" || word === "starting" ? "live" : ["failed", "lost", "damaged"].includes(word) ? "alarm" : "calm";
  const rate = news?.state === "training" && news.rate > 0 ? `, ${whole(Math.round(news.rate))} steps a second` : "";
  return { words: `${word}${rate}`, why: news?.why || run.why, kind };
}

function Badge({ run, news }: { run: RunShown; news: Live | null }) {
  const { words, why, kind } = stateOf(run, news);
  return (
    <span class={`ds-badge ds-badge-${kind}`} title={why}>
      <span aria-hidden="true">{kind === "live" ? "● " : kind === "alarm" ? "▲ " : ""}</span>
      {words}
    </span>
  );
}

/** "20 Nov, 14:05", of the reader's own clock. */
export function day(seconds: number): string {
  if (!(seconds > 0)) return "unknown";
  const at = new Date(seconds * 1000);
  return `${at.getDate()} ${at.toLocaleString("en", { month: "short" })}${at.getFullYear() === new Date().getFullYear() ? "" : ` ${at.getFullYear()}`}, ${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
}
