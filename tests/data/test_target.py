"""Classification or regression: one rule, said aloud, and the user's word above it."""

from __future__ import annotations

import polars as pl
import pytest

from downslope.data import Data, table
from downslope.data.dataset import Task
from downslope.errors import DataError


def predict(target: list[object], task: Task | None = None) -> Data:
    return table(pl.DataFrame({"x": [i * i for i in range(len(target))], "y": target}), target="y", task=task)


@pytest.mark.parametrize(
    ("target", "task", "classes"),
    [
        ([i % 2 for i in range(12)], "classification", ("0", "1")),
        ([float(i % 2) for i in range(12)], "classification", ("0", "1")),
        ([i % 3 + 8 for i in range(12)], "classification", ("8", "9", "10")),
        ([i % 4 for i in range(30)], "regression", ()),
        ([i % 4 for i in range(40)], "classification", ("0", "1", "2", "3")),
        ([i % 21 for i in range(2100)], "regression", ()),
        ([i % 2 + 0.5 for i in range(40)], "regression", ()),
        (["no", "yes"] * 6, "classification", ("no", "yes")),
        ([True, False] * 6, "classification", ("false", "true")),
        (["b", "a", "c"] * 6, "classification", ("a", "b", "c")),
    ],
)
def test_words_and_whole_numbers_of_few_values_are_classes(
    target: list[object], task: str, classes: tuple[str]
) -> None:
    data = predict(target)
    assert (data.task, data.classes) == (task, classes)


def test_the_choice_is_said_with_the_way_to_override_it() -> None:
    assert any('task="regression"' in note for note in predict([i % 2 for i in range(12)]).notes)
    assert any('task="classification"' in note for note in predict([i + 0.5 for i in range(12)]).notes)
    forced = predict([i % 2 for i in range(12)], task="regression")
    assert forced.task == "regression"
    assert any("as asked" in note for note in forced.notes)


def test_classes_code_the_cells_of_the_rows_they_came_from() -> None:
    words = ["b", "a", "c", "a"] * 5
    data = predict(list(words))
    for part in (data.train, data.held_out):
        assert data.raw_target(part.y).tolist() == [words[row] for row in part.rows]


def test_a_class_of_one_row_is_trained_on_and_said() -> None:
    data = predict(["rare", *["a", "b"] * 10])
    assert 0 in data.train.rows
    assert any("'rare'" in note and "one row" in note for note in data.notes)


def test_words_cannot_be_regressed() -> None:
    with pytest.raises(DataError, match=r"words \('a', 'b'\).*\[data-target-not-number\]"):
        predict(["a", "b"] * 6, task="regression")


def test_a_target_of_mostly_different_words_is_refused() -> None:
    with pytest.raises(DataError, match=r"20 classes in 20 rows.*\[data-too-many-classes\]"):
        predict([f"name{i}" for i in range(20)])


@pytest.mark.parametrize(
    ("target", "task", "code"),
    [
        ([3] * 12, None, "data-one-class"),
        (["a"] * 12, None, "data-one-class"),
        ([2.5] * 12, None, "data-target-constant"),
        ([3] * 12, "regression", "data-target-constant"),
    ],
)
def test_a_target_that_never_changes_is_refused(target: list[object], task: Task | None, code: str) -> None:
    with pytest.raises(DataError) as refused:
        predict(target, task)
    assert refused.value.code == code
    assert "column 'y'" in refused.value.where
