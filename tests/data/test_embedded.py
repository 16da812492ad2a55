"""The embedded sets against what their publications say of them, not against scikit-learn's own answers."""

from __future__ import annotations

import numpy as np
import pytest

from downslope.data import EMBEDDED, Data, breast_cancer, diabetes, digits, iris, wine


def raw_x(data: Data) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """All rows in the order of the source, in the source's units."""
    x = np.vstack([data.raw_features(data.train.x), data.raw_features(data.held_out.x)])
    return np.asarray(x[np.argsort([*data.train.rows, *data.held_out.rows])])


def all_y(data: Data) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    y = data.raw_target(np.concatenate([data.train.y, data.held_out.y]))
    return np.asarray(y[np.argsort([*data.train.rows, *data.held_out.rows])])


def test_digits_are_the_1797_test_images_of_the_uci_set() -> None:
    data = digits()
    names, counts = np.unique(all_y(data), return_counts=True)
    # The class counts of the testing part in UCI's optdigits.names.
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == dict(
        zip("0123456789", [178, 182, 177, 183, 181, 182, 181, 179, 174, 180], strict=True)
    )
    assert data.image_shape == (8, 8)
    assert len(data.features) == 64
    x = raw_x(data)
    assert (x.min(), x.max()) == (0.0, 1.0)
    assert set((x * 16).ravel().tolist()) == set(range(17))


def test_digits_pair_each_image_with_its_own_label() -> None:
    data = digits(seed=3)
    means = np.array([data.train.x[data.train.y == k].mean(axis=0) for k in range(10)])
    nearest = ((data.held_out.x[:, None, :] - means) ** 2).sum(axis=2).argmin(axis=1)
    # The nearest mean image is right for about nine in ten; with labels out of step it is one in ten.
    assert (nearest == data.held_out.y).mean() > 0.85


def test_iris_has_fishers_means() -> None:
    data = iris()
    x, y = raw_x(data), all_y(data)
    # Fisher 1936, table 1: mean sepal length and petal length of each species.
    assert x[y == "setosa"][:, [0, 2]].mean(axis=0) == pytest.approx([5.006, 1.462], abs=5e-4)
    assert x[y == "versicolor"][:, [0, 2]].mean(axis=0) == pytest.approx([5.936, 4.260], abs=5e-4)


@pytest.mark.parametrize(
    ("data", "counts"),
    [(wine(), {"class_0": 59, "class_1": 71, "class_2": 48}), (breast_cancer(), {"malignant": 212, "benign": 357})],
)
def test_wine_and_breast_cancer_have_the_class_counts_of_their_uci_pages(data: Data, counts: dict[str, int]) -> None:
    names, found = np.unique(all_y(data), return_counts=True)
    assert dict(zip(names.tolist(), found.tolist(), strict=True)) == counts


def test_diabetes_is_in_raw_units_underneath() -> None:
    data = diabetes()
    assert data.task == "regression"
    age_sex = raw_x(data)[:, :2]
    # Efron et al. 2004, table 1: the first patient is 59, of sex code 2, with a response of 151.
    assert age_sex[0] == pytest.approx([59, 2])
    assert all_y(data)[0, 0] == pytest.approx(151)
    assert (all_y(data).min(), all_y(data).max()) == (pytest.approx(25), pytest.approx(346))


@pytest.mark.parametrize("name", sorted(set(EMBEDDED) - {"digits"}))
def test_the_training_part_alone_has_mean_0_and_standard_deviation_1(name: str) -> None:
    data = EMBEDDED[name](seed=1)
    assert data.train.x.mean(axis=0) == pytest.approx(np.zeros(len(data.features)), abs=1e-9)
    assert data.train.x.std(axis=0) == pytest.approx(np.ones(len(data.features)))
    assert np.abs(data.held_out.x.mean(axis=0)).max() > 1e-3
    assert data.name == name
