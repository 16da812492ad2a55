// Axes of SVG pictures: the line below, faint guides across, few ticks, the words of the field.
import type { ScaleContinuousNumeric } from "d3-scale";
import { tick as shown, whole } from "./number";

/** From numbers to pixels, linear or logarithmic. */
export type NumberScale = ScaleContinuousNumeric<number, number>;

/** What an axis needs of a scale; those of d3-scale have it. */
export interface Scale {
  (value: number): number | undefined;
  ticks?: (count?: number) => number[];
  range(): number[];
}

interface AxisProps {
  scale: Scale;
  /** Where the axis stands: the inside's height for one below, 0 for one to the left. */
  at?: number;
  label?: string;
  count?: number;
  /** Own places of the ticks, and own words for them. */
  ticks?: readonly number[];
  format?: (value: number) => string;
}

/** The horizontal axis, at the height `at`. */
export function AxisBottom({ scale, at = 0, label, count = 6, ticks, format = shown }: AxisProps) {
  const [left = 0, right = 0] = scale.range();
  return (
    <g class="ds-axis" transform={`translate(0 ${at})`} aria-hidden="true">
      <line x1={left} x2={right} class="ds-axis-line" />
      {(ticks ?? fewTicks(scale, count))
        .filter((value) => format !== whole || Number.isInteger(value))
        .map((value) => (
          <text key={value} x={scale(value) ?? 0} y={16} text-anchor="middle">
            {format(value)}
          </text>
        ))}
      {label && (
        <text class="ds-axis-label" x={(left + right) / 2} y={33} text-anchor="middle">
          {label}
        </text>
      )}
    </g>
  );
}

/** The vertical axis at the left edge, with a guide across `width` at each tick. */
export function AxisLeft({ scale, at = 0, width = 0, label, count = 5, ticks, format = shown }: AxisProps & { width?: number }) {
  const [bottom = 0, top = 0] = scale.range();
  return (
    <g class="ds-axis" transform={`translate(${at} 0)`} aria-hidden="true">
      {(ticks ?? fewTicks(scale, count)).map((value) => {
        const y = scale(value) ?? 0;
        return (
          <g key={value}>
            {width > 0 && <line class="ds-guide" x1={0} x2={width} y1={y} y2={y} />}
            <text x={-8} y={y} dy="0.32em" text-anchor="end">
              {format(value)}
            </text>
          </g>
        );
      })}
      {label && (
        <text class="ds-axis-label" transform={`translate(-40 ${(bottom + top) / 2}) rotate(-90)`} text-anchor="middle">
          {label}
        </text>
      )}
    </g>
  );
}

/** At most about so many ticks; those of a logarithmic scale are thinned to whole powers where there are too many. */
export function fewTicks(scale: Scale, count: number): number[] {
  const all = scale.ticks?.(count) ?? [];
  if (all.length <= count + 3) return all;
  const powers = all.filter((value) => value !== 0 && Number.isInteger(Math.round(Math.log10(Math.abs(value)) * 1e9) / 1e9));
  const kept = powers.length >= 2 ? powers : all;
  const every = Math.ceil(kept.length / (count + 1));
  return kept.filter((_, k) => k % every === 0);
}

const DIGIT = 6.8; // pixels
const SPACE = 26; // at least between two numbers
const EDGE = 12; // to the right of a picture

/** Ticks of an axis of steps: whole numbers with room between them, however few steps there are, and none that is cut off. */
export function stepTicks(scale: Scale, width: number): number[] {
  const at = (value: number): number => scale(value) ?? 0;
  const wide = (value: number): number => whole(value).length * DIGIT;
  for (let count = Math.max(Math.floor(width / 90), 4); count > 0; count -= 1) {
    const all = [...new Set(scale.ticks?.(count))].filter((value) => Number.isInteger(value) && at(value) + wide(value) / 2 <= width + EDGE);
    if (all.every((value, k) => k === 0 || at(value) - at(all[k - 1]!) >= wide(value) + SPACE)) return all;
  }
  return [];
}

/** Lowest and highest of the finite numbers, [0, 1] where there is none, and never the same number twice. */
export function extent(values: Iterable<number | null | undefined>): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value === null || value === undefined || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return [0, 1];
  if (low < high) return [low, high];
  const around = Math.abs(low) / 2 || 1;
  return [low - around, high + around];
}

/** Whether a logarithmic scale is drawn: where it is wanted and can be, or where linear would hide most numbers. */
export function logarithmic(values: readonly (number | null)[], wanted: string): boolean {
  const sound = values.filter((value): value is number => value !== null);
  const above = sound.filter((value) => value > 0);
  if (wanted === "linear" || !above.length || sound.some((value) => value < 0)) return false;
  if (wanted === "log") return true;
  const [low, high] = extent(above);
  return high / low > 50;
}
