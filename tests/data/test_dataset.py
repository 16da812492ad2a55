"""Splits keep the classes' shares; Data knows its units and vouches for its contents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope.data import Data, Split, Touched, arrays, split_rows
from downslope.errors import DataError, SettingError


@given(st.lists(st.integers(0, 4), min_size=1, max_size=150), st.floats(0.01, 0.99), st.integers(0, 50))
def test_every_class_keeps_its_share_within_one_row(labels: list[int], held_out: float, seed: int) -> None:
    y = np.array(labels)
    train, held = split_rows(len(y), y, held_out=held_out, seed=seed)
    assert sorted([*train, *held]) == list(range(len(y)))
    for k in set(labels):
        in_all, in_held = int((y == k).sum()), int((y[held] == k).sum())
        assert abs(in_held - in_all * held_out) <= 1
        if in_all >= 2:
            assert 1 <= in_held <= in_all - 1
        else:
            assert in_held == 0


@given(st.integers(2, 300), st.floats(0.01, 0.99))
def test_a_plain_split_holds_out_its_fraction(n: int, held_out: float) -> None:
    train, held = split_rows(n, held_out=held_out, seed=1)
    assert len(train) + len(held) == n
    assert len(held) >= 1
    assert len(train) >= 1
    assert abs(len(held) - n * held_out) <= 1


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    y = np.arange(60) % 3
    assert split_rows(60, y, seed=4)[1].tolist() == split_rows(60, y, seed=4)[1].tolist()
    assert split_rows(60, y, seed=4)[1].tolist() != split_rows(60, y, seed=5)[1].tolist()


def test_nothing_is_held_out_on_request() -> None:
    train, held = split_rows(4, np.array([0, 1, 1, 0]), held_out=0)
    assert (train.tolist(), held.tolist()) == ([0, 1, 2, 3], [])


@pytest.mark.parametrize("held_out", [-0.1, 1.0, 20, float("nan")])
def test_a_fraction_outside_0_to_1_is_refused(held_out: float) -> None:
    with pytest.raises(SettingError, match=r"\[data-held-out\]"):
        split_rows(10, held_out=held_out)


def example() -> Data:
    x = np.arange(24.0).reshape(12, 2)
    return arrays(x, np.arange(12) % 2, features=("a", "b"), seed=1)


def test_a_hash_changes_with_any_value_and_any_name_of_a_column_or_class() -> None:
    data = example()
    x = data.train.x.copy()
    x[3, 1] = np.nextafter(x[3, 1], np.inf)
    rows = data.held_out.rows.copy()
    rows[0] += 1
    others = [
        replace(data, train=replace(data.train, x=x)),
        replace(data, held_out=replace(data.held_out, rows=rows)),
        replace(data, features=("a", "c")),
        replace(data, classes=("0", "2")),
        replace(data, target="z"),
        replace(data, target_scale=(0.0, 2.0)),
    ]
    assert len({data.hash, *(other.hash for other in others)}) == 7
    assert example().hash == data.hash
    assert len(data.hash) == 64


def test_a_hash_does_not_depend_on_the_name_the_notes_or_what_is_known_of_corruptions() -> None:
    data = example()
    touched = (Touched("label_noise", np.array([3])),)
    assert replace(data, name="other", notes=("x",), touched=touched).hash == data.hash


def test_data_cannot_be_changed_but_the_users_own_array_still_can() -> None:
    x = np.zeros((12, 2))
    split = Split(x, np.zeros(12, dtype=np.int64), np.arange(12))
    with pytest.raises(ValueError, match="read-only"):
        split.x[0, 0] = 1.0
    x[0, 0] = 1.0


def test_parts_of_different_lengths_are_refused_with_all_shapes() -> None:
    with pytest.raises(DataError, match=r"x has shape \(3, 2\), y \(2,\), rows \(3,\).*\[data-shapes\]"):
        Split(np.zeros((3, 2)), np.zeros(2), np.arange(3))


def test_predictions_return_to_the_users_units() -> None:
    price = np.array([10.0, 20, 30, 40, 50, 60])
    data = arrays(np.arange(6.0), price, standardise=True, held_out=0.34)
    assert data.raw_target(data.train.y)[:, 0] == pytest.approx(price[data.train.rows])
    assert data.raw_features(data.held_out.x)[:, 0] == pytest.approx(data.held_out.rows)
    pets = arrays(np.arange(6.0), ["cat", "dog", "cat", "dog", "cat", "dog"])
    assert pets.raw_target(np.array([1, 0, 1])).tolist() == ["dog", "cat", "dog"]


def test_the_text_names_sizes_classes_with_counts_and_notes() -> None:
    text = str(replace(example(), name="pairs", notes=("One row dropped.",)))
    assert text == repr(replace(example(), name="pairs", notes=("One row dropped.",)))
    assert "pairs: classification, 12 rows (10 to train on, 2 held out)" in text
    assert "2 classes (train + held out): 0 (5 + 1), 1 (5 + 1)" in text
    assert "note: One row dropped." in text


def test_outputs_are_one_for_each_class_or_one_number() -> None:
    assert example().n_outputs == 2
    assert arrays([[0.0], [1.0]], [0.5, 1.5], held_out=0).n_outputs == 1


def test_what_was_touched_is_kept_sorted_once_and_read_only() -> None:
    ids = np.array([7, 3, 7])
    touched = Touched("duplicates", ids)
    assert touched.rows.tolist() == [3, 7]
    with pytest.raises(ValueError, match="read-only"):
        touched.rows[0] = 1
