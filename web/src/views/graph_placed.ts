// Where the boxes of a graph are: computed once for its structure, with dagre where it can be had.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { GraphView } from "../contract";
import { layout, sizeOf, type Dagre, type Layout } from "./graph_layout";
import { isGroup, room } from "./graph_words";
import type { Context } from "./view";

/** Null until it is known whether dagre can be had. */
export function usePlaced(payload: GraphView, ctx: Context, narrow: boolean): Layout | null {
  const dagre = useDagre(ctx);
  // The same graph at another step has other numbers and the same places.
  const shape = payload.items.map((item) => `${item.name}|${item.primitive}|${item.shape.join()}`).join(";");
  return useMemo(() => {
    if (dagre === undefined) return null;
    const sizes = payload.items.map((item) => sizeOf(room(item), isGroup(item) ? 20 : 0));
    return layout(payload.items, payload.edges, sizes, dagre, narrow);
  }, [shape, dagre, narrow]);
}

/** Undefined until it is there; null where it cannot be had. */
function useDagre(ctx: Context): Dagre | null | undefined {
  const [dagre, set] = useState<Dagre | null | undefined>(undefined);
  useEffect(() => {
    let wanted = true;
    ctx.library("dagre").then(
      (found) => wanted && set(found as Dagre),
      () => wanted && set(null),
    );
    return () => {
      wanted = false;
    };
  }, []);
  return dagre;
}
