"""Loss and metric of a mini-batch: against scikit-learn, and for every form in which targets come."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from sklearn.metrics import accuracy_score, r2_score

from downslope.runs.instrument import find
from downslope.runs.step import LayerFacts, Step

loss, metric = find("loss").read, find("metric").read


def judged(hand_made: Any, output: Any, y: Any, task: str = "classification", last: str = "identity") -> float:
    layers = {"dense1": LayerFacts("dense1", "dense", last)}
    output, y = np.asarray(output, float), np.asarray(y)
    found: float = metric(hand_made(task=task, layers=layers, activations={"output": output}, batch=(output, y)))
    return found


@given(st.integers(1, 30), st.integers(2, 6), st.integers(0, 2**31))
def test_accuracy_is_scikit_learns_for_classes_and_for_rows_of_zeros_and_a_one(
    hand_made: type[Step], rows: int, k: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    output, y = rng.normal(size=(rows, k)), rng.integers(0, k, rows)
    expected = accuracy_score(y, output.argmax(axis=1))
    assert judged(hand_made, output, y) == pytest.approx(expected)
    assert judged(hand_made, output, y[:, None]) == pytest.approx(expected)
    if rows != k or k > 2:
        assert judged(hand_made, output, np.eye(k)[y]) == pytest.approx(expected)


def test_one_output_alone_is_class_1_above_0_or_above_a_half_after_a_sigmoid(hand_made: type[Step]) -> None:
    output, y = [[-1.0], [0.3], [0.7], [2.0]], [0, 0, 1, 1]
    assert judged(hand_made, output, y) == 0.75
    assert judged(hand_made, output, y, last="sigmoid") == 1.0
    assert judged(hand_made, np.ravel(output), y) == 0.75


def test_pictures_may_keep_their_classes_on_axis_1(hand_made: type[Step]) -> None:
    rng = np.random.default_rng(0)
    output = rng.normal(size=(2, 3, 4, 5))
    y = output.argmax(axis=1)
    assert judged(hand_made, output, y) == 1.0
    assert judged(hand_made, np.moveaxis(output, 1, -1), y) == 1.0


def test_a_row_with_a_nan_is_wrong(hand_made: type[Step]) -> None:
    assert judged(hand_made, [[math.nan, 1.0], [0.0, 1.0]], [0, 1]) == 0.5
    assert judged(hand_made, [[math.nan, 1.0], [0.0, 1.0]], [1, 1]) == 0.5
    assert judged(hand_made, [[math.nan], [1.0]], [0, 1]) == 0.5


@given(st.integers(3, 30), st.integers(0, 2**31))
def test_r2_is_scikit_learns(hand_made: type[Step], rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(rows, 1))
    output = y + rng.normal(size=(rows, 1))
    assert judged(hand_made, output, y, "regression") == pytest.approx(r2_score(y, output))
    assert judged(hand_made, output[:, 0], y, "regression") == pytest.approx(r2_score(y, output))
    assert judged(hand_made, y, y, "regression") == 1.0
    assert judged(hand_made, np.full_like(y, y.mean()), y, "regression") == pytest.approx(0.0, abs=1e-12)


def test_r2_of_targets_that_are_all_the_same_is_nan_and_so_is_that_of_a_nan(hand_made: type[Step]) -> None:
    assert math.isnan(judged(hand_made, [[1.0], [2.0]], [[3.0], [3.0]], "regression"))
    assert math.isnan(judged(hand_made, [[math.nan], [2.0]], [[3.0], [4.0]], "regression"))


def test_the_loss_is_the_recorded_number_whatever_it_is(hand_made: type[Step]) -> None:
    assert loss(hand_made(loss=0.25)) == 0.25  # type: ignore[call-arg]
    assert math.isnan(loss(hand_made(loss=math.nan)))  # type: ignore[call-arg]
