// The first few numbers of an array, each of which can be selected.
import type { Values } from "../contract";
import { number } from "../draw/number";
import { parse, placeOf, write } from "../state/address";
import type { Context } from "./view";

/** Numbers without a name of their own (%17) can be read, and not be explained one by one. */
export function Numbers({ address, shape, values, ctx }: { address: string; shape: readonly number[]; values: Values; ctx: Context }) {
  if (values.size < 2 || !shape.length) return null;
  const whole = parse(address);
  const isNamed = address !== "" && !address.startsWith("%");
  return (
    <ul class="ds-numbers" aria-label="The first numbers">
      {values.first.map((value, k) => {
        const place = placeOf(k, shape);
        const entry = write({ ...whole, place });
        const text = number(value).replace(/^-/, "−");
        return (
          <li key={k} class={value === null ? "ds-alarm" : ""}>
            <span class="ds-soft">[{place.join(", ")}]</span>{" "}
            {isNamed ? (
              <button type="button" class="ds-link" aria-pressed={ctx.state.select.value === entry} onClick={() => ctx.state.choose(entry)}>
                {text}
              </button>
            ) : (
              text
            )}
          </li>
        );
      })}
      {values.size > values.first.length && <li class="ds-soft">…</li>}
    </ul>
  );
}
