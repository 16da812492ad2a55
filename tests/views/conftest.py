"""Runs made by hand, so that each test says which numbers it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from downslope.data import Data, arrays


@dataclass
class FakeRun:
    """What views read of a run, with predictions that a test chooses."""

    data: Data
    loss: Any = ()
    metrics: dict[str, Any] = field(default_factory=dict)
    params: Any = field(default_factory=dict)
    stopped: str | None = None
    failure: Any = None
    predictions: Any = None

    def loss_function(self) -> None: ...

    def predict(self, x: Any) -> Any:
        assert len(x) == len(self.predictions)
        return np.asarray(self.predictions)


MakeRun = Callable[..., Any]


@pytest.fixture
def classified() -> MakeRun:
    """``classified(true, predicted, classes)``: a run judged on rows of these true classes."""

    def make(true: Any, predicted: Any, classes: int, names: list[str] | None = None) -> Any:
        names = names or [f"class {k}" for k in range(classes)]
        data = SimpleNamespace(
            name="made",
            task="classification",
            classes=tuple(names),
            target="kind",
            held_out=Rows(np.zeros((len(true), 1)), np.array(true), np.arange(len(true))),
            train=Rows(np.zeros((0, 1)), np.zeros(0, int), np.zeros(0, int)),
        )
        return FakeRun(data, predictions=predicted)  # type: ignore[arg-type]  # a stand-in for Data

    return make


@dataclass
class Rows:
    """A stand-in for Split."""

    x: Any
    y: Any
    rows: Any

    def __len__(self) -> int:
        return len(self.rows)


@pytest.fixture
def measured() -> MakeRun:
    """``measured(target, predicted)``: a regression judged on rows with these raw targets."""

    def make(target: Any, predicted: Any) -> Any:
        data = SimpleNamespace(
            name="made",
            task="regression",
            target="price",
            target_scale=(0.0, 1.0),
            raw_target=lambda y: y,
            held_out=Rows(np.zeros((len(target), 1)), np.array(target, float)[:, None], np.arange(len(target)) + 100),
        )
        return FakeRun(data, predictions=predicted)  # type: ignore[arg-type]  # a stand-in for Data

    return make


@pytest.fixture
def with_loss() -> MakeRun:
    """``with_loss(values, **what_else)``: a run with these losses on a set of four rows."""
    data = arrays([[0.0], [1.0], [2.0], [3.0]], [0, 1, 1, 0], held_out=0, name="made")

    def make(loss: Any, **what_else: Any) -> Any:
        return FakeRun(data, loss=np.asarray(loss, float), **what_else)

    return make
