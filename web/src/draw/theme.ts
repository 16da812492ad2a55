// Colours for what CSS cannot reach: canvas and WebGL. They are read from the element that they are drawn in.

export type Rgb = readonly [number, number, number];
export type Role = "paper" | "ink" | "soft" | "faint" | "first" | "second" | "alarm";

export interface Colours {
  (role: Role): string;
  series(k: number): string;
  isDark: boolean;
}

/** The colours in force at an element. */
export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const known = new Map<string, string>(); // a painter asks for the same few thousands of times
  const read = (name: string): string => {
    let found = known.get(name);
    if (found === undefined) known.set(name, (found = style.getPropertyValue(`--${name}`).trim() || "#808080"));
    return found;
  };
  const colours = ((role: Role) => read(role)) as Colours;
  colours.series = (k) => read(`series-${k % SERIES}`);
  colours.isDark = element.closest("[data-theme]")?.getAttribute("data-theme") === "dark";
  return colours;
}

export const SERIES = 6;

/** The colour of line k, for a style or an attribute of SVG. */
export const series = (k: number): string => `var(--series-${k % SERIES})`;

/** "#0072b2" (or "#fff", as style sheets are shortened) as three numbers from 0 to 255. */
export function rgb(colour: string): Rgb {
  const long = colour.replace(/^#([0-9a-f])([0-9a-f])([0-9a-f])$/i, "#$1$1$2$2$3$3");
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(long);
  return found ? [parseInt(found[1]!, 16), parseInt(found[2]!, 16), parseInt(found[3]!, 16)] : [128, 128, 128];
}

/** A part t, from 0 to 1, of the way from one colour to another. */
export function mix(from: Rgb, to: Rgb, t: number): Rgb {
  const part = Math.min(Math.max(t, 0), 1);
  return [0, 1, 2].map((k) => Math.round(from[k]! + (to[k]! - from[k]!) * part)) as unknown as Rgb;
}

export type Ramp = (value: number) => Rgb;

/** From the paper (0 and below) to a colour (1 and above). */
export function ramp(colours: Colours, role: Role = "first"): Ramp {
  const paper = rgb(colours("paper"));
  const full = rgb(colours(role));
  return (value) => mix(paper, full, value);
}

/** Two-sided: -1 is the second colour (orange), 0 the paper, 1 the first (blue). */
export function diverging(colours: Colours): Ramp {
  const paper = rgb(colours("paper"));
  const above = rgb(colours("first"));
  const below = rgb(colours("second"));
  return (value) => (value < 0 ? mix(paper, below, -value) : mix(paper, above, value));
}

export const css = ([r, g, b]: Rgb): string => `rgb(${r}, ${g}, ${b})`;
