"""A picture for a notebook: with a caption under it, and in words for readers who do not see it."""

from __future__ import annotations

import sys
from base64 import b64encode
from html import escape
from io import BytesIO
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from downslope.views.plot.style import FONTS

DPI = 150
SHOWN = 96  # dots an inch on the page, so that screens with finer dots stay sharp
COLOURS = 128  # of the palette: a picture of lines and letters loses nothing, and a notebook stays light


class Picture:
    """A figure as one PNG with its caption and its text alternative; the last line of a cell shows it.

    alt: what a reader who does not see it must know; ``print`` and screen readers give it.
    """

    def __init__(self, figure: Figure, caption: str, alt: str) -> None:
        self.figure, self.caption, self.alt = figure, caption, alt

    def png(self) -> bytes:
        """The picture with a palette: a third of the bytes of one in full colour."""
        with matplotlib.rc_context({"font.sans-serif": FONTS}):
            canvas = FigureCanvasAgg(self.figure)
            self.figure.set_dpi(DPI)
            canvas.draw()  # type: ignore[no-untyped-call]
        drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")  # type: ignore[no-untyped-call]
        written = BytesIO()
        drawn.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(written, "PNG", optimize=True)
        return written.getvalue()

    def _ipython_display_(self) -> None:
        # Two outputs, because front ends show one form of each: the image, which keeps its words for screen readers
        # and for exported pages in its metadata, and the caption as text that can be selected and read aloud.
        publish: Any = sys.modules["IPython"].display.display
        width = round(self.figure.get_figwidth() * SHOWN)
        words = {"image/png": {"width": width, "alt": self.alt}}
        publish({"image/png": b64encode(self.png()).decode(), "text/plain": self.alt}, raw=True, metadata=words)
        publish({"text/markdown": self.caption, "text/plain": self.caption}, raw=True)

    def _repr_html_(self) -> str:
        source = f"data:image/png;base64,{b64encode(self.png()).decode()}"
        width = round(self.figure.get_figwidth() * SHOWN)
        return (
            f'<figure><img src="{source}" width="{width}" alt="{escape(self.alt)}">'
            f"<figcaption>{escape(self.caption)}</figcaption></figure>"
        )

    def __repr__(self) -> str:
        return f"{self.caption}\n{self.alt}"


def picture(drawn: Axes | Figure, caption: str, *, alt: str) -> Picture:
    """What was drawn, with its caption (Markdown) and in words (alt) for readers who do not see it.

    drawn: a Figure, or any Axes of it, of ``ds.plot`` or of matplotlib alone; pyplot does not show it a second time.
    """
    figure = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None and figure is not None and getattr(figure, "number", None) is not None:
        pyplot.close(figure)
    assert figure is not None  # an Axes that is drawn has a figure
    return Picture(figure, caption, alt)
