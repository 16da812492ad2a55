// All state of a page, a widget or a report in one table of signals. What belongs to a link is written to the hash.
import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Live } from "../contract";
import { decode, encode, type Json } from "./hash";

export type Page = string;
export type ThemeChoice = "auto" | "light" | "dark";

/** Those of a link, by their name in it, with what they are when it says nothing. */
const LINKED = { page: "surface", run: null, step: null, select: null, beside: null, panels: null, theme: "auto" } as const;

export class State {
  /** The tab of the lab that is open. */
  readonly page = signal<Page>(LINKED.page);
  /** The run that is looked at, by its name; null where there is none. */
  readonly run = signal<string | null>(null);
  /** The step that is looked at; null follows the last one. */
  readonly step = signal<number | null>(null);
  /** What is selected in all views: an address such as "dense1.w[3, 2]", a unit "dense1[3]" or a layer "dense1". */
  readonly select = signal<string | null>(null);
  /** A second run, to compare with. */
  readonly beside = signal<string | null>(null);
  /** Ids of the views that are open, null for the usual ones of the page. */
  readonly panels = signal<readonly string[] | null>(null);
  readonly theme = signal<ThemeChoice>("auto");

  // Not in the link: what the host tells.
  /** How many steps the run has; follows a training. */
  readonly steps = signal(0);
  /** The step in which the run failed: not finished, but to be looked at like any other; 0 where it did not fail. */
  readonly failed = signal(0);
  /** Steps that can be looked at; null for all of them. */
  readonly available = signal<readonly number[] | null>(null);
  /** The last news of each training. */
  readonly live = signal<ReadonlyMap<string, Live>>(new Map());
  /** Counts how often the list of runs or of data sets became another one. */
  readonly listed = signal(0);
  readonly isDark = signal(false);
  /** The step that is meant by a number: in a report the closest one that it holds. */
  snap: (step: number) => number = (step) => step;

  private readonly settings = new Map<string, { signal: Signal<Json>; usual: string }>();
  private readonly waiting = new Map<string, Json>();
  private readonly known = signal(0);

  /** The step as a number: the last one where the state follows it. */
  readonly at: ReadonlySignal<number> = computed(() => this.step.value ?? this.steps.value);

  /** The last step that can be looked at. */
  readonly last: ReadonlySignal<number> = computed(() => Math.max(this.steps.value, this.failed.value));

  /** The news of the run that is looked at, if it trains. */
  readonly news: ReadonlySignal<Live | null> = computed(() => this.live.value.get(this.run.value ?? "") ?? null);

  /** Whether it is being trained now: its news come many times a second, this changes when it begins and ends. */
  readonly trains: ReadonlySignal<boolean> = computed(() => this.news.value?.state === "training");

  /** The part of the address after "#"; what has its usual value is left out. */
  readonly hash: ReadonlySignal<string> = computed(() => encode(this.entries()));

  /** A setting of one view, kept in the link as "view.name". The same signal for every caller. */
  setting(view: string, name: string, usual: number): Signal<number>;
  setting(view: string, name: string, usual: boolean): Signal<boolean>;
  setting<T extends Json>(view: string, name: string, usual: T): Signal<T>;
  setting<T extends Json>(view: string, name: string, usual: T): Signal<T> {
    const key = `${view}.${name}`;
    const found = this.settings.get(key);
    if (found) return found.signal as unknown as Signal<T>;
    const linked = this.waiting.get(key);
    this.waiting.delete(key);
    const made = signal<Json>(linked !== undefined && sameKind(linked, usual) ? linked : usual);
    this.settings.set(key, { signal: made, usual: JSON.stringify(usual) });
    // Later, because a setting may be asked for inside of what must not write; its own value leaves the link as it is.
    queueMicrotask(() => (this.known.value = this.known.peek() + 1));
    return made as unknown as Signal<T>;
  }

  /** Move the cursor; beyond the last step it follows the run again. */
  go(step: number): void {
    const last = this.last.peek();
    const isEnd = step >= last && this.trains.peek();
    this.step.value = isEnd ? null : this.snap(Math.min(Math.max(step, 1), Math.max(last, 1)));
  }

  /** Select what an address names; the same once more lets go of it. */
  choose(address: string | null): void {
    this.select.value = address === this.select.peek() ? null : address;
  }

  /** Take over a link. What it does not name gets its usual value. */
  read(hash: string): void {
    const entries = decode(hash);
    const text = (name: string): string | null => {
      const found = entries.get(name);
      return found === undefined || found === null ? null : String(found);
    };
    const step = entries.get("step");
    const panels = entries.get("panels");
    const theme = text("theme");
    this.page.value = text("page") ?? LINKED.page;
    this.run.value = text("run");
    this.step.value = typeof step === "number" && Number.isInteger(step) && step > 0 ? this.snap(step) : null;
    this.select.value = text("select");
    this.beside.value = text("beside");
    this.panels.value = Array.isArray(panels) ? panels.map(String) : null;
    this.theme.value = theme === "light" || theme === "dark" ? theme : "auto";
    for (const [key, { signal: held, usual }] of this.settings) {
      const linked = entries.get(key);
      const standard = JSON.parse(usual) as Json;
      const wanted = linked !== undefined && sameKind(linked, standard) ? linked : standard;
      if (JSON.stringify(held.peek()) !== JSON.stringify(wanted)) held.value = wanted;
    }
    this.waiting.clear();
    for (const [key, linked] of entries) if (key.includes(".") && !this.settings.has(key)) this.waiting.set(key, linked);
  }

  private entries(): Map<string, Json> {
    const found = new Map<string, Json>();
    for (const name of Object.keys(LINKED) as (keyof typeof LINKED)[]) {
      const held = this[name].value as Json;
      if (JSON.stringify(held) !== JSON.stringify(LINKED[name])) found.set(name, held);
    }
    void this.known.value; // a new setting changes the link
    for (const [key, { signal: held, usual }] of this.settings) {
      if (JSON.stringify(held.value) !== usual) found.set(key, held.value);
    }
    for (const [key, linked] of this.waiting) found.set(key, linked);
    return found;
  }
}

/** A link may be old or written by hand: a text where a number belongs is not taken. null goes with anything. */
function sameKind(a: Json, b: Json): boolean {
  return b === null || (a !== null && typeof a === typeof b && Array.isArray(a) === Array.isArray(b));
}
