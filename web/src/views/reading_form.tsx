// The form of a question to an instrument: which one, at which steps, of which part, with which settings; and what it costs.
import type { Signal } from "@preact/signals";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { CatalogueView, EntryShown, SettingShown } from "../contract";
import { Button, Choice, Controls, Stepper, Toggle } from "../draw/controls";
import { Formula } from "../draw/formula";
import type { State } from "../state/state";
import { plain } from "./reading_steps";
import type { Context } from "./view";
import { useId } from "../draw/id";

type Value = string | number | boolean | null;

/** What was asked, as the args of the view "reading" take it. A type, because a link is JSON. */
export type Asked = { id: string; at?: boolean; every?: number; target?: string; settings?: { [name: string]: Value } };

/** In the link. */
export const asked = (state: State): Signal<Asked> => state.setting<Asked>("reading", "asked", { id: "grad_norm" });

type When = "run" | "every" | "step";
const WHEN: readonly (readonly [When, string])[] = [
  ["run", "the whole run, at about 100 steps"],
  ["every", "every so many steps"],
  ["step", "the cursor's step"],
];
const AT_A_STEP = ["per row", "curve", "surface", "spectrum"]; // kinds that are best read at one step
const OF_PARTS = ["per layer", "per parameter", "per row", "histogram"];
/** Words that some settings take; any other word can be typed, and Python says what is right. */
const WORDS: Record<string, readonly string[]> = {
  per: ["whole", "layer", "parameter", "quantity", "place"],
  of: ["grads", "params", "updates", "activations", "errors"],
  directions: ["random", "gradient"],
};

export const usualWhen = (entry: EntryShown): When => (AT_A_STEP.includes(entry.kind) ? "step" : "run");

/** The question of a form; what has its usual value is left out. */
export function question(entry: EntryShown, when: When, every: number, target: string, settings: Record<string, Value>): Asked {
  const changed = Object.fromEntries(entry.settings.map((each) => [each.name, settings[each.name]] as const).filter(([name, value]) => value !== undefined && value !== entry.settings.find((each) => each.name === name)!.default)) as Record<string, Value>;
  return {
    id: entry.id,
    ...(when === "step" ? { at: true } : {}),
    ...(when === "every" ? { every } : {}),
    ...(target.trim() && OF_PARTS.includes(entry.kind) ? { target: target.trim() } : {}),
    ...(Object.keys(changed).length ? { settings: changed } : {}),
  };
}

/** Nobody can be asked in a report, nor about a reading that is shown by itself in a notebook. */
export const hasForm = (ctx: Context): boolean => ctx.kind !== "report" && ctx.state.run.value !== "given";

export function ReadingForm({ ctx }: { ctx: Context }) {
  const { state } = ctx;
  const last = asked(state);
  const catalogue = useSignal<readonly EntryShown[]>([]);
  const id = useSignal(last.value.id);
  const when = useSignal<When>(last.value.at ? "step" : last.value.every ? "every" : "run");
  const every = useSignal(last.value.every ?? 10);
  const target = useSignal(last.value.target ?? "");
  const settings = useSignal<Record<string, Value>>(last.value.settings ?? {});
  const isShown = hasForm(ctx);
  useEffect(() => {
    if (!isShown) return;
    ctx.ask({ view: "catalogue" }).then(
      (found) => (catalogue.value = tableOf(found as CatalogueView, "instruments")),
      () => undefined, // the instrument that was asked can still be asked
    );
  }, []);
  const entry = catalogue.value.find((each) => each.id === id.value);
  if (!isShown) return null;
  const choose = (name: string): void => {
    const found = catalogue.value.find((each) => each.id === name);
    id.value = name;
    settings.value = {};
    target.value = "";
    if (found) when.value = usualWhen(found);
  };
  const wanted = entry && question(entry, when.value, every.value, target.value, settings.value);
  const isAsked = JSON.stringify(wanted) === JSON.stringify(last.value);
  return (
    <form
      class="ds-reading-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (wanted) last.value = wanted;
      }}
    >
      <Controls label="The question">
        <Choice label="instrument" value={id.value} words={catalogue.value.length ? grouped(catalogue.value) : [id.value]} onInput={choose} />
        <Choice label="at" value={when.value} words={WHEN} onInput={(word) => (when.value = word)} />
        {when.value === "every" && <Stepper label="steps apart" value={every.value} low={1} high={Math.max(state.steps.value, 1)} onInput={(n) => (every.value = n)} />}
        {entry && OF_PARTS.includes(entry.kind) && <Target ctx={ctx} value={target} />}
        {entry?.settings.map((each) => (
          <Setting key={`${entry.id}.${each.name}`} setting={each} value={settings.value[each.name] ?? (each.default as Value)} onChange={(value) => (settings.value = { ...settings.value, [each.name]: value })} />
        ))}
        <button type="submit" class="ds-button ds-main" disabled={!wanted || isAsked}>
          Ask
        </button>
      </Controls>
      {entry && <Facts entry={entry} ctx={ctx} />}
    </form>
  );
}

