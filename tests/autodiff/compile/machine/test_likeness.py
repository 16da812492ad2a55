"""Code is written once for steps that are alike, and never shared by two that are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from downslope.autodiff import trace
from downslope.autodiff.compile.machine import available, loop, this_cpu
from downslope.autodiff.compile.machine.cpu import Cpu
from downslope.autodiff.compile.machine.likeness import likeness

pytestmark = pytest.mark.skipif(available() is not None, reason=str(available()))


def made(f: Any, w: Any, x: Any) -> Any:
    """A loop that carries w over steps that see x, and its graph."""
    graph = trace(f, w, x)
    return loop(graph, {graph.inputs[0]: w}, {graph.inputs[0]: graph.outputs[0]}, []), graph


def key(f: Any, w: Any, x: Any) -> Any:
    graph, cpu = trace(f, w, x), this_cpu()
    assert isinstance(cpu, Cpu)
    return likeness(graph, {graph.inputs[0]: w}, {graph.inputs[0]: graph.outputs[0]}, [], {}, cpu)


def test_the_same_step_for_other_arrays_shares_its_code_and_nothing_else() -> None:
    def step(w: Any, x: Any) -> Any:
        return w * 0.5 + np.tanh(x)

    one, two = np.arange(4.0), np.arange(4.0) + 10
    xs = np.random.default_rng(0).normal(size=(3, 4))
    (first, _), (second, _) = made(step, one, xs[0]), made(step, two, xs[0])
    assert first.function.code is second.function.code
    expected = two.copy()
    for x in xs:
        expected = step(expected, x)
    second.function((xs,), ())
    np.testing.assert_allclose(two, expected, rtol=1e-14)
    np.testing.assert_array_equal(one, np.arange(4.0))  # nobody called the first


def test_what_changes_the_numbers_changes_the_key() -> None:
    w, x = np.arange(4.0), np.ones(4)
    table = np.arange(4.0)
    changed = table.copy()
    changed[2] = 7.0
    keys = [
        key(lambda w, x: w * 2.0 + x, w, x),
        key(lambda w, x: w * 2 + x, w, x),  # a whole number is another type of number
        key(lambda w, x: w * 3.0 + x, w, x),
        key(lambda w, x: w * -0.0 + x, w, x),
        key(lambda w, x: w * 0.0 + x, w, x),
        key(lambda w, x: x * 2.0 + w, w, x),
        key(lambda w, x: w * 2.0 - x, w, x),
        key(lambda w, x: w * table + x, w, x),
        key(lambda w, x: w * changed + x, w, x),
        key(lambda w, x: w * table.astype(np.float32) + x, w, x),
        key(lambda w, x: w * 2.0 + x, w.astype(np.float32), x.astype(np.float32)),
        key(lambda w, x: w * 2.0 + x, np.arange(5.0), np.ones(5)),
        key(lambda w, x: w[::-1] * 2.0 + x, w, x),
        key(lambda w, x: w[np.array([0, 1, 2, 3])] * 2.0 + x, w, x),
        key(lambda w, x: w[np.array([0, 1, 2, 2])] * 2.0 + x, w, x),
    ]
    assert [(i, j) for i in range(len(keys)) for j in range(i) if keys[i] == keys[j]] == []


def test_names_and_lines_of_the_source_do_not_matter() -> None:
    def one(w: Any, x: Any) -> Any:
        h = w * 2.0
        return h + x

    def other(weights: Any, inputs: Any) -> Any:
        doubled = weights * 2.0
        return doubled + inputs

    w, x = np.arange(4.0), np.ones(4)
    assert key(one, w, x) == key(other, w, x)
