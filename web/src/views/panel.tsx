// A view in its frame: asks its question, shows the answer, and says what is missing where there is none.
import { useMemo } from "preact/hooks";
import type { Event, Payload, Query } from "../contract";
import { Frame } from "../draw/frame";
import { useAnswer } from "./asking";
import type { Context, View } from "./view";

export function Panel({ view, ctx }: { view: View; ctx: Context }) {
  const [answer, again] = useAnswer(view, ctx);
  const { payload, query, failure, busy } = answer.value;
  const isDark = ctx.state.isDark.value;
  const { View: Drawn, Head } = view;
  // Drawn anew for another answer, and in other colours for what is painted on canvas; not because a question is on its way.
  const drawn = useMemo(() => payload && <Drawn payload={payload} ctx={ctx} />, [payload, ctx, Drawn, isDark]);
  const missing = query || busy ? null : view.empty;
  const unfit = failure && view.unfit?.includes(failure.code) ? `${failure.what}; ${failure.do.replace(/\.$/, "")}.` : null;
  return (
    <Frame
      id={view.id}
      title={view.title}
      about={view.about}
      subtitle={payload ? titleOf(payload) : undefined}
      description={payload ? view.describe(payload) : undefined}
      events={payload ? eventsOf(payload) : undefined}
      address={ctx.link()}
      busy={busy}
      failure={unfit ? null : failure}
      empty={unfit ?? (payload || failure ? null : (missing ?? "…"))}
      library={ctx.library}
      isDark={isDark}
      text={payload && query ? () => words(ctx, query) : null}
      onRetry={again}
      onStep={(step) => ctx.state.go(step)}
      head={Head && <Head ctx={ctx} />}
    >
      {drawn}
    </Frame>
  );
}

const titleOf = (payload: Payload): string | undefined => ("title" in payload ? payload.title : undefined);
const eventsOf = (payload: Payload): readonly Event[] => ("events" in payload ? payload.events : []);

/** The text form of a question's answer is a question of its own. */
async function words(ctx: Context, query: Query): Promise<string> {
  const { view, args, ...where } = query;
  const found = await ctx.ask({ ...where, view: "text", args: args && Object.keys(args).length ? { view, args } : { view } });
  return "text" in found && typeof found.text === "string" ? found.text : "";
}
