"""What Downslope must show: ratios within one run, best epoch against best epoch, and times until a first step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.contenders import BY_HAND_C, CALL, EAGER, FUSED, MANY, OURS, PRODUCTS, SCAN, two
from benchmarks.general import PROBLEMS

VMAP = "JAX, vmap and scan"


@dataclass(frozen=True)
class Goal:
    """``name`` on a workload takes at most ``goal`` times as long as ``beside``; ``reach`` is what would be better."""

    workload: str
    name: str
    beside: str
    goal: float | None
    reach: float | None = None


@dataclass(frozen=True)
class Limit:
    """A number of the figures, found by its path, that is at most ``goal`` milliseconds."""

    what: str
    path: tuple[str, ...]
    goal: float
    reach: float | None = None


# Where a goal speaks of two threads, or the other one always takes all cores, ours has two as well; T and S have one.
GOALS = (
    Goal("T", OURS, SCAN, 0.18),
    Goal("T", OURS, BY_HAND_C, None, 1.2),
    Goal("S", OURS, SCAN, 0.35),
    Goal("S", OURS, EAGER, 1 / 35),
    Goal("S", OURS, FUSED, 1 / 35),
    Goal("S", OURS, PRODUCTS, None, 0.95),
    Goal("M", OURS, PRODUCTS, 1.18, 1.1),
    Goal("M", two(OURS), two(PRODUCTS), 1.2),
    Goal("M", two(OURS), SCAN, 0.7),
    Goal("L", OURS, PRODUCTS, 1.07, 1.04),
    Goal("L", two(OURS), SCAN, 1.0),
    Goal("sweep", two(OURS), VMAP, 0.3, 0.25),
    Goal("sweep", MANY, VMAP, None, 0.3),  # with all that it does for a user beside the steps
    *(Goal(name, OURS, peer, 1.0) for name in PROBLEMS for peer in (SCAN, CALL)),
)
LIMITS = (
    Limit("first step in a warm process, ms", ("first step", "in place", "best"), 20, 10),
    Limit("compile of S, ms", ("S", "compile"), 200, 120),
    Limit("compile of a 3-block conv net, ms", ("conv net, 3 blocks", "compile"), 1_000),
)


def judged(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each goal whose workload was run: the ratio and whether it is met, or why there is none."""
    steps, rows = figures.get("steps", {}), []
    for goal in GOALS:
        if goal.workload not in steps:
            continue
        found = [steps[goal.workload].get(name, {"skipped": "not selected"}) for name in (goal.name, goal.beside)]
        row = {"what": f"{goal.workload}: {goal.name} / {goal.beside}", "goal": goal.goal, "reach": goal.reach}
        missing = [
            f"{name}: {each.get('error') or each.get('skipped')}"
            for name, each in zip((goal.name, goal.beside), found, strict=True)
            if "best" not in each
        ]
        told = {"missing": "; ".join(missing)} if missing else _verdict(found[0]["best"] / found[1]["best"], goal)
        rows.append(row | told)
    for limit in LIMITS:
        at: Any = figures.get("latency", {})
        for key in limit.path:
            at = at.get(key, {}) if isinstance(at, Mapping) else {}
        if isinstance(at, float | int):
            rows.append({"what": limit.what, "goal": limit.goal, "reach": limit.reach} | _verdict(at, limit))
    return rows


def _verdict(value: float, aim: Goal | Limit) -> dict[str, Any]:
    bound = aim.goal if aim.goal is not None else aim.reach
    assert bound is not None
    verdict = "met" if value <= bound else "missed"
    if aim.reach is not None and value <= aim.reach:
        verdict = "reached"
    return {"value": value, "verdict": verdict, "value / bound": value / bound}
