"""FLOPs and memory: as counted by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from downslope import data, nn, optim
from downslope.errors import SettingError
from downslope.runs.instrument import find
from downslope.runs.step import LayerFacts, Step

flops, memory = find("flops").read, find("memory").read


def test_a_layer_of_products_costs_what_its_shapes_say(walking: Callable[..., Any]) -> None:
    layers = (nn.dense(32, bias=False), nn.dense(10, bias=False))
    step = walking(nn.Model((64,), layers), data.digits(), optim.gradient_descent(0.1), steps=1)[0]
    found = flops(step)
    B = 16
    # Forward x @ w; backward x.T @ g, and g @ w.T unless nobody asks for it, as in the first layer.
    assert found.values.tolist() == [[2 * B * 64 * 32, 2 * B * 64 * 32], [2 * B * 32 * 10, 4 * B * 32 * 10]]
    assert found.axes[0].labels == ("dense1", "dense2")
    assert found.facts["total"] == found.values.sum()


def test_twice_the_rows_cost_twice(walking: Callable[..., Any]) -> None:
    once, twice = (
        flops(walking(nn.mlp([64, 8, 10]), data.digits(), optim.adam(), rows=rows, steps=1)[0]) for rows in (16, 32)
    )
    assert twice.facts["total"] == pytest.approx(2 * once.facts["total"], rel=0.01)


def test_a_layer_that_nobody_counts_is_nan_and_none_at_all_is_refused(hand_made: type[Step]) -> None:
    known, unknown = LayerFacts("a", "dense", "relu", (), (6, 12)), LayerFacts("b", "lstm", "tanh")
    found = flops(hand_made(layers={"a": known, "b": unknown}))  # type: ignore[call-arg]
    np.testing.assert_equal(found.values, [[6, 12], [math.nan, math.nan]])
    assert found.facts["total"] == 18
    with pytest.raises(SettingError, match="instrument-nothing"):
        flops(hand_made(layers={"b": unknown}))  # type: ignore[call-arg]


@pytest.mark.parametrize(("name", "size"), [("float32", 4), ("float64", 8)])
def test_numbers_times_bytes(name: str, size: int, scene: Callable[[str], Any]) -> None:
    found = memory(scene(f"relu mlp {name}")[-1])
    n = 64 * 8 + 8 + 8 * 10 + 10
    assert found["params"] == found["grads"] == n * size
    assert found["optimizer_state"] == 2 * n * size, "Adam remembers m and v"


def test_an_array_under_two_names_counts_once(hand_made: type[Step]) -> None:
    one, other = np.zeros(10), np.zeros(5, np.float32)
    step: Any = hand_made(  # type: ignore[call-arg]
        params={"w": one},
        grads={"w": one},
        optimizer_state={"m": {"w": one}, "count": 3},
        activations={"dense1.h": one, "dense1": one, "output": other},
    )
    assert memory(step) == {"params": 80, "grads": 80, "optimizer_state": 80, "activations": 100}
