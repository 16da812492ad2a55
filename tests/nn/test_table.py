"""The tables of the room: an entry is one function with its decorator, and editors know all of them."""

from __future__ import annotations

import ast
import inspect
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

ENTRIES = {
    **nn.INITIALISERS,
    **nn.LOSSES,
    **{name: entry.function for name, entry in nn.ACTIVATIONS.items()},
}


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


def test_editors_know_every_entry() -> None:
    path = Path(inspect.getfile(nn))
    typed = next(node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.If))
    found = {
        (line.module, alias.name, alias.asname)
        for line in typed.body
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
    }
    entries = {(entry.__module__, name, name) for name, entry in ENTRIES.items() if name != "linear"}  # it is identity
    assert found == entries, f"bring the block TYPE_CHECKING of {path.name} up to date"
    for name, entry in ENTRIES.items():
        assert getattr(nn, name) is entry
        assert name in nn.__all__
