// A function of two numbers as bands and lines of equal height, in SVG; darker is higher, blank has no finite value.
import { contours } from "d3-contour";
import { useMemo } from "preact/hooks";

export interface Field {
  x: readonly number[];
  y: readonly number[];
  /** z[i][j] at (x[j], y[i]). */
  z: readonly (readonly (number | null)[])[];
  levels: readonly number[];
}

interface ContoursProps {
  field: Field;
  /** From a number of x, or y, to pixels. */
  x: (value: number) => number;
  y: (value: number) => number;
  /** Changes when the scales do. */
  size: string;
  /** The colour of the highest band; none draws lines only. */
  fill?: string | undefined;
  line?: string;
  dashed?: boolean;
}

const STRONGEST = 0.5; // of the fill's colour, in the highest band

export function Contours({ field, x, y, size, fill, line = "var(--soft)", dashed = false }: ContoursProps) {
  return useMemo(() => {
    const bands = areas(field, x, y);
    return (
      <g class="ds-contours" aria-hidden="true">
        {fill &&
          bands.map((d, k) => (
            // Each band lies over the lower ones; the parts add up to STRONGEST at the top.
            <path key={k} d={d} fill={fill} fill-opacity={layer(k, bands.length)} fill-rule="evenodd" />
          ))}
        {bands.map((d, k) => (
          <path
            key={k}
            d={d}
            fill="none"
            stroke={line}
            stroke-width={dashed ? 1.1 : 0.6}
            stroke-opacity={dashed ? 0.9 : 0.6}
            {...(dashed ? { "stroke-dasharray": "4 3" } : {})}
          />
        ))}
      </g>
    );
  }, [field, size, fill, line, dashed]);
}

/** The opacity of one of n layers, so that all of them together are STRONGEST opaque in equal steps. */
function layer(k: number, n: number): number {
  const before = (STRONGEST * k) / n;
  const after = (STRONGEST * (k + 1)) / n;
  return (after - before) / (1 - before);
}

/** For each level the outline of what lies above it. */
export function areas(field: Field, x: (value: number) => number, y: (value: number) => number): string[] {
  const columns = field.x.length;
  const rows = field.y.length;
  // What is not finite counts as below every level, so that it stays blank.
  const values = field.z.flatMap((row) => row.map((value) => value ?? -Infinity));
  const atX = (place: number): number => x(between(field.x, place - 0.5));
  const atY = (place: number): number => y(between(field.y, place - 0.5));
  return contours()
    .size([columns, rows])
    .thresholds([...field.levels])(values)
    .map((each) =>
      each.coordinates
        .flat()
        .map((ring) => `M${ring.map(([a, b]) => `${atX(a!).toFixed(1)} ${atY(b!).toFixed(1)}`).join("L")}Z`)
        .join(""),
    );
}

/** The number at a place between those of an even grid; at its ends the ends. */
function between(grid: readonly number[], place: number): number {
  const at = Math.min(Math.max(place, 0), grid.length - 1);
  const k = Math.min(Math.floor(at), grid.length - 2);
  return grid[k]! + (grid[k + 1]! - grid[k]!) * (at - k);
}

/** Which part of the levels lies below a height, from 0 to 1: heights over many powers of ten become an even slope. */
export function rank(levels: readonly number[], value: number): number {
  if (!levels.length) return 0;
  let k = 0;
  while (k < levels.length && levels[k]! <= value) k += 1;
  const low = levels[k - 1];
  const high = levels[k];
  const wide = levels.length > 1 ? (levels[levels.length - 1]! - levels[0]!) / (levels.length - 1) : 1;
  if (low === undefined) return Math.max(1 - (levels[0]! - value) / Math.max(wide, 1e-300), 0) / (levels.length + 1);
  if (high === undefined) return Math.min(k + Math.min((value - low) / Math.max(wide, 1e-300), 1), levels.length + 1) / (levels.length + 1);
  return (k + (value - low) / (high - low)) / (levels.length + 1);
}
