"""Units, zeros and correlations of the features, and the condition numbers that they give a squared loss."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from downslope.data import Data, arrays, correlated_features, digits, iris, line, unscaled_features, xor
from downslope.errors import SettingError

Reference = dict[str, dict[str, Any]]


def square() -> Data:
    """Two features of mean 0 and standard deviation 1 that have nothing to do with each other, exactly."""
    return arrays([[1, 1], [1, -1], [-1, 1], [-1, -1]], [0.5, 1.0, 2.0, 3.0], held_out=0)


def hessian(x: NDArray[np.float64], *, bias: bool = False) -> NDArray[np.float64]:
    """Of the half mean squared error of a linear model."""
    inputs = np.column_stack([x, np.ones(len(x))]) if bias else x
    return np.asarray(inputs.T @ inputs / len(x))


def test_two_units_give_the_bowl_a_condition_number_of_their_ratio_squared(reference: Reference) -> None:
    expected = reference["data.scale"]["expected"]
    x = unscaled_features(square(), factors=(1, 1000)).train.x
    assert x.std(axis=0) == pytest.approx([1, 1000])
    kappa = np.linalg.cond(hessian(x))
    assert kappa == pytest.approx(expected["kappa"], rel=1e-6)
    # The best constant rate shrinks the error by (kappa - 1) / (kappa + 1) a step.
    assert math.log(100) / math.log((kappa + 1) / (kappa - 1)) == pytest.approx(expected["steps"], rel=1e-6)
    assert np.linalg.cond(hessian(square().train.x)) == pytest.approx(1)


def test_a_mean_beside_a_bias_ruins_the_bowl_as_well(reference: Reference) -> None:
    entry = reference["data.mean"]
    m = entry["inputs"]["m"]
    one = arrays([-1.0, 1.0], [0.5, 1.5], held_out=0)
    bowl = hessian(unscaled_features(one, shifts=(m,)).train.x, bias=True)
    assert bowl == pytest.approx(np.array([[1 + m * m, m], [m, 1]]))
    assert np.linalg.cond(bowl) == pytest.approx(entry["expected"], rel=1e-6)


@pytest.mark.parametrize("r", [0, 0.5, 0.9, 0.99])
def test_two_correlated_features_give_1_plus_r_over_1_minus_r(reference: Reference, r: float) -> None:
    bowl = hessian(correlated_features(square(), r).train.x)
    assert bowl == pytest.approx(np.array([[1, r], [r, 1]]))
    assert np.linalg.cond(bowl) == pytest.approx(reference["data.corr"]["expected"][str(r)], rel=1e-9)


def test_the_users_units_are_still_known() -> None:
    for data in (iris(), xor()):
        after = unscaled_features(data, spread=1e6, shifts={data.features[0]: 3})
        for part in ("train", "held_out"):
            before, now = getattr(data, part).x, getattr(after, part).x
            assert after.raw_features(now) == pytest.approx(data.raw_features(before), abs=1e-9)


def test_both_parts_go_through_the_same_factors() -> None:
    data = iris()
    after = unscaled_features(data, factors={data.features[1]: 50}, shifts={data.features[3]: -2})
    for before, now in ((data.train, after.train), (data.held_out, after.held_out)):
        assert now.x == pytest.approx(before.x * [1, 50, 1, 1] + [0, 0, 0, -2])
    assert after.touched[0].features == (data.features[1], data.features[3])


@pytest.mark.parametrize("spread", [10.0, 1e6])
def test_a_spread_deals_equal_ratios_from_1_to_the_spread(spread: float) -> None:
    data = iris()
    after = unscaled_features(data, spread=spread, seed=2)
    dealt = after.train.x.std(axis=0) / data.train.x.std(axis=0)
    assert np.sort(dealt) == pytest.approx(spread ** (np.arange(4) / 3))
    assert unscaled_features(line(), spread=spread).train.x == pytest.approx(spread * line().train.x)


def test_mixing_keeps_means_and_deviations_and_gives_the_correlation() -> None:
    data = xor(n=5000)
    x, mixed = data.train.x, correlated_features(data, -0.8).train.x
    assert np.array_equal(mixed[:, 0], x[:, 0])
    assert mixed.mean(axis=0) == pytest.approx(x.mean(axis=0), abs=1e-9)
    # Drawn independently, so their correlation is 0 but for 1 / sqrt(4000), of which five are allowed here.
    assert mixed.std(axis=0) == pytest.approx(x.std(axis=0), abs=0.08)
    assert np.asarray(np.corrcoef(mixed.T))[0, 1] == pytest.approx(-0.8, abs=0.08)
    assert np.linalg.matrix_rank(np.cov(correlated_features(data, 1).train.x.T), tol=1e-9) == 1


def test_a_first_feature_that_never_changes_correlates_with_nothing() -> None:
    data = digits()
    assert np.ptp(data.train.x[:, 0]) == 0
    assert correlated_features(data, 0.9) is data


BAD: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "count": (unscaled_features, {"factors": (1, 2, 3)}, "data-factors", "3 numbers and xor has 2 features"),
    "name": (unscaled_features, {"factors": {"x3": 2}}, "data-factors", "Did you mean 'x"),
    "zero": (unscaled_features, {"factors": {"x2": 0}}, "data-factors", "the factor of 'x2' is 0"),
    "both": (unscaled_features, {"factors": (1, 2), "spread": 2}, "data-factors", "both given"),
    "words": (unscaled_features, {"shifts": ("a", "b")}, "data-out-of-range", "shifts is 'a'"),
    "NaN": (unscaled_features, {"factors": (1, float("nan"))}, "data-out-of-range", "factors is nan"),
    "spread": (unscaled_features, {"spread": 0.5}, "data-out-of-range", "spread is 0.5"),
    "number": (unscaled_features, {"factors": 10}, "data-factors", "factors is 10"),
    "correlation": (correlated_features, {"correlation": 1.5}, "data-out-of-range", "from -1 to 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_unfit_settings_get_one_message_of_four_lines(case: str) -> None:
    spoil, settings, code, words = BAD[case]
    with pytest.raises(SettingError) as refused:
        spoil(xor(), **settings)
    assert refused.value.code == code
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 4
