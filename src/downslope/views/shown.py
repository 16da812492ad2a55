"""What users hold, as payloads: runs, steps, readings, derivations, surfaces, descents and races."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from downslope.errors import SettingError
from downslope.explain.records import Derivation
from downslope.runs import Run
from downslope.runs.reading import Reading
from downslope.runs.step import Step
from downslope.views.derivation import derivation_view
from downslope.views.network import network_view
from downslope.views.race import race_view
from downslope.views.reading import reading_view
from downslope.views.surface import descent_view, surface_view
from downslope.views.sweep import sweep_view
from downslope.views.timeline import timeline_view

VIEWS: dict[type, Callable[[Any], Any]] = {
    Run: timeline_view,
    Step: network_view,
    Reading: reading_view,
    Derivation: derivation_view,
}


def payload_of(shown: Any) -> Any:
    """The payload of anything that can be shown; a payload as it is.

    A Run as its time line, a Step as its network, a Reading as fits, a Derivation; a surface, a descent or several of
    them, a race and a table of many runs by their attributes. Errors: SettingError ``view-unknown``.
    """
    if isinstance(shown, Struct):
        return shown
    for kind, view in VIEWS.items():
        if isinstance(shown, kind):
            return view(shown)
    if isinstance(shown, list | tuple) and shown and all(is_path(each) for each in shown):
        return descent_view(*shown)
    if is_path(shown):
        return descent_view(shown)
    if _has(shown, "ranking", "budget", "starts"):
        return race_view(shown)
    if _has(shown, "outcomes", "varied", "usual"):
        return sweep_view(shown)
    if _has(shown, "grid", "domain", "formula"):
        return surface_view(shown)
    raise SettingError(
        "view-unknown",
        f"a {type(shown).__name__} has no picture",
        where="ds.plot",
        why="pictures are drawn of runs, steps, readings, derivations, surfaces, descents, races and their payloads",
        do="give one of these, for example ds.plot.draw(run.ask('grad_norm'))",
    )


def is_path(shown: Any) -> bool:
    """Whether it has what a descent has."""
    return _has(shown, "surface", "points", "gradients", "verdict")


def _has(shown: Any, *names: str) -> bool:
    return all(hasattr(shown, name) for name in names)
