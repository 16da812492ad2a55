"""The rooms that hold tables, and what is slow to load, at first use: ``downslope --help`` must not wait for them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from downslope.cli import entries as entries, faces as faces, planted as planted

NAMES = ("autodiff", "optim", "nn", "data", "surfaces", "runs", "instruments", "explain", "exercises", "views")


def built() -> dict[str, Any]:
    """Name -> module, in the order of the flow, of every room that is there."""
    return {name: __getattr__(name) for name in NAMES if find_spec(f"downslope.{name}") is not None}


def __getattr__(name: str) -> Any:
    # Each name is written out, so that the import law can be read from the source.
    if name == "entries":
        return import_module("downslope.cli.entries")
    if name == "faces":
        return import_module("downslope.cli.faces")
    if name == "planted":
        return import_module("downslope.cli.planted")
    if name == "autodiff":
        import_module("downslope.autodiff")  # fills the table, which is in this file:
        return import_module("downslope.autodiff.primitive")
    if name == "optim":
        return import_module("downslope.optim")
    if name == "nn":
        return import_module("downslope.nn")
    if name == "data":
        return import_module("downslope.data")
    if name == "surfaces":
        return import_module("downslope.surfaces")
    if name == "runs":
        return import_module("downslope.runs")
    if name == "instruments":
        import_module("downslope.instruments")  # fills the table, which stands with the contract:
        return import_module("downslope.runs.instrument")
    if name == "explain":
        import_module("downslope.explain.mistakes")  # fills the table, which stands with what an entry states:
        return import_module("downslope.explain.mistakes.table")
    if name == "exercises":
        return import_module("downslope.exercises")
    if name == "views":
        return import_module("downslope.views")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
