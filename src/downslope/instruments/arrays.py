"""What several instruments need: sums over arrays of any library, the parameters of a part, and refusals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from downslope.errors import SettingError, nearest
from downslope.runs.reading import Axis, Measured
from downslope.runs.step import Step

Array = Any


def namespace(x: Array) -> Any:
    """The array-API functions of the library that x belongs to."""
    return array_namespace(x)


def dot(a: Mapping[str, Array], b: Mapping[str, Array]) -> float:
    """The inner product of two sets of arrays by name: Σ a·b, summed in float64."""
    total = 0.0
    for name, x in a.items():
        xp = namespace(x)
        total += float(xp.sum(xp.astype(x, xp.float64) * xp.astype(b[name], xp.float64)))
    return total


def norm(x: Array) -> float:
    """The Euclidean norm of one array, in float64; NaN if any number is NaN, else infinite if any is infinite.

    Numbers whose squares would overflow or vanish are divided by the greatest of them first.
    """
    xp = namespace(x)
    if math.prod(x.shape) == 0:
        return 0.0
    wide = xp.astype(x, xp.float64)
    top = float(xp.max(xp.abs(wide)))
    if 1e-140 < top < 1e140:
        return float(xp.sqrt(xp.sum(wide * wide)))
    if top == 0 or not math.isfinite(top):
        return top
    scaled = wide / top
    return top * float(xp.sqrt(xp.sum(scaled * scaled)))


def norm_of_all(arrays: Iterable[Array]) -> float:
    """The Euclidean norm of several arrays as one vector."""
    norms = [norm(x) for x in arrays]
    return math.nan if any(map(math.isnan, norms)) else math.hypot(*norms)


PER = ("whole", "parameter", "layer")


def parts(step: Step, per: str) -> dict[str, list[str]]:
    """Part -> names of its parameters: all as "whole", each "parameter" alone, or those of each "layer" together.

    A parameter that no layer calls its own, as in a plain function, stands for itself. Errors: SettingError
    ``instrument-value``.
    """
    require(per in PER, "per", per, f"one of {', '.join(PER)}")
    if per == "whole":
        return {"whole": list(step.params)}
    owner = {name: layer for layer, facts in step.layers.items() for name in facts.parameters}
    found: dict[str, list[str]] = {}
    for name in step.params:
        found.setdefault(owner.get(name, name) if per == "layer" else name, []).append(name)
    return found


def narrowed(tensors: Mapping[str, Array], target: str | None) -> Mapping[str, Array]:
    """Those of a parameter ("dense1.w") or of a layer ("dense1"); all where target is None.

    Errors: SettingError ``instrument-target``.
    """
    found = {name: x for name, x in tensors.items() if target in (None, name) or name.startswith(f"{target}.")}
    if found:
        return found
    raise SettingError(
        "instrument-target",
        f"there is no parameter and no layer with parameters called {target!r}",
        where=f"the setting target={target!r}",
        why="the question is narrowed to a part of the model, by its name",
        do=nearest(str(target), [*tensors, *(name.rpartition(".")[0] or name for name in tensors)]),
    )


def require(is_well: bool, setting: str, value: Any, allowed: str) -> None:
    """SettingError ``instrument-value`` unless ``is_well``: a setting outside what it may be."""
    if not is_well:
        raise SettingError(
            "instrument-value",
            f"{setting} is {value!r}",
            where=f"the setting {setting}=",
            why="no answer could be computed with it, or not the one that was asked for",
            do=f"give {allowed}",
        )


def of_parts(values: Mapping[str, float], per: str) -> float | Measured:
    """The answer with the parts of :func:`parts`: a single number for the whole."""
    if per == "whole":
        return values["whole"]
    return Measured(np.array(list(values.values()), float), (Axis(per, tuple(values)),))


def nothing_to_read(what: str, why: str, do: str) -> SettingError:
    """SettingError ``instrument-nothing``: the model has none of what is asked for. An empty answer would hide it."""
    return SettingError("instrument-nothing", what, where="the layers of the step", why=why, do=do)
