"""Sharpness, trace and spectrum, against Hessians whose eigenvalues are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.instruments.bowls import Given, bowl, rotated

import downslope as ds
from downslope.errors import SettingError
from downslope.instruments.hessian_trace import hessian_trace
from downslope.instruments.sharpness import sharpness
from downslope.instruments.spectrum import spectrum
from downslope.instruments.vectors import lanczos, normal_direction, random_signs
from downslope.runs.replayed import ReplayedStep

EIGENVALUES = st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=12)


def broken() -> Given:
    return Given(**{**vars(bowl(np.eye(3))), "hvp": lambda v: {name: x * math.nan for name, x in v.items()}})


# --- Lanczos itself ---------------------------------------------------------------------------------------------------


@given(EIGENVALUES, st.integers(0, 1000))
@settings(max_examples=40)
def test_lanczos_finds_all_eigenvalues_that_differ(eigenvalues: list[float], seed: int) -> None:
    H = rotated(eigenvalues, seed)
    found = lanczos(lambda v: H @ v, normal_direction(len(H), seed), len(H))
    scale = max(1e-30, *np.abs(eigenvalues))
    assert np.abs(found.values[:, None] - np.array(eigenvalues)).min(axis=1).max() <= 1e-7 * scale
    assert found.values[0] == pytest.approx(min(eigenvalues), abs=1e-7 * scale)
    assert found.values[-1] == pytest.approx(max(eigenvalues), abs=1e-7 * scale)
    assert found.weights.sum() == pytest.approx(1)


def test_found_eigenvalues_do_not_come_back_as_copies() -> None:
    """One large eigenvalue far off: without full reorthogonalisation it appears again after some 20 products."""
    eigenvalues = np.append(np.linspace(0, 1, 299), 1e4)
    H = rotated(eigenvalues.tolist())
    found = lanczos(lambda v: H @ v, normal_direction(300, 0), 100)
    assert (found.values > 10).sum() == 1


def test_an_eigenvalue_is_never_farther_than_the_residual() -> None:
    eigenvalues = np.linspace(-1, 3, 200)
    H = rotated(eigenvalues.tolist())
    found = lanczos(lambda v: H @ v, normal_direction(200, 0), 25)
    nearest = np.abs(found.values[:, None] - eigenvalues).min(axis=1)
    assert (nearest <= found.residuals + 1e-12).all()


def test_random_directions_are_the_same_for_the_same_seed_and_place_only() -> None:
    for draw in (normal_direction, random_signs):
        assert (draw(100, 3, 1) == draw(100, 3, 1)).all()
        assert (draw(100, 3, 1) != draw(100, 3, 2)).any()
        assert (draw(100, 3, 1) != draw(100, 4, 1)).any()
    assert set(random_signs(1000, 0)) == {-1.0, 1.0}
    assert abs(random_signs(10_000, 0).mean()) < 0.04


# --- sharpness --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 50, 400])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_largest_eigenvalue_among_many(n: int, dtype: type) -> None:
    eigenvalues = [*np.linspace(-1, 2, n - 1), 7.0]
    found = sharpness(bowl(rotated(eigenvalues), dtype=dtype))
    assert float(found.values) == pytest.approx(7, rel=1e-10 if dtype is np.float64 else 1e-5)
    assert found.facts["extreme"] == found.values
    assert found.facts["products"] <= min(n, 20)


def test_the_largest_is_told_and_the_most_negative_one_too_where_it_is_larger_in_size() -> None:
    found = sharpness(bowl(rotated([-9, -1, 0, 1, 4])))
    assert float(found.values) == pytest.approx(4)
    assert found.facts["extreme"] == pytest.approx(-9)


def test_sharpness_may_be_below_0() -> None:
    found = sharpness(bowl(rotated([-3, -2])))
    assert float(found.values) == pytest.approx(-2)
    assert found.facts["extreme"] == pytest.approx(-3)


def test_a_flat_loss_has_no_sharpness() -> None:
    assert float(sharpness(bowl(np.zeros((3, 3)))).values) == 0


def test_too_few_products_say_by_how_much_they_may_be_wrong() -> None:
    eigenvalues = np.linspace(0, 1, 300)
    found = sharpness(bowl(rotated(eigenvalues.tolist())), most=5)
    assert found.facts["products"] == 5
    assert found.facts["residual"] > 1e-3
    assert np.abs(eigenvalues - float(found.values)).min() <= found.facts["residual"]


# --- trace ------------------------------------------------------------------------------------------------------------


def test_the_trace_of_a_diagonal_hessian_is_exact() -> None:
    found = hessian_trace(bowl(np.diag([1.0, -2, 5])), samples=3)
    assert float(found.values) == 4
    assert found.facts["standard_error"] == 0


def test_the_trace_lies_within_its_standard_error_as_often_as_it_should() -> None:
    H = rotated(np.linspace(-2, 5, 40).tolist())
    found = [hessian_trace(bowl(H), samples=30, seed=seed) for seed in range(200)]
    away = np.array([(float(each.values) - np.trace(H)) / each.facts["standard_error"] for each in found])
    assert 0.60 < (np.abs(away) < 1).mean() < 0.76  # 0.68 for a normal distribution
    assert abs(away.mean()) < 0.25


def test_the_variance_of_hutchinsons_estimator_is_twice_the_squares_beside_the_diagonal() -> None:
    H = rotated([1, 2, 3, 10])
    values = [float(hessian_trace(bowl(H), samples=1, seed=seed).values) for seed in range(3000)]
    beside = 2 * (np.sum(H**2) - np.sum(np.diag(H) ** 2))
    assert np.var(values) == pytest.approx(beside, rel=0.1)
    assert math.isnan(hessian_trace(bowl(H), samples=1).facts["standard_error"])


# --- spectrum ---------------------------------------------------------------------------------------------------------


def test_the_density_integrates_to_1_and_its_mean_is_the_mean_eigenvalue() -> None:
    eigenvalues = np.concatenate([np.zeros(60), np.linspace(1, 2, 30), [9, 10]])
    found = spectrum(bowl(rotated(eigenvalues.tolist())), vectors=40, width=0.01, points=1000)
    grid = found.facts["eigenvalues"]
    assert np.trapezoid(found.values, grid) == pytest.approx(1, abs=1e-3)
    assert np.trapezoid(found.values * grid, grid) == pytest.approx(eigenvalues.mean(), rel=0.1)
    assert found.facts["lowest"] == pytest.approx(0, abs=1e-9)
    assert found.facts["highest"] == pytest.approx(10)
    assert found.axes[0].labels == tuple(grid)
    at_zero = np.trapezoid(np.where(grid < 0.5, found.values, 0), grid)
    assert at_zero == pytest.approx(60 / 92, rel=0.1)


def test_with_all_products_it_is_the_density_of_the_eigenvalues_as_the_vectors_see_them() -> None:
    """Lanczos without an end is exact: each eigenvalue counts by the square of the vector's part along it."""
    H, v = rotated([-1, 0, 2, 5]), normal_direction(4, 0)
    found = spectrum(bowl(H), vectors=1, width=0.05)
    eigenvalues, directions = np.linalg.eigh(H)
    weights = (directions.T @ v) ** 2 / (v @ v)
    distance = (found.facts["eigenvalues"][:, None] - eigenvalues) / 0.3
    assert found.facts["sigma"] == pytest.approx(0.3)
    assert found.values == pytest.approx(np.exp(-(distance**2) / 2) @ weights / (0.3 * math.sqrt(2 * math.pi)))


