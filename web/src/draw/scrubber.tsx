// The cursor over the steps of a run: dragged, typed, stepped or played; with the keys of a slider.
import { useEffect, useState } from "preact/hooks";
import { Button } from "./controls";
import { useId } from "./id";
import { whole } from "./number";

export interface ScrubberProps {
  step: number;
  first: number;
  last: number;
  /** Ascending, where only some steps can be looked at (a report); all from first to last otherwise. */
  steps?: readonly number[] | undefined;
  /** What is at some steps, shown as small marks. */
  marks?: readonly { step: number; words: string; alarm: boolean }[];
  onStep: (step: number) => void;
}

const FRAMES = 12; // a second, while it plays: fast enough to flow, slow enough to read

/** ◀ ▶ move by one, the slider by any number; playing goes through all of them in about ten seconds. */
export function Scrubber({ step, first, last, steps, marks = [], onStep }: ScrubberProps) {
  const id = useId();
  const [plays, play] = useState(false);
  const places = steps ?? null;
  const count = places ? places.length : last - first + 1;
  const at = places ? nearest(places, step) : step - first;
  const stepAt = (k: number): number => {
    const inside = Math.min(Math.max(k, 0), count - 1);
    return places ? places[inside]! : first + inside;
  };
  const go = (k: number): void => onStep(stepAt(k));
  useEffect(() => {
    if (!plays) return undefined;
    if (at >= count - 1) {
      play(false);
      return undefined;
    }
    const jump = places ? 1 : Math.max(Math.round(count / (10 * FRAMES)), 1);
    const timer = setTimeout(() => go(at + jump), 1000 / FRAMES);
    return () => clearTimeout(timer);
  });
  if (count < 1) return <p class="ds-note">No step has been taken yet.</p>;
  const percent = (wanted: number): number => (count > 1 ? (places ? nearest(places, wanted) : wanted - first) / (count - 1) : 0) * 100;
  return (
    <div class="ds-scrubber" role="group" aria-label="Steps">
      <Button label={plays ? "Pause" : "Play through the steps"} onClick={() => play(!plays)} disabled={count < 2}>
        {plays ? "❚❚" : "►"}
      </Button>
      <Button label="One step back" onClick={() => go(at - 1)} disabled={at <= 0}>
        ◂
      </Button>
      <span class="ds-slider-track">
        <input
          type="range"
          aria-label="Step"
          aria-valuetext={`step ${whole(step)} of ${whole(last)}`}
          min={0}
          max={count - 1}
          value={at}
          onInput={(event) => go(Number(event.currentTarget.value))}
        />
        {marks.map((mark, k) => (
          <span
            key={k}
            class={mark.alarm ? "ds-event ds-alarm" : "ds-event"}
            title={`step ${whole(mark.step)}: ${mark.words}`}
            style={{ left: `calc(8px + (100% - 16px) * ${percent(mark.step) / 100})` }}
          />
        ))}
      </span>
      <Button label="One step on" onClick={() => go(at + 1)} disabled={at >= count - 1}>
        ▸
      </Button>
      <label for={id} class="ds-hidden">
        Step number
      </label>
      <input
        id={id}
        type="number"
        class="ds-step"
        min={first}
        max={last}
        value={step}
        onChange={(event) => {
          const wanted = Number(event.currentTarget.value);
          if (Number.isFinite(wanted)) go(places ? nearest(places, wanted) : Math.round(wanted) - first);
        }}
      />
      <span class="ds-soft">of {whole(last)}</span>
    </div>
  );
}

/** The place of the number that is closest to `wanted` in an ascending list. */
export function nearest(list: readonly number[], wanted: number): number {
  let low = 0;
  let high = list.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && Math.abs(list[low - 1]! - wanted) <= Math.abs(list[low]! - wanted)) return low - 1;
  return low;
}
