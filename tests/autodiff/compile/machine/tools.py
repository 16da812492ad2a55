"""Running a function through the machine dialect, its arrays between guard bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from downslope.autodiff import trace
from downslope.autodiff.compile import machine
from downslope.autodiff.compile.machine.program import Steps
from downslope.autodiff.graph import Graph

GUARD = 256
PATTERN = 0xA5

needs_machine = pytest.mark.skipif(machine.available() is not None, reason=str(machine.available()))


class Guarded:
    """An array with bytes on both sides that must never change."""

    def __init__(self, values: Any) -> None:
        values = np.asarray(values)
        self.raw = np.full(values.nbytes + 2 * GUARD, PATTERN, np.uint8)
        self.array = self.raw[GUARD : GUARD + values.nbytes].view(values.dtype).reshape(values.shape)
        self.array[...] = values

    def check(self) -> None:
        size = self.array.nbytes
        assert (self.raw[:GUARD] == PATTERN).all(), "bytes before an array were written"
        assert (self.raw[GUARD + size :] == PATTERN).all(), "bytes after an array were written"


class WatchedSteps(Steps):
    """Steps whose own memory lies between guard bytes too."""

    def room(self, nbytes: int) -> Any:
        made = Guarded(np.zeros(nbytes, np.uint8))
        self.own = [*getattr(self, "own", []), made]
        return made.array

    def words(self, n: int) -> Any:
        return self.room(8 * n).view(np.uint64)


def with_results(f: Callable[..., Any], arrays: Sequence[Any]) -> tuple[Graph, list[Any]]:
    """The graph of f with one more input for each of its results, and a fresh array for each of these."""
    first = trace(f, *arrays)
    results = [np.zeros(first[i].shape, first[i].dtype) for i in first.outputs]
    return trace(lambda xs, rs: f(*xs), list(arrays), results), results


def evaluated(f: Callable[..., Any], *arrays: Any) -> list[Any]:
    """f's results in one flat list, by machine code: its arguments streamed for one step, its results carried out."""
    graph, results = with_results(f, arrays)
    goals = graph.inputs[len(arrays) :]
    goal = {i: Guarded(r) for i, r in zip(goals, results, strict=True)}
    stream = [Guarded(np.asarray(x)[None]) for x in arrays]
    program = machine.loop(
        graph, {i: x.array for i, x in goal.items()}, dict(zip(goals, graph.outputs, strict=True)), []
    )
    steps: Any = program.function
    run = WatchedSteps(steps.code, graph, steps.bound, {})
    run([x.array for x in stream], [])
    for x in (*goal.values(), *stream, *run.own):
        x.check()
    return [goal[i].array for i in goals]
