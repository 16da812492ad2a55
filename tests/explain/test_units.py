"""A unit that has many numbers: which of them is meant where only the unit is named, and that this is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope import nn
from downslope.errors import SettingError
from downslope.explain.units import axes_of, entry_of, numbers_of, usual_place


@pytest.fixture(scope="module")
def step() -> Any:
    model = nn.Model(
        (64,),
        (
            nn.reshape((1, 8, 8)),
            nn.conv2d(3, 3, "tanh"),
            nn.batch_norm(),
            nn.reshape((6, 18)),
            nn.lstm(4),
            nn.flatten(),
            nn.dense(10),
        ),
    )
    return ds.train(model, ds.data.digits(), optimizer=ds.optim.sgd(0.1), batch_size=8, steps=3).at(3)


def test_of_a_channel_it_is_the_largest_in_size_of_this_row(step: Any) -> None:
    values = step.activations["conv1"]
    for row, unit in ((0, 0), (5, 2)):
        derivation = step.explain(f"activations.conv1[{row}, {unit}]")
        i, j = np.unravel_index(np.abs(values[row, unit]).argmax(), (6, 6))
        assert derivation.place == (row, unit, i, j)
        assert derivation.value == pytest.approx(values[row, unit, i, j])
        assert f"the largest in size of 36 places of unit {unit}" in derivation.title


def test_its_error_is_that_of_the_same_number(step: Any) -> None:
    value, error = (step.explain(f"{kind}.conv1[5, 2]") for kind in ("activations", "errors"))
    assert value.place == error.place
    assert error.value == pytest.approx(step.errors["conv1"][value.place])


def test_of_a_sequence_it_is_the_last_step(step: Any) -> None:
    derivation = step.explain("activations.lstm1[5, 2]")
    assert derivation.place == (5, 5, 2)
    assert "the last of 6 steps of unit 2" in derivation.title


@pytest.mark.parametrize("words", ["activations.conv1[8, 0]", "activations.conv1[0, 3]", "errors.lstm1[0, 4]"])
def test_a_unit_that_is_not_there_is_refused(step: Any, words: str) -> None:
    with pytest.raises(SettingError, match="explain-place") as refused:
        step.explain(words)
    assert "[7, 2]" in str(refused.value) or "[7, 3]" in str(refused.value)


def test_a_place_that_is_not_a_number_is_the_largest() -> None:
    numbers = np.array([[1.0, -7.0], [np.nan, np.inf]])
    assert usual_place(numbers)[0] in ((1, 0), (1, 1))
    assert usual_place(np.array([[1.0, -7.0], [2.0, 3.0]]))[0] == (0, 1)


@pytest.mark.parametrize("shape", [(4, 3, 5, 2), (4, 5, 3)])
def test_the_entry_of_a_place_is_where_its_number_is(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).normal(size=shape)
    numbers = numbers_of(values, 2, 1)
    assert axes_of(shape) is not None
    for place in np.ndindex(numbers.shape):
        assert values[entry_of(shape, 2, 1, place)] == numbers[place]


def test_two_axes_are_no_places() -> None:
    assert axes_of((4, 3)) is None


def test_where_a_layer_gives_a_value_the_name_of_a_parameter_the_place_says_which(step: Any) -> None:
    parameter, value = step.explain("activations.batch_norm1.b[1]"), step.explain("activations.batch_norm1.b[1, 0, 0]")
    assert parameter.value == value.value == pytest.approx(step.params["batch_norm1.b"][1])
    gradient, error = step.explain("batch_norm1.b[1]"), step.explain("errors.batch_norm1.b[1, 0, 0]")
    assert gradient.value == pytest.approx(error.value)
