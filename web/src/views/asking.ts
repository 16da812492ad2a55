// Asking for a view's payload: only the newest question counts, and the last answer stays until the next is there.
import { effect, useSignal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Failure, Payload, Query } from "../contract";
import { failureOf } from "../draw/failure";
import type { Context, View } from "./view";

export interface Answer {
  payload: Payload | null;
  query: Query | null;
  failure: Failure | null;
  busy: boolean;
}

/** key, turn: of the last question that was sent; at: when; took: until its answer. next: the one that waits for it. */
interface Flight {
  running: boolean;
  next: Query | null;
  key: string;
  turn: string;
  at: number;
  took: number;
}

const AGAIN = 330; // milliseconds between questions of a view that follows a training, at least
const REST = 4; // and so many times as long as the last answer took: the training needs the machine too

/** The answer to a view's question, as a signal; `again` asks once more. */
export function useAnswer(view: View, ctx: Context): [Signal<Answer>, () => void] {
  const answer = useSignal<Answer>({ payload: null, query: null, failure: null, busy: false });
  const tries = useSignal(0);
  const flight = useRef<Flight>({ running: false, next: null, key: "", turn: "", at: 0, took: 0 });

  const send = (query: Query): void => {
    const now = flight.current;
    if (now.running) {
      now.next = query; // while one is on its way, only the newest waits: a fast scrubber asks no more than it can see
      return;
    }
    now.running = true;
    now.at = Date.now();
    answer.value = { ...answer.peek(), busy: true };
    ctx
      .ask(query)
      .then((payload) => (answer.value = { payload, query, failure: null, busy: now.next !== null }))
      .catch((error: unknown) => {
        answer.value = { ...answer.peek(), query, failure: failureOf(error), busy: now.next !== null };
      })
      .finally(() => {
        now.running = false;
        now.took = Date.now() - now.at;
        const next = now.next;
        now.next = null;
        if (next) send(next);
      });
  };

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isQueued = false;
    let isOpen = true;
    let wish: { query: Query | null; key: string; turn: string };
    const act = (): void => {
      isQueued = false;
      if (!isOpen) return;
      const { query, key, turn } = wish;
      const now = flight.current;
      clearTimeout(timer);
      if (key === now.key && turn === now.turn) return;
      // While the cursor follows a training it moves with every step: no view needs more of them than can be read.
      const isFollowing = (): boolean => ctx.state.step.peek() === null && ctx.state.trains.peek() && now.key !== "";
      const isAgain = key === now.key || isFollowing();
      const wait = isAgain ? now.at + Math.max(AGAIN, REST * now.took) - Date.now() : 0;
      if (!query) {
        now.key = key;
        now.next = null;
        now.turn = turn;
        answer.value = { payload: null, query: null, failure: null, busy: false };
        return;
      }
      const go = (isLate = false): void => {
        // What nobody sees waits until it is seen or the training rests; what is asked already, for its answer.
        if (isFollowing() && (now.running || !isInSight(view.id))) {
          timer = setTimeout(go, AGAIN);
          return;
        }
        // While the cursor is dragged, what is seen comes first; what is not, when the cursor has come to rest.
        if (!isLate && now.key !== "" && key !== now.key && !isInSight(view.id)) {
          timer = setTimeout(go, AGAIN, true);
          return;
        }
        now.key = key;
        now.turn = turn;
        send(query);
      };
      if (wait <= 0) go();
      else timer = setTimeout(go, wait);
    };
    // Not useSignalEffect, which waits for the next frame; but what one click changes is one question.
    const stop = effect(() => {
      const asked = view.query(ctx.state);
      const query = asked?.step === 0 ? { ...asked, step: null } : asked; // of a run that waits for its first step
      const turn = `${view.follows ? ctx.state.steps.value : 0}/${view.lists || view.follows ? ctx.state.listed.value : 0}/${tries.value}`;
      wish = { query, key: query ? canonical(query) : "", turn };
      if (!isQueued) queueMicrotask(act);
      isQueued = true;
    });
    return () => {
      stop();
      clearTimeout(timer);
      isOpen = false;
    };
  }, [view, ctx]);
  return [answer, () => (tries.value += 1)];
}

/** Whether any part of a view's frame is on the screen, or near to it. */
function isInSight(id: string): boolean {
  if (typeof document !== "undefined" && document.hidden) return false;
  const box = typeof document === "undefined" ? undefined : document.querySelector(`[data-view="${id}"]`)?.getBoundingClientRect();
  return !box || box.height === 0 || (box.bottom > -100 && box.top < innerHeight + 100);
}

/** A question as canonical JSON, the same as downslope.lab.protocol.key: names in order, nothing with its default. */
export function canonical(query: Query): string {
  const kept: Record<string, unknown> = { view: query.view };
  if (query.run !== undefined && query.run !== null) kept.run = query.run;
  if (query.step !== undefined && query.step !== null) kept.step = query.step;
  if (query.args && Object.keys(query.args).length) kept.args = query.args;
  return JSON.stringify(ordered(kept));
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, each]) => [name, ordered(each)]));
}
