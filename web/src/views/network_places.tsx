// All numbers of a unit that has many, as small pictures: a channel at each place, a unit at each step; one is chosen.
import { useEffect, useRef, useState } from "preact/hooks";
import type { NetworkView, UnitPlaces } from "../contract";
import { Button } from "../draw/controls";
import { Heat } from "../draw/heat";
import { number, signed } from "../draw/number";
import { heldIn } from "./derivation_state";
import type { Context } from "./view";

const REST = 250; // milliseconds between two questions about the same number while the step changes
const REST_TRAINING = 1_500; // and while the training needs the machine too
const SIDE = 168; // pixels of a map's longer side
const LINE = 300; // and of a sequence, which is one line
const CELL = [4, 26] as const;
const SHORT = 26; // pixels of that line's height

interface Props {
  payload: NetworkView;
  address: string;
  ctx: Context;
}

export function Places({ payload, address, ctx }: Props) {
  const places = usePlaces(payload, address, ctx);
  const dark = ctx.state.isDark.value; // a heat map reads its colours when it is drawn
  if (!places) return null;
  const { values, errors, axes, why } = places;
  const at = cellOf(places);
  const choose = (kind: "activations" | "errors", cell: readonly [number, number]): void => {
    heldIn(ctx.state).value = null;
    ctx.state.select.value = addressOfPlace(places, kind, cell);
  };
  const title = `${places.layer}[${places.unit}]`;
  const row = `row ${places.row} of the mini-batch`;
  const [wide, high] = sizeOf(values);
  const map = (of: "activations" | "errors", words: string, cells: UnitPlaces["values"]) => (
    <figure>
      <Heat
        key={`${of}/${dark}`}
        values={cells}
        width={wide}
        height={high}
        label={`${words} of ${title} in ${row}, ${cells.length > 1 ? `${cells.length} rows and ${cells[0]!.length} columns` : `${cells[0]!.length} steps`}; arrow keys choose another one`}
        tip={(i, j, value) => [nameOf(axes, i, j), `${words} ${of === "errors" ? signed(value) : number(value)}`]}
        onCell={(i, j) => choose(of, [i, j])}
        current={at}
      />
      <figcaption class="ds-note">{words}</figcaption>
    </figure>
  );
  return (
    <div class="ds-places">
      <p class="ds-note">
        Its numbers in {row}, one for each {axes.length > 1 ? "place" : "step"}; a click or the arrow keys choose the one that is explained.
      </p>
      <div>
        {map("activations", "value", values)}
        {errors.length > 0 && map("errors", "error signal", errors)}
      </div>
      <p aria-live="polite">
        <strong>{nameOf(axes, ...at)}</strong>: value {number(values[at[0]]?.[at[1]])}
        {errors.length > 0 && `, error signal ${signed(errors[at[0]]?.[at[1]])}`}
        {why && <span class="ds-note"> ({why})</span>}{" "}
        {!why && <Button onClick={() => (ctx.state.select.value = title)}>{axes.length > 1 ? "the largest" : "the last"}</Button>}
      </p>
    </div>
  );
}

/** Row and column of the chosen number in the picture. */
export const cellOf = ({ place, axes }: UnitPlaces): [number, number] =>
  axes.length > 1 ? [place[0] ?? 0, place[1] ?? 0] : [0, place[0] ?? 0];

/** "activations.conv1[0, 3, 2, 5]" for row 2 and column 5 of the picture. */
export function addressOfPlace({ entries, axes }: UnitPlaces, kind: "activations" | "errors", [i, j]: readonly [number, number]): string {
  const place = axes.length > 1 ? [i, j] : [j];
  return `${kind}.${entries.replace(/\{(\d)\}/g, (_, k: string) => String(place[Number(k)] ?? 0))}`;
}

const nameOf = (axes: readonly string[], i: number, j: number): string =>
  axes.length > 1 ? `${axes[0]} ${i}, ${axes[1]} ${j}` : `${axes[0]} ${j}`;

/** Width and height in pixels: square cells, those of a sequence as wide as there is room. */
export function sizeOf(values: UnitPlaces["values"]): [number, number] {
  const [rows, columns] = [values.length, values[0]?.length ?? 1];
  const cell = (room: number, n: number): number => Math.min(Math.max(room / n, CELL[0]), CELL[1]);
  if (rows === 1) return [columns * cell(LINE, columns), SHORT];
  const side = cell(SIDE, Math.max(rows, columns));
  return [columns * side, rows * side];
}

/** The numbers of the unit; those before stay until the next are there, which are not asked for with every step. */
function usePlaces(payload: NetworkView, address: string, ctx: Context): UnitPlaces | null {
  const [places, set] = useState<UnitPlaces | null>(null);
  const last = useRef({ address: "", at: -Infinity });
  const run = ctx.state.run.value;
  useEffect(() => {
    if (run === null) return undefined;
    let isOpen = true;
    const rest = ctx.state.step.peek() === null && ctx.state.trains.peek() ? REST_TRAINING : REST;
    const wait = last.current.address === address ? last.current.at + rest - performance.now() : 0;
    const ask = (): void => {
      last.current = { address, at: performance.now() };
      const args = { most: 1, of: address, ...(payload.row === null ? {} : { row: payload.row }) };
      ctx.ask({ view: "network", run, step: payload.step, args }).then(
        (answer) => isOpen && set((answer as NetworkView).places ?? null),
        () => isOpen && set(null), // a report has no answer about them
      );
    };
    const timer = setTimeout(ask, Math.max(wait, 0));
    return () => {
      isOpen = false;
      clearTimeout(timer);
    };
  }, [run, payload.step, payload.row, address]);
  return places;
}
