"""Lines of text on a terminal: wrapped under their own indentation, and in colours where it has some."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from downslope.cli import table


def show(lines: Iterable[tuple[str, str]]) -> None:
    """Print pairs of a line and its style, as ``("wrong: ...", "bold red")``; "" is no style."""
    console = Console(highlight=False, soft_wrap=True)
    for line, style in lines:
        for piece in wrapped(line, table.width()):
            console.print(Text(piece, style))


def wrapped(line: str, width: int) -> list[str]:
    """A line in pieces of at most ``width`` characters, broken at blanks; what follows is indented a little more.

    >>> wrapped("  a gradient comes from somewhere", 20)
    ['  a gradient comes', '      from somewhere']
    """
    before = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(
        line,
        max(width, len(before) + 20),
        subsequent_indent=f"{before}    ",
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]
