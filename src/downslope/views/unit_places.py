"""The numbers of one unit that has many, place by place, and which of them is chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from downslope.explain.units import axes_of, entry_of, numbers_of, usual_place
from downslope.runs.step import Step
from downslope.views.network_payload import UnitPlaces
from downslope.views.values import all_in_short

_ADDRESS = re.compile(r"(?:(activations|errors)\.)?([A-Za-z_]\w*)((?:\.\w+)*)\[([\d,\s]*)\]")
_VALUE = re.compile(r"(\.[zh](\.\d+)?)?")  # of a layer: its output, z and h have a number for each unit and place


def unit_places(step: Step, address: str, row: int | None = None) -> UnitPlaces | None:
    """Of the unit that an address names: "conv1[3]", "activations.conv1[0, 3, 2, 5]", "conv1.w[0, 1, 2, 3]".

    row: a place in the mini-batch, where the address names none. None where it is no unit with many numbers.
    """
    found = _ADDRESS.fullmatch(address.strip())
    if found is None or found[2] not in step.layers:
        return None
    name, numbers = found[2], [int(k) for k in found[4].split(",") if k.strip()]
    values = np.asarray(step.activations[name], np.float64)
    axes = axes_of(values.shape)
    if axes is None or not numbers:
        return None
    unit_axis, place_axes = axes
    unit, place, row = numbers[-1], None, row or 0
    if _VALUE.fullmatch(found[3]) and len(numbers) > 1:
        row = numbers[0]
        if len(numbers) == values.ndim:
            unit, place = numbers[unit_axis], tuple(numbers[k] for k in place_axes)
    lengths = tuple(values.shape[k] for k in place_axes)
    if row >= len(values) or unit >= values.shape[unit_axis] or not _inside(place, lengths):
        return None
    shown = numbers_of(values, row, unit)
    usual, why = usual_place(shown)
    words = ["{0}", "{1}"][: len(lengths)]
    errors = step.errors.get(name)
    return UnitPlaces(
        layer=name,
        unit=unit,
        row=row,
        axes=("row", "column") if len(lengths) == 2 else ("step",),
        values=_lines(shown),
        errors=() if errors is None else _lines(numbers_of(np.asarray(errors, np.float64), row, unit)),
        place=usual if place is None else place,
        why=why if place is None else "",
        entries=f"{name}[{', '.join(map(str, entry_of(values.shape, row, unit, words)))}]",
    )


def _inside(place: Sequence[int] | None, lengths: Sequence[int]) -> bool:
    return place is None or all(k < n for k, n in zip(place, lengths, strict=True))


def _lines(array: np.ndarray) -> tuple[tuple[float | None, ...], ...]:
    return tuple(map(all_in_short, np.atleast_2d(array)))
