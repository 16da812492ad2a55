// Many runs at once: a setting, such as the learning rate, against how well the runs did, and the course of each of them.
import { useSignal } from "@preact/signals";
import type { Failure, Settings, SweepView } from "../contract";
import { Button, Choice, Controls } from "../draw/controls";
import { FailureBox, failureOf } from "../draw/failure";
import { Legend } from "../draw/legend";
import { number, whole } from "../draw/number";
import { Table } from "../draw/table";
import { series } from "../draw/theme";
import { Curves } from "./sweep_curves";
import { Dots, told } from "./sweep_dots";
import { alone, best, launch, shownOf } from "./sweep_state";
import { view, type Context } from "./view";

export default view<SweepView>({
  id: "sweep",
  title: "Sweep",
  pages: ["network", "runs"],
  order: 15,
  wide: true,
  closed: true,
  lists: true,
  about: {
    sentence:
      "Many runs with the same settings but for the learning rate, the optimizer or the seed: one seed says little, and one rate less. A dot is a run, a line goes through the means over the seeds, bars are their standard deviation. A run whose numbers ceased to be finite is a cross, and its mean is not drawn, because the others alone would look better than they are.",
    source: "src/downslope/views/sweep.py",
    call: "ds.show(ds.train_many(net, data, optimizer=ds.optim.adam(), lr=[0.001, 0.01, 0.1], seed=range(3)))",
    keys: [
      ["← →", "to the next run"],
      ["Home End", "the first and the last of them"],
    ],
  },
  query: (state) => {
    const { name, result, along } = shownOf(state);
    const asked = { name: name.value, result: result.value, along: along.value };
    return { view: "sweep", args: Object.fromEntries(Object.entries(asked).filter(([, each]) => each !== null)) };
  },
  empty: "No sweep.",
  describe: (payload) => {
    const k = best(payload);
    return k === null ? `${whole(payload.runs.length)} runs.` : `${whole(payload.runs.length)} runs. The best: ${told(payload, k).join(", ")}.`;
  },
  Head: ({ ctx }) => launch.Form && <launch.Form ctx={ctx} />,
  View: Picture,
});

function Picture({ payload, ctx }: { payload: SweepView; ctx: Context }) {
  const { name, result, along, picked } = shownOf(ctx.state);
  const { runs, lines, columns, varied, names = [] } = payload;
  const k = picked.value !== null && picked.value < runs.length ? picked.value : best(payload);
  const other = (to: string): void => {
    name.value = to;
    picked.value = null;
    along.value = null;
    result.value = null;
  };
  if (!payload.meant) return <p class="ds-empty">No sweep yet: the button above begins one. `downslope sweep` and ds.train_many do the same for anything.</p>;
  return (
    <>
      <Controls label="What is shown of the sweep">
        {names.length > 1 && <Choice label="sweep" value={payload.name ?? ""} words={names} onInput={other} />}
        {columns.length > 1 && <Choice label="result" value={payload.y_label} words={columns} onInput={(word) => (result.value = word)} />}
        {varied.length > 1 && <Choice label="along" value={payload.x_label} words={varied} onInput={(word) => (along.value = word)} />}
      </Controls>
      <Progress payload={payload} ctx={ctx} />
      {runs.length > 0 && (
        <>
          {lines.length > 1 && <Legend entries={lines.map((each, j) => ({ words: each.name, colour: series(j), mark: "line" }))} />}
          <Dots payload={payload} picked={k} onPick={(place) => (picked.value = place)} />
          {k !== null && <Picked payload={payload} k={k} ctx={ctx} />}
          <Curves payload={payload} picked={k} />
          <Means payload={payload} />
        </>
      )}
    </>
  );
}

const STATES = { training: "", done: "", stopped: "stopped", failed: "failed", lost: "its process is gone" } as const;

function Progress({ payload, ctx }: { payload: SweepView; ctx: Context }) {
  const failure = useSignal<Failure | null>(null);
  const { done, meant, state = "done", why, name } = payload;
  if (state === "done" && done === meant) return null;
  const words = `${whole(done)} of ${whole(meant)} runs${STATES[state] ? `; ${STATES[state]}` : ""}${why ? `: ${why}` : ""}`;
  const stop = (): void => {
    ctx.act?.({ type: "stop_sweep", sweep: name! }).then(
      () => (ctx.state.listed.value += 1),
      (error: unknown) => (failure.value = failureOf(error)),
    );
  };
  return (
    <Controls label="How far it is">
      {state === "training" && <progress max={meant} value={done} aria-label={words} />}
      <span role="status" class={state === "failed" || state === "lost" ? "ds-alarm" : ""}>
        {words}
      </span>
      {state === "training" && ctx.act && <Button onClick={stop}>stop</Button>}
      {failure.value && <FailureBox failure={failure.value} />}
    </Controls>
  );
}

/** The run that is picked, in words; in the lab it can become a run of its own. */
function Picked({ payload, k, ctx }: { payload: SweepView; k: number; ctx: Context }) {
  const failure = useSignal<Failure | null>(null);
  const busy = useSignal(false);
  const { state, act } = ctx;
  const train = async (): Promise<void> => {
    busy.value = true;
    try {
      const settings = alone(payload.again as unknown as Settings, payload.runs[k]!);
      const done = await act!({ type: "create", settings });
      await act!({ type: "play", run: done.run! });
      state.run.value = done.run!;
      state.steps.value = done.steps ?? 0;
      state.step.value = null;
    } catch (error) {
      failure.value = failureOf(error);
    }
    busy.value = false;
  };
  return (
    <>
      <p aria-live="polite">
        <strong>{k === best(payload) ? "the best" : "picked"}</strong>: {told(payload, k).join("; ")}{" "}
        {act && payload.again && (
          <Button label="open as a run: trained again by itself, the same to the last bit" onClick={() => void train()} disabled={busy.value}>
            open as a run
          </Button>
        )}
      </p>
      {failure.value && <FailureBox failure={failure.value} />}
    </>
  );
}

function Means({ payload }: { payload: SweepView }) {
  const { lines, words, x_label, y_label } = payload;
  const rows = lines.flatMap((each) =>
    each.points.map(({ x, mean, spread, values }) => [
      words[x] ?? number(x),
      ...(lines.length > 1 ? [each.name] : []),
      mean,
      spread,
      whole(values.length),
      values.filter((value) => value === null).length || "none",
    ]),
  );
  const head = [x_label, ...(lines.length > 1 ? ["settings"] : []), `mean ${y_label}`, "standard deviation", "runs", "not finite"];
  return <Table caption={`${payload.title}: means over the seeds`} head={head} rows={rows} words={lines.length > 1 ? [0, 1] : [0]} sortable />;
}
