// A relief fills its canvas at every angle, and its words stand where its places are drawn.
import fc from "fast-check";
import { expect, it } from "vitest";
import { lens, TALL } from "../src/draw/relief_camera";

const MARGINS = { top: 12, right: 18, bottom: 18, left: 38 };
const angles = fc.tuple(
  fc.double({ min: -7, max: 7, noNaN: true }),
  fc.double({ min: 0.05, max: 1.5, noNaN: true }),
  fc.integer({ min: 240, max: 1400 }),
  fc.integer({ min: 200, max: 900 }),
  fc.double({ min: 0.2, max: 1, noNaN: true }),
);
const CORNERS = [-1, 1].flatMap((x) => [-1, 1].flatMap((y) => [0, 1].map((z) => [x, y, z] as const)));

it("fills the canvas in one direction, and leaves it in none", () => {
  fc.assert(
    fc.property(angles, ([turn, tilt, width, height, top]) => {
      const seen = lens(turn, tilt, width, height, MARGINS, top);
      const places = CORNERS.map(([x, y, z]) => seen.at(x, y, z * top));
      const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
      const spare = [Math.min(...xs) - MARGINS.left, width - MARGINS.right - Math.max(...xs), Math.min(...ys) - MARGINS.top, height - MARGINS.bottom - Math.max(...ys)];
      for (const each of spare) expect(each).toBeGreaterThan(-1e-6);
      expect(Math.min(spare[0]! + spare[1]!, spare[2]! + spare[3]!)).toBeLessThan(1e-6);
    }),
  );
});

it("has one matrix for what WebGL draws and for the words beside it", () => {
  fc.assert(
    fc.property(angles, fc.constantFrom(...CORNERS), ([turn, tilt, width, height, top], [x, y, z]) => {
      const { matrix, at } = lens(turn, tilt, width, height, MARGINS, top);
      const place = [x, y, z * TALL, 1];
      const [cx, cy, , w] = [0, 1, 2, 3].map((row) => place.reduce((sum, each, k) => sum + matrix[4 * k + row]! * each, 0)) as [number, number, number, number];
      const [px, py] = at(x, y, z);
      expect(((cx / w + 1) / 2) * width).toBeCloseTo(px, 1);
      expect(((1 - cy / w) / 2) * height).toBeCloseTo(py, 1);
      expect(w).toBeGreaterThan(0.5);
    }),
  );
});
