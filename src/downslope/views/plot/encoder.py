"""The package that writes MP4, imported at its first use; told with how to install it where it is missing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from downslope.errors import SettingError

if TYPE_CHECKING:
    imageio_ffmpeg: Any

# Hidden from type checkers, which would take any misspelt name for it.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name != "imageio_ffmpeg":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            return import_module("imageio_ffmpeg")
        except ImportError as error:
            raise SettingError(
                "animation-package",
                f"imageio-ffmpeg cannot be imported: {error}",
                where="ds.plot.animate(x, 'name.mp4')",
                why="an MP4 is written by ffmpeg, which this package brings along",
                do="pip install imageio-ffmpeg, or write a .gif or an .avif",
            ) from None
