// Answers that cannot change are kept: those about a stated step of a run, and those about no run at all.
import type { Payload, Query } from "../contract";
import { canonical } from "../views/asking";

type Ask = (query: Query) => Promise<Payload>;

/** The same ask, which remembers its last `most` answers. Live lists such as "runs" are always asked anew. */
export function remembering(ask: Ask, most = 300): Ask {
  const kept = new Map<string, Promise<Payload>>();
  return (query) => {
    if (!isLasting(query)) return ask(query);
    const key = canonical(query);
    const found = kept.get(key);
    if (found) {
      kept.delete(key); // to the young end
      kept.set(key, found);
      return found;
    }
    const asked = ask(query);
    kept.set(key, asked);
    asked.catch(() => kept.delete(key));
    if (kept.size > most) kept.delete(kept.keys().next().value!);
    return asked;
  };
}

const CHANGING = ["runs", "sweep", "catalogue", "data"]; // a set of one's own may be another one under the same name

function isLasting(query: Query): boolean {
  const view = query.view === "text" ? String(query.args?.view) : query.view;
  if (CHANGING.includes(view)) return false;
  return query.run ? typeof query.step === "number" : true;
}
