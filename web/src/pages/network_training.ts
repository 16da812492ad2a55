// What the tab Network does: begins runs, plays and pauses them, forks them, and hands changed settings to them.
import { useSignal, useSignalEffect, type Signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Command, Done, Failure, Settings } from "../contract";
import { failureOf } from "../draw/failure";
import { changesOf, isNew, NEW, ownerOf, settingsOf, unusual, wanted, type Wanted } from "../state/training";
import type { Context } from "../views/view";

export interface Training {
  settings: Signal<Wanted>;
  failure: Signal<Failure | null>;
  /** A command is on its way. */
  busy: Signal<boolean>;
  /** Steps a second, 0 as many as it can. */
  speed: Signal<number>;
  play(until?: number): void;
  pause(): void;
  /** One step of training more. */
  one(): void;
  /** A run of these settings from the start. */
  anew(): void;
  fork(): void;
  change<K extends keyof Wanted>(name: K, value: Wanted[K]): void;
  /** All settings at once, for a run of its own that begins to train. */
  take(settings: Settings, until: number): void;
}

/** The fields become those of a run that was opened or forked, unless they cannot show them or were changed meanwhile. */
export async function opened({ ask, state }: Context, run: string): Promise<void> {
  const held = settingsOf(state);
  const owner = ownerOf(state);
  const before = [held.peek(), owner.peek()];
  const found = await ask({ view: "summary", run }).catch(() => null); // the panels say what is wrong with the run
  if (found?.type !== "text" || !found.settings || state.run.peek() !== run || before[0] !== held.peek() || before[1] !== owner.peek())
    return;
  held.value = unusual(found.settings as Settings);
  owner.value = run;
}

export function useTraining(ctx: Context): Training {
  const { state } = ctx;
  const failure = useSignal<Failure | null>(null);
  const busy = useSignal(false);
  const speed = state.setting("train", "speed", 0);
  const held = settingsOf(state);
  const owner = ownerOf(state);
  const settings = useSignal(wanted(held.peek()));
  useMemo(() => held.subscribe((now) => (settings.value = wanted(now))), []);
  useSignalEffect(() => {
    const run = state.run.value;
    if (run === null || owner.value === NEW || owner.value === run) return;
    void opened(ctx, run);
  });

  return useMemo(() => {
    const act = (command: Command): Promise<Done> =>
      ctx.act ? ctx.act(command) : Promise.reject(new Error("nothing can be done from here"));
    const doing = async (work: () => Promise<void>): Promise<void> => {
      if (busy.peek()) return;
      busy.value = true;
      failure.value = null;
      try {
        await work();
      } catch (error) {
        failure.value = failureOf(error);
      } finally {
        busy.value = false;
      }
    };
    const look = (run: string, steps: number, step: number | null): void => {
      state.run.value = run;
      state.steps.value = steps;
      state.step.value = step;
    };
    const create = async (): Promise<string> => {
      const done = await act({ type: "create", settings: held.peek() as Settings });
      const run = done.run!;
      owner.value = run;
      look(run, done.steps ?? 0, null);
      return run;
    };
    const ready = async (): Promise<string> => (isNew(state) ? await create() : state.run.peek()!);
    const play = async (until?: number): Promise<void> => {
      const run = await ready();
      state.step.value = null;
      await act({ type: "play", run, speed: speed.peek(), ...(until === undefined ? {} : { until }) });
    };
    return {
      settings,
      failure,
      busy,
      speed,
      play: (until) => void doing(() => play(until)),
      pause: () => void doing(async () => void (await act({ type: "pause", run: state.run.peek()! }))),
      one: () =>
        void doing(async () => {
          const run = await ready();
          const done = await act({ type: "step", run });
          look(run, done.steps ?? state.steps.peek() + 1, null);
        }),
      anew: () => void doing(async () => void (await create())),
      fork: () =>
        void doing(async () => {
          const run = state.run.peek()!;
          const at = state.step.peek() ?? state.steps.peek() + 1;
          const done = await act({ type: "fork", run, at });
          state.beside.value = run;
          if (owner.peek() === run && state.step.peek() === null) owner.value = done.run ?? null; // an earlier step may have had other settings
          look(done.run ?? run, done.steps ?? at - 1, null);
        }),
      change: (name, value) => {
        const before = settings.peek();
        const now = { ...before, [name]: value };
        if (JSON.stringify(before) === JSON.stringify(now)) return;
        held.value = unusual(now);
        const run = state.run.peek();
        if (run === null || owner.peek() === NEW) return;
        const changes = changesOf(name, before, now);
        if (changes === null) {
          owner.value = NEW;
          return;
        }
        failure.value = null;
        act({ type: "set", run, changes }).catch((error: unknown) => {
          failure.value = failureOf(error);
          held.value = unusual(before);
        });
      },
      take: (given, until) => {
        held.value = unusual(given);
        owner.value = NEW;
        void doing(async () => {
          const run = state.run.peek();
          if (run !== null && state.trains.peek()) await act({ type: "pause", run });
          await play(until);
        });
      },
    };
  }, [ctx]);
}
