"""Every entry of every table of the house, with its place and what it says about itself; nothing is listed here twice.

A table is a public dict of a room with a name in capitals: ``optim.OPTIMIZERS``, ``data.EMBEDDED``. A new entry, and a
new table, are found by themselves. Whatever an entry says is read from it: the fixed words of its docstring
(docstrings.py) or the fields of its record.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from downslope.cli import docstrings, error_codes, places, rooms
from downslope.cli.docstrings import Docstring

KINDS = {"TABLE": "primitive", "LOSSES": "loss", "EMBEDDED": "data set", "SYNTHETIC": "data set"}
"""What an entry of a table is called, where the table's name in the singular is not the word."""

# Fields of a record that stand in parts of their own, or that are for contract tests and for the search of mistakes.
_TOLD = {
    "id",
    "name",
    "function",
    "read",
    "naive",
    "formula",
    "latex",
    "source",
    "sentence",
    "teaches",
    "kinks",
    "derivative",
}
_INTERNAL = {"settings", "shape_in", "refuses", "sample", "common", "prefers"}
_LABELS = {"rule": "chain rule"}  # of a mistake: the line that it breaks


@dataclasses.dataclass(frozen=True, eq=False)
class Entry:
    """One entry. ``id`` is its word everywhere; ``kind`` says of what, in one or two words; ``object`` is the thing.

    table: ``optim.OPTIMIZERS``. aliases: other words for the same. file, line: where it is defined. alone: no other
    entry of its table is in that file.
    """

    id: str
    kind: str
    table: str
    object: Any
    file: Path
    line: int
    aliases: tuple[str, ...] = ()
    alone: bool = False

    @property
    def room(self) -> str:
        """Name of the room: ``optim``."""
        return self.table.partition(".")[0]

    @property
    def place(self) -> str:
        """File and line, from the repository on: ``src/downslope/optim/adam.py:11``."""
        return f"{places.shown(self.file)}:{self.line}"

    @property
    def page(self) -> str:
        """Its page in the documentation: ``reference/optimizer/adam.html``."""
        if self.kind == "error":
            return f"errors.html#{self.id}"
        return f"reference/{self.kind.replace(' ', '_')}/{self.id}.html"

    @cached_property
    def function(self) -> Any:
        """The function that does it: the entry itself, or the one in its record; None for a primitive."""
        thing = self.object
        if callable(thing) and hasattr(thing, "__code__"):
            return thing
        return thing if inspect.isclass(thing) else _does(thing)

    @cached_property
    def doc(self) -> Docstring:
        """The parts of its docstring."""
        if self.kind == "error":
            return docstrings.read(error_codes.meaning(places.CHECKOUT, self.id))
        if self.kind in ("primitive", "mistake"):  # they speak by their fields; the docstring is that of the class
            return Docstring()
        thing = self.function if self.function is not None else self.object
        return docstrings.read(inspect.getdoc(thing) or "", _parameters(thing))

    @property
    def sentence(self) -> str:
        """What it is, in one sentence, with the marks of its docstring."""
        record = getattr(self.object, "sentence", "") or getattr(self.object, "teaches", "")
        return str(record or self.doc.sentence or (self._file_says() if self.object else ""))

    def _file_says(self) -> str:
        """The first line of its file, where that is about this entry alone: ``Adam: momentum divided by ...``"""
        tree = ast.parse(self.file.read_text(encoding="utf-8"))
        subject, colon, rest = (ast.get_docstring(tree) or "").partition("\n")[0].partition(": ")
        if colon and (self.alone or _spelling(subject) in (self.id, *self.aliases)):
            return rest[:1].upper() + rest[1:]
        return ""

    @property
    def formula(self) -> tuple[str, ...]:
        """Its formula as text, one line each."""
        given = "" if self.kind == "instrument" else getattr(self.object, "formula", "")
        if self.kind == "instrument" and not self.doc.formula:
            return (self.latex,)
        return (str(given),) if given else self.doc.formula or tuple(filter(None, [self.faces.call]))

    @property
    def latex(self) -> str:
        """Its formula as LaTeX, empty where only the text is given."""
        if self.kind == "instrument":
            return str(self.object.formula)
        return str(self.faces.latex or getattr(self.object, "latex", "")) if self.kind != "error" else ""

    @cached_property
    def faces(self) -> Any:
        """What is read from a primitive by tracing it (faces.py); empty for all others."""
        return rooms.faces.faces(self.object) if self.kind == "primitive" else rooms.faces.Faces()

    @property
    def call(self) -> str:
        """How it is called, with its defaults: ``optim.adam(lr=0.001, ...)``."""
        if self.kind in ("primitive", "error") or not callable(self.function):
            return ""
        try:
            signature = inspect.signature(self.function)
        except ValueError:
            return ""
        bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
        if self.kind == "instrument":  # it is asked by its name; the step is the run's
            return f"run.ask({', '.join([repr(self.id), *map(str, bare[1:])])})"
        return f"{self.room}.{self.id}{inspect.Signature(bare)}"

    @property
    def source(self) -> str:
        """Who published it."""
        return str(getattr(self.object, "source", "") or self.doc.source)

    @property
    def differs(self) -> tuple[str, ...]:
        """Where it differs from other libraries, each ``from PyTorch in ...``."""
        return self.doc.differs

    @property
    def facts(self) -> dict[str, str]:
        """What else its record states: kinks, domain, minima, gain ..."""
        thing = self.object
        facts = {"kinks": str(getattr(thing, "kinks", ""))}
        if self.kind == "primitive":
            facts |= {"derivative": thing.derivative, "cost": self.faces.cost}
            facts |= {n: getattr(thing, n) for n in ("internal", "beyond_standard", "unportable")}
        elif dataclasses.is_dataclass(thing) and not inspect.isclass(thing):
            fields = [f.name for f in dataclasses.fields(thing) if f.repr and f.name not in _TOLD | _INTERNAL]
            facts |= {_LABELS.get(name, name): _shown(getattr(thing, name)) for name in fields}
        return {name.replace("_", " "): text for name, text in facts.items() if text}

    @property
    def code(self) -> str:
        """Its source code; for a primitive and a mistake the statement that enters it."""
        try:
            if self.function is not None:
                return inspect.getsource(self.function)
        except (OSError, TypeError):
            return ""
        lines = self.file.read_text(encoding="utf-8").splitlines()
        for node in ast.parse("\n".join(lines)).body:
            entered = self.kind in ("primitive", "mistake")
            if entered and node.lineno <= self.line <= (node.end_lineno or node.lineno):
                return "\n".join(lines[node.lineno - 1 : node.end_lineno])
        return ""

    @property
    def example(self) -> str:
        """Doctest lines: those of its docstring; for a mistake the example that it plants, with what is said of it."""
        return str(rooms.planted.example(self.object)) if self.kind == "mistake" else self.doc.example

    @property
    def tests(self) -> list[str]:
        """The test files that walk its whole table, then those that name it: ``tests/optim/test_rules.py:34``."""
        words = (self.id, *self.aliases)
        table = self.table.partition(".")[2]
        return places.tests_naming(words, self.room, table, is_called=self.kind not in ("primitive", "mistake"))

    def record(self) -> dict[str, Any]:
        """All of it as plain values, for ``--json``."""
        doc = self.doc
        return {
            "id": self.id,
            "kind": self.kind,
            "aliases": list(self.aliases),
            "table": self.table,
            "sentence": docstrings.plain(self.sentence),
            "call": self.call,
            "formula": list(self.formula),
            "latex": self.latex,
            "derivative": list(self.faces.rule),
            "settings": dict(doc.settings),
            "parameters": doc.parameters,
            "state": doc.state,
            "facts": self.facts,
            "text": list(doc.text),
            "source": self.source,
            "differs": list(self.differs),
            "errors": doc.errors,
            "example": self.example,
            "file": str(self.file),
            "line": self.line,
            "tests": self.tests,
            "page": self.page,
        }


