// The small box beside the pointer: numbers on hover, and the same on focus for those who use the keyboard.
import { createContext, type ComponentChildren } from "preact";
import { useContext, useMemo, useRef, useState } from "preact/hooks";

export type Lines = string | readonly string[];

export interface Tip {
  /** Handlers for an element of which the lines tell something; `focus` makes it a stop of the keyboard, with words. */
  of(lines: () => Lines, focus?: boolean): Record<string, unknown>;
  /** For canvases: show at a place of the screen. */
  at(clientX: number, clientY: number, lines: Lines): void;
  hide(): void;
}

const none: Tip = { of: () => ({}), at: () => undefined, hide: () => undefined };
const Current = createContext<Tip>(none);

/** The tip of the frame that the view is drawn in. */
export const useTip = (): Tip => useContext(Current);

/** Everything in it can show its tip. */
export function TipLayer({ children }: { children: ComponentChildren }) {
  const layer = useRef<HTMLDivElement>(null);
  const [shown, set] = useState<{ x: number; y: number; lines: readonly string[] } | null>(null);
  const tip = useMemo<Tip>(() => {
    const at = (clientX: number, clientY: number, lines: Lines): void => {
      const frame = layer.current?.getBoundingClientRect();
      if (!frame) return;
      set({ x: clientX - frame.left, y: clientY - frame.top, lines: typeof lines === "string" ? [lines] : lines });
    };
    const hide = (): void => set(null);
    const of = (lines: () => Lines, focus = false): Record<string, unknown> => {
      const beside = (event: Event): void => {
        const box = (event.currentTarget as Element).getBoundingClientRect();
        at(box.left + box.width / 2, box.top, lines());
      };
      const pointer = {
        onPointerEnter: (event: PointerEvent) => at(event.clientX, event.clientY, lines()),
        onPointerMove: (event: PointerEvent) => at(event.clientX, event.clientY, lines()),
        onPointerLeave: hide,
      };
      if (!focus) return pointer;
      const said = lines();
      return { ...pointer, onFocus: beside, onBlur: hide, tabindex: 0, "aria-label": typeof said === "string" ? said : said.join(", ") };
    };
    return { of, at, hide };
  }, []);
  return (
    <Current.Provider value={tip}>
      <div class="ds-tip-layer" ref={layer}>
        {children}
        {shown && <Box {...shown} width={layer.current?.clientWidth ?? 600} />}
      </div>
    </Current.Provider>
  );
}

function Box({ x, y, lines, width }: { x: number; y: number; lines: readonly string[]; width: number }) {
  const side = x > width / 2 ? { right: `${Math.max(width - x + 12, 0)}px` } : { left: `${x + 12}px` };
  return (
    <div class="ds-tip" style={{ ...side, top: `${y + 14}px` }} aria-hidden="true">
      {lines.map((line, k) => (
        <div key={k}>{line}</div>
      ))}
    </div>
  );
}
