// A matrix of numbers on a canvas, one pixel a cell: thousands of cells in a millisecond.
import { mix, rgb, type Colours, type Ramp } from "./theme";

export type Cells = readonly (readonly (number | null)[])[];

const SHADES = 256; // to each side of 0: more than an eye tells apart

/** cells[i][j] / most is the colour of the pixel in row i and column j; what is not finite has a colour of its own. */
export function paintCells(canvas: HTMLCanvasElement, cells: Cells, most: number, ramp: Ramp, colours: Colours): void {
  const [rows, columns] = [cells.length, cells[0]?.length ?? 0];
  canvas.width = Math.max(columns, 1);
  canvas.height = Math.max(rows, 1);
  const context = canvas.getContext("2d");
  const image = context?.createImageData(canvas.width, canvas.height);
  if (!context || !image) return;
  const pixels = new Uint32Array(image.data.buffer);
  const shades = new Uint32Array(2 * SHADES + 1); // each is made when it is first needed
  const broken = pixel(mix(rgb(colours("paper")), rgb(colours("alarm")), 0.75));
  const scale = most > 0 ? SHADES / most : 0;
  cells.forEach((row, i) =>
    row.forEach((value, j) => {
      const k = value === null ? -1 : Math.min(Math.max(Math.round(value * scale), -SHADES), SHADES) + SHADES;
      pixels[i * columns + j] = k < 0 ? broken : (shades[k] ||= pixel(ramp((k - SHADES) / SHADES)));
    }),
  );
  context.putImageData(image, 0, 0);
}

/** As the bytes red, green, blue, opaque stand in memory on every machine that has a browser. */
const pixel = ([r, g, b]: readonly [number, number, number]): number => (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
