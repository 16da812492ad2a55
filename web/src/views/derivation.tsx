// Where the selected number comes from: the chain rule in symbols, with its numbers, and as bars that add up to it.
import { useEffect, useState } from "preact/hooks";
import type { DerivationView, Sum } from "../contract";
import { Button, Choice } from "../draw/controls";
import { Formula } from "../draw/formula";
import { isParameter, parse, write, type Kind } from "../state/address";
import type { State } from "../state/state";
import { minus } from "./derivation_bars";
import { SumBars } from "./derivation_sum";
import { follow, heldIn, isInput, reopened, tidy, words, type Opened } from "./derivation_state";
import { stepOf } from "./step_query";
import { view, type Context } from "./view";

export default view<DerivationView>({
  id: "derivation",
  title: "Derivation",
  pages: ["step", "network"],
  order: 30,
  about: {
    sentence:
      "Where a number comes from. Each block is one equality of the chain rule; its bars add up to its value, and the part in orange is what the next block is about.",
    formula: String.raw`\frac{\partial L}{\partial v} = \sum_{u \text{ uses } v} \frac{\partial u}{\partial v} \cdot \frac{\partial L}{\partial u}`,
    source: "src/downslope/explain/derivation.py",
    call: 'run.at(step).explain("dense1.w[3, 2]")',
    keys: [
      ["↑ ↓", "from part to part, while a block has the focus"],
      ["Enter", "select what a part comes through, in all views"],
      ["→", "go on with this part instead"],
    ],
  },
  query: (state) => {
    if (state.run.value === null) return null;
    const asked = words(state);
    const isReport = state.available.value !== null;
    if (isInput(asked)) return null;
    if (isReport && asked === null) return null; // a report has answers about chosen numbers, and not about all of them
    const opened = reopened(state, asked);
    const most = state.setting("derivation", "most", MOST).value;
    const depth = state.setting("derivation", "depth", DEPTH).value;
    const labels = [...(opened?.parts ?? []), ...(opened?.layers ?? [])];
    const args = {
      ...(asked === null ? {} : { words: asked }),
      ...(most === MOST ? {} : { most }),
      ...(depth === DEPTH ? {} : { depth }),
      ...(labels.length ? { opened: labels } : {}),
    };
    return { view: "derivation", run: state.run.value, step: stepOf(state), args };
  },
  empty:
    "Select a weight or a unit in the network, a line of the program or an operation of the graph: its derivation stands here. (Inputs have none: they come from the data.)",
  describe: (payload) => `${payload.title}. ${payload.sentence}`,
  unfit: ["explain-name", "explain-place", "report-not-asked"],
  Head: ({ ctx }) => <Asked state={ctx.state} asked={words(ctx.state)} fixed={ctx.state.available.value !== null} />,
  View: Picture,
});

const MOST = 5; // parts of a sum
const DEPTH = 8; // sums one below the other
const DEEPEST = 40;

function Picture({ payload, ctx }: { payload: DerivationView; ctx: Context }) {
  const { state } = ctx;
  const asked = words(state);
  const opened = reopened(state, asked);
  const isFixed = state.available.value !== null;
  const open = (change: Partial<Opened>): void => {
    follow(state, asked, { parts: opened?.parts ?? [], layers: opened?.layers ?? [], ...change });
  };
  return (
    <div class="ds-derivation">
      {payload.sentence && <p class="ds-sentence">{payload.sentence}</p>}
      <ol class="ds-sums">
        {payload.sums.map((sum, k) => (
          <li
            key={`${sum.name}/${k}`}
            class={state.select.value !== null && sum.address === state.select.value ? "ds-sum ds-chosen" : "ds-sum"}
          >
            <Head sum={sum} k={k} ctx={ctx} />
            <SumBars
              sum={sum}
              ctx={ctx}
              onSelect={(address) => hold(state, asked, address)}
              onTake={
                isFixed || !sum.by || sum.by === "term" ? null : (label) => open({ parts: [...taken(payload.sums.slice(0, k)), label] })
              }
              onMore={isFixed || sum.others === 0 ? null : () => more(state)}
            />
            <Layer
              name={sum.layer ?? ""}
              whole={payload.whole ?? []}
              opened={opened?.layers ?? []}
              last={k === payload.sums.length - 1}
              fixed={isFixed}
              onLayers={(names) => open({ layers: names })}
            />
          </li>
        ))}
      </ol>
      <Ending text={payload.ending} state={state} fixed={isFixed} />
      {payload.equations.length > 0 && (
        <ol class="ds-equations">
          {payload.equations.map(([statement, note], k) => (
            <Statement key={k} text={statement} note={note} latex={payload.equations_latex?.[k]} ctx={ctx} />
          ))}
        </ol>
      )}
      {payload.update.length > 0 && (
        <section class="ds-update" aria-label="The update">
          <h3>{payload.kind === "update" ? "The update" : "What the optimizer makes of it"}</h3>
          <ol class="ds-equations">
            {payload.update.map((line, k) => (
              <Statement key={k} text={minus(line)} note="" latex={payload.update_latex?.[k]} ctx={ctx} />
            ))}
          </ol>
        </section>
      )}
    </div>
  );
}

const DEEPER = /: ask with a larger depth=$/;

