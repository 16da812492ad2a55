// Draws views from the payloads in try/payloads, without a server: for those who write a view.
import "../src/draw/theme.css";
import "../src/draw/draw.css";
import { render } from "preact";
import type { Done, Payload, Query } from "../src/contract";
import { Failed } from "../src/draw/failure";
import { followTheme } from "../src/hosts/theme";
import "../src/libraries/dagre";
import "../src/libraries/katex";
import { library } from "../src/libraries/register";
import "../src/libraries/uplot";
import { State } from "../src/state/state";
import { Board } from "../src/views/board";
import { VIEWS } from "../src/views/table";
import type { Context } from "../src/views/view";

/** payloads/<view>.json: a payload, or [{"args": {...}, "step": 3, "answer": payload}, ...] of which the first fits. */
type Given = Payload | { step?: number; args?: Record<string, unknown>; answer: Payload }[];
const files = import.meta.glob<{ default: Given }>("./payloads/*.json", { eager: true });

function answer(query: Query): Payload {
  const file = files[`./payloads/${query.view}.json`]?.default;
  const fits = (each: { step?: number; args?: object }): boolean =>
    (each.step === undefined || each.step === query.step) &&
    Object.entries(each.args ?? {}).every(([name, value]) => JSON.stringify(value) === JSON.stringify(query.args?.[name]));
  const found = Array.isArray(file) ? file.find(fits)?.answer : file;
  if (found) return found;
  const what = `there is no try/payloads/${query.view}.json that answers ${JSON.stringify(query)}`;
  throw new Failed({ code: "try-payload", what, where: "web/try", why: "no server stands behind this page", do: "Write one from Python: msgspec.json.encode(payload)." });
}

const state = new State();
state.run.value = "digits-1";
state.steps.value = Number(new URLSearchParams(location.search).get("steps") ?? 900);
state.read(location.hash || "#run=digits-1");
const log: unknown[] = [];
const ctx: Context = {
  kind: "lab",
  state,
  ask: (query) => new Promise((done) => done(answer(query))),
  act: (command) => {
    log.push(command);
    console.info("command", JSON.stringify(command));
    return Promise.resolve({ run: state.run.value, steps: state.steps.value } as Done);
  },
  library: (name) => library(name, () => Promise.reject(new Error(name))),
  link: () => `#${state.hash.value}`,
};
const root = document.getElementById("root")!;
root.classList.add("ds");
followTheme(root, state);
state.hash.subscribe((hash) => history.replaceState(null, "", `#${hash}`));
const wanted = new URLSearchParams(location.search).get("views")?.split(",");
const shown = VIEWS.filter((each) => wanted?.includes(each.id) ?? `./payloads/${each.id}.json` in files);
render(
  <div class="ds-page">
    <main>
      <h1 class="ds-hidden">On trial</h1>
      <Board views={shown} ctx={ctx} />
    </main>
  </div>,
  root,
);
