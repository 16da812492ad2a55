// The numbers of the unit or the edge that is selected, where they come from, and another weight to try.
import { useState } from "preact/hooks";
import type { NetworkView } from "../contract";
import { Button } from "../draw/controls";
import { FailureBox, failureOf } from "../draw/failure";
import { number, signed } from "../draw/number";
import type { Failure } from "../contract";
import { addressOf, ends, type Hit } from "./network_layout";
import { Places } from "./network_places";
import { hasErrors } from "./network_units";
import type { Context } from "./view";

/** [what it is, the number in words]. */
export type Fact = readonly [string, string];

/** What there is to know about a unit or an edge, and the address of what can be edited there. */
export function factsOf(payload: NetworkView, hit: Hit): { title: string; facts: Fact[]; edits: string | null; value: number | null } {
  const of = payload.row === null && payload.n_rows > 1 ? "mean " : "";
  if (hit.kind === "edge") {
    const wire = payload.wires[hit.wire]!;
    const at = (matrix: typeof wire.weights): number | null => matrix[hit.from]?.[hit.to] ?? null;
    const [from, to] = ends(payload, hit);
    const [weight, gradient, update] = [at(wire.weights), at(wire.gradients), at(wire.updates)];
    const facts: Fact[] = [
      ["weight", number(weight)],
      ["gradient dL/dw", signed(gradient)],
      ["update", signed(update)],
      ["weight after", number(weight === null || update === null ? null : weight + update)],
      [`${of}value of ${from?.label}`, number(from?.value)],
      [`${of ? "summed " : ""}error signal before ${to?.label}`, signed(to?.error_before ?? to?.error)],
    ];
    const title = `${addressOf(payload, hit)}: from ${from?.label} to ${to?.label}`;
    return { title, facts, edits: addressOf(payload, hit), value: weight };
  }
  const layer = payload.layers[hit.layer]!;
  const unit = layer.units[hit.unit]!;
  const isInput = hit.layer === 0;
  const has = (value: number | null | undefined): value is number => value !== null && value !== undefined;
  const over = layer.places?.length ? ` over ${layer.places.join(" × ")} ${layer.places.length > 1 ? "places" : "steps"}` : "";
  const [mean, sum] = over ? ["mean ", "summed "] : [of, ""];
  const facts: Fact[] = [[`${mean}value${over}`, number(unit.value)]];
  if (has(unit.target)) facts.push([`${of}target`, number(unit.target)]);
  if (layer.activation) facts.push([`${mean}sum before ${layer.activation}`, number(unit.before)]);
  if (!isInput && hasErrors(payload, layer.units)) facts.push([`${sum}error signal dL/dvalue`, signed(unit.error)]);
  if (layer.activation) facts.push([`${sum}error signal before ${layer.activation}`, signed(unit.error_before)]);
  const hasBias = has(unit.bias) || has(unit.bias_gradient) || has(unit.bias_update);
  if (hasBias)
    facts.push(["bias", number(unit.bias)], ["its gradient", signed(unit.bias_gradient)], ["its update", signed(unit.bias_update)]);
  const edits = hasBias ? `${layer.name}.b[${unit.place}]` : null;
  const name = isInput ? unit.label : `${addressOf(payload, hit)}${unit.label === `h[${unit.place}]` ? "" : `, ${unit.label}`}`;
  return { title: name, facts, edits, value: hasBias ? (unit.bias ?? null) : null };
}

export function Details({ payload, hit, ctx }: { payload: NetworkView; hit: Hit | null; ctx: Context }) {
  if (!hit) {
    return (
      <p class="ds-note">
        Point at a unit or an edge for its numbers; click it, or use the arrow keys and Enter, to select it in all views.
      </p>
    );
  }
  const { title, facts, edits, value } = factsOf(payload, hit);
  const asked = hit.kind === "edge" ? edits : addressOf(payload, hit);
  return (
    <div class="ds-network-details">
      <p>
        <strong>{title}</strong>{" "}
        {(hit.kind === "edge" || hit.layer > 0) && (
          <button type="button" class="ds-link" onClick={(event) => derive(ctx, asked!, event.currentTarget)}>
            where does it come from?
          </button>
        )}{" "}
        {hit.kind === "unit" && edits && (
          <button type="button" class="ds-link" onClick={(event) => derive(ctx, edits, event.currentTarget)}>
            and its bias?
          </button>
        )}
      </p>
      <dl>
        {facts.map(([name, said]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class={said === "not finite" ? "ds-alarm" : ""}>{said}</dd>
          </div>
        ))}
      </dl>
      {hit.kind === "unit" && hit.layer > 0 && (payload.layers[hit.layer]!.places?.length ?? 0) > 0 && (
        <Places payload={payload} address={ctx.state.select.value ?? asked!} ctx={ctx} />
      )}
      {edits && ctx.act && (
        <Edit
          key={`${edits}/${payload.step}`}
          ctx={ctx}
          address={edits}
          value={value}
          step={payload.step}
          what={hit.kind === "edge" ? "weight" : "bias"}
        />
      )}
    </div>
  );
}

/** Selects it, and brings the derivation into sight: the one on this board, of several in a notebook. */
function derive(ctx: Context, address: string, from: Element): void {
  const board = from.closest(".ds") ?? document;
  ctx.state.select.value = address;
  const found = (): Element | null => board.querySelector('[data-view="derivation"]');
  const open = [...board.querySelectorAll<HTMLElement>("[data-view]")].map((each) => each.dataset.view!);
  if (!found()) ctx.state.panels.value = [...open, "derivation"];
  setTimeout(() => found()?.scrollIntoView({ block: "nearest" }), 60);
}

/** Another number in its place is another run from this step on: what was recorded stays as it is. */
function Edit({ ctx, address, value, step, what }: { ctx: Context; address: string; value: number | null; step: number; what: string }) {
  const [text, set] = useState(value === null ? "0" : String(Number(value.toPrecision(6))));
  const [failure, fail] = useState<Failure | null>(null);
  const wished = Number(text);
  const isNumber = text.trim() !== "" && Number.isFinite(wished);
  const fork = (): void => {
    const run = ctx.state.run.peek();
    if (!ctx.act || run === null || !isNumber) return;
    ctx
      .act({ type: "fork", run, at: step, changes: { edit: { [address]: wished } } })
      .then((done) => {
        ctx.state.beside.value = run;
        ctx.state.run.value = done.run ?? run;
        ctx.state.steps.value = done.steps ?? step - 1;
        ctx.state.step.value = done.step ?? step;
      })
      .catch((error: unknown) => fail(failureOf(error)));
  };
  return (
    <form
      class="ds-controls"
      onSubmit={(event) => {
        event.preventDefault();
        fork();
      }}
    >
      <label class="ds-control">
        <span class="ds-soft">another {what}</span>
        <input type="number" step="any" value={text} onInput={(event) => set(event.currentTarget.value)} />
      </label>
      <Button onClick={fork} disabled={!isNumber}>
        Fork with it
      </Button>
      <span class="ds-note">A new run with the same past goes on from step {step} with this number.</span>
      {failure && <FailureBox failure={failure} />}
    </form>
  );
}
