"""Norms, their ratio and the cosine of gradients: against algebra, and far out where squares overflow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope import data, nn, optim
from downslope.errors import SettingError
from downslope.instruments.arrays import norm
from downslope.runs.instrument import find
from downslope.runs.reading import Measured
from downslope.runs.step import LayerFacts, Step

grad_norm, weight_norm, update_ratio, cosine = (
    find(id).read for id in ("grad_norm", "weight_norm", "update_ratio", "cosine_to_last")
)
LAYERS = {
    "dense1": LayerFacts("dense1", "dense", "relu", ("dense1.w", "dense1.b")),
    "dense2": LayerFacts("dense2", "dense", "identity", ("dense2.w",)),
}
PYTHAGORAS = {
    "dense1.w": np.array([[3.0]]),
    "dense1.b": np.array([4.0]),
    "dense2.w": np.array([12.0]),
    "own": np.zeros(2),
}


def by_name(answer: Measured) -> dict[str, float]:
    return dict(zip(answer.axes[0].labels, answer.values.tolist(), strict=True))


@pytest.mark.parametrize(("read", "quantity"), [(grad_norm, "grads"), (weight_norm, "params")])
def test_the_parts_of_a_norm_are_the_sides_of_a_triangle(read: Any, quantity: str, hand_made: type[Step]) -> None:
    step = hand_made(**{"params": PYTHAGORAS, "layers": LAYERS, quantity: PYTHAGORAS})
    assert read(step) == 13
    assert by_name(read(step, per="layer")) == {"dense1": 5, "dense2": 12, "own": 0}
    assert by_name(read(step, per="parameter")) == {"dense1.w": 3, "dense1.b": 4, "dense2.w": 12, "own": 0}
    assert read(step, per="layer").axes[0].name == "layer"
    with pytest.raises(SettingError, match="instrument-value") as caught:
        read(step, per="row")
    assert "whole, parameter, layer" in caught.value.do


@given(st.floats(-300, 300), st.integers(1, 9))
def test_a_norm_neither_overflows_nor_vanishes(decade: float, n: int) -> None:
    size = 10.0**decade
    assert norm(np.full(n, size)) == pytest.approx(size * math.sqrt(n), rel=1e-12)


def test_nan_and_infinity_are_the_norm_of_what_holds_them(hand_made: type[Step]) -> None:
    assert math.isnan(norm(np.array([1.0, math.nan, math.inf])))
    assert norm(np.array([1.0, -math.inf])) == math.inf
    assert norm(np.zeros((0, 3))) == 0
    grads = {"a": np.array([math.inf]), "b": np.array([math.nan])}
    step: Any = hand_made(params=grads, grads=grads)  # type: ignore[call-arg]
    assert math.isnan(grad_norm(step))
    assert by_name(grad_norm(step, per="parameter"))["a"] == math.inf


# --- updates ----------------------------------------------------------------------------------------------------------


def test_the_first_update_of_adam_moves_every_number_by_the_rate(walking: Callable[..., Any]) -> None:
    # Its first step is lr · sign(g), so the norm of the update is lr √n where no gradient is 0.
    step = walking(nn.mlp([10, 6, 1], hidden="tanh"), data.diabetes(), optim.adam(0.003))[0]
    found = update_ratio(step)
    for name in ("dense1.w", "dense2.w"):
        w = step.params[name]
        assert found[name] == pytest.approx(0.003 * math.sqrt(w.size) / np.linalg.norm(w), rel=1e-4)
    assert found["dense1.b"] == math.inf, "biases begin at 0"


def test_a_parameter_of_zeros_has_an_infinite_ratio_or_none(hand_made: type[Step]) -> None:
    params = {"moved": np.zeros(2), "still": np.zeros(2), "usual": np.ones(4), "lost": np.ones(2)}
    updates = {"moved": np.ones(2), "still": np.zeros(2), "usual": np.full(4, -1e-3), "lost": np.array([1, math.nan])}
    step: Any = hand_made(params=params, updates=updates)  # type: ignore[call-arg]
    found = update_ratio(step)
    assert found["moved"] == math.inf
    assert math.isnan(found["still"])
    assert math.isnan(found["lost"])
    assert found["usual"] == pytest.approx(1e-3, rel=1e-12)


# --- successive gradients ---------------------------------------------------------------------------------------------


def pair(hand_made: Any, now: Any, before: Any) -> Step:
    first: Step = hand_made(grads={"w": np.array(before)})
    found: Step = hand_made(t=2, grads={"w": np.array(now)}, before=first)
    return found


@given(st.floats(-math.pi, math.pi), st.floats(-200, 200), st.floats(-200, 200))
def test_the_cosine_is_that_of_the_angle_whatever_the_lengths(
    hand_made: type[Step], angle: float, first: float, second: float
) -> None:
    a, b = 10.0**first, 10.0**second
    step = pair(hand_made, [a * math.cos(angle), a * math.sin(angle)], [b, 0.0])
    assert cosine(step) == pytest.approx(math.cos(angle), abs=1e-12)


def test_there_is_no_cosine_at_the_first_step_nor_with_a_gradient_of_zeros_or_nan(hand_made: type[Step]) -> None:
    assert math.isnan(cosine(hand_made(grads={"w": np.ones(2)})))  # type: ignore[call-arg]
    for other in ([0.0, 0.0], [math.nan, 1.0], [math.inf, 1.0]):
        assert math.isnan(cosine(pair(hand_made, [1.0, 2.0], other)))


def bowl(params: Any, x: Any) -> Any:
    return x * 0 + params["w"]


def height(w: Any, y: Any) -> Any:
    return np.mean(w**2)


@pytest.mark.parametrize(("rate", "sign"), [(0.1, 1), (0.9, -1)])
def test_on_a_bowl_gradients_turn_round_where_the_rate_is_too_high(
    rate: float, sign: int, walking: Callable[..., Any]
) -> None:
    # The curvature of w² is 2: beyond the rate 1/2 each step lands on the other side.
    step = walking(bowl, data.line(), optim.gradient_descent(rate), params={"w": np.ones(1)}, loss=height)[-1]
    assert cosine(step) == pytest.approx(sign, abs=1e-12)
