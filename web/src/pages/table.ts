// The tabs of the lab, found by their files as views are.
import type { ComponentType } from "preact";
import type { Context } from "../views/view";

export interface Page {
  id: string;
  title: string;
  order: number;
  Page: ComponentType<{ ctx: Context }>;
}

const files = import.meta.glob<{ default?: Page }>("./*.tsx", { eager: true });

export const PAGES: readonly Page[] = Object.values(files)
  .flatMap((file) => (file.default && "Page" in file.default ? [file.default] : []))
  .sort((a, b) => a.order - b.order);
