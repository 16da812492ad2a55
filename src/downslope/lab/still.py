"""The picture of what is shown: for saved notebooks, and where the interactive view cannot be."""

from __future__ import annotations

import struct
from base64 import b64encode
from functools import cached_property
from typing import Any

from downslope.lab.subject import Subject
from downslope.views import plot
from downslope.views.plot.picture import DPI, SHOWN
from downslope.views.text import text


class Still:
    """The picture of a subject, and its words. missing: why that is all, "" beside an interactive view."""

    def __init__(self, about: Subject, missing: str = "") -> None:
        self.about, self.missing = about, missing

    def __repr__(self) -> str:
        return text(self.about.still)

    @cached_property
    def png(self) -> bytes:
        """The picture of the payload that it begins with."""
        return plot.picture(plot.draw(self.about.still), "", alt="").png()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as the PNG says them."""
        width, height = struct.unpack(">II", self.png[16:24])
        return width, height

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The picture and its words, with their metadata."""
        words = repr(self)
        data = {"image/png": b64encode(self.png).decode(), "text/plain": words}
        return data, {"image/png": {"width": self.size[0] * SHOWN // DPI, "alt": words}}

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, words = self.bundle()
        missing = "The front end has not been built, so this picture is all: run `make web` in the checkout."
        return {**data, "text/plain": f"{data['text/plain']}\n{missing}"}, words
