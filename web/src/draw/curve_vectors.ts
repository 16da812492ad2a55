// Curves over steps once more, in a context that makes an SVG file of them: with all of their numbers, where a screen has
// pixels. In CSS pixels of the whole picture.
import { ALONE, dotted, FAINT, GAPS, LABEL, lifted, SOFT, WIDTH, type CurveLine, type CurvePicture, type Look, type Numbers } from "./curve_picture";

type Place = [number, number];

export function paint(context: CanvasRenderingContext2D, picture: CurvePicture, look: Look): void {
  const { box, x, y, lines } = picture;
  const { left, top } = box.margin;
  const up = lifted(picture);
  context.save();
  paintAxes(context, picture, look);
  context.beginPath();
  context.roundRect(left - 1, top - 4, box.width + 2, box.height + 8, 0);
  context.clip();
  for (const line of lines) {
    const place = (k: number, values: Numbers): Place => [left + x.scale(line.x[k]!), top + y.scale(up(values[k] ?? null)!)];
    paintLine(context, line, look.of(line.ink), place);
  }
  context.restore();
}

function paintAxes(context: CanvasRenderingContext2D, { box, x, y }: CurvePicture, look: Look): void {
  const { left, top } = box.margin;
  const [right, bottom] = [left + box.width, top + box.height];
  const stroke = (from: Place, to: Place, ink: string): void => {
    context.strokeStyle = look.of(ink);
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
  };
  const write = (text: string, at: Place, align: CanvasTextAlign, baseline: CanvasTextBaseline): void => {
    [context.textAlign, context.textBaseline] = [align, baseline];
    context.fillText(text, ...at);
  };
  [context.font, context.fillStyle, context.lineWidth] = [look.font, look.of(SOFT), 1];
  for (const value of y.ticks) {
    const at = top + y.scale(value);
    stroke([left, at], [right, at], FAINT);
    write(y.format(value), [left - GAPS.y, at], "right", "middle");
  }
  if (x.hidden) return;
  stroke([left, bottom], [right, bottom], SOFT);
  for (const value of x.ticks) write(x.format(value), [left + x.scale(value), bottom + (x.gap ?? GAPS.x)], "center", "top");
  if (x.label) write(x.label, [(left + right) / 2, bottom + box.margin.bottom - LABEL + 2], "center", "top");
}

function paintLine(context: CanvasRenderingContext2D, line: CurveLine, ink: string, place: (k: number, values: Numbers) => Place): void {
  const { y, band, width = WIDTH, alpha = 1, dash = [], dots } = line;
  [context.strokeStyle, context.fillStyle, context.lineWidth] = [ink, ink, width];
  context.globalAlpha = band?.alpha ?? 1;
  for (const part of band ? stretches(band.high) : []) {
    context.beginPath();
    for (const k of part) context.lineTo(...place(k, band!.high));
    for (const k of part.reverse()) context.lineTo(...place(k, band!.low));
    context.closePath();
    context.fill();
  }
  context.globalAlpha = alpha;
  context.setLineDash([...dash]);
  context.beginPath();
  for (const part of stretches(y)) part.forEach((k, j) => (j ? context.lineTo(...place(k, y)) : context.moveTo(...place(k, y))));
  if (width) context.stroke();
  context.setLineDash([]);
  for (const k of dotted(y, dots !== undefined)) {
    context.beginPath();
    context.arc(...place(k, y), dots ?? Math.max(ALONE, width), 0, 2 * Math.PI);
    context.fill();
  }
}

/** Places of the numbers between two gaps. */
function stretches(values: Numbers): number[][] {
  const found: number[][] = [];
  values.forEach((value, k) => {
    if (value === null) return;
    if (k && values[k - 1] !== null) found.at(-1)!.push(k);
    else found.push([k]);
  });
  return found;
}
