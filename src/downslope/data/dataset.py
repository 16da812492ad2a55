"""Data: what a run trains on and what it is judged by, with row ids that lead back to the user's file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.data.counter import shuffled
from downslope.errors import DataError, SettingError
from downslope.streams import Stream

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
Task: TypeAlias = Literal["classification", "regression"]


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """One part of the data, n rows.

    x: (n, d) float64. y: class indices (n,) int64, or for regression (n, 1) float64, standardised where
    ``Data.target_scale`` says so. rows: (n,) int64, the row in the source that each one came from, counted from 0.
    The arrays are copied only where they must be, and read-only: ``Data.hash`` vouches for them.
    """

    x: FloatArray
    y: FloatArray | IntArray
    rows: IntArray

    def __post_init__(self) -> None:
        """Refuse parts whose lengths differ; freeze the arrays."""
        whole = np.asarray(self.y).dtype.kind in "iu"
        x = _frozen(self.x, np.float64)
        y = _frozen(self.y, np.int64 if whole else np.float64)
        rows = _frozen(self.rows, np.int64)
        if x.ndim != 2 or not len(x) == len(y) == len(rows):
            raise DataError(
                "data-shapes",
                f"x has shape {x.shape}, y {y.shape}, rows {rows.shape}",
                where="Split(x, y, rows)",
                why="each row needs one vector of features, one target and one id",
                do="Give x of shape (n, d), y of shape (n,) or (n, 1), rows of shape (n,), with the same n.",
            )
        for name, value in (("x", x), ("y", y), ("rows", rows)):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.rows)

    def __repr__(self) -> str:
        """Sizes, not numbers."""
        return f"Split({len(self)} rows, x {self.x.shape}, y {self.y.shape} {self.y.dtype})"


@dataclass(frozen=True, eq=False)
class Touched:
    """The truth about one corruption, to judge by it later what an instrument finds.

    corruption: its name in CORRUPTIONS. rows: (m,) int64, the ids of the rows that it changed, added or took out,
    sorted, each once. features: the columns of x that it changed, ``()`` if it changed none.
    """

    corruption: str
    rows: IntArray
    features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Sort the ids, and freeze them."""
        object.__setattr__(self, "rows", _frozen(np.unique(self.rows), np.int64))


