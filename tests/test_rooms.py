"""The import law of the house: which room may import which, what is lazy, and that nothing imports in a circle.

The source is read, never run. The law is the data at the top; the rest reads imports and compares.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "downslope"

# Which room may import which others. "runs: Step" allows that name of the room, or its module of that name, alone.
# Single files beside the rooms (downslope.errors ...) are open to everyone, because they may import no room themselves.
ROOMS: dict[str, tuple[str, ...]] = {
    "autodiff": (),
    "optim": ("autodiff",),
    "nn": ("autodiff",),
    "surfaces": ("autodiff",),
    "data": (),
    "runs": ("autodiff", "optim", "nn", "data"),
    "instruments": ("runs: Step", "runs: Reading", "runs: Instrument"),
    "explain": ("autodiff", "runs"),
    "exercises": ("autodiff", "optim", "nn", "surfaces", "data", "runs", "explain"),
    "watch": ("runs", "instruments"),
    "views": ("runs", "instruments", "explain"),
    "lab": ("autodiff", "optim", "nn", "surfaces", "data", "runs", "instruments", "explain", "watch", "views"),
    "cli": (
        *("autodiff", "optim", "nn", "surfaces", "data", "runs", "instruments", "explain", "exercises"),
        *("watch", "views", "lab"),
    ),
}
# The plug-in author's contract may name what it offers; `python -m downslope` is the command line.
FILES: dict[str, tuple[str, ...]] = {
    "extend": ("autodiff", "optim", "nn", "surfaces", "data", "runs", "instruments", "views"),
    "__main__": ("cli",),
}
# Rooms whose files never import each other, and the files that hold what they share.
STRANGERS: dict[str, tuple[str, ...]] = {"instruments": ("arrays", "vectors")}
# What a lower room offers and a higher one does, a table that is filled or a method: the file that asks for it to be
# read, at its first use.
DISCOVERED: dict[str, tuple[str, ...]] = {"runs/lazy": ("instruments", "explain", "lab")}

# Other packages, and the parts of the house that may import them ("" is everywhere). All others are refused.
PACKAGES: dict[str, tuple[str, ...]] = {
    "numpy": ("",),
    "array_api_compat": ("",),
    "msgspec": ("",),
    "zstandard": ("runs", "lab"),
    "threadpoolctl": ("autodiff/compile", "runs"),
    "optree": ("autodiff/tree",),
    "llvmlite": ("autodiff/compile",),
    "scipy": ("autodiff/compile",),
    "polars": ("data",),
    "pyarrow": ("data", "runs/export"),
    "pandas": ("data", "runs/export"),
    "tensorboard": ("runs/export",),
    "mlflow": ("runs/export",),
    "sklearn": ("data", "runs/baselines"),
    "torch": ("watch",),
    "keras": ("watch",),
    "matplotlib": ("views/plot",),
    "PIL": ("views/plot",),
    "imageio_ffmpeg": ("views/plot",),
    "rich": ("cli", "views/text"),
    "typer": ("cli",),
    "starlette": ("lab",),
    "uvicorn": ("lab",),
    "websockets": ("lab",),
    "anywidget": ("lab",),
    "traitlets": ("lab",),
}


@dataclass(frozen=True)
class Import:
    """One imported name: ``target`` is a module, or a module and one name in it."""

    target: str
    line: int
    kind: str  # "now", "typing" (never run), "late" (inside a function) or "lazy" (importlib)


@dataclass(frozen=True)
class Module:
    """One source file: its path inside the package without the ending, and what it imports."""

    path: str  # "autodiff/graph", "autodiff/__init__"
    imports: tuple[Import, ...]

    @property
    def name(self) -> str:
        return ".".join((PACKAGE, *self.path.split("/"))).removesuffix(".__init__")

    @property
    def package(self) -> str:
        return self.name if self.path.endswith("__init__") else self.name.rpartition(".")[0]

    @property
    def room(self) -> str:
        """Name of the room; "" for the files beside the rooms."""
        return self.path.partition("/")[0] if "/" in self.path else ""

    def at(self, line: int) -> str:
        return f"src/{PACKAGE}/{self.path}.py:{line}"


def read(path: str, source: str) -> Module:
    """The imports of one file. ``path`` as in ``Module.path``."""
    module = Module(path, ())
    return Module(path, tuple(_imports(ast.parse(source), module, "now")))


def _imports(node: ast.AST, module: Module, kind: str) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, kind) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = child.module or ""
            if child.level:
                parents = module.package.split(".")[: len(module.package.split(".")) - child.level + 1]
                base = ".".join([*parents, *filter(None, [base])])
            yield from (Import(f"{base}.{alias.name}", child.lineno, kind) for alias in child.names)
        elif isinstance(child, ast.Call) and _called(child) in ("import_module", "__import__"):
            target = _target(child, module)
            at_top = kind == "now" and module.path.endswith("__init__")
            yield Import(target, child.lineno, "lazy" if at_top or kind == "lazy" else "late")
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from (found for part in child.body for found in _imports(ast.Module([part], []), module, "typing"))
            yield from (found for part in child.orelse for found in _imports(ast.Module([part], []), module, kind))
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            hook = isinstance(node, ast.Module) and getattr(child, "name", "") == "__getattr__"
            for found in _imports(child, module, "lazy" if hook else "late"):
                is_statement = hook and found.kind == "lazy" and found.line in _statement_lines(child)
                yield Import(found.target, found.line, "late") if is_statement else found
        else:
            yield from _imports(child, module, kind)


def _statement_lines(function: ast.AST) -> set[int]:
    return {node.lineno for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)}


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _target(call: ast.Call, module: Module) -> str:
    """What ``import_module(...)`` is given, as far as it is written there; "?" where it cannot be read."""
    if not call.args:
        return "?"
    argument = call.args[0]
    parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
    text = ""
    for part in parts:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        elif isinstance(part, ast.FormattedValue) and ast.unparse(part.value) in ("__name__", "__package__"):
            text += module.package if ast.unparse(part.value) == "__package__" else module.name
        else:
            break
    if text.startswith("."):
        text = module.package + text
    return text.rstrip(".") or "?"


def breaches(module: Module) -> Iterator[str]:
    """Every import of a file that breaks the law, with file, line and rule."""
    for found in module.imports:
        if found.kind == "late":
            rule = "no import inside a function; what must wait goes through import_module in a module's __getattr__"
        else:
            rule = _broken_rule(module, found)
        if rule:
            yield f"{module.at(found.line)}: imports {found.target}: {rule}"


def _broken_rule(module: Module, found: Import) -> str:
    parts = found.target.split(".")
    if parts[0] == PACKAGE:
        return _broken_room_rule(module, found, [*parts[1:], "", ""])
    if found.target == "?":
        return (
            ""
            if module.path == "__init__"
            else "what is loaded lazily must begin with a name written out, or with __name__"
        )
    if parts[0] in sys.stdlib_module_names:
        return ""
    if parts[0] not in PACKAGES:
        return f"{parts[0]} is not in the table of packages (and, if it is there, not in pyproject.toml either)"
    allowed = PACKAGES[parts[0]]
    if any(place == "" or module.path == place or module.path.startswith(f"{place}/") for place in allowed):
        return ""
    return f"{parts[0]} is imported only in {' and '.join(allowed)}"


def _broken_room_rule(module: Module, found: Import, parts: list[str]) -> str:
    room, name = parts[0], parts[1]
    if room == module.room and room:
        own = {module.path.split("/")[1], "__init__", "", *STRANGERS.get(room, ())}
        if room in STRANGERS and module.path != f"{room}/__init__" and name.islower() and name not in own:
            return f"files of {room} never import each other"
        return ""
    if any(part.startswith("_") and part != "__version__" for part in parts if part):
        return "names with an underscore stay in their room"
    if room not in ROOMS:
        if room in FILES and module.path not in FILES:
            return f"nothing inside the house imports {PACKAGE}.{room}"
        if not (ROOT / "src" / PACKAGE / f"{room}.py").is_file() and room != "__version__":
            return f"inside the house a name is imported from its room, not through {PACKAGE}/__init__.py"
        return ""
    if module.path == "__init__":
        return "" if found.kind != "now" else f"{PACKAGE}/__init__.py names rooms only lazily, in __getattr__"
    if room in DISCOVERED.get(module.path, ()) and found.kind == "lazy":
        return ""
    allowed = FILES.get(module.path, ()) if not module.room else ROOMS.get(module.room, ())
    if room in allowed or f"{room}: {name}" in allowed or f"{room}: {name.capitalize()}" in allowed:
        return ""
    who = module.room or f"{PACKAGE}/{module.path}.py"
    return f"{who} may import {', '.join(allowed) or 'no room'}"


def circles(modules: list[Module]) -> list[str]:
    """The first circle of imports that run when a file is loaded, one line for each step of it; empty without one."""
    by_name = {module.name: module for module in modules}
    steps: dict[str, dict[str, int]] = {name: {} for name in by_name}
    for module in modules:
        for found in module.imports:
            # `from package import part` needs the file of the part if there is one, else what the package itself offers
            target = found.target if found.target in by_name else found.target.rpartition(".")[0]
            if found.kind == "now" and target in by_name and target != module.name:
                steps[module.name].setdefault(target, found.line)
    try:
        TopologicalSorter(steps).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][::-1]
        return [f"{by_name[a].at(steps[a][b])}: imports {b}" for a, b in pairwise(circle)]
    return []


@cache
def house() -> list[Module]:
    source = ROOT / "src" / PACKAGE
    files = sorted(source.rglob("*.py"))
    return [
        read(file.relative_to(source).with_suffix("").as_posix(), file.read_text(encoding="utf-8")) for file in files
    ]


def test_every_room_is_in_the_table() -> None:
    assert {module.room for module in house()} - {""} <= set(ROOMS)


def test_every_import_keeps_the_law() -> None:
    broken = [breach for module in house() for breach in breaches(module)]
    assert not broken, "the import law is broken:\n" + "\n".join(broken)


def test_nothing_imports_in_a_circle() -> None:
    circle = circles(house())
    assert not circle, "these files import each other in a circle:\n" + "\n".join(circle)


# --- the tester, tested -----------------------------------------------------------------------------------------------

PLANTED = [
    ("instruments/dead_units", "import torch", "torch is imported only in watch"),
    ("instruments/dead_units", "from downslope.runs import Run", "instruments may import runs: Step, runs: Reading,"),
    ("instruments/dead_units", "from downslope.autodiff import trace", "instruments may import"),
    ("instruments/dead_units", "from downslope.instruments.rank import rank", "never import each other"),
    ("instruments/dead_units", "from . import rank", "never import each other"),
    ("autodiff/trace", "from downslope.optim import adam", "autodiff may import no room"),
    ("autodiff/trace", "from ..optim import adam", "autodiff may import no room"),
    ("autodiff/trace", "import optree", "optree is imported only in autodiff/tree"),
    ("autodiff/trace", "from scipy.linalg import cython_blas", "scipy is imported only in autodiff/compile"),
    ("optim/adam", "from downslope.autodiff.trace import _ACTIVE", "underscore"),
    ("runs/train", "import downslope.lab.server", "runs may import autodiff, optim, nn, data"),
    ("runs/train", "from sklearn import datasets", "sklearn is imported only in data and runs/baselines"),
    ("runs/train", "if TYPE_CHECKING:\n    from downslope.views import Payload", "runs may import"),
    ("runs/train", "from downslope.extend import Step", "nothing inside the house imports downslope.extend"),
    ("runs/train", "import downslope", "imported from its room"),
    ("instruments/dead_units", "from downslope import Run", "imported from its room"),
    ("runs/train", "import pytest", "pytest is not in the table of packages"),
    ("views/loss", "import rich", "rich is imported only in cli and views/text"),
    ("errors", "from downslope.autodiff import trace", "downslope/errors.py may import no room"),
    ("__init__", "from downslope.nn import mlp", "names rooms only lazily"),
    ("data/table", "def read():\n    import polars", "no import inside a function"),
    (
        "data/table",
        "class Table:\n    def read(self):\n        from polars import read_csv",
        "no import inside a function",
    ),
    ("data/table", "def read():\n    return import_module('polars')", "no import inside a function"),
    ("data/table", "pl = importlib.import_module('polars')", "no import inside a function"),
    ("data/table", "read = lambda: __import__('polars')", "no import inside a function"),
    ("data/__init__", "def __getattr__(name):\n    import polars", "no import inside a function"),
    ("data/__init__", "def __getattr__(name):\n    return import_module('torch')", "torch is imported only in watch"),
    ("data/__init__", "def __getattr__(name):\n    return import_module(name)", "must begin with a name written out"),
    (
        "data/__init__",
        "def __getattr__(name):\n    return import_module(f'downslope.lab.{name}')",
        "data may import no room",
    ),
]

LEGAL = [
    ("instruments/dead_units", "from downslope.runs import Step\nfrom downslope.runs.reading import Reading"),
    ("instruments/dead_units", "from downslope.instruments.arrays import norm"),
    ("autodiff/tree", "import optree"),
    ("autodiff/compile/machine", "import llvmlite.binding\nfrom scipy.linalg import cython_blas"),
    ("autodiff/compile", "import llvmlite"),
    (
        "autodiff/trace",
        "import contextlib\nfrom downslope.autodiff.graph import _Hidden\nfrom downslope.errors import TraceError",
    ),
    ("autodiff/primitives/__init__", "for name in names:\n    import_module(f'{__name__}.{name}')"),
    ("runs/baselines", "from sklearn.linear_model import LogisticRegression"),
    ("data/lazy", "def __getattr__(name):\n    return import_module(f'downslope.data.{name}')"),
    ("__init__", "def __getattr__(name):\n    return import_module(ROOMS[name])"),
    ("__init__", "if TYPE_CHECKING:\n    from downslope.nn import mlp"),
    ("__main__", "from downslope.cli import main"),
    ("extend", "from downslope.runs import Step"),
    ("cli/lab", "import typer\nfrom downslope.lab.server import serve"),
]


@pytest.mark.parametrize(("path", "source", "rule"), PLANTED)
def test_a_planted_breach_is_caught_with_file_line_and_rule(path: str, source: str, rule: str) -> None:
    (message,) = breaches(read(path, source))
    assert message.startswith(f"src/downslope/{path}.py:{source.count(chr(10)) + 1}: imports ")
    assert rule in message


@pytest.mark.parametrize(("path", "source"), LEGAL)
def test_a_legal_import_passes(path: str, source: str) -> None:
    module = read(path, source)
    assert module.imports
    assert not list(breaches(module))


def test_a_planted_circle_is_caught_and_every_step_of_it_is_named() -> None:
    one = read("runs/run", "from downslope.runs import step")
    two = read("runs/step", "import os\nfrom downslope.runs.file import File")
    three = read("runs/file", "from .run import Run")
    assert sorted(circles([one, two, three])) == [
        "src/downslope/runs/file.py:1: imports downslope.runs.run",
        "src/downslope/runs/run.py:1: imports downslope.runs.step",
        "src/downslope/runs/step.py:2: imports downslope.runs.file",
    ]


def test_imports_for_typing_alone_are_no_circle() -> None:
    one = read("runs/run", "if TYPE_CHECKING:\n    from downslope.runs.step import Step")
    two = read("runs/step", "from downslope.runs.run import Run")
    assert not circles([one, two])
