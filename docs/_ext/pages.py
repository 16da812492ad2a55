"""The reference: a page for every entry of every table, written from what the entry says when the pages are built.

Nothing is listed here. ``downslope.cli.entries`` finds the entries, so a new one has its page by itself, with the same
parts that ``downslope where NAME`` prints.
"""

from __future__ import annotations

import ast
import re
import shutil
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from markdown import escaped, fenced, from_docstring
from pictures import picture

from downslope.cli import docstrings
from downslope.cli.entries import Entry

ENDING = {"y": "ies", "s": "es", "x": "es"}


def plural(kind: str) -> str:
    """``optimizer`` -> ``Optimizers``, as a title."""
    last = kind[-1]
    word = kind[: -1 if last == "y" else None] + ENDING[last] if last in ENDING else f"{kind}s"
    return word.capitalize()


def folder(kind: str) -> str:
    """The folder of a kind's pages."""
    return kind.replace(" ", "_")


class Links:
    """From a name in a docstring to the page of its entry."""

    def __init__(self, known: list[Entry]) -> None:
        self.by_word: dict[str, list[Entry]] = defaultdict(list)
        for entry in known:
            for word in (entry.id, *entry.aliases):
                self.by_word[word].append(entry)

    def to(self, name: str, is_reference: bool, near: Entry, *, errors: bool = False) -> str:
        """A path from the page of ``near``, preferring its own room; "" where nothing has that name.

        A word that is only set as code may mean something else, as the method ``step``: it leads to its own kind only.
        """
        found = [e for e in self.by_word.get(name, []) if (e.kind == "error") == errors and e.id != near.id]
        if not is_reference and not errors:
            found = [entry for entry in found if entry.kind == near.kind]
        found.sort(key=lambda entry: (entry.room != near.room, entry.kind != near.kind))
        if not found:
            return ""
        return f"../../errors.md#{found[0].id}" if errors else f"../{folder(found[0].kind)}/{found[0].id}.myst"


def page(entry: Entry, links: Links) -> str:
    """The page of one entry."""
    return "\n\n".join(filter(None, _sections(entry, links))) + "\n"


def _sections(entry: Entry, links: Links) -> Iterator[str]:
    doc = entry.doc

    def words(text: str, *, errors: bool = False) -> str:
        return from_docstring(text, lambda name, role: links.to(name, role, entry, errors=errors))

    yield f"---\norphan: true\n---\n\n# {escaped(entry.id)}"
    also = "".join(f" · also `{alias}`" for alias in entry.aliases)
    kind = f"[{plural(entry.kind).lower()}](index.myst)"
    yield f":::{{container}} entry-kind\none of the {kind} · `{entry.place}`{also}\n:::"
    yield words(entry.sentence)
    if entry.call:
        yield fenced(_broken(entry.call), "python")
    yield picture(entry)
    yield from _formula(entry)
    if doc.settings:
        yield "## Settings\n\n" + "\n\n".join(f"`{names}`\n: {words(meaning)}" for names, meaning in doc.settings)
    if doc.parameters:
        yield f"**Parameters.** {words(doc.parameters)}"
    if doc.state:
        yield f"**State.** {words(doc.state)}"
    facts = {name: fact for name, fact in entry.facts.items() if name != "derivative"}
    if facts:
        yield "## Facts\n\n" + "\n\n".join(f"{name}\n: {words(fact)}" for name, fact in facts.items())
    if doc.text:
        yield "## Notes\n\n" + "\n\n".join(map(words, doc.text))
    if entry.source:
        yield f"## Source\n\n{words(entry.source)}"
    if entry.differs:
        yield "## Differs\n\n" + "\n".join(f"- {words(one)}" for one in entry.differs)
    if doc.errors:
        yield f"## Errors\n\n{words(doc.errors, errors=True)}"
    if entry.example:
        yield "## Example\n\n" + _example(entry.example, words)
    if entry.code:
        code = fenced(textwrap.dedent(entry.code), "python")
        yield f"<details><summary>The code</summary>\n\n{code}\n\n</details>"
    if entry.tests:
        tests = "\n".join(f"- `{test.split(' ')[0]}`{' ' + ' '.join(test.split(' ')[1:])}" for test in entry.tests)
        yield f"<details><summary>Tests that name it</summary>\n\n{tests}\n\n</details>"