@dataclass(frozen=True, eq=False, repr=False)
class Data:
    """A named set, split into a part to train on and a part held out.

    features: one name for each of the d columns of x. classes: their names in the order of the indices in y, ``()`` for
    regression. target_scale: (mean, standard deviation) of the raw target over the training part, (0.0, 1.0) if y is
    raw. feature_scales: the same for each column of x, in the order of ``features``; ``()`` if x is raw.
    image_shape: (height, width) if a row is an image. notes: what was done to the data, in plain sentences. touched:
    one entry for each corruption, in their order. origin: for a table from a file, what ``load(**data.origin)`` needs
    to make it again, with the whole path; the file may have changed since, which ``hash`` tells. Otherwise empty.

    >>> from downslope.data import digits
    >>> data = digits()
    >>> data.train.x.shape, data.n_outputs
    ((1438, 64), 10)
    """

    name: str
    task: Task
    train: Split
    held_out: Split
    features: tuple[str, ...]
    target: str
    classes: tuple[str, ...] = ()
    target_scale: tuple[float, float] = (0.0, 1.0)
    image_shape: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    feature_scales: tuple[tuple[float, float], ...] = ()
    touched: tuple[Touched, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_outputs(self) -> int:
        """How many numbers a network must give for a row: one for each class, or 1."""
        return len(self.classes) if self.task == "classification" else 1

    def raw_target(self, y: NDArray[Any]) -> NDArray[Any]:
        """``y``, or predictions of it, in the user's units: class names, or the mean and scale put back; same shape."""
        if self.task == "classification":
            return np.asarray(np.array(self.classes)[y])
        mean, scale = self.target_scale
        return np.asarray(np.asarray(y) * scale + mean)

    def raw_features(self, x: FloatArray) -> FloatArray:
        """``x``, shape (..., d), in the user's units: the mean and scale of every column put back."""
        if not self.feature_scales:
            return x
        mean, scale = np.array(self.feature_scales).T
        return np.asarray(x * scale + mean)

    @cached_property
    def hash(self) -> str:
        """sha256 (hex) over the arrays and the names of columns and classes: not ``name`` or what is told about it."""
        names = [self.task, self.features, self.target, self.classes, self.target_scale, self.image_shape]
        digest = hashlib.sha256(json.dumps([*names, self.feature_scales]).encode())
        for part in (self.train, self.held_out):
            for array in (part.x, part.y, part.rows):
                digest.update(f"{array.dtype.name} {array.shape}".encode())
                digest.update(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
        return digest.hexdigest()

    def describe(self) -> str:
        """A few lines: rows, features, target or classes with their counts, notes."""
        sizes = f"{len(self.train)} to train on, {len(self.held_out)} held out"
        lines = [f"{self.name}: {self.task}, {len(self.train) + len(self.held_out)} rows ({sizes})"]
        shape = f" (images, {self.image_shape[0]} x {self.image_shape[1]})" if self.image_shape else ""
        lines.append(f"  features: {len(self.features)}{shape}: {_listed(self.features)}")
        if self.task == "classification":
            counts = [np.bincount(part.y.astype(np.int64), minlength=len(self.classes)) for part in self._parts]
            each = [f"{name} ({a} + {b})" for name, a, b in zip(self.classes, *counts, strict=True)]
            lines.append(
                f"  target: {self.target}, {len(self.classes)} classes (train + held out): {_listed(each, 12)}"
            )
        else:
            mean, scale = self.target_scale
            scaled = "" if self.target_scale == (0.0, 1.0) else f", standardised: mean {mean:.6g}, scale {scale:.6g}"
            lines.append(f"  target: {self.target}{scaled}")
        return "\n".join(lines + [f"  note: {note}" for note in self.notes])

    @property
    def _parts(self) -> tuple[Split, Split]:
        return self.train, self.held_out

    def __repr__(self) -> str:
        """The text of :meth:`describe`."""
        return self.describe()


def split_rows(
    n: int, y: NDArray[Any] | None = None, *, held_out: float = 0.2, seed: int = 0
) -> tuple[IntArray, IntArray]:
    """Positions of the rows to train on and of those held out, each sorted; together ``range(n)``.

    y: (n,) class indices to keep the classes' proportions, or None for a plain shuffle. Each class is split by itself,
    so its held-out count is within half a row of its share, except that a class of two or more rows has at least one
    row in each part, and a class of one row is trained on. ``held_out=0`` holds nothing out. The same seed gives the
    same split on every machine. Errors: SettingError ``data-held-out``, ``data-seed``.

    >>> train, held = split_rows(10, held_out=0.3, seed=0)
    >>> len(train), len(held)
    (7, 3)
    """
    if not 0 <= held_out < 1:
        raise SettingError(
            "data-held-out",
            f"held_out is {held_out!r}",
            where="the argument held_out=",
            why="it is the fraction of the rows kept from training, to judge the result by",
            do="Give a number from 0 (train on everything) to below 1, for example held_out=0.2.",
        )
    shuffle = shuffled(n, seed, stream=Stream.SPLIT)
    groups = [shuffle] if y is None else [shuffle[y[shuffle] == k] for k in np.unique(y)]
    held = [group[: _held_count(len(group), held_out)] for group in groups]
    held_rows = np.sort(np.concatenate(held)) if held else shuffle[:0]
    train_rows = np.setdiff1d(np.arange(n, dtype=np.int64), held_rows, assume_unique=True)
    return train_rows, held_rows


def _held_count(rows: int, held_out: float) -> int:
    if rows < 2 or held_out == 0:
        return 0
    return min(max(round(rows * held_out), 1), rows - 1)


def _frozen(values: NDArray[Any], dtype: type[np.float64] | type[np.int64]) -> NDArray[Any]:
    # A view, so that the array of whoever passed it stays as writeable as it was.
    array = np.ascontiguousarray(values, dtype=dtype).view()
    array.flags.writeable = False
    return array


def _listed(names: tuple[str, ...] | list[str], most: int = 6) -> str:
    if len(names) <= most:
        return ", ".join(names)
    return ", ".join(names[: most - 1]) + f", ... {names[-1]}"
