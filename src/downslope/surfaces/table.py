"""The table of all surfaces, by name, and the decorator that enters one.

A surface's file enters its function with ``@surface(...)``; nothing else has to be told about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from downslope.errors import SettingError, nearest
from downslope.surfaces.checks import checked_domain
from downslope.surfaces.surface import Domain, Minimum, Point, Surface

SURFACES: dict[str, Surface] = {}
"""Name -> surface, aliases included."""
_HOMES: dict[str, str] = {}  # name -> the module that entered it


def surface(
    *aliases: str,
    formula: str,
    latex: str,
    domain: Domain,
    minima: Sequence[tuple[Point, float]] | Sequence[Minimum],
    teaches: str,
    start: Point,
    lr: float,
    source: str,
    **more: Any,
) -> Callable[[Callable[[Any, Any], Any]], Surface]:
    """Decorator of a plain NumPy function of (x, y): a :class:`Surface` in the table, under its name and ``aliases``.

    minima: ``((x, y), value)`` each. more: ``is_quadratic``, ``noise``, ``kinks``, ``without_minimum``.
    """

    def enter(function: Callable[[Any, Any], Any]) -> Surface:
        name = getattr(function, "__name__", "surface")
        for word in (name, *aliases):
            if _HOMES.get(word, function.__module__) != function.__module__:  # the same module: a cell that runs again
                raise SettingError(
                    "name-taken",
                    f"there is a surface called {word!r} already",
                    where=f"@surface() in {function.__module__}; the other one is in {_HOMES[word]}",
                    why="a name stands for one surface everywhere: on the command line and in the pages",
                    do="Give the new one another name.",
                )
        listed = tuple(m if isinstance(m, Minimum) else Minimum(*m) for m in minima)
        entry = Surface(
            name, function, formula, latex, checked_domain(domain), listed, teaches, start, lr, source, **more
        )
        object.__setattr__(entry, "__doc__", function.__doc__)
        for word in (name, *aliases):
            SURFACES[word], _HOMES[word] = entry, function.__module__
        return entry

    return enter


def by_name(name: str) -> Surface:
    """The surface of this name. Errors: SettingError ``unknown-name``, with the nearest known one.

    >>> by_name("rosenbrock")(1, 1)
    np.float64(0.0)
    """
    if name in SURFACES:
        return SURFACES[name]
    raise SettingError(
        "unknown-name",
        f"there is no surface called {name!r}",
        where="the name of the surface",
        why="a word stands for one of the entries in downslope.surfaces",
        do=f"{nearest(str(name), SURFACES)} For your own function there is formula('sin(x)*y + x**2').",
    )
