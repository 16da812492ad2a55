// What the next training of the lab is to be: its settings, kept in the link, and which of them a run takes while it goes on.
import type { Signal } from "@preact/signals";
import { USUAL, type Changes, type Choice, type Settings } from "../contract";
import type { Json } from "./hash";
import type { State } from "./state";

/** Settings with nothing left out. */
export type Wanted = Required<Settings>;

/** A training that is no run yet. */
export const NEW = "";

/** What the link holds: only what is not usual. */
export const settingsOf = (state: State): Signal<Json> => state.setting<Json>("train", "settings", {});

/** The run that these settings belong to: its name, NEW when they ask for a run of their own, null if nobody knows. */
export const ownerOf = (state: State): Signal<string | null> => state.setting<string | null>("train", "of", null);

/** All settings of what the link holds. */
export const wanted = (held: Json): Wanted => ({ ...USUAL, ...(held as Partial<Wanted>) });

/** The other way round: only what is not usual, so that links stay short. */
export function unusual(all: Settings): Json {
  const kept = Object.entries(all).filter(([name, value]) => {
    return name in USUAL && value !== undefined && JSON.stringify(value) !== JSON.stringify(USUAL[name as keyof Wanted]);
  });
  return Object.fromEntries(kept) as Json;
}

/** Whether ► makes a run of its own: there is none, or what was changed cannot be changed in one. */
export const isNew = (state: State): boolean => state.run.value === null || ownerOf(state).value === NEW;

/**
 * What a run is told when one setting becomes another one while its weights stay; null where that needs a new run.
 * A schedule, a clip and weight decay are parts of the optimizer, which is then given as a whole.
 */
export function changesOf(name: keyof Wanted, before: Wanted, now: Wanted): Changes | null {
  switch (name) {
    case "optimizer":
      if (isOnlyRate(before.optimizer, now.optimizer) && !now.schedule && !now.clip && !now.weight_decay) {
        return { lr: Number(now.optimizer.settings?.lr) };
      }
      return rule(now);
    case "schedule":
    case "clip":
    case "weight_decay":
      return rule(now);
    case "batch_size":
      return { batch_size: now.batch_size ?? "all" };
    case "activation":
      return now.hidden.length ? { activation: now.activation } : null;
    case "dropout":
      return before.dropout > 0 ? { dropout: now.dropout } : null;
    default:
      return null;
  }
}

function rule({ optimizer, schedule, clip, weight_decay }: Wanted): Changes {
  return { optimizer, schedule, clip, weight_decay };
}

function isOnlyRate(before: Choice, now: Choice): boolean {
  const rest = ({ name, settings }: Choice): string => JSON.stringify([name, { ...settings, lr: 0 }]);
  return rest(before) === rest(now) && typeof now.settings?.lr === "number";
}
