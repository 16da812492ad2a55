// The report: one file from disk. Its answers were asked beforehand and stand in it, packed, by their questions.
import { h, render } from "preact";
import type { Failure, Payload, Query } from "../contract";
import { Failed } from "../draw/failure";
import { nearest } from "../draw/scrubber";
import { arrival, library } from "../libraries/register";
import { State } from "../state/state";
import { canonical } from "../views/asking";
import { viewOf } from "../views/table";
import type { Context } from "../views/view";
import { ReportPage } from "./report_page";
import { followTheme } from "./theme";

/** What lab/report.py writes. steps: those whose numbers are in it. texts: what was computed beforehand, in words. */
export interface Packed {
  title: string;
  summary: string;
  made: string;
  texts: string[];
  run: string;
  n_steps: number;
  steps: number[];
  selections: string[];
  views: string[];
  answers: Record<string, Payload>;
}

export async function mountReport(root: HTMLElement): Promise<void> {
  const packed = await unpacked(document.getElementById("downslope-data")?.textContent ?? "");
  const state = new State();
  state.steps.value = packed.n_steps;
  state.available.value = packed.steps;
  state.snap = (step) => packed.steps[nearest(packed.steps, step)] ?? step;
  const open = (): void => {
    state.read(location.hash);
    state.run.value = packed.run;
    state.select.value ??= packed.selections[0] ?? null;
    state.step.value ??= packed.steps.at(-1) ?? null;
  };
  open();
  const ctx: Context = {
    kind: "report",
    state,
    ask: (query) => {
      const found = packed.answers[canonical(query)];
      return found ? Promise.resolve(found) : Promise.reject(new Failed(missing(query, packed)));
    },
    act: null,
    library: (name) => library(name, arrival),
    link: () => `#${state.hash.value}`,
  };
  root.classList.add("ds");
  followTheme(root, state);
  state.hash.subscribe((hash) => history.replaceState(null, "", hash ? `#${hash}` : location.pathname));
  addEventListener("hashchange", open);
  const views = packed.views.flatMap((id) => viewOf(id) ?? []);
  render(h(ReportPage, { packed, views, ctx }), root);
}

/** Base64 of gzipped JSON. */
async function unpacked(text: string): Promise<Packed> {
  const bytes = Uint8Array.from(atob(text.trim()), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return (await new Response(stream).json()) as Packed;
}

function missing(query: Query, packed: Packed): Failure {
  const where = query.step ? `step ${query.step}` : "all steps";
  return {
    code: "report-not-asked",
    what: `this report does not hold the ${query.view} of ${where}${query.args ? ` with ${JSON.stringify(query.args)}` : ""}`,
    where: `this file, made of ${packed.run} with ${packed.steps.length} of its ${packed.n_steps} steps`,
    why: "a report carries answers, not the run: what nobody asked for when it was made is not in it",
    do: "Open the run in the lab (`downslope lab`), or make the report anew with more steps or weights.",
  };
}
