// What follows the camera of a graph: the moved picture, and a small one of all of it that says where one is.
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { useComputed, type Signal } from "@preact/signals";
import type { GraphView } from "../contract";
import { centred, drawn, type Camera, type Frame } from "./graph_camera";
import { inkOf } from "./graph_boxes";
import type { Layout, Window } from "./graph_layout";

/** Only this is drawn anew while the picture is moved. */
export function Seen({ camera, children }: { camera: Signal<Camera>; children: ComponentChildren }) {
  const { zoom, x, y } = camera.value;
  return (
    <g transform={`translate(${x} ${y}) scale(${zoom})`} style={{ "--zoom": zoom }}>
      {children}
    </g>
  );
}

export interface NearProps {
  camera: Signal<Camera>;
  frame: Frame;
  children: (seen: Window & { zoom: number }) => ComponentChildren;
}

/** Drawn anew where another part of the picture comes near. */
export function Near({ camera, frame, children }: NearProps) {
  const key = useComputed(() => JSON.stringify(drawn(camera.value, frame)));
  const seen = useMemo(() => JSON.parse(key.value) as ReturnType<typeof drawn>, [key.value]);
  return <>{children(seen)}</>;
}

export interface OverviewProps {
  payload: GraphView;
  placed: Layout;
  camera: Signal<Camera>;
  frame: Frame;
}

const LARGEST = { width: 0.17, height: 0.32 }; // of the frame, so that it hides little
const INKS = ["soft", "first", "second", "alarm"] as const;

/** All boxes, and the part that is seen; a press or a drag goes there. It is for pointers: keys walk from box to box. */
export function Overview({ payload, placed, camera, frame }: OverviewProps) {
  const scale = Math.min((LARGEST.width * frame.width) / placed.width, (LARGEST.height * frame.height) / placed.height);
  const all = useMemo(() => INKS.map((ink) => [ink, pathOf(payload, placed, ink, 1.2 / scale)] as const), [payload, placed, scale]);
  const { zoom, x, y } = camera.value;
  if (placed.width * zoom <= frame.width && placed.height * zoom <= frame.height) return null;
  const go = (event: PointerEvent): void => {
    if (!(event.buttons & 1)) return;
    event.stopPropagation();
    const svg = event.currentTarget as Element;
    svg.setPointerCapture(event.pointerId);
    const box = svg.getBoundingClientRect();
    camera.value = centred(zoom, [(event.clientX - box.left) / scale, (event.clientY - box.top) / scale], frame, placed);
  };
  return (
    <svg
      class="ds-overview"
      width={placed.width * scale}
      height={placed.height * scale}
      viewBox={`0 0 ${placed.width} ${placed.height}`}
      aria-hidden="true"
      data-aside="yes"
      onPointerDown={go}
      onPointerMove={go}
    >
      {all.map(([ink, path]) => (
        <path key={ink} d={path} fill={`var(--${ink})`} opacity={ink === "soft" ? 0.6 : 1} />
      ))}
      <rect
        x={-x / zoom}
        y={-y / zoom}
        width={frame.width / zoom}
        height={frame.height / zoom}
        fill="var(--ink)"
        fill-opacity="0.1"
        stroke="var(--ink)"
        stroke-width={1.4 / scale}
      />
    </svg>
  );
}

/** least: how large a box is drawn at least, so that it is seen. */
function pathOf(payload: GraphView, placed: Layout, ink: string, least: number): string {
  return payload.items
    .filter((item) => inkOf(item) === ink && placed.places[item.id]!.width > 0)
    .map(({ id }) => {
      const { x, y, width, height } = placed.places[id]!;
      const [wide, high] = [Math.max(width, least), Math.max(height, least)];
      return `M${Math.round(x - wide / 2)} ${Math.round(y - high / 2)}h${Math.round(wide)}v${Math.round(high)}h${-Math.round(wide)}z`;
    })
    .join("");
}