def _formula(entry: Entry) -> Iterator[str]:
    if entry.latex:
        yield "## Formula\n\n" + fenced(entry.latex, "{math}")
    if entry.formula and (entry.kind == "primitive" or not entry.latex):
        text = fenced("\n".join(map(docstrings.plain, entry.formula)), "text")
        yield text if entry.latex else f"## Formula\n\n{text}"
    if entry.faces.rule:
        yield "## Derivative\n\n" + (
            "Traced from the entry's own backward rule. `g` is the adjoint of the result `out`, `g_x` that of `x`."
            if entry.faces.rule_latex
            else f"{entry.faces.rule[0].capitalize()}."
        )
    if entry.faces.rule_latex:
        # A transpose of an inverse, a constant array: read more easily in the program.
        if not re.search(r"\\top\}[ }]*\^|\\mathrm\{c\}_", entry.faces.rule_latex):
            yield fenced(entry.faces.rule_latex, "{math}")
        yield fenced("\n".join(entry.faces.rule), "python")


def _broken(call: str) -> str:
    """A call with many arguments, one a line, so that it fits on a phone."""
    if len(call) < 60 or "(" not in call:
        return call
    name, _, rest = call.partition("(")
    depth, arguments = 0, [""]
    for sign in rest[:-1]:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            arguments.append("")
        else:
            arguments[-1] += sign
    return f"{name}(\n" + "".join(f"    {argument.strip()},\n" for argument in arguments) + ")"


def _example(text: str, words: object) -> str:
    parts = []
    for paragraph in text.split("\n\n"):
        is_code = paragraph.lstrip().startswith(">>>")
        parts.append(fenced(paragraph, "pycon") if is_code else words(paragraph))  # type: ignore[operator]
    return "\n\n".join(parts)


def index_of(kind: str, listed: list[Entry]) -> str:
    """The page that lists all entries of a kind; by file where a file holds many."""
    by_file: dict[Path, list[Entry]] = defaultdict(list)
    for entry in listed:
        by_file[entry.file].append(entry)
    parts = [f"# {plural(kind)}", f"{len(listed)} of them, from `{listed[0].table}`."]
    if 1 < len(by_file) <= len(listed) / 2:
        for file, some in by_file.items():
            says = _module_docstring(file).partition("\n")[0]
            parts.append(f"## {escaped(says.partition(':')[0].rstrip('.'))}\n\n{_table(some)}")
    else:
        parts.append(_table(listed))
    return "\n\n".join(parts) + "\n"


def _module_docstring(file: Path) -> str:
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    return text or file.stem.replace("_", " ").capitalize()


def _table(some: Iterable[Entry]) -> str:
    rows = []
    for entry in some:
        also = "".join(f", `{alias}`" for alias in entry.aliases)
        said = from_docstring(entry.sentence or " · ".join(entry.formula), lambda *_: "")
        rows.append(f"[`{entry.id}`]({entry.id}.myst){also}\n: {said or '…'}")
    return "\n\n".join(rows)


def write(target: Path, known: list[Entry]) -> int:
    """Write every page under ``target``; only what has changed, so that a second build is quick. How many there are."""
    links = Links(known)
    kinds: dict[str, list[Entry]] = defaultdict(list)
    for entry in known:
        if entry.kind != "error":  # they have their page: errors.md
            kinds[entry.kind].append(entry)
    pages = {"index.myst": _reference_index(kinds)}
    for kind, listed in kinds.items():
        pages[f"{folder(kind)}/index.myst"] = index_of(kind, listed)
        pages |= {f"{folder(kind)}/{entry.id}.myst": page(entry, links) for entry in listed}
    for name, text in pages.items():
        file = target / name
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    for old in [file for file in target.rglob("*.myst") if file.relative_to(target).as_posix() not in pages]:
        old.unlink()
    for empty in [path for path in target.iterdir() if path.is_dir() and not any(path.iterdir())]:
        shutil.rmtree(empty)
    return len(pages)


def _reference_index(kinds: dict[str, list[Entry]]) -> str:
    lines = [f"[{plural(kind)}]({folder(kind)}/index.myst)\n: {_some(listed)}" for kind, listed in kinds.items()]
    tree = "\n".join(f"{folder(kind)}/index" for kind in kinds)
    return (
        "# Reference\n\nEvery entry of every table, each with the parts that `downslope where NAME` prints: "
        "what it is, formula, settings, source, how it differs from PyTorch and optax, an example that is run as a "
        "test, its code and the tests that name it.\n\n"
        + "\n\n".join(lines)
        + f"\n\n```{{toctree}}\n:hidden:\n\n{tree}\n```\n"
    )


def _some(listed: list[Entry]) -> str:
    ids = [f"[{escaped(e.id)}]({folder(e.kind)}/{e.id}.myst)" for e in listed]
    return ", ".join(ids)
