"""The residuals in words: their size, their quantiles and the rows that are missed by most."""

from __future__ import annotations

from downslope.views.payload import Residuals
from downslope.views.text.words import number, told


def residuals(payload: Residuals) -> str:
    """The size of the residuals, their quantiles and the rows that are missed by most."""
    lines = [payload.title]
    if payload.rmse is None or payload.mae is None:
        lines.append(f"  none of {payload.n} {payload.part} rows has a finite prediction")
        return "\n".join([*lines, *told(payload.events)])
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
    return "\n".join([*lines, *told(payload.events)])


def largest_residuals(payload: Residuals, most: int) -> list[tuple[int, float, float]]:
    """(row, target, predicted) of the rows that are missed by most, the worst first."""
    points = [
        (row, target, predicted)
        for row, target, predicted in zip(payload.rows, payload.target, payload.predicted, strict=True)
        if predicted is not None
    ]
    return sorted(points, key=lambda point: -abs(point[1] - point[2]))[:most]
