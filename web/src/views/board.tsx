// Some views under one scrubber: what a widget and a report are, and the middle of the lab's pages.
import type { ComponentChildren } from "preact";
import { Scrubber } from "../draw/scrubber";
import { Panel } from "./panel";
import type { Context, View } from "./view";

export function Board({
  views,
  ctx,
  steps = true,
  children,
}: {
  views: readonly View[];
  ctx: Context;
  steps?: boolean;
  children?: ComponentChildren;
}) {
  return (
    <>
      {children}
      {steps && <Steps ctx={ctx} />}
      <div class="ds-board">
        {views.map((each, k) => (
          <div key={each.id} class={isWide(views, k) ? "ds-wide" : ""}>
            <Panel view={each} ctx={ctx} />
          </div>
        ))}
      </div>
    </>
  );
}

/** A narrow view that has none beside it takes the whole width too. */
function isWide(views: readonly View[], k: number): boolean {
  let before = 0;
  while (k - before > 0 && !views[k - before - 1]!.wide) before += 1;
  const hasNext = k + 1 < views.length && !views[k + 1]!.wide;
  return views[k]!.wide === true || (before % 2 === 0 && !hasNext);
}

/** By itself, so that a step more draws the scrubber anew and not every view under it. */
export function Steps({ ctx }: { ctx: Context }) {
  const { state } = ctx;
  const steps = state.available.value;
  const last = steps ? (steps[steps.length - 1] ?? 0) : state.last.value;
  if (last < 1 || state.run.value === null) return null;
  return <Scrubber step={state.at.value} first={1} last={last} steps={steps ?? undefined} onStep={(step) => state.go(step)} />;
}
