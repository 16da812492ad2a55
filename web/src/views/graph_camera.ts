// Which part of a large picture is seen: moved and zoomed by mouse, touch and keyboard.
import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { RefObject } from "preact";

/** A point p of the picture is seen at zoom · p + (x, y). */
export interface Camera {
  zoom: number;
  x: number;
  y: number;
}

export interface Frame {
  width: number;
  height: number;
}

const ZOOMS = [0.01, 4] as const;
/** Closer than this nothing is smaller than it was meant to be: letters of 11 pixels and boxes that a finger finds. */
export const READABLE = 1;
const NEARLY = 0.8; // as readable, since letters keep their size, if then all of its width is seen
const MOST_FIRST = 1.15; // a small graph is not blown up

/** All of it, or where that would be too small the part around a place. */
export function fit(picture: Frame, frame: Frame, around: readonly [number, number] | null, isWhole = false): Camera {
  const all = Math.min(frame.width / (picture.width + 24), frame.height / (picture.height + 24), MOST_FIRST);
  const wide = frame.width / (picture.width + 16);
  const zoom = isWhole ? all : Math.max(all, wide >= NEARLY ? Math.min(wide, READABLE) : READABLE);
  return centred(zoom, around ?? [picture.width / 2, picture.height / 2], frame, picture);
}

/** The camera over a place, but not so far that it looks past the picture's edge. */
export function centred(zoom: number, [x, y]: readonly [number, number], frame: Frame, picture: Frame): Camera {
  const inside = (wanted: number, seen: number, all: number): number =>
    zoom * all + 24 <= seen ? (seen - zoom * all) / 2 : Math.min(Math.max(wanted, seen - zoom * all - 12), 12);
  return {
    zoom,
    x: inside(frame.width / 2 - zoom * x, frame.width, picture.width),
    y: inside(frame.height / 2 - zoom * y, frame.height, picture.height),
  };
}

/** The camera moved so far that a place is inside the frame, and close enough to read it. */
export function shown(camera: Camera, [x, y]: readonly [number, number], frame: Frame, picture: Frame): Camera {
  const [left, top] = [camera.zoom * x + camera.x, camera.zoom * y + camera.y];
  const isInside = left > 40 && left < frame.width - 40 && top > 24 && top < frame.height - 24;
  return isInside ? camera : centred(Math.max(camera.zoom, READABLE), [x, y], frame, picture);
}

/** Closer by a factor, so that what is at (x, y) of the frame stays there. */
export function zoomed(camera: Camera, factor: number, x: number, y: number): Camera {
  const zoom = Math.min(Math.max(camera.zoom * factor, ZOOMS[0]), ZOOMS[1]);
  const ratio = zoom / camera.zoom;
  return { zoom, x: x - ratio * (x - camera.x), y: y - ratio * (y - camera.y) };
}

const COARSE = 1.25; // from one zoom to the next that is drawn anew

/** The part of the picture that is seen and as much again around it, in coarse steps: what is drawn for a while. */
export function drawn(camera: Camera, frame: Frame): { left: number; top: number; right: number; bottom: number; zoom: number } {
  const zoom = COARSE ** Math.floor(Math.log(camera.zoom) / Math.log(COARSE) + 1e-9); // not above the true one, so not less is drawn
  const [width, height] = [frame.width / zoom, frame.height / zoom];
  const left = Math.floor((-camera.x / camera.zoom / width) * 2) / 2;
  const top = Math.floor((-camera.y / camera.zoom / height) * 2) / 2;
  return { left: (left - 0.5) * width, top: (top - 0.5) * height, right: (left + 2) * width, bottom: (top + 2) * height, zoom };
}

export interface Handlers {
  onPointerDown: (event: PointerEvent) => void;
  onPointerMove: (event: PointerEvent) => void;
  onPointerUp: (event: PointerEvent) => void;
  onPointerCancel: (event: PointerEvent) => void;
}

const DRAG = 5; // pixels before a press is a move and no click

/** The camera of an SVG, and what moves it. moved: whether the last press was a move. */
export function useCamera(svg: RefObject<SVGSVGElement | null>): { camera: Signal<Camera>; handlers: Handlers; moved: () => boolean } {
  const camera = useSignal<Camera>({ zoom: 1, x: 0, y: 0 });
  const pressed = useRef(new Map<number, readonly [number, number]>());
  const way = useRef(0);
  const at = (event: PointerEvent | WheelEvent): [number, number] => {
    const box = svg.current!.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  useEffect(() => {
    const element = svg.current;
    if (!element) return undefined;
    const wheel = (event: WheelEvent): void => {
      // A page is scrolled past the picture, unless one has begun to work in it.
      if (!event.ctrlKey && !event.metaKey && document.activeElement !== element) return;
      event.preventDefault();
      camera.value = zoomed(camera.peek(), Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), ...at(event));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);
  const onPointerDown = (event: PointerEvent): void => {
    if (!pressed.current.size) way.current = 0;
    pressed.current.set(event.pointerId, at(event));
  };
  const onPointerMove = (event: PointerEvent): void => {
    const before = pressed.current.get(event.pointerId);
    if (!before) return;
    const now = at(event);
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    way.current += Math.abs(dx) + Math.abs(dy);
    if (way.current < DRAG) return;
    svg.current?.setPointerCapture(event.pointerId);
    const other = [...pressed.current].find(([id]) => id !== event.pointerId)?.[1];
    const held = camera.peek();
    if (other) {
      const factor = Math.hypot(now[0] - other[0], now[1] - other[1]) / Math.max(Math.hypot(before[0] - other[0], before[1] - other[1]), 1);
      camera.value = zoomed({ ...held, x: held.x + dx / 2, y: held.y + dy / 2 }, factor, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    } else camera.value = { ...held, x: held.x + dx, y: held.y + dy };
    pressed.current.set(event.pointerId, now);
  };
  const end = (event: PointerEvent): void => void pressed.current.delete(event.pointerId);
  return { camera, handlers: { onPointerDown, onPointerMove, onPointerUp: end, onPointerCancel: end }, moved: () => way.current >= DRAG };
}
