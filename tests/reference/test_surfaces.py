"""Curvature of the classic surfaces, Newton's method on them, and the minima that it refines."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.reference.tools import Expect, descend, newton

import downslope as ds
from downslope.optim import gradient_descent


def rosenbrock(x: Any) -> Any:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def booth(x: Any) -> Any:
    return (x[0] + 2 * x[1] - 7) ** 2 + (2 * x[0] + x[1] - 5) ** 2


def matyas(x: Any) -> Any:
    return 0.26 * (x[0] ** 2 + x[1] ** 2) - 0.48 * x[0] * x[1]


def himmelblau(x: Any) -> Any:
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


def styblinski_tang(x: Any) -> Any:
    return 0.5 * np.sum(x**4 - 16 * x**2 + 5 * x)


def mccormick(x: Any) -> Any:
    return np.sin(x[0] + x[1]) + (x[0] - x[1]) ** 2 - 1.5 * x[0] + 2.5 * x[1] + 1


def six_hump_camel(x: Any) -> Any:
    a, b = x[0], x[1]
    return (4 - 2.1 * a**2 + a**4 / 3) * a**2 + a * b + (-4 + 4 * b**2) * b**2


def eigenvalues(f: Any, at: list[float]) -> Any:
    hessian = ds.hessian(f)(np.array(at))
    assert np.array_equal(hessian, hessian.T)
    return np.linalg.eigvalsh(hessian)


def test_the_curvature_of_booth_and_matyas(expect: Expect) -> None:
    expect("hessian.booth_matyas", {"booth": eigenvalues(booth, [1, 3.0]), "matyas": eigenvalues(matyas, [0, 0.0])})
    assert eigenvalues(lambda x: x[0] ** 2 - x[1] ** 2, [0.0, 0.0]).tolist() == [-2, 2]
    assert eigenvalues(lambda x: x[0] ** 3 - 3 * x[0] * x[1] ** 2, [0.0, 0.0]).tolist() == [0, 0]


def test_the_curvature_of_rosenbrocks_valley_at_its_minimum(expect: Expect) -> None:
    expect("hessian.rosenbrock_eig", eigenvalues(rosenbrock, [1.0, 1.0]))


def test_fitting_a_polynomial_has_hilberts_matrix_for_a_hessian(expect: Expect) -> None:
    nodes, weights = np.polynomial.legendre.leggauss(5)  # exact on [-1, 1] up to degree 9
    x = (nodes + 1) / 2

    def mean_square(w: Any) -> Any:
        return np.sum(weights * (np.stack([x**k for k in range(5)], axis=1) @ w) ** 2) / 4

    hilbert = ds.hessian(mean_square)(np.zeros(5))
    np.testing.assert_allclose(hilbert, [[1 / (i + j + 1) for j in range(5)] for i in range(5)], rtol=1e-14)
    expect("hessian.hilbert5", np.linalg.cond(hilbert))


def test_scaling_the_axes_does_not_help_where_the_bowl_is_rotated(expect: Expect) -> None:
    def bowl(x: Any) -> Any:
        return 0.1 * (x[0] + x[1]) ** 2 + 2 * (x[0] - x[1]) ** 2

    hessian = ds.hessian(bowl)(np.array([1.0, 2.0]))
    np.testing.assert_allclose(hessian, expect.inputs("rotated.precond")["Q"], rtol=1e-14)
    scale = 1 / np.sqrt(np.diag(hessian))
    scaled = ds.hessian(lambda u: bowl(scale * u))(np.array([1.0, 2.0]))
    pre = np.linalg.eigvalsh(scaled)
    expect("rotated.precond", {"eig": np.linalg.eigvalsh(hessian), "pre": pre, "kappa": pre[1] / pre[0]})


def test_newtons_method_on_rosenbrock_first_jumps_uphill(expect: Expect) -> None:
    path = newton(rosenbrock, np.array([-1.2, 1.0]), 6)
    values = [ds.value_and_grad(rosenbrock)(x)[0] for x in path]
    expect("newton.rosenbrock", values[:5])
    assert values[5] < 2e-11
    assert values[6] < 1e-18


def test_newtons_method_climbs_where_the_curvature_is_negative(expect: Expect) -> None:
    def f(x: Any) -> Any:
        return x * np.cos(0.15 * np.pi * x)

    given = expect.inputs("d2l.newton.xcos")
    start, steps = float(given["x0"]), given["steps"]
    expect("d2l.newton.xcos", {"full": newton(f, start, steps)[-1], "half": newton(f, start, steps, rate=0.5)[-1]})


def test_one_newton_step_finds_the_minimum_that_d2l_prints_with_a_wrong_sign(expect: Expect) -> None:
    given = expect.inputs("d2l.erratum")
    Q, c = np.array(given["Q"], float), np.array(given["c"], float)

    def f(x: Any) -> Any:
        return 0.5 * x @ Q @ x + x @ c

    x = newton(f, np.array([5.0, -7.0]), 1)[-1]
    value, gradient = ds.value_and_grad(f)(x)
    expect("d2l.erratum", {"x": x, "val": value})
    assert not gradient.any()


def test_newtons_method_refines_published_minima(expect: Expect) -> None:
    starts = {
        "himmelblau": (himmelblau, [-2.8, 3.1]),
        "himmelblau2": (himmelblau, [-3.8, -3.3]),
        "himmelblau3": (himmelblau, [3.6, -1.8]),
        "styblinski_tang": (styblinski_tang, [-2.9, -2.9]),
        "mccormick": (mccormick, [-0.5, -1.5]),
        "six_hump": (six_hump_camel, [0.09, -0.71]),
    }
    found = {}
    for name, (f, start) in starts.items():
        x = newton(f, np.array(start), 6)[-1]
        value, gradient = ds.value_and_grad(f)(x)
        assert np.abs(gradient).max() < 1e-12
        assert eigenvalues(f, x)[0] > 0
        found[name] = {"x": x, "f": value}
    expect("testfn.refined", found)


def test_leaving_a_saddle_takes_as_many_steps_as_the_start_has_digits(expect: Expect) -> None:
    start = np.array([1.0, 1e-16])
    path = descend(gradient_descent(lr=0.1), lambda x: x[0] ** 2 - x[1] ** 2, start, 203)
    growth = path[1][1] / path[0][1]
    steps = {k: k * np.log(10) / np.log(growth) for k in expect.inputs("saddle.escape")["k"]}
    expect("saddle.escape", steps)
    assert path[202][1] < 1 < path[203][1], "the last of them, 202.07, walked"


def test_a_small_rate_keeps_what_gradient_flow_conserves(expect: Expect) -> None:
    """½(xy − 1)² from (3, 0.4): x² − y² is conserved by the flow, so its end and the sharpness there are known."""

    def toy(p: Any) -> Any:
        return 0.5 * (p[0] * p[1] - 1) ** 2

    end = descend(gradient_descent(lr=0.001), toy, np.array([3.0, 0.4]), 3000)[-1]
    conserved = 3.0**2 - 0.4**2
    found = {"sharpness": eigenvalues(toy, end)[1], "flow": (conserved**2 + 4) ** 0.5}
    expect("eos.toy_flow", found)
    assert 0 < found["flow"] - found["sharpness"] < 1e-4
