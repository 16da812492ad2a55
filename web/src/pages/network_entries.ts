// Entries of the catalogue as the settings of a training list them.
import type { CatalogueView, EntryShown } from "../contract";
import type { Context } from "../views/view";
import type { Training } from "./network_training";

/** What each part of the settings gets. */
export interface Props {
  ctx: Context;
  training: Training;
  catalogue: CatalogueView;
}

export const table = (catalogue: CatalogueView, name: string): readonly EntryShown[] =>
  catalogue.tables.find((each) => each.name === name)?.entries ?? [];
export const entryOf = (entries: readonly EntryShown[], id: string): EntryShown | undefined =>
  entries.find((each) => each.id === id || each.aliases.includes(id));
export const words = (entries: readonly EntryShown[]): (readonly [string, string])[] =>
  entries.map((each) => [each.id, each.id.replaceAll("_", " ")] as const);
