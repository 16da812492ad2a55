"""What is kept of a run in --out DIR: pictures, parameters, the readable program and the summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.cli import lazy

if TYPE_CHECKING:
    from downslope.runs import Run
    from downslope.views import Payload


def payloads(run: Run) -> dict[str, Payload]:
    """What is drawn, by the name of its file: the loss, and the confusion matrix or the residuals."""
    judged: Payload = lazy.views.confusion(run) if run.data.task == "classification" else lazy.views.residuals(run)
    return {
        "loss": lazy.views.loss_curve(run),
        ("confusion" if run.data.task == "classification" else "residuals"): judged,
    }


def fill(folder: Path, run: Run, drawn: Mapping[str, Payload], summary: str) -> None:
    """Write all files of a run into a directory that exists."""
    for name, payload in drawn.items():
        words = lazy.text.text(payload)
        picture: Any = lazy.plot.draw(payload).get_figure(root=True)
        for ending in ("svg", "png"):
            lazy.plot.save(picture, folder / f"{name}.{ending}", title=payload.title, description=words)
    np.savez(folder / "parameters.npz", allow_pickle=False, **dict(named_arrays(run.params)))
    (folder / "program.py").write_text(f"{str(run.program()).rstrip()}\n", encoding="utf-8")
    (folder / "summary.txt").write_text(f"{summary.rstrip()}\n", encoding="utf-8")


def named_arrays(params: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every array of nested dicts and sequences with its path: ``("dense1.w", array)``."""
    if isinstance(params, Mapping):
        items: Any = params.items()
    elif isinstance(params, list | tuple):
        items = enumerate(params)
    else:
        yield name or "params", np.asarray(params)
        return
    for key, value in items:
        yield from named_arrays(value, f"{name}.{key}" if name else str(key))
