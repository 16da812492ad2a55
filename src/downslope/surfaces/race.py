"""A fair race: several optimizers, an equal budget of gradient evaluations, the same starts and the same noise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np

from downslope.errors import SettingError
from downslope.streams import Stream
from downslope.surfaces.checks import checked_count, checked_point
from downslope.surfaces.descend import checked_surface
from downslope.surfaces.draws import checked_seed, uniform_pair
from downslope.surfaces.entrant import Entrant, best_so_far, quantile, rate_text
from downslope.surfaces.meter import BudgetSpentError, Meter
from downslope.surfaces.rule import (
    Rule,
    checked_rule,
    constant_rate,
    evaluation_point,
    is_method,
    treats_rows_alone,
)
from downslope.surfaces.surface import Array, Surface

RATES = tuple(float(f"{10 ** (k / 2):.2g}") for k in range(-10, 3))
"""The rates that tuning tries: two for each power of ten, from 1e-5 to 10."""
MOST_EVALUATIONS = 100_000


@dataclass(frozen=True, eq=False)
class Race:
    """Optimizers on one surface. starts: shape (runs, 2); seeds: of the noise, one for each run."""

    surface: Surface
    budget: int
    starts: Array
    seeds: tuple[int, ...]
    entrants: tuple[Entrant, ...]
    notes: tuple[str, ...]

    @property
    def ranking(self) -> tuple[Entrant, ...]:
        """The entrants by their median best value at the end, the lowest first."""
        return tuple(sorted(self.entrants, key=lambda each: float(each.median[-1])))

    def text(self) -> str:
        """The conditions, then a table with the lowest first."""
        runs = len(self.starts)
        lines = [f"race on {self.surface.name}: {self.budget} gradient evaluations each, {runs} run{'s' * (runs != 1)}"]
        head = ["optimizer", "lr", "median best", "quarter", "three quarters", "diverged", "tuning"]
        rows = [
            [each.name, rate_text(each.lr), *(f"{curve[-1]:.5g}" for curve in (each.median, each.low, each.high)),
             f"{each.diverged} of {runs}", f"{each.tuning:,}" if each.tuning else "stated"]
            for each in self.ranking
        ]  # fmt: skip
        widths = [max(len(row[j]) for row in [head, *rows]) for j in range(len(head))]
        for row in [head, *rows]:
            cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
            lines.append("  ".join(["", row[0].ljust(widths[0]), *cells[1:]]))
        if self.surface.lowest is not None:
            lines.append(f"the lowest known value of {self.surface.name} is {self.surface.lowest:g}")
        return "\n".join([*lines, *self.notes])

    __str__ = text
    __repr__ = text


def race(
    surface: Surface | str,
    optimizers: Sequence[Rule],
    *,
    starts: Iterable[Any] | None = None,
    seeds: Iterable[SupportsIndex] = range(8),
    budget: SupportsIndex = 200,
    tune: bool = False,
) -> Race:
    """Let optimizers go down a surface under the same conditions.

    Every run of every optimizer computes ``budget`` gradients: the first at its start, the last at the point after
    budget − 1 steps. Those of a line search count too, and a Hessian counts as two. starts: points; by default one
    drawn from the domain for each seed. seeds: on a noisy surface every start is run with each of them, and all
    optimizers meet the same noise at the same step; on others they only draw the starts. tune: take for each optimizer
    the best of the rates ``RATES`` instead of its own, judged by the median best value after the same budget; what that
    costs is stated for itself, and starts that are drawn are drawn anew for it, so that no rate is chosen on the runs
    that it is judged by. A schedule is kept as it is.

    Errors: SettingError ``unknown-name``, ``race-optimizers``, ``race-budget``, ``race-runs``, ``descend-optimizer``,
    ``descend-start``, ``descend-seed``.
    """
    surface = checked_surface(surface)
    rules = _checked_rules(optimizers)
    evaluations = checked_count(budget, "race-budget", "budget", MOST_EVALUATIONS)
    words = [checked_seed(seed) for seed in seeds]
    points, run_seeds, notes = _runs(surface, starts, words, Stream.RACE_START)
    tuning_points, tuning_seeds, _ = _runs(surface, starts, words, Stream.RACE_TUNING)
    if tune and np.array_equal(points, tuning_points):
        notes.append("note: the rates are tuned on the same starts, because these are given")
    noise = _noise(surface, run_seeds, evaluations)
    tuning_noise = _noise(surface, tuning_seeds, evaluations) if tune else noise
    entrants = []
    for rule in rules:
        tried: dict[float, float] = {}
        lr = rule.lr
        if tune and constant_rate(rule) is None:
            notes.append(f"note: {rule.name} keeps its schedule, {rule.lr}")
        elif tune:
            lr, tried = _tuned(surface, rule, tuning_points, tuning_noise, evaluations)
            if lr in (RATES[0], RATES[-1]):
                notes.append(f"note: the best rate of {rule.name} is the last of those tried, {lr:g}")
        track, values = _run(surface, rule, points, noise, evaluations, lr if tried else None)
        entrants.append(
            Entrant(surface, rule, lr, values, track, values.size, len(tried) * len(tuning_points) * evaluations, tried)
        )
    points.setflags(write=False)
    return Race(surface, evaluations, points, tuple(run_seeds), tuple(entrants), tuple(notes))


def _runs(surface: Surface, starts: Any, words: list[int], stream: int) -> tuple[Array, list[int], list[str]]:
    """Start and seed of every run, and what is worth saying about them."""
    listed = None if starts is None else [checked_point(start) for start in starts]
    if not words or listed == []:
        raise SettingError(
            "race-runs",
            f"there are {'no seeds' if not words else 'no starts'}",
            where="starts= and seeds=",
            why="a race is decided by the median over its runs, and there is none",
            do="Leave both out, or give at least one start and one seed.",
        )
    if listed is None:
        ends = np.array(surface.domain)
        drawn = [ends[:, 0] + uniform_pair(seed, stream, 0) * (ends[:, 1] - ends[:, 0]) for seed in words]
        return np.array(drawn), words, [f"the starts are drawn from the domain, by the seeds {_listed(words)}"]
    if not surface.noise:
        return (
            np.array(listed),
            [words[0]] * len(listed),
            ["the starts are given; without noise the seeds change nothing"],
        )
    pairs = [(start, seed) for start in listed for seed in words]
    points, seeds = np.array([start for start, _ in pairs]), [seed for _, seed in pairs]
    return points, seeds, [f"each start is run with the noise of the seeds {_listed(words)}"]


def _noise(surface: Surface, seeds: list[int], budget: int) -> Array:
    """What is added to the gradients, shape (runs, budget, 2), or (runs, 0, 2) without noise."""
    steps = range(budget if surface.noise else 0)
    return np.reshape([surface.noise_at(seed, t) for seed in seeds for t in steps], (len(seeds), len(steps), 2))


def _listed(words: list[int]) -> str:
    if len(words) > 2 and words == list(range(words[0], words[-1] + 1)):
        return f"{words[0]} to {words[-1]}"
    return ", ".join(map(str, words[:8])) + (" ..." if len(words) > 8 else "")


def _tuned(surface: Surface, rule: Rule, points: Array, noise: Array, budget: int) -> tuple[float, dict[float, float]]:
    """The rate with the lowest median best value at the end; of equals the one whose median fell sooner."""
    ranks, tried = {}, {}
    for lr in RATES:
        median = quantile(best_so_far(_run(surface, rule, points, noise, budget, lr)[1]), 0.5)
        tried[lr] = float(median[-1])
        with np.errstate(over="ignore"):  # of two that rise beyond all numbers neither fell sooner
            ranks[lr] = (tried[lr], float(np.mean(median)))
    return min(ranks, key=lambda lr: ranks[lr]), tried


def _run(
    surface: Surface, rule: Rule, starts: Array, noise: Array, budget: int, lr: float | None
) -> tuple[Array, Array]:
    """Points, shape (runs, budget, 2), and values, shape (runs, budget).

    A rule that treats rows alone takes all runs at once, as rows of one array; another one run by run.
    """
    if treats_rows_alone(rule):
        track, heights = _at_once(surface, rule, starts, noise, budget, lr)
    else:
        alone = _with_line_search if is_method(rule) else _at_once
        runs = [alone(surface, rule, starts[i], noise[i], budget, lr) for i in range(len(starts))]
        track, heights = np.stack([points for points, _ in runs]), np.stack([values for _, values in runs])
    track.setflags(write=False)
    heights.setflags(write=False)
    return track, heights


def _at_once(
    surface: Surface, rule: Rule, starts: Array, noise: Array, budget: int, lr: float | None
) -> tuple[Array, Array]:
    """One gradient for each step; starts: shape (2,), or (runs, 2) for many. The results have the same leading axes."""
    p: Any = np.array(starts)
    state, rows = rule.init(p), p.shape[:-1]
    track, heights = np.empty((*rows, budget, 2)), np.empty((*rows, budget))
    with np.errstate(all="ignore"):
        for t in range(budget):
            value, slope = surface.value_and_gradient(p)
            read = evaluation_point(rule, p, state)
            track[..., t, :], heights[..., t] = read, value if read is p else surface.value(read)
            if t < budget - 1:
                seen = slope + noise[..., t, :] if surface.noise else slope
                p, state = rule.step(p, seen, state, t + 1, lr)
    return track, heights


def _with_line_search(
    surface: Surface, rule: Rule, start: Array, noise: Array, budget: int, lr: float | None
) -> tuple[Array, Array]:
    """Every evaluation counts, also those between two points. A run that needs no more of them stays where it is."""
    p: Any = np.array(start)
    state, meter, t = rule.init(p), Meter(surface, budget), 0
    with np.errstate(all="ignore"), suppress(BudgetSpentError):
        before = -1
        while before < meter.count:  # a step that evaluates nothing is taken at a point where it ends
            before = meter.count
            meter.begin(p, noise[min(t, budget - 1)] if surface.noise else np.zeros(2))
            t += 1
            p, state = meter.advance(rule, p, state, t, lr)
    track = meter.track + [meter.track[-1]] * (budget - meter.count)
    return np.array([point for point, _ in track]), np.array([value for _, value in track])


def _checked_rules(optimizers: Any) -> list[Rule]:
    given = list(optimizers) if isinstance(optimizers, list | tuple) else []
    rules = [checked_rule(rule, "race(surface, optimizers)") for rule in given]
    texts = [str(rule) for rule in rules]
    if rules and len(set(texts)) == len(texts):
        return rules
    twice = next((text for text in texts if texts.count(text) > 1), None)
    raise SettingError(
        "race-optimizers",
        f"{twice} is entered twice" if twice else "there is no list of optimizers",
        where="race(surface, optimizers)",
        why="a race compares rules that differ, in a list",
        do="Give for example [momentum(lr=0.01), adam(lr=0.1)].",
    )
