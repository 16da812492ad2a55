"""Numbers and options: what passes, and the one message for what does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from downslope.data.settings import check_options, number, whole
from downslope.errors import SettingError


@pytest.mark.parametrize("value", [0, 0.5, 1, np.float32(0.5), np.int64(1), np.float64(0)])
def test_python_and_numpy_numbers_within_the_bounds_pass(value: float) -> None:
    passed = number(value, "rate", 0, 1, why="because", example=0.1)
    assert (type(passed), passed) == (float, value)


@pytest.mark.parametrize(
    "value", [-0.1, 1.1, float("nan"), float("inf"), -np.inf, True, "0.5", None, [0.5], np.array(0.5), 1j, 10**400]
)
def test_anything_else_is_refused_with_the_value_and_the_bounds(value: Any) -> None:
    with pytest.raises(SettingError) as refused:
        number(value, "rate", 0, 1, why="because", example=0.1)
    assert str(refused.value) == (
        f"rate is {value!r}  [data-out-of-range]\n  where: the argument rate=\n  why:   because\n"
        "  do:    Give a number from 0 to 1, for example rate=0.1."
    )


@pytest.mark.parametrize("value", [3, 11, 4.0, True, "5", None])
def test_a_whole_number_is_not_a_float_that_happens_to_be_whole(value: Any) -> None:
    with pytest.raises(SettingError, match=r"(?s)\[data-out-of-range\].*Give a whole number from 4 to 10"):
        whole(value, "n", 4, 10, why="because", example=5)
    assert whole(np.int64(7), "n", 4, 10, why="because", example=5) == 7


def test_options_are_the_arguments_after_the_data() -> None:
    def spoil(data: object, rate: float) -> None: ...

    check_options({"rate": 1}, spoil, "the fault")
    for wrong in ("data", "rat"):
        with pytest.raises(SettingError, match=rf"the fault has no option '{wrong}'.*\[data-option-unknown\]"):
            check_options([wrong], spoil, "the fault")
