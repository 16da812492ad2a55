// Which surface, from where, by which rules: the settings of a descent, from the catalogue of what there is.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { CatalogueView, EntryShown } from "../contract";
import { Button, Choice, Controls, Stepper } from "../draw/controls";
import { descentOf, USUAL_RULE, type Rule } from "./descent_state";
import type { Context } from "./view";
import { useId } from "../draw/id";

const MOST_RULES = 6;
const OWN = "your own formula";

export function DescentControls({ ctx }: { ctx: Context }) {
  const catalogue = useSignal<CatalogueView | null>(null);
  useEffect(() => {
    ctx.ask({ view: "catalogue" }).then(
      (payload) => {
        if (payload.type === "catalogue") catalogue.value = payload;
      },
      () => undefined, // without it the choices are those that are made already
    );
  }, []);
  const own = descentOf(ctx.state);
  const entries = (table: string): readonly EntryShown[] => catalogue.value?.tables.find((each) => each.name === table)?.entries ?? [];
  const surfaces = names(entries("surfaces"), own.surface.value ?? "bowl");
  const choose = (word: string): void => {
    own.start.value = null;
    own.step.value = 0;
    if (word === OWN) own.formula.value = "x^2 + 3*y^2 + sin(3*x)";
    else {
      own.formula.value = null;
      own.domain.value = null;
      own.surface.value = word;
    }
  };
  return (
    <>
      <Controls label="Surface">
        <Choice
          label="surface"
          value={own.formula.value === null ? (own.surface.value ?? "") : OWN}
          words={[...surfaces, OWN]}
          onInput={choose}
        />
        {own.formula.value !== null && <Formula value={own.formula.value} onChange={(text) => (own.formula.value = text)} />}
        <Stepper label="steps" value={own.steps.value} low={1} high={20000} step={10} onInput={(steps) => (own.steps.value = steps)} />
        <Button onClick={() => (own.start.value = null)} disabled={own.start.value === null}>
          usual start
        </Button>
      </Controls>
      {own.rules.value.map((rule, k) => (
        <RuleControls
          key={k}
          place={k}
          rule={rule}
          entries={entries("optimizers")}
          onChange={(changed) => (own.rules.value = own.rules.value.map((each, j) => (j === k ? changed : each)))}
          {...(own.rules.value.length > 1 ? { onRemove: () => (own.rules.value = own.rules.value.filter((_, j) => j !== k)) } : {})}
        />
      ))}
      {own.rules.value.length < MOST_RULES && (
        <Button onClick={() => (own.rules.value = [...own.rules.value, another(own.rules.value)])}>another optimizer</Button>
      )}
    </>
  );
}

interface RuleProps {
  place: number;
  rule: Rule;
  entries: readonly EntryShown[];
  onChange: (rule: Rule) => void;
  onRemove?: () => void;
}

function RuleControls({ place, rule, entries, onChange, onRemove }: RuleProps) {
  const entry = entries.find((each) => each.id === rule.name);
  const numbers = entry?.settings.filter((each) => each.kind === "number" || each.kind === "whole") ?? [];
  const choose = (name: string): void => {
    const found = entries.find((each) => each.id === name);
    const lr = found?.settings.find((each) => each.name === "lr")?.default;
    onChange({ name, settings: typeof lr === "number" ? { lr } : {} });
  };
  return (
    <Controls label={`Optimizer ${place + 1}`}>
      <Choice label={place ? `and` : "optimizer"} value={rule.name} words={names(entries, rule.name)} onInput={choose} />
      {numbers.map((each) => (
        <NumberBox
          key={each.name}
          label={each.name}
          value={(rule.settings[each.name] as number | undefined) ?? (each.default as number | null)}
          onChange={(value) => onChange({ ...rule, settings: { ...rule.settings, [each.name]: value } })}
        />
      ))}
      {onRemove && (
        <Button label={`Remove ${rule.name}`} onClick={onRemove}>
          ×
        </Button>
      )}
    </Controls>
  );
}

function NumberBox({ label, value, onChange }: { label: string; value: number | null; onChange: (value: number) => void }) {
  const id = useId();
  const read = (text: string): void => {
    const found = Number(text);
    if (text.trim() !== "" && Number.isFinite(found)) onChange(found);
  };
  return (
    <div class="ds-control">
      <label for={id}>{label}</label>
      <input id={id} type="number" step="any" value={value ?? ""} onChange={(event) => read(event.currentTarget.value)} />
    </div>
  );
}

/** Read when it is complete, not at every letter: half a formula is an error. */
function Formula({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const id = useId();
  return (
    <div class="ds-control">
      <label for={id}>f(x, y) =</label>
      <input id={id} type="text" size={34} spellcheck={false} value={value} onChange={(event) => onChange(event.currentTarget.value)} />
    </div>
  );
}

function names(entries: readonly EntryShown[], chosen: string): string[] {
  const all = entries.map((each) => each.id);
  return all.includes(chosen) ? all : [chosen, ...all];
}

function another(rules: readonly Rule[]): Rule {
  const usual: Rule[] = [
    USUAL_RULE,
    { name: "gradient_descent", settings: { lr: 0.05 } },
    { name: "adam", settings: { lr: 0.1 } },
    { name: "rmsprop", settings: { lr: 0.05 } },
  ];
  return usual.find((each) => !rules.some((rule) => rule.name === each.name)) ?? USUAL_RULE;
}
