// The settings of the data: which set, its own settings, and faults that are put in on purpose.
import { Button, Choice } from "../draw/controls";
import { entryOf, table, words, type Props } from "./network_entries";
import { Own, withSetting } from "./network_fields";

export function Data({ ctx, training, catalogue }: Props) {
  const { data } = training.settings.value;
  const own = table(catalogue, "own data");
  const sets = table(catalogue, "data sets");
  const faults = table(catalogue, "corruptions");
  const entry = entryOf([...own, ...sets], data.name);
  const corruptions = data.corruptions ?? [];
  const set = (changed: typeof data): void => training.change("data", changed);
  const choose = (name: string): void => {
    set({ name });
    training.change("loss", null);
    for (const axis of ["first", "second"]) ctx.state.setting<string | null>("data", axis, null).value = null;
  };
  const listed = [...own.map((each) => [each.id, `${each.id} (own)`] as const), ...words(sets)];
  return (
    <details open>
      <summary>Data</summary>
      <Choice label="set" value={data.name} words={entry ? listed : [...listed, data.name]} onInput={choose} />
      {entry && (
        <p class="ds-note">{entry.kind === "table" || entry.kind === "points" ? `Your own: ${entry.sentence}.` : entry.sentence}</p>
      )}
      <details>
        <summary>its settings and faults</summary>
        <Own entry={entry} given={data.settings ?? {}} onChange={(name, value) => set(withSetting(data, name, value))} />
        {corruptions.map((each, k) => (
          <fieldset key={k}>
            <legend>
              {each.name.replaceAll("_", " ")}{" "}
              <Button label={`Take away ${each.name}`} onClick={() => set({ ...data, corruptions: corruptions.filter((_, j) => j !== k) })}>
                ×
              </Button>
            </legend>
            <p class="ds-note">{entryOf(faults, each.name)?.sentence}</p>
            <Own
              entry={entryOf(faults, each.name)}
              given={each.settings ?? {}}
              onChange={(name, value) =>
                set({ ...data, corruptions: corruptions.map((other, j) => (j === k ? withSetting(other, name, value) : other)) })
              }
            />
          </fieldset>
        ))}
        <Choice
          label="put in a fault"
          value=""
          words={[["", "none"], ...words(faults)]}
          onInput={(name) => name && set({ ...data, corruptions: [...corruptions, { name }] })}
        />
        {own.some((each) => each.id === data.name) && ctx.act && (
          <Button
            onClick={() => {
              void ctx.act?.({ type: "delete_data", data: data.name }).then(() => choose("moons"));
            }}
          >
            Delete {data.name}
          </Button>
        )}
      </details>
    </details>
  );
}
