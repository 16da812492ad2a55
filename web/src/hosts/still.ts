// The still picture that stands before a widget in a saved notebook. Where the widget lives it is hidden, because it
// shows the same; where there is no kernel (GitHub, an exported page) it is what readers see.

// JupyterLab and Notebook 7, VS Code (whose every output is a container of its own), nbclassic; else the whole page
const CELLS = ".jp-Cell, .cell_container, .code_cell, .cell, body";
const OUTPUTS = ".jp-OutputArea-child, .output_container > .output, .output_area, .cell-output";

/** Hides the nearest picture before `el` that has exactly this size in pixels, and is in the same cell. Returns its end. */
export function hideStill(el: HTMLElement, size: [number, number] | null): () => void {
  let turn = 0;
  const look = (): void => {
    // Some hosts draw a widget first and put it into its cell afterwards.
    if (el.isConnected) hide(el, size!);
    else turn = requestAnimationFrame(look);
  };
  if (size?.[0]) look();
  return () => cancelAnimationFrame(turn);
}

function hide(el: HTMLElement, [width, height]: [number, number]): void {
  const cell = el.closest(CELLS) ?? document.body;
  const before = [...cell.querySelectorAll("img")].filter(
    (each) => !el.contains(each) && (each.compareDocumentPosition(el) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0,
  );
  const last = before.at(-1);
  if (!last) return;
  const act = (): void => {
    if (last.naturalWidth !== width || last.naturalHeight !== height) return;
    const output = last.closest<HTMLElement>(OUTPUTS);
    (output && !output.contains(el) ? output : last).style.display = "none";
  };
  if (last.complete) act();
  else last.addEventListener("load", act, { once: true });
}
