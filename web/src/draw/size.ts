// How wide an element is, and when that changes.
import { useEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";

/** A ref for an element, and its width in CSS pixels; `usual` until it is known. */
export function useWidth<E extends Element = HTMLDivElement>(usual = 640): [RefObject<E | null>, number] {
  const ref = useRef<E>(null);
  const [width, set] = useState(usual);
  useEffect(() => {
    const element = ref.current;
    if (!element || typeof ResizeObserver === "undefined") return undefined;
    const observer = new ResizeObserver(([entry]) => {
      const found = Math.round(entry?.contentRect.width ?? 0);
      if (found > 0) set(found);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

/** Whether the reader asked for as little motion as possible. */
export function stillness(): boolean {
  return typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
}
