// The tab Runs: all runs of the folder, and below them the one that is open with its time line and its panels.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Event } from "../contract";
import { Button } from "../draw/controls";
import { failureOf } from "../draw/failure";
import { useId } from "../draw/id";
import { whole } from "../draw/number";
import { Panel } from "../views/panel";
import { viewOf } from "../views/table";
import type { Context } from "../views/view";
import { Panels } from "./panels";
import type { Page } from "./table";

const page: Page = { id: "runs", title: "Runs", order: 2, Page: Runs };

export default page;

function Runs({ ctx }: { ctx: Context }) {
  const list = viewOf("runs");
  const run = ctx.state.run.value;
  return (
    <>
      {list && <Panel view={list} ctx={ctx} />}
      {run === null ? (
        <p class="ds-empty">Open a run in the list: its time line, every instrument and every step of its past are shown here.</p>
      ) : (
        <>
          <Opened key={run} run={run} ctx={ctx} />
          <Panels page="runs" ctx={ctx} />
        </>
      )}
    </>
  );
}

/** What the open run is, in words that can be copied, and what was noted about it. */
function Opened({ run, ctx }: { run: string; ctx: Context }) {
  const summary = useSignal("");
  const listed = ctx.state.listed.value;
  useEffect(() => {
    let isOld = false;
    ctx.ask({ view: "summary", run }).then(
      (found) => {
        if (!isOld && found.type === "text") summary.value = found.text;
      },
      () => undefined, // the panels say what is wrong with the run
    );
    return () => (isOld = true);
  }, [run, listed]);
  const go = (): void => {
    ctx.state.page.value = "network";
  };
  return (
    <section class="ds-opened" aria-label={`The run ${run}`}>
      <header>
        <h2>{run}</h2>
        <Button onClick={go}>look into its network</Button>
      </header>
      {summary.value && (
        <details>
          <summary>{summary.value.split("\n")[0]}</summary>
          <pre class="ds-words" tabindex={0}>
            {summary.value}
          </pre>
        </details>
      )}
      <Notes run={run} ctx={ctx} />
    </section>
  );
}

function Notes({ run, ctx }: { run: string; ctx: Context }) {
  const { state } = ctx;
  const id = useId();
  const text = useSignal("");
  const said = useSignal("");
  const notes = useSignal<readonly Event[]>([]);
  const listed = state.listed.value;
  useEffect(() => {
    let isOld = false;
    ctx.ask({ view: "timeline", run, args: { scalars: ["loss"], most: 2 } }).then(
      (found) => {
        if (!isOld && found.type === "timeline") notes.value = found.events.filter((each) => each.kind === "note");
      },
      () => undefined,
    );
    return () => (isOld = true);
  }, [run, listed]);
  const write = (event: SubmitEvent): void => {
    event.preventDefault();
    const words = text.value.trim();
    if (!words || !ctx.act) return;
    ctx.act({ type: "note", run, text: words, ...(state.at.peek() > 0 ? { step: state.at.peek() } : {}) }).then(
      () => {
        text.value = "";
        said.value = "";
        state.listed.value += 1; // the time line shows it too
      },
      (error: unknown) => (said.value = failureOf(error).what),
    );
  };
  return (
    <div class="ds-notes">
      {notes.value.length > 0 && (
        <ul aria-label={`Notes of ${run}`}>
          {notes.value.map((each, k) => (
            <li key={k}>
              {typeof each.step === "number" && (
                <button type="button" class="ds-link" onClick={() => state.go(each.step!)}>
                  step {whole(each.step)}
                </button>
              )}{" "}
              {each.text}
            </li>
          ))}
        </ul>
      )}
      {ctx.act && (
        <form onSubmit={write}>
          <label for={id}>{`note about step ${whole(state.at.value)}`}</label>
          <input id={id} type="text" maxLength={2000} value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} />
          <button type="submit" class="ds-button" disabled={!text.value.trim()}>
            write it down
          </button>
        </form>
      )}
      {said.value && (
        <p class="ds-alarm" role="alert">
          {said.value}
        </p>
      )}
    </div>
  );
}
