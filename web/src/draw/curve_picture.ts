// A picture of curves over steps: what views say about it, and what both that draw it (on a screen, into a file) make of it.
import type { NumberScale } from "./axes";
import type { Box } from "./plot";

export type Numbers = readonly (number | null)[];

export interface CurveLine {
  x: readonly number[];
  /** null is a number that is not finite: the line has a gap there. */
  y: Numbers;
  /** Around the line, from the lowest to the highest number of each stretch of steps. */
  band?: { low: Numbers; high: Numbers; alpha: number } | undefined;
  /** Any colour of CSS. */
  ink: string;
  /** In pixels; 0 draws no line. */
  width?: number;
  alpha?: number;
  dash?: readonly number[] | undefined;
  /** Radius of a dot at every number. One that stands alone between two gaps has a dot in any case. */
  dots?: number | undefined;
}

export interface CurveAxis {
  /** From numbers to pixels of the inside. */
  scale: NumberScale;
  ticks: readonly number[];
  format: (value: number) => string;
}

interface StepAxis extends CurveAxis {
  label?: string;
  /** Pixels between the picture and its numbers. */
  gap?: number;
  hidden?: boolean;
}

/** lines: the same array as long as nothing in it changes. isLog: of the vertical axis. */
export interface CurvePicture {
  box: Box;
  x: StepAxis;
  y: CurveAxis;
  isLog: boolean;
  lines: readonly CurveLine[];
}

/** Colours and letters where the picture stands. */
export interface Look {
  font: string;
  of: (ink: string) => string;
}

export const WIDTH = 1.6; // pixels of a line
export const ALONE = 1.9; // radius of the dot of a number between two gaps
export const LABEL = 18; // pixels below the numbers of an axis for its words
export const GAPS = { x: 7, y: 8 };
export const SOFT = "var(--soft)";
export const FAINT = "var(--faint)";

export const ends = ({ scale }: CurveAxis) => scale.domain() as [number, number];

/** On a logarithmic scale 0 and less lie at the lower edge. */
export function lifted({ isLog, y }: CurvePicture): (value: number | null) => number | null {
  const [edge] = ends(y);
  return (value) => (isLog && value !== null && value <= 0 ? edge : value);
}

/** Places of the numbers that have a dot: all, or those alone between two gaps. */
export function dotted(y: readonly (number | null | undefined)[], all: boolean): number[] {
  const there = y.flatMap((value, k) => (value === undefined ? [] : [k]));
  const isNone = (k: number | undefined): boolean => k === undefined || y[k] === null;
  return there.filter((k, j) => y[k] !== null && (all || (isNone(there[j - 1]) && isNone(there[j + 1]))));
}
