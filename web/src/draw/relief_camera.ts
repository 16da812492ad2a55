// How a relief is seen: turned, tilted, in perspective, and as large as its box fits into the canvas at this angle.

/** Height of the relief, in half widths. */
export const TALL = 0.75;

type Point = readonly [number, number, number];

export interface Lens {
  /** Column by column, as WebGL wants it. */
  matrix: Float32Array;
  /** Where a place of the relief (x, y from -1 to 1, height from 0 to 1) is on the canvas, in CSS pixels. */
  at(x: number, y: number, height: number): [number, number];
  /** How near a place is to the eye; larger is nearer. */
  near(x: number, y: number): number;
}

export interface Margins {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

const FAR = 4.2; // from the eye to the middle of the relief, in half widths
const [NEAREST, FARTHEST] = [0.5, 12];
const SIDES = [-1, 1] as const;

/** turn, tilt: radians. width, height: of the canvas in CSS pixels. top: the largest height, from 0 to 1. */
export function lens(turn: number, tilt: number, width: number, height: number, margins: Margins, top = 1): Lens {
  const [c, s, ct, st] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
  // Rows of eye coordinates: right, up, towards the eye; the middle of the relief's height is looked at.
  const right: Point = [c, s, 0];
  const up: Point = [-s * st, c * st, ct];
  const back: Point = [s * ct, -c * ct, st];
  const middle = -TALL / 2;
  const dot = (row: Point, [x, y, z]: Point): number => row[0] * x + row[1] * y + row[2] * (z + middle);
  /** In perspective, at no scale yet. */
  const flat = (point: Point): [number, number] => {
    const far = FAR - dot(back, point);
    return [dot(right, point) / far, dot(up, point) / far];
  };
  const corners = SIDES.flatMap((x) => SIDES.flatMap((y) => [0, top * TALL].map((z) => flat([x, y, z]))));
  const [least, most] = [0, 1].map((k) => corners.map((corner) => corner[k]!)).map((all) => [Math.min(...all), Math.max(...all)] as const) as [
    readonly [number, number],
    readonly [number, number],
  ];
  const room = [Math.max(width - margins.left - margins.right, 1), Math.max(height - margins.top - margins.bottom, 1)] as const;
  const scale = Math.min(room[0] / (least[1] - least[0]), room[1] / (most[1] - most[0])); // pixels
  const [cx, cy] = [(least[0] + least[1]) / 2, (most[0] + most[1]) / 2];
  const [px, py] = [margins.left + room[0] / 2, margins.top + room[1] / 2]; // where the middle of the box is seen
  // Clip coordinates: (flat - centre) * scale, from -1 to 1 over the canvas, times the distance.
  const [kx, ky] = [(2 * scale) / width, (2 * scale) / height];
  const [mx, my] = [(2 * px) / width - 1 - kx * cx, 1 - (2 * py) / height - ky * cy];
  const [a, b] = [(FARTHEST + NEAREST) / (NEAREST - FARTHEST), (2 * FARTHEST * NEAREST) / (NEAREST - FARTHEST)];
  const columns = [0, 1, 2].flatMap((k) => [
    kx * right[k]! - mx * back[k]!,
    ky * up[k]! - my * back[k]!,
    a * back[k]!,
    -back[k]!,
  ]);
  const far = FAR - back[2] * middle;
  const last = [kx * right[2] * middle + mx * far, ky * up[2] * middle + my * far, a * (back[2] * middle - FAR) + b, far];
  return {
    matrix: new Float32Array([...columns, ...last]),
    at: (x, y, z) => {
      const [fx, fy] = flat([x, y, z * TALL]);
      return [px + scale * (fx - cx), py - scale * (fy - cy)];
    },
    near: (x, y) => dot(back, [x, y, 0]),
  };
}
