// The gallery: settings that show one thing each, good ones and bad ones, with the reason in one sentence.
import { useState } from "preact/hooks";
import type { PresetShown, Settings } from "../contract";
import { Button, Choice, Controls } from "../draw/controls";
import { Panel } from "../views/panel";
import { asked, type Asked } from "../views/reading_form";
import { VIEWS, viewOf } from "../views/table";
import type { Context, View } from "../views/view";
import type { Training } from "./network_training";

interface Props {
  presets: readonly PresetShown[];
  ctx: Context;
  training: Training;
  onTaken: (preset: PresetShown) => void;
}

export function Gallery({ presets, ctx, training, onTaken }: Props) {
  const [kind, choose] = useState<"all" | "good" | "bad">("all");
  const here = presets.filter((each) => each.page === "network");
  const shown = here.filter((each) => kind === "all" || each.good === (kind === "good"));
  const take = (preset: PresetShown): void => {
    training.take(preset.settings as Settings, preset.play);
    show(ctx, preset);
    onTaken(preset);
  };
  return (
    <section aria-label="Presets">
      <Controls label="Which presets">
        <Choice
          label="show"
          value={kind}
          words={[
            ["all", `all ${here.length}`],
            ["bad", "bad settings"],
            ["good", "good settings"],
          ]}
          onInput={choose}
        />
      </Controls>
      <ul class="ds-gallery">
        {shown.map((each) => (
          <li key={each.id}>
            <strong>{each.title}</strong> <span class={each.good ? "ds-good" : "ds-bad"}>{each.good ? "✓ good" : "✗ bad"}</span>
            <p>{each.reason}</p>
            <Button label={`Try it: ${each.title}`} onClick={() => take(each)} disabled={training.busy.value}>
              Try it
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What is said while a preset is tried, with the way to its opposite. */
export function Tried({ preset, presets, ctx, training, onTaken }: Props & { preset: PresetShown }) {
  const beside = presets.find((each) => each.id === preset.beside);
  const view = elsewhere(preset);
  return (
    <div class="ds-about" role="status">
      <p>
        <strong>{preset.title}</strong> <span class={preset.good ? "ds-good" : "ds-bad"}>{preset.good ? "✓ good" : "✗ bad"}</span>{" "}
        {preset.reason}
      </p>
      <p class="ds-soft">Look at: {preset.look}</p>
      {beside && (
        <Button
          onClick={() => {
            training.take(beside.settings as Settings, beside.play);
            show(ctx, beside);
            onTaken(beside);
          }}
          disabled={training.busy.value}
        >
          The opposite: {beside.title}
        </Button>
      )}
      {view && <Panel view={view} ctx={ctx} />}
    </div>
  );
}

/** Opens the panel that shows best what a preset is about. */
function show({ state }: Context, { view, view_args: args }: PresetShown): void {
  if (view === "reading") asked(state).value = args as Asked;
  else
    for (const [name, value] of Object.entries(args)) if (typeof value === "string") state.setting<string>(view, name, value).value = value;
  const here = VIEWS.filter((each) => each.pages.includes("network"));
  const open = state.panels.peek() ?? here.filter((each) => !each.closed).map((each) => each.id);
  if (here.some((each) => each.id === view) && !open.includes(view)) state.panels.value = [...open, view];
}

/** The view of a preset that is at home on another page. */
function elsewhere({ view }: PresetShown): View | undefined {
  const found = viewOf(view);
  return found && !found.pages.includes("network") ? found : undefined;
}
