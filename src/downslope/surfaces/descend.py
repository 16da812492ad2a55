"""Going down a surface, with every number on the way kept: points, gradients, and all that the optimizer remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np

from downslope.errors import SettingError
from downslope.surfaces.checks import checked_count, checked_point
from downslope.surfaces.draws import checked_seed
from downslope.surfaces.meter import Meter
from downslope.surfaces.rule import Rule, checked_rule, evaluation_point
from downslope.surfaces.stability import Stability, stability
from downslope.surfaces.surface import Array, Surface, pair
from downslope.surfaces.table import by_name
from downslope.surfaces.verdict import Verdict, judge

MOST_STEPS = 1_000_000
WIDEST = 110  # characters of a line of the table


@dataclass(frozen=True, eq=False)
class Path:
    """A descent of n steps. Row t of every array belongs to the point after t steps; row 0 is the start.

    points: shape (n + 1, 2). kept: where the optimizer wants to be read, the same for all but averaging rules. values:
    at points, shape (n + 1,). gradients: what the optimizer saw, shape (n + 1, 2). noise: the part of them that is
    noise. state: what the optimizer remembered before step t + 1, by its own names, each array with a leading axis of
    n + 1. evaluations: how many gradients were computed; n + 1, the last for the verdict alone, or more with a line
    search. stability: the exact limit of the rate, on a quadratic surface and with a linear rule. notes: what else is
    worth knowing, in sentences. All arrays are read-only. Where NaN or infinity appears, the path ends with it.
    """

    surface: Surface
    optimizer: Rule
    seed: int
    points: Array
    kept: Array
    values: Array
    gradients: Array
    noise: Array
    state: Mapping[str, Any]
    evaluations: int
    verdict: Verdict
    stability: Stability | None
    notes: tuple[str, ...]

    @property
    def steps(self) -> int:
        """How many steps were taken; fewer than asked for if the path ended in NaN or infinity."""
        return len(self.points) - 1

    @property
    def updates(self) -> Array:
        """The move of each step, shape (n, 2)."""
        with np.errstate(all="ignore"):
            return np.diff(self.points, axis=0)

    @property
    def effective_rates(self) -> Array:
        """−update / gradient for each step and coordinate, shape (n, 2): the rate that gradient descent would need.

        NaN or infinite where the gradient is 0; negative where the step went up the slope, as momentum may.
        """
        with np.errstate(all="ignore"):
            return -self.updates / self.gradients[:-1]

    def text(self, first: int = 6, last: int = 2) -> str:
        """The first and last steps as a table of numbers, what did not fit in it by name, and what happened."""
        n = len(self.points)
        rows = list(range(n)) if n <= first + last + 1 else [*range(first), -1, *range(n - last, n)]
        lines = ["" for _ in range(len(rows) + 1)]
        left_out = []
        for name, columns in self._columns().items():
            cells = [[title, *("..." if t < 0 else f"{values[t]:.5g}" for t in rows)] for title, values in columns]
            widths = [max(map(len, column)) for column in cells]
            if len(lines[0]) + sum(widths) + 2 * len(widths) > WIDEST:
                left_out.append(name)
                continue
            for column, width in zip(cells, widths, strict=True):
                lines = [line + "  " + cell.rjust(width) for line, cell in zip(lines, column, strict=True)]
        steps = f"{self.steps} step{'s' * (self.steps != 1)} from {pair(self.points[0])}"
        lines.insert(0, f"{self.optimizer} on {self.surface.name}, {steps}")
        lines += [f"not in the table: {', '.join(left_out)} (in state)"] if left_out else []
        lines += [str(self.verdict), *([str(self.stability)] if self.stability else []), *self.notes]
        return "\n".join(lines)

    __str__ = text
    __repr__ = text

    def _columns(self) -> dict[str, list[tuple[str, Any]]]:
        """What stands in the table, in groups that stay together: titles and one number for each step."""
        named: dict[str, Any] = {"step": np.arange(len(self.points)), "p": self.points, "values": self.values}
        named |= {"gradients": self.gradients} | {f"state {name}": column for name, column in self.state.items()}
        titles = {"step": "step", "p": "", "values": "value", "gradients": "g"}
        groups: dict[str, list[tuple[str, Any]]] = {}
        for name, column in named.items():
            title = titles.get(name, f"{name.removeprefix('state ')}.")
            if isinstance(column, np.ndarray) and column.shape == self.points.shape:
                groups[name] = [(f"{title}x", column[:, 0]), (f"{title}y", column[:, 1])]
            elif isinstance(column, np.ndarray) and column.ndim == 1:
                groups[name] = [(title.rstrip("."), column)]
            else:
                groups[name] = [(" " * WIDEST, np.zeros(len(self.points)))]  # a matrix for each step fits in no table
        return groups


def descend(
    surface: Surface | str, optimizer: Rule, start: Any = None, steps: SupportsIndex = 100, seed: SupportsIndex = 0
) -> Path:
    """Let an optimizer go down a surface, and keep every number on the way.

    surface: one of ``downslope.surfaces``, its name, or ``formula("...")``. optimizer: from ``downslope.optim``. start:
    (x, y), by default the surface's own; it may lie outside the domain, and the path then says so. steps: up to a
    million. seed: of the noise, on surfaces that have some.

    Errors: SettingError ``unknown-name``, ``descend-optimizer``, ``descend-start``, ``descend-steps``,
    ``descend-seed``, ``descend-surface``.
    """
    surface, rule = checked_surface(surface), checked_rule(optimizer, "descend(surface, optimizer)")
    word, count = checked_seed(seed), checked_count(steps, "descend-steps", "steps", MOST_STEPS)
    first = surface.start if start is None else checked_point(start)
    notes = []
    if not surface.contains(first):
        notes.append(f"note: the start {pair(first)} lies outside the domain of {surface.name}")

    p: Any = np.array(first, float)
    state, meter = rule.init(p), Meter(surface)
    points: list[Any] = []
    values: list[Any] = []
    slopes: list[Any] = []
    noises: list[Any] = []
    states: list[Any] = []
    with np.errstate(all="ignore"):
        for t in range(count + 1):
            noise = surface.noise_at(word, t)
            value, slope = meter.begin(p, noise)
            for column, entry in zip(
                (points, values, slopes, noises, states), (p, value, slope, noise, state), strict=True
            ):
                column.append(entry)
            if t == count or not (np.isfinite(value) and np.isfinite(slope).all()):
                break
            p, state = meter.advance(rule, p, state, t + 1)
    if len(points) <= count:
        notes.append(
            f"note: the path ends after {len(points) - 1} of {count} steps, where there is no number to go on with"
        )

    track, heights, clean, noise_column = (_column(column) for column in (points, values, slopes, noises))
    return Path(
        surface=surface,
        optimizer=rule,
        seed=word,
        points=track,
        kept=_column([evaluation_point(rule, *each) for each in zip(points, states, strict=True)]),
        values=heights,
        gradients=_column(list(clean + noise_column)),
        noise=noise_column,
        state={name: _column([each[name] for each in states]) for name in state},
        evaluations=meter.count,
        verdict=judge(surface, track, heights, clean),
        stability=stability(surface, rule),
        notes=tuple(notes),
    )


def _column(rows: list[Any]) -> Any:
    """One array with a leading axis of steps, read-only; a tuple where the shape changes from step to step."""
    if len({np.shape(row) for row in rows}) > 1:
        return tuple(rows)
    column = np.array(rows)
    column.setflags(write=False)
    return column


def checked_surface(surface: Any) -> Surface:
    """A surface, found by its name if need be. SettingError ``unknown-name``, ``descend-surface``."""
    if isinstance(surface, Surface):
        return surface
    if isinstance(surface, str):
        return by_name(surface)
    raise SettingError(
        "descend-surface",
        f"a {type(surface).__name__} is given as surface",
        where="surface",
        why="a surface knows its domain, its start and its minima beside its formula",
        do="Give surfaces.rosenbrock, its name, or surfaces.formula('x**2 + y**2').",
    )
