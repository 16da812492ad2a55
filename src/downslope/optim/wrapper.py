"""Rules around a rule: clipping, accumulation, averaging. Each takes an optimizer and gives an optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec

import numpy as np

from downslope.errors import SettingError
from downslope.optim.optimizer import Array, Optimizer, State, Together
from downslope.optim.table import Table

Settings = ParamSpec("Settings")

WRAPPERS: Table[Optimizer] = Table("a wrapper")
"""Name -> the function that puts it around an optimizer."""


def wrapper(*aliases: str) -> Callable[[Callable[Settings, Optimizer]], Callable[Settings, Optimizer]]:
    """Decorator of a function ``(optimizer, ...) -> Optimizer``: enter it under its name and under ``aliases``."""
    return WRAPPERS.entry(*aliases)


def around(
    inner: Optimizer,
    name: str,
    settings: Mapping[str, Any],
    together: Together,
    *,
    more: Callable[[Array], State] | None = None,
    every: int = 1,
    across: bool = False,
    kept: Callable[[Array, State], Array] | None = None,
) -> Optimizer:
    """An optimizer around ``inner``, with its rate, its state and what ``more`` adds to that.

    together: what it does, to all arrays at once; it calls ``inner.advance``. more: ``p -> state`` of its own names.
    every: its calls to one step of inner. across: it looks across arrays itself. kept: as in Optimizer, or inner's.
    Errors: SettingError ``optimizer-inner``, ``optimizer-wrapped-twice``.
    """
    if not isinstance(inner, Optimizer):
        raise SettingError(
            "optimizer-inner",
            f"{name} is put around {inner!r}",
            where=f"{name}(optimizer, ...)",
            why="it changes what goes into an optimizer or comes out of it, so it needs one",
            do=f"Give an optimizer first, for example {name}(adam(1e-3), ...).",
        )
    own = more or (lambda p: {})
    twice = set(own(np.zeros(1))) & set(inner.start(np.zeros(1)))
    if twice:
        raise SettingError(
            "optimizer-wrapped-twice",
            f"{name} would remember {', '.join(map(repr, sorted(twice)))}, and so does what it is put around",
            where=f"{name}({inner}, ...)",
            why="both would write to the same name, and one of them would be lost",
            do=f"Put {name} around it once.",
        )

    def update(g: Array, state: State, p: Array, t: Any, lr: Any) -> tuple[Array, State]:
        ps, states = together([g], [state], [p], t, lr)
        return ps[0], states[0]

    return Optimizer(
        name,
        inner.lr,
        settings,
        lambda p: {**inner.start(p), **own(p)},
        update,
        elementwise=inner.elementwise,
        together=together,
        inner=inner,
        every=every * inner.every,
        across=across or inner.across,
        kept=kept or inner.kept,
    )
