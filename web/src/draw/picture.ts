// A view as a file: what is on the screen, in SVG or PNG, with the colours that it is seen in and nothing from outside.

import { painters, vectors } from "./svg_context";

const KEPT = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-opacity",
  "stroke-linecap",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "font-style",
  "text-anchor",
  "visibility",
  "display",
  "mix-blend-mode",
  "paint-order",
  "dominant-baseline",
  "image-rendering",
] as const;
const PAD = 12;
const GAP = 16;

/** All SVGs and canvases inside `body` where they stand, under the title. */
export function asSvg(body: Element, title: string): string {
  const outer = body.getBoundingClientRect();
  const style = getComputedStyle(body);
  const paper = style.getPropertyValue("--paper").trim() || "#ffffff";
  const found: { part: SVGSVGElement | HTMLCanvasElement; place: Place }[] = [];
  for (const part of body.querySelectorAll<SVGSVGElement | HTMLCanvasElement>("svg, canvas")) {
    if (part.closest(".ds-legend, .ds-controls, [data-aside]") || part.parentElement?.closest("svg")) continue;
    const box = part.getBoundingClientRect();
    if (!box.width || !box.height || isScrolledAway(part, box)) continue;
    const place = { x: box.left - outer.left + PAD, y: box.top - outer.top + PAD + 28, width: box.width, height: box.height };
    found.push({ part, place });
  }
  const bottom = closed(found.map(({ place }) => place));
  const parts = found.map(({ part, place }) => (part instanceof HTMLCanvasElement ? image(part, place) : drawn(part, place)));
  const width = Math.ceil(outer.width + 2 * PAD);
  const height = Math.ceil(bottom + PAD);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="${paper}"/>`,
    `<text x="${PAD}" y="24" font-family="${escaped(style.fontFamily)}" font-size="15" font-weight="600" fill="${style.color}">${escaped(title)}</text>`,
    ...parts,
    "</svg>",
  ].join("\n");
}

/** Closes the gaps that controls and words leave between pictures one below the other; says where the last one ends. */
export function closed(places: Place[]): number {
  let removed = 0;
  let bottom = PAD + 28;
  [...places]
    .sort((a, b) => a.y - b.y)
    .forEach((place, k) => {
      const gap = place.y - removed - bottom;
      if (gap > GAP || k === 0) removed += gap - (k === 0 ? 0 : GAP);
      place.y -= removed;
      bottom = Math.max(bottom, place.y + place.height);
    });
  return bottom;
}

/** Whether it lies outside of a list that is scrolled: a file shows what is on the screen. */
function isScrolledAway(part: Element, box: DOMRect): boolean {
  const list = part.closest("[data-scrolls]")?.getBoundingClientRect();
  return list !== undefined && (box.top + box.height / 2 < list.top || box.bottom - box.height / 2 > list.bottom);
}

/** The same as a PNG with two dots a pixel. */
export async function asPng(body: Element, title: string): Promise<Blob> {
  const source = asSvg(body, title);
  const [, width = "600", height = "400"] = /width="(\d+)" height="(\d+)"/.exec(source) ?? [];
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * Number(width);
  canvas.height = 2 * Number(height);
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return await new Promise((done, failed) =>
    canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("this browser makes no PNG"))), "image/png"),
  );
}

/** Hands a file to the reader. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

function drawn(part: SVGSVGElement, { x, y, width, height }: Place): string {
  const copy = part.cloneNode(true) as SVGSVGElement;
  const from = [part, ...part.querySelectorAll("*")];
  const into = [copy, ...copy.querySelectorAll("*")];
  from.forEach((element, k) => {
    const style = getComputedStyle(element);
    const target = into[k]!;
    for (const name of KEPT) {
      const value = style.getPropertyValue(name);
      if (value) target.setAttribute(name, value);
    }
    for (const name of ["style", "class", "tabindex", "role"]) target.removeAttribute(name);
  });
  for (const [name, value] of Object.entries({ x, y, width, height })) copy.setAttribute(name, String(value));
  return new XMLSerializer().serializeToString(copy);
}

/** As vectors where it can be painted again, else as the picture that it is; which of the two, a file says. */
function image(part: HTMLCanvasElement, { x, y, width, height }: Place): string {
  const painted = vectors(part);
  if (painted !== null) return `<g transform="translate(${x} ${y})">\n${painted}\n</g>`;
  const why = painters.has(part) ? "<!-- too many lines for a file of vectors: a picture of them -->\n" : "";
  const link = part.toDataURL("image/png");
  return `${why}<image x="${x}" y="${y}" width="${width}" height="${height}" href="${link}" style="image-rendering:pixelated"/>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
