"""``downslope where NAME``: formula, source, differences, file and tests of anything that has a name here."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from downslope.cli import docstrings, places, rooms
from downslope.errors import SettingError, nearest

if TYPE_CHECKING:
    from downslope.cli.entries import Entry

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope where adam[/cyan]

[cyan]downslope where softmax[/cyan]

[cyan]downslope where data.moons --json[/cyan]
"""

_COLUMN = 12
_WIDEST = 100
_MOST_TESTS = 4


def where(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="An optimizer, layer, loss, data set, surface, primitive, error code ...; optim.adam asks one room.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, a list of entries.")] = False,
) -> int:
    """Show where NAME is defined, with its formula, its source and how it differs from others."""
    known = rooms.entries.everything()
    found = rooms.entries.find(name, known)
    if not found:
        raise _unknown(name, known)
    if as_json:
        print(json.dumps([entry.record() for entry in found], ensure_ascii=False, indent=2))
        return 0
    width = min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST)
    console = Console(highlight=False, soft_wrap=True)
    for i, entry in enumerate(found):
        heading, *lines = text(entry, width).splitlines()
        if i:
            print()
        console.print(Text(heading, "bold" if sys.stdout.isatty() else ""))
        for line in lines:
            console.print(Text(line))
    others = ", ".join(f"{entry.id} ({entry.kind})" for entry in rooms.entries.near(name, known))
    if others:
        print(f"\nSee also: {others}.")
    return 0


def text(entry: Entry, width: int = _WIDEST) -> str:
    """An entry in lines of at most ``width`` characters; formulas and code are never broken."""
    words = "".join(f", also {alias}" for alias in entry.aliases)
    heading = f"{entry.id}: {entry.kind}{words}"
    sentence = textwrap.fill(docstrings.plain(entry.sentence), width - 2, initial_indent="  ", subsequent_indent="  ")
    body = [line for label, lines in parts(entry) for line in _part(label, lines, width)]
    return "\n".join([heading, *([sentence] if sentence else []), "", *body])


def parts(entry: Entry) -> Iterator[tuple[str, list[str]]]:
    """Label and lines of everything that an entry says; a line that begins with a blank is not wrapped."""
    doc = entry.doc
    yield "formula", [f" {line}" for line in entry.formula]
    yield "derivative", [f" {line}" for line in entry.faces.rule]
    yield "call", [f" {entry.call}"] if entry.call else []
    yield "settings", [f"{names}: {meaning}" for names, meaning in doc.settings]
    yield "parameters", [doc.parameters] if doc.parameters else []
    yield "state", [doc.state] if doc.state else []
    for name, fact in entry.facts.items():
        if name != "derivative":  # its kind; the rule itself stands above
            yield name, [fact]
    yield "notes", list(doc.text)
    yield "source", [entry.source] if entry.source else []
    yield "differs", list(entry.differs)
    yield "errors", [doc.errors] if doc.errors else []
    yield "example", [f" {line}" for line in entry.example.splitlines()]
    yield "file", [f" {entry.place}"]
    tests = entry.tests
    more = [f"and {len(tests) - _MOST_TESTS} more"] if len(tests) > _MOST_TESTS else []
    yield "tests", [f" {test}" for test in tests[:_MOST_TESTS]] + more
    yield "page", [f" docs/_build/html/{entry.page}, after make docs"] if places.CHECKOUT else []


def _part(label: str, lines: list[str], width: int) -> Iterator[str]:
    head = label
    for line in map(docstrings.plain, lines):
        column = max(_COLUMN, len(head) + 2)
        first = f"  {head:<{column}}"
        wrapped = textwrap.wrap(line, max(width - len(first), 20), break_long_words=False, break_on_hyphens=False)
        for piece in [line[1:]] if line[:1] in ("", " ") else wrapped:
            yield f"{first}{piece}".rstrip()
            first = " " * len(first)
        head = ""


def _unknown(name: str, known: list[Entry]) -> SettingError:
    words = [word for entry in known for word in (entry.id, *entry.aliases)]
    near = nearest(name.rpartition(".")[2], words)
    kinds = dict.fromkeys(entry.kind for entry in known)
    return SettingError(
        "unknown-name",
        f"nothing is called '{name}'",
        where=f"downslope where {name}",
        why=f"a word is looked up among everything that has a name: {', '.join(kinds)}",
        # The names of everything are hundreds: too many for one line.
        do=near.partition(" Known: ")[0]
        if near.startswith("Did")
        else "`make docs` writes pages that list every name.",
    )
