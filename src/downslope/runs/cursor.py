"""A cursor: a place in a run, which moves step by step, to a number, or to where a condition holds."""

from __future__ import annotations

from typing import Any

from downslope.errors import SettingError
from downslope.runs.replayed import ReplayedStep
from downslope.runs.run import Run


class Cursor:
    """A place in a run. Every move returns the step it arrives at; ``now`` is that step, ``t`` its number.

    >>> import downslope as ds
    >>> run = ds.train(ds.nn.mlp([4, 3]), ds.data.iris(), optimizer=ds.optim.gradient_descent(0.1), steps=50)
    >>> cursor = run.cursor()
    >>> cursor.step(10).t, cursor.back(4).t, cursor.goto(-1).t
    (11, 7, 50)
    """

    def __init__(self, run: Run, at: int = 1) -> None:
        self.run = run
        self.t = run.at(at).t

    @property
    def now(self) -> ReplayedStep:
        """The step at which it stands."""
        return self.run.at(self.t)

    def goto(self, t: int) -> ReplayedStep:
        """To step ``t``; -1 is the last one. Errors: SettingError ``run-step``."""
        self.t = self.run.at(t).t
        return self.now

    def step(self, count: int = 1) -> ReplayedStep:
        """Forward by so many steps. At the end: SettingError ``cursor-end``, and it stays where it is."""
        return self._moved(count)

    def back(self, count: int = 1) -> ReplayedStep:
        """Back by so many steps. At the beginning: SettingError ``cursor-end``, and it stays where it is."""
        return self._moved(-count)

    def until(self, condition: str) -> ReplayedStep | None:
        """Forward to the next step at which the condition holds; None, and no move, where there is none."""
        found = self.run.first(condition, self.t + 1)
        return None if found is None else self.goto(found)

    def before(self, condition: str) -> ReplayedStep | None:
        """Back to the step right before a condition came to hold: to look at what led there.

        From here backwards it finds the last step at which it holds, goes back to where that stretch of steps began,
        and one step more. None, and no move, where it never held, or held from the first step on.
        """
        found = self.run.last(condition, self.t + 1)
        asked = f"not ({condition})"
        began = None if found is None else self.run.last(asked, found)
        return None if began is None else self.goto(began)

    def fork(self, **changes: Any) -> Run:
        """A run that branches off here: ``run.fork(at=cursor.t, ...)``."""
        return self.run.fork(at=self.t, **changes)

    def _moved(self, count: int) -> ReplayedStep:
        if not 1 <= self.t + count <= self.run.steps + 1:
            raise SettingError(
                "cursor-end",
                f"there is no step {self.t + count}",
                where=f"a cursor at step {self.t}, moved by {count:+d}",
                why=f"the run has the steps 1 to {self.run.steps}; {self.run.steps + 1} would come next",
                do="go on with run.train(steps) to have more of them" if count > 0 else "goto(1) is the beginning",
            )
        return self.goto(self.t + count)

    def __repr__(self) -> str:
        return f"<Cursor at step {self.t} of {self.run.steps}>"
