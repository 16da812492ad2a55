"""A network at one step as a payload: values going forward, error signals coming back, weights and their gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from downslope.errors import SettingError
from downslope.explain.units import axes_of
from downslope.runs.step import Step
from downslope.views.event import Event
from downslope.views.network_payload import Matrix, NetworkView, Unit, UnitLayer, Wire
from downslope.views.thin import or_none
from downslope.views.unit_places import unit_places
from downslope.views.wiring import Column, columns

MOST_UNITS = 12
Array = Any


def network_view(
    step: Step,
    row: int | None = None,
    *,
    most: int = MOST_UNITS,
    units: Mapping[str, Sequence[int]] | None = None,
    names: Mapping[str, Sequence[str]] | None = None,
    of: str | None = None,
) -> NetworkView:
    """The payload of one step, ``run.at(t)`` or ``one_step(...)``.

    row: a place in the mini-batch, for this row alone; None for all rows. most: units of a layer that are shown; of
    more those whose edges have the largest gradients, in their order. units: layer -> places of the units that are
    shown, in place of that choice; names: layer -> words for its units, the input's name being "x". of: address of a
    unit, "conv1[3]", or of one of its numbers, "activations.conv1[0, 3, 2, 5]", that are wanted place by place.
    Errors: SettingError ``network-row``.
    """
    shown = _Numbers(step, row)
    found = columns(step)
    chosen = [list((units or {}).get(each.name, shown.largest(found, k, most))) for k, each in enumerate(found)]
    words = _names(step) | dict(names or {})
    last = len(found) - 1
    layers = tuple(
        shown.layer(each, chosen[k], words.get(each.name) or (words.get("output") if k == last else None), k == last)
        for k, each in enumerate(found)
    )
    wires = tuple(shown.wire(found, k, chosen) for k in range(1, len(found)))
    data = getattr(getattr(getattr(step, "probe", None), "task", None), "data", None)
    events = shown.events()
    return NetworkView(
        title=f"{data.name}: the network in step {step.t:,}" if data is not None else "one step of the network",
        of=_of(step, row, data),
        step=int(step.t),
        row=row,
        n_rows=len(step.rows),
        layers=layers,
        wires=wires,
        loss=_finite(shown.loss),
        lr=_finite(step.lr),
        rule=step.optimizer.text,
        plain=(row is None or len(step.rows) == 1) and _is_plain(step),
        not_finite=sum(event.count for event in events),
        events=events,
        places=None if of is None else unit_places(step, of, row),
    )


def _of(step: Step, row: int | None, data: Any) -> str:
    if len(step.rows) == 1:
        return "one row"
    if row is None:
        return f"means over the {len(step.rows)} rows of the mini-batch"
    source = f", row {int(step.rows[row])} of {data.name}" if data is not None else ""
    return f"row {row} of the {len(step.rows)} in the mini-batch{source}"


def _names(step: Step) -> dict[str, Sequence[str]]:
    """What the data set calls its features, where each is an input of its own, and its classes."""
    data = getattr(getattr(getattr(step, "probe", None), "task", None), "data", None)
    if data is None:
        return {}
    found = {"output": data.classes} if data.classes else {}
    return found | ({"x": data.features} if np.shape(step.batch.x)[1:] == (len(data.features),) else {})


def _is_plain(step: Step) -> bool:
    """Whether the step was −lr · gradient, to rounding."""
    for name, g in step.grads.items():
        with np.errstate(all="ignore"):
            plain = -step.lr * np.asarray(g, np.float64)
            if not (np.abs(step.updates[name] - plain) <= 1e-3 * np.abs(plain).max(initial=0.0)).all():
                return False
    return True


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


class _Numbers:
    """The arrays of a step, for one row or over all of them."""

    def __init__(self, step: Step, row: int | None) -> None:
        n = len(step.rows)
        if row is not None and not 0 <= row < n:
            raise SettingError(
                "network-row",
                f"row={row} with {n} rows in the mini-batch",
                where="network_view(step, row=...)",
                why="a row is named by its place in the mini-batch, counted from 0",
                do=f"use a number from 0 to {n - 1}, or None for all of them",
            )
        self.step, self.row, self.n = step, row, n
        alone = row is not None and n > 1
        self.gradients = {k: g[row] for k, g in step.per_example_grads.items()} if alone else dict(step.grads)
        self.loss = step.losses[row] if alone else step.loss

    def shape(self, name: str) -> tuple[int, ...]:
        """Of the values of all rows."""
        return np.shape(self.step.activations[name] if name else self.step.batch.x)

    def value(self, name: str) -> Array:
        """(n,): what a layer hands on: of the row, or the mean over the rows; "" is the input."""
        array = np.asarray(self.step.batch.x if not name else self.step.activations[name], np.float64)
        with np.errstate(all="ignore"):
            return self._over_places(array[self.row] if self.row is not None else array.mean(axis=0), np.mean)

    def error(self, name: str) -> Array:
        """(n,): dloss/dvalue. The adjoints of the mean loss are a B-th of those of a row's own loss."""
        if name not in self.step.errors:
            return np.full(len(self.value(name)), np.nan)
        array = np.asarray(self.step.errors[name], np.float64)
        with np.errstate(all="ignore"):
            return self._over_places(array[self.row] * self.n if self.row is not None else array.sum(axis=0), np.sum)

    @staticmethod
    def _over_places(array: Array, over: Any) -> Array:
        """One number for each unit: a channel of an image (C, H, W), a number of each place of a sequence (T, D)."""
        if array.ndim == 3:
            return over(array.reshape(len(array), -1), axis=1)
        return over(array, axis=0) if array.ndim == 2 else np.atleast_1d(array)

    def largest(self, found: list[Column], k: int, most: int) -> list[int]:
        """The units whose edges have the largest gradients; what is not finite comes first."""
        n = len(self.value(found[k].value))
        if n <= most:
            return list(range(n))
        weight = np.zeros(n)
        if found[k].weight:
            weight += np.abs(self.gradients[found[k].weight]).sum(axis=0)
        for each in found:
            if each.weight and found[each.source] is found[k]:
                weight += np.abs(self.gradients[each.weight]).sum(axis=1)
        weight = np.where(np.isfinite(weight), weight, np.inf)
        return sorted(np.argsort(-weight, kind="stable")[:most].tolist())

    def layer(self, each: Column, chosen: list[int], names: Sequence[str] | None, is_last: bool) -> UnitLayer:
        """The units that are shown."""
        value = self.value(each.value)
        error = self.error(each.value) if each.value else np.full(len(value), np.nan)
        target = self._target(len(value)) if is_last else None
        columns = {
            "before": self.value(each.before) if each.before else None,
            "error_before": self.error(each.before) if each.before else None,
            "bias": self.step.params[each.bias] if each.bias else None,
            "bias_gradient": self.gradients[each.bias] if each.bias else None,
            "bias_update": self.step.updates[each.bias] if each.bias else None,
            "target": target,
        }
        letter = "x" if not each.value else "output" if is_last else "h"
        units = tuple(
            Unit(
                str(names[j]) if names else f"{letter}[{j}]",
                int(j),
                _finite(value[j]),
                _finite(error[j]),
                **{name: _finite(column[j]) for name, column in columns.items() if column is not None},
            )
            for j in chosen
        )
        label = "input" if not each.value else each.name
        activation = "" if each.activation == "identity" else each.activation
        axes = axes_of(shape := self.shape(each.value))
        places = () if axes is None else tuple(shape[k] for k in axes[1])
        return UnitLayer(each.name, label, activation, len(value), units, places)

    def _target(self, n: int) -> Array | None:
        """Targets of the outputs: classes as a row of zeros and a one."""
        y = np.asarray(self.step.batch.y)
        if y.ndim == 1:
            y = np.eye(n)[y] if y.dtype.kind in "iu" else y[:, None]
        if y.ndim != 2 or y.shape[1] != n:
            return None
        return y[self.row] if self.row is not None else y.mean(axis=0)

    def wire(self, found: list[Column], k: int, chosen: list[list[int]]) -> Wire:
        """The edges into layer k."""
        each = found[k]
        if not each.weight:
            return Wire(each.name, each.source, k, 0, (), (), (), each.text or each.name)
        at = np.ix_(chosen[each.source], chosen[k])
        matrices = (self.step.params, self.gradients, self.step.updates)
        weights, gradients, updates = (_matrix(np.asarray(arrays[each.weight])[at]) for arrays in matrices)
        return Wire(
            each.weight, each.source, k, int(np.size(self.step.params[each.weight])), weights, gradients, updates
        )

    def events(self) -> tuple[Event, ...]:
        """What is not finite, by array."""
        found = []
        kinds = {"parameter": self.step.params, "gradient of": self.gradients, "update of": self.step.updates}
        kinds |= {"value": self.step.activations, "error signal of": self.step.errors}
        for kind, arrays in kinds.items():
            for name, array in arrays.items():
                bad = int((~np.isfinite(np.asarray(array, np.float64))).sum())
                if bad:
                    text = f"{kind} {name}: {bad:,} of {np.size(array):,} numbers are NaN or infinite"
                    found.append(Event("nan", text, step=int(self.step.t), count=bad))
        return tuple(found)


def _matrix(array: Array) -> Matrix:
    return tuple(map(or_none, np.asarray(array, np.float64)))
