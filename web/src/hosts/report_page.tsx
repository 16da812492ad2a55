// The page of a report: what it is, what is in it, and its views under one scrubber.
import { Choice, Controls } from "../draw/controls";
import type { Context, View } from "../views/view";
import { Board } from "../views/board";
import type { Packed } from "./report";
import { ThemeSwitch } from "./theme_switch";

export function ReportPage({ packed, views, ctx }: { packed: Packed; views: readonly View[]; ctx: Context }) {
  const { state } = ctx;
  return (
    <div class="ds-page">
      <header class="ds-top">
        <h1>{packed.title}</h1>
        <ThemeSwitch state={state} />
      </header>
      <main>
        <pre class="ds-summary" tabindex={0}>
          {packed.summary}
        </pre>
        <Board views={views} ctx={ctx}>
          {packed.selections.length > 0 && (
            <Controls label="Which number is derived">
              <Choice
                label="number"
                value={state.select.value ?? ""}
                words={packed.selections}
                onInput={(word) => (state.select.value = word)}
              />
            </Controls>
          )}
        </Board>
        <footer class="ds-note">
          {packed.texts.map((text) => (
            <p key={text}>{text}</p>
          ))}
          <p>{packed.made}</p>
        </footer>
      </main>
    </div>
  );
}
