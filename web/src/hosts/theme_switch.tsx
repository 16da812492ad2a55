// Light, dark, or as the system has it.
import { Choice } from "../draw/controls";
import type { State } from "../state/state";

export function ThemeSwitch({ state }: { state: State }) {
  return (
    <Choice
      label="colours"
      value={state.theme.value}
      words={[["auto", "as the system"], "light", "dark"]}
      onInput={(word) => (state.theme.value = word)}
    />
  );
}
