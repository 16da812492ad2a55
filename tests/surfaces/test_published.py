"""Published minima, Hessians and descents, through the library's own surfaces."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect

from downslope import optim, surfaces


@pytest.fixture
def expect(reference: dict[str, dict[str, Any]]) -> Iterator[Expect]:
    asked = Expect(reference)
    yield asked
    assert asked.used


MINIMA = [
    "ackley", "booth", "bukin6", "easom", "goldstein_price", "griewank", "himmelblau", "levi13", "mccormick",
    "rastrigin", "six_hump_camel", "sphere", "three_hump_camel", "zakharov",
]  # fmt: skip


@pytest.mark.parametrize("name", MINIMA)
def test_published_minima(expect: Expect, name: str) -> None:
    surface, points = surfaces.by_name(name), expect.inputs(f"testfn.{name}")["points"]
    expect(f"testfn.{name}", [surface.value(point) for point in points])
    for point in points:  # and each is one of the entry's own
        assert min(math.dist(point, m.point) for m in surface.minima) < 1e-4


def test_every_published_minimum_is_asked_for(reference: dict[str, dict[str, Any]]) -> None:
    published = {id.removeprefix("testfn.") for id in reference if id.startswith("testfn.")}
    assert published == {*MINIMA, "refined"}


def test_refined_minimisers(expect: Expect) -> None:
    chosen = {
        "himmelblau": ("himmelblau", 1),
        "himmelblau2": ("himmelblau", 2),
        "himmelblau3": ("himmelblau", 3),
        "styblinski_tang": ("styblinski_tang", 0),
        "mccormick": ("mccormick", 0),
        "six_hump": ("six_hump_camel", 0),
    }
    minima = {key: surfaces.by_name(name).minima[i] for key, (name, i) in chosen.items()}
    expect("testfn.refined", {key: {"x": list(m.point), "f": m.value} for key, m in minima.items()})


def test_hessians(expect: Expect) -> None:
    found = {name: list(surfaces.by_name(name).eigenvalues((0.3, -0.7))) for name in ("booth", "matyas")}
    expect("hessian.booth_matyas", found)
    np.testing.assert_allclose(surfaces.saddle.eigenvalues((0, 0)), [-2, 2])
    np.testing.assert_array_equal(surfaces.monkey_saddle.hessian((0, 0)), np.zeros((2, 2)))
    expect("hessian.rosenbrock_eig", surfaces.rosenbrock.eigenvalues((1, 1)).tolist())


def test_rosenbrock_at_its_classic_start(expect: Expect) -> None:
    np.testing.assert_array_equal(surfaces.rosenbrock.start, (-1.2, 1))
    f, g = surfaces.rosenbrock.value_and_gradient(surfaces.rosenbrock.start)
    expect("rosen.grad", {"f": f, "g": g.tolist()})


def test_the_rotated_bowl(expect: Expect) -> None:
    Q = surfaces.rotated_bowl.hessian((0, 0))
    D = np.diag(1 / np.sqrt(np.diag(Q)))
    pre = np.linalg.eigvalsh(D @ Q @ D)
    eig = surfaces.rotated_bowl.eigenvalues((0, 0))
    expect("rotated.precond", {"eig": eig.tolist(), "pre": pre.tolist(), "kappa": pre[1] / pre[0]})


def test_leaving_a_saddle(expect: Expect) -> None:
    """The number of steps follows from the growth that a path measures, and paths of that many steps just do it."""
    steps = {}
    for k in (2, 4, 8, 16):
        path = surfaces.descend("saddle", optim.gradient_descent(0.1), start=(0, 10.0**-k), steps=250)
        assert path.stability is not None
        steps[str(k)] = k * math.log(10) / math.log(path.stability.growth[0])
        assert int(np.argmax(np.abs(path.points[:, 1]) >= 1)) == math.ceil(steps[str(k)])
    expect("saddle.escape", steps)


def ill(rule: optim.Optimizer, steps: int = 20) -> surfaces.Path:
    return surfaces.descend("ill_conditioned_bowl", rule, start=(-5, -2), steps=steps)


@pytest.mark.parametrize("lr", [0.4, 0.6])
def test_gradient_descent_on_the_ill_conditioned_bowl(expect: Expect, lr: float) -> None:
    x1, x2 = ill(optim.gradient_descent(lr)).points[-1]
    expect(f"d2l.ill.gd.lr{lr}", {"x1": x1, "x2": x2})


@pytest.mark.parametrize("beta", [0.25, 0.5])
def test_momentum_on_the_ill_conditioned_bowl(expect: Expect, beta: float) -> None:
    x1, x2 = ill(optim.momentum(0.6, beta)).points[-1]
    expect(f"d2l.ill.momentum.b{beta}", {"x1": x1, "x2": x2})


def test_adam_on_the_ill_conditioned_bowl(expect: Expect) -> None:
    expect("ill.adam", ill(optim.adam(0.4)).points[-1].tolist())


def test_stability_of_gradient_descent(expect: Expect) -> None:
    """On 2x² (curvature 4) from 1: one step at 1/4, for ever to and fro at 1/2, away above."""
    bowl = surfaces.formula("2*x**2 + 2*y**2")
    one, swing, away = (
        surfaces.descend(bowl, optim.gradient_descent(lr), start=(1, 0), steps=n)
        for lr, n in ((0.25, 1), (0.5, 20), (0.51, 20))
    )
    expect("gd.stability", {"one": one.points[-1, 0], "osc": abs(swing.points[-1, 0]), "div": away.points[-1, 0]})
    assert [path.stability.limit for path in (one, swing, away) if path.stability] == [0.5, 0.5, 0.5]


def test_the_limit_of_momentum_is_measured_from_the_rule_itself(expect: Expect) -> None:
    bowl = surfaces.bowl
    found = [surfaces.stability(bowl, optim.momentum(0.1, beta)) for beta in (0, 0.5, 0.9, 0.99)]
    expect("distill.stability", [each.constant for each in found if each])


def test_the_rate_of_underdamped_momentum_is_the_root_of_beta(expect: Expect) -> None:
    given = expect.inputs("distill.complex_rate")
    unit = surfaces.formula("(x**2 + y**2)/2")
    found = surfaces.stability(unit, optim.momentum(given["alpha"], given["beta"]))
    assert found is not None
    expect("distill.complex_rate", found.growth[1])
