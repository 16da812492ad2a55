"""Cuts through the loss: along chosen directions, and along a run's own path."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.instruments.bowls import Given, bowl, descent, rotated

from downslope.errors import SettingError
from downslope.instruments.loss_slice import loss_slice
from downslope.instruments.trajectory_slice import naive as trajectory_naive, trajectory_slice

# --- loss_slice -------------------------------------------------------------------------------------------------------


def test_the_middle_is_the_loss_of_the_step_in_both_precisions() -> None:
    for dtype in (np.float32, np.float64):
        for dims in (1, 2):
            step = bowl(rotated([1, 2, 3]), dtype=dtype)
            found = loss_slice(step, dims=dims, points=5)
            assert found.values[(2,) * dims] == step.loss
            assert found.values.shape == (5,) * dims
            assert [axis.labels for axis in found.axes] == [(-1, -0.5, 0, 0.5, 1)] * dims


def test_a_bowl_is_a_parabola_along_any_direction() -> None:
    found = loss_slice(bowl(rotated([1, 5, 2, 7])), points=9)
    third = np.diff(found.values, 3)
    assert np.abs(third).max() < 1e-10 * np.abs(found.values).max()


def test_down_the_gradient_the_slope_and_the_minimum_are_those_of_a_line_search() -> None:
    H, w = rotated([1, 3, 10]), np.array([1.0, 2, 3])
    g = H @ w
    step = bowl(H, w)
    found = loss_slice(step, directions="gradient", points=2001, span=1.0)
    length = np.linalg.norm(w) / np.linalg.norm(g)  # of the direction, over that of the gradient
    marks = np.array(found.axes[0].labels)
    assert marks[np.argmin(found.values)] == pytest.approx(g @ g / (g @ H @ g) / length, abs=1e-3)
    slope = np.gradient(found.values, marks)[1000]
    assert slope == pytest.approx(-length * g @ g, rel=1e-5)
    assert found.facts["lengths"] == pytest.approx([np.linalg.norm(w)])


def test_the_second_direction_beside_the_gradient_is_level() -> None:
    H = rotated([1, 3, 10])
    found = loss_slice(bowl(H), dims=2, directions="gradient", points=5, span=1e-3)
    assert found.values[2, 3] - found.values[2, 1] == pytest.approx(0, abs=1e-9)
    assert found.values[3, 2] < found.values[2, 2] < found.values[1, 2]


def test_filters_are_moved_as_far_as_they_are_long() -> None:
    """Along a direction the squares of each unit's weights are collected instead of a loss."""
    w = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, 1.0]])  # units of length 5, 0 and √2
    moved = []

    def loss_at(params: dict[str, np.ndarray]) -> float:
        moved.append(np.linalg.norm(params["w"] - w, axis=0))
        return float(np.abs(params["b"] - 2.0).max())

    step = Given(params={"w": w, "b": np.full(3, 2.0)}, grads={}, loss=0.0, loss_at=loss_at)
    found = loss_slice(step, points=2)
    assert moved[0] == pytest.approx([5, 0, math.sqrt(2)])
    assert found.values.max() > 0
    assert found.facts["lengths"] == pytest.approx([math.sqrt(25 + 2 + 12)])


def test_another_seed_is_another_direction_and_the_same_seed_the_same() -> None:
    step = bowl(rotated([1, 2, 30]))
    first, again, other = (loss_slice(step, seed=seed).values for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


def test_a_loss_that_overflows_is_shown_as_it_is() -> None:
    step = Given(
        params={"w": np.ones(2)},
        grads={"w": np.ones(2)},
        loss=1.0,
        loss_at=lambda p: math.inf if p["w"][0] > 1 else 1.0,
    )
    found = loss_slice(step, directions="gradient", points=3)
    assert found.values.tolist() == [math.inf, 1, 1]


def test_without_a_gradient_the_slice_along_it_is_level() -> None:
    found = loss_slice(bowl(np.eye(3), np.zeros(3)), directions="gradient", points=3)
    assert found.values.tolist() == [0, 0, 0]


@pytest.mark.parametrize("wrong", [{"dims": 3}, {"directions": "uphill"}, {"points": 1}, {"span": 0}])
def test_impossible_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingError, match="instrument-value"):
        loss_slice(bowl(np.eye(2)), **wrong)


# --- trajectory_slice -------------------------------------------------------------------------------------------------


