"""The layers of a run over time: histograms of gradients, weights, updates and activations, and the update ratio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from downslope.errors import SettingError, nearest
from downslope.runs import Run
from downslope.views.payload import ReadingView
from downslope.views.reading import reading_view

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "grads": ("histogram", {"of": "grads"}),
    "params": ("histogram", {"of": "params"}),
    "updates": ("histogram", {"of": "updates"}),
    "activations": ("histogram", {"of": "activations"}),
    "update_ratio": ("update_ratio", {}),
}
"""What can be shown, with the instrument that is asked and its settings."""

UNITS: dict[str, tuple[str, dict[str, Any]]] = {"dead_units": ("dead_units", {}), "saturation": ("saturation", {})}
"""What can be shown besides, of networks whose activations have a floor or bounds; the others refuse it."""


def layers_view(
    run: Run, of: Sequence[str] = tuple(KINDS), steps: Any = None, target: str | None = None
) -> tuple[ReadingView, ...]:
    """A payload for each of the quantities in ``of``, which are those of ``KINDS`` and of ``UNITS``.

    steps: as in ``run.ask``; about a hundred of the whole run if None. target: one array, or layer, by its name; all
    if None. Errors: SettingError ``unknown-name``, ``instrument-target``, and ``instrument-nothing`` where no unit of
    the network can be dead, or saturated.
    """
    known = KINDS | UNITS
    for word in of:
        if word not in known:
            raise SettingError(
                "unknown-name",
                f"layers know nothing called {word!r}",
                where="layers(of=...)",
                why="what is shown of layers is a fixed list",
                do=nearest(word, known),
            )
    asked = (known[word] for word in of)
    return tuple(reading_view(run.ask(id, steps, target=target, progress=_quiet, **settings)) for id, settings in asked)


def _quiet(done: int, total: int) -> None:
    """No bar: it would stand between the pictures of a notebook."""
