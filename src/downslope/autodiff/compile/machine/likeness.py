"""When two steps have the same code: a key of everything that the code is written from.

Writing the code of a step takes longer than loading it. A fork, a replay, or the next of many runs asks for one that
was written before in this process, for other arrays of the same shapes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from downslope.autodiff.compile.machine.cpu import Cpu
from downslope.autodiff.graph import Graph

_known: WeakKeyDictionary[Graph, Hashable] = WeakKeyDictionary()  # graphs whose nodes were gone through


def likeness(
    graph: Graph,
    bound: Mapping[int, Any],
    carried: Mapping[int, int],
    recorded: Sequence[int],
    rows: Mapping[int, int],
    cpu: Cpu,
    shared: bool = False,
) -> Hashable:
    """Equal for steps whose code is the same. rows: of the arrays that mini-batches are gathered from. shared: by
    several threads.

    Names and source lines are left out: no code depends on them. What an attribute refers to is kept alive by the key,
    so that nothing else can come to stand at its address.
    """
    nodes = _known.get(graph)
    if nodes is None:
        nodes = tuple((n.primitive, n.inputs, n.shape, n.dtype.str, n.weak, _frozen(n.attrs)) for n in graph.nodes)
        _known[graph] = nodes
    wiring = (tuple(graph.inputs), tuple(graph.outputs), tuple(bound), tuple(carried.items()), tuple(recorded))
    return nodes, wiring, tuple(rows.items()), cpu, shared


def _frozen(value: Any) -> Hashable:
    """An attribute by its value and type: 1, 1.0 and True are not the same here."""
    if isinstance(value, np.ndarray):
        content = np.ascontiguousarray(value).tobytes()
        return "array", value.dtype.str, value.shape, hashlib.blake2b(content, digest_size=32).digest()
    if isinstance(value, Mapping):
        return tuple((name, _frozen(x)) for name, x in value.items())
    if isinstance(value, tuple | list):
        return type(value).__name__, tuple(_frozen(x) for x in value)
    if isinstance(value, slice):
        return "slice", value.start, value.stop, value.step
    if isinstance(value, float):
        return "float", value.hex()  # so that -0.0 is not 0.0, and NaN is NaN
    return type(value), value
