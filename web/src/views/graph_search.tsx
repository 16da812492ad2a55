// A few letters, and the operations that have them.
import { useState } from "preact/hooks";
import type { GraphView } from "../contract";
import { search, type Found } from "./graph_words";

export interface SearchFieldProps {
  payload: GraphView;
  onFound: (items: readonly number[]) => void;
  onChoose: (found: Found) => void;
}

export function SearchField({ payload, onFound, onChoose }: SearchFieldProps) {
  const [letters, type] = useState("");
  const [at, move] = useState(-1);
  const found = search(payload, letters);
  const look = (text: string): void => {
    type(text);
    move(-1);
    onFound(search(payload, text).map((each) => each.item));
  };
  const next = (way: number): void => {
    if (!found.length) return;
    const k = (at + way + found.length) % found.length;
    move(k);
    onChoose(found[k]!);
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key === "Enter") next(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") look("");
    else return;
    event.preventDefault();
  };
  const here = found[at];
  return (
    <label class="ds-control ds-search">
      <span class="ds-soft">find</span>
      <input
        type="text"
        value={letters}
        placeholder="tanh, dense1.z, %17"
        spellcheck={false}
        onInput={(event) => look(event.currentTarget.value)}
        onKeyDown={key}
      />
      <output aria-live="polite">
        {letters.trim() === ""
          ? ""
          : found.length
            ? `${at >= 0 ? `${at + 1} of ` : ""}${found.length}${here?.inside ? `, inside: ${here.inside}` : at < 0 ? ": Enter goes through" : ""}`
            : "nothing"}
      </output>
    </label>
  );
}
