"""TensorBoard: an event file of a run's scalars, its held-out metrics, and histograms of its parameters."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.runs import snapshots
from downslope.runs.export import packages, place
from downslope.runs.export.table import columns, kept

if TYPE_CHECKING:
    from downslope.runs.run import Run

NAME = "events.out.tfevents.downslope"
MOST_STEPS = 50_000
MOST_HISTOGRAMS = 200
BINS = 64
SCALARS = ("loss", "grad_norm", "lr")


def to_tensorboard(run: Run, directory: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write an event file into the directory, which is made if it is missing.

    Scalars: loss, grad_norm, lr, held_out/loss, held_out/accuracy (or rmse and r2). Histograms: params/NAME after each
    of the steps that have a snapshot (of many, 200). TensorBoard holds scalars as float32. Of more than 50,000 steps,
    about so many are written, the lowest and the highest losses among them. The clock times are those of a training
    that ended now, because a run knows how long its steps took and not when.

    Errors: SettingError ``export-missing``; RunFileError ``export-exists`` where there is an event file already (with
    force=True one of ours is written anew), ``export-write``.
    """
    where = f"run.to_tensorboard({os.fspath(directory)!r})"
    board, folder = packages.tensorboard, Path(directory)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = sorted(folder.glob("*tfevents*"))
    except OSError as error:
        raise place.cannot(folder, where, error) from None
    if others and not force:
        raise place.exists(others[0], where)
    with place.whole(folder / NAME, force=force, where=where) as handle:
        writer = board.writer.RecordWriter(handle)
        for event in _events(run, board):
            writer.write(event.SerializeToString())


def _events(run: Run, board: Any) -> Iterator[Any]:
    """All events in the order of their clock times."""
    table = columns(run)
    with_failure = np.append(kept(run, MOST_STEPS), np.arange(run.steps, len(table["loss"][0])))
    judged = np.asarray(run.metrics["step"], np.int64) - 1
    marks = _marks(run)
    past = np.concatenate([[0.0], np.cumsum(np.nan_to_num(table["seconds"][0]))])
    began = time.time() - past[-1]
    yield board.event.Event(wall_time=began, file_version="brain.Event:2")
    names = {name: name for name in SCALARS}
    names |= {name: "held_out/" + name.removeprefix("held_out_") for name in run.metrics if name != "step"}
    for k in sorted({*with_failure.tolist(), *judged.tolist(), *(mark - 1 for mark in marks)}):
        found = (
            [
                board.proto.Summary.Value(tag=tag, simple_value=table[name][0][k])
                for name, tag in names.items()
                if table[name][1][k]
            ]
            if k >= 0
            else []
        )
        found += _histograms(run, k + 1, board) if k + 1 in marks else []
        yield board.event.Event(wall_time=began + past[k + 1], step=k + 1, summary=board.proto.Summary(value=found))


def _marks(run: Run) -> set[int]:
    """Numbers of steps done at which there is a snapshot."""
    found = sorted({mark.step for mark in snapshots.marks(run.file) if mark.step <= run.steps})
    chosen = np.unique(np.linspace(0, len(found) - 1, min(len(found), MOST_HISTOGRAMS)).round().astype(int))
    return {found[k] for k in chosen}


def _histograms(run: Run, done: int, board: Any) -> list[Any]:
    """Of each parameter after ``done`` steps. What is not finite has no place in a histogram: it is counted apart."""
    found = []
    for name, values in run.at(done + 1).params.items():
        numbers = np.ravel(np.asarray(values, np.float64))
        sound = numbers[np.isfinite(numbers)]
        if len(sound) < len(numbers):
            bad = float(len(numbers) - len(sound))
            found.append(board.proto.Summary.Value(tag=f"not_finite/{name}", simple_value=bad))
        if not len(sound):
            continue
        counts, edges = np.histogram(sound, BINS)
        histogram = board.proto.HistogramProto(
            min=sound.min(), max=sound.max(), num=len(sound), sum=sound.sum(), sum_squares=np.square(sound).sum(),
            bucket_limit=edges[1:].tolist(), bucket=counts.astype(float).tolist(),
        )  # fmt: skip
        found.append(board.proto.Summary.Value(tag=f"params/{name}", histo=histogram))
    return found
