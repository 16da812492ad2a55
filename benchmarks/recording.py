"""What recording costs, and how fast a recorded run answers; beside it a TensorBoard writer that logs histograms."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import downslope as ds
from downslope.runs import scalars
from downslope.runs.file import RunFile
from downslope.runs.run import Run

NETWORK = [64, 32, 10]


def recording(steps: int, rounds: int, long_run: int) -> dict[str, Any]:
    """Seconds of a training of digits without and with a run file, best of so many rounds taken in turns."""
    data, net = ds.data.digits(), ds.nn.mlp(NETWORK)

    def trained(record: Any, dialect: str = "in place") -> Run:
        return ds.train(net, data, optimizer=ds.optim.adam(1e-3), steps=steps, record=record, dialect=dialect)

    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(10_000))
        contenders: dict[str, Callable[[], Any]] = {
            "without a record": lambda: trained(False),
            "in memory": lambda: trained(True),
            "in a file": lambda: trained(f"{folder}/{next(numbers)}.run"),
            "machine, without a record": lambda: trained(False, "machine"),
            "machine, in a file": lambda: trained(f"{folder}/{next(numbers)}.run", "machine"),
        }
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, call in contenders.items():
                began = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - began)
        path = f"{folder}/asked.run"
        trained(path)
        best = {name: min(t) for name, t in times.items()}
        found = {
            "steps": steps,
            "seconds": {name: {"best": min(t), "median": float(np.median(t))} for name, t in times.items()},
            "recorded / not recorded": {
                name: {
                    "best": best[with_it] / best[without],
                    "median of ratios": float(np.median(np.divide(times[with_it], times[without]))),
                    "limit": 1.05,
                }
                for name, with_it, without in (
                    ("in place", "in a file", "without a record"),
                    ("machine", "machine, in a file", "machine, without a record"),
                )
            },
            "file, MB": {"size": Path(path).stat().st_size / 1e6, "limit": 10},
            "answers": answers(path, steps),
            "long run": long(f"{folder}/long.run", long_run),
        }
        found["TensorBoard histograms"] = tensorboard(folder, data, net, min(steps, 500))
    return found


def answers(path: str, steps: int) -> dict[str, Any]:
    """Seconds to open the file, to look into steps anywhere, and to ask an instrument over the whole run."""
    began = time.perf_counter()
    run = ds.load(path)
    opened = time.perf_counter() - began
    run.at(1).grads  # noqa: B018 -- programs are traced once, at the first step that is asked for
    opens = []
    for t in np.random.default_rng(0).integers(1, steps + 1, 40).tolist():
        fresh = ds.load(path)
        fresh.history.replay.walks.update(run.history.replay.walks)
        fresh.history.replay.probes.update(run.history.replay.probes)
        for walk in fresh.history.replay.walks.values():
            walk.done = -1  # from a snapshot, not from where the last one stood
        began = time.perf_counter()
        fresh.at(t).grads  # noqa: B018
        opens.append(time.perf_counter() - began)
    asked = []
    for _ in range(3):
        fresh = ds.load(path)
        with fresh.file.writing():
            fresh.file.remove("readings", "true")
        began = time.perf_counter()
        fresh.ask("dead_units", every=50)
        asked.append(time.perf_counter() - began)
    began = time.perf_counter()
    ds.load(path).ask("dead_units", every=50)
    return {
        "open the file": opened,
        "any step": {"worst": max(opens), "median": float(np.median(opens)), "limit": 0.03},
        "dead_units every 50 steps": {"first time": min(asked), "again": time.perf_counter() - began, "limit": 0.5},
    }


def long(path: str, steps: int) -> dict[str, Any]:
    """Seconds to open a run of very many recorded steps, and to draw it from its summaries."""
    run = ds.train(ds.nn.mlp([4, 3]), ds.data.iris(), optimizer=ds.optim.gradient_descent(0.1), steps=1, record=path)
    rng = np.random.default_rng(0)
    columns = {
        "loss": np.exp(-np.arange(steps) / steps) + 0.1 * rng.random(steps),
        "grad_norm": rng.random(steps),
        "lr": np.full(steps, 0.1),
        "seconds": np.full(steps, 1e-5),
    }
    file = RunFile.open(path)
    with file.writing():
        scalars.write(file, 0, columns)
        file.set_meta("extent", {**file.meta("extent"), "steps": steps})
        file.set_meta("until", steps)
    file.close()
    del run
    opened, drawn = [], []
    for _ in range(3):
        began = time.perf_counter()
        found = ds.load(path)
        opened.append(time.perf_counter() - began)
        course = found.history.overview("loss")
        drawn.append(time.perf_counter() - began)
    return {
        "steps": steps,
        "open": {"best": min(opened), "limit": 0.3},
        "open and overview": min(drawn),
        "numbers read to draw": len(course.mean),
        "file, MB": Path(path).stat().st_size / 1e6,
    }


def tensorboard(folder: str, data: Any, net: Any, steps: int) -> dict[str, Any] | str:
    """The same training through a writer of TensorBoard's that logs a histogram of each parameter at every step."""
    try:
        writer_of = import_module("torch.utils.tensorboard").SummaryWriter
    except ImportError:
        return "skipped: torch or tensorboard is not installed"
    times: dict[str, list[float]] = {"bare": [], "TensorBoard": [], "run file": []}
    for round_ in range(3):
        for name, elapsed in _three_ways(folder, data, net, steps, writer_of, round_):
            times[name].append(elapsed)
    best = {name: min(t) for name, t in times.items()}
    return {
        "steps": steps,
        "TensorBoard / bare": best["TensorBoard"] / best["bare"],
        "run file / bare": best["run file"] / best["bare"],
    }


def _three_ways(
    folder: str, data: Any, net: Any, steps: int, writer_of: Any, round_: int
) -> Iterator[tuple[str, float]]:
    rule = ds.optim.adam(1e-3)
    with contextlib.closing(writer_of(f"{folder}/tensorboard{round_}")) as writer:

        def logged(step: Any) -> bool:
            for name, value in step.params.items():
                writer.add_histogram(name, value, step.t)
            return False

        def looked(step: Any) -> bool:
            return not step.params

        # Both stop at every step to hand it over, so that only the writing differs.
        for name, watch in (("bare", looked), ("TensorBoard", logged)):
            began = time.perf_counter()
            ds.train(net, data, optimizer=rule, steps=steps, record=False, stop_when=watch)
            yield name, time.perf_counter() - began
    began = time.perf_counter()
    ds.train(net, data, optimizer=rule, steps=steps, record=f"{folder}/looked{round_}.run", stop_when=looked)
    yield "run file", time.perf_counter() - began
