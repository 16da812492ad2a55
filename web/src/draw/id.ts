// Names for elements that other elements refer to. Preact's own count from one in every tree, and each widget of a notebook
// is a tree of its own on the same page: the label of one widget would belong to a control of another.
import { useState } from "preact/hooks";

/** The same at every drawing of a component, and of no other component on the page. */
export function useId(): string {
  return useState(fresh)[0];
}

function fresh(): string {
  return `ds-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
}
