"""Data taken apart into plain facts and small arrays, for a run's file, and put together again bit for bit."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.data.dataset import Data, Split, Touched
from downslope.errors import DataError

SCALES = (1, 10, 16, 100, 255, 1_000, 10_000, 1_000_000)
"""Numbers are often a whole number divided by one of these: tenths, decimals, the grey levels of an image."""
WHOLE = (np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32)
PARTS = ("train", "held_out")


def pack(data: Data) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """(facts, arrays): facts as JSON gives them back, arrays by name, "train.x" (n, d) ..., in the smallest exact type.

    An array that is whole numbers, divided by one of ``SCALES``, is kept as these (digits: one byte for a pixel); other
    numbers as float32 where they fit exactly. NaN and -0.0 are kept as they are. The types are those of this machine's
    byte order. Errors: DataError ``data-stored`` for a name, note or scale that JSON cannot hold.
    """
    wide = {f"{part}.{key}": getattr(getattr(data, part), key) for part in PARTS for key in ("x", "y", "rows")}
    wide |= {f"touched.{i}": touched.rows for i, touched in enumerate(data.touched)}
    kept = {name: _narrow(array) for name, array in wide.items()}
    fields = {field.name: getattr(data, field.name) for field in dataclasses.fields(data) if field.name not in PARTS}
    fields["touched"] = [[touched.corruption, touched.features] for touched in data.touched]
    facts = {name: _plain(value, name) for name, value in fields.items()}
    facts["arrays"] = {name: [wide[name].dtype.name, scale] for name, (_, scale) in kept.items()}
    facts["hash"] = data.hash
    return facts, {name: array for name, (array, _) in kept.items()}


def unpack(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Data:
    """The Data of :func:`pack`, with the same ``hash``. Errors: DataError ``data-stored`` where something was changed.

    >>> from downslope.data import moons
    >>> data = moons()
    >>> unpack(*pack(data)).hash == data.hash
    True
    """
    try:
        wide = {name: _widened(arrays[name], dtype, scale) for name, (dtype, scale) in facts["arrays"].items()}
        fields = {field.name: _tuples(facts[field.name]) for field in dataclasses.fields(Data) if field.name in facts}
        fields["touched"] = tuple(
            Touched(corruption, wide[f"touched.{i}"], features)
            for i, (corruption, features) in enumerate(fields["touched"])
        )
        fields |= {part: Split(wide[f"{part}.x"], wide[f"{part}.y"], wide[f"{part}.rows"]) for part in PARTS}
        data, expected = Data(**fields), facts["hash"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"what was stored is no data set: {type(error).__name__}: {error}"
        raise _not_stored(what.splitlines()[0], "unpack(facts, arrays)") from None
    if data.hash != expected:
        raise _not_stored(f"{data.name} has another hash than the data that was stored", "unpack(facts, arrays)")
    return data


def _plain(value: Any, name: str) -> Any:
    """``value`` as JSON gives it back: tuples become lists, and :func:`_tuples` makes them tuples again."""
    try:
        plain = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError):
        plain = None
    if _tuples(plain) == _tuples(value):
        return plain
    raise _not_stored(f"{name} cannot be kept as plain text and numbers: {value!r:.200}", f"Data.{name}")


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(each) for key, each in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


def _narrow(array: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """The same numbers in the smallest type that holds them exactly, times a scale that is divided by again."""
    first = array.reshape(-1)[:256]  # most scales are ruled out by these
    for scale in SCALES if array.dtype.kind == "f" else (1,):
        if _as_whole(first, scale) is not None and (whole := _as_whole(array, scale)) is not None:
            return whole, scale
    if array.dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):
            single = array.astype(np.float32)
        if _is_same(array, single, 1):
            return single, 1
    return array, 1


def _as_whole(array: NDArray[Any], scale: int) -> NDArray[Any] | None:
    with np.errstate(over="ignore", invalid="ignore"):
        numbers = np.rint(array * scale) if array.dtype.kind == "f" else array
        low, high = numbers.min(initial=0), numbers.max(initial=0)
        for dtype in WHOLE:
            if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
                whole = numbers.astype(dtype)
                return whole if _is_same(array, whole, scale) else None
    return None


def _widened(array: NDArray[Any], dtype: str, scale: int) -> NDArray[Any]:
    return np.ascontiguousarray(array if scale == 1 else array / scale, dtype=dtype)


def _is_same(array: NDArray[Any], narrow: NDArray[Any], scale: int) -> bool:
    """Bit for bit: -0.0 is not 0.0 here, and a NaN is equal to itself."""
    again = _widened(narrow, array.dtype.name, scale)
    return np.array_equal(again.view(np.int64), array.view(np.int64))


def _not_stored(what: str, where: str) -> DataError:
    return DataError(
        "data-stored",
        what,
        where=where,
        why="a run's file holds its data exactly, as plain text and numbers, or not at all",
        do="Give names and notes as text and scales as finite numbers; a file that was changed must be made again.",
    )