def _does(record: Any) -> Any:
    """The function in a record; an instrument calls it ``read``. None where it has none, as a primitive."""
    return getattr(record, "function", None) or getattr(record, "read", None)


def _parameters(thing: Any) -> list[str]:
    try:
        return list(inspect.signature(thing).parameters)
    except (TypeError, ValueError):
        return []


def _shown(value: Any) -> str:
    """A field as text; empty where there is nothing to say. Points and minima come as ``(1, 1), value 0``."""
    if callable(value):
        return ""
    if value is None or value is False or value is True:
        return "yes" if value else ""
    if isinstance(value, int | float):
        return f"{value:.6g}" if value else ""
    if dataclasses.is_dataclass(value) and "__str__" in vars(type(value)):  # it has words of its own
        return str(value)
    if dataclasses.is_dataclass(value) and not inspect.isclass(value):
        parts = [(f.name, getattr(value, f.name)) for f in dataclasses.fields(value)]
        return ", ".join(f"{name} {_number(one)}" for name, one in parts if not isinstance(one, str) or one)
    if isinstance(value, list | tuple) and value and all(dataclasses.is_dataclass(one) for one in value):
        return "; ".join(map(_shown, value))
    return _number(value) if not hasattr(value, "__len__") or len(value) else ""


def _number(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_number, value))})"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


