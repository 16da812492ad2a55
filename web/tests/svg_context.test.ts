// What is painted becomes SVG: the same calls, the same places, and nothing of a text is markup.
import { expect, it } from "vitest";
import { painters, SvgContext, vectors } from "../src/draw/svg_context";

const real = { save: () => undefined, restore: () => undefined, measureText: (text: string) => ({ width: 6 * text.length }), font: "" };
const made = () => new SvgContext(real as unknown as CanvasRenderingContext2D);

it("holds a line with its width, dashes and opacity", () => {
  const context = made();
  context.beginPath();
  context.moveTo(1, 2);
  context.bezierCurveTo(3, 4, 5, 6, 7.125, 8);
  context.globalAlpha = 0.5;
  context.lineWidth = 3;
  context.strokeStyle = "#0072b2";
  context.setLineDash([4, 2]);
  context.stroke();
  expect(context.text()).toBe('<path d="M1 2C3 4 5 6 7.13 8" fill="none" stroke="#0072b2" stroke-width="3" stroke-dasharray="4 2" opacity="0.5"/>');
});

it("draws a whole circle as two halves, and a part of one as one arc", () => {
  const whole = made();
  whole.arc(0, 0, 2, 0, 7);
  whole.fill();
  expect(whole.text().match(/A2 2/g)).toHaveLength(2);
  const half = made();
  half.arc(0, 0, 2, 0, Math.PI);
  half.stroke();
  expect(half.text()).toContain('d="M2 0A2 2 0 0 1 -2 0"');
});

it("keeps letters as text, with their signs escaped", () => {
  const context = made();
  context.font = '600 12px "DejaVu Sans", sans-serif';
  context.textAlign = "center";
  context.fillText("a<b & c", 3, 4);
  expect(context.text()).toContain(">a&#60;b &#38; c</text>");
  expect(context.text()).toContain('text-anchor="middle"');
  expect(context.text()).toContain('font-weight="600"');
});

it("closes every group of a clip, also one that was never restored", () => {
  const context = made();
  context.save();
  context.beginPath();
  context.clip();
  context.fillRect(0, 0, 1, 1);
  context.restore();
  context.clip();
  const text = context.text();
  expect(text.match(/<g /g)!.length).toBe(text.match(/<\/g>/g)!.length);
});

it("is no file of too many parts", () => {
  const canvas = { getContext: () => real } as unknown as HTMLCanvasElement;
  expect(vectors(canvas)).toBeNull();
  painters.set(canvas, (context) => context.fillRect(0, 0, 1, 1));
  expect(vectors(canvas)).toContain("<rect");
  painters.set(canvas, (context) => {
    for (let k = 0; k < 4001; k += 1) context.fillRect(k, 0, 1, 1);
  });
  expect(vectors(canvas)).toBeNull();
});
