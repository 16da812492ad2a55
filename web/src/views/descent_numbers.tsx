// The numbers of one step of a descent: what the optimizer sees, does and remembers, and the model of the surface there.
import type { PathView, QuadraticView } from "../contract";
import { number, signed } from "../draw/number";
import { Table, type Cell } from "../draw/table";

type Spot = readonly [number | null, number | null];

export function DescentNumbers({ path, k, quadratic }: { path: PathView; k: number; quadratic: QuadraticView | null }) {
  const isEnd = k === path.steps.length - 1;
  const row = (name: string, spot: Spot | undefined, form = signed): Cell[] => [
    name,
    ...(spot ? [form(spot[0]), form(spot[1])] : ["", ""]),
  ];
  const rows = [
    row("point", path.points[k], number),
    row("gradient g", path.gradients[k]),
    ...Object.entries(path.state).map(([name, column]) => row(`${name} (remembered)`, column[k])),
    row("update", isEnd ? undefined : path.updates[k]),
    row("−update / g", isEnd ? undefined : path.effective_rates[k], number),
  ];
  return (
    <>
      <p>
        {path.label}, step {path.steps[k]}: value <strong>{number(path.values[k])}</strong>
      </p>
      <Table caption={`Numbers of ${path.label} at step ${path.steps[k]}`} head={["", "x", "y"]} rows={rows} />
      {path.limit && <p class="ds-note">{path.limit.sentence}.</p>}
      {quadratic && <p class="ds-note">{quadratic.sentence}</p>}
      {path.notes.map((note) => (
        <p key={note} class="ds-note">
          {note}
        </p>
      ))}
    </>
  );
}
