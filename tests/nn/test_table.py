"""The tables of the room: an entry is one function with its decorator, and editors know all of them."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from downslope import nn
from downslope.errors import SettingError
from downslope.nn.activations import activation
from downslope.nn.initialise import initialiser
from downslope.nn.losses import loss
from downslope.nn.table import Table

ENTRIES: dict[str, Any] = {
    **nn.INITIALISERS,
    **nn.LOSSES,
    **{name: entry.function for name, entry in nn.ACTIVATIONS.items()},
    **{name: entry.function for name, entry in nn.LAYERS.items()},
}
ALIASES = {name for name, entry in ENTRIES.items() if name != entry.__name__ and not hasattr(nn, name)}


@pytest.fixture
def tables() -> Any:
    """Takes out again what a test enters."""
    known = {id(table): (table, dict(table)) for table in (nn.ACTIVATIONS, nn.INITIALISERS, nn.LOSSES, nn.TASKS)}
    yield
    for table, before in known.values():
        for name in set(table) - set(before):
            del table[name]


@pytest.mark.usefixtures("tables")
def test_a_function_becomes_an_entry_by_its_decorator_alone() -> None:
    @activation("cut", gain=1.2, start="he")
    def ramp(z: Any) -> Any:
        return np.clip(z, 0, 1)

    @initialiser()
    def halves(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return np.full(shape, 0.5)

    @loss(default_for="counting")
    def absolute(p: Any, y: Any) -> Any:
        return np.mean(abs(p - y))

    assert nn.gain("cut") == 1.2
    assert nn.loss_for("counting") is absolute
    model = nn.mlp([2, 2, 1], hidden="ramp", init="halves")
    assert model(model.init(), np.array([[1.0, 3.0]])) == 1.0
    he = nn.mlp([2, 2, 1], hidden="ramp").init(dtype=np.float64)["dense1"]["w"]
    np.testing.assert_array_equal(he, nn.he(nn.generator(0, 1), (2, 2)))


def test_a_name_stands_for_one_entry() -> None:
    table: Table[int] = Table("number")
    table.enter(1, "a", "one", "eins")
    table.enter(2, "a", "one")  # a cell that runs a second time
    assert table.find("one") == 2
    with pytest.raises(SettingError, match="there is a number called 'eins' already") as error:
        table.enter(3, "b", "eins")
    assert error.value.code == "name-taken"
    assert table == {"one": 2, "eins": 1}


@pytest.mark.parametrize(
    ("table", "word", "meant"),
    [
        (nn.LAYERS, "conv2", "conv2d"),
        (nn.ACTIVATIONS, "gleu", "gelu"),
        (nn.LOSSES, "hubert", "huber"),
        (nn.INITIALISERS, "ortogonal", "orthogonal"),
    ],
)
def test_for_an_unknown_name_the_nearest_is_suggested(table: Table[Any], word: str, meant: str) -> None:
    with pytest.raises(SettingError, match=f"there is no {table.kind} called '{word}'") as error:
        table.find(word)
    assert error.value.code == "unknown-name"
    assert f"Did you mean '{meant}'?" in str(error.value)


def test_every_entry_is_a_name_of_the_room_and_of_its_file() -> None:
    for name, entry in ENTRIES.items():
        if name in ALIASES:
            continue
        assert getattr(nn, name) is entry
        assert name in nn.__all__
        assert name in importlib.import_module(entry.__module__).__all__
    assert len(nn.__all__) == len(set(nn.__all__)), "two files offer the same name"


def test_editors_know_every_file_that_offers_a_name() -> None:
    path = Path(inspect.getfile(nn))
    typed = next(node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.If))
    lines = {line.module for line in typed.body if isinstance(line, ast.ImportFrom)}
    files = [f"downslope.nn.{file.name}" for file in pkgutil.iter_modules(nn.__path__)]
    assert lines == {file for file in files if hasattr(importlib.import_module(file), "__all__")}


NEW_FILE = '''
"""A layer of its own."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from downslope.autodiff import scope
from downslope.nn.initialise import constant
from downslope.nn.layers import Layer, layer, part

__all__ = ["scale"]


@dataclass(frozen=True)
class Scale(Layer):
    """h = w * x."""

    kind: ClassVar[str] = "scale"

    def parameters(self, shape_in):
        """One number."""
        return {"w": ((), constant)}

    def __call__(self, params, x):
        """x -> h."""
        w = part(params, "w", self.name)
        with scope(self.name):
            h = w * x
        return h


@layer([], (3,), refuses=None)
def scale(name=None):
    """Every number times one learned number."""
    return Scale(name=name or "")
'''


def test_a_layer_is_one_new_file(tmp_path: Path) -> None:
    """In a copy of the package, with nothing else changed, it is found and trained."""
    package = Path(inspect.getfile(nn)).parent.parent
    shutil.copytree(package, tmp_path / "downslope", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "downslope" / "nn" / "scale.py").write_text(NEW_FILE, encoding="utf-8")
    program = (
        "import numpy as np\n"
        "from downslope import nn\n"
        "from downslope.autodiff import grad\n"
        "model = nn.Model((3,), (nn.scale(), nn.scale()))\n"
        "g = grad(lambda p: np.sum(model(p, np.ones((1, 3)))))(model.init())\n"
        "print(nn.LAYERS['scale'].function is nn.scale, g['scale2']['w'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert done.stdout.split() == ["True", "3.0"], done.stderr
