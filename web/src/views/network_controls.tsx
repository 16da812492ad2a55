// How a step is told: played, paused, scrubbed, stage by stage, with what happens in words.
import type { Signal } from "@preact/signals";
import { useComputed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { NetworkView } from "../contract";
import { Button } from "../draw/controls";
import { stillness } from "../draw/size";
import { placed, placeOf, REST, SECONDS, stagesOf, told } from "./network_flow";

interface FlowProps {
  payload: NetworkView;
  /** Place of the flow; the number of stages is the whole step at rest. */
  moment: Signal<number>;
  isPlaying: Signal<boolean>;
  onRest: (p: number) => void;
}

export function Flow({ payload, moment, isPlaying, onRest }: FlowProps) {
  const stages = stagesOf(payload);
  const last = stages.length;
  const latest = useRef(last);
  latest.current = last;
  const plays = isPlaying.value;
  useEffect(() => {
    if (!plays) return undefined;
    if (moment.peek() >= latest.current) moment.value = 0;
    const isStill = stillness();
    let before = performance.now();
    let frame = 0;
    const on = (now: number): void => {
      // Without motion each stage is shown as it ends, for as long as it would have lasted.
      const passed = (now - before) / 1000 / SECONDS;
      if (!isStill || passed >= 1) {
        before = now;
        moment.value = placed(isStill ? Math.floor(moment.peek()) + 1 : moment.peek() + Math.min(passed, 0.1), latest.current);
      }
      if (moment.peek() === REST) isPlaying.value = false;
      else frame = requestAnimationFrame(on);
    };
    frame = requestAnimationFrame(on);
    return () => {
      cancelAnimationFrame(frame);
      onRest(moment.peek());
    };
  }, [plays]);
  const go = (p: number): void => {
    isPlaying.value = false;
    moment.value = placed(p, last);
    onRest(moment.peek());
  };
  const drag = (p: number): void => {
    isPlaying.value = false;
    moment.value = placed(p, last);
  };
  const at = Math.min(useComputed(() => Math.floor(moment.value)).value, last);
  const kinds = [
    ["forward", "Forward"],
    ["loss", "Loss"],
    ["backward", "Backward"],
    ["update", "Update"],
  ] as const;
  const [title, formula, sentence] = told(payload, at);
  return (
    <div class="ds-flow" role="group" aria-label="The step, stage by stage">
      <div class="ds-flow-bar">
        <Button
          label={plays ? "Pause the step" : "Play the step: forward, loss, backward, update"}
          onClick={() => (isPlaying.value = !plays)}
        >
          {plays ? "❚❚" : "►"}
        </Button>
        <Button label="One stage back" onClick={() => go(Math.ceil(Math.min(moment.peek(), last)) - 1)} disabled={at === 0}>
          ◂
        </Button>
        <Scrub moment={moment} last={last} words={title} onInput={drag} onChange={go} />
        <Button label="One stage on" onClick={() => go(Math.floor(moment.peek()) + 1)} disabled={at >= last}>
          ▸
        </Button>
        {kinds.map(([kind, words]) => (
          <Button key={kind} pressed={stages[at]?.kind === kind} onClick={() => go(placeOf(stages, kind) + 0.5)}>
            {words}
          </Button>
        ))}
        <Button pressed={at >= last} onClick={() => go(last)}>
          Whole step
        </Button>
      </div>
      <p class="ds-flow-words" aria-live={plays ? "off" : "polite"}>
        <strong>{title}</strong> {formula && <code>{formula}</code>} <span class="ds-soft">{sentence}</span>
      </p>
    </div>
  );
}

/** By itself, because it moves with every frame. */
function Scrub({
  moment,
  last,
  words,
  onInput,
  onChange,
}: {
  moment: Signal<number>;
  last: number;
  words: string;
  onInput: (p: number) => void;
  onChange: (p: number) => void;
}) {
  return (
    <input
      type="range"
      aria-label="Place in the step"
      aria-valuetext={words}
      min={0}
      max={last}
      step={0.02}
      value={Math.min(moment.value, last)}
      onInput={(event) => onInput(Number(event.currentTarget.value))}
      onChange={(event) => onChange(Number(event.currentTarget.value))}
    />
  );
}
