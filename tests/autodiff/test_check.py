"""The checker is checked: what is wrong is called wrong, what is right never is, and what cannot be told is said."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from downslope.autodiff import check_gradients, grad
from downslope.autodiff.finite_differences import slope
from downslope.errors import DerivativeError, SettingError, ShapeError

usual = settings().max_examples
seeds = st.integers(0, 2**32 - 1)


def near(h: float) -> Callable[[float], float]:
    """A kink at distance h from 0, on top of something smooth: the slope at 0 is -1 + 1 = 0."""
    return lambda t: abs(t - h) + math.sin(t)


# --- finite differences -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "true"),
    [
        (lambda t: math.exp(t), 1.0),
        (lambda t: math.sin(100 * t + 1), 100 * math.cos(1)),
        (lambda t: 1e-8 * (t + 0.3), 1e-8),
        (lambda t: 1e8 * t**3 + t, 1.0),
        (lambda t: math.log(1e-3 + t) if t > -1e-3 else math.nan, 1000.0),
        (lambda t: math.log(math.cosh(30 * (t + 0.1))), 30 * math.tanh(3)),
    ],
)
def test_a_slope_is_known_to_better_than_a_part_in_a_billion(f: Callable[[float], float], true: float) -> None:
    found = slope(f, 0.1, 1e-8)
    assert not found.is_kink
    assert abs(found.value - true) <= found.error <= 1e-9 * abs(true)


@given(seed=seeds)
@settings(max_examples=usual * 4)
def test_the_error_that_is_stated_is_not_exceeded_tenfold(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, w, b = (
        rng.normal(size=6) * 10 ** rng.uniform(-3, 3),
        rng.normal(size=6) * 10 ** rng.uniform(-1, 1.5),
        rng.normal(size=6),
    )
    true = {
        "waves": (lambda t: np.sum(a * np.sin(w * t + b)), np.sum(a * w * np.cos(b))),
        "softmax": (lambda t: np.log(np.sum(np.exp(w * t + b))), np.sum(w * np.exp(b)) / np.sum(np.exp(b))),
        "relu": (lambda t: np.sum(a * np.maximum(w * t + b, 0)), np.sum(a * w * (b > 0))),
        "rounded": (lambda t: np.sum((a * np.sin(w * t + b)).astype(np.float32)), np.sum(a * w * np.cos(b))),
    }
    for name, (f, d) in true.items():
        found = slope(lambda t, f=f: float(f(t)), 0.125, 1e-8)  # type: ignore[misc]
        low, high = sorted((found.left, found.right))
        assert low - 10 * found.error <= d <= high + 10 * found.error, name


@pytest.mark.parametrize("distance", [10.0**-k for k in range(2, 7)])
def test_a_kink_that_is_near_does_not_deceive(distance: float) -> None:
    found = slope(near(distance), 0.125, 1e-8)
    assert not found.is_kink
    assert abs(found.value) <= 10 * found.error <= 1e-9  # large steps all say 1


@pytest.mark.parametrize("distance", [0.0, *(10.0**-k for k in range(8, 16))])
def test_a_kink_at_the_point_is_seen_with_both_slopes(distance: float) -> None:
    found = slope(near(distance), 0.125, 1e-8)
    assert found.is_kink
    assert found.left == pytest.approx(0.0, abs=10 * found.error)
    assert found.right == pytest.approx(2.0, abs=10 * found.error)


def test_a_jump_has_no_slope_and_a_stair_is_noise() -> None:
    assert math.isinf(slope(lambda t: float(t > 0), 0.1, 1e-8).value)
    assert math.isinf(slope(lambda t: float(np.cbrt(t)), 0.1, 1e-8).value)
    stairs = slope(lambda t: (1e10 + (1 + t)) - 1e10, 0.1, 1e-8)
    assert abs(stairs.value - 1) <= 10 * stairs.error <= 1e-2


# --- wrong gradients --------------------------------------------------------------------------------------------------


def test_a_rule_five_times_too_large_for_a_tiny_slope_is_caught() -> None:
    check = check_gradients(lambda x: 1e-8 * x, 3.0, mine=lambda x: 5e-8)
    assert check.verdict == "wrong"
    assert not check
    assert check.worst is not None
    assert check.worst.ratio == pytest.approx(5)
    assert check_gradients(lambda x: 1e-8 * x, 3.0)


def test_a_tiny_element_beside_large_ones_is_caught() -> None:
    def f(x: Any) -> Any:
        return np.sum(x**2) + 1e-8 * x[1]

    x = np.array([1.0, 0.0, -2.0])
    right = np.array([2.0, 1e-8, -4.0])
    assert check_gradients(f, x, mine=right).verdict == "right"
    check = check_gradients(f, x, mine=right * [1, 5, 1])
    assert check.verdict == "wrong"
    assert check.worst is not None
    assert check.worst.name == "x[1]"


SMOOTH: dict[str, Callable[[Any], Any]] = {
    "waves": lambda x: np.sum(np.sin(x) * np.exp(-(x**2))),
    "logsumexp": lambda x: np.log(np.sum(np.exp(x))),
    "norm": lambda x: np.linalg.norm(x) + np.prod(1 + x**2),
    "tanh": lambda x: np.mean(np.tanh(3 * x) ** 2) + np.sum(x[1:] * x[:-1]),
}


@pytest.mark.parametrize("name", SMOOTH)
@given(seed=seeds, power=st.integers(-6, 1))
@settings(max_examples=usual // 2)
def test_one_part_in_a_million_is_caught_and_the_right_gradient_passes(name: str, seed: int, power: int) -> None:
    rng, f = np.random.default_rng(seed), SMOOTH[name]
    x = rng.uniform(0.2, 1.0, 5) * rng.choice([-1, 1], 5)
    right = grad(f)(x)
    assert check_gradients(f, x, mine=right, directions=2).verdict == "right"
    i = int(np.argmax(np.abs(right)))
    wrong = right.copy()
    wrong[i] *= 1 + 10.0**power
    check = check_gradients(f, x, mine=wrong, directions=2)
    assert check.verdict == "wrong"
    assert check.worst is not None
    assert check.worst.name == f"x[{i}]"


def test_the_worst_element_is_found_among_many() -> None:
    x = np.random.default_rng(0).normal(size=(50, 60))

    def mine(x: Any) -> Any:
        g = 3 * x**2
        g[41, 7] *= 1.001
        return g

    check = check_gradients(lambda x: np.sum(x**3), x, mine=mine)
    assert check.verdict == "wrong"
    assert check.worst is not None
    assert check.worst.name == "x[41, 7]"
    assert check.worst.ratio == pytest.approx(1.001, rel=1e-5)
    assert check.of == 3000
    assert check.elements < 60
    assert "41 elements of 3000" in str(check)


def test_a_wrong_sign_a_missing_factor_and_a_missing_term_are_named() -> None:
    w, x = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, -0.25])

    def f(w: Any) -> Any:
        return np.sum((w @ x) ** 2) + 0.1 * np.sum(w**2)

    right = grad(f)(w)
    for wrong, ratio in ((-right, -1.0), (right / 2, 0.5), (right - 0.2 * w, None)):
        check = check_gradients(f, w, mine=wrong)
        assert check.verdict == "wrong"
        assert check.worst is not None
        assert ratio is None or check.worst.ratio == pytest.approx(ratio)
        assert str(check).startswith(f"wrong: {check.worst.name} is given as ")


def test_zero_where_there_is_a_slope_and_a_slope_where_there_is_none_are_wrong() -> None:
    x = np.array([1.0, 2.0])
    assert check_gradients(lambda x: x[0] ** 2, x, mine=np.zeros(2)).verdict == "wrong"
    assert check_gradients(lambda x: x[0] ** 2, x, mine=np.array([2.0, 1e-12])).verdict == "wrong"
    assert check_gradients(lambda x: x[0] ** 2, x, mine=np.array([2.0, 0.0])).verdict == "right"


def test_nan_and_infinity_in_a_gradient_are_wrong() -> None:
    for bad in (np.nan, np.inf):
        check = check_gradients(lambda x: np.sum(x**2), np.array([1.0, 2.0]), mine=np.array([2.0, bad]))
        assert check.verdict == "wrong"
        assert check.worst is not None
        assert check.worst.name == "x[1]"
        assert str(bad) in str(check)


# --- right gradients --------------------------------------------------------------------------------------------------


def network(params: Any, x: Any, y: Any) -> Any:
    h = np.maximum(x @ params["w1"] + params["b1"], 0)
    z = np.tanh(h @ params["w2"])
    return np.mean((z - y) ** 2) + 1e-3 * np.sum(np.abs(params["w1"]))


def network_at(seed: int, dtype: Any = np.float64) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    n, k, m = rng.integers(2, 5, 3)
    params = {"w1": rng.normal(size=(k, m)), "b1": rng.normal(size=m) * 0.1, "w2": rng.normal(size=(m, 2))}
    x, y = rng.normal(size=(n, k)), rng.normal(size=(n, 2))
    return {key: value.astype(dtype) for key, value in params.items()}, x.astype(dtype), y.astype(dtype)


@given(seed=seeds)
@settings(max_examples=usual)
def test_the_right_gradient_of_a_network_is_never_called_wrong(seed: int) -> None:
    assert check_gradients(network, *network_at(seed)).verdict == "right"


@given(seed=seeds)
@settings(max_examples=usual)
def test_nor_that_of_a_network_in_float32(seed: int) -> None:
    check = check_gradients(network, *network_at(seed, np.float32))
    assert check.verdict == "right"
    assert check.precision == "float32"
    assert "float32" in str(check)


@given(seed=seeds)
@settings(max_examples=usual // 2)
def test_float32_still_shows_a_part_in_a_hundred(seed: int) -> None:
    params, x, y = network_at(seed, np.float32)

    def mine(*args: Any) -> Any:
        g = grad(network)(*args)
        return g | {"w2": g["w2"] * np.float32(1.01)}

    assume(np.max(np.abs(grad(network)(params, x, y)["w2"])) > 1e-3)
    assert check_gradients(network, params, x, y, mine=mine).verdict == "wrong"


@given(x=st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-6), scale=st.floats(-9, 9))
@settings(max_examples=usual * 2)
def test_the_scale_of_f_and_of_x_does_not_matter(x: float, scale: float) -> None:
    def f(z: Any) -> Any:
        return 10**scale * np.sin(z / abs(x)) * z

    assert check_gradients(f, x).verdict == "right"
    assert check_gradients(f, x, mine=grad(f)(x) * (1 + 1e-5)).verdict == "wrong"


def test_saturated_softmax_in_float32_is_right_although_rounding_swallows_it() -> None:
    def f(z: Any) -> Any:
        return np.log(np.sum(np.exp(z - np.max(z)))) + np.max(z) - z[0]

    z = np.array([20.0, 0.0, 0.5], np.float32)
    assert grad(f)(z)[0] == pytest.approx(0, abs=1e-7)
    assert check_gradients(f, z).verdict == "right"


def test_a_gradient_given_as_a_function_a_tree_or_several_arguments() -> None:
    def f(p: Any, x: Any) -> Any:
        return np.sum(p["w"] * x) ** 2 + p["b"][0]

    p, x = {"w": np.array([1.0, 2.0]), "b": [3.0]}, np.array([0.5, -1.5])

    def for_p(p: Any, x: Any) -> Any:
        return {"b": [1.0], "w": 2 * np.sum(p["w"] * x) * x}  # keys are matched by name

    for_x = 2 * np.sum(p["w"] * x) * p["w"]
    assert check_gradients(f, p, x, mine=for_p)
    assert check_gradients(f, p, x, mine=for_p(p, x))
    assert check_gradients(f, p, x, argnums=1, mine=for_x)
    assert check_gradients(f, p, x, argnums=-1, mine=for_x)
    assert check_gradients(f, p, x, argnums=(0, 1), mine=(for_p(p, x), for_x))
    assert check_gradients(f, p, x, argnums=(0, 1))
    wrong = check_gradients(f, p, x, argnums=(1, 0), mine=(for_x, {"w": for_p(p, x)["w"], "b": [2.0]}))
    assert not wrong
    assert wrong.worst is not None
    assert wrong.worst.name == "b.0"


def test_an_array_may_hold_nothing_and_a_constant_has_no_slope() -> None:
    assert check_gradients(lambda x, e: x**2 + np.sum(e), 3.0, np.zeros(0), argnums=(0, 1))
    assert check_gradients(lambda x: x * 0 + 4.0, 3.0).verdict == "right"


def test_a_function_may_change_its_argument() -> None:
    def f(x: Any) -> Any:
        x *= 2
        return np.sum(x**2)

    assert check_gradients(f, np.array([1.0, 2.0]), mine=lambda x: 8 * x)


# --- kinks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("between", [0.0, 0.25, 1.0])
def test_any_slope_between_both_sides_of_a_kink_is_right(between: float) -> None:
    x = np.array([0.0, 1.0, -1.0])
    check = check_gradients(lambda x: np.sum(np.maximum(x, 0)), x, mine=np.array([between, 1.0, 0.0]))
    assert check.verdict == "kink"
    assert check
    assert check.kinks == ("x[0]",)
    assert "kink at x[0]" in str(check)


@pytest.mark.parametrize("outside", [-0.01, 1.01, np.nan])
def test_a_slope_outside_of_both_sides_is_wrong(outside: float) -> None:
    x = np.array([0.0, 1.0, -1.0])
    check = check_gradients(lambda x: np.sum(np.maximum(x, 0)), x, mine=np.array([outside, 1.0, 0.0]))
    assert check.verdict == "wrong"
    assert check.worst is not None
    assert check.worst.name == "x[0]"


def test_beside_a_kink_the_other_elements_are_still_checked() -> None:
    x = np.array([0.0, 1.0, -1.0])
    check = check_gradients(lambda x: np.sum(np.abs(x) * [1, 2, 3]), x, mine=np.array([0.0, 2.0, 3.0]))
    assert check.verdict == "wrong"
    assert check.worst is not None
    assert check.worst.name == "x[2]"


@pytest.mark.parametrize("f", [np.max, np.min, np.ptp, lambda x: np.sum(np.sort(x) * [1, 2, 3])])
def test_ties_are_kinks_and_the_table_takes_a_slope_between(f: Callable[[Any], Any]) -> None:
    check = check_gradients(f, np.array([2.0, 2.0, 2.0]))
    assert check.verdict == "kink"
    assert len(check.kinks) == 3


def test_a_kink_that_no_line_shows_cannot_be_told() -> None:
    # The median of three equal numbers does not move with any one of them, but it moves with all of them.
    check = check_gradients(np.median, np.array([2.0, 2.0, 2.0]))
    assert check.verdict == "cannot tell"
    assert "do not add up" in str(check)


@pytest.mark.parametrize(
    "f", [np.abs, lambda x: np.maximum(x, 0), lambda x: np.clip(x, 0, 1), lambda x: np.minimum(x, -x)]
)
def test_the_table_takes_a_slope_between_at_its_kinks(f: Callable[[Any], Any]) -> None:
    assert check_gradients(f, 0.0).verdict == "kink"


@given(power=st.floats(-15, -1), side=st.sampled_from([-1, 1]))
@settings(max_examples=usual * 2)
def test_the_right_gradient_beside_a_kink_is_never_called_wrong(power: float, side: int) -> None:
    x = np.array([side * 10.0**power, 0.5])

    def f(x: Any) -> Any:
        return np.sum(np.abs(x)) + np.sin(x[0]) * x[1]

    assert check_gradients(f, x)


@given(power=st.floats(-6, -1), side=st.sampled_from([-1, 1]))
@settings(max_examples=usual)
def test_the_slope_of_the_other_side_of_a_kink_is_wrong(power: float, side: int) -> None:
    x = side * 10.0**power
    assert check_gradients(np.abs, x, mine=lambda x: -np.sign(x)).verdict == "wrong"


def test_a_staircase_and_a_smooth_corner_are_no_kinks() -> None:
    assert check_gradients(lambda x: np.floor(x) + x**2, 2.5).verdict == "right"
    assert check_gradients(lambda x: np.log(np.cosh(1e4 * x)), 0.0).verdict == "right"
    assert check_gradients(lambda x: x * np.abs(x), 0.0).verdict == "right"


# --- what cannot be told ----------------------------------------------------------------------------------------------


def test_rounding_larger_than_the_slope_cannot_be_told() -> None:
    for slope_given in (1.0, 0.0, 7.0):
        check = check_gradients(lambda x: 1e16 + x, 3.0, mine=slope_given)
        assert check.verdict == "cannot tell"
        assert not check
        assert "rounding" in str(check)


def test_f_that_is_not_finite_or_not_a_function_is_reported() -> None:
    assert "f is nan at this point" in str(check_gradients(lambda x: np.log(x), -1.0, mine=1.0))
    assert "f is inf at this point" in str(check_gradients(lambda x: x / 0.0 if x else x, np.float64(1.0), mine=1.0))
    rng = np.random.default_rng(0)
    check = check_gradients(lambda x: x + rng.normal(), 1.0, mine=1.0)
    assert check.verdict == "cannot tell"
    assert "another value each time" in str(check)


def test_a_jump_and_the_end_of_the_domain_cannot_be_told() -> None:
    assert check_gradients(lambda x: np.floor(x), 2.0).verdict == "cannot tell"
    assert check_gradients(lambda x: np.sqrt(x), 0.0).verdict == "cannot tell"
    assert check_gradients(lambda x: math.sqrt(x), 1e-3, mine=0.5 / math.sqrt(1e-3)).verdict == "right"


def test_an_element_too_small_to_be_checked_is_said() -> None:
    check = check_gradients(lambda x: x[0] + 1e-15 * x[1], np.array([1.0, 1.0]))
    assert check.verdict == "right"
    assert "1 elements are too small to be checked" in str(check)


# --- the report -------------------------------------------------------------------------------------------------------


def test_the_error_falls_as_h_squared_against_a_right_gradient_and_levels_off_against_a_wrong_one() -> None:
    right = check_gradients(lambda x: np.exp(x), 1.0)
    assert right.order == pytest.approx(2, abs=0.1)
    assert right.level < 1e-9
    assert "falls as h**2.0" in str(right)
    wrong = check_gradients(lambda x: np.exp(x), 1.0, mine=lambda x: 1.001 * np.exp(x))
    assert wrong.level == pytest.approx(1e-3, rel=0.01)
    assert "levels off at 0.001" in str(wrong)


def test_the_report_reads_like_this() -> None:
    check = check_gradients(lambda w: np.sum(w**2), np.array([[1.0, 2.0]]), mine=lambda w: w)
    assert str(check).splitlines() == [
        "wrong: w[0, 1] is given as 2, 0.5 times the slope of f, 4 ± 1e-13",
        "  checked: all elements and 5 random directions; the gradient is float64",
        "  slope test: a central difference's error levels off at 0.5 of it",
    ]


def test_the_seed_decides_the_directions() -> None:
    one, same, other = (check_gradients(network, *network_at(3), seed=s) for s in (1, 1, 2))
    assert str(one) == str(same)
    assert one.level == same.level != other.level


# --- bad input --------------------------------------------------------------------------------------------------------


def test_integers_have_no_finite_differences() -> None:
    with pytest.raises(SettingError, match=r"n has type int64.*\[check-type\]"):
        check_gradients(lambda n: n**2, np.array([1, 2]))
    with pytest.raises(SettingError, match="check-type"):
        check_gradients(lambda n: n**2, 3)
    assert check_gradients(lambda x, n: x * n, 2.0, 3)  # an integer that is not differentiated may stay


def test_structures_and_shapes_that_do_not_fit_are_both_shown() -> None:
    p = {"w": np.ones((3, 2)), "b": np.ones(2)}

    def f(p: Any) -> Any:
        return np.sum(p["w"]) + np.sum(p["b"])

    with pytest.raises(ShapeError, match="check-structure") as caught:
        check_gradients(f, p, mine={"w": np.ones((3, 2))})
    assert "{'w': (3, 2)}" in str(caught.value)
    assert "{'w': (3, 2), 'b': (2,)}" in str(caught.value)
    with pytest.raises(ShapeError, match=r"gradient of w has shape \(2, 3\), w has shape \(3, 2\)  \[check-shape\]"):
        check_gradients(f, p, mine={"w": np.ones((2, 3)), "b": np.ones(2)})
    with pytest.raises(ShapeError, match="check-structure"):
        check_gradients(lambda x, y: x * y, 1.0, 2.0, argnums=(0, 1), mine=[1.0, 2.0, 3.0])


def test_an_array_as_the_result_is_refused() -> None:
    with pytest.raises(DerivativeError, match="gradient-of-array"):
        check_gradients(lambda x: x * 2, np.ones(3))
    with pytest.raises(DerivativeError, match="gradient-of-array"):
        check_gradients(lambda x: x * 2, np.ones(3), mine=np.ones(3))
