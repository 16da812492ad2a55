"""The classic surfaces: their minima, their curvature, and the descents and Newton steps that are published on them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect, descend, newton

import downslope as ds
from downslope import optim, surfaces
from downslope.optim import gradient_descent

MINIMA = [
    "testfn.ackley",
    "testfn.booth",
    "testfn.bukin6",
    "testfn.easom",
    "testfn.goldstein_price",
    "testfn.griewank",
    "testfn.himmelblau",
    "testfn.levi13",
    "testfn.mccormick",
    "testfn.rastrigin",
    "testfn.six_hump_camel",
    "testfn.sphere",
    "testfn.three_hump_camel",
    "testfn.zakharov",
]


@pytest.mark.parametrize("id", MINIMA)
def test_published_minima(expect: Expect, id: str) -> None:
    surface, points = surfaces.by_name(id.removeprefix("testfn.")), expect.inputs(id)["points"]
    expect(id, surface.value(points))
    for point in points:
        assert min(math.dist(point, minimum.point) for minimum in surface.minima) < 1e-4


def test_newtons_method_refines_published_minima(expect: Expect) -> None:
    starts = {
        "himmelblau": ("himmelblau", (-2.8, 3.1)),
        "himmelblau2": ("himmelblau", (-3.8, -3.3)),
        "himmelblau3": ("himmelblau", (3.6, -1.8)),
        "styblinski_tang": ("styblinski_tang", (-2.9, -2.9)),
        "mccormick": ("mccormick", (-0.5, -1.5)),
        "six_hump": ("six_hump_camel", (0.09, -0.71)),
    }
    found = {}
    for key, (name, start) in starts.items():
        path = surfaces.descend(name, optim.newton(pure=True), start=start, steps=6)
        assert np.abs(path.gradients[-1]).max() < 1e-12
        assert path.surface.eigenvalues(path.points[-1])[0] > 0
        assert min(math.dist(path.points[-1], minimum.point) for minimum in path.surface.minima) < 1e-6
        found[key] = {"x": path.points[-1], "f": path.values[-1]}
    expect("testfn.refined", found)


# --- curvature --------------------------------------------------------------------------------------------------------


def test_the_curvature_of_booth_and_matyas(expect: Expect) -> None:
    flat = surfaces.booth, surfaces.matyas
    for at in ((0.3, -0.7), (2.0, 5.0)):  # both are bowls: it is the same everywhere
        expect("hessian.booth_matyas", {surface.name: surface.eigenvalues(at) for surface in flat})
    assert surfaces.saddle.eigenvalues((0, 0)).tolist() == [-2, 2]
    assert surfaces.monkey_saddle.eigenvalues((0, 0)).tolist() == [0, 0]


def test_the_curvature_of_rosenbrocks_valley_at_its_minimum(expect: Expect) -> None:
    expect("hessian.rosenbrock_eig", surfaces.rosenbrock.eigenvalues((1, 1)))


def test_the_slope_where_every_descent_of_rosenbrocks_valley_starts(expect: Expect) -> None:
    value, gradient = surfaces.rosenbrock.value_and_gradient(surfaces.rosenbrock.start)
    expect("rosen.grad", {"f": value, "g": gradient})


def test_fitting_a_polynomial_has_hilberts_matrix_for_a_hessian(expect: Expect) -> None:
    nodes, weights = np.polynomial.legendre.leggauss(5)  # exact on [-1, 1] up to degree 9
    x = (nodes + 1) / 2

    def mean_square(w: Any) -> Any:
        return np.sum(weights * (np.stack([x**k for k in range(5)], axis=1) @ w) ** 2) / 4

    hilbert = ds.hessian(mean_square)(np.zeros(5))
    np.testing.assert_allclose(hilbert, [[1 / (i + j + 1) for j in range(5)] for i in range(5)], rtol=1e-14)
    expect("hessian.hilbert5", np.linalg.cond(hilbert))


def test_scaling_the_axes_does_not_help_where_the_bowl_is_rotated(expect: Expect) -> None:
    bowl = surfaces.rotated_bowl
    hessian = bowl.hessian(bowl.start)
    np.testing.assert_allclose(hessian, expect.inputs("rotated.precond")["Q"], rtol=1e-14)
    left, right = 1 / np.sqrt(np.diag(hessian))
    pre = np.linalg.eigvalsh(ds.hessian(lambda u: bowl(left * u[0], right * u[1]))(np.array([1.0, 2.0])))
    expect("rotated.precond", {"eig": bowl.eigenvalues(bowl.start), "pre": pre, "kappa": pre[1] / pre[0]})


# --- Newton's method --------------------------------------------------------------------------------------------------


def test_newtons_method_on_rosenbrock_first_jumps_uphill(expect: Expect) -> None:
    path = surfaces.descend("rosenbrock", optim.newton(pure=True), steps=6)
    expect("newton.rosenbrock", path.values[:5])
    assert path.values[5] < 2e-11
    assert path.values[6] < 1e-18


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


def test_the_line_search_of_lbfgs_follows_rosenbrocks_valley_to_its_end(expect: Expect) -> None:
    assert list(surfaces.rosenbrock.start) == expect.inputs("torch.lbfgs.rosen")["x0"]
    expect("torch.lbfgs.rosen", surfaces.descend("rosenbrock", optim.lbfgs(), steps=60).points[-1])


# --- descents ---------------------------------------------------------------------------------------------------------


def test_leaving_a_saddle_takes_as_many_steps_as_the_start_has_digits(expect: Expect) -> None:
    steps = {}
    for k in expect.inputs("saddle.escape")["k"]:
        path = surfaces.descend("saddle", gradient_descent(0.1), start=(0, 10.0**-k), steps=210)
        assert path.stability is not None
        steps[k] = k * np.log(10) / np.log(path.stability.growth[0])
        assert np.argmax(path.points[:, 1] >= 1) == math.ceil(steps[k]), "and so many are walked"
    expect("saddle.escape", steps)


def test_the_surfaces_descend_as_published(expect: Expect) -> None:
    """The library's own bowl and its own loop, where test_optimizers.py has a user's function and a bare rule."""
    rules = {
        "d2l.ill.gd.lr0.4": gradient_descent(0.4),
        "d2l.ill.gd.lr0.6": gradient_descent(0.6),
        "d2l.ill.momentum.b0.25": optim.momentum(0.6, beta=0.25),
        "d2l.ill.momentum.b0.5": optim.momentum(0.6, beta=0.5),
        "ill.adam": optim.adam(0.4),
    }
    for id, rule in rules.items():
        given = expect.inputs(id)
        end = surfaces.descend("ill_conditioned_bowl", rule, start=given["x0"], steps=given["steps"]).points[-1]
        expect(id, end if id == "ill.adam" else {"x1": end[0], "x2": end[1]})


def test_a_small_rate_keeps_what_gradient_flow_conserves(expect: Expect) -> None:
    """½(xy − 1)² from (3, 0.4): x² − y² is conserved by the flow, so its end and the sharpness there are known."""

    def toy(p: Any) -> Any:
        return 0.5 * (p[0] * p[1] - 1) ** 2

    end = descend(gradient_descent(lr=0.001), toy, np.array([3.0, 0.4]), 3000)[-1]
    conserved = 3.0**2 - 0.4**2
    found = {"sharpness": np.linalg.eigvalsh(ds.hessian(toy)(end))[1], "flow": (conserved**2 + 4) ** 0.5}
    expect("eos.toy_flow", found)
    assert 0 < found["flow"] - found["sharpness"] < 1e-4
