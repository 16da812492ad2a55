"""A contender in a process of its own: it sets up once, and trains some epochs whenever it is asked over its pipe.

``python -m benchmarks.worker '{"made": ..., "workload": ..., "threads": ...}'`` answers one line of JSON first,
and then one for each line that it is given.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from importlib import import_module, metadata
from typing import Any, TextIO

from benchmarks.contender import Contender
from benchmarks.general import GENERAL
from benchmarks.workloads import NETWORKS, SWEEP, Workload, deep, wide


def workload_of(name: str) -> Workload:
    """The workload of a name: "S", "sweep", "width 512", "depth 16", or one of general.py.

    >>> workload_of("depth 3").sizes
    (64, 32, 32, 32, 10)
    """
    kind, _, n = name.partition(" ")
    if kind in ("width", "depth") and n.isdigit():
        return (wide if kind == "width" else deep)(int(n))
    return {**NETWORKS, **GENERAL, SWEEP.name: SWEEP}[name]


def main(answers: TextIO) -> None:
    """Set up, then answer."""
    asked = json.loads(sys.argv[1])
    workload = workload_of(asked["workload"])
    prepare(workload)
    began = time.perf_counter()
    module, _, function = asked["made"].partition(":")
    made = getattr(import_module(module if "." in module else f"benchmarks.{module}"), function)
    imported = time.perf_counter()
    contender: Contender = made(workload, asked["threads"])
    contender.run(0, 1)
    ready = time.perf_counter()
    result = contender.result() if contender.result else None
    packages = getattr(sys.modules[made.func.__module__ if hasattr(made, "func") else made.__module__], "PACKAGES", ())
    told = {
        **{"import": imported - began, "first epoch": ready - imported, "result": result},
        "versions": {package: metadata.version(package) for package in packages},
    }
    _say(answers, told)
    for line in sys.stdin:
        _say(answers, timed(contender, **json.loads(line)))


def prepare(workload: Workload) -> None:
    """Make what all share before the clock starts: the rows and their orders."""
    if workload.name not in GENERAL:
        workload.rows(0)
        len(workload.labels)


def timed(contender: Contender, first: int, count: int, whole: bool) -> dict[str, Any]:
    """Wall seconds of each epoch, or their mean where a call trains several; CPU seconds of an epoch, all threads."""
    walls: list[float] = []
    cpu = time.process_time()
    if whole:
        began = time.perf_counter()
        contender.run(first, count)
        walls.append((time.perf_counter() - began) / count)
    else:
        for number in range(first, first + count):
            began = time.perf_counter()
            contender.run(number, 1)
            walls.append(time.perf_counter() - began)
    return {"walls": walls, "cpu": (time.process_time() - cpu) / count}


def _say(answers: TextIO, told: dict[str, Any]) -> None:
    if told.get("result") is not None and not all(map(math.isfinite, told["result"])):
        told["result"] = [str(x) for x in told["result"]]  # "nan": JSON has no number for it
    answers.write(json.dumps(told) + "\n")
    answers.flush()


if __name__ == "__main__":
    # The answers go where standard output was; what a package prints goes to standard error.
    with os.fdopen(os.dup(1), "w") as answers_:
        os.dup2(2, 1)
        main(answers_)
