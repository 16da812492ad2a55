"""The confusion matrix in characters: a table where it fits, else the classes with their most frequent mistakes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from downslope.views.payload import ConfusionMatrix
from downslope.views.text.words import shortened, to_left, to_right, told

MOST_LISTED = 10


def confusion(payload: ConfusionMatrix, width: int = 80) -> str:
    """The matrix as a table if it fits into ``width``, else the classes with their most frequent mistakes."""
    share = f"{payload.right / payload.n:.2%}" if payload.n else "none"
    lines = [payload.title, f"  {payload.right} of {payload.n} {payload.part} rows right ({share})"]
    table = _table(payload)
    if max(map(cell_len, table)) <= width:
        lines += [f"  rows: the true {payload.target}; columns: what was predicted", *table]
    else:
        lines += _by_class(payload)
    return "\n".join([*lines, *told(payload.events)])


def _table(payload: ConfusionMatrix) -> list[str]:
    names = shortened(payload.classes)
    left = max(map(cell_len, names))
    # Columns are as wide as their counts; a longer class name above one is cut once more, and the rows say it in full.
    wide = max(max(len(str(count)) for row in payload.counts for count in row), min(left, 6))
    heads = shortened(payload.classes, wide)
    lines = ["  " + " " * left + "  " + " ".join(to_right(head, wide) for head in heads) + "   right"]
    for i, (name, row) in enumerate(zip(names, payload.counts, strict=True)):
        cells = " ".join(to_right(str(count) if count else "·", wide) for count in row)
        share = f"{row[i] / sum(row):.0%}" if sum(row) else "none"
        lines.append(f"  {to_left(name, left)}  {cells}  {share:>6}")
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
