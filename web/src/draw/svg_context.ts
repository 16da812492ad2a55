// What is painted on a canvas as real vectors: the same calls on this context become the elements of an SVG file.

/** What a painter may call; a 2-D context has all of it. */
type Painted = Pick<
  CanvasRenderingContext2D,
  | "arc" | "beginPath" | "bezierCurveTo" | "clearRect" | "clip" | "closePath" | "drawImage" | "fill" | "fillRect" | "fillText"
  | "lineTo" | "measureText" | "moveTo" | "restore" | "roundRect" | "save" | "setLineDash" | "stroke" | "strokeRect" | "strokeText"
>; // prettier-ignore

/** Paints what a canvas shows into any context, in CSS pixels. */
export type Painter = (context: CanvasRenderingContext2D) => void;

/** Canvases whose picture can be painted again. */
export const painters = new WeakMap<HTMLCanvasElement, Painter>();

const MOST = 4_000; // elements: above, a file is larger than its picture, and slow to open

/** The canvas as SVG elements; null where nobody can paint it again, or it has too many parts. */
export function vectors(canvas: HTMLCanvasElement): string | null {
  const paint = painters.get(canvas);
  const context = canvas.getContext("2d");
  if (!paint || !context) return null;
  const made = new SvgContext(context);
  try {
    paint(made as unknown as CanvasRenderingContext2D);
  } catch {
    return null; // a call that is not known here: the raster picture is there
  }
  return made.parts.length > MOST ? null : made.text();
}

const short = (value: number): string => String(Math.round(value * 100) / 100);
const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const ANCHOR: Record<string, string> = { center: "middle", right: "end", end: "end" };
const BASELINE: Record<string, string> = { middle: "central", top: "text-before-edge", hanging: "hanging", bottom: "text-after-edge" };

let clips = 0; // names of clips are those of a whole file

export class SvgContext implements Painted {
  readonly parts: string[] = [];
  fillStyle = "#000";
  strokeStyle = "#000";
  lineWidth = 1;
  lineCap: CanvasLineCap = "butt";
  lineJoin: CanvasLineJoin = "miter";
  globalAlpha = 1;
  font = "10px sans-serif";
  textAlign: CanvasTextAlign = "start";
  textBaseline: CanvasTextBaseline = "alphabetic";
  imageSmoothingEnabled = true;
  private path: string[] = [];
  private dash: number[] = [];
  private open = 0; // groups of clips
  private readonly kept: { state: Record<string, unknown>; open: number }[] = [];

  /** real: measures letters. */
  constructor(private readonly real: CanvasRenderingContext2D) {}

  text(): string {
    return this.parts.join("\n") + "</g>".repeat(this.open);
  }

