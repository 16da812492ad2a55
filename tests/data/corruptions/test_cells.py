"""Outliers and missing values: how far, how many, and what they do to the best constant and to the columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from downslope.data import arrays, iris, line, missing_values, moons, outliers
from downslope.errors import SettingError

Reference = dict[str, dict[str, Any]]


def test_rows_are_moved_by_so_many_standard_deviations_up_or_down() -> None:
    data = iris()
    after = outliers(data, rate=0.2, size=7)
    distance = (after.train.x - data.train.x) / data.train.x.std(axis=0)
    moved = np.isin(data.train.rows, after.touched[0].rows)
    assert moved.sum() == 24
    assert np.abs(distance[moved]) == pytest.approx(np.full((24, 4), 7.0))
    assert not distance[~moved].any()
    # 96 fair coins: outside 24 to 72 once in a million times.
    assert 24 < (distance[moved] > 0).sum() < 72
    assert after.touched[0].features == data.features


def test_a_regression_has_its_target_moved_unless_the_features_are_asked_for() -> None:
    data = line()
    target, features = outliers(data), outliers(data, where="features")
    assert (target.touched[0].features, features.touched[0].features) == ((), ("x",))
    assert np.array_equal(target.train.x, data.train.x)
    assert np.array_equal(features.train.y, data.train.y)
    assert np.array_equal(target.touched[0].rows, features.touched[0].rows)


def test_one_outlier_moves_the_mean_and_leaves_the_median(reference: Reference) -> None:
    data = arrays(np.arange(5.0), [1.0, 2, 3, 4, 5], held_out=0)
    size = float((100 - 5) / np.std([1, 2, 3, 4, 5]))
    # One row of five, up or down: the seed that moves the 5 up to 100.
    found = [outliers(data, rate=0.2, size=size, seed=seed).train.y[:, 0] for seed in range(40)]
    y = next(y for y in found if y[4] > 50)
    assert y == pytest.approx([1, 2, 3, 4, 100])
    # The best constant under each loss, by search over a fine grid.
    grid = np.arange(0, 100, 1e-3)[:, None]
    far = np.abs(y - grid)
    losses = {"mse": far**2, "mae": far, "huber": np.where(far < 1, far**2 / 2, far - 0.5)}
    best = {name: float(grid[loss.mean(axis=1).argmin(), 0]) for name, loss in losses.items()}
    assert best == pytest.approx(reference["data.outlier"]["expected"], abs=2e-3)


@pytest.mark.parametrize("rate", [0.01, 0.25, 0.9])
def test_as_many_cells_are_lost_as_the_rate_says(rate: float) -> None:
    data = iris()
    after = missing_values(data, rate=rate, fill="nan")
    lost = np.isnan(after.train.x)
    assert lost.sum() == round(rate * data.train.x.size)
    assert after.touched[0].rows.tolist() == data.train.rows[lost.any(axis=1)].tolist()
    assert np.array_equal(after.train.x[~lost], data.train.x[~lost])
    assert np.array_equal(missing_values(data, rate=rate).train.x[~lost], data.train.x[~lost])


def test_lost_cells_get_the_mean_or_median_of_those_that_are_left() -> None:
    data = iris()
    lost = np.isnan(missing_values(data, rate=0.3, fill="nan").train.x)
    left = np.where(lost, np.nan, data.train.x)
    for fill, of in (("mean", np.nanmean), ("median", np.nanmedian)):
        x = missing_values(data, rate=0.3, fill=fill).train.x  # type: ignore[arg-type]  # a loop over the words
        assert x == pytest.approx(np.where(lost, of(left, axis=0), data.train.x))


def test_zero_is_zero_in_the_users_units() -> None:
    data = iris()
    after = missing_values(data, rate=0.3, fill="zero")
    lost = np.isnan(missing_values(data, rate=0.3, fill="nan").train.x)
    assert after.raw_features(after.train.x)[lost] == pytest.approx(np.zeros(lost.sum()), abs=1e-12)
    assert not missing_values(moons(), rate=1, fill="zero").train.x.any()


@pytest.mark.parametrize("fill", ["mean", "median", "zero"])
def test_filling_draws_a_column_together(fill: Any) -> None:
    data = moons()
    assert (missing_values(data, rate=0.5, fill=fill).train.x.std(axis=0) < 0.85 * data.train.x.std(axis=0)).all()


def test_a_column_without_a_cell_left_becomes_zeros() -> None:
    for fill in ("mean", "median"):
        assert not missing_values(iris(), rate=1, fill=fill).train.x.any()


BAD: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "fill": (missing_values, {"fill": "avrage"}, "data-fill", "Known: mean, median, nan, zero"),
    "size": (outliers, {"size": -1}, "data-out-of-range", "size is -1"),
    "where": (outliers, {"where": "featurs"}, "data-outlier-where", "Did you mean 'features'?"),
    "classes": (outliers, {"where": "target"}, "data-outlier-where", "use label_noise"),
    "seed": (outliers, {"seed": 0.5}, "data-seed", "seed is 0.5"),
}


@pytest.mark.parametrize("case", BAD)
def test_unfit_settings_get_one_message_of_four_lines(case: str) -> None:
    spoil, settings, code, words = BAD[case]
    with pytest.raises(SettingError) as refused:
        spoil(moons(), **settings)
    assert refused.value.code == code
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 4
