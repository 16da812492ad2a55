"""The table of many runs: a row for each, with its settings, how well it did, and the run itself on request."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np

from downslope.errors import SettingError, nearest
from downslope.runs import lazy
from downslope.runs.evaluate import METRIC
from downslope.runs.many_curves import Curves, curves, groups, groups_text, picture
from downslope.runs.many_run import made
from downslope.runs.many_text import aligned, number
from downslope.runs.many_walk import Case, Outcome
from downslope.runs.run import Run

Array = Any
MOST_ROWS = 24  # that are printed
LARGER_IS_BETTER = ("accuracy", "r2")


@dataclass(frozen=True)
class Row:
    """A run of the table. number: its place in the order in which the settings were given, from 0.

    settings: those that vary. loss: the mean over the mini-batches of the last epoch; not finite for a run whose
    numbers ceased to be. metrics: on the held-out part at the end. ended: why it ended early, None if it did not.
    """

    number: int
    settings: Mapping[str, Any]
    loss: float
    metrics: Mapping[str, float]
    steps: int
    seconds: float
    ended: str | None

    def value(self, name: str) -> Any:
        """What the table holds in a column."""
        if name in self.settings:
            return self.settings[name]
        return self.metrics.get(name, math.nan) if name not in Row.__annotations__ else getattr(self, name)


class Sweep:
    """The table that ``ds.train_many`` makes. ``print(table)`` shows it; ``table[3]`` is the run of a row.

    rows: a :class:`Row` for each run that is done. meant: how many runs were asked for. seconds: from the call to the
    end, all runs together.
    """

    def __init__(self, cases: Sequence[Case], outcomes: Mapping[int, Outcome], meant: int, seconds: float) -> None:
        self.cases, self.outcomes, self.meant, self.seconds = tuple(cases), outcomes, meant, seconds

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """One for each run, in the order of the table."""
        return tuple(_row(case, self.outcomes[case.number]) for case in self.cases)

    def __len__(self) -> int:
        return len(self.cases)

    @overload
    def __getitem__(self, place: int) -> Run: ...
    @overload
    def __getitem__(self, place: slice) -> Sweep: ...
    def __getitem__(self, place: int | slice) -> Run | Sweep:
        """The run in a row, or a table of some rows."""
        if isinstance(place, slice):
            return self._of(self.cases[place])
        case = self.cases[place]
        return made(case, self.outcomes[case.number])

    def __iter__(self) -> Iterator[Run]:
        return (self[k] for k in range(len(self)))

    def settings(self, place: int) -> dict[str, Any]:
        """The arguments with which ``ds.train(**table.settings(3))`` trains the run of a row again, bit for bit."""
        return dict(self.cases[place].given)

    def losses(self, place: int) -> Array:
        """The loss of every step of the run in a row, (steps,); a failed run's last one is not finite."""
        return self.outcomes[self.cases[place].number].losses

    # --- columns ---------------------------------------------------------------------------------------------------

    @property
    def varied(self) -> list[str]:
        """The settings that the runs differ in."""
        return list(dict.fromkeys(name for case in self.cases for name in case.shown))

    @property
    def metrics(self) -> list[str]:
        """The names of the held-out metrics."""
        return list(dict.fromkeys(name for row in self.rows for name in row.metrics))

    @property
    def columns(self) -> list[str]:
        """The words that ``column``, ``sorted`` and ``best`` take."""
        return [*self.varied, "loss", *self.metrics, "steps", "seconds", "ended"]

    def column(self, name: str) -> Array:
        """One column of the table, (runs,); numbers, where it holds numbers. SettingError ``sweep-column``."""
        self._require(name)
        return np.array([row.value(name) for row in self.rows])

    def _require(self, name: str) -> None:
        if name not in self.columns:
            raise no_column(name, self.columns, f"table.column({name!r})")

    @property
    def usual(self) -> str:
        """By what runs are judged: accuracy or R² on the held-out part, the loss where nothing is held out."""
        found = METRIC[self.cases[0].task.data.task] if self.cases else "loss"
        return found if found in self.metrics else "loss"

    def sorted(self, by: str | None = None) -> Sweep:
        """The table with the best run first: the largest accuracy or R², else the smallest number.

        NaN comes last; of equals the one with the smaller loss is first. by: a column; the usual one if None.
        """
        name = by or self.usual
        self._require(name)

        def key(row: Row, column: str) -> tuple[int, Any]:
            value = row.value(column)
            if isinstance(value, int | float):
                return (2, 0) if math.isnan(value) else (0, -value if column in LARGER_IS_BETTER else value)
            return 1, str(value)

        ties = "held_out_loss" if "held_out_loss" in self.metrics else "loss"  # a few rows give few accuracies
        order = sorted(range(len(self)), key=lambda k: (key(self.rows[k], name), key(self.rows[k], ties)))
        return self._of([self.cases[k] for k in order])

    def best(self, by: str | None = None) -> Run:
        """The run of the first row of ``sorted(by)``. SettingError ``sweep-none`` where no run is done."""
        if not self.cases:
            raise SettingError(
                "sweep-none",
                "no run is done",
                where="table.best(...)",
                why="training was interrupted before the first of them ended",
                do="call train_many again, with fewer steps or runs",
            )
        return self.sorted(by)[0]

    def _of(self, cases: Sequence[Case]) -> Sweep:
        return Sweep(cases, self.outcomes, self.meant, self.seconds)

    # --- as a whole --------------------------------------------------------------------------------------------------

    def curves(self, name: str = "loss", over: str = "seed") -> Curves:
        """The course of "loss", or of a held-out metric, by settings: mean and standard deviation over the seeds.

        over: the setting that is averaged over. SettingError ``sweep-column``.
        """
        if name != "loss" and name not in self.metrics:
            self._require("loss" if name in self.columns else name)
        return curves(self, name, over)

    def picture(self, name: str | None = None, over: str = "seed", width: int = 78) -> str:
        """A column of numbers as a small picture in text, a line for each combination of settings.

        name: what runs are usually judged by if None. over: the setting whose runs share a line. width: characters.
        Errors: SettingError ``sweep-column``.
        """
        self._require(name or self.usual)
        return picture(self, name or self.usual, over, width) if len(self) else "no run is done"

    def to_pandas(self) -> Any:
        """The table as a data frame of pandas. Errors: SettingError ``export-missing``."""
        return lazy.export.packages.pandas.DataFrame({name: self.column(name) for name in self.columns})

    def text(self) -> str:
        """What was trained, the settings compared over their seeds, and the rows."""
        steps = sorted({row.steps for row in self.rows if not row.ended})
        length = (
            f", {steps[0]:,} steps each"
            if len(steps) == 1
            else f", {steps[0]:,} to {steps[-1]:,} steps"
            if steps
            else ""
        )
        name = self.cases[0].task.data.name if self.cases else "nothing"
        lines = [f"{name}: {len(self)} runs{length}, {self.seconds:.3g} s"]
        if len(self) < self.meant and len(self.outcomes) < self.meant:
            lines.append(f"  interrupted: {len(self.outcomes)} of {self.meant} runs are done")
        if reasons := {o.reason for o in self.outcomes.values() if o.reason}:
            lines.append(f"  in place, no machine code: {'; '.join(sorted(reasons))}")
        if ended := sum(row.ended is not None for row in self.rows):
            lines.append(f"  {ended} ended early, for the reason in the last column")
        if "seed" in self.varied and 1 < len(found := groups(self, "seed")) < len(self):
            lines += ["", *groups_text(self, found)]
        return "\n".join([*lines, "", *self._table()])

    def _table(self) -> list[str]:
        constant = "steps" if len({row.steps for row in self.rows}) == 1 else ""
        hidden = {constant, *([] if any(row.ended for row in self.rows) else ["ended"])}
        names = [name for name in self.columns if name not in hidden]
        cells = [["run", *names]]
        for row in self.rows[:MOST_ROWS]:
            cells.append([str(row.number), *(number(row.value(name), name) for name in names)])
        more = len(self) - MOST_ROWS
        return aligned(cells) + ([f"  ... and {more} more: .rows, .sorted(), .to_pandas()"] if more > 0 else [])

    __str__ = __repr__ = text


def no_column(name: str, known: Sequence[str], where: str) -> SettingError:
    """The error ``sweep-column``."""
    return SettingError(
        "sweep-column",
        f"the table has no column {name!r}",
        where=where,
        why="a column is a setting that varies, the loss, a held-out metric, or how a run ended",
        do=nearest(name, known),
    )


def _row(case: Case, found: Outcome) -> Row:
    losses, last = found.losses, min(case.segment.steps_per_epoch, max(1, len(found.losses)))
    loss = (
        float(np.mean(losses[-last:]))
        if len(losses) and np.isfinite(losses[-1])
        else float(losses[-1])
        if len(losses)
        else math.nan
    )
    metrics = {name: values[-1] if values else math.nan for name, values in found.metrics.items() if name != "step"}
    steps = len(losses) - int(bool(len(losses)) and not np.isfinite(losses[-1]))
    return Row(case.number, case.shown, loss, metrics, steps, found.seconds, found.stopped)
