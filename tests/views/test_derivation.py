"""Derivations as payloads and pictures: in every sum the bars add up, and the next sum is of the part in orange."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.views.tools import named

import downslope as ds
from downslope import plot
from downslope.views import DerivationView, derivation_view
from downslope.views.plot.derivation import lines_of
from downslope.views.text import text

ASKED = ["dense1.w[20, 2]", "errors.dense1.h[5, 2]", "activations.dense1.h[5, 2]"]
WITHOUT_SUMS = ["dense1", "updates.dense2.w[1, 3]"]


@pytest.fixture(scope="module")
def step() -> Any:
    return ds.train(ds.nn.mlp([64, 8, 10]), ds.data.digits(), optimizer=ds.optim.adam(0.01), steps=5).at(4)


@pytest.mark.parametrize("asked", ASKED)
def test_the_parts_and_the_rest_add_up_to_the_value_of_every_sum(step: Any, asked: str) -> None:
    view = derivation_view(step.explain(asked))
    assert view.sums
    for each in view.sums:
        parts = [part.value for part in each.parts]
        if parts:
            total = sum(value or 0.0 for value in parts) + (each.rest or 0.0)
            assert total == pytest.approx(each.value, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("asked", ASKED)
def test_bars_begin_where_the_last_one_ended_and_all_of_them_reach_the_value(step: Any, asked: str) -> None:
    for each in derivation_view(step.explain(asked)).sums:
        lines = lines_of(each)
        parts = [line for line in lines if line.kind != "sum"]
        assert all(after.start == before.end for before, after in pairwise(parts))
        if len(lines) > 1:
            assert lines[-1].end == each.value
            assert parts[-1].end == pytest.approx(each.value, rel=1e-5, abs=1e-9)


def test_each_sum_is_of_the_error_signal_of_the_part_that_was_taken(step: Any) -> None:
    derivation = step.explain("dense1.w[20, 2]")
    view = derivation_view(derivation)
    for above, below in zip(derivation.levels, view.sums[1:], strict=False):
        assert below.value == pytest.approx(above.contributions[above.taken].adjoint, rel=1e-5)
    taken = [[part.taken for part in each.parts].count(True) for each in view.sums]
    assert taken == [1] * len(view.sums)


def test_the_picture_has_a_bar_for_every_line_and_all_numbers(step: Any) -> None:
    derivation = step.explain("dense1.w[20, 2]")
    view = derivation_view(derivation)
    ax = plot.derivation(derivation)
    lines = [line for each in view.sums for line in lines_of(each)]
    bars = named(ax, "bar")
    assert len(ax.patches) == len(lines)
    assert [words.get_text() for words in named(ax, "number")] == [line.words for line in lines]
    assert [words.get_text() for words in named(ax, "title")] == [view.title]
    assert len(named(ax, "tie")) == len(view.sums) - 1
    assert bars is not None


def test_lengths_of_bars_are_those_of_the_parts(step: Any) -> None:
    view = derivation_view(step.explain("dense1.w[20, 2]"))
    n = len(lines_of(view.sums[0]))
    widths = [bar.get_width() for bar in plot.derivation(view).patches[:n]]  # type: ignore[attr-defined]  # rectangles
    sizes = np.array([abs((line.end or 0) - (line.start or 0)) for line in lines_of(view.sums[0])])
    np.testing.assert_allclose(np.array(widths) / max(widths), np.maximum(sizes / sizes.max(), 0), atol=0.005)


def test_whole_arrays_are_statements_with_what_is_said_about_them(step: Any) -> None:
    view = derivation_view(step.explain("dense1"))
    assert view.sums == ()
    assert any("x.T @" in statement for statement, _ in view.equations)
    drawn = [words.get_text() for words in named(plot.derivation(view), "end")]
    assert any("x.T @" in line for line in drawn)


def test_what_is_not_finite_is_said_and_has_no_bar() -> None:
    derivation = ds.explain(lambda w, x: np.sum(np.log(w) * x), np.array([0.0, 2.0]), np.array([1.0, 3.0]), "w[0]")
    view = derivation_view(derivation)
    assert view.value is None
    assert view.not_finite > 0
    assert "not finite" in [words.get_text() for words in named(plot.derivation(view), "number")]
    assert "NaN or infinite" in text(view)


@pytest.mark.parametrize("asked", [*ASKED, *WITHOUT_SUMS])
def test_the_payload_survives_json_and_its_words_name_every_part(step: Any, asked: str) -> None:
    view = derivation_view(step.explain(asked))
    assert msgspec.json.decode(msgspec.json.encode(view), type=DerivationView) == view
    words = text(view)
    assert all(part.label in words for each in view.sums for part in each.parts)
    assert view.title in words
