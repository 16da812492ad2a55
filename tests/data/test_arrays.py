"""The user's own arrays: what they mean, and every way in which they can be unfit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from downslope.data import arrays
from downslope.errors import DataError, SettingError

X = np.arange(20.0).reshape(10, 2) ** 1.5


@pytest.mark.parametrize(
    ("y", "task", "classes"),
    [
        (np.arange(10) % 2, "classification", ("0", "1")),
        (np.arange(10) % 2 == 0, "classification", ("False", "True")),
        (["b", "a"] * 5, "classification", ("a", "b")),
        (np.array(["b", "a"] * 5, dtype=object), "classification", ("a", "b")),
        (np.arange(10) % 2 + 0.5, "regression", ()),
        ([5, -3] * 5, "classification", ("-3", "5")),
    ],
)
def test_whole_numbers_and_words_are_classes_and_floats_a_quantity(y: Any, task: str, classes: tuple[str, ...]) -> None:
    data = arrays(X, y)
    assert (data.task, data.classes) == (task, classes)


def test_the_task_can_be_chosen() -> None:
    assert arrays(X, np.arange(10), task="regression").train.y.shape == (8, 1)
    assert arrays(X, np.arange(10) % 2 + 0.0, task="classification").classes == ("0", "1")


def test_rows_lead_back_to_the_arrays() -> None:
    y = np.arange(10) * 0.5
    data = arrays(X, y)
    for part in (data.train, data.held_out):
        assert np.array_equal(part.x, X[part.rows])
        assert np.array_equal(part.y[:, 0], y[part.rows])


def test_a_flat_x_is_one_column_and_a_deep_one_holds_images() -> None:
    assert arrays(np.arange(10.0), np.arange(10) * 0.5).train.x.shape == (8, 1)
    images = arrays(np.arange(120.0).reshape(10, 3, 4), np.arange(10) % 2)
    assert images.image_shape == (3, 4)
    assert images.features[5] == "pixel_1_1"


def test_scales_come_from_the_training_part_alone() -> None:
    y = np.arange(10) * 0.5
    held = arrays(X, y, standardise=True).held_out.rows[0]
    wild_x, wild_y = X.copy(), y.copy()
    wild_x[held], wild_y[held] = 1e9, -1e9
    calm, wild = arrays(X, y, standardise=True), arrays(wild_x, wild_y, standardise=True)
    assert np.array_equal(calm.train.x, wild.train.x)
    assert np.array_equal(calm.train.y, wild.train.y)
    assert calm.target_scale == wild.target_scale


def test_a_constant_column_becomes_zeros_not_nan() -> None:
    x = np.column_stack([np.full(10, 0.1), np.arange(10)])
    assert arrays(x, np.arange(10) * 0.5, standardise=True).train.x[:, 0].tolist() == [0.0] * 8


BAD: dict[str, tuple[Any, Any, dict[str, Any], str, str]] = {
    "lengths": (X, np.arange(9) * 0.5, {}, "data-shapes", "x has 10 rows and y has 9"),
    "ragged": ([[1.0], [1.0, 2.0]], [0, 1], {}, "data-shapes", "different lengths"),
    "deep": (np.zeros((2, 2, 2, 2)), [0, 1], {}, "data-shapes", "(2, 2, 2, 2)"),
    "one-hot": (X, np.eye(10), {}, "data-shapes", "argmax"),
    "names": (X, np.arange(10) % 2, {"features": ("a",)}, "data-shapes", "2 columns and features has 1"),
    "NaN": (np.where(X[3, 1] == X, np.nan, X), np.arange(10) % 2, {}, "data-not-finite", "1 NaN and 0 infinite"),
    "infinite": (np.where(X[3, 1] == X, np.inf, X), np.arange(10) % 2, {}, "data-not-finite", "x[3, 1]"),
    "NaN target": (X, [np.nan] + [0.5] * 9, {}, "data-not-finite", "y[0]"),
    "empty": (np.zeros((0, 3)), [], {}, "data-empty", "(0, 3)"),
    "one row": ([[1.0, 2.0]], [1], {}, "data-too-few-rows", "1 row"),
    "one class": (X, np.ones(10, dtype=int), {}, "data-one-class", "'1'"),
    "constant": (X, np.full(10, 2.5), {}, "data-target-constant", "2.5"),
    "text": ([["a", "b"]] * 10, np.arange(10) % 2, {}, "data-not-numbers", "'a'"),
    "complex": (X + 1j, np.arange(10) % 2, {}, "data-not-numbers", "complex128"),
    "words to regress": (X, ["a", "b"] * 5, {"task": "regression"}, "data-not-numbers", "classification"),
    "None": (X, [None, "a"] * 5, {}, "data-not-numbers", "object"),
    "huge": (X * 1e300, np.arange(10) % 2, {"standardise": True}, "data-too-large", "'x0'"),
    "task": (X, np.arange(10) % 2, {"task": "clasification"}, "data-task", "Did you mean 'classification'?"),
}


@pytest.mark.parametrize("case", BAD)
def test_unfit_arrays_get_one_message_of_four_lines(case: str) -> None:
    x, y, options, code, words = BAD[case]
    with pytest.raises((DataError, SettingError)) as refused:
        arrays(x, y, **options)
    assert refused.value.code == code
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 4
