"""Frames as a file that moves: GIF and AVIF are written by Pillow, MP4 by the ffmpeg of the package imageio-ffmpeg."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image, features

from downslope.errors import SettingError, nearest
from downslope.views.plot import encoder

# Of an AVIF: of a picture of lines nothing is lost that can be seen. One thread, for the same bytes every time.
QUALITY = {"quality": 62, "speed": 8, "max_threads": 1}
A_SECOND = 20  # frames of an MP4, each shown as often as its pause is long


def endings() -> tuple[str, ...]:
    """The kinds of file that can be written here without more: Pillow carries AVIF from 11.3 on, on most platforms."""
    return ("gif", "avif") if features.check("avif") else ("gif",)


def ending_of(path: Path) -> str:
    """Of a file that can be written here. Errors: SettingError ``animation-ending``, ``animation-package``."""
    ending, known = path.suffix.removeprefix(".").lower(), [*endings(), "mp4"]
    if ending not in known:
        raise SettingError(
            "animation-ending",
            f"{path.name} ends in .{ending}" if ending else f"{path.name} has no ending",
            where="ds.plot.animate(x, path)",
            why="the ending says in which form an animation is written",
            do=nearest(ending, known),
        )
    if ending == "mp4":
        encoder.imageio_ffmpeg  # noqa: B018 -- said before the frames are drawn, which takes a while
    return ending


def write(frames: Sequence[Image.Image], path: Path, pauses: Sequence[int], palette: Image.Image | None = None) -> None:
    """Write frames of one size, each shown for its pause (milliseconds); .gif and .avif go round for ever.

    palette: of a GIF; one of its own is counted from all frames if None. Errors: as of :func:`ending_of`.
    """
    ending = ending_of(path)
    if ending == "mp4":
        _mp4(frames, path, pauses)
        return
    more: dict[str, Any] = dict(QUALITY)
    if ending == "gif":
        palette = palette or counted(frames)
        frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
        more = {"loop": 0, "optimize": False}
    frames[0].save(path, save_all=True, append_images=list(frames[1:]), duration=list(pauses), **more)
    if ending == "avif":
        path.write_bytes(without_dates(path.read_bytes()))


def without_dates(film: bytes) -> bytes:
    """An animated AVIF whose headers say nothing of when it was written, so that the same film has the same bytes.

    Its headers "mvhd", "tkhd" and "mdhd" begin with a version and three flags, then two times, of four bytes each in
    version 0 and of eight in version 1. Source: ISO/IEC 14496-12, 8.2.2, 8.3.2 and 8.4.2.
    """
    found, end = bytearray(film), film.find(b"mdat")  # behind it stand the frames
    for name in (b"mvhd", b"tkhd", b"mdhd"):
        at = film.find(name, 0, end)
        while at >= 0:
            first, size = at + 8, 16 if film[at + 4] else 8
            found[first : first + size] = bytes(size)
            at = film.find(name, first + size, end)
    return bytes(found)


def counted(frames: Sequence[Image.Image], colours: int = 128) -> Image.Image:
    """One palette for all frames, so that what stands still does not flicker."""
    rows = [np.asarray(frame)[::2, ::2] for frame in (frames[0], frames[len(frames) // 2], frames[-1])]
    return Image.fromarray(np.concatenate(rows)).quantize(colours, method=Image.Quantize.MEDIANCUT)


def drawn(ax: Axes, dots: int) -> Image.Image:
    """The figure of an Axes as an image, ``dots`` an inch."""
    figure: Any = ax.get_figure(root=True)
    figure.set_dpi(dots)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])


def _mp4(frames: Sequence[Image.Image], path: Path, pauses: Sequence[int]) -> None:
    # H.264 halves the colours' resolution, which takes even numbers of rows and columns. -bitexact leaves dates out.
    wide, high = (side - side % 2 for side in frames[0].size)
    come = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{wide}x{high}", "-r", str(A_SECOND), "-i", "-"]
    go = ["-c:v", "libx264", "-crf", "24", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-fflags", "+bitexact"]
    command = [encoder.imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", *come, *go, str(path)]
    with TemporaryFile() as said, Popen(command, stdin=PIPE, stderr=said) as ffmpeg:
        assert ffmpeg.stdin is not None  # it was asked for
        with suppress(BrokenPipeError):  # it has ended, and said why
            for frame, pause in zip(frames, pauses, strict=True):
                pixels = np.ascontiguousarray(np.asarray(frame)[:high, :wide]).tobytes()
                for _ in range(max(round(pause * A_SECOND / 1000), 1)):
                    ffmpeg.stdin.write(pixels)
            ffmpeg.stdin.close()
        if ffmpeg.wait():
            said.seek(0)
            raise SettingError(
                "animation-package",
                f"ffmpeg cannot write {path}: {said.read().decode(errors='replace').strip()}",
                where="ds.plot.animate(x, 'name.mp4')",
                why="an MP4 is written by the ffmpeg of the package imageio-ffmpeg",
                do="write to a folder that exists, or write a .gif or an .avif",
            )
