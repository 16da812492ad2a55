"""Derivatives of textbook functions: reverse and forward mode, Jacobians, second order, and finite differences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect

import downslope as ds
from downslope.autodiff.finite_differences import slope


def test_the_function_of_baydins_survey_in_both_modes(expect: Expect) -> None:
    def f(x1: Any, x2: Any) -> Any:
        return np.log(x1) + x1 * x2 - np.sin(x2)

    point = tuple(map(float, expect.inputs("autodiff.baydin")["x"]))
    value, (d1, d2) = ds.value_and_grad(f, argnums=(0, 1))(*point)
    expect("autodiff.baydin", {"f": value, "d1": d1, "d2": d2})
    value, d1 = ds.jvp(f, point, (1.0, 0.0))
    expect("autodiff.baydin", {"f": value, "d1": d1, "d2": ds.jvp(f, point, (0.0, 1.0))[1]})


def test_a_dual_number_and_its_second_order(expect: Expect) -> None:
    def f(x: Any) -> Any:
        return x**3 + 2 * x

    value, slope_at_3 = ds.jvp(f, (3.0,), (1.0,))
    curvature = ds.jvp(lambda x: ds.jvp(f, (x,), (1.0,))[1], (3.0,), (1.0,))[1]
    expect("autodiff.dual", {"f": value, "d": slope_at_3, "d2": curvature})
    assert ds.grad(ds.grad(f))(3.0) == ds.hessian(f)(3.0) == ds.hvp(f)(3.0, 1.0) == 18


def test_a_jacobian_with_its_products_from_both_sides(expect: Expect) -> None:
    def f(p: Any) -> Any:
        x, y = p[0], p[1]
        return np.stack([x * y, x + y**2, np.sin(x)])

    point = np.array(expect.inputs("autodiff.jac")["x"], float)
    for mode in ("forward", "reverse"):
        jvp = ds.jvp(f, (point,), (np.ones(2),))[1]
        (vjp,) = ds.vjp(f, point)[1](np.ones(3))
        expect("autodiff.jac", {"J": ds.jacobian(f, mode=mode)(point), "jvp": jvp, "vjp": vjp})


def test_the_gradient_of_a_dot_product_with_itself(expect: Expect) -> None:
    x = np.array(expect.inputs("d2l.autograd")["x"], float)
    y, g = ds.value_and_grad(lambda x: 2 * np.dot(x, x))(x)
    expect("d2l.autograd", {"y": y, "g": g})


def test_forward_differences_are_off_by_h_and_central_ones_by_h_squared(expect: Expect) -> None:
    """Against the derivative of the library; the central differences are those of its own gradient checker."""
    truth = ds.grad(np.exp)(1.0)
    found = {}
    for h in expect.inputs("gradcheck.orders")["h"]:
        sweep = slope(lambda t: math.exp(1 + t), largest=h, smallest=h / 100)
        assert sweep.steps[0] == h
        forward = (math.exp(1 + h) - math.exp(1)) / h
        found[h] = {"forward": abs(forward - truth), "centred": abs(sweep.central[0] - truth)}
    expect("gradcheck.orders", found)
    assert ds.check_gradients(np.exp, 1.0)


def test_the_gradient_of_rosenbrocks_function(expect: Expect) -> None:
    def rosenbrock(x: Any) -> Any:
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    f, g = ds.value_and_grad(rosenbrock)(np.array([-1.2, 1.0]))
    expect("rosen.grad", {"f": f, "g": g})


def test_evolution_strategies_follow_the_gradient_of_a_smoothed_function(expect: Expect) -> None:
    """The mean over normal steps is taken exactly, by quadrature; on a parabola smoothing changes no gradient."""
    given = expect.inputs("alt.es_quadratic")
    x, (steps, weights) = given["x"], np.polynomial.hermite_e.hermegauss(5)
    weights = weights / weights.sum()

    def smoothed(f: Any, sigma: float) -> Any:
        return ds.grad(lambda x: np.sum(weights * f(x + sigma * steps)))(x)

    def by_pairs(f: Any, sigma: float) -> Any:
        return np.sum(weights * (f(x + sigma * steps) - f(x - sigma * steps)) * steps) / (2 * sigma)

    expect("alt.es_quadratic", {sigma: smoothed(lambda x: x**4, sigma) for sigma in given["sigma"]})
    expect("alt.es_quadratic", {sigma: by_pairs(lambda x: x**4, sigma) for sigma in given["sigma"]})
    for sigma in given["sigma"]:
        assert by_pairs(lambda x: 3 * x**2, sigma) == pytest.approx(ds.grad(lambda x: 3 * x**2)(x), rel=1e-12)
