"""The settings of many runs: every combination of those that are lists, or the lists side by side."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from downslope import nn
from downslope.errors import SettingError, nearest

AXES = ("model", "optimizer", "lr", "batch_size", "initialiser", "params", "seed")
"""What may differ from run to run, in the order of the table's columns; the seed changes fastest and is the last."""

Combination = dict[str, Any]
"""Axis -> (place in its list, value)."""


def combinations(
    axes: Mapping[str, Any], *, side_by_side: bool, explicit: Sequence[Mapping[str, Any]] | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """For each run its settings, and what the table shows of those that vary.

    axes: name -> a value, or a list of values. side_by_side: the first of every list, then the second of every list.
    explicit: settings of some runs, which are combined with the lists. Errors: SettingError ``sweep-empty``,
    ``sweep-lengths``, ``sweep-setting``.
    """
    rows = _explicit(explicit)
    fixed = {name: value for name, value in axes.items() if not is_axis(name, value)}
    lists = {
        name: value.tolist() if isinstance(value, np.ndarray) else list(value)
        for name, value in axes.items()
        if is_axis(name, value)
    }
    for name, values in [*lists.items(), *([("settings", rows)] if explicit is not None else [])]:
        if not values:
            raise SettingError(
                "sweep-empty",
                f"{name} is an empty list",
                where=f"train_many({name}=[])",
                why="there is a run for each of its values, so there is none",
                do=f"give at least one value, or leave {name} out",
            )
    chosen = _side_by_side(lists) if side_by_side else [
        dict(zip(lists, each, strict=True)) for each in itertools.product(*(enumerate(v) for v in lists.values()))
    ]  # fmt: skip
    found, shown = [], []
    for row in rows:
        for one in chosen:
            places = {name: place for name, (place, _) in one.items() if name not in row}
            given = {**fixed, **{name: value for name, (_, value) in one.items()}, **row}
            found.append(given)
            varied = [name for name in AXES if name in places or name in row]
            shown.append({name: label(name, given[name], places.get(name, 0)) for name in varied})
    return found, _in_short(shown, found)


def is_axis(name: str, value: Any) -> bool:
    """Whether an argument stands for several values. Parameters may be nested in tuples, so there only a list does."""
    if name == "params":
        return isinstance(value, list)
    return isinstance(value, list | tuple | range) or (isinstance(value, np.ndarray) and value.ndim == 1)


def _explicit(explicit: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    rows = [{}] if explicit is None else [dict(row) for row in explicit]
    for row in rows:
        for name in row:
            if name not in AXES:
                raise SettingError(
                    "sweep-setting",
                    f"settings names {name!r}",
                    where=f"train_many(settings=[{{{name!r}: ...}}])",
                    why="all runs of a table share the other settings, so that they can be compared",
                    do=nearest(name, AXES),
                )
    return rows


def _side_by_side(lists: Mapping[str, list[Any]]) -> list[Combination]:
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in lengths.items())
        raise SettingError(
            "sweep-lengths",
            f"the lists are of different lengths: {told}",
            where="train_many(..., zip=True)",
            why="side by side, each run takes one value of every list",
            do="make them equally long, or leave zip out for every combination",
        )
    count = max(lengths.values(), default=1)
    return [{name: (k, values[k]) for name, values in lists.items()} for k in range(count)]


def label(name: str, value: Any, place: int) -> Any:
    """What the table shows of a setting: a number where it is one, else a few words."""
    if isinstance(value, np.generic):
        value = value.item()
    if name == "params":
        return f"start {place + 1}"
    if name == "batch_size" and value is None:
        return "all"
    if name == "model":
        return repr(value) if isinstance(value, nn.Model) else getattr(value, "__name__", "a function")
    if isinstance(value, int | float):
        return value
    return getattr(value, "__name__", None) or str(value)


def _in_short(shown: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Optimizers by their names, where those tell them apart."""
    if not any("optimizer" in row for row in shown):
        return shown
    rules = {str(given["optimizer"]): given["optimizer"].name for given in found}
    if len(set(rules.values())) == len({row.get("optimizer") for row in shown}):
        for row, given in zip(shown, found, strict=True):
            if "optimizer" in row:
                row["optimizer"] = given["optimizer"].name
    return shown


def with_initialiser(model: Any, initialiser: Any) -> nn.Model:
    """The model with this initialiser in every layer that draws its weights. SettingError ``sweep-initialiser``."""
    if not isinstance(model, nn.Model):
        raise SettingError(
            "sweep-initialiser",
            f"initialiser={initialiser!r} for a model that is a plain function",
            where="train_many(initialiser=[...])",
            why="only a model of ds.nn draws its own start values",
            do="draw them yourself and give params=[...], one for each run",
        )
    if not callable(initialiser):
        nn.INITIALISERS.find(initialiser)
    return dataclasses.replace(model, layers=tuple(_initialised(layer, initialiser) for layer in model.layers))


def _initialised(layer: nn.Layer, initialiser: Any) -> nn.Layer:
    changes: dict[str, Any] = {}
    if hasattr(layer, "initialiser"):
        changes["initialiser"] = initialiser
    if isinstance(layer, nn.Sequential):
        changes["layers"] = tuple(_initialised(each, initialiser) for each in layer.layers)
    if isinstance(layer, nn.Residual) and layer.shortcut is not None:
        changes["shortcut"] = _initialised(layer.shortcut, initialiser)
    return dataclasses.replace(layer, **changes)
