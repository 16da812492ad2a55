"""Runs the main notebook on a fresh kernel and keeps what its cells show; strips the chapters. ``make notebooks``."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
MAIN = ROOT / "Backpropagation_and_GradientDescent.ipynb"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
WIDGET = "application/vnd.jupyter.widget-view+json"
SECONDS = 600  # for one cell, on a busy machine
read: Any = partial(nbformat.read, as_version=4)
write: Any = nbformat.write  # without types in its package


def plain(notebook: Any) -> Any:
    """Without what differs from one machine or editor to the next: ids in order, no times, no versions."""
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for k, cell in enumerate(notebook.cells):
        cell.id = f"cell-{k:03d}"
        cell.metadata = {name: cell.metadata[name] for name in ("tags", "jupyter") if name in cell.metadata}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def run(notebook: Any) -> Any:
    """Every cell, in order, with a line for each that took more than a second."""
    began = [0.0]

    def start(cell: Any, cell_index: int) -> None:
        began[0] = time.perf_counter()

    def end(cell: Any, cell_index: int, execute_reply: Any) -> None:
        took = time.perf_counter() - began[0]
        if took > 1:
            print(f"  cell {cell_index}: {took:.1f} s  {cell.source.splitlines()[0][:70]}", file=sys.stderr)

    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name=KERNEL["name"],
        record_timing=False,
        resources={"metadata": {"path": str(ROOT)}},
        on_cell_start=start,
        on_cell_executed=end,
    )
    client.execute(env=os.environ | {"DOWNSLOPE_PROGRESS": "0"})
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        # A widget lives only beside its kernel: what stays of it is the picture that it puts before itself.
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if WIDGET not in output.get("data", {})]
    return notebook


def main() -> None:
    """The main notebook with outputs, the chapters without."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        write(plain(read(path)), path)
    began = time.perf_counter()
    write(run(plain(read(MAIN))), MAIN)
    print(f"{MAIN.name}: {time.perf_counter() - began:.0f} s, {MAIN.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
