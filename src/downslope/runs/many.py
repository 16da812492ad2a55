"""Many runs at once: seeds, learning rates, optimizers, start values, over the cores of this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from downslope.data import Data, arrays
from downslope.errors import RunFileError, SettingError, nearest
from downslope.optim import Plateau
from downslope.runs import condition
from downslope.runs.many_cases import Cases
from downslope.runs.many_settings import combinations
from downslope.runs.many_table import Sweep, no_column
from downslope.runs.many_threads import Many
from downslope.runs.segment import IN_PLACE, MACHINE
from downslope.runs.source import NAMES, readable
from downslope.runs.step import Step

__all__ = ["no_column", "train_many"]
EVALUATE = ("end", "epoch")


def train_many(
    model: Any,
    data: Data | tuple[Any, Any],
    *,
    optimizer: Any,
    lr: Any = None,
    seed: Any = range(8),
    batch_size: Any = 32,
    initialiser: Any = None,
    params: Any = None,
    zip: bool = False,
    settings: Sequence[Mapping[str, Any]] | None = None,
    loss: Callable[..., Any] | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    plateau: Plateau | None = None,
    dtype: Any = np.float32,
    dialect: str = MACHINE,
    threads: int | None = 1,
    evaluate: str = "end",
    stop_when: str | Callable[[Step], Any] | None = None,
    workers: int | None = None,
    record: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sweep:
    """Train a run for every combination of the settings that are lists, and return the table of them.

    Lists may be given for: model, optimizer, lr (numbers, schedules or their texts, put in place of the optimizer's
    own), seed, batch_size, initialiser (names or functions, for every layer that draws its weights), params (always a
    list of starts). zip: take the lists side by side instead. settings: dicts of these words, for combinations of your
    own; they are combined with the lists. All other arguments are those of :func:`downslope.train`, and hold for all
    runs; seed is ``range(8)`` by itself, because one seed says little.

    dialect: "machine" shares one compiled step among all runs whose shapes and optimizer are the same, and gives up
    Python's lock, so that threads help; "in place" hardly profits from a second worker. threads: of BLAS, for each run.
    workers: how many runs at a time; one for each core if None. evaluate: on the held-out part at the "end" of each run
    or after every "epoch". record: a folder, made if need be, in which each run gets a file ``000.run, 001.run ...``;
    otherwise runs are in memory, and what is not recorded is walked again when it is asked for. progress: called with
    how many runs are done, and of how many.

    ``table[3]`` is the fourth run; ``ds.train(**table.settings(3))`` trains it again alone, bit for bit the same. A run
    whose numbers cease to be finite is a row like others. Ctrl-C keeps the runs that are done. Errors: SettingError
    ``sweep-empty``, ``sweep-lengths``, ``sweep-setting``, ``sweep-initialiser``, ``sweep-workers``,
    ``sweep-evaluate``; RunFileError ``sweep-folder``; and those of ``train``, before anything is trained.

    >>> import downslope as ds
    >>> net, adam = ds.nn.mlp([2, 8, 2]), ds.optim.adam()
    >>> table = ds.train_many(net, ds.data.load("moons"), optimizer=adam, lr=[0.001, 0.1], seed=range(3), epochs=2)
    >>> len(table), table.best("accuracy").optimizer.lr
    (6, 0.1)
    """
    began = time.perf_counter()
    shared = {
        "data": data if isinstance(data, Data) else arrays(*data), "loss": loss, "epochs": epochs, "steps": steps,
        "dtype": dtype, "dialect": dialect, "threads": threads,
    }  # fmt: skip
    if plateau is not None:
        shared["plateau"] = plateau
    if stop_when is not None:
        shared["stop_when"] = stop_when
        if isinstance(stop_when, str):
            condition.parse(stop_when, NAMES, readable())  # what cannot be read is said now
    _check(evaluate, dialect)
    axes = {
        "model": model, "optimizer": optimizer, "lr": lr, "batch_size": batch_size, "initialiser": initialiser,
        "params": params, "seed": seed,
    }  # fmt: skip
    cases = Cases(shared).made(*combinations(axes, side_by_side=zip, explicit=settings))
    folder = None if record is None else _folder(Path(record), len(cases))
    many = Many(cases, folder, whole=bool(folder or plateau or stop_when), every_epoch=evaluate == "epoch")
    many.prepare()
    many.train(_workers(workers, len(cases)), progress)
    done = [case for case in cases if case.number in many.outcomes]
    return Sweep(done, many.outcomes, len(cases), time.perf_counter() - began)


def _check(evaluate: str, dialect: str) -> None:
    """Words that are not known."""
    if evaluate not in EVALUATE:
        raise SettingError(
            "sweep-evaluate",
            f"there is no time {evaluate!r} to evaluate at",
            where="train_many(evaluate=...)",
            why="judging takes a while, so you say how often",
            do=nearest(str(evaluate), EVALUATE),
        )
    if dialect not in (IN_PLACE, MACHINE):
        raise SettingError(
            "train-dialect",
            f"there is no dialect {dialect!r} to train many runs in",
            where="train_many(dialect=...)",
            why="all runs take all their steps in one of the two",
            do=nearest(str(dialect), (IN_PLACE, MACHINE)),
        )


def _workers(workers: int | None, runs: int) -> int:
    if workers is not None and (not isinstance(workers, int | np.integer) or workers < 1):
        raise SettingError(
            "sweep-workers",
            f"workers={workers!r}",
            where="train_many(workers=...)",
            why="it is how many runs are trained at a time",
            do="use a whole number from 1 on, or None for one for each core",
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(workers or cores, runs))


def _folder(folder: Path, runs: int) -> Path:
    """A folder in which none of the names is taken. RunFileError ``sweep-folder``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = [name for name in (f"{k:03d}.run" for k in range(runs)) if (folder / name).exists()]
        what = f"it holds {taken[0]} already" if taken else ""
    except OSError as error:
        what = f"it cannot be made: {error.strerror or error}"
    if not what:
        return folder
    raise RunFileError(
        "sweep-folder",
        f"{what}",
        where=f"train_many(record={str(folder)!r})",
        why="each run is written to a file of its own there, and a recorded run is never overwritten",
        do="give another folder, or none: the runs are then kept in memory",
    )
