"""NaN watch: where numbers stop being finite, in the order in which a step computes them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from downslope.errors import SettingError
from downslope.instruments.arrays import namespace, require
from downslope.runs.instrument import instrument
from downslope.runs.reading import Axis, Healthy, Measured
from downslope.runs.step import Step

ORDER = ("params", "optimizer_state", "batch", "activations", "loss", "errors", "grads", "updates")


def naive(step: Step, per: str = "quantity") -> dict[str, float]:
    """Number by number."""
    found: dict[str, float] = {}
    for quantity in ORDER:
        found |= {quantity: 0.0} if per == "quantity" else {}
        for path, value in _arrays(step, quantity):
            bad = float(sum(not math.isfinite(number) for number in np.ravel(np.asarray(value, float))))
            key = quantity if per == "quantity" else path
            found[key] = found.get(key, 0.0) + bad
    return found


@instrument(
    needs=("params", "optimizer_state", "batch", "activations", "loss", "errors", "grads", "updates"),
    kind="per quantity",
    naive=naive,
    unit="numbers",
    blind="values that no quantity of a step holds: a NaN inside of a layer that gives its layers no names is found at "
    "that layer's output",
    cost="one gradient and one step",
    formula=r"\#\{i : v_i \in \{\mathrm{NaN}, \infty, -\infty\}\}",
    source="folklore; IEEE Standard for Floating-Point Arithmetic 754, 2019, for how NaN and infinities spread",
    healthy=Healthy(None, 0.0, "folklore"),
)
def nan_watch(step: Step, per: str = "quantity") -> dict[str, float] | Measured:
    """How many numbers are NaN or infinite in each quantity of the step, in the order in which they are computed.

    The first one that is not 0 holds the producer, which :func:`producer` names; whatever follows was reached by it. In
    order: what the step is given (parameters, optimizer state, mini-batch), the activations forward, the loss, the
    errors backward, the gradients, the updates. An update that is not finite makes the next step's parameters so. NaN
    as a count says that whoever made the step does not know this quantity.

    per: "quantity" for a count for each of these, "place" for one for each array by its path, ``activations.dense1.z``,
    as ``step.get`` takes it. Errors: SettingError ``instrument-value``.
    """
    require(per in ("quantity", "place"), "per", per, "quantity or place")
    found = _counts(step, per)
    return found if per == "quantity" else Measured(np.array(list(found.values())), (Axis("place", tuple(found)),))


def producer(step: Step) -> str | None:
    """The path of the first array of the step that holds a number that is not finite; None if there is none."""
    return next((path for path, count in _counts(step, "place").items() if count > 0), None)


def _counts(step: Step, per: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for quantity in ORDER:
        try:
            counts = {path: float(_not_finite(value)) for path, value in _arrays(step, quantity)}
        except SettingError:  # whoever made the step does not know it
            counts = {quantity: math.nan}
        found |= counts if per == "place" else {quantity: float(sum(counts.values()))}
    return found


def _arrays(step: Step, quantity: str) -> Iterator[tuple[str, Any]]:
    """Path and array of everything in a quantity, in the order of computation."""
    value = getattr(step, quantity)
    if quantity == "batch":
        yield from (("batch.x", value.x), ("batch.y", value.y))
    elif quantity == "activations":
        yield from ((f"activations.{name}", value[name]) for name in _forward(step))
    elif quantity == "errors":
        yield from ((f"errors.{name}", value[name]) for name in reversed(_forward(step)) if name in value)
    else:
        yield from _leaves(quantity, value)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}", inner)
    else:
        yield path, value


def _forward(step: Step) -> list[str]:
    """Names of the activations in the order of the forward pass: the values inside of a layer, then its output."""
    place = {name: i for i, (name, facts) in enumerate(step.layers.items()) if facts.kind}
    last = len(place)

    def order(name: str) -> tuple[int, bool]:
        layer = name.partition(".")[0]
        return place.get(layer, last), layer == name

    return sorted(step.activations, key=order) if place else list(step.activations)


def _not_finite(value: Any) -> int:
    if isinstance(value, int | float):
        return int(not math.isfinite(value))
    xp = namespace(value)
    return int(xp.sum(xp.astype(~xp.isfinite(value), xp.int64)))
