"""The table of instruments: how one is entered, found and asked, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from downslope.errors import SettingError
from downslope.runs.instrument import INSTRUMENTS, Instrument, find, instrument, known
from downslope.runs.reading import Axis, Measured
from downslope.runs.step import Step


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    """The table as it was, after each test."""
    before = dict(known())
    yield
    INSTRUMENTS.clear()
    INSTRUMENTS.update(before)


def entered(answer: Any, kind: Any = "scalar", needs: tuple[str, ...] = ("loss",)) -> Instrument:
    def half(step: Step, power: float = 1.0) -> Any:
        """Half of it,
        on two lines.

        And details. power: not used.
        """
        return answer

    instrument(needs=needs, kind=kind, naive=half, blind="all else", cost="none", formula="x / 2", source="folklore")(
        half
    )
    return find("half")


def test_a_function_enters_under_its_name_with_its_first_paragraph_as_the_sentence() -> None:
    entry = entered(0.5)
    assert entry.id == "half"
    assert entry.sentence == "Half of it, on two lines."
    assert list(entry.settings) == ["power"]
    assert entry.over == "step"
    assert entered(0.5, needs=("run",)).over == "run"


def test_the_same_file_may_enter_it_again_and_another_may_not() -> None:
    first = entered(0.5)
    assert entered(0.25) is not first

    def half(step: Step) -> float:
        """Another."""
        return 0.0

    half.__module__ = "elsewhere"
    with pytest.raises(SettingError, match="name-taken") as caught:
        instrument(needs=(), kind="scalar", naive=half, blind="", cost="", formula="", source="")(half)
    assert "elsewhere" in caught.value.where
    assert first.read.__module__ in caught.value.where


def test_all_instruments_of_the_house_are_known_without_being_named() -> None:
    assert {"loss", "dead_units", "nan_watch", "histogram"} <= set(known())
    for id, entry in known().items():
        assert entry.id == id
        assert entry.read.__module__ == f"downslope.instruments.{id}"


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(SettingError, match="unknown-name") as caught:
        find("dead_unit")
    assert "'dead_units'" in caught.value.do


def test_a_setting_that_is_not_there_is_refused() -> None:
    entered(0.5).check({"power": 2})
    with pytest.raises(SettingError, match="instrument-setting") as caught:
        entered(0.5).check({"powr": 2})
    assert "'power'" in caught.value.do
    with pytest.raises(SettingError, match="instrument-setting") as caught:
        find("loss").check({"per": "layer"})
    assert "loss has none" in caught.value.do


# --- one form for all answers -----------------------------------------------------------------------------------------

STEP = Step()
TABLE = Measured(
    np.arange(6.0).reshape(2, 3),
    (Axis("layer", ("dense1", "dense2")), Axis("statistic", ("mean", "std", "min"))),
    {"total": 15.0, "size": np.array([8, 10])},
)


def test_a_number_has_no_axis_and_numbers_by_name_have_one() -> None:
    found = entered(0.5).measure(STEP, None, {})
    assert (found.values.tolist(), found.axes) == (0.5, ())
    found = entered({"dense1": 0.25, "dense2": 1}, "per layer").measure(STEP, None, {})
    assert found.axes == (Axis("layer", ("dense1", "dense2")),)
    assert found.values.tolist() == [0.25, 1.0]
    assert entered(TABLE, "per layer").measure(STEP, None, {}) is TABLE


def test_a_target_picks_its_part_with_its_facts() -> None:
    found = entered(TABLE, "per layer").measure(STEP, "dense2", {})
    assert found.values.tolist() == [3, 4, 5]
    assert found.axes == TABLE.axes[1:]
    assert found.facts == {"total": 15.0, "size": 10}


def test_a_target_that_is_no_part_is_refused() -> None:
    with pytest.raises(SettingError, match="instrument-target") as caught:
        entered(TABLE, "per layer").measure(STEP, "dense3", {})
    assert "dense2" in caught.value.do
    with pytest.raises(SettingError, match="instrument-target") as caught:
        entered(0.5).measure(STEP, "dense1", {})
    assert "leave the target out" in caught.value.do


def test_parts_are_numbers_by_name_and_a_target_narrows_arrays_to_them() -> None:
    assert entered(0.5).parts(STEP, None, {})[1] == ()
    values, names = entered(TABLE, "per layer").parts(STEP, "dense1", {})
    assert (values.tolist(), names) == ([0, 1, 2], ("mean", "std", "min"))
    values, names = entered(TABLE, "per layer").parts(STEP, None, {})
    assert (values.shape, names) == ((2, 3), ())
