// Curves: uPlot and the layer above it put a step at the same pixel; a gap is a gap; a moving cursor draws nothing anew.
import { scaleLinear, scaleLog } from "d3-scale";
import fc from "fast-check";
import { render } from "preact";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { dotted, type CurveLine, type CurvePicture } from "../src/draw/curve_picture";
import { CurveLayer, Curves } from "../src/draw/curves";
import { dataOf, Drawing } from "../src/draw/curves_uplot";
import { painters, SvgContext, vectors } from "../src/draw/svg_context";

/** A context that draws nothing and remembers the words that were written: the DOM of these tests has none. */
const written: string[] = [];
const context = new Proxy({ fillText: (text: string) => written.push(text) } as Record<string | symbol, unknown>, {
  get: (kept, name) => (name in kept ? kept[name] : () => undefined),
  set: (kept, name, value) => ((kept[name] = value), true),
});

beforeAll(() => {
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(function (this: HTMLCanvasElement) {
    context.canvas = this;
    return context as never;
  });
  class Path {
    rect = () => undefined;
    moveTo = () => undefined;
    lineTo = () => undefined;
    arc = () => undefined;
  }
  vi.stubGlobal("Path2D", Path);
});
afterEach(() => {
  document.body.replaceChildren();
  written.length = 0;
});

const box = { width: 500, height: 200, margin: { top: 10, right: 14, bottom: 38, left: 52 } };
const line: CurveLine = { x: [1, 2, 3, 4], y: [4, null, 2, 1], ink: "#0072b2" };

function picture(lines: readonly CurveLine[], more: { x?: [number, number]; y?: [number, number]; isLog?: boolean } = {}): CurvePicture {
  const { x = [1, 4], y = [1, 10], isLog = false } = more;
  const up = (isLog ? scaleLog : scaleLinear)(y, [box.height, 0]);
  const across = scaleLinear(x, [0, box.width]);
  return { box, x: { scale: across, ticks: x, format: String, label: "step" }, y: { scale: up, ticks: y, format: String }, isLog, lines };
}

function place(): HTMLElement {
  return document.body.appendChild(document.createElement("div"));
}

describe("what uPlot is told", () => {
  test("a number that is not finite is a gap, and a step that a line does not have is none", () => {
    const other: CurveLine = { x: [2, 5], y: [7, 8], ink: "#d55e00" };
    expect(dataOf(picture([line, other]))).toEqual([
      [1, 2, 3, 4, 5],
      [4, null, 2, 1, undefined],
      [undefined, 7, undefined, undefined, 8],
    ]);
    expect(dataOf(picture([]))).toEqual([[]]);
  });

  test("a band is its upper and its lower edge, before the line", () => {
    const band = { low: [1, null, 1, 1], high: [5, null, 3, 2], alpha: 0.2 };
    expect(dataOf(picture([{ ...line, band }]))).toEqual([[1, 2, 3, 4], band.high, band.low, line.y]);
  });

  test("0 and less lie at the lower edge of a logarithmic scale", () => {
    const low: CurveLine = { ...line, y: [0, -3, null, 0.5] };
    expect(dataOf(picture([low], { y: [0.01, 10], isLog: true }))[1]).toEqual([0.01, 0.01, null, 0.5]);
    expect(dataOf(picture([low]))[1]).toEqual([0, -3, null, 0.5]);
  });

  test("a number between two gaps has a dot, and one with a neighbour has none", () => {
    expect(dotted([1, null, 2, undefined, null, 3, 4], false)).toEqual([0, 2]);
    expect(dotted([1, null, 2, undefined, null, 3, 4], true)).toEqual([0, 2, 5, 6]);
  });
});

