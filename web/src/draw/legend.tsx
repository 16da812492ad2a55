// Which colour is what, in words beside it: colour alone never tells.

export interface LegendEntry {
  words: string;
  colour: string;
  /** A line, a filled square, a dashed line or a dot. */
  mark?: "line" | "square" | "dashed" | "dot";
  /** Whether it is shown; undefined where that cannot be switched. */
  shown?: boolean;
}

export function Legend({ entries, onToggle }: { entries: readonly LegendEntry[]; onToggle?: (k: number) => void }) {
  return (
    <ul class="ds-legend" aria-label="Legend">
      {entries.map((entry, k) => (
        <li key={k}>
          {onToggle ? (
            <button type="button" class="ds-plain" aria-pressed={entry.shown !== false} onClick={() => onToggle(k)}>
              <Sample {...entry} /> {entry.words}
            </button>
          ) : (
            <>
              <Sample {...entry} /> {entry.words}
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

function Sample({ colour, mark = "line", shown = true }: LegendEntry) {
  const line = mark === "line" || mark === "dashed";
  return (
    <svg width="18" height="10" aria-hidden="true" opacity={shown ? 1 : 0.25}>
      {line && (
        <line
          x1="0"
          x2="18"
          y1="5"
          y2="5"
          stroke={colour}
          stroke-width="2.5"
          {...(mark === "dashed" ? { "stroke-dasharray": "4 3" } : {})}
        />
      )}
      {mark === "square" && <rect x="3" width="12" height="10" fill={colour} />}
      {mark === "dot" && <circle cx="9" cy="5" r="4" fill={colour} />}
    </svg>
  );
}
