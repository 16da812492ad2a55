// What the next sweep is to be: learning rates around the present one, seeds, steps, other optimizers; and its launch.
import { useSignal } from "@preact/signals";
import { Button, Controls, Stepper, Toggle } from "../draw/controls";
import { FailureBox, failureOf } from "../draw/failure";
import { useId } from "../draw/id";
import { number, whole } from "../draw/number";
import type { Failure } from "../contract";
import { launch as place, orderOf, present, ratesBetween, shownOf, usualRates, usualSteps } from "../views/sweep_state";
import type { Context } from "../views/view";

const OTHERS = ["gradient_descent", "momentum", "rmsprop", "adam"];

place.Form = SweepForm;

function SweepForm({ ctx }: { ctx: Context }) {
  const { state } = ctx;
  const busy = useSignal(false);
  const failure = useSignal<Failure | null>(null);
  if (!ctx.act) return null; // in a notebook and a report a sweep is what was given
  const own = orderOf(state);
  const settings = present(state);
  const [low, high] = usualRates(settings);
  const rates = ratesBetween(own.from.value ?? low, own.to.value ?? high, own.rates.value);
  const steps = own.steps.value ?? usualSteps(settings);
  const others = OTHERS.filter((name) => name !== settings.optimizer.name);
  const rules = [settings.optimizer.name, ...others.filter((name) => own.rules.value.includes(name))];
  const launch = (): void => {
    busy.value = true;
    failure.value = null;
    ctx.act!({ type: "sweep", settings: { ...settings, steps }, rates, seeds: own.seeds.value, optimizers: rules })
      .then(
        ({ sweep }) => {
          shownOf(state).name.value = sweep ?? null;
          shownOf(state).picked.value = null;
          state.listed.value += 1;
        },
        (error: unknown) => (failure.value = failureOf(error)),
      )
      .finally(() => (busy.value = false));
  };
  const runs = rates.length * rules.length * own.seeds.value;
  return (
    <details class="ds-sweep-form" open>
      <summary>
        A new sweep of the present settings: {settings.data.name}, {settings.hidden.join(", ") || "no hidden layer"}, {settings.optimizer.name}
      </summary>
      <Controls label="What is tried">
        <Rate label="learning rates from" value={own.from.value ?? low} onInput={(value) => (own.from.value = value)} />
        <Rate label="to" value={own.to.value ?? high} onInput={(value) => (own.to.value = value)} />
        <Stepper label="how many" value={own.rates.value} low={2} high={25} onInput={(n) => (own.rates.value = n)} />
        <Stepper label="seeds" value={own.seeds.value} low={1} high={16} onInput={(n) => (own.seeds.value = n)} />
        <Stepper label="steps each" value={steps} low={1} high={100_000} step={100} onInput={(n) => (own.steps.value = n)} />
      </Controls>
      <Controls label="Other optimizers">
        <span class="ds-soft">and with</span>
        {others.map((name) => (
          <Toggle
            key={name}
            label={name}
            value={own.rules.value.includes(name)}
            onInput={(on) => (own.rules.value = on ? [...own.rules.value, name] : own.rules.value.filter((each) => each !== name))}
          />
        ))}
      </Controls>
      <Controls label="Launch">
        <Button main onClick={launch} disabled={busy.value || !rates.length}>
          {busy.value ? "… starting" : `► Train ${whole(runs)} runs`}
        </Button>
        <span class="ds-soft">{`rates ${rates.map(number).join(", ")}`}</span>
      </Controls>
      {failure.value && <FailureBox failure={failure.value} />}
    </details>
  );
}

function Rate({ label, value, onInput }: { label: string; value: number; onInput: (value: number) => void }) {
  const id = useId();
  const take = (text: string): void => {
    if (Number(text) > 0) onInput(Number(text));
  };
  return (
    <span class="ds-control">
      <label for={id}>{label}</label>
      <input id={id} type="number" step="any" min="0" value={value} onChange={(event) => take(event.currentTarget.value)} />
    </span>
  );
}
