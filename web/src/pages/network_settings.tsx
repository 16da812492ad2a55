// The settings of a training: data, layers, the rule that learns. Some of them a run takes while it goes on.
import { useEffect, useState } from "preact/hooks";
import type { RunShown, RunsView } from "../contract";
import { Button, Choice, Stepper } from "../draw/controls";
import { NEW, ownerOf } from "../state/training";
import type { Context } from "../views/view";
import { Data } from "./network_data";
import { entryOf, table, words, type Props } from "./network_entries";
import { BATCHES, Field, Ladder, Own, RATES, withSetting } from "./network_fields";

export function SettingsForm({ ctx, training, catalogue }: Props) {
  const { state } = ctx;
  const owner = ownerOf(state).value;
  const run = state.run.value;
  const isForeign = run !== null && owner !== NEW && owner !== run;
  return (
    <form class="ds-settings" onSubmit={(event) => event.preventDefault()} aria-label="Settings of the training">
      {run !== null && owner === NEW && (
        <p class="ds-note" role="status">
          These settings make a run of their own: ► begins it. {run} stays as it is.
        </p>
      )}
      {isForeign && <Foreign ctx={ctx} run={run} />}
      <Data {...{ ctx, training, catalogue }} />
      <Layers {...{ ctx, training, catalogue }} />
      <Rule {...{ ctx, training, catalogue }} />
      <More {...{ ctx, training, catalogue }} />
    </form>
  );
}

/** A run whose settings no field can show: what its file says of it, since the fields below say something else. */
function Foreign({ ctx, run }: { ctx: Context; run: string }) {
  const [facts, set] = useState<RunShown | null>(null);
  useEffect(() => {
    let isOpen = true;
    set(null);
    ctx.ask({ view: "runs" }).then(
      (answer) => isOpen && set((answer as RunsView).runs.find((each) => each.name === run) ?? null),
      () => undefined,
    );
    return () => {
      isOpen = false;
    };
  }, [run]);
  return (
    <div class="ds-note" role="status">
      <p>
        {run} has settings that these fields cannot show. What you change is changed in it; a change that needs a new run begins one with
        all of those below.
      </p>
      {facts && (
        <dl class="ds-facts">
          <dt>data</dt>
          <dd>{facts.data}</dd>
          <dt>layers</dt>
          <dd>{facts.model}</dd>
          <dt>rule</dt>
          <dd>{facts.optimizer}</dd>
        </dl>
      )}
    </div>
  );
}

function Layers({ training, catalogue }: Props) {
  const now = training.settings.value;
  const { hidden } = now;
  const most = catalogue.limits.layers ?? 8;
  const set = (layers: number[]): void => training.change("hidden", layers);
  const starts = table(catalogue, "initialisers");
  const kind = entryOf([...table(catalogue, "data sets")], now.data.name)?.kind;
  const losses = table(catalogue, "losses").filter((each) => !kind || each.kind === kind);
  return (
    <details open>
      <summary>Network</summary>
      <div class="ds-layers">
        <div class="ds-control">
          <span class="ds-soft">hidden layers: {hidden.length}</span>
          <Button label="One layer less" onClick={() => set(hidden.slice(0, -1))} disabled={!hidden.length}>
            −
          </Button>
          <Button label="One layer more" onClick={() => set([...hidden, hidden.at(-1) ?? 8])} disabled={hidden.length >= most}>
            +
          </Button>
        </div>
        {hidden.map((units, k) => (
          <Stepper
            key={k}
            label={`units of layer ${k + 1}`}
            value={units}
            low={1}
            high={catalogue.limits.units ?? 512}
            onInput={(n) => set(hidden.map((other, j) => (j === k ? n : other)))}
          />
        ))}
      </div>
      <Choice
        label="activation"
        value={now.activation}
        words={words(table(catalogue, "activations").filter((each) => each.id !== "softmax"))}
        onInput={(word) => training.change("activation", word)}
      />
      <Choice
        label="start values"
        value={now.initialiser?.name ?? ""}
        words={[["", "what suits the activation"], ...words(starts)]}
        onInput={(name) => training.change("initialiser", name ? { name } : null)}
      />
      {now.initialiser && (
        <Own
          entry={entryOf(starts, now.initialiser.name)}
          given={now.initialiser.settings ?? {}}
          onChange={(name, value) => training.change("initialiser", withSetting(now.initialiser!, name, value))}
        />
      )}
      <Choice
        label="loss"
        value={now.loss ?? ""}
        words={[["", kind === "regression" ? "mean squared error" : kind ? "softmax cross-entropy" : "the usual one"], ...words(losses)]}
        onInput={(word) => training.change("loss", word || null)}
      />
    </details>
  );
}

