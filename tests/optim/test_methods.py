"""Methods that evaluate the function themselves: line searches, L-BFGS, Newton, conjugate gradients, SAM."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import downslope as ds
from downslope import optim
from downslope.errors import DownslopeError, SettingError
from downslope.optim.lbfgs import inverse_hessian_times
from downslope.optim.line_search import Found, armijo, strong_wolfe

METHODS = [
    optim.lbfgs(),
    optim.lbfgs(search="armijo"),
    optim.lbfgs(0.05, search="none"),
    optim.newton(),
    optim.newton(damping=0.5),
    optim.newton(pure=True),
    optim.conjugate_gradient(),
    optim.conjugate_gradient(formula="fletcher_reeves"),
    optim.conjugate_gradient(search="armijo"),
    optim.sam(optim.momentum(1e-4)),
    optim.sam(optim.adam(0.1), adaptive=True),
]


def valley(p: Any) -> Any:
    return 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2


def bowl(size: int, condition: float, seed: int = 0) -> tuple[Any, Any, Any]:
    """½ pᵀ A p − b·p as f, with A and the minimum."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(size, size)))[0]
    matrix = turn @ np.diag(np.geomspace(1, condition, size)) @ turn.T
    end = rng.normal(size=size)
    return (lambda p: 0.5 * p @ matrix @ p - (matrix @ end) @ p), matrix, end


def follow(rule: optim.Method, f: Any, start: Any, steps: int, enough: float = 0.0) -> tuple[list[Any], int]:
    """The points that are visited, and the evaluations that it took; until the gradient is small enough."""
    slope, curvature = ds.trace(ds.value_and_grad(f), start), ds.trace(ds.hessian(f), start)
    p, state, path, evaluations = start, rule.init(start), [start], 0
    for t in range(1, steps + 1):
        p, state, count = rule.step(slope, p, state, t, hessian=curvature)
        path.append(p)
        evaluations += count
        if np.linalg.norm(slope(p)[1]) <= enough:
            break
    return path, evaluations


# --- what holds for all -----------------------------------------------------------------------------------------------


def test_every_entry_is_looked_at_here() -> None:
    assert {rule.name for rule in METHODS} == {function.__name__ for function in optim.METHODS.values()}


@pytest.mark.parametrize("rule", METHODS, ids=str)
def test_a_step_changes_nothing_that_it_is_given_and_counts_its_evaluations(rule: optim.Method) -> None:
    calls = 0

    def f(p: Any) -> Any:
        nonlocal calls
        calls += 1
        return ds.value_and_grad(valley)(p)

    p, state = np.array([-1.2, 1.0]), rule.init(np.array([-1.2, 1.0]))
    for t in (1, 2, 3):
        before, calls = copy.deepcopy((p, state)), 0
        first = rule.step(f, p, state, t, hessian=ds.hessian(valley))
        assert first[2] == calls
        second = rule.step(f, p, state, t, hessian=ds.hessian(valley))
        np.testing.assert_array_equal(first[0], second[0])
        for name, part in before[1].items():
            np.testing.assert_array_equal(state[name], part)
            np.testing.assert_array_equal(first[1][name], second[1][name])
            assert np.shape(first[1][name]) == np.shape(part)
        np.testing.assert_array_equal(p, before[0])
        p, state, _ = first


@pytest.mark.parametrize("rule", METHODS, ids=str)
def test_what_is_stopped_and_restored_goes_on_as_if_it_never_stopped(rule: optim.Method) -> None:
    f, curvature = ds.value_and_grad(valley), ds.hessian(valley)

    def go(p: Any, state: Any, first: int, last: int) -> tuple[Any, Any]:
        for t in range(first, last + 1):
            p, state, _ = rule.step(f, p, state, t, hessian=curvature)
        return p, state

    start = np.array([-1.2, 1.0])
    straight = go(start, rule.init(start), 1, 8)
    p, state = go(start, rule.init(start), 1, 4)
    restored = {name: np.array(np.asarray(part).tolist(), np.asarray(part).dtype) for name, part in state.items()}
    stopped = go(np.array(p.tolist()), restored, 5, 8)
    np.testing.assert_array_equal(straight[0], stopped[0])
    for name, part in straight[1].items():
        np.testing.assert_array_equal(part, stopped[1][name])


