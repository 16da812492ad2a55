"""One word for any data: the name of an embedded set, or the path of a table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from downslope.data import lazy
from downslope.data.dataset import Data
from downslope.data.table import table
from downslope.errors import SettingError, nearest


def load(name_or_path: str | PathLike[str], target: str | None = None, **options: Any) -> Data:
    """Data by the name of an embedded set ("digits") or the path of a CSV, TSV or Parquet file.

    target: the column to predict, for a path. options: those of the embedded set (held_out, seed) or of
    :func:`downslope.data.table`. Errors: SettingError ``data-name-unknown``, ``data-option-unknown``; for a path those
    of :func:`downslope.data.table`.

    >>> load("iris", held_out=0.5).n_outputs
    3
    """
    if _is_path(name_or_path):
        _check_options(options, table, f"table({str(name_or_path)!r})")
        return table(name_or_path, target=target, **options)
    name = str(name_or_path)
    embedded = lazy.embedded.EMBEDDED
    if name not in embedded:
        raise SettingError(
            "data-name-unknown",
            f"there is no data set called {name!r}",
            where="the name of the data",
            why="a word without a file ending names one of the embedded sets, and there is no file of that name either",
            do=f"{nearest(name, embedded)} For a table of your own give the path of a .csv, .tsv or .parquet file.",
        )
    if target is not None:
        options["target"] = target
    _check_options(options, embedded[name], f"the embedded set {name!r}")
    return embedded[name](**options)


def _is_path(name_or_path: str | PathLike[str]) -> bool:
    if not isinstance(name_or_path, str):
        return True
    path = Path(name_or_path).expanduser()
    return (
        path.suffix != "" or path.name != name_or_path or (path.exists() and name_or_path not in lazy.embedded.EMBEDDED)
    )


def _check_options(options: dict[str, Any], function: Callable[..., Data], where: str) -> None:
    known = [name for name in inspect.signature(function).parameters if name != "path_or_frame"]
    unknown = [name for name in options if name not in known]
    if not unknown:
        return
    hint = " It has its own target." if unknown == ["target"] else ""
    raise SettingError(
        "data-option-unknown",
        f"{where} has no option {unknown[0]!r}",
        where=f"the argument {unknown[0]}=",
        why=f"an option that is silently ignored would make a different data set than the one asked for.{hint}",
        do=nearest(unknown[0], known),
    )