def test_a_grid_may_be_given_to_compare_steps() -> None:
    found = spectrum(bowl(np.diag([1.0, 3])), low=-1, high=5, points=7)
    assert found.axes[0].labels == (-1, 0, 1, 2, 3, 4, 5)


def test_a_spectrum_of_one_single_eigenvalue_is_a_bell() -> None:
    for curvature in (0.0, 2.0):
        found = spectrum(bowl(curvature * np.eye(5)), points=401)
        assert found.facts["eigenvalues"][np.argmax(found.values)] == pytest.approx(curvature, abs=1e-9)
        assert np.isfinite(found.values).all()


# --- all three --------------------------------------------------------------------------------------------------------


def test_a_hessian_that_is_not_finite_is_not_a_number() -> None:
    assert math.isnan(float(sharpness(broken()).values))
    assert math.isnan(sharpness(broken()).facts["extreme"])
    assert math.isnan(float(hessian_trace(broken()).values))
    assert np.isnan(spectrum(broken()).values).all()


REFUSED: list[tuple[Any, dict[str, float]]] = [
    (sharpness, {"most": 0}),
    (sharpness, {"tolerance": 0}),
    (sharpness, {"seed": -1}),
    (hessian_trace, {"samples": 0}),
    (spectrum, {"vectors": 0}),
    (spectrum, {"products": 0}),
    (spectrum, {"points": 1}),
    (spectrum, {"width": 0}),
]