/** What is said at the end; where it could go on, it does. */
function Ending({ text, state, fixed }: { text: string; state: State; fixed: boolean }) {
  if (!text) return null;
  const depth = state.setting("derivation", "depth", DEPTH);
  const goesOn = DEEPER.test(text);
  return (
    <p class="ds-note">
      {text.replace(DEEPER, ".")}{" "}
      {goesOn && !fixed && depth.value < DEEPEST && (
        <Button onClick={() => (depth.value = Math.min(depth.value * 2, DEEPEST))}>go on from there</Button>
      )}
    </p>
  );
}

/** A term was chosen here: all views go to it, and this one stays with what it explains. */
function hold(state: State, asked: string | null, address: string): void {
  heldIn(state).value = asked === null ? null : { words: asked, select: address };
  state.select.value = address;
}

const more = (state: State): void => {
  const most = state.setting("derivation", "most", MOST);
  most.value = Math.min(most.value * 2, 50);
};

/** Labels of the parts that lead to here; only branchings have a choice. */
const taken = (sums: readonly Sum[]): string[] =>
  sums.filter((sum) => sum.by).flatMap((sum) => sum.parts.filter((part) => part.taken).map((part) => part.label));

function Head({ sum, k, ctx }: { sum: Sum; k: number; ctx: Context }) {
  const address = sum.address ?? "";
  return (
    <header>
      {sum.latex && <Formula latex={sum.latex} library={ctx.library} block />}
      <p class="ds-sum-code">
        {sum.where && <code>{sum.where}</code>}
        {k > 0 && address && ctx.state.available.value === null && (
          <Button label={`explain this: ${sum.name}`} onClick={() => (ctx.state.select.value = lone(ctx.state, address))}>
            explain this
          </Button>
        )}
      </p>
    </header>
  );
}

/** The address, to be explained by itself from now on. */
function lone(state: State, address: string): string {
  heldIn(state).value = null;
  return address;
}

interface LayerProps {
  name: string;
  whole: readonly string[];
  opened: readonly string[];
  last: boolean;
  fixed: boolean;
  onLayers: (names: string[]) => void;
}

/** A layer that mixes its entries more than once stands as a whole, until it is opened operation by operation. */
function Layer({ name, whole, opened, last, fixed, onLayers }: LayerProps) {
  if (fixed) return null;
  const closes = last ? opened : [];
  if (!whole.includes(name) && !closes.length) return null;
  return (
    <div class="ds-controls">
      {whole.includes(name) && <Button onClick={() => onLayers([...opened, name])}>{`open ${name}, operation by operation`}</Button>}
      {closes.map((each) => (
        <Button key={each} onClick={() => onLayers(opened.filter((other) => other !== each))}>{`${each} as a whole`}</Button>
      ))}
    </div>
  );
}

function Statement({ text, note, latex, ctx }: { text: string; note: string; latex?: string | undefined; ctx: Context }) {
  const numbers = text.split(" = ").slice(2);
  return (
    <li>
      {latex && <Formula latex={latex} library={ctx.library} block />}
      <div>
        <code>{latex && numbers.length ? `= ${numbers.join(" = ")}` : text}</code>
        {note && <p class="ds-note">{note}</p>}
      </div>
    </li>
  );
}

const KINDS: Record<Kind, string> = { grads: "the gradient", errors: "the error signal", activations: "the value", updates: "the update" };

/** What is explained, as words that can be typed over, and which side of it. */
function Asked({ state, asked, fixed }: { state: State; asked: string | null; fixed: boolean }) {
  const [typed, type] = useState(asked ?? "");
  useEffect(() => type(asked ?? ""), [asked]);
  useEffect(() => tidy(state, asked), [asked, state.select.value]);
  if (fixed || state.run.value === null) return null;
  const go = (address: string): void => {
    heldIn(state).value = null;
    state.select.value = address.trim() || null;
  };
  const found = asked === null ? null : parse(asked);
  const isValue = found?.kind === "activations" || found?.kind === "errors";
  const isNamed = found !== null && (found.name.includes(".") || isValue) && !found.name.startsWith("%");
  const kinds: Kind[] = !isNamed ? [] : isParameter(found) ? ["grads", "updates"] : ["activations", "errors"];
  const most = state.setting("derivation", "most", MOST);
  return (
    <form
      class="ds-controls"
      onSubmit={(event) => {
        event.preventDefault();
        go(typed);
      }}
    >
      <label class="ds-control ds-asked">
        <span class="ds-soft">explain</span>
        <input
          type="text"
          value={typed}
          placeholder="dense1.w[3, 2]"
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => type(event.currentTarget.value)}
          onBlur={() => typed !== (asked ?? "") && go(typed)}
        />
      </label>
      {found && kinds.length > 0 && (
        <Choice
          label="of it"
          value={found.kind ?? kinds[0]!}
          words={kinds.map((kind) => [kind, KINDS[kind]] as const)}
          onInput={(kind) => go(write({ ...found, kind: kind === "grads" ? null : kind }))}
        />
      )}
      {most.value !== MOST && (
        <Choice
          label="parts listed"
          value={String(most.value)}
          words={["5", "10", "20", "40", "50"]}
          onInput={(word) => (most.value = Number(word))}
        />
      )}
      {asked !== null && <Button onClick={() => go("")}>all layers</Button>}
    </form>
  );
}
