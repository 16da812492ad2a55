// Points of a data set as marks: a shape and a colour for each class, hollow where they are held out, crossed where faulty.
import type { DataView } from "../contract";
import { number } from "../draw/number";
import { classInk } from "./boundary_paint";

const SHAPES = ["circle", "square", "triangle", "diamond", "cross", "star"] as const;
export type Shape = (typeof SHAPES)[number];

/** After as many classes as there are colours another round of shapes begins, so that no two classes look alike. */
export const shapeOf = (k: number): Shape => SHAPES[(k + Math.floor(k / SHAPES.length)) % SHAPES.length]!;

/** The outline of a shape around (0, 0), of about the same area for all. */
export function outline(shape: Shape, r: number): string {
  const points = (list: readonly (readonly [number, number])[]): string =>
    `M${list.map(([x, y]) => `${(x * r).toFixed(2)} ${(y * r).toFixed(2)}`).join("L")}Z`;
  switch (shape) {
    case "circle":
      return `M${-r} 0A${r} ${r} 0 1 1 ${r} 0A${r} ${r} 0 1 1 ${-r} 0Z`;
    case "square":
      return points([
        [-0.88, -0.88],
        [0.88, -0.88],
        [0.88, 0.88],
        [-0.88, 0.88],
      ]);
    case "triangle":
      return points([
        [0, -1.25],
        [1.15, 0.8],
        [-1.15, 0.8],
      ]);
    case "diamond":
      return points([
        [0, -1.3],
        [1.15, 0],
        [0, 1.3],
        [-1.15, 0],
      ]);
    case "cross":
      return points([
        [-0.4, -1.2],
        [0.4, -1.2],
        [0.4, -0.4],
        [1.2, -0.4],
        [1.2, 0.4],
        [0.4, 0.4],
        [0.4, 1.2],
        [-0.4, 1.2],
        [-0.4, 0.4],
        [-1.2, 0.4],
        [-1.2, -0.4],
        [-0.4, -0.4],
      ]);
    default:
      return points(
        Array.from(
          { length: 10 },
          (_, k) => [Math.sin((k * Math.PI) / 5), -Math.cos((k * Math.PI) / 5)].map((v) => v * (k % 2 ? 0.6 : 1.4)) as [number, number],
        ),
      );
  }
}

/** Words about a point. */
export function toldOf(data: DataView, k: number): string[] {
  const target = data.target[k] ?? null;
  const answer = data.classes.length && target !== null ? (data.classes[target] ?? String(target)) : number(target);
  const fault = data.faults[k] ?? 0;
  return [
    `row ${data.rows[k]}${data.held_out[k] ? ", held out" : ""}`,
    `${data.first} ${number(data.x[k])}${data.second ? `, ${data.second} ${number(data.y[k])}` : ""}`,
    `${data.target_name} ${answer}`,
    ...(fault > 0 ? [`changed on purpose: ${data.corruptions[fault - 1]}`] : []),
  ];
}

export interface Range {
  low: number;
  high: number;
}

interface MarksProps {
  data: DataView;
  x: (value: number) => number;
  y: (value: number) => number;
  /** Of the numbers to be predicted, where they are no classes. */
  ramp?: (value: number) => string;
  r?: number;
}

/** One path for all points of a class, so that thousands of points are a few elements. */
export function Marks({ data, x, y, ramp, r = 3.4 }: MarksProps) {
  const groups = new Map<string, { d: string; ink: string; hollow: boolean }>();
  let faults = "";
  data.x.forEach((value, k) => {
    const [other, target] = [data.y[k], data.target[k]];
    if (value === null || other === null || other === undefined) return;
    const [px, py] = [x(value), y(other)];
    const isClass = data.classes.length > 0;
    const ink =
      target === null || target === undefined
        ? "var(--alarm)"
        : isClass
          ? classInk(target, data.classes.length)
          : (ramp?.(target) ?? "var(--first)");
    const hollow = data.held_out[k] ?? false;
    const shape = isClass && target !== null && target !== undefined ? shapeOf(target) : "circle";
    const key = `${ink}/${hollow}/${shape}`;
    const group = groups.get(key) ?? { d: "", ink, hollow };
    group.d += moved(outline(shape, r), px, py);
    groups.set(key, group);
    if ((data.faults[k] ?? 0) > 0) faults += `M${px - 6} ${py}a6 6 0 1 0 12 0a6 6 0 1 0 -12 0`;
  });
  return (
    <g>
      {[...groups].map(([key, { d, ink, hollow }]) => (
        <path
          key={key}
          d={d}
          fill={hollow ? "var(--paper)" : ink}
          fill-opacity={hollow ? 0.55 : 0.9}
          stroke={hollow ? ink : "var(--paper)"}
          stroke-width={hollow ? 1.5 : 0.8}
        />
      ))}
      {faults && <path d={faults} fill="none" stroke="var(--alarm)" stroke-width="1.5" />}
    </g>
  );
}

/** A path around (0, 0) moved to a place. */
export function moved(path: string, x: number, y: number): string {
  if (path.includes("A")) {
    const r = Number(/A([\d.]+)/.exec(path)?.[1] ?? 3);
    return `M${(x - r).toFixed(1)} ${y.toFixed(1)}a${r} ${r} 0 1 1 ${2 * r} 0a${r} ${r} 0 1 1 ${-2 * r} 0Z`;
  }
  return path.replace(/(-?[\d.]+) (-?[\d.]+)/g, (_, a: string, b: string) => `${(Number(a) + x).toFixed(1)} ${(Number(b) + y).toFixed(1)}`);
}

/** The point closest to a place of the picture, within 12 pixels; -1 where there is none. */
export function closest(data: DataView, x: (value: number) => number, y: (value: number) => number, at: readonly [number, number]): number {
  let [best, least] = [-1, 12];
  data.x.forEach((value, k) => {
    const other = data.y[k];
    if (value === null || other === null || other === undefined) return;
    const far = Math.hypot(x(value) - at[0], y(other) - at[1]);
    if (far < least) [best, least] = [k, far];
  });
  return best;
}
