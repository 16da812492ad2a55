// The tab Step: one step four times, as network, derivation, graph and program; what is selected in one is selected in all.
import { Button } from "../draw/controls";
import { Steps } from "../views/board";
import { Panel } from "../views/panel";
import { viewOf } from "../views/table";
import type { Context, View } from "../views/view";
import type { Page } from "./table";

/** Side by side where there is room: pictures to the left, what can be read to the right. */
const COLUMNS = [
  ["network", "graph"],
  ["derivation", "program"],
];
const IDS = ["network", "derivation", "graph", "program"];

const page: Page = { id: "step", title: "Step", order: 1.5, Page: StepPage };

export default page;

function StepPage({ ctx }: { ctx: Context }) {
  const { state } = ctx;
  const hidden = state.setting<string[]>("step", "hidden", []);
  const here = IDS.map(viewOf).filter((each): each is View => each !== undefined);
  const toggle = (id: string): void => {
    hidden.value = hidden.value.includes(id) ? hidden.value.filter((each) => each !== id) : [...hidden.value, id];
  };
  return (
    <>
      <div class="ds-panels" role="group" aria-label="Panels of this page">
        {here.map((each) => (
          <button
            key={each.id}
            type="button"
            class="ds-chip"
            aria-pressed={!hidden.value.includes(each.id)}
            onClick={() => toggle(each.id)}
          >
            {each.title}
          </button>
        ))}
      </div>
      {state.run.value !== null && (
        <p class="ds-selected" role="status">
          {state.select.value === null ? (
            <span class="ds-soft">Select a weight or a unit, a bar, an operation or a line: all panels go to the same number.</span>
          ) : (
            <>
              <span class="ds-soft">selected in all panels:</span> <code>{state.select.value}</code>{" "}
              <Button onClick={() => (state.select.value = null)}>clear</Button>
            </>
          )}
        </p>
      )}
      <Steps ctx={ctx} />
      <div class="ds-columns">
        {COLUMNS.map((ids) => {
          const shown = here.filter((each) => ids.includes(each.id) && !hidden.value.includes(each.id));
          return (
            shown.length > 0 && (
              <div key={ids[0]}>
                {shown.map((each) => (
                  <Panel key={each.id} view={each} ctx={ctx} />
                ))}
              </div>
            )
          );
        })}
      </div>
    </>
  );
}