/** Settings of an optimizer that stand elsewhere on the page. */
const ELSEWHERE = ["lr", "weight_decay", "decoupled_weight_decay"];

function Rule({ training, catalogue }: Props) {
  const now = training.settings.value;
  const rules = table(catalogue, "optimizers");
  const schedules = table(catalogue, "schedules").filter((each) => each.id !== "constant");
  const entry = entryOf(rules, now.optimizer.name);
  const usual = entry?.settings.find((each) => each.name === "lr")?.default;
  const lr = Number(now.optimizer.settings?.lr ?? usual ?? 0.01);
  const decays = entry?.settings.some((each) => ELSEWHERE.slice(1).includes(each.name)) ?? true;
  const choose = (name: string): void => {
    const rate = Number(entryOf(rules, name)?.settings.find((each) => each.name === "lr")?.default ?? 0.01);
    if (now.weight_decay && !entryOf(rules, name)?.settings.some((each) => ELSEWHERE.slice(1).includes(each.name)))
      training.change("weight_decay", 0);
    training.change("optimizer", { name, settings: { lr: rate } });
  };
  return (
    <details open>
      <summary>Optimizer</summary>
      <Choice
        label="rule"
        value={entry?.id ?? now.optimizer.name}
        words={entry ? words(rules) : [...words(rules), now.optimizer.name]}
        onInput={choose}
      />
      {entry && <p class="ds-note">{entry.sentence}</p>}
      <Ladder
        label="learning rate"
        value={lr}
        rungs={RATES}
        onChange={(value) => training.change("optimizer", withSetting(now.optimizer, "lr", value))}
      />
      {(entry?.settings.length ?? 0) > ELSEWHERE.length - 1 && (
        <details>
          <summary>its other settings</summary>
          <Own
            entry={entry}
            given={now.optimizer.settings ?? {}}
            without={ELSEWHERE}
            onChange={(name, value) => training.change("optimizer", withSetting(now.optimizer, name, value as number))}
          />
        </details>
      )}
      <Choice
        label="schedule"
        value={now.schedule?.name ?? ""}
        words={[["", "constant rate"], ...words(schedules)]}
        onInput={(name) => training.change("schedule", name ? { name } : null)}
      />
      {now.schedule && (
        <details>
          <summary>its settings</summary>
          <Own
            entry={entryOf(schedules, now.schedule.name)}
            given={now.schedule.settings ?? {}}
            without={["lr"]}
            onChange={(name, value) => training.change("schedule", withSetting(now.schedule!, name, value as number))}
          />
        </details>
      )}
      {now.batch_size === null ? null : (
        <Ladder
          label="rows in a batch"
          value={now.batch_size}
          rungs={BATCHES}
          onChange={(n) => training.change("batch_size", Math.max(Math.round(n), 1))}
        />
      )}
      <label class="ds-control ds-toggle">
        <input
          type="checkbox"
          checked={now.batch_size === null}
          onChange={(event) => training.change("batch_size", event.currentTarget.checked ? null : 32)}
        />
        <span>all rows in every step</span>
      </label>
      {decays && (
        <Field label="weight decay" value={now.weight_decay} low={0} onChange={(value) => training.change("weight_decay", value ?? 0)} />
      )}
    </details>
  );
}

function More({ training, catalogue }: Props) {
  const now = training.settings.value;
  return (
    <details>
      <summary>More</summary>
      <Field label="dropout" value={now.dropout} low={0} high={0.95} onChange={(value) => training.change("dropout", value ?? 0)} />
      <Choice
        label="normalise"
        value={now.normalise}
        words={[
          ["none", "nothing"],
          ["batch_norm", "by batch"],
          ["layer_norm", "by layer"],
        ]}
        onInput={(word) => training.change("normalise", word)}
      />
      <Field
        label="clip the gradient at"
        value={now.clip}
        low={1e-9}
        empty="no clipping"
        onChange={(value) => training.change("clip", value)}
      />
      <Field
        label="ends after steps"
        value={now.steps}
        low={1}
        high={catalogue.limits.steps ?? 1e7}
        whole
        onChange={(value) => training.change("steps", value ?? 20_000)}
      />
      <Stepper label="seed" value={now.seed} low={0} onInput={(value) => training.change("seed", value)} />
    </details>
  );
}
