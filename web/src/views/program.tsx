// The readable program of a step, with the numbers of the step beside its lines; a line is selected as its value.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ProgramLine, ProgramView, Values } from "../contract";
import { Button, Choice, Controls } from "../draw/controls";
import { number, whole } from "../draw/number";
import { useWidth } from "../draw/size";
import { useTip } from "../draw/tip";
import { shapeText, valuesText } from "./graph_words";
import { chosenLines, linesOf, shortened, tokens, windowed, type Half, type Token } from "./program_lines";
import { Numbers } from "./step_numbers";
import { lastAnswered } from "./step_query";
import { view, type Context } from "./view";

export default view<ProgramView>({
  id: "program",
  title: "Program",
  pages: ["step", "network"],
  order: 45,
  closed: true,
  about: {
    sentence:
      "What is computed in this step as a NumPy program, the one that a careful student would write by hand: the loss, then its gradients line by line. Beside each line stands what it computed: lowest to highest number, and the first few as small squares, blue above zero and orange below.",
    source: "src/downslope/views/program.py",
    call: "print(run.at(step).probe.graph.program())",
    keys: [
      ["↑ ↓", "from line to line"],
      ["Enter", "select the value of the line in all views"],
      ["Home End", "the first and the last line"],
    ],
  },
  query: (state) => (state.run.value === null ? null : { view: "program", run: state.run.value, step: lastAnswered(state) }),
  empty: "Choose a run.",
  describe: (payload) => {
    const lines = payload.lines.filter((line) => line.target);
    return `${whole(lines.length)} lines, ${whole(lines.filter((line) => line.backward).length)} of them in the backward half. ${payload.not_finite ? `${whole(payload.not_finite)} operations have a NaN or an infinity.` : "All numbers are finite."}`;
  },
  View: Picture,
});

const TALL = 21;
const NARROW = 560;
const LETTER = 7;
const SEEN = 460;
const SIDE = 290; // pixels of the numbers beside the code
const SQUARES = 6;

function Picture({ payload, ctx }: { payload: ProgramView; ctx: Context }) {
  const { state } = ctx;
  const half = state.setting<string>("program", "half", "all");
  const [ref, width] = useWidth();
  const box = useRef<HTMLDivElement>(null);
  const [top, scroll] = useState(0);
  const [cursor, move] = useState<number | null>(null);
  const isNarrow = width < NARROW;
  const tall = isNarrow ? 2 * TALL - 4 : TALL;
  const shown = linesOf(payload, half.value as Half);
  const { main, other } = chosenLines(payload, state.select.value);
  const at = cursor ?? Math.max(main === null ? 0 : shown.indexOf(main), 0);
  const [first, last] = windowed(shown.length, tall, top, SEEN);
  const reveal = (place: number): void => {
    const element = box.current;
    if (!element || place < 0) return;
    const y = place * tall;
    if (y < element.scrollTop + tall) element.scrollTop = Math.max(y - 3 * tall, 0);
    else if (y > element.scrollTop + element.clientHeight - 2 * tall) element.scrollTop = y - element.clientHeight + 4 * tall;
  };
  useEffect(() => {
    if (main !== null) reveal(shown.indexOf(main));
  }, [main, half.value, isNarrow]);
  const select = (place: number): void => {
    const line = payload.lines[shown[place]!];
    move(place);
    if (line?.address) state.choose(line.address);
  };
  const key = (event: KeyboardEvent): void => {
    const moves: Record<string, number> = {
      ArrowUp: at - 1,
      ArrowDown: at + 1,
      PageUp: at - 15,
      PageDown: at + 15,
      Home: 0,
      End: shown.length - 1,
    };
    if (event.key in moves) {
      const next = Math.min(Math.max(moves[event.key]!, 0), shown.length - 1);
      move(next);
      reveal(next);
    } else if (event.key === "Enter" || event.key === " ") select(at);
    else return;
    event.preventDefault();
  };
  const now = main === null ? null : (payload.lines[main] ?? null);
  return (
    <>
      <Controls label="What is seen of the program">
        <Choice label="lines" value={half.value as Half} words={["all", "forward", "backward"]} onInput={(word) => (half.value = word)} />
        <Button onClick={() => void navigator.clipboard?.writeText(payload.lines.map((line) => line.text).join("\n"))}>
          copy the program
        </Button>
        {payload.culprit && <Button onClick={() => (state.select.value = payload.culprit!)}>the first NaN or ∞</Button>}
      </Controls>
      <div ref={ref}>
        <div
          ref={box}
          class="ds-program"
          data-scrolls=""
          role="listbox"
          tabindex={0}
          aria-label={payload.title}
          aria-activedescendant={`ds-line-${shown[at] ?? 0}`}
          style={{ maxHeight: `${SEEN}px` }}
          onScroll={(event) => scroll(event.currentTarget.scrollTop)}
          onKeyDown={key}
          onBlur={() => move(null)}
        >
          <div style={{ height: `${first * tall}px` }} />
          {shown.slice(first, last).map((k, place) => (
            <Line
              key={k}
              id={`ds-line-${k}`}
              n={k}
              line={payload.lines[k]!}
              width={width - 2}
              tall={tall}
              isNarrow={isNarrow}
              mark={k === main ? "main" : k === other ? "other" : ""}
              isCurrent={cursor !== null && first + place === at}
              onSelect={() => select(first + place)}
            />
          ))}
          <div style={{ height: `${(shown.length - last) * tall}px` }} />
        </div>
      </div>
      <Below line={now} ctx={ctx} select={state.select.value} />
    </>
  );
}