@pytest.mark.parametrize("rule", METHODS, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_and_the_shape_stay(rule: optim.Method, dtype: Any) -> None:
    def f(p: Any) -> Any:
        return np.sum((p - 1) ** 4)

    p: Any = np.zeros((2, 2), dtype)
    state = rule.init(p)
    for t in (1, 2, 3):
        p, state, _ = rule.step(ds.value_and_grad(f), p, state, t, hessian=lambda p: np.diag(12 * np.ravel(p - 1) ** 2))
        assert p.dtype == dtype
        assert p.shape == (2, 2)
        if rule.name not in ("lbfgs", "newton", "conjugate_gradient"):
            continue
        assert {np.asarray(state[name]).dtype for name in ("p", "g")} == {np.dtype(dtype)}


@pytest.mark.parametrize("rule", METHODS, ids=str)
def test_it_stays_where_the_surface_is_flat(rule: optim.Method) -> None:
    p, state = np.array([1.0, 1.0]), rule.init(np.array([1.0, 1.0]))
    for t in (1, 2):
        p, state, _ = rule.step(ds.value_and_grad(valley), p, state, t, hessian=ds.hessian(valley))
    np.testing.assert_array_equal(p, [1, 1])


@pytest.mark.parametrize("rule", METHODS, ids=str)
def test_the_text_of_a_method_makes_it_again(rule: optim.Method) -> None:
    assert optim.from_text(str(rule)) == rule
    assert hash(optim.from_text(str(rule))) == hash(rule)
    if rule.inner is None:
        assert optim.METHODS.make(rule.name, lr=rule.lr, **rule.settings) == rule
        halves = optim.schedules.exponential(1.0, factor=0.5)
        assert optim.METHODS.make(rule.name, lr=halves).rate(3) == 0.25


@pytest.mark.parametrize("rule", [m for m in METHODS if m.traces], ids=str)
def test_one_that_says_so_can_be_traced(rule: optim.Method) -> None:
    p = np.array([-1.2, 1.0], np.float32)

    def step(p: Any, state: Any, t: Any, lr: Any) -> Any:
        return rule.step(ds.value_and_grad(valley), p, state, t, lr)[:2]

    program = ds.trace(step, p, rule.init(p), 1, 0.01)
    expected, found = step(p, rule.init(p), 1, 0.01), program(p, rule.init(p), 1, 0.01)
    assert found[0].dtype == np.float32
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)


# --- line searches ----------------------------------------------------------------------------------------------------

SLOPES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "parabola": (lambda a: (a - 1) ** 2, lambda a: 2 * (a - 1)),
    "quartic": (lambda a: (a - 3) ** 4 - a, lambda a: 4 * (a - 3) ** 3 - 1),
    "waves": (lambda a: np.sin(3 * a) - a / 2 + a**2 / 20, lambda a: 3 * np.cos(3 * a) - 0.5 + a / 10),
}


@given(st.sampled_from(sorted(SLOPES)), st.floats(-6, 4), st.sampled_from([0.1, 0.9]))
def test_a_step_that_is_accepted_keeps_the_conditions_of_wolfe(kind: str, power: float, c2: float) -> None:
    value, slope = SLOPES[kind]

    def f(p: Any) -> Any:
        return value(float(p)), np.array(slope(float(p)))

    v, g = f(np.array(0.0))
    sign = -np.sign(g)
    found = strong_wolfe(f, np.array(0.0), sign, v, g, 10.0**power, c2=c2)
    assert found.accepted
    assert found.value <= v - 1e-4 * found.step * abs(float(g))
    assert abs(found.g) <= c2 * abs(float(g))
    assert found.p == sign * found.step


@given(st.floats(-3, 3), st.floats(0.3, 0.7))
def test_armijo_halves_until_it_is_low_enough(power: float, shrink: float) -> None:
    def f(p: Any) -> Any:
        return p**2, 2 * p

    found = armijo(f, 1.0, -2.0, 1.0, 2.0, first=10.0**power, shrink=shrink)
    assert found.accepted
    assert found.value <= 1 - 1e-4 * found.step * 4
    halvings = found.evaluations - 1
    assert found.step == pytest.approx(10.0**power * shrink**halvings)
    if halvings:  # the one before was too long
        before = found.step / shrink
        assert f(1 - 2 * before)[0] > 1 - 1e-4 * before * 4


