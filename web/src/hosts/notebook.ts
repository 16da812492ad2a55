// The widget of a notebook (anywidget): asks the kernel through the model's messages.
import { h, render as draw } from "preact";
import type { Failure, Payload, Query } from "../contract";
import { Failed } from "../draw/failure";
import { library } from "../libraries/register";
import { State } from "../state/state";
import { canonical } from "../views/asking";
import { viewOf } from "../views/table";
import type { Context } from "../views/view";
import { Board } from "../views/board";
import { remembering } from "./cache";
import { hideStill } from "./still";
import { followTheme, notebookIsDark } from "./theme";
import "./notebook.css";

/** What anywidget gives; only what is used of it. */
export interface Model {
  get(name: string): unknown;
  send(content: unknown): void;
  on(event: string, handler: (content: Message) => void): void;
  off(event: string, handler: (content: Message) => void): void;
}

interface Message {
  id?: number;
  answer?: Payload;
  failure?: Failure;
  library?: string;
}

/** What Python says at the start. answers: by canonical question, so that the first picture needs no asking. */
export interface Start {
  views: string[];
  run: string | null;
  steps: number;
  state: string;
  answers: Record<string, Payload>;
  still: [number, number] | null;
  /** Modules of libraries that the first picture needs. */
  libraries: Record<string, string>;
}

const PATIENCE = 60_000; // milliseconds: a busy kernel answers after its cell, a dead one never

export function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const start = model.get("start") as Start;
  const state = new State();
  state.read(start.state);
  state.run.value ??= start.run;
  state.steps.value = start.steps;
  const wire = new Wire(model);
  const isGiven = start.run === "given";
  const known = new Map(Object.entries(start.answers));
  const ask = remembering((query) => {
    // What was given by itself answers its view however that asks; a question with args or a step may be another one.
    const found = known.get(canonical(query)) ?? (isGiven ? known.get(canonical({ view: query.view })) : undefined);
    return found ? Promise.resolve(found) : wire.ask(query);
  });
  const ctx: Context = {
    kind: "notebook",
    state,
    ask,
    act: null,
    library: (name) => library(name, (missing) => wire.library(missing, start.libraries[missing])),
    link: () => null,
  };
  el.classList.add("ds", "ds-notebook");
  const release = keepKeys(el);
  const stop = followTheme(el, state, notebookIsDark);
  const views = start.views.flatMap((id) => viewOf(id) ?? []);
  draw(h(Board, { views, ctx }), el);
  const leave = hideStill(el, views.length ? start.still : null);
  return () => {
    leave();
    stop();
    release();
    wire.close();
    draw(null, el);
  };
}

/** The host would take arrows and letters for its cells; what Ctrl or Command goes with, such as saving, is its own. */
function keepKeys(el: HTMLElement): () => void {
  const before = (event: KeyboardEvent): void => {
    if (!el.contains(event.target as Node)) return;
    if (isOfHost(event)) delete el.dataset.lmSuppressShortcuts;
    else el.dataset.lmSuppressShortcuts = "true";
  };
  const after = (event: KeyboardEvent): void => {
    if (!isOfHost(event) && !LEAVING.includes(event.key)) event.stopPropagation();
  };
  window.addEventListener("keydown", before, true); // of the window, because JupyterLab listens at the document
  el.addEventListener("keydown", after); // VS Code listens outside of its outputs, once the views have had the key
  return () => {
    window.removeEventListener("keydown", before, true);
    el.removeEventListener("keydown", after);
  };
}

const LEAVING = ["Tab", "Escape"];

function isOfHost(event: KeyboardEvent): boolean {
  return event.ctrlKey || event.metaKey || /^F\d+$/.test(event.key);
}

/** Questions on their way to the kernel. */
class Wire {
  private count = 0;
  private readonly waiting = new Map<number, { done: (message: Message) => void; timer: ReturnType<typeof setTimeout> }>();

  constructor(private readonly model: Model) {
    model.on("msg:custom", this.heard);
  }

  private readonly heard = (message: Message): void => {
    const found = this.waiting.get(message.id ?? -1);
    if (!found) return;
    clearTimeout(found.timer);
    this.waiting.delete(message.id!);
    found.done(message);
  };

  private send(content: object): Promise<Message> {
    const id = ++this.count;
    return new Promise((done, failed) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        failed(new Failed(SILENT));
      }, PATIENCE);
      this.waiting.set(id, { done, timer });
      this.model.send({ id, ...content });
    });
  }

  async ask(query: Query): Promise<Payload> {
    const { answer, failure } = await this.send({ ask: query });
    if (answer) return answer;
    throw new Failed(failure ?? SILENT);
  }

  /** The module comes as text: a notebook's page may have no address that it could be fetched from. */
  async library(name: string, given?: string): Promise<unknown> {
    const { library: text, failure }: Message = given ? { library: given } : await this.send({ library: name });
    if (!text) throw new Failed(failure ?? SILENT);
    const link = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    try {
      return await import(/* @vite-ignore */ link);
    } finally {
      URL.revokeObjectURL(link);
    }
  }

  close(): void {
    this.model.off("msg:custom", this.heard);
    for (const { timer } of this.waiting.values()) clearTimeout(timer);
    this.waiting.clear();
  }
}

const SILENT: Failure = {
  code: "widget-silent",
  what: "the kernel does not answer",
  where: "this widget, which asks the notebook's kernel for every number",
  why: "the kernel is busy with another cell, was restarted, or is not running; the picture of the last run stays",
  do: "Wait for the running cell, or run this cell again.",
};