interface LineProps {
  id: string;
  n: number;
  line: ProgramLine;
  width: number;
  tall: number;
  isNarrow: boolean;
  mark: "main" | "other" | "";
  isCurrent: boolean;
  onSelect: () => void;
}

const INK: Record<Token["kind"], string> = {
  comment: "var(--soft)",
  word: "var(--series-3)",
  number: "var(--series-2)",
  text: "var(--series-4)",
  error: "var(--second)",
  target: "var(--first)",
  plain: "var(--ink)",
};

/** A line as a picture of its own, so that a saved file has the code in it. */
function Line({ id, n, line, width, tall, isNarrow, mark, isCurrent, onSelect }: LineProps) {
  const tip = useTip();
  const isBad = (line.values?.not_finite ?? 0) > 0;
  const side = isNarrow ? 0 : SIDE;
  const letters = Math.floor((width - 46 - (line.values ? side : 0)) / LETTER);
  const code = shortened(tokens(line.text.replace(/^ {4}/, ""), line.target), letters);
  const words = [
    line.text.trim(),
    ...(line.values ? [`${shapeText(line.shape)} ${line.dtype}`, valuesText(line.values)] : []),
    ...(line.line ? [`${line.line}: ${line.code}`] : []),
  ];
  const classes = ["ds-line", mark && `ds-${mark}`, isCurrent && "ds-at", isBad && "ds-bad", !line.address && "ds-idle"]
    .filter(Boolean)
    .join(" ");
  return (
    <div
      id={id}
      class={classes}
      role="option"
      aria-selected={mark === "main"}
      style={{ height: `${tall}px` }}
      onClick={onSelect}
      data-line={n}
      {...tip.of(() => words)}
    >
      <span class="ds-hidden">{words.join(", ")}</span>
      <svg width={width} height={tall} aria-hidden="true">
        <text class="ds-code" x={30} y={TALL / 2} dy="0.34em" text-anchor="end" opacity="0.75">
          {n + 1}
        </text>
        <text class="ds-code" x={40} y={TALL / 2} dy="0.34em" xml:space="preserve">
          {code.map((token, k) => (
            <tspan
              key={k}
              fill={INK[token.kind]}
              {...(token.kind === "target" || (token.kind === "error" && k < 2) ? { "font-weight": "600" } : {})}
            >
              {token.text}
            </tspan>
          ))}
        </text>
        {line.values && (
          <g transform={isNarrow ? `translate(40 ${TALL - 6})` : `translate(${width - SIDE + 10} 0)`}>
            <Squares values={line.values} />
            <text x={58} y={TALL / 2} dy="0.34em" class={isBad ? "ds-not-finite" : ""}>
              {brief(line.values)}
            </text>
            <text x={isNarrow ? width - 48 : SIDE - 18} y={TALL / 2} dy="0.34em" text-anchor="end" opacity="0.85">
              {line.shape.length ? shapeText(line.shape) : ""}
            </text>
          </g>
        )}
      </svg>
    </div>
  );
}

/** The first numbers as squares: the side of zero by colour and place, the size by strength. */
function Squares({ values }: { values: Values }) {
  const most = Math.max(Math.abs(values.low ?? 0), Math.abs(values.high ?? 0)) || 1;
  return (
    <>
      {values.first.slice(0, SQUARES).map((value, k) => {
        if (value === null)
          return <path key={k} d={`M${k * 8 + 1} ${TALL / 2 - 3}l6 6m-6 0l6 -6`} stroke="var(--alarm)" stroke-width="1.5" />;
        const size = Math.max(Math.min(Math.abs(value) / most, 1) * 8, 0.6);
        return (
          <rect
            key={k}
            x={k * 8}
            width={7}
            y={value >= 0 ? TALL / 2 - size : TALL / 2}
            height={size}
            fill={value >= 0 ? "var(--first)" : "var(--second)"}
          />
        );
      })}
      <line x1={0} x2={SQUARES * 8} y1={TALL / 2} y2={TALL / 2} stroke="var(--faint)" />
    </>
  );
}

function brief(values: Values): string {
  const minus = (value: number | null): string => number(value).replace(/^-/, "−");
  const bad = values.not_finite ? `${whole(values.not_finite)} of ${whole(values.size)} not finite` : "";
  if (bad) return bad;
  if (values.size === 1) return minus(values.mean);
  return `${minus(values.low)} to ${minus(values.high)}`;
}

function Below({ line, ctx, select }: { line: ProgramLine | null; ctx: Context; select: string | null }) {
  if (!line) {
    return (
      <p class="ds-note">
        {select === null || /^[^.[]+$/.test(select) ? "Select a line: all views go to its value." : `No line computes ${select}.`}
      </p>
    );
  }
  return (
    <div class="ds-details" aria-live="polite">
      <p>
        <code>{line.text.trim()}</code>
      </p>
      <dl>
        {line.line && (
          <>
            <dt>{line.backward ? "back through" : "your line"}</dt>
            <dd>
              <code>
                {line.line}: {line.code}
              </code>
            </dd>
          </>
        )}
        {line.values && (
          <>
            <dt>{shapeText(line.shape)}</dt>
            <dd>
              {valuesText(line.values)}
              <Numbers address={line.address ?? ""} shape={line.shape} values={line.values} ctx={ctx} />
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
