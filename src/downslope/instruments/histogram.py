"""Histogram: how the numbers of a quantity are spread over the decades, each sign by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from downslope.errors import SettingError, nearest
from downslope.instruments.arrays import Array, namespace, require
from downslope.runs.instrument import instrument
from downslope.runs.reading import Axis, Measured
from downslope.runs.step import Step

OF = ("grads", "params", "updates", "activations", "errors")
PER_DECADE, LOWEST, HIGHEST = 4, -12, 6
EDGES = (0.0, *(10.0 ** (k / PER_DECADE) for k in range(PER_DECADE * LOWEST, PER_DECADE * HIGHEST + 1)))
"""Lower edges of the bins of |v|: the first bin begins above 0, the last has no end."""
APART = ("zero", "nan", "+inf", "-inf")


def naive(step: Step, of: str = "grads", target: str | None = None) -> Measured:
    """Number by number."""
    arrays = _chosen(step, of, target)
    counts = np.zeros((len(arrays), 2, len(EDGES)))
    facts = {name: np.zeros(len(arrays)) for name in APART}
    for i, array in enumerate(arrays.values()):
        for v in map(float, np.ravel(array)):
            if math.isnan(v) or math.isinf(v) or v == 0:
                facts["nan" if math.isnan(v) else "zero" if v == 0 else "+inf" if v > 0 else "-inf"][i] += 1
            else:
                counts[i, int(v > 0), max(k for k, edge in enumerate(EDGES) if edge <= abs(v))] += 1
    return Measured(counts, _axes(of, arrays), facts)


@instrument(
    needs=OF,
    kind="histogram",
    naive=naive,
    unit="numbers",
    blind="which numbers they are: two steps with the same histogram may have nothing in common",
    cost="one gradient, and sorting its numbers",
    formula=r"c_{\pm,k} = \#\{i : \pm v_i > 0,\; e_k \le |v_i| < e_{k+1}\}, \quad e_k = 10^{k/4}",
    source='F. Schneider, F. Dangel and P. Hennig, "Cockpit: A Practical Debugging Tool for the Training of Deep '
    'Neural Networks", 2021, for histograms of gradients; the bins are folklore',
)
def histogram(step: Step, of: str = "grads", target: str | None = None) -> Measured:
    """How many numbers of each array have which size and sign: a histogram whose bins are quarters of a decade.

    The bins are the same at every step and for every quantity, from 1e-12 to 1e6, four for each decade; the first one
    has all that is smaller, the last one all that is larger, so no number is left out or moved. Zeros, NaN and the two
    infinities have no bin: they are counted apart, in the facts "zero", "nan", "+inf" and "-inf" for each array. Bins
    and facts of an array sum to its size.

    of: "grads", "params" (the weights), "updates", "activations" or "errors"; of the last two, the output of each
    layer. target: one array by its name; None takes all. Errors: SettingError ``instrument-value``, ``unknown-name``.
    """
    require(of in OF, "of", of, f"one of {', '.join(OF)}")
    arrays = _chosen(step, of, target)
    counts = np.array([[_counts(x, sign) for sign in (-1, 1)] for x in arrays.values()], float)
    facts = np.array([_apart(x) for x in arrays.values()], float).T
    return Measured(counts, _axes(of, arrays), dict(zip(APART, facts, strict=True)))


def _chosen(step: Step, of: str, target: str | None) -> Mapping[str, Array]:
    tensors = getattr(step, of)
    names = [n for n in step.layers if n in tensors] if of in ("activations", "errors") else list(tensors)
    if target is None:
        return {name: tensors[name] for name in names}
    if target not in tensors:
        raise SettingError(
            "unknown-name",
            f"{of} has nothing called {target!r}",
            where=f"ask('histogram', of={of!r}, target={target!r})",
            why="a target is the name of a parameter or of a layer, as the step has it",
            do=nearest(target, names),
        )
    return {target: tensors[target]}


def _axes(of: str, arrays: Mapping[str, Array]) -> tuple[Axis, ...]:
    whose = "layer" if of in ("activations", "errors") else "parameter"
    return Axis(whose, tuple(arrays)), Axis("sign", ("-", "+")), Axis("at least", EDGES)


def _counts(x: Array, sign: int) -> Any:
    """Numbers of one sign in each bin. Sorted once, each edge is looked up in them."""
    xp = namespace(x)
    v = sign * xp.astype(x, xp.float64)
    v = xp.sort(v[(v > 0) & xp.isfinite(v)])
    edges = xp.asarray(EDGES, dtype=xp.float64, device=v.device)
    below = [int(k) for k in xp.searchsorted(v, edges)]
    return np.diff([*below, v.shape[0]])


def _apart(x: Array) -> list[int]:
    xp = namespace(x)
    found = (x == 0, xp.isnan(x), x == math.inf, x == -math.inf)
    return [int(xp.sum(xp.astype(one, xp.int64))) for one in found]
