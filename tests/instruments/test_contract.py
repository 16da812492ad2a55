"""What every instrument keeps: it agrees with its naive definition, on any array library, and says what it is."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from downslope.cli import docstrings, entries, where
from downslope.errors import SettingError
from downslope.runs.instrument import Instrument, known
from downslope.runs.reading import Measured
from downslope.runs.replayed import ReplayedStep
from downslope.runs.step import QUANTITIES, Step

ALL = list(known().values())
OF_STEPS = [entry for entry in ALL if entry.over == "step"]
every = pytest.mark.parametrize("entry", ALL, ids=[entry.id for entry in ALL])
every_of_steps = pytest.mark.parametrize("entry", OF_STEPS, ids=[entry.id for entry in OF_STEPS])

# A number of a step in float32 has 7 digits; what an instrument sums in float64 keeps them.
TOLERANCE = {np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-9}


@cache
def outcome(ask: Callable[..., Any], step: Step) -> Any:
    """The answer, or the code of the refusal; asked once for each step, which several tests look at.

    What stops at a tolerance is asked to go on: the naive definition is exact.
    """
    settings = {"tolerance": 1e-10} if "tolerance" in inspect.signature(ask).parameters else {}
    try:
        with np.errstate(all="ignore"):
            return ask(step, **settings)
    except SettingError as error:
        return error.code


def numbers(answer: Any) -> dict[str, Any]:
    """An answer as arrays by name: its values, and its facts."""
    if isinstance(answer, Measured):
        return {"values": np.asarray(answer.values, float)} | {k: np.asarray(v) for k, v in answer.facts.items()}
    if isinstance(answer, Mapping):
        return {"values": np.array(list(answer.values()), float)}
    return {"values": np.array(answer, float)}


def labels(answer: Any) -> list[tuple[Any, ...]]:
    if isinstance(answer, Measured):
        return [axis.labels for axis in answer.axes]
    return [tuple(answer)] if isinstance(answer, Mapping) else []


def assert_same(found: Any, expected: Any, rtol: float) -> None:
    if isinstance(expected, str) or isinstance(found, str):
        assert found == expected
        return
    ours, theirs = numbers(found), numbers(expected)
    for i, (one, other) in enumerate(zip(labels(found), labels(expected), strict=True)):
        if all(isinstance(label, float) for label in other):
            ours[f"axis {i}"], theirs[f"axis {i}"] = np.array(one), np.array(other)
        else:
            assert one == other
    assert set(theirs) <= set(ours)  # how many products it took, and the like, only the fast way can tell
    for name, value in theirs.items():
        size = np.abs(value[np.isfinite(value)]).max(initial=0.0)
        np.testing.assert_allclose(ours[name], value, rtol=rtol, atol=rtol * size, err_msg=name)


def precision(step: ReplayedStep) -> float:
    return TOLERANCE[step.carried.flat.dtype]


# --- the numbers ------------------------------------------------------------------------------------------------------


@every_of_steps
def test_the_fast_way_and_the_naive_definition_agree(entry: Instrument, step: ReplayedStep) -> None:
    assert_same(outcome(entry.read, step), outcome(entry.naive, step), precision(step))


@every_of_steps
def test_they_agree_at_the_first_step_too(entry: Instrument, steps: list[ReplayedStep]) -> None:
    assert_same(outcome(entry.read, steps[0]), outcome(entry.naive, steps[0]), precision(steps[0]))


@every_of_steps
def test_pytorchs_tensors_give_the_same_numbers(
    entry: Instrument, step: ReplayedStep, as_torch: Callable[[Step], Step]
) -> None:
    assert_same(outcome(entry.read, as_torch(step)), outcome(entry.read, step), precision(step))


@every_of_steps
def test_each_setting_has_a_default_under_which_it_answers_somewhere(
    entry: Instrument, scene: Callable[[str], list[ReplayedStep]]
) -> None:
    found = [outcome(entry.read, scene(f"{name} float64")[-1]) for name in ("relu mlp", "tanh mlp", "conv net")]
    assert any(not isinstance(one, str) for one in found), found


@every_of_steps
def test_it_reads_no_quantity_that_it_does_not_name(
    entry: Instrument, scene: Callable[[str], list[ReplayedStep]]
) -> None:
    asked: set[str] = set()

    class Watched(ReplayedStep):
        def __init__(self, inner: ReplayedStep) -> None:
            self.__dict__.update(inner.__dict__)

        def __getattribute__(self, name: str) -> Any:
            # A quantity that another one is computed from is not what the instrument asked for.
            if name in QUANTITIES and "instruments" in sys._getframe(1).f_code.co_filename:
                asked.add(name)
            return super().__getattribute__(name)

    outcome(entry.read, Watched(scene("relu mlp float64")[-1]))
    helping = {"params"}  # their names and shapes stand for the model's
    assert asked - helping - {"rows", "lr"} <= set(entry.needs)


# --- the shape of the answer ------------------------------------------------------------------------------------------


@every_of_steps
def test_the_answer_has_the_shape_that_its_kind_says(entry: Instrument, step: ReplayedStep) -> None:
    answer = outcome(entry.read, step)
    if isinstance(answer, str):
        assert answer.startswith(("instrument-", "step-"))
        return
    if isinstance(answer, Measured):
        assert np.shape(answer.values) == tuple(len(axis.labels) for axis in answer.axes)
    if entry.kind == "scalar":
        assert isinstance(answer, float) or np.shape(answer.values) == ()
    elif entry.kind in ("curve", "surface", "spectrum", "histogram"):
        assert isinstance(answer, Measured)
    else:
        first = labels(answer)[0]
        words = {
            "per layer": set(step.layers),
            "per parameter": set(step.params),
            "per quantity": set(QUANTITIES),
            "per row": set(np.asarray(step.rows).tolist()),
        }
        assert set(first) <= words.get(entry.kind, set(first))
        assert not isinstance(answer, Measured) or answer.axes[0].name == entry.kind.removeprefix("per ")
    values = answer.values() if isinstance(answer, Mapping) else []
    assert all(isinstance(value, float) for value in values)


# --- what it says of itself -------------------------------------------------------------------------------------------


@every
def test_every_field_is_filled_in(entry: Instrument) -> None:
    assert entry.id == inspect.unwrap(entry.read).__name__ == entry.read.__module__.rpartition(".")[2]
    for said in (entry.sentence, entry.blind, entry.cost, entry.formula, entry.source):
        assert said.strip() == said
        assert len(said) > 3
    assert re.fullmatch(r"[A-Z][^.]*(?:\.\d[^.]*)*\.", entry.sentence), "one sentence"
    assert set(entry.needs) <= {*QUANTITIES, "run"}
    assert entry.formula.count("{") - entry.formula.count("}") == entry.formula.count(r"\{") - entry.formula.count(
        r"\}"
    )


@every
def test_a_healthy_range_says_who_published_it_or_that_it_is_folklore(entry: Instrument) -> None:
    if entry.healthy:
        said = entry.healthy.source
        assert "folklore" in said or re.search(r"\b[A-Z]\.[^.]* [A-Z]\w+.*\b(?:19|20)\d\d\b", said), said
        assert (entry.healthy.low, entry.healthy.high) != (None, None)


@every
def test_every_setting_is_explained_and_has_a_default(entry: Instrument) -> None:
    explained = inspect.getdoc(entry.read) or ""
    assert all(re.search(rf"\b{name}\b", explained) for name in entry.settings)
    assert all(parameter.default is not parameter.empty for parameter in entry.settings.values())


@every
def test_fast_and_naive_take_the_same_settings(entry: Instrument) -> None:
    fast, naive = (list(inspect.signature(way).parameters.values())[1:] for way in (entry.read, entry.naive))
    assert [(p.name, p.default) for p in fast] == [(p.name, p.default) for p in naive]


LISTED = entries.everything()


@every
def test_where_tells_all_that_an_instrument_says_of_itself(entry: Instrument) -> None:
    (found,) = [one for one in entries.find(f"instruments.{entry.id}", LISTED) if one.kind == "instrument"]
    shown = " ".join(where.text(found).split())
    said = [
        entry.sentence,
        entry.cost,
        entry.blind,
        entry.source,
        entry.formula,
        *([str(entry.healthy)] * bool(entry.healthy)),
    ]
    for text in said:
        assert " ".join(docstrings.plain(text).split()) in shown
    assert found.place.startswith(f"src/downslope/instruments/{entry.id}.py:")
    assert f"run.ask('{entry.id}'" in shown
    assert found.page == f"reference/instrument/{entry.id}.html"
