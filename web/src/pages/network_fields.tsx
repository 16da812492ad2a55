// Fields of the settings: a number that is committed when it is done, a ladder of usual numbers, the settings of an entry.
import type { Choice as Chosen, EntryShown, SettingShown } from "../contract";
import { Button, Choice, Toggle } from "../draw/controls";
import { useId } from "../draw/id";
import { tick } from "../draw/number";

interface FieldProps {
  label: string;
  value: number | null;
  low?: number;
  high?: number;
  whole?: boolean;
  /** What an empty field means; a field without it cannot be empty. */
  empty?: string;
  onChange: (value: number | null) => void;
}

/** A number; it counts when Enter is pressed or the field is left. */
export function Field({ label, value, low = -Infinity, high = Infinity, whole = false, empty, onChange }: FieldProps) {
  const id = useId();
  const set = (input: HTMLInputElement): void => {
    const text = input.value.trim();
    const wished = Number(text);
    if (text === "" && empty !== undefined) onChange(null);
    else if (text === "" || !Number.isFinite(wished)) input.value = value === null ? "" : String(value);
    else onChange(Math.min(Math.max(whole ? Math.round(wished) : wished, low), high));
  };
  return (
    <div class="ds-control ds-field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="number"
        step="any"
        value={value ?? ""}
        {...(empty === undefined ? {} : { placeholder: empty })}
        onChange={(event) => set(event.currentTarget)}
      />
    </div>
  );
}

/** A number between usual ones: − and + go to the next of them, and any other can be typed. */
export function Ladder({
  label,
  value,
  rungs,
  onChange,
}: {
  label: string;
  value: number;
  rungs: readonly number[];
  onChange: (value: number) => void;
}) {
  const below = rungs.filter((each) => each < value * 0.999).at(-1);
  const above = rungs.find((each) => each > value * 1.001);
  const id = useId();
  return (
    <div class="ds-control ds-stepper ds-field">
      <label for={id}>{label}</label>
      <span>
        <Button
          label={`${label}: ${below === undefined ? "less" : tick(below)}`}
          onClick={() => below !== undefined && onChange(below)}
          disabled={below === undefined}
        >
          −
        </Button>
        <input
          id={id}
          type="number"
          step="any"
          value={value}
          onChange={(event) => {
            const wished = Number(event.currentTarget.value);
            if (wished > 0) onChange(wished);
            else event.currentTarget.value = String(value);
          }}
        />
        <Button
          label={`${label}: ${above === undefined ? "more" : tick(above)}`}
          onClick={() => above !== undefined && onChange(above)}
          disabled={above === undefined}
        >
          +
        </Button>
      </span>
    </div>
  );
}

/** 1, 3, 10, 30 ... in powers of ten. */
export const RATES: readonly number[] = Array.from({ length: 8 }, (_, k) => k - 6).flatMap((power) =>
  [1, 3].map((digit) => Number(`${digit}e${power}`)),
);
export const BATCHES: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

type Value = boolean | number | string | string[] | null;

interface OwnProps {
  entry: EntryShown | undefined;
  given: Readonly<Record<string, Value>>;
  without?: readonly string[];
  onChange: (name: string, value: Value | undefined) => void;
}

/** The settings of an entry of the catalogue; those with their usual value are not given. */
export function Own({ entry, given, without = [], onChange }: OwnProps) {
  const shown = entry?.settings.filter((each) => !without.includes(each.name)) ?? [];
  return (
    <>
      {shown.map((each) => (
        <One
          key={each.name}
          setting={each}
          value={given[each.name] ?? (each.default as Value)}
          onChange={(value) => onChange(each.name, same(value, each.default) ? undefined : value)}
        />
      ))}
    </>
  );
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function One({ setting, value, onChange }: { setting: SettingShown; value: Value; onChange: (value: Value) => void }) {
  const id = useId();
  const label = setting.name.replaceAll("_", " ");
  switch (setting.kind) {
    case "switch":
      return <Toggle label={label} value={value === true} onInput={onChange} />;
    case "number":
    case "whole":
      return (
        <Field
          label={label}
          value={typeof value === "number" ? value : null}
          whole={setting.kind === "whole"}
          {...(setting.default === null ? { empty: "usual" } : {})}
          onChange={onChange}
        />
      );
    case "word":
      if (setting.choices.length) {
        const words = setting.default === null ? [["", "usual"] as const, ...setting.choices] : setting.choices;
        return <Choice label={label} value={String(value ?? "")} words={words} onInput={(word) => onChange(word === "" ? null : word)} />;
      }
  }
  const isList = setting.kind === "list";
  const text = Array.isArray(value) ? value.join(", ") : String(value ?? "");
  const read = (words: string): Value =>
    isList
      ? words
          .split(",")
          .map((each) => each.trim())
          .filter(Boolean)
      : words.trim();
  return (
    <div class="ds-control ds-field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        value={text}
        {...(isList ? { placeholder: "names, with commas" } : {})}
        onChange={(event) => onChange(event.currentTarget.value.trim() === "" ? null : read(event.currentTarget.value))}
      />
    </div>
  );
}

/** The same choice with one setting changed; undefined takes it back to the usual. */
export function withSetting<C extends Chosen | { name: string; settings?: Record<string, Value> }>(
  choice: C,
  name: string,
  value: Value | undefined,
): C {
  const { [name]: _, ...rest } = (choice.settings ?? {}) as Record<string, Value>;
  return { ...choice, settings: value === undefined ? rest : { ...rest, [name]: value } };
}
