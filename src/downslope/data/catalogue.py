"""One word for any data: the name of an embedded or a synthetic set, or the path of a table."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from downslope.data import lazy
from downslope.data.dataset import Data
from downslope.data.settings import check_options
from downslope.data.synthetic import SYNTHETIC
from downslope.data.table import table
from downslope.errors import SettingError, nearest


def load(name_or_path: str | PathLike[str], target: str | None = None, **options: Any) -> Data:
    """Data by the name of an embedded set ("digits"), of a synthetic one ("moons"), or the path of a table.

    target: the column to predict, for the path of a CSV, TSV or Parquet file. options: those of the set (held_out,
    seed; n and noise too for a synthetic one) or of :func:`downslope.data.table`. Errors: SettingError
    ``data-name-unknown``, ``data-option-unknown``; for a path those of :func:`downslope.data.table`.

    >>> load("iris", held_out=0.5).n_outputs
    3
    >>> load("moons", n=100, seed=7).name
    'moons'
    """
    if _is_path(name_or_path):
        check_options(options, table, f"table({str(name_or_path)!r})")
        return table(name_or_path, target=target, **options)
    name = str(name_or_path)
    kind, function = _named(name)
    if target is not None:
        options["target"] = target
    check_options(options, function, f"{kind} {name!r}", hint=" It has its own target." if target is not None else "")
    return function(**options)


def _named(name: str) -> tuple[str, Callable[..., Data]]:
    # The synthetic sets first: looking into the embedded ones loads scikit-learn.
    if name in SYNTHETIC:
        return "the synthetic set", SYNTHETIC[name]
    embedded = lazy.embedded.EMBEDDED
    if name in embedded:
        return "the embedded set", embedded[name]
    raise SettingError(
        "data-name-unknown",
        f"there is no data set called {name!r}",
        where="the name of the data",
        why="a word without a file ending names an embedded or synthetic set, and there is no file of that name either",
        do=f"{nearest(name, [*embedded, *SYNTHETIC])} "
        "For a table of your own give the path of a .csv, .tsv or .parquet file.",
    )


def _is_path(name_or_path: str | PathLike[str]) -> bool:
    if not isinstance(name_or_path, str):
        return True
    path = Path(name_or_path).expanduser()
    if path.suffix != "" or path.name != name_or_path:
        return True
    return path.exists() and name_or_path not in SYNTHETIC and name_or_path not in lazy.embedded.EMBEDDED