def test_a_search_walks_around_places_where_there_is_no_number() -> None:
    def f(p: Any) -> Any:
        return (p - np.log(p), 1 - 1 / p) if p > 0 else (np.nan, np.nan)

    searches: list[Callable[..., Found]] = [armijo, strong_wolfe]
    for search in searches:
        found = search(f, 3.0, -1.0, *f(3.0), 100.0)
        assert found.accepted
        assert 0 < found.p < 3


def test_where_nothing_is_lower_the_search_stays_and_says_so() -> None:
    for search in (armijo, strong_wolfe):
        found = search(lambda p: (abs(p), np.array(1.0)), np.array(0.0), np.array(-1.0), 0.0, np.array(1.0))
        assert not found.accepted
        assert found.step == 0
        assert found.evaluations <= 40


# --- known rates and ends ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", ["polak_ribiere", "fletcher_reeves"])
def test_conjugate_gradients_end_on_a_bowl_after_about_as_many_steps_as_it_has_dimensions(formula: str) -> None:
    f, _, end = bowl(8, 100)
    path, _ = follow(optim.conjugate_gradient(formula=formula), f, np.zeros(8), 60, enough=1e-6)
    assert len(path) - 1 <= 5 * 8  # exact searches would need 8; gradient descent needs 900
    np.testing.assert_allclose(path[-1], end, atol=1e-5)


@pytest.mark.parametrize("search", ["strong_wolfe", "armijo"])
def test_lbfgs_needs_few_steps_on_a_bowl(search: str) -> None:
    f, _, end = bowl(8, 100)
    path, evaluations = follow(optim.lbfgs(search=search), f, np.zeros(8), 100, enough=1e-6)
    assert len(path) <= 60
    assert evaluations <= 1.5 * len(path)
    np.testing.assert_allclose(path[-1], end, atol=1e-6)


def test_the_two_loops_are_the_formula_of_bfgs() -> None:
    """H ← (I − s yᵀ/y·s) H (I − y sᵀ/y·s) + s sᵀ/y·s from H = (s·y / y·y) I, with matrices."""
    rng = np.random.default_rng(5)
    matrix = bowl(5, 10)[1]
    ss = rng.normal(size=(3, 5))
    ys = ss @ matrix
    H = np.eye(5) * (ss[-1] @ ys[-1]) / (ys[-1] @ ys[-1])
    for s, y in zip(ss, ys, strict=True):
        V = np.eye(5) - np.outer(y, s) / (y @ s)
        H = V.T @ H @ V + np.outer(s, s) / (y @ s)
    g = rng.normal(size=5)
    np.testing.assert_allclose(inverse_hessian_times(g, ss, ys), H @ g, rtol=1e-10)


@pytest.mark.parametrize("rule", [optim.newton(), optim.newton(pure=True)], ids=str)
def test_newton_ends_on_a_bowl_after_one_step(rule: optim.Method) -> None:
    f, _, end = bowl(6, 1e4)
    np.testing.assert_allclose(follow(rule, f, np.zeros(6), 1)[0][-1], end, rtol=1e-8)


def test_the_number_of_right_digits_doubles_near_the_minimum() -> None:
    path, _ = follow(optim.newton(), lambda p: np.sum(np.exp(p) - 2 * p), np.array([1.5]), 6)
    errors = [abs(float(p[0]) - np.log(2)) for p in path]
    for before, after in pairwise(errors[1:5]):
        assert after <= before**2


def test_pure_newton_climbs_to_a_maximum_and_the_damped_one_does_not() -> None:
    start = np.array([0.3])

    def f(p: Any) -> Any:
        return np.sum(np.cos(p))

    assert follow(optim.newton(pure=True), f, start, 8)[0][-1] == pytest.approx(0.0, abs=1e-12)
    path, _ = follow(optim.newton(), f, start, 20)
    values = [float(f(p)) for p in path]
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(-1)


def test_damping_turns_newton_into_gradient_descent() -> None:
    f, _, _ = bowl(3, 10)
    p, g = np.ones(3), ds.grad(f)(np.ones(3))
    path, _ = follow(optim.newton(damping=1e9), f, p, 1)
    np.testing.assert_allclose((p - path[-1]) * 1e9, g, rtol=1e-6)


