"""Contenders on one workload: who does the same work is timed, in turns A B C A B C; who does not is an error."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.child import Child, NoAnswerError
from benchmarks.contenders import Entry
from benchmarks.general import GENERAL
from benchmarks.worker import workload_of
from benchmarks.workloads import SWEEP, SWEEP_STEPS, Workload

# Of the way that the loss has come. In float32 the order of a sum decides about the sign of gradients next to nothing,
# and Adam's first steps take the sign: contenders that do the same come up to 8e-5 apart on M and L (1e-7 on T). A rate
# off by a fifth of a percent, one step less, other mini-batches or another order are further: it is tested.
TOLERANCE = 2e-4
STILL = 0.1
SAME_LOSSES = 1e-4  # relative, of the losses of single steps
PAUSE = 0.05  # seconds before a turn: threads of the one before may still be spinning
IMPORTS = 60.0  # seconds that a package may take to be imported, beside its first epoch

Say = Callable[[str], None]


@dataclass(frozen=True)
class Pace:
    """turn: seconds that a contender trains before the next one does. rounds: how many turns each has."""

    turn: float = 0.25
    rounds: int = 9


SMOKE = Pace(0.01, 2)


def measured(entries: Sequence[Entry], name: str, pace: Pace, say: Say) -> dict[str, dict[str, Any]]:
    """Name of contender -> what was found, or {"skipped": reason}, or {"error": what is wrong with it}.

    Times are microseconds a step (of all copies, for a sweep). "best" is that of the best epoch.
    """
    workload = workload_of(name)
    found: dict[str, dict[str, Any]] = {}
    children: dict[str, Child] = {}
    with tempfile.TemporaryDirectory() as caches:
        try:
            for entry in entries:
                say(f"{name}: {entry.name} sets up")
                found[entry.name] = _started(entry, workload, caches, children)
            disagreement(found, workload)
            for each in [each for each in children if "error" in found[each]]:
                children.pop(each).close()
            _in_turns(children, found, pace, workload, lambda text: say(f"{name}: {text}"))
        finally:
            for child in children.values():
                child.close()
    for told in found.values():
        told.pop("result", None)
    return found


def _started(entry: Entry, w: Workload, caches: str, children: dict[str, Child]) -> dict[str, Any]:
    """Start a contender alone, so that what it compiles is timed undisturbed."""
    if entry.absent:
        return {"skipped": entry.absent}
    child = Child(entry, w.name, caches)
    try:
        told = child.answer(entry.patience + IMPORTS)
        if told["first epoch"] > entry.patience:
            raise NoAnswerError(f"its first epoch took {told['first epoch']:.0f} s, more than {entry.patience:.0f} s")
    except NoAnswerError as why:
        child.close()
        return {"skipped": str(why)}
    children[entry.name] = child
    known = {"tolerance": entry.tolerance, "differs": entry.differs} if entry.tolerance else {}
    return {"threads": entry.threads, **known, **told}


def disagreement(found: dict[str, dict[str, Any]], w: Workload) -> None:
    """Mark whoever has come to other numbers than the first who has any, which is Downslope."""
    compared = {name: each for name, each in found.items() if each.get("result") is not None}
    if not compared:
        return
    (reference, first), *_ = compared.items()
    ours = np.array(first["result"], float)
    if w.name in GENERAL:
        scale, limit = np.abs(ours), SAME_LOSSES
    else:
        # By how far training has come. About the little that a deep network moves at first, rounding decides: such a
        # one is compared by a part of the loss itself.
        scale, limit = np.maximum(np.abs(w.loss(w.start()) - ours), STILL * np.abs(ours)), TOLERANCE
    for each in compared.values():
        theirs = np.array(each["result"], float)
        if theirs.shape != ours.shape:
            each["error"] = f"trains something else: it has {theirs.size} losses, {reference} has {ours.size}"
            continue
        apart = np.abs(theirs - ours) / scale
        worst = int(np.argmax(apart))
        each["apart"] = float(apart[worst])
        if not apart[worst] <= each.get("tolerance", limit):  # NaN too
            each["error"] = (
                f"trains something else: its loss after {w.steps} steps is {theirs[worst]:.8g}, that of "
                f"{reference} {ours[worst]:.8g}"
            )


def _in_turns(children: dict[str, Child], found: dict[str, dict[str, Any]], pace: Pace, w: Workload, say: Say) -> None:
    walls: dict[str, list[float]] = {name: [] for name in children}
    cpus: dict[str, list[float]] = {name: [] for name in children}
    counts, done = dict[str, int](), dict[str, int]()
    for turn in range(-2, pace.rounds):  # the first two warm up, and tell how many epochs a turn holds
        if turn >= 0 and turn % 3 == 0:
            say(f"round {turn + 1} of {pace.rounds}")
        for name in list(children):
            time.sleep(PAUSE)
            first, count = done.get(name, 1), counts.get(name, 2)
            try:
                told = children[name].ask(first, count)
            except NoAnswerError as why:
                found[name]["error"] = str(why)
                children.pop(name).close()
                continue
            done[name] = first + count
            if turn < 0:
                most = pace.turn / max(min(told["walls"]), 1e-7)
                counts[name] = max(2 if children[name].entry.whole else 1, min(round(most), 100_000))
                continue
            walls[name] += told["walls"]
            cpus[name].append(told["cpu"])
    unit = 1e6 / (SWEEP_STEPS if w.name == SWEEP.name else w.steps)
    for name in children:
        best = min(walls[name])
        found[name] |= {
            "best": best * unit,
            "median": float(np.median(walls[name])) * unit,
            "cpu": min(cpus[name]) * unit,
            "epochs": len(walls[name]) if not children[name].entry.whole else counts[name] * pace.rounds,
            "until the first epoch": max(0.0, found[name].pop("first epoch") - best),
        }
