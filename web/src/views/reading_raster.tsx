// Numbers as coloured pixels inside of an SVG, so that they are saved with it: thousands of cells are one picture.
import { useEffect, useRef, useState } from "preact/hooks";
import { coloursOf, type Colours, type Rgb } from "../draw/theme";
import type { Context } from "./view";

interface RasterProps {
  width: number;
  height: number;
  columns: number;
  rows: number;
  /** Gives, for the colours in force, the colour of a cell: row i from the top, column j; null leaves the paper. */
  paint: (colours: Colours) => (i: number, j: number) => Rgb | null;
  /** Changes when the picture must be painted anew. */
  of: readonly unknown[];
  ctx: Context;
}

export function Raster({ width, height, columns, rows, paint, of, ctx }: RasterProps) {
  const mark = useRef<SVGGElement>(null);
  const [link, set] = useState("");
  const isDark = ctx.state.isDark.value;
  useEffect(() => {
    if (mark.current) set(painted(columns, rows, paint(coloursOf(mark.current))));
  }, [...of, columns, rows, isDark]);
  return (
    <g ref={mark}>
      {link && <image href={link} width={width} height={height} preserveAspectRatio="none" style={{ imageRendering: "pixelated" }} />}
    </g>
  );
}

function painted(columns: number, rows: number, colour: (i: number, j: number) => Rgb | null): string {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(columns, 1);
  canvas.height = Math.max(rows, 1);
  const context = canvas.getContext("2d");
  if (!context || !columns || !rows) return "";
  const image = context.createImageData(columns, rows);
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j < columns; j += 1) {
      const found = colour(i, j);
      if (found) image.data.set([found[0], found[1], found[2], 255], (i * columns + j) * 4);
    }
  }
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}
