"""What holds for every surface: its minima are minima, its gradient is the slope, and nothing is left unsaid."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from downslope import optim, surfaces
from downslope.autodiff import grad, trace
from downslope.errors import SettingError, ShapeError
from downslope.surfaces import SURFACES, Surface

ENTRIES = sorted({surface.name for surface in SURFACES.values()})
POINTS = [(0.31, 0.62), (0.83, 0.17), (0.08, 0.91)]  # as parts of the domain


def inside(surface: Surface, part: tuple[float, float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    low, high = np.array(surface.domain).T
    return np.asarray(low + np.array(part) * (high - low))


def size(surface: Surface) -> float:
    return max(high - low for low, high in surface.domain)


def usual_slope(surface: Surface) -> float:
    """The median size of the gradient over the domain: what 0 is measured by."""
    X, Y, _ = surface.grid(7)
    return float(np.median(np.linalg.norm(surface.gradient(np.stack([X, Y], axis=-1)), axis=-1)))


@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_states_everything(name: str) -> None:
    surface = surfaces.by_name(name)
    assert surface.name == name
    for text in (surface.formula, surface.latex, surface.source, surface.function.__doc__ or ""):
        assert text.strip()
    assert surface.teaches.endswith(".")
    assert len(surface.teaches) <= 120
    assert surface.contains(surface.start)
    assert surface.lr > 0
    assert bool(surface.minima) != bool(surface.without_minimum)
    assert [m.value for m in surface.minima] == sorted(m.value for m in surface.minima)
    assert all(surface.contains(m.point) for m in surface.minima)
    said = str(surface)
    for told in (name, surface.formula, surface.teaches, surface.source, f"{surface.lr:g}"):
        assert told in said


def test_no_two_surfaces_teach_the_same() -> None:
    assert len({surfaces.by_name(name).teaches for name in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_minimum_has_its_value_no_slope_and_no_way_down(name: str) -> None:
    surface = surfaces.by_name(name)
    for minimum in surface.minima:
        assert surface.value(minimum.point) == pytest.approx(minimum.value, rel=1e-12, abs=1e-12)
        assert np.linalg.norm(surface.gradient(minimum.point)) <= 1e-11 * max(1, usual_slope(surface))
        low, high = surface.eigenvalues(minimum.point)
        assert low >= -1e-6 * abs(high)
        ring = np.array(minimum.point) + 1e-4 * size(surface) * np.array(
            [(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 24, endpoint=False)]
        )
        assert np.min(surface.value(ring)) >= minimum.value - 1e-9 * max(1, abs(minimum.value))


@pytest.mark.parametrize("name", ENTRIES)
def test_no_point_of_a_fine_grid_is_below_the_lowest_minimum(name: str) -> None:
    surface = surfaces.by_name(name)
    _, _, Z = surface.grid(301)
    assert np.isfinite(Z).all()
    assert surface.without_minimum or np.min(Z) >= (surface.lowest or 0) - 1e-9


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("part", POINTS)
def test_the_gradient_and_the_hessian_are_those_of_finite_differences(name: str, part: tuple[float, float]) -> None:
    surface = surfaces.by_name(name)
    p, h = inside(surface, part), 1e-5 * size(surface)
    steps = h * np.eye(2)
    slope = np.array([(surface.value(p + e) - surface.value(p - e)) / (2 * h) for e in steps])
    scale = usual_slope(surface) + np.linalg.norm(slope)
    np.testing.assert_allclose(surface.gradient(p), slope, atol=float(1e-5 * scale), rtol=0)
    bend = np.array([(surface.gradient(p + e) - surface.gradient(p - e)) / (2 * h) for e in steps])
    np.testing.assert_allclose(
        surface.hessian(p), bend, atol=1e-5 * (scale / size(surface) + np.abs(bend).max()), rtol=0
    )


@pytest.mark.parametrize("name", ENTRIES)
def test_many_points_at_once_are_each_point_by_itself(name: str) -> None:
    surface = surfaces.by_name(name)
    points = np.array([[inside(surface, part) for part in POINTS]] * 2)
    values, slopes = surface.value_and_gradient(points)
    assert (values.shape, slopes.shape) == ((2, 3), (2, 3, 2))
    for i, j in np.ndindex(2, 3):
        assert values[i, j] == pytest.approx(float(surface.value(points[i, j])), rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(slopes[i, j], surface.gradient(points[i, j]), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_surface_is_called_quadratic_exactly_if_its_hessian_is_the_same_everywhere(name: str) -> None:
    surface = surfaces.by_name(name)
    hessians = np.array([surface.hessian(inside(surface, part)) for part in POINTS])
    same = np.allclose(hessians, hessians[0], rtol=1e-12, atol=1e-12)
    assert surface.is_quadratic == (same and not surface.kinks)
    assert (surface.lambda_max is None) == (not surface.is_quadratic)


@pytest.mark.parametrize("name", ENTRIES)
def test_gradient_descent_goes_down_from_the_start_at_the_stated_rate(name: str) -> None:
    surface = surfaces.by_name(name)
    path = surfaces.descend(surface, optim.gradient_descent(surface.lr), steps=200)
    best = np.fmin.reduce(path.values)
    if surface.without_minimum:
        assert best < 0
        return
    assert path.verdict.word in ("converged", "still moving", "oscillates")
    assert best < path.values[0]
    assert surface.contains(path.points[-1])


def test_a_grid_is_ready_for_contours() -> None:
    X, Y, Z = surfaces.rosenbrock.grid(5)
    assert X.shape == Y.shape == Z.shape == (5, 5)
    assert X[0].tolist() == [-2, -1, 0, 1, 2]
    assert Y[:, 0].tolist() == [-1, 0, 1, 2, 3]
    assert Z[2, 3] == surfaces.rosenbrock(1, 1) == 0


def test_a_surface_is_traced_like_any_numpy_function() -> None:
    graph = trace(grad(lambda p: surfaces.booth(p[0], p[1])), np.zeros(2))
    np.testing.assert_array_equal(graph(np.array([1.0, 3.0])), [0, 0])


def test_python_numbers_overflow_to_infinity_instead_of_raising() -> None:
    assert surfaces.rosenbrock(1e200, 0) == np.inf
    assert surfaces.goldstein_price(10**30, 1) > 0


def test_the_noise_of_a_step_depends_on_seed_and_step_alone_and_is_standard_normal() -> None:
    noisy = surfaces.noisy_bowl
    np.testing.assert_array_equal(noisy.noise_at(3, 7), noisy.noise_at(3, 7))
    assert not np.array_equal(noisy.noise_at(3, 7), noisy.noise_at(3, 8))
    assert not np.array_equal(noisy.noise_at(3, 7), noisy.noise_at(4, 7))
    draws = np.array([noisy.noise_at(0, t) for t in range(4000)])
    assert np.abs(draws.mean(axis=0)).max() < 4 / np.sqrt(4000)
    assert np.abs(draws.std(axis=0) - 1).max() < 4 / np.sqrt(8000)
    assert abs(np.mean(draws[:, 0] * draws[:, 1])) < 4 / np.sqrt(4000)
    assert abs(np.mean(draws[1:, 0] * draws[:-1, 0])) < 4 / np.sqrt(4000)
    assert not surfaces.bowl.noise_at(3, 7).any()


def test_an_unknown_name_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(SettingError, match="Did you mean 'rosenbrock'") as error:
        surfaces.by_name("rosenbrok")
    assert error.value.code == "unknown-name"


@pytest.mark.parametrize("n", [1, 0, -3, 5000, 2.5, True, "many"])
def test_a_grid_of_no_size_is_refused(n: object) -> None:
    with pytest.raises(SettingError) as error:
        surfaces.bowl.grid(n)  # type: ignore[arg-type]
    assert error.value.code == "surface-grid"


@pytest.mark.parametrize("point", [1.0, (1, 2, 3), [[1, 2, 3]], "here", ("a", "b"), {"x": 1}])
def test_what_is_no_point_is_refused(point: object) -> None:
    with pytest.raises(ShapeError) as error:
        surfaces.bowl.gradient(point)
    assert error.value.code == "surface-point"
    with pytest.raises(ShapeError):
        surfaces.bowl.hessian([(0, 0), (1, 1)])


# --- the recipe of the docs: adding a surface touches one file --------------------------------------------------------

RECIPE = '''
"""A surface of my own."""
import numpy as np
from downslope.surfaces.table import surface

@surface(
    "bump",
    formula="1 − cos x + y²", latex=r"1 - \\\\cos x + y^2", domain=((-3, 3), (-2, 2)), minima=[((0, 0), 0.0)],
    teaches="A pendulum that is pushed.", start=(2, 1), lr=0.3, source="this test",
)
def pendulum(x, y):
    """Potential energy of a pendulum."""
    return 1 - np.cos(x) + y**2
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "my_surfaces.py").write_text(RECIPE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("my_surfaces", tmp_path / "my_surfaces.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "my_surfaces", made)
    before = set(SURFACES)
    spec.loader.exec_module(made)
    yield made
    for name in set(SURFACES) - before:
        del SURFACES[name]


def test_adding_a_surface_touches_one_file(module: ModuleType) -> None:
    mine = surfaces.by_name("pendulum")
    assert mine is module.pendulum is surfaces.by_name("bump")
    path = surfaces.descend("pendulum", optim.gradient_descent(0.3))
    assert path.verdict.word == "converged"
    np.testing.assert_allclose(mine.eigenvalues((0, 0)), [1, 2])


def test_a_name_that_is_taken_by_another_module_is_refused() -> None:
    with pytest.raises(SettingError) as error:
        exec(RECIPE.replace("pendulum", "rosenbrock"), {"__name__": "elsewhere"})  # a text of our own
    assert error.value.code == "name-taken"
    assert surfaces.by_name("rosenbrock") is surfaces.rosenbrock


def test_the_names_of_the_room_are_those_that_editors_see() -> None:
    source = Path(surfaces.__file__).read_text(encoding="utf-8")
    for name in SURFACES:
        assert f"{name} as {name}" in source or f"{name} = " in source
        assert getattr(surfaces, name) is SURFACES[name]
        assert name in surfaces.__all__
