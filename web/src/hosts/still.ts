// The still picture that stands before a widget in a saved notebook. Where the widget lives it is hidden, because it
// shows the same; where there is no kernel (GitHub, an exported page) it is what readers see.

const CELLS = ".jp-OutputArea-child, .output, .output_area, .cell-output, .output_container > div";

/** Hides the nearest picture before `el` that has exactly this size in pixels, and is in the same cell. */
export function hideStill(el: HTMLElement, size: [number, number] | null): void {
  if (!size) return;
  const cell = el.closest(".jp-CodeCell, .jp-Cell, .code_cell, .cell, .output_container, body") ?? document.body;
  const before = [...cell.querySelectorAll("img")].filter(
    (each) => !el.contains(each) && (each.compareDocumentPosition(el) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0,
  );
  const last = before.at(-1);
  if (!last) return;
  const hide = (): void => {
    if (last.naturalWidth !== size[0] || last.naturalHeight !== size[1]) return;
    const output = last.closest<HTMLElement>(CELLS);
    (output && !output.contains(el) ? output : last).style.display = "none";
  };
  if (last.complete) hide();
  else last.addEventListener("load", hide, { once: true });
}
