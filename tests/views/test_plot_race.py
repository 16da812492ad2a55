"""Pictures of races: the curves are those of the payload, and every name can be read."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, strategies as st
from tests.views.tools import named

from downslope import optim, surfaces
from downslope.views.plot.race import race as draw_race, spread
from downslope.views.race import race_view


def test_a_race_is_a_median_and_a_band_for_each_with_names_that_do_not_overlap() -> None:
    rules = [optim.by_name(name, lr=0.1) for name in ("gradient_descent", "momentum", "adam", "nesterov", "rmsprop")]
    payload = race_view(surfaces.race("styblinski_tang", rules, budget=60))
    ax = draw_race(payload)
    for k, each in enumerate(payload.entrants):
        shown = named(ax, f"median{k}")[0].get_xydata()
        np.testing.assert_array_equal(shown[:, 0], payload.at)
        wanted = np.array(each.median, float) - payload.lowest
        np.testing.assert_allclose(shown[:, 1], np.maximum(wanted, wanted.max() * 1e-16), rtol=1e-6)
        assert len(named(ax, f"band{k}")) == 1
    figure: Any = ax.get_figure(root=True)
    figure.draw_without_rendering()
    boxes = [words.get_window_extent() for words in named(ax, "name")]
    assert len(boxes) == 5
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@given(heights=st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_names_are_moved_apart_in_their_order_and_stay_on_the_page(heights: list[float]) -> None:
    placed = spread(heights, 0.1)
    assert all(-1e-9 <= at <= 1 + 1e-9 for at in placed)
    assert (np.diff(sorted(placed)) >= 0.1 - 1e-9).all()
    order = sorted(range(len(heights)), key=lambda k: heights[k])
    assert sorted(placed) == [placed[k] for k in order]
