"""Steps: what can be asked of one by its words, and how it refuses."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope.errors import SettingError
from downslope.runs.step import QUANTITIES, Batch, Step

W = np.arange(12.0).reshape(3, 4)


class Small(Step):
    """One layer, written down."""

    def __init__(self) -> None:
        self.t, self.loss, self.lr = 7, 0.5, 0.1
        self.params = {"dense1.w": W, "dense1.b": np.zeros(4)}
        self.grads = {"dense1.w": -W, "dense1.b": np.ones(4)}
        self.activations = {"dense1": W, "dense1.h": W + 1}
        self.optimizer_state = {"m": {"dense1.w": 2 * W}, "count": np.array([5])}
        self.batch = Batch(W, np.ones(3))
        self.rows = np.array([4, 8, 15])


STEP = Small()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("loss", 0.5),
        ("lr", 0.1),
        ("rows", STEP.rows),
        ("grads", STEP.grads),
        ("grads.dense1.w", -W),
        ("dense1.w", W),
        ("params.dense1.b", np.zeros(4)),
        ("activations.dense1", W),
        ("activations.dense1.h", W + 1),
        ("optimizer_state.m.dense1.w", 2 * W),
        ("optimizer_state.m", STEP.optimizer_state["m"]),
        ("optimizer_state.count[0]", 5),
        ("grads.dense1.w[2, 1]", -9.0),
        ("dense1.w[-1,-1]", 11.0),
        ("dense1.w[1]", W[1]),
        ("  dense1.w [0, 3] ", 3.0),
        ("rows[2]", 15),
    ],
)
def test_a_path_leads_to_its_number(path: str, expected: Any) -> None:
    np.testing.assert_equal(STEP.get(path), expected)


@given(st.integers(-3, 2), st.integers(-4, 3))
def test_a_place_is_pythons_index(i: int, j: int) -> None:
    assert STEP.get(f"grads.dense1.w[{i}, {j}]") == -W[i, j]


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("grad.dense1.w", "grads"),
        ("grads.dense1.v", "dense1.w"),
        ("dense1.x", "dense1.w"),
        ("optimizer_state.m.dense2.w", "dense1.w"),
        ("optimizer_state.n.dense1.w", "m"),
        ("loss.dense1", "leave the part"),
        ("hvp", "updates"),
        ("", "loss"),
    ],
)
def test_an_unknown_word_is_refused_with_what_is_there(path: str, near: str) -> None:
    with pytest.raises(SettingError, match="step-name") as caught:
        STEP.get(path)
    assert near in caught.value.do
    assert repr(path) in caught.value.where


@pytest.mark.parametrize("places", ["[3, 0]", "[0, 0, 0]", "[a]", "[]", "[1.5]", "[0, 4", "[-4]"])
def test_a_place_that_is_not_there_is_refused_with_the_shape(places: str) -> None:
    with pytest.raises(SettingError, match="step-place") as caught:
        STEP.get(f"dense1.w{places}")
    assert "(3, 4)" in caught.value.what
    assert "[0, 0] to [2, 3]" in caught.value.do


def test_a_single_number_has_no_places() -> None:
    with pytest.raises(SettingError, match="step-place"):
        STEP.get("loss[0]")


def test_what_the_maker_of_a_step_cannot_know_is_refused_by_its_name() -> None:
    with pytest.raises(SettingError, match="step-quantity") as caught:
        STEP.hvp({})
    assert "hvp of step 7" in caught.value.what
    with pytest.raises(SettingError, match="step-quantity"):
        STEP.loss_at({})
    assert STEP.previous is None


def test_the_list_of_quantities_is_what_a_step_declares() -> None:
    facts = {"t", "task", "layers", "optimizer"}
    assert set(inspect.get_annotations(Step)) - facts | {"hvp"} == set(QUANTITIES)
    assert repr(STEP).startswith("<Step 7: params, grads")