@pytest.mark.parametrize(
    "rule",
    [
        optim.lbfgs(),
        optim.lbfgs(search="armijo"),
        optim.lbfgs(memory=1),
        optim.newton(),
        optim.newton(damping=0.1),
        optim.newton(pure=True),
        optim.conjugate_gradient(),
        optim.conjugate_gradient(formula="fletcher_reeves"),
    ],
    ids=str,
)
def test_they_come_through_the_valley_of_rosenbrock(rule: optim.Method) -> None:
    path, evaluations = follow(rule, valley, np.array([-1.2, 1.0]), 60, enough=1e-8)
    np.testing.assert_allclose(path[-1], [1, 1], atol=1e-6)
    assert evaluations <= 120


def test_conjugate_gradients_want_nearly_exact_steps() -> None:
    """Armijo's are so rough that the directions are hardly conjugate: it goes down, ten times as slowly."""
    path, _ = follow(optim.conjugate_gradient(search="armijo"), valley, np.array([-1.2, 1.0]), 400)
    values = [float(valley(p)) for p in path]
    assert values == sorted(values, reverse=True)
    assert 1e-6 < values[60] < 1
    assert values[400] < 1e-3


# --- SAM --------------------------------------------------------------------------------------------------------------


def test_sam_takes_the_gradient_at_the_worst_point_nearby() -> None:
    p, rho = np.array([1.0, -2.0]), 0.1
    slope = ds.grad(valley)
    uphill = slope(p)
    expected = p - 0.01 * slope(p + rho * uphill / np.linalg.norm(uphill))
    found, _, evaluations = optim.sam(optim.sgd(0.01), rho=rho).step(ds.value_and_grad(valley), p, {}, 1)
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    assert evaluations == 2


@given(st.floats(0.1, 10))
def test_adaptive_sam_does_not_feel_the_scale_of_a_parameter(scale: float) -> None:
    rule, p = optim.sam(optim.sgd(0.01), rho=0.1, adaptive=True), np.array([1.0, -2.0])

    def uphill(f: Any, p: Any) -> Any:
        points: list[Any] = []

        def spy(at: Any) -> Any:
            points.append(at)
            return ds.value_and_grad(f)(at)

        rule.step(spy, p, {}, 1)
        return points[1]

    scales = np.array([scale, 1.0])
    np.testing.assert_allclose(uphill(lambda q: valley(q * scales), p / scales) * scales, uphill(valley, p), rtol=1e-9)


# --- what goes wrong --------------------------------------------------------------------------------------------------

P = np.array([1.0, 2.0])
WRONG: Any = optim


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (lambda: optim.lbfgs(-1.0), "optimizer-rate", "the learning rate is -1.0"),
        (lambda: optim.lbfgs(memory=0), "optimizer-setting", "memory is 0"),
        (lambda: optim.lbfgs(search="wolf"), "optimizer-setting", "Did you mean 'strong_wolfe'?"),
        (lambda: optim.conjugate_gradient(formula="fletcher"), "optimizer-setting", "Did you mean 'fletcher_reeves'?"),
        (lambda: optim.newton(damping=-1), "optimizer-setting", "damping is -1"),
        (lambda: WRONG.newton(pure="yes"), "optimizer-setting", "pure is 'yes'"),
        (lambda: optim.sam(optim.sgd(0.1), rho=0), "optimizer-setting", "rho is 0"),
        (lambda: optim.METHODS.make("bfgs"), "unknown-name", "Did you mean 'lbfgs'?"),
        (
            lambda: optim.newton().step(ds.value_and_grad(valley), P, optim.newton().init(P), 1),
            "method-hessian",
            "ds.hessian(f)",
        ),
        (
            lambda: optim.newton(pure=True).step(
                lambda p: (p[0], np.array([1.0, 0.0])), P, optim.newton().init(P), 1, hessian=lambda p: np.zeros((2, 2))
            ),
            "newton-singular",
            "has no inverse",
        ),
        (
            lambda: optim.lbfgs().step(ds.value_and_grad(valley), P, optim.lbfgs().init(P), 0),
            "optimizer-step",
            "step 0 is asked for",
        ),
        (
            lambda: optim.lbfgs().step(lambda p: (p, p), P, optim.lbfgs().init(P), 1),
            "optimizer-shape",
            "a value of shape (2,)",
        ),
        (
            lambda: armijo(lambda p: (p, 1.0), 0.0, 1.0, 0.0, 1.0),
            "line-search",
            "the slope along the direction is 1",
        ),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], code: str, words: str) -> None:
    with pytest.raises(DownslopeError) as error:
        call()
    assert error.value.code == code
    assert isinstance(error.value, SettingError) or code == "optimizer-shape"
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
