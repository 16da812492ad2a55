"""Instruments of single rows' gradients: signal to noise, noise scale, lengths, blame."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from tests.instruments.bowls import Given, rows_of

from downslope.errors import SettingError
from downslope.instruments.gradient_snr import gradient_snr
from downslope.instruments.noise_scale import noise_scale
from downslope.instruments.per_example_grad_norm import per_example_grad_norm
from downslope.instruments.row_blame import row_blame

GRADIENTS = st.tuples(st.integers(2, 8), st.integers(1, 4)).flatmap(
    lambda shape: arrays(float, shape, elements=st.floats(-100, 100, width=32))
)

# --- signal to noise --------------------------------------------------------------------------------------------------


def test_signal_to_noise_of_two_rows_by_hand() -> None:
    """Mean (2, 1); squared deviations 1 + 1 and 0 + 0, divided by B − 1 = 1."""
    assert gradient_snr(rows_of([1, 1], [3, 1])) == {"w": 5 / 2}


def test_many_rows_tell_the_ratio_of_their_distribution() -> None:
    """Gradients of mean 0.3 and standard deviation 2 in each of 500 numbers: (0.3 / 2)² and the 1/B of pure noise."""
    rows = np.random.default_rng(0).normal(0.3, 2, (400, 500))
    assert gradient_snr(rows_of(*rows))["w"] == pytest.approx(0.0225 + 1 / 400, rel=0.03)
    assert gradient_snr(rows_of(*(rows - 0.3)))["w"] == pytest.approx(1 / 400, rel=0.1)


def test_rows_that_agree_have_no_noise_and_rows_without_gradient_have_nothing() -> None:
    assert gradient_snr(rows_of([1, 2], [1, 2])) == {"w": math.inf}
    assert math.isnan(gradient_snr(rows_of([0, 0], [0, 0]))["w"])
    assert math.isnan(gradient_snr(rows_of([1, 2]))["w"])
    assert math.isnan(gradient_snr(rows_of([1, math.nan], [1, 2]))["w"])


# --- noise scale ------------------------------------------------------------------------------------------------------


def test_the_estimates_of_gradient_and_noise_are_right_on_average() -> None:
    """True gradient (1, 2, 0) and covariance diag(1, 4, 9): |G|² is 5 and tr Σ is 14, whatever the batch size."""
    random = np.random.default_rng(0)
    for B in (2, 16):
        found = [noise_scale(rows_of(*random.normal((1, 2, 0), (1, 2, 3), (B, 3)))).facts for _ in range(4000)]
        gradient, noise = (np.array([facts[name] for facts in found]) for name in ("gradient", "noise"))
        for values, truth in ((gradient, 5), (noise, 14)):
            assert abs(values.mean() - truth) < 4 * values.std() / math.sqrt(len(values))


def test_the_noise_scale_of_two_rows_by_hand() -> None:
    """Rows 1 and 3: mean 2, variance 2, so |G|² is 4 − 2/2 = 3."""
    found = noise_scale(rows_of([1], [3]))
    assert float(found.values) == pytest.approx(2 / 3)
    assert found.facts["gradient"] == pytest.approx(3)
    assert found.facts["noise"] == pytest.approx(2)


def test_where_no_gradient_stands_out_the_noise_scale_is_infinite() -> None:
    found = noise_scale(rows_of([1], [-1]))
    assert float(found.values) == math.inf
    assert found.facts["rate"] == 0
    assert found.facts["gradient"] == -1


@pytest.mark.parametrize("rows", [[[1.0]], [[0.0], [0.0]], [[1.0], [math.nan]]])
def test_the_noise_scale_of_nothing_is_not_a_number(rows: list[list[float]]) -> None:
    assert math.isnan(float(noise_scale(rows_of(*rows)).values))


def test_rows_that_agree_have_a_noise_scale_of_0() -> None:
    found = noise_scale(rows_of([1, 2], [1, 2]))
    assert float(found.values) == 0
    assert found.facts["rate"] == found.facts["steps"] == 1
    assert found.facts["examples"] == math.inf


# --- each row's length and share --------------------------------------------------------------------------------------


def test_lengths_are_over_all_parameters_or_those_of_the_target() -> None:
    step = Given(
        per_example_grads={
            "one.w": np.array([[[3.0]], [[0.0]]]),
            "one.b": np.array([[4.0], [0.0]]),
            "v": np.array([12.0, 1.0]),
        },
        rows=np.array([7, 3]),
    )
    found = per_example_grad_norm(step)
    assert found.values.tolist() == [13, 1]
    assert found.axes[0].labels == (7, 3)
    assert found.facts["rows"].tolist() == [7, 3]
    assert per_example_grad_norm(step, target="one").values.tolist() == [5, 0]
    assert per_example_grad_norm(step, target="one.b").values.tolist() == [4, 0]
    with pytest.raises(SettingError, match="instrument-target"):
        per_example_grad_norm(step, target="tow")


def test_the_row_with_a_nan_is_told_by_its_length_while_all_shares_are_nan() -> None:
    step = rows_of([1, 2], [math.nan, 0], [0, 3])
    assert np.isnan(per_example_grad_norm(step).values).tolist() == [False, True, False]
    assert np.isnan(row_blame(step).values).all()
    assert row_blame(step).axes[0].labels == (100, 101, 102)
    infinite = rows_of([1, 2], [math.inf, 0])
    assert np.isinf(per_example_grad_norm(infinite).values).tolist() == [False, True]
    assert np.isnan(row_blame(infinite).values).all()


def test_shares_by_hand() -> None:
    """Rows 1, 5 and −3: the sum is 3, so they hold 1/3, 5/3 and −1 of it."""
    found = row_blame(rows_of([1], [5], [-3]))
    assert found.values == pytest.approx([5 / 3, 1 / 3, -1])
    assert found.axes[0].labels == (101, 100, 102)


def test_without_a_gradient_nobody_is_to_blame() -> None:
    assert np.isnan(row_blame(rows_of([1], [-1])).values).all()


@given(GRADIENTS)
@settings(max_examples=30)
def test_shares_sum_to_1_and_fall(gradients: np.ndarray) -> None:
    mean = gradients.mean(axis=0)
    if np.linalg.norm(mean) < 1e-3 * (1 + np.abs(gradients).max()):
        return
    found = row_blame(rows_of(*gradients))
    assert found.values.sum() == pytest.approx(1)
    assert (np.diff(found.values) <= 0).all()
    order = np.array(found.axes[0].labels) - 100
    assert found.values == pytest.approx(gradients[order] @ mean / (len(gradients) * mean @ mean))


@given(GRADIENTS)
@settings(max_examples=20)
def test_the_order_of_rows_changes_no_statistic(gradients: np.ndarray) -> None:
    mixed = np.random.default_rng(0).permutation(gradients)
    here, there = noise_scale(rows_of(*gradients)).facts, noise_scale(rows_of(*mixed)).facts
    scale = 1 + float((gradients**2).max())
    for name in ("gradient", "noise"):
        assert here[name] == pytest.approx(there[name], rel=1e-9, abs=1e-12 * scale)


def test_a_planted_row_is_found() -> None:
    """One mislabelled row among 31 others: its gradient is the longest and its share the largest."""
    gradients = np.random.default_rng(0).normal(0, 0.1, (32, 50))
    gradients[17] = 3.0
    step = rows_of(*gradients)
    assert row_blame(step).axes[0].labels[0] == 117
    assert int(np.argmax(per_example_grad_norm(step).values)) == 17
    assert row_blame(step).values[0] > 0.9
