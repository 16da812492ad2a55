"""Data and what networks make of them, in words and characters: points, examples, the answers over a plane."""

from __future__ import annotations

from collections.abc import Sequence

from downslope.views.data_payload import BoundaryView, DataView, RowShown, RowsView
from downslope.views.text.words import columns, number, told, wrapped

SHADES = " .:-=+*#%@"
MARKS = "0123456789"
MAP_WIDTH, MAP_HEIGHT = 48, 16


def data(payload: DataView, width: int = 80) -> str:
    """What is in a data set, and where its points lie."""
    lines = [payload.title]
    lines += wrapped(f"{payload.n_train:,} rows to train on, {payload.n_held_out:,} held out", width)
    if payload.classes:
        counts = ", ".join(f"{name} {n:,}" for name, n in zip(payload.classes, payload.counts, strict=True))
        lines += wrapped(f"{payload.target_name}: {counts}", width)
    spans = [(payload.first, payload.x), (payload.second or payload.target_name, payload.y)]
    for name, column in spans:
        finite = [value for value in column if value is not None]
        if finite:
            lines += wrapped(f"{name} from {number(min(finite))} to {number(max(finite))}", width)
    for k, name in enumerate(payload.corruptions, 1):
        lines += wrapped(f"{name}: {payload.faults.count(k):,} of the points that are drawn", width)
    for note in payload.notes:
        lines += wrapped(note, width)
    return "\n".join([*lines, *told(payload.events)])


def boundary(payload: BoundaryView, width: int = 80) -> str:
    """The map of answers: of classes the likeliest by its number, else from low to high by darkness."""
    flat = [value for row in payload.z for value in row if value is not None]
    lines = [payload.title]
    if not flat:
        return "\n".join([*lines, "  no answer is finite", *told(payload.events)])
    low, high = min(flat), max(flat)
    many = len(payload.classes) > 2
    if payload.classes:
        named = ", ".join(f"{MARKS[k % 10]} {name}" for k, name in enumerate(payload.classes))
        lines += wrapped(
            named if many else f"probability of {payload.classes[1]}, from {number(low)} to {number(high)}", width
        )
    else:
        lines += wrapped(f"the predicted number, from {number(low)} to {number(high)}", width)
    if payload.y:
        step_y, step_x = len(payload.z) / MAP_HEIGHT, len(payload.x) / min(MAP_WIDTH, width - 4)
        for i in reversed(range(MAP_HEIGHT)):
            row = payload.z[int(i * step_y)]
            cells = (row[int(j * step_x)] for j in range(min(MAP_WIDTH, width - 4)))
            lines.append(
                "  "
                + "".join(
                    _sign(value, many, 0.0 if payload.classes else low, 1.0 if payload.classes else high)
                    for value in cells
                )
            )
        lines.append(
            f"  {payload.first} from {number(payload.x[0])} to {number(payload.x[-1])}, upward {payload.second} "
            f"from {number(payload.y[0])} to {number(payload.y[-1])}"
        )
    else:
        places = range(0, len(payload.x), max(1, len(payload.x) // 10))
        lines += columns(
            [(payload.first, "answer"), *((number(payload.x[j]), number(payload.z[0][j])) for j in places)]
        )
    dead = sum(unit.dead for unit in payload.units)
    more = f" and {payload.left_out} more" if payload.left_out else ""
    lines += wrapped(f"maps of {len(payload.units)} units{more}; {dead} of those shown are 0 everywhere", width)
    return "\n".join([*lines, *told(payload.events)])


def _sign(value: float | None, many: bool, low: float, high: float) -> str:
    if value is None:
        return "×"
    if many:
        return MARKS[int(value) % 10]
    part = (value - low) / ((high - low) or 1.0)
    return SHADES[min(max(int(part * len(SHADES)), 0), len(SHADES) - 1)]


def rows(payload: RowsView, width: int = 80) -> str:
    """A line for each example; a small picture of the first one where they are pictures."""
    table = [("row", "share", "loss", "target", "predicted", "")]
    table += [
        (str(row.row), number(row.share), number(row.loss), row.target, row.predicted, ", ".join(row.faults))
        for row in payload.rows
    ]
    lines = [payload.title, *wrapped(payload.sentence, width), *columns(table)]
    if payload.rows and payload.image_shape:
        lines += [f"  row {payload.rows[0].row}:", *_picture(payload.rows[0], payload.image_shape)]
    elif payload.rows and payload.features:
        first = payload.rows[0]
        told_values = ", ".join(
            f"{name} {number(value)}" for name, value in zip(payload.features, first.values, strict=False)
        )
        lines += wrapped(f"row {first.row}: {told_values}", width)
    return "\n".join([*lines, *told(payload.events)])


def _picture(row: RowShown, shape: tuple[int, int]) -> list[str]:
    height, wide = shape
    high = max((abs(value) for value in row.values if value is not None), default=0.0)
    return ["    " + _shaded(row.values[i * wide : (i + 1) * wide], high) for i in range(height)]


def _shaded(values: Sequence[float | None], high: float) -> str:
    return "".join(2 * _sign(value, False, 0.0, high) for value in values)
