// What a view is: a question, and how its answer is drawn. One file each; views/table.ts finds them.
import type { ComponentType } from "preact";
import type { Command, Done, Payload, Query } from "../contract";
import type { About } from "../draw/frame";
import type { State } from "../state/state";

export type { About } from "../draw/frame";

/** What a view is given beside its payload. Only hosts make one: views know no transport. */
export interface Context {
  readonly kind: "lab" | "notebook" | "report";
  readonly state: State;
  /** Rejects with Failed (draw/failure.tsx). Answers about a stated step are kept. */
  ask(query: Query): Promise<Payload>;
  /** Carries out a command; null where nothing can be done, as in a report. */
  readonly act: ((command: Command) => Promise<Done>) | null;
  /** "katex", "dagre" or "uplot": fetched once, when first asked for. */
  library(name: string): Promise<unknown>;
  /** A link to this state with these changes of the address; null where there are no links. */
  link(): string | null;
}

export interface View<P extends Payload = Payload> {
  /** The word everywhere: file name, payload, command line, docs. */
  id: string;
  title: string;
  /** The tabs of the lab that show it, the first one before the others; a widget and a report take it by its id. */
  pages: readonly string[];
  /** Place on the page: lower is higher up. */
  order: number;
  /** Takes the whole width of the page. */
  wide?: boolean;
  /** Hidden until it is chosen from the page's list of panels. */
  closed?: boolean;
  /** Asked again while a run trains, because its answer is about all steps. */
  follows?: boolean;
  /** Asked again when the list of runs or of data sets became another one. */
  lists?: boolean;
  about: About;
  /** The question for a state, null if there is none yet. Read signals with .value: a change asks anew. */
  query(state: State): Query | null;
  /** Why there is no question: "Select a weight in the network." */
  empty: string;
  /** Codes of failures that only say that there is no such view of this run: told quietly, like `empty`. */
  unfit?: readonly string[];
  /** One or two sentences with the main numbers, for readers who do not see the picture. */
  describe(payload: P): string;
  /** What chooses the question: drawn above every answer, also while there is none and when it failed. */
  Head?: ComponentType<{ ctx: Context }>;
  View: ComponentType<{ payload: P; ctx: Context }>;
}

/** Gives a view its types: `export default view<TimelineView>({ ... })`. */
export function view<P extends Payload>(each: View<P>): View {
  return each as unknown as View;
}

export type { Payload, Query };