describe("a drawing", () => {
  const inside = (made: Drawing) => (made as unknown as { plot: { valToPos(value: number, scale: string): number } }).plot;

  test("has a number at the pixel where the layer above has it, of any size", async () => {
    const linear = fc.tuple(fc.double({ min: -1e30, max: 1e30, noNaN: true }), fc.double({ min: 1e-6, max: 1e30, noNaN: true })).map(([low, wide]): [number, number] => [low, low + wide]);
    const log = fc.tuple(fc.integer({ min: -300, max: 200 }), fc.integer({ min: 1, max: 90 })).map(([low, wide]): [number, number] => [10 ** low, 10 ** (low + wide)]);
    const kinds = fc.oneof(fc.tuple(linear, fc.constant(false)), fc.tuple(log, fc.constant(true))).filter(([[low, high]]) => low < high && Number.isFinite(high));
    await fc.assert(
      fc.asyncProperty(kinds, fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), async ([y, isLog], last, part) => {
        const told = picture([{ ...line, y: [y[0], y[1], null, y[0]] }], { x: [1, 1 + last], y, isLog });
        const made = new Drawing(place(), told);
        await Promise.resolve();
        const plot = inside(made);
        expect(plot.valToPos(1 + last * part, "x")).toBeCloseTo(told.x.scale(1 + last * part), 3);
        const value = Math.min(Math.max(told.y.scale.invert(box.height * part), y[0]), y[1]);
        expect(plot.valToPos(value, "y")).toBeCloseTo(told.y.scale(value), 3);
        made.close();
      }),
      { numRuns: 60 },
    );
  });

  test("names the numbers of its axes that it was told, also where they are huge", async () => {
    const made = new Drawing(place(), picture([line], { y: [1, 1e35], isLog: true }));
    await Promise.resolve();
    expect(written).toEqual(expect.arrayContaining(["step", "1", "4", "1e+35"]));
    made.close();
  });

  test("takes other numbers, steps and sizes, and no other lines", async () => {
    const made = new Drawing(place(), picture([line]));
    await Promise.resolve();
    expect(made.show(picture([{ ...line, y: [1, 2, 3, 9] }], { x: [2, 3] }))).toBe(true);
    await Promise.resolve();
    expect(inside(made).valToPos(3, "x")).toBeCloseTo(box.width, 3);
    expect(made.show({ ...picture([line]), box: { ...box, width: 300 } })).toBe(true);
    await Promise.resolve();
    expect(inside(made).valToPos(4, "x")).toBeCloseTo(300, 3);
    expect(made.show(picture([line], { isLog: true }))).toBe(false);
    expect(made.show(picture([{ ...line, ink: "#000000" }]))).toBe(false);
    expect(made.show(picture([line, line]))).toBe(false);
    made.close();
  });

  test("leaves nothing behind", async () => {
    const parent = place();
    const made = new Drawing(parent, picture([line]));
    await Promise.resolve();
    expect(parent.querySelectorAll("canvas")).toHaveLength(1);
    made.close();
    expect(parent.childElementCount).toBe(0);
  });

  test("is the same in a file, with all of its numbers and its gaps", () => {
    const band = { low: [1, null, 1, 1], high: [5, null, 3, 2], alpha: 0.2 };
    const told = picture([{ ...line, band, dash: [4, 2] }]);
    const made = new Drawing(place(), told);
    const file = new SvgContext(context as never);
    made.paint(file as never);
    const dashed = file.parts.find((part) => part.includes("dasharray"))!;
    const at = (k: number): string => `${round(box.margin.left + told.x.scale(line.x[k]!))} ${round(box.margin.top + told.y.scale(line.y[k]!))}`;
    expect(dashed).toContain(`d="M${at(0)}M${at(2)}L${at(3)}"`);
    expect(file.parts.filter((part) => part.includes('opacity="0.2"'))).toHaveLength(2); // the band on either side of the gap
    for (const word of [">1<", ">4<", ">10<", ">step<"]) expect(file.text()).toContain(word);
    made.close();
  });
});

const round = (value: number): number => Math.round(value * 100) / 100;

describe("a plot of curves", () => {
  const made: Spy[] = [];
  class Spy {
    shown = 0;
    closed = false;
    canvas: HTMLCanvasElement;
    constructor(place: HTMLElement, public picture: CurvePicture) {
      this.canvas = place.appendChild(document.createElement("canvas"));
      made.push(this);
    }
    show(picture: CurvePicture): boolean {
      if (picture.lines.length !== this.picture.lines.length) return false;
      if (picture.lines !== this.picture.lines) this.shown += 1;
      this.picture = picture;
      return true;
    }
    paint(file: CanvasRenderingContext2D): void {
      file.fillRect(1, 2, 3, 4);
    }
    close(): void {
      this.closed = true;
      this.canvas.remove();
    }
  }
  const drawn = (library: (name: string) => Promise<unknown>, lines: readonly CurveLine[] | null, root: HTMLElement): Promise<void> => {
    const plot = lines && <Curves label="a picture" height={200} lines={lines} x={{ domain: [1, 4] }} y={{ domain: [1, 4], isLog: false }} tell={() => ["4"]} />;
    render(<CurveLayer library={library} isDark={false}>{plot}</CurveLayer>, root);
    return new Promise((done) => setTimeout(done, 60)); // the effect that asks for the library runs after a frame
  };

  test("is drawn once, takes what changes, and is cleared away", async () => {
    const library = () => Promise.resolve(Spy);
    const root = place();
    const lines = [line];
    await drawn(library, lines, root);
    expect(made).toHaveLength(1);
    await drawn(library, lines, root);
    expect(made[0]!.shown).toBe(0);
    await drawn(library, [{ ...line }], root);
    expect([made.length, made[0]!.shown]).toEqual([1, 1]);
    expect(painters.has(made[0]!.canvas)).toBe(true);
    expect(vectors(made[0]!.canvas)).toContain('<rect x="1" y="2"');
    await drawn(library, [line, line], root);
    expect([made.length, made[0]!.closed, made[1]!.closed]).toEqual([2, true, false]);
    await drawn(library, null, root);
    expect([made[1]!.closed, root.querySelector("canvas")]).toEqual([true, null]);
  });

  test("has its place, its words and its steps before the library is there, and says where that cannot be had", async () => {
    const root = place();
    let asked = 0;
    const library = () => ((asked += 1), asked === 1 ? Promise.reject(new Error("no such file")) : Promise.resolve(Spy));
    await drawn(library, [line], root);
    const svg = root.querySelector("svg[aria-label='a picture']")!;
    expect([svg.getAttribute("height"), root.querySelectorAll("[data-role=steps]").length]).toEqual(["200", 1]);
    expect(root.querySelector("[role=alert]")!.textContent).toContain("no such file");
    const before = made.length;
    root.querySelector<HTMLButtonElement>("[role=alert] button")!.click();
    await new Promise((done) => setTimeout(done, 60));
    expect([root.querySelector("[role=alert]"), made.length - before]).toEqual([null, 1]);
  });
});
