"""Real steps to read: three steps each of four kinds of training, in both types, and the same steps as PyTorch's."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from downslope import data, nn, optim
from downslope.data import Data
from downslope.runs.probe import Probe
from downslope.runs.replayed import ReplayedStep, Surroundings
from downslope.runs.step import QUANTITIES, Batch, Step
from downslope.runs.step_program import Carried, steps_of
from downslope.runs.task import Task

ROWS, STEPS = 16, 3
TYPES = {"float32": np.float32, "float64": np.float64}
HAS_TORCH = importlib.util.find_spec("torch") is not None


def walk(
    model: Any,
    source: Data,
    rule: Any,
    dtype: Any = np.float64,
    *,
    params: Any = None,
    loss: Any = None,
    rows: int = ROWS,
    steps: int = STEPS,
) -> list[ReplayedStep]:
    """The first steps of a training as a run would give them again; each knows the one before it."""
    task = Task(model, source, loss, 0, dtype)
    now = Carried.start(task.start(params), rule, task.start_memory())
    way = steps_of(task.objective, rule, now, (task.x[:rows], task.y[:rows]))
    found: list[ReplayedStep] = []
    for t in range(1, steps + 1):
        ids = np.arange((t - 1) * rows, t * rows)
        x, y, rate, losses = task.x[ids], task.y[ids], rule.rate(t), np.zeros(1, task.dtype)
        before = Carried(now.layout, *now.copies())
        way.run(x[None], y[None], t, [rate], [losses])
        after = now.flat.copy()
        last = found[-1] if found else None

        def probe(before: Carried = before, x: Any = x, y: Any = y) -> Probe:
            return Probe(task, before.params(), before.memory, x, y)

        around = Surroundings(probe, lambda after=after: after, lambda last=last: last)  # type: ignore[misc]
        found.append(ReplayedStep(t, before, (x, y), ids, rate, float(losses[0]), rule, around))
    return found


# --- the four trainings -----------------------------------------------------------------------------------------------


def relu_mlp(dtype: Any) -> list[ReplayedStep]:
    return walk(nn.mlp([64, 8, 10]), data.digits(), optim.adam(0.01), dtype)


def tanh_mlp(dtype: Any) -> list[ReplayedStep]:
    return walk(nn.mlp([10, 6, 1], hidden="tanh"), data.diabetes(), optim.momentum(0.05), dtype)


def conv_net(dtype: Any) -> list[ReplayedStep]:
    layers = (
        nn.conv2d(3, 3, "relu", stride=2),
        nn.batch_norm(),
        nn.dropout(0.3),
        nn.flatten(),
        nn.dense(10, "sigmoid"),
        nn.dense(10),
    )
    return walk(nn.Model((1, 8, 8), layers), data.digits(), optim.gradient_descent(0.1), dtype)


def plain(params: Any, x: Any) -> Any:
    z = x @ params["w1"] + params["b1"]
    h = np.maximum(z, 0)
    s = np.tanh(h @ params["w2"])
    return s @ params["w3"]


def plain_function(dtype: Any) -> list[ReplayedStep]:
    rng = np.random.default_rng(0)
    shapes = {"w1": (4, 5), "b1": (5,), "w2": (5, 4), "w3": (4, 3)}
    params = {name: 0.7 * rng.normal(size=shape) for name, shape in shapes.items()}
    return walk(plain, data.iris(), optim.gradient_descent(0.1), dtype, params=params)


SCENES: dict[str, Callable[[Any], list[ReplayedStep]]] = {
    "relu mlp": relu_mlp,
    "tanh mlp": tanh_mlp,
    "conv net": conv_net,
    "plain function": plain_function,
}
STANDARD = [f"{scene} {dtype}" for scene in SCENES for dtype in TYPES]


@cache
def steps_named(name: str) -> list[ReplayedStep]:
    scene, _, dtype = name.rpartition(" ")
    return SCENES[scene](TYPES[dtype])


@pytest.fixture(params=STANDARD)
def steps(request: pytest.FixtureRequest) -> list[ReplayedStep]:
    """Three steps of one of the standard trainings."""
    return steps_named(request.param)


@pytest.fixture
def step(steps: list[ReplayedStep]) -> ReplayedStep:
    """The last of them: it has a step before it, and an optimizer that remembers."""
    return steps[-1]


@pytest.fixture(scope="session")
def scene() -> Callable[[str], list[ReplayedStep]]:
    """The steps of a standard training by its name, ``"relu mlp float64"``."""
    return steps_named


@pytest.fixture(scope="session")
def walking() -> Callable[..., list[ReplayedStep]]:
    """The function that makes steps of any model and data."""
    return walk


# --- steps by hand ----------------------------------------------------------------------------------------------------


class HandMade(Step):
    """A step whose quantities are written down; those that are not are unknown to it, as to some trainings."""

    def __init__(self, *, t: int = 1, task: str = "classification", before: Step | None = None, **known: Any) -> None:
        self.t, self.task, self.layers, self._before = t, task, known.pop("layers", {}), before
        for name, value in known.items():
            setattr(self, name, Batch(*value) if name == "batch" else value)

    @property
    def previous(self) -> Step | None:
        return self._before


@pytest.fixture(scope="session")
def hand_made() -> type[HandMade]:
    """The class of steps whose quantities are written down."""
    return HandMade


# --- PyTorch's tensors ------------------------------------------------------------------------------------------------


class TorchStep(Step):
    """The same step with every array as a PyTorch tensor; what is asked of it goes to the other one and back."""

    def __init__(self, inner: Step, torch: Any) -> None:
        self.inner, self.torch = inner, torch
        self.t, self.task, self.layers, self.optimizer = inner.t, inner.task, inner.layers, inner.optimizer
        self.made: dict[int, tuple[Any, Any]] = {}  # the same array is the same tensor

    def __getattribute__(self, name: str) -> Any:
        if name not in QUANTITIES or name == "hvp":
            return super().__getattribute__(name)
        value = getattr(self.inner, name)
        return value if name in ("loss", "lr") else self.converted(value)

    def converted(self, value: Any) -> Any:
        if isinstance(value, Batch):
            return Batch(*map(self.converted, value))
        if isinstance(value, Mapping):
            return {name: self.converted(one) for name, one in value.items()}
        if id(value) not in self.made:
            self.made[id(value)] = (value, self.torch.tensor(np.array(value)))
        return self.made[id(value)][1]

    @property
    def previous(self) -> Step | None:
        before = self.inner.previous
        return None if before is None else TorchStep(before, self.torch)

    def hvp(self, v: Any) -> Any:
        return self.converted(self.inner.hvp({name: np.asarray(x) for name, x in v.items()}))

    def loss_at(self, params: Any) -> float:
        return self.inner.loss_at({name: np.asarray(x) for name, x in params.items()})


@pytest.fixture(scope="session")
def as_torch() -> Callable[[Step], Step]:
    """From a step to the same step of PyTorch's tensors; skips where PyTorch is not installed."""
    torch = pytest.importorskip("torch")
    return lambda step: TorchStep(step, torch)
