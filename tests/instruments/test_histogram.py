"""Histogram: every number is in one bin or counted apart, and in the right one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope.errors import SettingError
from downslope.instruments.histogram import APART, EDGES
from downslope.runs.instrument import find
from downslope.runs.step import Step

histogram = find("histogram").read


def of(hand_made: Any, values: Any) -> Any:
    return histogram(hand_made(grads={"w": np.asarray(values, float)}))


@given(st.lists(st.floats(), max_size=50))
def test_no_number_is_lost(hand_made: type[Step], values: list[float]) -> None:
    found = of(hand_made, values)
    apart = {name: found.facts[name][0] for name in APART}
    assert found.values.sum() + sum(apart.values()) == len(values)
    assert apart["zero"] == values.count(0.0)
    assert apart["nan"] == sum(map(math.isnan, values))
    assert (apart["-inf"], apart["+inf"]) == (values.count(-math.inf), values.count(math.inf))
    assert found.values[0, 0].sum() == sum(-math.inf < value < 0 for value in values)


@given(st.floats(1e-11, 9e5), st.sampled_from([-1, 1]))
def test_a_number_is_in_the_bin_whose_edges_it_lies_between(hand_made: type[Step], size: float, sign: int) -> None:
    found = of(hand_made, [sign * size])
    _, row, k = (int(place[0]) for place in np.nonzero(found.values))
    assert row == (sign > 0)
    assert EDGES[k] <= size < EDGES[k + 1]


def test_an_edge_belongs_to_the_bin_that_it_begins_and_the_ends_are_open(hand_made: type[Step]) -> None:
    found = of(hand_made, [1.0, 10.0, 1e-300, 1e300]).values[0, 1]
    assert found[EDGES.index(1.0)] == found[EDGES.index(10.0)] == found[0] == found[-1] == 1


def test_a_thousand_times_the_numbers_is_the_same_histogram_three_decades_on(hand_made: type[Step]) -> None:
    values = 10.0 ** np.random.default_rng(0).uniform(-5, 1, 500)
    one, other = of(hand_made, values).values[0, 1], of(hand_made, 1000 * values).values[0, 1]
    np.testing.assert_array_equal(one[1:-12], other[13:])


@pytest.mark.parametrize(
    ("quantity", "whose"),
    [
        ("grads", "parameter"),
        ("params", "parameter"),
        ("updates", "parameter"),
        ("activations", "layer"),
        ("errors", "layer"),
    ],
)
def test_each_quantity_is_told_by_its_own_names(step: Any, quantity: str, whose: str) -> None:
    found = histogram(step, of=quantity)
    assert found.axes[0].name == whose
    names = found.axes[0].labels
    assert set(names) <= set(step.params if whose == "parameter" else step.layers)
    for name, counts, *apart in zip(names, found.values, *(found.facts[name] for name in APART), strict=True):
        assert counts.sum() + sum(apart) == np.size(getattr(step, quantity)[name])
    alone = histogram(step, of=quantity, target=names[-1])
    np.testing.assert_array_equal(alone.values[0], found.values[-1])


def test_unknown_words_are_refused_with_the_near_one(step: Any) -> None:
    with pytest.raises(SettingError, match="instrument-value"):
        histogram(step, of="weights")
    name = next(iter(step.params))
    with pytest.raises(SettingError, match="unknown-name") as caught:
        histogram(step, target=f"{name}x")
    assert name in caught.value.do
