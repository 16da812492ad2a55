"""Wrong labels and rare classes, with the limits that theory sets to any network trained on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from downslope.data import digits, gaussians, imbalance, iris, label_noise, line, moons
from downslope.errors import DataError, SettingError

Reference = dict[str, dict[str, Any]]


def test_a_noisy_label_is_never_the_old_one_and_any_other_is_as_likely() -> None:
    data = digits()
    noisy = label_noise(data, rate=1)
    moved = (noisy.train.y - data.train.y) % 10
    counts = np.bincount(moved, minlength=10)
    assert counts[0] == 0
    expected = len(moved) / 9
    # Chi-square with 8 degrees of freedom exceeds 26.1 once in a thousand times.
    assert ((counts[1:] - expected) ** 2 / expected).sum() < 26.1


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 1.0])
def test_the_share_of_wrong_labels_is_the_rate(rate: float) -> None:
    data = moons()
    noisy = label_noise(data, rate=rate)
    wrong = noisy.train.y != data.train.y
    assert wrong.mean() == rate
    assert noisy.touched[0].rows.tolist() == data.train.rows[wrong].tolist()
    assert np.array_equal(noisy.train.x, data.train.x)
    assert np.array_equal(noisy.train.rows, data.train.rows)


@pytest.mark.parametrize("e", [0.05, 0.1, 0.2, 0.4])
def test_nothing_fits_noisy_labels_better_than_their_entropy(reference: Reference, e: float) -> None:
    expected = reference["data.labelnoise"]["expected"][str(e)]
    data = gaussians(n=2000, noise=0.1, held_out=0)
    noisy = label_noise(data, rate=e)
    right = noisy.train.y == data.train.y
    assert right.mean() == pytest.approx(1 - e)  # the best accuracy on the noisy labels
    # The true class is known from x without doubt, so the best model gives every row the same logit for it.
    logit = np.log(right.mean() / (1 - right.mean()))
    entropy = np.mean(np.log1p(np.exp(np.where(right, -logit, logit))))
    assert logit == pytest.approx(expected["logit"], rel=1e-12)
    assert entropy == pytest.approx(expected["ce"], rel=1e-12)
    # And scikit-learn, which was told nothing of this, comes to the same logit from the noisy labels.
    sign = np.where(data.train.y == 1, 1.0, -1.0)[:, None]
    fitted = LogisticRegression(C=1e6, fit_intercept=False).fit(sign, noisy.train.y)
    assert fitted.coef_[0, 0] == pytest.approx(expected["logit"], abs=1e-3)


@pytest.mark.parametrize("ratio", [1, 2, 10, 33.3, 200])
def test_the_ratio_is_reached_to_the_nearest_row(ratio: float) -> None:
    data = imbalance(moons(), ratio=ratio)
    assert np.bincount(data.train.y).tolist() == [200, round(200 / ratio)]
    assert np.bincount(data.held_out.y).tolist() == [50, 50]


def test_any_class_can_be_the_rare_one_and_the_others_stay() -> None:
    data = iris()
    after = imbalance(data, ratio=4, rare="setosa")
    assert np.bincount(after.train.y).tolist() == [10, 40, 40]
    removed = np.setdiff1d(data.train.rows, after.train.rows)
    assert after.touched[0].rows.tolist() == removed.tolist()
    assert "30 of 40 training rows of the class 'setosa'" in after.notes[-1]


def test_a_higher_ratio_keeps_a_part_of_the_rows_of_a_lower_one() -> None:
    few, more = (set(imbalance(moons(), ratio=ratio).train.rows.tolist()) for ratio in (20, 5))
    assert few < more


def test_data_that_is_as_uneven_already_comes_back_as_it_is() -> None:
    uneven = imbalance(moons(), ratio=10)
    assert imbalance(uneven, ratio=5) is uneven
    assert imbalance(uneven, ratio=10) is uneven


@pytest.mark.parametrize("ratio", [0.5, 0, -1, 201, float("nan")])
def test_a_ratio_that_leaves_no_row_or_adds_some_is_refused(ratio: float) -> None:
    with pytest.raises(SettingError, match=r"ratio is .*\[data-out-of-range\]") as refused:
        imbalance(moons(), ratio=ratio)
    assert "has 200 training rows" in refused.value.why
    assert "from 1 to 200" in refused.value.do


def test_an_unknown_class_suggests_the_nearest() -> None:
    with pytest.raises(SettingError, match=r"(?s)'setossa'.*\[data-class-unknown\].*Did you mean 'setosa'?"):
        imbalance(iris(), rare="setossa")


def test_a_number_has_no_classes_to_spoil() -> None:
    with pytest.raises(DataError, match=r"(?s)line is a regression.*\[data-needs-classes\].*outliers") as refused:
        label_noise(line())
    assert len(str(refused.value).splitlines()) == 4
    with pytest.raises(DataError, match=r"'imbalance'"):
        imbalance(line())
