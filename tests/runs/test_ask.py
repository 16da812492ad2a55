"""Asking a run: which steps are meant, what the file remembers, and what a changed question is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.runs.small import trained

import downslope as ds
from downslope.errors import SettingError
from downslope.runs.ask import steps_asked
from downslope.runs.instrument import INSTRUMENTS, instrument
from downslope.runs.reading import Axis, Measured
from downslope.runs.step import Step


@pytest.fixture(scope="module")
def run() -> ds.runs.Run:
    return trained(60)


@given(last=st.integers(1, 10_000), every=st.integers(1, 500))
def test_every_so_many_begins_with_the_first_step(last: int, every: int) -> None:
    assert steps_asked(None, every, last).tolist() == list(range(1, last + 1, every))


@given(last=st.integers(1, 5_000))
def test_without_a_wish_it_is_a_hundred_steps_at_most_with_both_ends(last: int) -> None:
    found = steps_asked(None, None, last)
    assert found[0] == 1
    assert found[-1] == last
    assert len(found) == min(last, 100)
    assert np.ptp(np.diff(found)) <= 1 if last > 1 else True


@pytest.mark.parametrize(
    ("steps", "meant"),
    [(7, [7]), (-1, [60]), ([3, 1, 3], [1, 3]), (range(1, 10, 4), [1, 5, 9]), (slice(50, None, 5), [50, 55, 60])],
)
def test_steps_may_be_said_in_several_ways(steps: Any, meant: list[int]) -> None:
    assert steps_asked(steps, None, 60).tolist() == meant


@pytest.mark.parametrize(("steps", "every"), [(61, None), (0, None), ([1.5], None), (None, 0), (None, 2.5), (3, 2)])
def test_steps_that_are_not_there_are_refused(steps: Any, every: Any) -> None:
    with pytest.raises(SettingError, match="ask-steps"):
        steps_asked(steps, every, 60)


def test_what_was_recorded_is_answered_for_every_step_and_agrees_with_a_look(run: ds.runs.Run) -> None:
    reading = run.ask("grad_norm")
    assert reading.steps.tolist() == list(range(1, 61))
    looked = run.ask("grad_norm", steps=[1, 30, 60], per="whole")
    np.testing.assert_allclose(reading.values[[0, 29, 59]], looked.values, rtol=1e-5)


@pytest.fixture
def counted() -> Iterator[list[int]]:
    """An instrument that notes which steps it is asked about."""
    asked: list[int] = []

    @instrument(
        needs=["loss"],
        kind="per layer",
        naive=lambda step: {},
        blind="-",
        cost="nothing",
        formula="t",
        source="folklore",
    )
    def counted_steps(step: Step, factor: float = 1.0) -> dict[str, float]:
        """Twice and thrice the number of the step."""
        asked.append(step.t)
        return {"two": 2.0 * step.t * factor, "three": 3.0 * step.t * factor}

    yield asked
    del INSTRUMENTS["counted_steps"]


def test_a_question_is_computed_once_also_in_another_process_life(tmp_path: Path, counted: list[int]) -> None:
    path = tmp_path / "a.run"
    run = trained(40, record=path)
    reading = run.ask("counted_steps", every=10)
    assert reading.parts == ("two", "three")
    assert reading["three"].tolist() == [3.0, 33.0, 63.0, 93.0]
    assert counted == [1, 11, 21, 31]
    again = ds.load(path).ask("counted_steps", steps=range(1, 32, 5))
    assert counted == [1, 11, 21, 31, 6, 16, 26]
    assert again["two"].tolist() == [2.0 * t for t in range(1, 32, 5)]
    ds.load(path).ask("counted_steps", every=10, factor=2.0)
    assert counted[-4:] == [1, 11, 21, 31]  # another setting is another question


def test_a_target_picks_a_part_and_a_wrong_one_is_named(run: ds.runs.Run, counted: list[int]) -> None:
    assert run.ask("counted_steps", steps=5, target="three").values.tolist() == [15.0]
    with pytest.raises(SettingError, match="instrument-target"):
        run.ask("counted_steps", steps=5, target="four")
    with pytest.raises(SettingError, match="instrument-setting"):
        run.ask("counted_steps", steps=5, factr=2)


def test_rows_have_labels_of_their_own_at_each_step_so_the_axis_counts_places(run: ds.runs.Run) -> None:
    one = run.ask("per_example_grad_norm", steps=3)
    assert one.axes[0].labels == tuple(run.at(3).rows.tolist())
    two = run.ask("per_example_grad_norm", steps=[3, 4])
    assert two.axes[0].labels == tuple(range(20))


def test_answers_of_different_shapes_are_not_forced_into_one_array(run: ds.runs.Run) -> None:
    with pytest.raises(SettingError, match="instrument-changes"):
        run.ask("per_example_grad_norm", steps=[4, 5])  # the fifth mini-batch of an epoch is smaller


def test_an_array_is_no_number_for_a_condition_but_its_largest_entry_is() -> None:
    run = trained(40, batch_size=24)  # four equal mini-batches an epoch
    with pytest.raises(SettingError, match="condition-parts"):
        run.first("per_example_grad_norm > 1")
    largest = run.ask("per_example_grad_norm", every=1).values.max(axis=1)
    bound = float(np.median(largest))
    text = f"max(per_example_grad_norm) > {bound!r}"
    assert run.where(text).tolist() == (np.flatnonzero(largest > bound) + 1).tolist()
    assert trained(40, batch_size=24, stop_when=text).steps == run.first(text)


def test_a_condition_over_an_instrument_finds_what_the_reading_shows(run: ds.runs.Run) -> None:
    values = run.ask("weight_norm", every=1).values
    bound = float(np.median(values))
    assert run.where(f"weight_norm > {bound!r}").tolist() == (np.flatnonzero(values > bound) + 1).tolist()
    assert run.first("max(saturation) > 2") is None


def test_measured_arrays_come_back_from_the_file_as_they_were(tmp_path: Path) -> None:
    run = trained(10, record=tmp_path / "a.run")
    first, again = (
        run.ask("activation_stats", steps=[2, 3]),
        ds.load(tmp_path / "a.run").ask("activation_stats", steps=[2, 3]),
    )
    np.testing.assert_array_equal(first.values, again.values)
    assert first.axes == again.axes
    assert isinstance(Measured(np.zeros(1), (Axis("a", ("b",)),)).values, np.ndarray)


def test_what_was_not_recorded_of_every_step_is_an_instrument_s_matter(run: ds.runs.Run) -> None:
    with pytest.raises(SettingError, match="run-scalar"):
        run.series("weight_norm")


def test_directions_and_places_of_other_shapes_are_refused(run: ds.runs.Run) -> None:
    step = run.at(5)
    for wrong in ({"dense1.w": np.zeros((3, 3))}, {"dense7.w": np.zeros((2, 6))}):
        with pytest.raises(SettingError, match="step-tensors"):
            step.hvp(wrong)
        with pytest.raises(SettingError, match="step-tensors"):
            step.loss_at(wrong)
