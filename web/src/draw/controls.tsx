// Controls: each has its label, its value in words, and works from the keyboard because the browser's own element is used.
import type { ComponentChildren } from "preact";
import { useId } from "./id";
import { number } from "./number";

export interface SliderMark {
  value: number;
  /** What is there, shown under the slider: "2/λmax = 0.1". */
  words: string;
}

export interface SliderProps {
  label: string;
  value: number;
  low: number;
  high: number;
  /** On a logarithmic scale equal ways are equal factors; both ends must be positive. */
  log?: boolean;
  step?: number;
  marks?: readonly SliderMark[];
  format?: (value: number) => string;
  disabled?: boolean;
  onInput: (value: number) => void;
}

const PARTS = 400;

/** A number from a range. */
export function Slider({ label, value, low, high, log = false, step, marks = [], format = number, disabled, onInput }: SliderProps) {
  const id = useId();
  const place = (at: number): number => (log ? (Math.log(at / low) / Math.log(high / low)) * PARTS : at);
  const back = (at: number): number => (log ? Number((low * (high / low) ** (at / PARTS)).toPrecision(4)) : at);
  const percent = (at: number): number => ((log ? place(at) / PARTS : (at - low) / (high - low)) || 0) * 100;
  const inside = marks.filter((mark) => mark.value >= low && mark.value <= high);
  return (
    <div class="ds-control ds-slider">
      <label for={id}>{label}</label>
      <span class="ds-slider-track">
        <input
          id={id}
          type="range"
          min={log ? 0 : low}
          max={log ? PARTS : high}
          step={log ? 1 : (step ?? (high - low) / PARTS)}
          value={place(value)}
          disabled={disabled ?? false}
          aria-valuetext={[format(value), ...inside.map((mark) => `mark: ${mark.words}`)].join(", ")}
          onInput={(event) => onInput(back(Number(event.currentTarget.value)))}
        />
        {inside.map((mark) => (
          <span
            key={mark.words}
            class="ds-mark"
            style={{ left: `calc(8px + (100% - 16px) * ${percent(mark.value) / 100})` }}
            aria-hidden="true"
          >
            <span>{mark.words}</span>
          </span>
        ))}
      </span>
      <output for={id}>{format(value)}</output>
    </div>
  );
}

export interface StepperProps {
  label: string;
  value: number;
  low?: number;
  high?: number;
  step?: number;
  onInput: (value: number) => void;
}

/** A whole number with a button to either side. */
export function Stepper({ label, value, low = -Infinity, high = Infinity, step = 1, onInput }: StepperProps) {
  const id = useId();
  const set = (wanted: number): void => {
    if (Number.isFinite(wanted)) onInput(Math.min(Math.max(Math.round(wanted), low), high));
  };
  return (
    <div class="ds-control ds-stepper">
      <label for={id}>{label}</label>
      <Button label={`${label}: less`} onClick={() => set(value - step)} disabled={value <= low}>
        −
      </Button>
      <input
        id={id}
        type="number"
        value={value}
        step={step}
        {...(Number.isFinite(low) ? { min: low } : {})}
        {...(Number.isFinite(high) ? { max: high } : {})}
        onChange={(event) => set(Number(event.currentTarget.value))}
      />
      <Button label={`${label}: more`} onClick={() => set(value + step)} disabled={value >= high}>
        +
      </Button>
    </div>
  );
}

export interface ChoiceProps<Word extends string> {
  label: string;
  value: Word;
  words: readonly (Word | readonly [Word, string])[];
  onInput: (word: Word) => void;
}

/** One word of a few. */
export function Choice<Word extends string>({ label, value, words, onInput }: ChoiceProps<Word>) {
  const id = useId();
  return (
    <div class="ds-control">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onInput(event.currentTarget.value as Word)}>
        {words.map((each) => {
          const [word, shown] = typeof each === "string" ? [each, each] : each;
          return (
            <option key={word} value={word}>
              {shown}
            </option>
          );
        })}
      </select>
    </div>
  );
}

/** Yes or no. */
export function Toggle({ label, value, onInput }: { label: string; value: boolean; onInput: (value: boolean) => void }) {
  return (
    <label class="ds-control ds-toggle">
      <input type="checkbox" checked={value} onChange={(event) => onInput(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

export interface ButtonProps {
  /** What a reader who does not see it hears; the words on it, if it has some. */
  label?: string;
  onClick: () => void;
  disabled?: boolean | undefined;
  pressed?: boolean;
  main?: boolean;
  children: ComponentChildren;
}

export function Button({ label, onClick, disabled = false, pressed, main = false, children }: ButtonProps) {
  return (
    <button
      type="button"
      class={main ? "ds-button ds-main" : "ds-button"}
      disabled={disabled}
      onClick={onClick}
      {...(label ? { "aria-label": label, title: label } : {})}
      {...(pressed === undefined ? {} : { "aria-pressed": pressed })}
    >
      {children}
    </button>
  );
}

/** Controls side by side, in a group with a name. */
export function Controls({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="ds-controls" role="group" aria-label={label}>
      {children}
    </div>
  );
}
