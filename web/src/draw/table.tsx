// A table of numbers and words, which scrolls sideways on a phone instead of widening the page.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { number } from "./number";

export type Cell = string | number | null | ComponentChildren;

export interface TableProps {
  /** What the table holds, for those who do not see it. */
  caption: string;
  head: readonly string[];
  rows: readonly (readonly Cell[])[];
  /** The row that is looked at, and what happens when another one is chosen. */
  current?: number | undefined;
  onRow?: (k: number) => void;
  /** Whether a click on a column's title sorts by it. */
  sortable?: boolean;
  /** Columns of words stand to the left; the first one, if nothing is said. */
  words?: readonly number[];
}

/** Numbers are formatted; anything else is shown as it is. */
export function Table({ caption, head, rows, current, onRow, sortable = false, words = [0] }: TableProps) {
  const [by, sort] = useState<{ column: number; down: boolean } | null>(null);
  const order = rows.map((_, k) => k);
  if (by) order.sort((a, b) => compare(rows[a]?.[by.column], rows[b]?.[by.column]) * (by.down ? -1 : 1));
  const side = (j: number): string => (words.includes(j) ? "ds-left" : "ds-right");
  const click = (column: number): void => sort(by?.column === column ? { column, down: !by.down } : { column, down: false });
  return (
    <div class="ds-scroll" tabindex={0} role="region" aria-label={caption}>
      <table class="ds-table">
        <caption class="ds-hidden">{caption}</caption>
        <thead>
          <tr>
            {head.map((title, j) => (
              <th key={j} scope="col" class={side(j)} {...(by?.column === j ? { "aria-sort": by.down ? "descending" : "ascending" } : {})}>
                {sortable ? (
                  <button type="button" class="ds-plain" onClick={() => click(j)}>
                    {title} {by?.column === j ? (by.down ? "↓" : "↑") : ""}
                  </button>
                ) : (
                  title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {order.map((k) => (
            <tr key={k} {...(k === current ? { "aria-current": "true", class: "ds-current" } : {})}>
              {rows[k]!.map((cell, j) => (
                <td key={j} class={side(j)}>
                  {onRow && j === 0 ? (
                    <button type="button" class="ds-plain" onClick={() => onRow(k)}>
                      {shown(cell)}
                    </button>
                  ) : (
                    shown(cell)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function shown(cell: Cell): ComponentChildren {
  return typeof cell === "number" || cell === null ? number(cell) : cell;
}

function compare(a: Cell | undefined, b: Cell | undefined): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return String(a).localeCompare(String(b), "en", { numeric: true });
}
