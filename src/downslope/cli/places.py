"""Where an entry is: the file and line of its definition, and the tests that name it."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]
_ROOT = PACKAGE.parents[1]
CHECKOUT = _ROOT if (_ROOT / "pyproject.toml").is_file() and PACKAGE.parent.name == "src" else None
"""The repository, where there is one: an installed package has neither tests nor pages beside it."""

# The folder whose files enter the records of a room, where it is not the whole room.
_HOMES = {"autodiff": "autodiff/primitives", "explain": "explain/mistakes"}

Place = tuple[Path, int]


def shown(file: Path) -> str:
    """A path as people read it: from the repository on, ``src/downslope/optim/adam.py``, or from the package on."""
    top = CHECKOUT or PACKAGE.parent
    return file.relative_to(top).as_posix() if file.is_relative_to(top) else str(file)


def defined(thing: Any, name: str, room: str) -> Place:
    """File and line of a function, of a class, of a record's function, or of the statement that enters the name."""
    function = thing if isinstance(thing, FunctionType) or inspect.isclass(thing) else getattr(thing, "function", None)
    if isinstance(function, FunctionType):
        code = inspect.unwrap(function).__code__
        return Path(code.co_filename), _line_of_def(function, code.co_firstlineno)
    if inspect.isclass(function):
        return Path(inspect.getfile(function)), inspect.getsourcelines(function)[1]
    hits = entering_statements(PACKAGE / _HOMES.get(room, room)).get(name, [])
    if not hits and dataclasses.is_dataclass(thing):
        callables = [getattr(thing, field.name) for field in dataclasses.fields(thing)]
        hits = [(Path(c.__code__.co_filename), c.__code__.co_firstlineno) for c in callables if hasattr(c, "__code__")]
    return hits[0] if hits else (Path(inspect.getfile(type(thing))), 1)


def _line_of_def(function: Callable[..., Any], first: int) -> int:
    """The line of ``def`` itself: a function's first line is that of its decorator."""
    try:
        lines = inspect.getsourcelines(function)[0]
    except OSError:
        return first
    return first + next((i for i, line in enumerate(lines) if re.match(r"\s*def ", line)), 0)


@cache
def entering_statements(folder: Path) -> dict[str, list[Place]]:
    """Word -> where, outside of functions, it is the first argument, ``name=`` or ``id=`` of a call, or heads a tuple.

    So it finds ``EXP = elementwise("exp", ...)``, ``register(Primitive(name="sum", ...))`` and the rows of a loop.
    """
    found: dict[str, list[Place]] = {}
    for file in sorted(folder.rglob("*.py")):
        for node in _outside_functions(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                heads = [*node.args[:1], *(k.value for k in node.keywords if k.arg in ("name", "id"))]
            elif isinstance(node, ast.Tuple):
                heads = node.elts[:1]
            else:
                continue
            for head in heads:
                if isinstance(head, ast.Constant) and isinstance(head.value, str):
                    found.setdefault(head.value, []).append((file, head.lineno))
    return found


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(tree):
        if not isinstance(child, ast.FunctionDef | ast.Lambda):
            yield child
            yield from _outside_functions(child)


def tests_naming(words: tuple[str, ...], room: str, table: str, *, is_called: bool) -> list[str]:
    """Test files that walk the whole table, then ``tests/optim/test_rules.py:34`` for those that name one of the words.

    is_called: its bare name with a parenthesis means it, and not a function of Python's as in ``max(x)``.
    """
    either = "|".join(map(re.escape, words))
    called = rf"|(?<![\w.])(?:{either})\(" if is_called else ""
    # In quotation marks, or as an attribute of its module.
    named = re.compile(rf"[\"'](?:{either})[\"']|\b(?:np|np\.linalg|{room})\.(?:{either})\b{called}")
    walked = re.compile(rf"\b{table}\b") if table else None
    by_name, by_table = [], []
    for file, text in _test_files().items():
        if any(word in text for word in words) and (hit := named.search(text)):  # most files name none: no search
            by_name.append(f"{file}:{text.count(chr(10), 0, hit.start()) + 1}")
        if walked and table in text and f"downslope.{room}" in text and walked.search(text):
            by_table.append(f"{file} (every entry of {table})")
    return by_table + by_name


@cache
def _test_files() -> dict[str, str]:
    files = sorted((CHECKOUT / "tests").rglob("test_*.py")) if CHECKOUT else []
    return {shown(file): file.read_text(encoding="utf-8") for file in files}
