// Who races: optimizers with their rates, the budget and the starts.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { CatalogueView, EntryShown } from "../contract";
import { Button, Choice, Controls, Stepper, Toggle } from "../draw/controls";
import type { Rule } from "./descent_state";
import { raceOf, ratesOf, USUAL_RACE } from "./race_state";
import { tableOf } from "./reading_form";
import type { Context } from "./view";
import { useId } from "../draw/id";

const MOST = 8;

export function RaceControls({ ctx }: { ctx: Context }) {
  const entries = useSignal<readonly EntryShown[]>([]);
  const own = raceOf(ctx.state);
  const isShown = ctx.kind === "lab";
  useEffect(() => {
    if (!isShown) return;
    ctx.ask({ view: "catalogue" }).then(
      (found) => (entries.value = tableOf(found as CatalogueView, "optimizers").filter((each) => each.kind !== "with line search")),
      () => undefined, // those that race already can be changed
    );
  }, []);
  if (!isShown) return null; // in a notebook a race is what was given
  const rules = own.rules.value;
  const change = (k: number, rule: Rule): void => {
    own.rules.value = rules.map((each, j) => (j === k ? rule : each));
  };
  return (
    <>
      <Controls label="Conditions of the race">
        <Choice label="starts" value={own.starts.value} words={[["own", "the one on the map"], ["drawn", "drawn from the domain"]]} onInput={(word) => (own.starts.value = word)} />
        {own.starts.value === "drawn" && <Stepper label="how many" value={own.runs.value} low={1} high={32} onInput={(n) => (own.runs.value = n)} />}
        <Stepper label="gradients each" value={own.budget.value} low={10} high={5000} step={50} onInput={(n) => (own.budget.value = n)} />
        <Toggle label="tune the rates (thirteen times the work)" value={own.tune.value} onInput={(on) => (own.tune.value = on)} />
      </Controls>
      <div class="ds-racers" role="group" aria-label="Who races">
        {rules.map((rule, k) => (
          <Racer
            key={k}
            place={k + 1}
            rule={rule}
            entries={entries.value}
            isTuned={own.tune.value}
            onChange={(changed) => change(k, changed)}
            onRemove={rules.length > 1 ? () => (own.rules.value = rules.filter((_, j) => j !== k)) : null}
          />
        ))}
      </div>
      <Controls label="More of them">
        <Button onClick={() => (own.rules.value = [...rules, another(rules)])} disabled={rules.length >= MOST}>
          another one
        </Button>
        <Button onClick={() => (own.rules.value = ratesOf(rules[0]!))}>{`${rules[0]!.name} at five rates`}</Button>
        <Button onClick={() => (own.rules.value = USUAL_RACE)}>the usual four</Button>
      </Controls>
    </>
  );
}

interface RacerProps {
  place: number;
  rule: Rule;
  entries: readonly EntryShown[];
  isTuned: boolean;
  onChange: (rule: Rule) => void;
  onRemove: (() => void) | null;
}

function Racer({ place, rule, entries, isTuned, onChange, onRemove }: RacerProps) {
  const id = useId();
  const ids = entries.map((each) => each.id);
  const choose = (name: string): void => {
    const lr = entries.find((each) => each.id === name)?.settings.find((each) => each.name === "lr")?.default;
    onChange({ name, settings: typeof lr === "number" ? { lr } : {} });
  };
  const { lr } = rule.settings;
  return (
    <Controls label={`Entrant ${place}`}>
      <Choice label={`${place}`} value={rule.name} words={ids.includes(rule.name) ? ids : [rule.name, ...ids]} onInput={choose} />
      {typeof lr === "number" && (
        <span class="ds-control">
          <label for={id}>lr</label>
          <input
            id={id}
            type="number"
            step="any"
            min="0"
            value={lr}
            disabled={isTuned}
            onChange={(event) => {
              const wanted = Number(event.currentTarget.value);
              if (wanted > 0) onChange({ ...rule, settings: { ...rule.settings, lr: wanted } });
            }}
          />
        </span>
      )}
      {onRemove && (
        <Button label={`Take ${rule.name} out`} onClick={onRemove}>
          ×
        </Button>
      )}
    </Controls>
  );
}

const another = (rules: readonly Rule[]): Rule => USUAL_RACE.find((each) => !rules.some((rule) => rule.name === each.name)) ?? USUAL_RACE[3]!;
