"""Derivatives obey the laws of calculus and agree with what algebra gives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from downslope.autodiff import (
    check_gradients,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    per_example,
    stop_gradient,
    trace,
    value_and_grad,
    vjp,
)
from downslope.errors import DerivativeError, SettingError

seeds = st.integers(0, 2**32 - 1)
usual = settings().max_examples
few = settings(max_examples=usual // 2)
numbers = st.floats(-2, 2)


def normal(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


# --- against algebra --------------------------------------------------------------------------------------------------


@few
@given(seed=seeds, n=st.integers(1, 5))
def test_a_quadratic_form(seed: int, n: int) -> None:
    a, b, x, v = normal(seed, n, n), normal(seed + 1, n), normal(seed + 2, n), normal(seed + 3, n)

    def f(x: Any) -> Any:
        return x @ a @ x / 2 + b @ x + 3.0

    symmetric = (a + a.T) / 2
    np.testing.assert_allclose(grad(f)(x), symmetric @ x + b, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(hessian(f)(x), symmetric, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(hvp(f)(x, v), symmetric @ v, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(jacobian(hessian(f))(x), np.zeros((n, n, n)))


@few
@given(seed=seeds, n=st.integers(1, 4), m=st.integers(1, 4))
def test_a_linear_map_is_its_own_jacobian(seed: int, n: int, m: int) -> None:
    a, x, v, g = normal(seed, m, n), normal(seed + 1, n), normal(seed + 2, n), normal(seed + 3, m)
    np.testing.assert_array_equal(jacobian(lambda x: a @ x)(x), a)
    np.testing.assert_allclose(jvp(lambda x: a @ x, (x,), (v,))[1], a @ v)
    result, pull = vjp(lambda x: a @ x, x)
    np.testing.assert_allclose(result, a @ x)
    np.testing.assert_allclose(pull(g)[0], g @ a)
    np.testing.assert_allclose(pull(2 * g)[0], 2 * (g @ a))  # a pullback may be used again


def test_the_rosenbrock_valley() -> None:
    def f(p: Any) -> Any:
        return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2

    x, y = -1.2, 1.0
    p = np.array([x, y])
    np.testing.assert_allclose(grad(f)(p), [-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])
    np.testing.assert_allclose(hessian(f)(p), [[1200 * x**2 - 400 * y + 2, -400 * x], [-400 * x, 200]])
    np.testing.assert_array_equal(grad(f)(np.ones(2)), [0, 0])
    assert np.linalg.eigvalsh(hessian(f)(np.ones(2))) == pytest.approx([0.3994, 1001.6006], abs=1e-4)


def test_logsumexp_has_softmax_as_gradient_and_its_covariance_as_hessian() -> None:
    z = np.array([1.0, 2.0, 0.5])
    p = np.exp(z) / np.sum(np.exp(z))

    def f(z: Any) -> Any:
        return np.log(np.sum(np.exp(z)))

    np.testing.assert_allclose(grad(f)(z), p)
    np.testing.assert_allclose(hessian(f)(z), np.diag(p) - np.outer(p, p), atol=1e-15)


def test_the_determinant_and_the_inverse() -> None:
    a = np.array([[2.0, 0.3, 0.1], [0.4, 1.5, -0.2], [0.0, 0.7, 1.0]])
    np.testing.assert_allclose(grad(np.linalg.det)(a), np.linalg.det(a) * np.linalg.inv(a).T)
    np.testing.assert_allclose(grad(lambda a: np.linalg.slogdet(a)[1])(a), np.linalg.inv(a).T)
    inv = np.linalg.inv(a)
    np.testing.assert_allclose(jacobian(np.linalg.inv)(a), -np.einsum("ik,lj->ijkl", inv, inv))


@pytest.mark.parametrize("order", range(1, 7))
def test_any_order_of_a_power(order: int) -> None:
    f: Any = lambda x: x**5  # noqa: E731
    for _ in range(order):
        f = grad(f)
    assert f(2.0) == pytest.approx(math.perm(5, order) * 2.0 ** (5 - order) if order <= 5 else 0.0)


@pytest.mark.parametrize("order", range(1, 6))
def test_any_order_of_a_sine(order: int) -> None:
    f: Any = np.sin
    for _ in range(order):
        f = grad(f)
    assert f(0.7) == pytest.approx(np.sin(0.7 + order * np.pi / 2))


def test_a_derivative_inside_of_another_takes_the_right_variable() -> None:
    # d/dx [x * d/dy (x y)] = d/dx [x * x] = 2x. Mistaking the inner y for x gives 3x or x.
    assert grad(lambda x: x * grad(lambda y: x * y)(x))(3.0) == 6.0
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(3.0) == 1.0
    # Siskind & Pearlmutter 2005, with forward mode inside and outside.
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))[1] == 1.0
    assert grad(lambda x: x * jvp(lambda y: x * y**2, (x,), (1.0,))[1])(2.0) == pytest.approx(2 * 3 * 2.0**2)
    assert grad(lambda x: grad(lambda y: grad(lambda z: x * y * z**2)(y))(x))(2.0) == pytest.approx(
        grad(lambda x: 4 * x**2)(2.0)
    )


def test_a_value_used_twice_gets_both_adjoints() -> None:
    def f(x: Any) -> Any:
        a = x * x
        b = a + 1
        return a * b

    assert grad(f)(3.0) == 114.0  # the example in backpropagate.py


def test_a_value_doubled_thirty_times_is_walked_once() -> None:
    def f(x: Any) -> Any:
        for _ in range(60):
            x = x + x
        return x

    assert grad(f)(1.0) == 2.0**60
    assert len(trace(grad(f), 1.0)) < 500


# --- laws -------------------------------------------------------------------------------------------------------------


def f1(x: Any) -> Any:
    return np.sum(np.sin(x) * x)


def f2(x: Any) -> Any:
    return np.prod(1 + x**2) ** 0.5


@few
@given(seed=seeds, a=numbers, b=numbers)
def test_the_gradient_is_linear(seed: int, a: float, b: float) -> None:
    x = normal(seed, 3)
    np.testing.assert_allclose(grad(lambda x: a * f1(x) + b * f2(x))(x), a * grad(f1)(x) + b * grad(f2)(x), atol=1e-10)


@few
@given(seed=seeds)
def test_the_product_rule_and_the_quotient_rule(seed: int) -> None:
    x = normal(seed, 3)
    u, v, du, dv = f1(x), f2(x), grad(f1)(x), grad(f2)(x)
    np.testing.assert_allclose(grad(lambda x: f1(x) * f2(x))(x), du * v + u * dv, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(grad(lambda x: f1(x) / f2(x))(x), (du * v - u * dv) / v**2, rtol=1e-9, atol=1e-11)


@few
@given(seed=seeds, n=st.integers(1, 3), m=st.integers(1, 3), k=st.integers(1, 3))
def test_the_chain_rule_is_a_product_of_jacobians(seed: int, n: int, m: int, k: int) -> None:
    a, b, x = normal(seed, m, n), normal(seed + 1, k, m), normal(seed + 2, n)

    def inner(x: Any) -> Any:
        return np.tanh(a @ x)

    def outer(h: Any) -> Any:
        return np.exp(b @ h / 3)

    whole = jacobian(lambda x: outer(inner(x)))(x)
    np.testing.assert_allclose(whole, jacobian(outer)(inner(x)) @ jacobian(inner)(x), rtol=1e-9, atol=1e-12)


@few
@given(seed=seeds, shape=st.sampled_from([(), (2,), (2, 3)]), result=st.sampled_from([(), (3,), (2, 2)]))
def test_forward_and_reverse_mode_give_the_same_jacobian(seed: int, shape: Any, result: Any) -> None:
    x, w = normal(seed, *shape), normal(seed + 1, *result, *shape)

    def f(x: Any) -> Any:
        return np.tanh(np.sum(w * np.sin(x), axis=tuple(range(len(result), w.ndim))))

    reverse, forward = jacobian(f, mode="reverse")(x), jacobian(f, mode="forward")(x)
    assert reverse.shape == forward.shape == (*result, *shape)
    np.testing.assert_allclose(reverse, forward, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(jacobian(f)(x), reverse, rtol=1e-10, atol=1e-13)


@few
@given(seed=seeds)
def test_the_hessian_is_symmetric_and_its_product_needs_no_hessian(seed: int) -> None:
    x, v = normal(seed, 4), normal(seed + 1, 4)

    def f(x: Any) -> Any:
        return f1(x) * f2(x) + np.log(1 + np.sum(x**4))

    matrix = hessian(f)(x)
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(hvp(f)(x, v), matrix @ v, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(matrix, jacobian(grad(f), mode="reverse")(x), rtol=1e-9, atol=1e-9)


@few
@given(seed=seeds)
def test_euler_a_homogeneous_function_is_its_gradient_times_the_point(seed: int) -> None:
    x = normal(seed, 4)
    for degree, f in ((1, np.linalg.norm), (2, lambda x: np.sum(x**2)), (3, lambda x: np.sum(np.abs(x)) ** 3)):
        assert grad(f)(x) @ x == pytest.approx(degree * f(x))


@few
@given(seed=seeds)
def test_the_gradient_of_an_invariant_function_is_orthogonal_to_the_invariance(seed: int) -> None:
    z = normal(seed, 5)

    def cross_entropy(z: Any) -> Any:
        return np.log(np.sum(np.exp(z - np.max(z)))) + np.max(z) - z[2]

    assert np.sum(grad(cross_entropy)(z)) == pytest.approx(
        0, abs=1e-12
    )  # adding a number to all logits changes nothing


# --- arguments and results --------------------------------------------------------------------------------------------


def loss(params: Any, x: Any, y: Any) -> Any:
    h = np.tanh(x @ params["w"] + params["b"])
    return np.mean((h - y) ** 2)


def problem(seed: int = 0) -> tuple[Any, Any, Any]:
    return {"w": normal(seed, 3, 2), "b": normal(seed + 1, 2)}, normal(seed + 2, 5, 3), normal(seed + 3, 5, 2)


def test_argnums_selects_arguments_and_a_tuple_gives_a_tuple() -> None:
    def f(x: Any, y: Any, z: Any) -> Any:
        return x * y**2 * z**3

    assert grad(f)(2.0, 3.0, 5.0) == 9 * 125
    assert grad(f, 1)(2.0, 3.0, 5.0) == 2 * 6 * 125
    assert grad(f, -1)(2.0, 3.0, 5.0) == 2 * 9 * 75
    assert grad(f, (2, 0))(2.0, 3.0, 5.0) == (2 * 9 * 75, 9 * 125)
    assert grad(f, [0])(2.0, 3.0, 5.0) == (9 * 125,)
    value, gradients = value_and_grad(f, (0, 1))(2.0, 3.0, 5.0)
    assert value == 2 * 9 * 125
    assert gradients == (1125, 1500)
    assert jacobian(f, 2)(2.0, 3.0, 5.0) == 1350
    assert hessian(f, 1)(2.0, 3.0, 5.0) == 2 * 2 * 125
    assert hvp(f, 2)(2.0, 3.0, 5.0, 10.0) == pytest.approx(2 * 9 * 6 * 5 * 10)


def test_the_gradient_has_the_structure_of_the_argument() -> None:
    params, x, y = problem()
    value, g = value_and_grad(loss)(params, x, y)
    assert value == pytest.approx(loss(params, x, y))
    assert {k: v.shape for k, v in g.items()} == {"w": (3, 2), "b": (2,)}
    assert check_gradients(loss, params, x, y, mine=g)
    assert grad(lambda p: p[0] * p[1][0])((2.0, [3.0])) == (3.0, [2.0])


def test_nested_jacobians_and_hessians_are_nested_twice() -> None:
    p = {"a": np.array([1.0, 2.0]), "b": 3.0}

    def f(p: Any) -> Any:
        return {"u": p["a"] * p["b"], "v": p["b"] ** 2}

    j = jacobian(f)(p)
    np.testing.assert_array_equal(j["u"]["a"], 3 * np.eye(2))
    np.testing.assert_array_equal(j["u"]["b"], [1, 2])
    np.testing.assert_array_equal(j["v"]["a"], [0, 0])
    assert j["v"]["b"] == 6
    h = hessian(lambda p: np.sum(p["a"] ** 2) * p["b"])(p)
    np.testing.assert_array_equal(h["a"]["a"], 6 * np.eye(2))
    np.testing.assert_array_equal(h["a"]["b"], [2, 4])
    np.testing.assert_array_equal(h["b"]["a"], [2, 4])
    assert h["b"]["b"] == 0


def test_aux_is_handed_through() -> None:
    (value, aux), g = value_and_grad(lambda x: (np.sum(x**2), {"h": x * 3}), has_aux=True)(np.array([1.0, 2.0]))
    assert value == 5
    np.testing.assert_array_equal(aux["h"], [3, 6])
    np.testing.assert_array_equal(g, [2, 4])


def test_what_the_result_does_not_depend_on_has_gradient_zero() -> None:
    g = grad(lambda p: np.sum(p["used"]))({"used": np.ones(2), "unused": np.ones((2, 3)), "number": 4.0})
    np.testing.assert_array_equal(g["unused"], np.zeros((2, 3)))
    assert g["number"] == 0
    np.testing.assert_array_equal(grad(lambda x: 3.0)(np.ones(2)), [0, 0])


def test_a_stopped_gradient_is_a_constant() -> None:
    assert grad(lambda x: x * stop_gradient(x**2))(3.0) == 9
    assert jvp(lambda x: x * stop_gradient(x**2), (3.0,), (1.0,))[1] == 9
    assert stop_gradient(3.0) == 3.0


def test_integer_arguments_are_taken_as_numbers() -> None:
    assert grad(lambda x: x**2)(3) == 6.0
    np.testing.assert_array_equal(grad(lambda x: np.sum(x**2))(np.array([1, 2])), [2.0, 4.0])


def test_the_pullback_takes_and_gives_trees() -> None:
    p = {"a": np.array([1.0, 2.0]), "b": 3.0}
    result, pull = vjp(lambda p, s: (p["a"] * s, p["b"] + s), p, 2.0)
    np.testing.assert_array_equal(result[0], [2, 4])
    g_p, g_s = pull((np.array([1.0, 10.0]), 5.0))
    np.testing.assert_array_equal(g_p["a"], [2, 20])
    assert g_p["b"] == 5
    assert g_s == 1 * 1 + 2 * 10 + 5


def test_forward_mode_on_trees() -> None:
    params, x, y = problem()
    direction, _, _ = problem(9)
    value, moved = jvp(lambda p: loss(p, x, y), (params,), (direction,))
    g = grad(loss)(params, x, y)
    assert value == pytest.approx(loss(params, x, y))
    assert moved == pytest.approx(sum(np.sum(g[k] * direction[k]) for k in g))


# --- examples ---------------------------------------------------------------------------------------------------------


@few
@given(seed=st.integers(0, 999))
def test_the_mean_of_the_gradients_per_example_is_the_gradient(seed: int) -> None:
    params, x, y = problem(seed)
    each, whole = per_example(loss)(params, x, y), grad(loss)(params, x, y)
    for key in params:
        assert each[key].shape == (5, *params[key].shape)
        np.testing.assert_allclose(np.mean(each[key], axis=0), whole[key], rtol=1e-10, atol=1e-13)


def test_the_gradients_per_example_are_those_of_a_loop() -> None:
    params, x, y = problem()
    each = per_example(loss)(params, x, y)
    for n in range(5):
        one = grad(loss)(params, x[n : n + 1], y[n : n + 1])
        np.testing.assert_allclose(each["w"][n], one["w"], rtol=1e-12, atol=1e-14)


def test_a_hessian_per_example_and_a_gradient_of_a_penalty_on_gradients() -> None:
    params, x, y = problem()

    def penalty(params: Any) -> Any:
        g = grad(loss)(params, x, y)
        return np.sum(g["w"] ** 2) + np.sum(g["b"] ** 2)

    assert check_gradients(penalty, params)
    assert check_gradients(lambda p: np.sum(per_example(loss)(p, x, y)["w"] ** 2), params)


# --- bad input --------------------------------------------------------------------------------------------------------


def test_a_gradient_of_an_array_is_refused() -> None:
    for f in (lambda x: x * 2, lambda x: x[None], lambda x: [x, x], lambda x: {"a": x}):
        with pytest.raises(DerivativeError, match="gradient-of-array"):
            grad(f)(np.ones(2))


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(SettingError, match="argnums-range"):
        grad(lambda x: x, 1)(1.0)
    with pytest.raises(SettingError, match="jacobian-mode"):
        jacobian(lambda x: x, mode="sideways")
    with pytest.raises(DerivativeError, match="per-example-axis"):
        per_example(loss)(problem()[0], np.ones((4, 3)), np.ones((5, 2)))
    with pytest.raises(DerivativeError, match="vjp-shape"):
        vjp(lambda x: x * 2, np.ones(3))[1](np.ones(2))
