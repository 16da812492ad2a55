"""What the harness asks of a contender: to train some epochs, and to show what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.workloads import Workload


@dataclass(frozen=True, eq=False)
class Contender:
    """run: trains ``count`` epochs from number ``first`` on, and returns when they are done. result: the numbers by
    which it is compared with the others after epoch 0; None for one that trains nothing (a limit)."""

    run: Callable[[int, int], object]
    result: Callable[[], Any] | None


def training(w: Workload, epoch: Callable[[int], object], params: Callable[[], Any]) -> Contender:
    """A contender that is asked for one epoch after another. params: its weights and biases, a pair for each layer."""

    def run(first: int, count: int) -> None:
        for number in range(first, first + count):
            epoch(number)

    return Contender(run, lambda: [w.loss(params())])
