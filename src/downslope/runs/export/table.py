"""The recorded numbers as one table, a row for each step: as a Parquet file or as a data frame of pandas."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.runs.export import packages, place
from downslope.runs.layout import SCALARS

if TYPE_CHECKING:
    from downslope.runs.run import Run

Array = Any


def columns(run: Run) -> dict[str, tuple[Array, Array]]:
    """Name -> (values, whether there is one), each (n,): step, the scalars, and the metrics of the held-out part.

    n is the number of steps, and one more for a run that failed: of the step that was not taken there is only the loss.
    A number that is there may be NaN; at a step without one (a metric where nothing was judged) it is NaN as well.
    """
    extra = [run.failure.loss] if run.failure else []
    n = run.steps + len(extra)
    taken = np.arange(1, n + 1) <= run.steps
    found = {"step": (np.arange(1, n + 1, dtype=np.int64), np.ones(n, bool))}
    for name in SCALARS:
        alone = extra if name == "loss" else [np.nan] * len(extra)
        found[name] = (np.append(run.series(name), alone), np.ones(n, bool) if name == "loss" else taken)
    judged = np.asarray(run.metrics["step"], np.int64) - 1
    for name, values in run.metrics.items():
        if name != "step":
            column, known = np.full(n, np.nan), np.zeros(n, bool)
            column[judged], known[judged] = values, True
            found[name] = (column, known)
    return found


def kept(run: Run, most: int) -> Array:
    """Places of at most about ``most`` steps, ascending: of each stretch the first, the lowest and the highest loss.

    All of them if there are no more. The first and the last step are always there.
    """
    n = run.steps
    if n <= most:
        return np.arange(n)
    size = -(-3 * n // most)
    whole = n // size * size
    loss = run.series("loss")[:whole].reshape(-1, size)
    starts = np.arange(0, whole, size)
    places = [starts, starts + loss.argmin(axis=1), starts + loss.argmax(axis=1), [n - 1]]
    return np.unique(np.concatenate(places))


def to_parquet(run: Run, path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write the table as a Parquet file. Errors: SettingError ``export-missing``; RunFileError ``export-exists`` (where
    force=True would write it anew), ``export-write``.
    """
    where = f"run.to_parquet({os.fspath(path)!r})"
    library = packages.pyarrow
    arrays = {name: library.table.array(values, mask=~known) for name, (values, known) in columns(run).items()}
    table = library.table.table(arrays).replace_schema_metadata(
        {"downslope": f"{run.name}, {run.optimizer}, batch size {run.batch_size}, seed {run.seed}"}
    )
    with place.whole(path, force=force, where=where) as handle:
        library.parquet.write_table(table, handle)


def to_pandas(run: Run) -> Any:
    """The table as a data frame of pandas; NaN where there is no number. Errors: SettingError ``export-missing``."""
    return packages.pandas.DataFrame({name: values for name, (values, _) in columns(run).items()})
