// What is known of the selected operation: its formula, its numbers at the step, the user's line, what it is joined to.
import type { GraphItem, GraphView } from "../contract";
import { Button } from "../draw/controls";
import { Formula } from "../draw/formula";
import { whole } from "../draw/number";
import { nodesOf } from "../state/address";
import { isGroup, operations, shapeText, valuesText } from "./graph_words";
import { Numbers } from "./step_numbers";
import type { Context } from "./view";

export interface DetailsProps {
  item: GraphItem | null;
  payload: GraphView;
  holder: ReadonlyMap<number, number>;
  ctx: Context;
  onToggle: ((group: string) => void) | null;
}

export function Details({ item, payload, holder, ctx, onToggle }: DetailsProps) {
  const { select } = ctx.state;
  if (!item) {
    const isHidden = select.value !== null && nodesOf(select.value, payload.names).main === null;
    return (
      <p class="ds-note">
        {isHidden
          ? `${select.value} is no value of this graph.`
          : "Select an operation: its formula and its numbers at this step stand here."}
      </p>
    );
  }
  const joined = (end: 0 | 1): GraphItem[] =>
    payload.edges.filter((edge) => edge[1 - end] === item.id).map((edge) => payload.items[edge[end]]!);
  const to = (node: number | null): GraphItem[] => {
    const id = node === null ? undefined : holder.get(node);
    return id === undefined ? [] : [payload.items[id]!];
  };
  return (
    <div class="ds-details" aria-live="polite">
      <p>
        <strong>{item.name || item.primitive}</strong>{" "}
        <span class="ds-soft">
          {isGroup(item)
            ? operations(item.count)
            : `${item.name ? `${item.primitive}, ` : ""}${shapeText(item.shape)} ${item.dtype}`}
        </span>{" "}
        {onToggle && <Button onClick={() => onToggle(item.scope)}>{isGroup(item) ? "open it" : `fold ${item.scope}`}</Button>}
      </p>
      {item.latex && item.primitive !== "input" && item.primitive !== "constant" && <Formula latex={item.latex} library={ctx.library} />}
      <dl>
        {item.line && (
          <>
            <dt>your line</dt>
            <dd>
              <code>
                {item.line}: {item.code}
              </code>
            </dd>
          </>
        )}
        {item.values && (
          <>
            <dt>{isGroup(item) ? "its last value" : "numbers"}</dt>
            <dd>
              {valuesText(item.values)}
              {!isGroup(item) && <Numbers address={item.address ?? ""} shape={item.shape} values={item.values} ctx={ctx} />}
            </dd>
          </>
        )}
        <dt>cost</dt>
        <dd>{whole(item.flops)} FLOPs</dd>
        <Joined title="computed from" items={joined(0)} ctx={ctx} />
        <Joined title="used by" items={joined(1)} ctx={ctx} />
        <Joined title="its derivative" items={to(item.adjoint)} ctx={ctx} />
        <Joined title="backward of" items={to(item.of)} ctx={ctx} />
      </dl>
    </div>
  );
}

const MOST = 12;

function Joined({ title, items, ctx }: { title: string; items: readonly GraphItem[]; ctx: Context }) {
  if (!items.length) return null;
  return (
    <>
      <dt>{title}</dt>
      <dd class="ds-chips">
        {items.slice(0, MOST).map((item) => (
          <button key={item.id} type="button" class="ds-link" onClick={() => item.address && (ctx.state.select.value = item.address)}>
            {item.name || `${item.primitive} %${item.node}`}
          </button>
        ))}
        {items.length > MOST && <span class="ds-soft">and {whole(items.length - MOST)} more</span>}
      </dd>
    </>
  );
}
