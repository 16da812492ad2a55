"""Statistics of activations, dead units, saturation: planted ones are found, and only they."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope import data, nn, optim
from downslope.errors import SettingError
from downslope.runs.instrument import find
from downslope.runs.step import LayerFacts, Step

stats, dead_units, saturation = (find(id).read for id in ("activation_stats", "dead_units", "saturation"))


def one_layer(hand_made: Any, h: Any, activation: str = "relu", kind: str = "dense") -> Step:
    layers = {"layer1": LayerFacts("layer1", kind, activation)}
    h = np.asarray(h, float)
    found: Step = hand_made(layers=layers, activations={"layer1": h}, batch=(np.zeros((len(h), 2)), np.zeros(len(h))))
    return found


# --- statistics -------------------------------------------------------------------------------------------------------


@given(st.floats(-5, 5), st.floats(-3, 3), st.integers(0, 40))
def test_two_values_and_zeros_have_the_statistics_that_one_computes_by_hand(
    hand_made: type[Step], a: float, b: float, zeros: int
) -> None:
    h = np.array([a, b] + [0.0] * zeros)
    mean, std, share, low, high, bad = stats(one_layer(hand_made, h)).values[0]
    n = zeros + 2
    assert mean == pytest.approx((a + b) / n, abs=1e-12)
    assert std**2 == pytest.approx((a * a + b * b) / n - mean**2, abs=1e-9)
    assert share == (zeros + (a == 0) + (b == 0)) / n
    assert (low, high, bad) == (h.min(), h.max(), 0)


def test_normal_inputs_through_relu_have_the_moments_of_a_half_normal(hand_made: type[Step]) -> None:
    z = np.random.default_rng(0).normal(size=(400, 500))
    mean, std, share, *_ = stats(one_layer(hand_made, np.maximum(z, 0))).values[0]
    assert mean == pytest.approx(1 / math.sqrt(2 * math.pi), abs=0.005)
    assert std == pytest.approx(math.sqrt(0.5 - 1 / (2 * math.pi)), abs=0.005)
    assert share == pytest.approx(0.5, abs=0.005)


@pytest.mark.parametrize(
    ("planted", "mean", "low"),
    [([math.nan], math.nan, math.nan), ([math.inf], math.inf, 0.0), ([math.inf, -math.inf], math.nan, -math.inf)],
)
def test_numbers_that_are_not_finite_are_counted_and_show(
    hand_made: type[Step], planted: list[float], mean: float, low: float
) -> None:
    found = stats(one_layer(hand_made, [[0.0, 1.0, *planted]])).values[0]
    np.testing.assert_equal(found[[0, 1, 3, 5]], [mean, math.nan, low, len(planted)])
    assert found[2] == pytest.approx(1 / (2 + len(planted)))


# --- dead units -------------------------------------------------------------------------------------------------------


@given(st.integers(1, 8), st.integers(0, 8))
def test_planted_dead_units_are_counted(hand_made: type[Step], alive: int, dead: int) -> None:
    h = np.zeros((5, alive + dead))
    h[np.arange(alive) % 5, np.arange(alive)] = 0.1  # one row is enough
    assert dead_units(one_layer(hand_made, h)) == {"layer1": dead / (alive + dead)}


def test_a_bias_far_below_zero_kills_its_unit_and_its_gradient(walking: Callable[..., Any]) -> None:
    model = nn.mlp([64, 8, 10])
    params = model.init(0, np.float64)
    params["dense1"]["b"][[1, 4]] = -1e3
    step = walking(model, data.digits(), optim.adam(), params=params)[-1]
    assert dead_units(step)["dense1"] >= 2 / 8
    assert set(dead_units(step)) == {"dense1"}, "the last layer has no floor"
    assert not step.grads["dense1.w"][:, [1, 4]].any()


def test_a_unit_of_a_convolution_is_a_channel_at_all_places(hand_made: type[Step]) -> None:
    h = np.zeros((2, 4, 3, 3))
    h[1, 2, 0, 2] = 1.0
    assert dead_units(one_layer(hand_made, h, kind="conv")) == {"layer1": 3 / 4}
    assert dead_units(one_layer(hand_made, h, kind="activation")) == {"layer1": 3 / 4}
    words = np.zeros((2, 5, 3))  # (B, places, units)
    words[0, 4, 1] = 1.0
    assert dead_units(one_layer(hand_made, words)) == {"layer1": 2 / 3}
    assert dead_units(one_layer(hand_made, np.moveaxis(words, 2, 1), kind="conv")) == {"layer1": 2 / 3}


def test_a_nan_is_no_life_and_no_death(hand_made: type[Step]) -> None:
    assert math.isnan(dead_units(one_layer(hand_made, [[0.0, math.nan], [0.0, 1.0]]))["layer1"])


@pytest.mark.parametrize("read", [dead_units, saturation])
def test_where_no_layer_can_be_meant_it_says_so(read: Any, hand_made: type[Step]) -> None:
    with pytest.raises(SettingError, match="instrument-nothing"):
        read(one_layer(hand_made, np.ones((2, 3)), activation="gelu"))


def test_a_value_without_the_rows_axis_is_left_out(hand_made: type[Step]) -> None:
    step: Any = one_layer(hand_made, np.zeros((4, 3)))
    step.layers["scale"] = LayerFacts("scale", "", "relu")
    step.activations["scale"] = np.zeros(7)
    assert dead_units(step) == {"layer1": 1.0}


# --- saturation -------------------------------------------------------------------------------------------------------


@given(st.floats(0.5, 0.99), st.integers(0, 2**31))
def test_a_sigmoid_is_as_saturated_as_the_tanh_of_half_its_input(
    hand_made: type[Step], threshold: float, seed: int
) -> None:
    z = 4 * np.random.default_rng(seed).normal(size=(6, 7))
    sigmoid = one_layer(hand_made, 1 / (1 + np.exp(-z)), "sigmoid")
    tanh = one_layer(hand_made, np.tanh(z / 2), "tanh")
    # tanh(z/2) = 2 sigmoid(z) − 1; beyond the threshold is |z| > 2 artanh(threshold).
    expected = np.mean(np.abs(z) > 2 * math.atanh(threshold))
    assert saturation(tanh, threshold) == {"layer1": pytest.approx(expected)}
    assert saturation(sigmoid, threshold) == {"layer1": pytest.approx(expected)}


def test_large_weights_saturate_a_layer_and_small_ones_do_not(walking: Callable[..., Any]) -> None:
    model = nn.mlp([10, 6, 1], hidden="tanh")
    shares = []
    for factor in (0.01, 100):
        params = model.init(0, np.float64)
        params["dense1"]["w"] *= factor
        step = walking(model, data.diabetes(), optim.gradient_descent(1e-6), params=params)[0]
        shares.append(saturation(step)["dense1"])
    assert shares[0] == 0
    assert shares[1] > 0.9


def test_a_nan_hides_no_saturation(hand_made: type[Step]) -> None:
    assert math.isnan(saturation(one_layer(hand_made, [[1.0, math.nan]], "tanh"))["layer1"])


@pytest.mark.parametrize("threshold", [0, 1, -0.5, math.nan])
def test_a_threshold_outside_of_the_bounds_is_refused(threshold: float, hand_made: type[Step]) -> None:
    with pytest.raises(SettingError, match="instrument-value"):
        saturation(one_layer(hand_made, [[1.0]], "tanh"), threshold)
