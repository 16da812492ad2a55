// A picture with margins that fits the width it is given: an SVG, in which a view draws in plain pixels.
import type { ComponentChildren, Signalish } from "preact";
import { useWidth } from "./size";

export interface Margin {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

export interface Box {
  /** Of the inside, in CSS pixels. */
  width: number;
  height: number;
  /** Around it. */
  margin: Margin;
}

export interface PlotProps {
  /** What the picture shows, in one or two sentences, for readers who do not see it; as a signal it changes by itself. */
  label: Signalish<string>;
  /** Of the whole picture; a number, or made from its width. */
  height: number | ((width: number) => number);
  margin?: Partial<Margin>;
  /** Makes the picture one stop of the keyboard, with these keys. */
  onKeyDown?: (event: KeyboardEvent) => void;
  onPointerDown?: (event: PointerEvent, at: [number, number]) => void;
  onPointerMove?: (event: PointerEvent, at: [number, number]) => void;
  onPointerUp?: (event: PointerEvent, at: [number, number]) => void;
  onPointerLeave?: (event: PointerEvent) => void;
  /** What lies behind the SVG, in pixels of the whole picture. */
  under?: (box: Box) => ComponentChildren;
  children: (box: Box) => ComponentChildren;
}

const MARGIN: Margin = { top: 10, right: 14, bottom: 38, left: 52 };

/** `children` is called with the size of the inside; (0, 0) is its upper left corner. */
export function Plot({ label, height, margin, under, children, onKeyDown, ...pointer }: PlotProps) {
  const [ref, width] = useWidth();
  const edge = { ...MARGIN, ...margin };
  const tall = typeof height === "number" ? height : height(width);
  const box = { width: Math.max(width - edge.left - edge.right, 10), height: Math.max(tall - edge.top - edge.bottom, 10), margin: edge };
  const at = (event: PointerEvent): [number, number] => {
    const frame = (event.currentTarget as Element).getBoundingClientRect();
    return [event.clientX - frame.left - edge.left, event.clientY - frame.top - edge.top];
  };
  const { onPointerDown, onPointerMove, onPointerUp, onPointerLeave } = pointer;
  return (
    <div ref={ref} class="ds-plot">
      {under?.(box)}
      <svg
        width={width}
        height={tall}
        viewBox={`0 0 ${width} ${tall}`}
        role={onKeyDown ? "application" : "img"}
        aria-label={label}
        {...(onKeyDown ? { tabindex: 0, onKeyDown } : {})}
        {...(onPointerDown ? { onPointerDown: (event: PointerEvent) => onPointerDown(event, at(event)) } : {})}
        {...(onPointerMove ? { onPointerMove: (event: PointerEvent) => onPointerMove(event, at(event)) } : {})}
        {...(onPointerUp ? { onPointerUp: (event: PointerEvent) => onPointerUp(event, at(event)) } : {})}
        {...(onPointerLeave ? { onPointerLeave } : {})}
      >
        <g transform={`translate(${edge.left} ${edge.top})`}>{children(box)}</g>
      </svg>
    </div>
  );
}