  save(): void {
    const { fillStyle, strokeStyle, lineWidth, lineCap, lineJoin, globalAlpha, font, textAlign, textBaseline, imageSmoothingEnabled, dash } = this;
    const state = { fillStyle, strokeStyle, lineWidth, lineCap, lineJoin, globalAlpha, font, textAlign, textBaseline, imageSmoothingEnabled, dash };
    this.kept.push({ state, open: this.open });
  }
  restore(): void {
    const last = this.kept.pop();
    if (!last) return;
    Object.assign(this, last.state);
    for (; this.open > last.open; this.open -= 1) this.parts.push("</g>");
  }
  beginPath(): void {
    this.path = [];
  }
  moveTo(x: number, y: number): void {
    this.path.push(`M${short(x)} ${short(y)}`);
  }
  lineTo(x: number, y: number): void {
    this.path.push(`${this.path.length ? "L" : "M"}${short(x)} ${short(y)}`);
  }
  bezierCurveTo(...places: [number, number, number, number, number, number]): void {
    this.path.push(`C${places.map(short).join(" ")}`);
  }
  closePath(): void {
    this.path.push("Z");
  }
  arc(x: number, y: number, r: number, from: number, to: number): void {
    const turn = Math.min(to - from, 2 * Math.PI);
    const at = (angle: number): string => `${short(x + r * Math.cos(angle))} ${short(y + r * Math.sin(angle))}`;
    // A whole circle is two halves: an arc that ends where it begins is none.
    const stops = turn > 6.28 ? [from + Math.PI, from + 2 * Math.PI] : [to];
    this.path.push(`${this.path.length ? "L" : "M"}${at(from)}`);
    for (const stop of stops) this.path.push(`A${short(r)} ${short(r)} 0 ${turn > Math.PI && turn <= 6.28 ? 1 : 0} 1 ${at(stop)}`);
  }
  roundRect(x: number, y: number, width: number, height: number, radius: number | DOMPointInit | Iterable<number | DOMPointInit> = 0): void {
    const r = Math.min(typeof radius === "number" ? radius : Number([...(radius as Iterable<number>)][0] ?? 0), width / 2, height / 2);
    const bend = (dx: number, dy: number): string => `a${short(r)} ${short(r)} 0 0 1 ${short(dx)} ${short(dy)}`;
    this.path.push(
      `M${short(x + r)} ${short(y)}h${short(width - 2 * r)}${bend(r, r)}v${short(height - 2 * r)}${bend(-r, r)}h${short(2 * r - width)}${bend(-r, -r)}v${short(2 * r - height)}${bend(r, -r)}Z`,
    );
  }
  setLineDash(dash: Iterable<number>): void {
    this.dash = [...dash];
  }
  stroke(): void {
    this.parts.push(`<path d="${this.path.join("")}" fill="none"${this.ink()}/>`);
  }
  fill(): void {
    this.parts.push(`<path d="${this.path.join("")}"${this.paint()}/>`);
  }
  clip(): void {
    clips += 1;
    this.parts.push(`<clipPath id="ds-clip-${clips}"><path d="${this.path.join("")}"/></clipPath><g clip-path="url(#ds-clip-${clips})">`);
    this.open += 1;
  }
  clearRect(): void {
    // The file's paper is there already.
  }
  fillRect(x: number, y: number, width: number, height: number): void {
    this.parts.push(`<rect ${box(x, y, width, height)}${this.paint()}/>`);
  }
  strokeRect(x: number, y: number, width: number, height: number): void {
    this.parts.push(`<rect ${box(x, y, width, height)} fill="none"${this.ink()}/>`);
  }
  fillText(text: string, x: number, y: number): void {
    this.write(text, x, y, this.paint());
  }
  strokeText(text: string, x: number, y: number): void {
    this.write(text, x, y, ` fill="none"${this.ink()}`);
  }
  measureText(text: string): TextMetrics {
    this.real.save();
    this.real.font = this.font;
    const found = this.real.measureText(text);
    this.real.restore();
    return found;
  }
  /** A picture of cells stays one: each of them is a pixel. */
  drawImage(image: CanvasImageSource, ...places: number[]): void {
    const picture = image as HTMLCanvasElement;
    const [sx, sy, sw, sh, x, y, width, height] = places.length >= 8 ? places : [0, 0, picture.width, picture.height, ...places];
    const part = document.createElement("canvas");
    [part.width, part.height] = [sw!, sh!];
    part.getContext("2d")?.drawImage(picture, sx!, sy!, sw!, sh!, 0, 0, sw!, sh!);
    const sharp = this.imageSmoothingEnabled ? "" : ' style="image-rendering:pixelated"';
    this.parts.push(
      `<image ${box(x!, y!, width ?? sw!, height ?? sh!)} preserveAspectRatio="none" href="${part.toDataURL("image/png")}"${this.seen()}${sharp}/>`,
    );
  }

  private write(text: string, x: number, y: number, look: string): void {
    const [, weight = "", size = "10px", family = "sans-serif"] = /^(?:(\w+) )?([\d.]+px) (.*)$/.exec(this.font) ?? [];
    const anchor = ANCHOR[this.textAlign];
    const line = BASELINE[this.textBaseline];
    this.parts.push(
      `<text x="${short(x)}" y="${short(y)}" font-family="${escaped(family)}" font-size="${size}"${weight ? ` font-weight="${weight}"` : ""}` +
        `${anchor ? ` text-anchor="${anchor}"` : ""}${line ? ` dominant-baseline="${line}"` : ""}${look}>${escaped(text)}</text>`,
    );
  }
  private seen(): string {
    return this.globalAlpha < 1 ? ` opacity="${short(this.globalAlpha)}"` : "";
  }
  private paint(): string {
    return ` fill="${escaped(String(this.fillStyle))}"${this.seen()}`;
  }
  private ink(): string {
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.map(short).join(" ")}"` : "";
    const cap = this.lineCap === "butt" ? "" : ` stroke-linecap="${this.lineCap}"`;
    return ` stroke="${escaped(String(this.strokeStyle))}" stroke-width="${short(this.lineWidth)}"${dash}${cap}${this.seen()}`;
  }
}

const box = (x: number, y: number, width: number, height: number): string =>
  `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"`;
