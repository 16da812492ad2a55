// The time line of a run: every track over the same steps, with the cursor that all other views follow.
import { useMemo } from "preact/hooks";
import { computed } from "@preact/signals";
import type { TimelineView } from "../contract";
import { Button, Controls, Toggle } from "../draw/controls";
import { number, whole } from "../draw/number";
import { Plot } from "../draw/plot";
import type { State } from "../state/state";
import { within, zoomed, type Span } from "./timeline_span";
import { heightOf, lastOf, MARGIN, placed, Tracks, Under } from "./timeline_tracks";
import { view, type Context } from "./view";

export default view<TimelineView>({
  id: "timeline",
  title: "Time line",
  pages: ["network", "runs"],
  order: 10,
  wide: true,
  follows: true,
  about: {
    sentence:
      "What was recorded of every step, snapshots, forks and what went wrong. The band is from the lowest to the highest number of a stretch of steps, the line its mean. A click moves the cursor of all views.",
    source: "src/downslope/views/timeline.py",
    call: "ds.plot.timeline(run)",
    keys: [
      ["← →", "one step back, one step on"],
      ["Page ↑ ↓", "a tenth of what is seen"],
      ["Home End", "the first and the last step that is seen"],
      ["+ −", "zoom in and out around the cursor; dragging zooms too"],
      ["0", "all steps"],
    ],
  },
  query: (state) => {
    if (state.run.value === null) return null;
    const { from, to } = span(state);
    // A report holds one answer for all steps and zooms into that.
    const isWhole = (from.value === null && to.value === null) || state.available.value !== null;
    const args = isWhole ? {} : { first: from.value ?? 1, last: to.value ?? state.steps.value };
    return { view: "timeline", run: state.run.value, args };
  },
  empty: "Choose a run.",
  describe: (payload) =>
    payload.tracks
      .map((track) => `${track.label}: from ${number(track.mean[0])} to ${number(track.mean.at(-1))}`)
      .join("; ")
      .concat(`. ${whole(payload.n_steps)} steps, ${payload.snapshots.length} snapshots.`),
  View: Picture,
});

/** The part of the steps that is seen, in the link; null is the end of the run. */
function span(state: State) {
  return {
    from: state.setting<number | null>("timeline", "from", null),
    to: state.setting<number | null>("timeline", "to", null),
  };
}

function Picture({ payload, ctx }: { payload: TimelineView; ctx: Context }) {
  const { state } = ctx;
  const { from, to } = span(state);
  const isLog = state.setting("timeline", "log", true);
  const all: Span = [1, lastOf(payload)];
  const seen = within([from.value ?? all[0], to.value ?? all[1]], all);
  const tracks = useMemo(() => placed(payload, seen, isLog.value), [payload, ...seen, isLog.value]);
  const see = ([first, last]: Span): void => {
    from.value = first <= all[0] ? null : first;
    to.value = last >= all[1] ? null : last;
  };
  const key = (event: KeyboardEvent): void => {
    const wide = Math.max(Math.round((seen[1] - seen[0]) / 10), 1);
    const at = state.at.peek();
    const moves: Record<string, number> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      PageUp: at - wide,
      PageDown: at + wide,
      Home: seen[0],
      End: seen[1],
    };
    const factors: Record<string, number> = { "+": 0.5, "=": 0.5, "-": 2, "−": 2 };
    if (event.key in moves) state.go(moves[event.key]!);
    else if (event.key in factors) see(zoomed(seen, at, factors[event.key]!, all));
    else if (event.key === "0") see(all);
    else return;
    event.preventDefault();
  };
  const isAll = seen[0] === all[0] && seen[1] === all[1];
  // A signal, so that a moving cursor changes an attribute and draws nothing else anew.
  const words = `${payload.title}, steps ${whole(seen[0])} to ${whole(seen[1])}; the cursor is at step `;
  const label = useMemo(() => computed(() => words + whole(state.at.value)), [words]);
  return (
    <>
      <Controls label="What is seen of the time line">
        <Button label="Zoom in around the cursor" onClick={() => see(zoomed(seen, state.at.peek(), 0.5, all))}>
          +
        </Button>
        <Button label="Zoom out" onClick={() => see(zoomed(seen, state.at.peek(), 2, all))} disabled={isAll}>
          −
        </Button>
        <Button onClick={() => see(all)} disabled={isAll}>
          all steps
        </Button>
        <Toggle label="logarithmic" value={isLog.value} onInput={(on) => (isLog.value = on)} />
      </Controls>
      <Plot
        label={label}
        height={heightOf(payload)}
        margin={MARGIN}
        onKeyDown={key}
        under={({ width }) => <Under {...{ tracks, seen, width }} />}
      >
        {({ width, height: tall }) => <Tracks {...{ payload, tracks, ctx, seen, see, width, tall }} />}
      </Plot>
    </>
  );
}