def test_a_path_in_a_plane_is_explained_by_it_and_the_surface_holds_the_losses_of_the_path() -> None:
    """Gradient descent on a bowl never leaves the plane of two eigenvectors in which it began."""
    H = rotated([1, 4, 9, 16])
    directions = np.linalg.eigh(H)[1]
    run = descent(H, directions[:, 0] + directions[:, 1], lr=0.1, steps=20)
    steps = [1, 3, 5, 9, 21]
    found = trajectory_slice(run, steps, points=9)
    assert found.facts["explained"].sum() == pytest.approx(1)
    assert found.facts["path"].shape == (1, 5, 2)
    assert found.facts["path"][0, -1] == pytest.approx([0, 0])
    assert (found.facts["path"][0, 0] >= 0).all()
    assert found.steps.tolist() == [21]
    # The path's points have the distances from each other that they have in the whole space.
    path, full = found.facts["path"][0], run.path[[t - 1 for t in steps]]
    for i in range(5):
        for j in range(5):
            assert np.linalg.norm(path[i] - path[j]) == pytest.approx(np.linalg.norm(full[i] - full[j]))
    # In the plane the loss is a quadratic with the two eigenvalues; its least value on the whole plane is 0.
    a, b = (np.array(axis.labels) for axis in found.axes)
    x, y = np.meshgrid(a, b, indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)
    c, *_ = np.linalg.lstsq(terms, found.values.reshape(-1), rcond=None)
    assert np.linalg.eigvalsh([[2 * c[3], c[4]], [c[4], 2 * c[5]]]) == pytest.approx([1, 4])


def test_the_grid_reaches_beyond_the_path_by_the_margin() -> None:
    run = descent(rotated([1, 4, 9]), np.array([1.0, 2, 3]), lr=0.05, steps=10)
    found = trajectory_slice(run, [1, 2, 4, 8], margin=0.5)
    for axis, along in zip(found.axes, found.facts["path"][0].T, strict=True):
        extent = np.ptp(along)
        assert axis.labels[0] == pytest.approx(along.min() - extent / 2)
        assert axis.labels[-1] == pytest.approx(along.max() + extent / 2)


def test_where_the_end_alone_is_asked_the_path_leads_there_from_the_first_step() -> None:
    run = descent(rotated([1, 4, 9]), np.array([1.0, 2, 3]), lr=0.05, steps=99)
    steps = trajectory_slice(run, [100], points=2).facts["path_steps"][0]
    assert steps[0] == 1
    assert steps[-1] == 100
    assert len(steps) == 30
    with pytest.raises(SettingError, match="instrument-value"):
        trajectory_slice(run, [2])


def test_a_straight_path_is_explained_by_one_direction_and_one_that_stands_still_by_none() -> None:
    straight = trajectory_slice(descent(2 * np.eye(3), np.ones(3), lr=0.1, steps=5), [1, 2, 5])
    assert straight.facts["explained"][0] == pytest.approx([1, 0], abs=1e-12)
    still = trajectory_slice(descent(np.eye(3), np.zeros(3), lr=0.1, steps=5), [1, 2, 5])
    assert np.isnan(still.facts["explained"]).all()
    assert (still.facts["path"] == 0).all()
    assert np.isfinite(still.values).all()


def test_a_path_that_left_the_numbers_is_not_hidden() -> None:
    run = descent(np.eye(3), np.array([1.0, math.nan, 1]), lr=0.1, steps=5)
    found = trajectory_slice(run, [1, 2, 5], points=3)
    assert np.isnan(found.values).all()
    assert np.isnan(found.facts["explained"]).all()


def test_one_parameter_has_one_direction() -> None:
    found = trajectory_slice(descent(np.eye(1) * 2, np.ones(1), lr=0.1, steps=5), [1, 2, 5], points=3)
    assert found.facts["explained"][0] == pytest.approx([1, 0])


@pytest.mark.parametrize(("steps", "more"), [([1, 2], {}), ([1, 2, 3], {"points": 1}), ([1, 2, 3], {"margin": -1})])
def test_a_plane_needs_three_steps(steps: list[int], more: dict[str, int]) -> None:
    with pytest.raises(SettingError, match="instrument-value"):
        trajectory_slice(descent(np.eye(2), np.ones(2), lr=0.1, steps=5), steps, **more)


def test_naive_and_fast_agree() -> None:
    run = descent(rotated([1, 4, 9, 2, 3]), np.arange(1.0, 6), lr=0.05, steps=10)
    from_definition = trajectory_naive(run, [1, 2, 3, 5, 8], points=5)
    fast = trajectory_slice(run, [1, 2, 3, 5, 8], points=5)
    assert fast.values == pytest.approx(from_definition.values, rel=1e-9)
    for name, value in fast.facts.items():
        assert value == pytest.approx(from_definition.facts[name], rel=1e-9, abs=1e-12)
