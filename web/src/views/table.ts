// All views, found by their files: a view is entered by being there.
import type { View } from "./view";

const files = import.meta.glob<{ default?: View }>("./*.tsx", { eager: true });

export const VIEWS: readonly View[] = Object.values(files)
  .flatMap((file) => (file.default && "query" in file.default ? [file.default] : []))
  .sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));

export const viewOf = (id: string): View | undefined => VIEWS.find((each) => each.id === id);
