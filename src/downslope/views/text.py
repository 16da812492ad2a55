"""Every view in words and characters, for terminals, logs and screen readers: first the numbers, then their shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from rich.cells import cell_len, chop_cells

from downslope.views.payload import ConfusionMatrix, Event, LossCurve, Payload, Residuals

BARS = "▁▂▃▄▅▆▇█"
NOT_FINITE = "×"
LONGEST_NAME = 14
MOST_LISTED = 10


def text(payload: Payload, width: int = 80) -> str:
    """The text form of any payload, lines of at most ``width`` characters where its words allow it."""
    if isinstance(payload, LossCurve):
        return loss_curve(payload, width)
    if isinstance(payload, ConfusionMatrix):
        return confusion(payload, width)
    return residuals(payload)


# --- the loss curve ---------------------------------------------------------------------------------------------------


def loss_curve(payload: LossCurve, width: int = 80) -> str:
    """First, last and lowest loss, with a line of bars on a scale that training and held-out part share."""
    series = [
        ("training", payload.smoothed_steps or payload.steps, payload.smoothed or payload.loss),
        ("held out", payload.held_out_steps, payload.held_out_loss),
    ]
    every = [value for _, _, values in series for value in values if value is not None]
    scale = Scale(every)
    shown = f", median of {payload.window} steps" if payload.window else ""
    lines = [payload.title, f"  {payload.y_label}{shown}{', logarithmic bars' if scale.is_log else ''}"]
    for name, steps, values in series:
        if steps:
            lines.append(_loss_line(name, steps, values, payload, scale, max(width - 62, 12)))
    return "\n".join([*lines, *_told(payload.events)])


def _loss_line(
    name: str,
    steps: Sequence[int],
    values: Sequence[float | None],
    payload: LossCurve,
    scale: Scale,
    width: int,
) -> str:
    if payload.loss[-1] is None and name == "training":
        values = (*values[:-1], None)  # the median of the steps before it must not hide how the run ended
    finite = [(value, step) for value, step in zip(values, steps, strict=True) if value is not None]
    if not finite:
        return f"  {name}  no finite value in {len(values)}"
    low, where = min(finite)
    bars = sparkline(steps, values, payload.n_steps, scale, width)
    return f"  {name}  {number(values[0]):>9} {bars} {number(values[-1]):<9} lowest {number(low)} at step {where:,}"


class Scale:
    """Heights from 0 to 1 between the lowest and the highest of ``values``; logarithmic if they span over a decade."""

    def __init__(self, values: Sequence[float]) -> None:
        self.low, self.high = (min(values), max(values)) if values else (0.0, 1.0)
        self.is_log = self.low > 0 and self.high > 10 * self.low

    def height(self, value: float) -> float:
        """0 for the lowest value, 1 for the highest."""
        low, high, at = self.low, self.high, value
        if self.is_log:
            low, high, at = math.log(low), math.log(high), math.log(value)
        return (at - low) / (high - low) if high > low else 0.0


def sparkline(steps: Sequence[int], values: Sequence[float | None], n_steps: int, scale: Scale, width: int = 40) -> str:
    """One bar for each of ``width`` equal parts of the run: the median there; × where no value is finite.

    A part without a point repeats the one before it.

    >>> sparkline([1, 2, 3, 4], [4.0, None, 2.0, 1.0], 4, Scale([1.0, 4.0]), width=4)
    '█×▃▁'
    """
    places = [min((step - 1) * width // max(n_steps, 1), width - 1) for step in steps]
    bars, last = "", " "
    for k in range(width):
        here = [value for value, place in zip(values, places, strict=True) if place == k]
        finite = [value for value in here if value is not None]
        if finite:
            last = BARS[min(int(scale.height(float(np.median(finite))) * len(BARS)), len(BARS) - 1)]
        elif here:
            last = NOT_FINITE
        bars += last
    return bars


# --- the confusion matrix ---------------------------------------------------------------------------------------------


def confusion(payload: ConfusionMatrix, width: int = 80) -> str:
    """The matrix as a table if it fits into ``width``, else the classes with their most frequent mistakes."""
    share = f"{payload.right / payload.n:.2%}" if payload.n else "none"
    lines = [payload.title, f"  {payload.right} of {payload.n} {payload.part} rows right ({share})"]
    table = _table(payload)
    if max(map(cell_len, table)) <= width:
        lines += [f"  rows: the true {payload.target}; columns: what was predicted", *table]
    else:
        lines += _by_class(payload)
    return "\n".join([*lines, *_told(payload.events)])


def _table(payload: ConfusionMatrix) -> list[str]:
    names = shortened(payload.classes)
    left = max(map(cell_len, names))
    # Columns are as wide as their counts; a longer class name above one is cut once more, and the rows say it in full.
    wide = max(max(len(str(count)) for row in payload.counts for count in row), min(left, 6))
    heads = shortened(payload.classes, wide)
    lines = ["  " + " " * left + "  " + " ".join(_right(head, wide) for head in heads) + "   right"]
    for i, (name, row) in enumerate(zip(names, payload.counts, strict=True)):
        cells = " ".join(_right(str(count) if count else "·", wide) for count in row)
        share = f"{row[i] / sum(row):.0%}" if sum(row) else "none"
        lines.append(f"  {_left(name, left)}  {cells}  {share:>6}")
    return lines


def _by_class(payload: ConfusionMatrix) -> list[str]:
    lines = []
    mistakes = payload.mistakes()
    if mistakes:
        lines.append("  most frequent mistakes:")
        for count, i, j in mistakes[:MOST_LISTED]:
            lines.append(f"    {count:>4} x {payload.classes[i]} taken for {payload.classes[j]}")
    hard = sorted(range(len(payload.classes)), key=lambda i: _share(payload.counts[i], i))[:MOST_LISTED]
    lines.append("  classes recognised least:")
    lines += [
        f"    {_share(payload.counts[i], i):>4.0%} of {sum(payload.counts[i])} rows: {payload.classes[i]}" for i in hard
    ]
    return lines


def _share(row: Sequence[int], i: int) -> float:
    return row[i] / sum(row) if sum(row) else 1.0


def shortened(names: Sequence[str], most: int = LONGEST_NAME) -> list[str]:
    """Names of at most ``most`` columns, still different from each other if they were: without the words that they
    all begin with, cut in the middle, else numbered.

    >>> shortened(["Iris setosa of the north", "Iris setosa of the south"], 12)
    ['…north', '…south']
    """
    if max(map(cell_len, names)) > most:
        names = _without_shared_words(names)
    short = [_cut(name, most) for name in names]
    if len(set(short)) == len(set(names)):
        return short
    return [
        name if short.count(name) == 1 else _cut(name, most - len(str(i)) - 1) + f"#{i}" for i, name in enumerate(short)
    ]


def _without_shared_words(names: Sequence[str]) -> list[str]:
    """The words in which all names begin replaced by one ellipsis, as long as each keeps a word."""
    words = [name.split(" ") for name in names]
    shared = 0
    while min(map(len, words)) > shared + 1 and len({tuple(word[: shared + 1]) for word in words}) == 1:
        shared += 1
    if shared == 0 or len(names) < 2:
        return list(names)
    return ["…" + " ".join(word[shared:]) for word in words]


def _cut(name: str, most: int) -> str:
    if cell_len(name) <= most:
        return name
    if most <= 3:
        return chop_cells(name, max(most, 1))[0]
    tail = (most - 1) // 2
    ending = chop_cells(name[::-1], tail)[0][::-1]
    return chop_cells(name, most - 1 - tail)[0] + "…" + ending


def _left(word: str, width: int) -> str:
    return word + " " * (width - cell_len(word))


def _right(word: str, width: int) -> str:
    return " " * (width - cell_len(word)) + word


# --- residuals --------------------------------------------------------------------------------------------------------


def residuals(payload: Residuals) -> str:
    """The size of the residuals, their quantiles and the rows that are missed by most."""
    lines = [payload.title]
    if payload.rmse is None or payload.mae is None:
        lines.append(f"  none of {payload.n} {payload.part} rows has a finite prediction")
        return "\n".join([*lines, *_told(payload.events)])
    r2 = "" if payload.r2 is None else f", R² {number(payload.r2)}"
    lines += [
        f"  {payload.n} {payload.part} rows: root mean squared error {number(payload.rmse)}, "
        f"mean absolute error {number(payload.mae)}{r2}",
        f"  {payload.unit} minus its prediction:",
    ]
    marks = ("lowest", "5 %", "25 %", "median", "75 %", "95 %", "highest")
    cells = [number(value) for value in payload.quantiles]
    wide = max(map(len, (*marks, *cells)))
    lines.append("    " + "  ".join(mark.rjust(wide) for mark in marks))
    lines.append("    " + "  ".join(cell.rjust(wide) for cell in cells))
    worst = [
        f"{row} ({number(target)}, predicted {number(predicted)})"
        for row, target, predicted in largest_residuals(payload, 3)
    ]
    if worst:
        lines.append(f"  missed by most: rows {'; '.join(worst)}")
    return "\n".join([*lines, *_told(payload.events)])


def largest_residuals(payload: Residuals, most: int) -> list[tuple[int, float, float]]:
    """(row, target, predicted) of the rows that are missed by most, the worst first."""
    points = [
        (row, target, predicted)
        for row, target, predicted in zip(payload.rows, payload.target, payload.predicted, strict=True)
        if predicted is not None
    ]
    return sorted(points, key=lambda point: -abs(point[1] - point[2]))[:most]


# --- shared -----------------------------------------------------------------------------------------------------------


def _told(events: Sequence[Event]) -> list[str]:
    return [f"  note: {event.text}" for event in events]


def number(value: float | None) -> str:
    """Four digits, whole numbers with thousands set apart; "not finite" for None.

    >>> number(0.123456), number(249312.7), number(2.5e12)
    ('0.1235', '249,313', '2.5e+12')
    """
    if value is None:
        return "not finite"
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e9 else f"{value:.4g}"
