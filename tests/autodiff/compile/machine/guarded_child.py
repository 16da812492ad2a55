"""A process that may be killed by a fault: ``python -m tests...guarded_child FIRST COUNT [PLANT]``.

Runs random programs between forbidden pages, flush with the page after and with the page before, in one thread and in
two, which must agree to the last bit. It says which seed comes next before each one. PLANT: a mistake that the
generator is given, to see that it is found.
"""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from tests.autodiff.compile.machine.guard import PLACES, between_pages
from tests.autodiff.compile.machine.random_graphs import random_problem
from tests.autodiff.compile.machine.random_steps import random_training
from tests.autodiff.compile.machine.tools import with_results

from downslope.autodiff import trace
from downslope.autodiff.compile.machine import parts
from downslope.autodiff.compile.machine.code import Function
from downslope.autodiff.compile.machine.cpu import Cpu, this_cpu
from downslope.autodiff.compile.machine.kinds import NotGenerated


def cpu_of(seed: int) -> Cpu:
    """This CPU; for every third seed as if its vectors were shorter."""
    cpu = this_cpu()
    assert isinstance(cpu, Cpu)
    if seed % 3:
        return cpu
    width, registers = ((32, 16), (16, 32), (16, 16))[seed // 3 % 3]
    kept = [f for f in cpu.features.split(",") if not f.startswith(("+avx512", "+avx10", "-prefer"))]
    if cpu.family != "x86":
        return replace(cpu, width=min(width, cpu.width), registers=registers)
    return replace(cpu, name="haswell", features=",".join(kept), width=width, registers=registers)


def ways(seed: int) -> list[tuple[str, int]]:
    """Against the page after in one thread and against the page before in two, or the other way round."""
    return [(place, 1 + (k + seed // 7) % 2) for k, place in enumerate(PLACES)]


def graph_once(seed: int) -> str:
    """A random function between pages gives NumPy's numbers."""
    problem = random_problem(seed)
    graph, results = with_results(problem.function, problem.arrays)
    truths = trace(problem.function, *problem.arrays)(*problem.arrays)
    goals = graph.inputs[len(problem.arrays) :]
    carried = dict(zip(goals, graph.outputs, strict=True))
    ends: list[list[Any]] = []
    for place, threads in ways(seed):
        bound = dict(zip(goals, results, strict=True))
        run = between_pages(graph, bound, carried, [], cpu_of(seed), place, threads=threads)
        run([x[None] for x in problem.arrays], [])
        ends.append([run.steps.bound[i] for i in goals])
    for found, other, truth in zip(*ends, truths, strict=True):
        require_close(found, truth)
        np.testing.assert_array_equal(found, other)
    return problem.text


def steps_once(seed: int) -> str:
    """A few random training steps between pages: their losses are numbers, and nothing differs in two threads."""
    training = random_training(seed)
    if training is None:
        return "not traced"
    ends: list[list[Any]] = []
    for place, threads in ways(seed):
        run = between_pages(
            training.graph, training.bound, training.carried, training.recorded, cpu_of(seed), place,
            training.gathered, threads,
        )  # fmt: skip
        records = [np.full(len(training.streams[0]), np.nan) for _ in training.recorded]
        run(training.streams, records)
        assert np.isfinite(records).all(), records
        ends.append([*records, *(run.steps.bound[i] for i in training.bound)])
    for found, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(found, other)
    return training.text


def require_close(found: Any, truth: Any) -> None:
    """What lies beside an array is NaN, so a number from there shows."""
    truth = np.asarray(truth)
    if truth.dtype.kind != "f":
        return  # comparisons of rounded numbers may differ
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(truth))
    scale = 1 + np.abs(truth[np.isfinite(truth)]).max(initial=0.0)
    far = np.abs(np.where(np.isfinite(truth), found - truth, 0)) > (2e-2 if truth.dtype == np.float32 else 1e-6) * scale
    assert far.mean() < 0.2, f"{far.mean():.0%} of the numbers are others"


def once(seed: int) -> str:
    """The program of a seed: every fourth one is a training."""
    try:
        return steps_once(seed) if seed % 4 == 0 else graph_once(seed)
    except NotGenerated as refused:
        return f"refused: {refused}"


def text_of(seed: int) -> str:
    """What the seed stands for."""
    training = random_training(seed) if seed % 4 == 0 else None
    return training.text if training else random_problem(seed).text


def plant(mistake: str) -> None:
    """Give the generator a mistake of the kind that is looked for."""
    load, store = Function.load, Function.store

    def load_whole(self: Any, pointer: str, kind: str, lanes: int, tail: int | None = None, stride: int = 1) -> Any:
        return load(self, pointer, kind, lanes, None, stride)

    def store_whole(self: Any, x: Any, pointer: str, tail: int | None = None, stride: int = 1) -> None:
        store(self, x, pointer, None, stride)

    def load_before(self: Any, pointer: str, kind: str, lanes: int, tail: int | None = None, stride: int = 1) -> Any:
        self.named(f"load volatile i8, ptr {self.named(f'getelementptr i8, ptr {pointer}, i64 -1')}")
        return load(self, pointer, kind, lanes, tail, stride)

    name, function = {
        "load": ("load", load_whole), "store": ("store", store_whole), "before": ("load", load_before)
    }[mistake]  # fmt: skip
    setattr(Function, name, function)


def main(first: int, count: int, mistakes: Iterable[str]) -> None:
    """One program after the other."""
    faulthandler.enable()
    parts.LEAST.update(nest=0, product=0)  # everything is cut that can be
    parts.GRAIN.update(nest=1, product=1)
    for mistake in mistakes:
        plant(mistake)
    refused = 0
    for seed in range(first, first + count):
        print(seed, flush=True)
        with np.errstate(all="ignore"):
            refused += once(seed).startswith(("refused", "not traced"))
    print("done", count - refused, "of", count, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
