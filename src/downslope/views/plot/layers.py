"""The layers of a run over time, one picture below the other in one figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from downslope.errors import SettingError
from downslope.views.payload import HistogramView, ReadingView
from downslope.views.plot.style import theme

WIDE, HIGH, ROW = 9.0, 1.5, 2.0  # inches: of a picture without and for each row of small ones

Painter = Callable[..., Axes]


def layers(payloads: Sequence[ReadingView], painter: Painter, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw each payload with the painter; the Axes of the first. One alone may have an Axes that is given.

    Errors: SettingError ``layers-axes``.
    """
    if len(payloads) == 1:
        return painter(payloads[0], ax, dark=dark)
    if ax is not None:
        raise SettingError(
            "layers-axes",
            f"one Axes for {len(payloads)} pictures",
            where="ds.plot.layers(run, ax)",
            why="each quantity is a picture with axes of its own",
            do='name one, such as ds.plot.layers(run, ax, of="grads"), or leave the Axes out',
        )
    highs = [HIGH + ROW * _rows(payload) for payload in payloads]
    whole = Figure(figsize=(WIDE, sum(highs)), layout="constrained")
    whole.set_facecolor(theme(dark).paper)
    engine: Any = whole.get_layout_engine()
    engine.set(w_pad=0.12, h_pad=0.16)
    parts = whole.subplots(len(payloads), height_ratios=highs)
    drawn = [painter(payload, part, dark=dark) for payload, part in zip(payloads, parts, strict=True)]
    return drawn[0]


def _rows(payload: ReadingView) -> int:
    """Of small pictures: the histograms of each array stand side by side, as ``heat.histogram`` lays them out."""
    n = len(payload.panels) if isinstance(payload, HistogramView) else 1
    return -(-n // (n if n < 4 else 2 if n == 4 else 3))