@pytest.mark.parametrize(("ask", "wrong"), REFUSED, ids=[f"{ask.__name__} {wrong}" for ask, wrong in REFUSED])
def test_impossible_settings_are_refused(ask: Any, wrong: dict[str, float]) -> None:
    with pytest.raises(SettingError, match="instrument-value"):
        ask(bowl(np.eye(2)), **wrong)


# --- real networks ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def step(scene: Callable[[str], list[ReplayedStep]]) -> ReplayedStep:
    return scene("tanh mlp float64")[-1]


@pytest.fixture(scope="module")
def hessian(step: ReplayedStep) -> Any:
    """The whole matrix by differentiating the loss twice, as one graph, with no product in it."""
    x, y = step.batch
    leaves = list(step.params.values())
    cuts = np.cumsum([0, *(leaf.size for leaf in leaves)])

    def loss(v: Any) -> Any:
        parts = [np.reshape(v[i:j], p.shape) for i, j, p in zip(cuts, cuts[1:], leaves, strict=False)]
        b1, w1, b2, w2 = (
            parts[list(step.params).index(name)] for name in ("dense1.b", "dense1.w", "dense2.b", "dense2.w")
        )
        return np.mean((np.tanh(x @ w1 + b1) @ w2 + b2 - y) ** 2)

    flat = np.concatenate([leaf.ravel() for leaf in leaves])
    assert loss(flat) == pytest.approx(step.loss)
    return ds.hessian(loss)(flat)


def test_sharpness_and_extreme_of_a_network_are_those_of_its_whole_hessian(step: ReplayedStep, hessian: Any) -> None:
    eigenvalues = np.linalg.eigvalsh(hessian)
    found = sharpness(step)
    assert float(found.values) == pytest.approx(eigenvalues[-1], rel=1e-6)
    assert found.facts["extreme"] == pytest.approx(eigenvalues[np.argmax(np.abs(eigenvalues))], rel=1e-6)


def test_the_trace_of_a_network_is_within_four_standard_errors(step: ReplayedStep, hessian: Any) -> None:
    found = hessian_trace(step, samples=200)
    assert abs(float(found.values) - np.trace(hessian)) < 4 * found.facts["standard_error"]


def test_the_spectrum_of_a_network_counts_its_eigenvalues(step: ReplayedStep, hessian: Any) -> None:
    """How many lie above a middle curvature: the density's integral from there, times the number of directions."""
    eigenvalues = np.linalg.eigvalsh(hessian)
    found = spectrum(step, vectors=60, width=0.01, points=1000)
    grid = found.facts["eigenvalues"]
    middle = (eigenvalues[-1] + eigenvalues[0]) / 4
    share = np.trapezoid(np.where(grid > middle, found.values, 0), grid)
    assert share * found.facts["parameters"] == pytest.approx((eigenvalues > middle).sum(), rel=0.15)
    assert found.facts["lowest"] == pytest.approx(eigenvalues[0], abs=1e-8)
    assert found.facts["highest"] == pytest.approx(eigenvalues[-1])


def test_sharpness_of_a_network_is_pytorchs(step: ReplayedStep) -> None:
    torch = pytest.importorskip("torch")
    x, y = (torch.tensor(part) for part in step.batch)
    names = list(step.params)

    def loss(*parts: Any) -> Any:
        p = dict(zip(names, parts, strict=True))
        return ((torch.tanh(x @ p["dense1.w"] + p["dense1.b"]) @ p["dense2.w"] + p["dense2.b"] - y) ** 2).mean()

    leaves = tuple(torch.tensor(leaf) for leaf in step.params.values())
    blocks = torch.autograd.functional.hessian(loss, leaves)
    rows = [
        torch.cat([block.reshape(p.numel(), q.numel()) for block, q in zip(row, leaves, strict=True)], dim=1)
        for row, p in zip(blocks, leaves, strict=True)
    ]
    eigenvalues = torch.linalg.eigvalsh(torch.cat(rows))
    assert float(sharpness(step).values) == pytest.approx(float(eigenvalues[-1]), rel=1e-6)
