"""What the tests of replays share: trainings whose every state is seen while it happens, and examples of every rule."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope import data, nn, optim
from downslope.data import Data
from downslope.runs import Run, snapshots as kept
from downslope.runs.recorder import Recorder
from downslope.runs.training import Training
from downslope.runs.walk import Walk, fingerprint

Truth = dict[int, str]
"""Steps done -> hash of all that was carried then, taken from the training itself."""


@contextmanager
def watched(seed: int = 0, snapshots: float = 0.15, most: int = 5) -> Iterator[Truth]:
    """Trainings inside take 1 to ``most`` steps at a time, by lot; after each portion what they carry is hashed.

    snapshots: in so many portions of 1 a snapshot is forced, also where the recorder would never take one.
    """
    truth, rng = Truth(), np.random.default_rng(seed)
    record, advance = Recorder.steps, Training.advance

    def steps(self: Recorder, count: int, rates: Any, seconds: float, carried: Any) -> None:
        record(self, count, rates, seconds, carried)
        truth[self.done] = fingerprint(carried)
        if rng.random() < snapshots and not self.sparse:
            self.commit(carried)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recorder, "steps", steps)
        patch.setattr(Training, "advance", lambda self, _: advance(self, int(rng.integers(1, most + 1))))
        yield truth


def require_exact(run: Run, truth: Truth, *orders: Iterable[int]) -> None:
    """Every state that was seen is replayed bit for bit, never corrected on the way.

    orders: in which the states are asked for, one after the other; by lot and then backwards if none is given.
    """
    replay = run.history.replay
    for order in orders or (by_lot(truth), backwards(truth)):
        for done in order:
            assert fingerprint(replay.before(done + 1)) == truth[done], f"after {done} steps"
    assert replay.difference is None
    assert run.steps == max(truth)
    assert fingerprint(run.carried) == truth[run.steps]


def by_lot(truth: Truth, seed: int = 0) -> list[int]:
    """The states that were seen, shuffled."""
    return [int(done) for done in np.random.default_rng(seed).permutation(list(truth))]


def backwards(truth: Truth) -> list[int]:
    """The states that were seen, the last one first."""
    return sorted(truth, reverse=True)


@contextmanager
def steps_walked() -> Iterator[list[int]]:
    """How many steps each call takes that takes some."""
    counts: list[int] = []
    take = Walk.take

    def counting(self: Walk, xs: Any, *rest: Any) -> None:
        counts.append(len(xs))
        take(self, xs, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Walk, "take", counting)
        yield counts


# --- examples ---------------------------------------------------------------------------------------------------------


NET = nn.mlp([4, 6, 3], hidden="tanh")
DROPPING = nn.Model(
    (4,),
    (nn.dense(8), nn.batch_norm(), nn.activate("relu"), nn.dropout(0.3), nn.dense(6), nn.dropout(0.5), nn.dense(3)),
)


def classes(n: int = 60, d: int = 4, *, whole: bool = False) -> Data:
    """n rows of d features in three classes, a fifth of them held out."""
    rng = np.random.default_rng(d)
    x = rng.integers(0, 3, (n, d)) if whole else rng.normal(size=(n, d))
    return data.arrays(x, np.argsort(np.argsort(x @ rng.normal(size=d))) * 3 // n)


@cache
def thinned() -> tuple[ds.runs.Run, list[int]]:
    """A run of 200 steps with few snapshots, and after how many steps these are."""
    with watched(snapshots=0.5):
        run = ds.train(NET, classes(), optimizer=optim.adam(0.01), steps=200, batch_size=7, budget=4000)
    return run, [mark.step for mark in kept.marks(run.file)]


EXAMPLES: dict[str, Any] = {
    "lr": 0.05,
    "optimizer": optim.adam(0.01),
    "max_norm": 0.1,
    "limit": 0.01,
    "steps": 20,
    "every": 7,
    "factor": 0.95,
    "size": 16,
    "warm_up": 6,
    "power": 0.5,
    "at": 9,
}
"""Values for the settings that have no default. A rule with a new one needs a line here."""
BY_TYPE: dict[str, Any] = {"float": 0.05, "int": 6, "Schedule": optim.schedules.cosine(0.05, steps=30)}


def example(function: Callable[..., Any]) -> Any:
    """What the function of a table makes of the least that it can be given."""
    known = inspect.signature(function).parameters.items()
    needed = {name: setting for name, setting in known if setting.default is setting.empty}
    return function(**{name: EXAMPLES.get(name, BY_TYPE.get(s.annotation)) for name, s in needed.items()})