# --- the tables -------------------------------------------------------------------------------------------------------


def everything() -> list[Entry]:
    """Every entry of every table in the order of the flow, then the error codes. Each thing once, with its aliases."""
    found = [entry for name, table in tables().items() for entry in _of_table(name, table)]
    in_file = Counter((entry.table, entry.file) for entry in found)
    merged: dict[Any, Entry] = {}
    for entry in found:
        # The same thing in a second table of its room (the loss that a task takes) is another word for it.
        key = (entry.room, id(entry.object))
        if key in merged:
            words = dict.fromkeys((*merged[key].aliases, entry.id, *entry.aliases))
            words.pop(merged[key].id, None)
            merged[key] = dataclasses.replace(merged[key], aliases=tuple(words))
        else:
            merged[key] = dataclasses.replace(entry, alone=in_file[entry.table, entry.file] == 1)
    codes = [
        Entry(code, "error", "errors", None, file, line)
        for code, (file, line) in sorted(error_codes.places(places.PACKAGE).items())
    ]
    return [*merged.values(), *codes]


def tables() -> dict[str, Mapping[str, Any]]:
    """``optim.OPTIMIZERS`` -> table, for every room that is built."""
    found = {}
    for room, module in rooms.built().items():
        for name in dict.fromkeys((*getattr(module, "__all__", ()), *vars(module))):
            table = getattr(module, name) if name.isupper() and not name.startswith("_") else None
            # UFUNCS and FUNCTIONS of the primitives have functions as keys: they are no words. QUANTITIES has texts.
            if isinstance(table, Mapping) and table and all(_is_entry(*pair) for pair in table.items()):
                found[f"{room}.{name}"] = table
    # A table that an earlier room offers too is that of the room which fills it: the instruments, of which runs know.
    owner = {id(table): name for name, table in found.items()}
    return {name: table for name, table in found.items() if owner[id(table)] == name}


def _is_entry(word: Any, thing: Any) -> bool:
    return isinstance(word, str) and not isinstance(thing, str)


def kind_of(table: str, value: Mapping[str, Any]) -> str:
    """What an entry of this table is called: "optimizer"."""
    name = table.partition(".")[2]
    said = re.sub(r"^an? ", "", getattr(value, "kind", ""))
    return KINDS.get(name) or said or name.lower().removesuffix("s").replace("_", " ")


def _of_table(name: str, table: Mapping[str, Any]) -> Iterator[Entry]:
    words: dict[int, list[str]] = {}
    for word, thing in table.items():
        words.setdefault(id(thing), []).append(word)
    for same in words.values():
        thing = table[same[0]]
        function = _does(thing) or thing
        own = getattr(thing, "name", "") or getattr(function, "__name__", "")
        id_ = own if own in same else same[0]
        place_of = getattr(thing, "read", thing)
        file, line = places.defined(place_of, id_, name.partition(".")[0])
        yield Entry(id_, kind_of(name, table), name, thing, file, line, tuple(word for word in same if word != id_))


# --- finding ----------------------------------------------------------------------------------------------------------


def find(word: str, entries: Iterable[Entry] | None = None) -> list[Entry]:
    """Entries of this name or alias, however it is spelled; ``optim.adam`` asks one room only.

    >>> [(entry.kind, entry.id) for entry in find("Softmax Cross-Entropy")]
    [('loss', 'softmax_cross_entropy')]
    """
    room, _, last = word.removeprefix("downslope.").removeprefix("ds.").rpartition(".")
    wanted = _spelling(last)
    return [
        entry
        for entry in (everything() if entries is None else entries)
        if wanted in map(_spelling, (entry.id, *entry.aliases)) and (not room or room in (entry.room, entry.kind))
    ]


def near(word: str, entries: Iterable[Entry]) -> list[Entry]:
    """Entries whose name holds the word as a part: ``softmax`` is a part of ``softmax_cross_entropy``."""
    wanted = _spelling(word)
    return [
        entry
        for entry in entries
        if entry.kind != "error" and wanted in _spelling(entry.id).split("_") and wanted != _spelling(entry.id)
    ]


def _spelling(word: str) -> str:
    return re.sub(r"[\s_-]+", "_", word.strip().lower())
