// The tab Network: settings to the left, the training above, what happens in it beside them.
import { useEffect, useState } from "preact/hooks";
import type { CatalogueView, Failure, Payload, PresetShown, PresetsView } from "../contract";
import { Button } from "../draw/controls";
import { FailureBox, failureOf } from "../draw/failure";
import type { Json } from "../state/hash";
import { wanted, type Wanted } from "../state/training";
import type { Context } from "../views/view";
import { Gallery, Tried } from "./network_presets";
import { SettingsForm } from "./network_settings";
import { useTraining, type Training } from "./network_training";
import { Transport } from "./network_transport";
import { Panels } from "./panels";
import type { Page } from "./table";

function Network({ ctx }: { ctx: Context }) {
  const training = useTraining(ctx);
  const [catalogue, failure] = useCatalogue(ctx, training);
  const [presets, list] = useState<readonly PresetShown[]>([]);
  const [isOpen, open] = useState(false);
  const tried = ctx.state.setting<string | null>("train", "preset", null);
  const given = presets.find((each) => each.id === tried.value);
  const preset = given && isOf(training.settings.value, wanted(given.settings as Json)) ? given : undefined;
  useEffect(() => {
    ctx.ask({ view: "presets" }).then(
      (answer) => list((answer as PresetsView).presets),
      () => undefined,
    );
  }, []);
  const taken = (each: PresetShown): void => {
    tried.value = each.id;
    open(false);
  };
  return (
    <>
      <Transport ctx={ctx} training={training} />
      <Failed training={training} />
      <div class="ds-split">
        <details class="ds-side" open={isWide()}>
          <summary>Settings</summary>
          <Button pressed={isOpen} onClick={() => open(!isOpen)} disabled={!presets.length}>
            Presets: good and bad settings
          </Button>
          {catalogue ? (
            <SettingsForm ctx={ctx} training={training} catalogue={catalogue} />
          ) : failure ? (
            <FailureBox failure={failure} />
          ) : (
            <p class="ds-empty">…</p>
          )}
        </details>
        <div class="ds-middle">
          {isOpen && <Gallery presets={presets} ctx={ctx} training={training} onTaken={taken} />}
          {preset && !isOpen && <Tried preset={preset} presets={presets} ctx={ctx} training={training} onTaken={taken} />}
          <Panels page="network" ctx={ctx} steps={false} />
        </div>
      </div>
    </>
  );
}

/** On a narrow screen the settings are folded up, so that what happens is seen first. */
const isWide = (): boolean => typeof innerWidth === "undefined" || innerWidth >= 900;

/** Whether data and network are still those of a preset; rates may be tried without losing its reason. */
function isOf(now: Wanted, preset: Wanted): boolean {
  return JSON.stringify([now.data, now.hidden]) === JSON.stringify([preset.data, preset.hidden]);
}

function Failed({ training }: { training: Training }) {
  const failure = training.failure.value;
  if (!failure) return null;
  return (
    <div>
      <FailureBox failure={failure} />
      <Button onClick={() => (training.failure.value = null)}>Good</Button>
    </div>
  );
}

let lastCatalogue: CatalogueView | null = null; // it is long, and another tab and back needs no other one

/** All that can be chosen; asked again when a set of one's own came. */
function useCatalogue(ctx: Context, training: Training): [CatalogueView | null, Failure | null] {
  const [catalogue, set] = useState(lastCatalogue);
  const [failure, fail] = useState<Failure | null>(null);
  const { name } = training.settings.value.data;
  const isKnown = catalogue?.tables.some((table) => /data/.test(table.name) && table.entries.some((each) => each.id === name)) ?? false;
  useEffect(() => {
    if (isKnown) return;
    const take = (answer: Payload): void => set((lastCatalogue = answer as CatalogueView));
    ctx.ask({ view: "catalogue" }).then(take, (error: unknown) => fail(failureOf(error)));
  }, [name]);
  return [catalogue, failure];
}

const page: Page = { id: "network", title: "Network", order: 1, Page: Network };

export default page;
