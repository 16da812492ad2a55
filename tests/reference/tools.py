"""What the tests of this folder share: holding a value against a published one, looking inside a graph, descending."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

import downslope as ds
from downslope import optim
from downslope.autodiff.graph import Graph
from downslope.optim import Optimizer


class Expect:
    """``expect(id, value)`` fails where ``value`` is not the published one; ``expect.inputs(id)`` is what it is of."""

    def __init__(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        self.entries = entries
        self.used: set[str] = set()

    def inputs(self, id: str) -> dict[str, Any]:
        return dict(self.entries[id]["inputs"])

    def __call__(self, id: str, value: Any) -> None:
        entry = self.entries[id]
        self.used.add(id)
        found = list(differences(value, entry["expected"], entry["atol"], entry["rtol"], id))
        assert not found, "\n".join([entry["fact"], *found])


def differences(value: Any, expected: Any, atol: float, rtol: float, where: str = "") -> Iterator[str]:
    """Where ``value`` is not ``expected`` within ``atol + rtol * |expected|``, with the same keys and lengths."""
    if isinstance(expected, dict):
        if set(map(str, value)) != set(expected):
            yield f"{where}: has {sorted(map(str, value))}, published are {sorted(expected)}"
            return
        for key, part in value.items():
            yield from differences(part, expected[str(key)], atol, rtol, f"{where}[{key}]")
    elif isinstance(expected, list):
        if len(value) != len(expected):
            yield f"{where}: {len(value)} values, published are {len(expected)}"
            return
        for i, (part, published) in enumerate(zip(value, expected, strict=True)):
            yield from differences(part, published, atol, rtol, f"{where}[{i}]")
    elif isinstance(expected, str):
        if value != expected:
            yield f"{where}: {value!r}, published is {expected!r}"
    elif not abs(float(value) - expected) <= atol + rtol * abs(expected):
        yield f"{where}: {float(value)!r}, published is {expected!r} within {atol + rtol * abs(expected):.3g}"


class Inside:
    """A function with its backward half, evaluated: result, gradients, and every value that has a name in the code."""

    def __init__(self, f: Callable[..., Any], *args: Any, argnums: int | tuple[int, ...] = 0) -> None:
        self.graph: Graph = ds.trace(ds.value_and_grad(f, argnums), *args)
        self.values = self.graph.values(args, keep=lambda _: True)
        self.result, self.gradient = self.graph(*args)

    def all(self, name: str) -> list[Any]:
        """The values that were assigned to this variable, one after the other."""
        return [self.values[i] for i in self._ids(name)]

    def value(self, name: str) -> Any:
        (one,) = self.all(name)
        return one

    def adjoints(self, name: str) -> list[Any]:
        """For each value that was assigned to this variable, the derivative of the result with respect to it."""
        return [self.values[self.graph.adjoints[i]] for i in self._ids(name)]

    def adjoint(self, name: str) -> Any:
        (one,) = self.adjoints(name)
        return one

    def _ids(self, name: str) -> list[int]:
        return [node.id for node in self.graph.nodes if node.name == name and not node.derived]


def descend(
    rule: Optimizer, f: Callable[[Any], Any], start: Any, steps: int, rate: Callable[[int], float] | None = None
) -> list[Any]:
    """The points that an optimizer visits on the surface ``f``: the start, then one for every step."""
    slope = ds.trace(ds.grad(f), start)
    p, state, path = start, rule.init(start), [start]
    for t in range(1, steps + 1):
        p, state = rule.step(p, slope(p), state, t, None if rate is None else rate(t))
        path.append(p)
    return path


def newton(f: Callable[[Any], Any], start: Any, steps: int, rate: float = 1.0) -> list[Any]:
    """The points that the library's Newton method visits, by the library's gradient and Hessian."""
    evaluate, curvature = ds.trace(ds.value_and_grad(f), start), ds.trace(ds.hessian(f), start)
    rule = optim.newton(rate, pure=True)
    p, state, path = start, rule.init(start), [start]
    for t in range(1, steps + 1):
        p, state, _ = rule.step(evaluate, p, state, t, hessian=curvature)
        path.append(p)
    return path


def relative_error(value: Any, truth: Any) -> float:
    """The largest of |value − truth| / |truth|, for entries whose absolute tolerance would let anything small pass."""
    return float(np.max(np.abs(np.asarray(value) / np.asarray(truth) - 1)))