function Facts({ entry, ctx }: { entry: EntryShown; ctx: Context }) {
  const opened = useSignal(false);
  return (
    <div class="ds-ask-facts">
      <p>
        {plain(entry.sentence)} <span class="ds-soft">{`Cost of a step: ${plain(entry.cost ?? "")}. What was recorded, or asked before, costs nothing.`}</span>{" "}
        <Button pressed={opened.value} onClick={() => (opened.value = !opened.value)}>
          formula and limits
        </Button>
      </p>
      {opened.value && (
        <div class="ds-about">
          {entry.latex && <Formula latex={entry.latex} library={ctx.library} block />}
          {entry.blind && <p>{`It does not see ${plain(entry.blind)}.`}</p>}
        </div>
      )}
    </div>
  );
}

/** A layer or a parameter by its name, suggested by what the run has. */
function Target({ ctx, value }: { ctx: Context; value: Signal<string> }) {
  const label = useId();
  const list = useId();
  const names = useSignal<readonly string[]>([]);
  const run = ctx.state.run.value;
  useEffect(() => {
    if (run === null) return;
    const ask = (args: Record<string, unknown>) => ctx.ask({ view: "reading", run, step: 1, args: { ...args, at: true } }).then((found) => (found.type === "bars" ? found.names : []), () => []);
    void Promise.all([ask({ id: "weight_norm", settings: { per: "parameter" } }), ask({ id: "flops" })]).then(([parameters, layers]) => {
      names.value = [...parameters, ...layers];
    });
  }, [run]);
  return (
    <div class="ds-control">
      <label for={label}>part</label>
      <input id={label} type="text" size={14} list={list} placeholder="all" value={value.value} onInput={(event) => (value.value = event.currentTarget.value)} />
      <datalist id={list}>
        {names.value.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </div>
  );
}

function Setting({ setting, value, onChange }: { setting: SettingShown; value: Value; onChange: (value: Value) => void }) {
  const id = useId();
  const list = useId();
  if (setting.kind === "switch") return <Toggle label={setting.name} value={value === true} onInput={onChange} />;
  const words = setting.choices.length ? setting.choices : (WORDS[setting.name] ?? []);
  const isNumber = setting.kind === "number" || setting.kind === "whole";
  const shown = value === null ? "" : String(value);
  const read = (text: string): void => {
    if (!isNumber) onChange(text);
    else if (text.trim() === "") onChange(setting.default as Value);
    else if (Number.isFinite(Number(text))) onChange(Number(text));
  };
  return (
    <div class="ds-control">
      <label for={id}>{setting.name}</label>
      {isNumber ? (
        <input id={id} type="number" step={setting.kind === "whole" ? 1 : "any"} value={shown} placeholder="auto" onChange={(event) => read(event.currentTarget.value)} />
      ) : (
        <input id={id} type="text" size={10} list={list} value={shown} placeholder="auto" onChange={(event) => read(event.currentTarget.value)} />
      )}
      {!isNumber && (
        <datalist id={list}>
          {words.map((word) => (
            <option key={word} value={word} />
          ))}
        </datalist>
      )}
    </div>
  );
}

export const tableOf = (catalogue: CatalogueView, name: string): readonly EntryShown[] => catalogue.tables.find((each) => each.name === name)?.entries ?? [];

/** Each with its kind, those of one kind together. */
const grouped = (entries: readonly EntryShown[]): (readonly [string, string])[] =>
  [...entries].sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (a.id < b.id ? -1 : 1)).map((each) => [each.id, `${each.id.replaceAll("_", " ")} (${each.kind})`] as const);

const KINDS = ["scalar", "per quantity", "per layer", "per parameter", "per unit", "per row", "histogram", "curve", "spectrum", "surface"];
