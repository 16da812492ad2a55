// Curves over steps as uPlot draws them: what it is told, and when it draws anew. It comes with uPlot, as one library.
import uPlot from "uplot";
import { ALONE, dotted, ends, FAINT, GAPS, LABEL, lifted, SOFT, WIDTH, type CurveAxis, type CurvePicture, type Look, type Numbers } from "./curve_picture";
import { paint } from "./curve_vectors";

// Which numbers the axes name is told, and one distance of them that is always wide enough: so they are as on all other
// pictures, and uPlot itself names none where numbers are huge.
const EVERY = [Number.MAX_VALUE];

/** One picture on one canvas, as long as its lines look the same. */
export class Drawing {
  readonly canvas: HTMLCanvasElement;
  private readonly kind: string;
  private readonly look: Look;
  private readonly plot: uPlot;

  constructor(
    private readonly place: HTMLElement,
    private picture: CurvePicture,
  ) {
    this.kind = kindOf(place, picture);
    this.look = lookAt(place);
    this.plot = new uPlot(optionsOf(() => this.picture, this.look), dataOf(picture), place);
    this.canvas = this.plot.ctx.canvas;
  }

  /** Draws what has changed; false where another drawing is needed, because there are other lines or colours. */
  show(picture: CurvePicture): boolean {
    if (kindOf(this.place, picture) !== this.kind) return false;
    const before = this.picture;
    this.picture = picture;
    const size = sizeOf(picture);
    if (size.width !== this.plot.width || size.height !== this.plot.height) this.plot.setSize(size);
    if (before.lines !== picture.lines || reach(before) !== reach(picture)) this.plot.setData(dataOf(picture));
    return true;
  }

  /** The same in another context. */
  paint(context: CanvasRenderingContext2D): void {
    paint(context, this.picture, this.look);
  }

  close(): void {
    this.plot.destroy();
  }
}

const sizeOf = ({ box }: CurvePicture) => ({
  width: box.width + box.margin.left + box.margin.right,
  height: box.height + box.margin.top + box.margin.bottom,
});
const reach = ({ x, y }: CurvePicture): string => [x.scale.domain(), y.scale.domain(), x.ticks, y.ticks].join(";");

/** Whatever uPlot takes only once. */
function kindOf(place: HTMLElement, { box, isLog, lines, x }: CurvePicture): string {
  const theme = place.closest("[data-theme]")?.getAttribute("data-theme");
  const looks = lines.map(({ band, ink, width, alpha, dash, dots }) => [band?.alpha, ink, width, alpha, dash, dots]);
  return JSON.stringify([theme, devicePixelRatio, box.margin, isLog, x.label, x.gap, x.hidden, looks]);
}

function lookAt(place: HTMLElement): Look {
  const known = new Map<string, string>();
  const of = (ink: string): string => {
    if (!known.has(ink)) {
      const probe = place.appendChild(document.createElement("i")); // a canvas knows neither variables nor mixed colours
      probe.style.color = ink;
      known.set(ink, getComputedStyle(probe).color);
      probe.remove();
    }
    return known.get(ink)!;
  };
  return { of, font: `12px ${getComputedStyle(place).fontFamily}` }; // uPlot knows whole pixels alone
}

/** now: the newest picture, of the same kind as the first. */
export function optionsOf(now: () => CurvePicture, look: Look): uPlot.Options {
  const { box, isLog, lines, x } = now();
  const { margin } = box;
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const { band, ink, width = WIDTH, alpha = 1, dash, dots } of lines) {
    const stroke = look.of(ink);
    if (band) {
      bands.push({ series: [series.length, series.length + 1], fill: stroke });
      for (let edge = 0; edge < 2; edge += 1) series.push({ width: 0, alpha: band.alpha, pxAlign: 0, points: { show: false } });
    }
    const size = 2 * (dots ?? Math.max(ALONE, width));
    const points = { show: false, size, width: 0, fill: stroke, filter: (u: uPlot, k: number) => dotted(u.data[k] as Numbers, dots !== undefined) };
    series.push({ stroke, width, alpha, pxAlign: 0, points, ...(dash ? { dash: dash.map((each) => each * devicePixelRatio) } : {}) });
  }
  const axis = (which: "x" | "y"): uPlot.Axis => {
    const told = (): CurveAxis => now()[which];
    return {
      scale: which,
      stroke: look.of(SOFT),
      font: look.font,
      gap: GAPS[which],
      size: margin.left,
      incrs: EVERY,
      splits: () => [...told().ticks],
      filter: (_, splits) => splits,
      values: (_, splits) => splits.map(told().format),
      ticks: { show: false },
      grid: { stroke: look.of(FAINT), width: 1 },
    };
  };
  const steps: uPlot.Axis = {
    ...axis("x"),
    show: !x.hidden,
    gap: x.gap ?? GAPS.x,
    size: margin.bottom - (x.label ? LABEL : 0),
    grid: { show: false },
    border: { show: true, stroke: look.of(SOFT), width: 1 },
    ...(x.label ? { label: x.label, labelFont: look.font, labelSize: LABEL, labelGap: 2 } : {}),
  };
  return {
    ...sizeOf(now()),
    padding: [margin.top, margin.right, x.hidden ? margin.bottom : 0, 0],
    series,
    bands,
    axes: [steps, { ...axis("y"), side: 3 }],
    scales: {
      x: { time: false, range: () => ends(now().x) },
      y: { distr: isLog ? 3 : 1, range: () => ends(now().y) },
    },
    cursor: { show: false },
    legend: { show: false },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
  };
}

/** All lines over all of their steps: undefined where a line has no such step, null where its number is not finite. */
export function dataOf(picture: CurvePicture): uPlot.AlignedData {
  const up = lifted(picture);
  const tables = picture.lines.map(({ x, y, band }) => {
    const columns = band ? [band.high, band.low, y] : [y];
    return [[...x], ...columns.map((each) => each.map(up))] as uPlot.AlignedData;
  });
  return tables.length ? uPlot.join(tables) : [[]];
}

