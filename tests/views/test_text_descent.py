"""Surfaces and descents in words: the numbers within the width, and the map in characters."""

from __future__ import annotations

import pytest

from downslope import optim, surfaces
from downslope.views.surface import descent_view
from downslope.views.text import text


def test_the_first_steps_are_told_in_numbers_within_the_width() -> None:
    view = descent_view(surfaces.descend("rosenbrock", optim.by_name("adam", lr=0.01), steps=100))
    told = text(view, 80).splitlines()
    assert max(map(len, told)) <= 80
    (head,) = [line for line in told if line.split()[:1] == ["step"] and "value" in line]
    assert head.split() == ["step", "x", "y", "value", "g.x", "g.y", "update.x", "update.y"]
    first = told[told.index(head) + 1].split()
    assert first == ["0", "-1.2", "1", "24.2", "-215.6", "-88", "0.01", "0.01"]
    assert ["step", "m.x", "m.y", "v.x", "v.y"] in [line.split() for line in told]
    assert any(line.startswith("  still moving: in the last 10 steps") for line in told)


def test_the_map_in_characters_has_the_start_the_end_and_the_minimum_where_they_are() -> None:
    view = descent_view(surfaces.descend("booth", optim.by_name("gradient_descent", lr=0.02), steps=3))
    rows = [line[3:-1] for line in text(view, 80).splitlines() if line.startswith("  |")]
    assert len({len(row) for row in rows}) == 1
    for sign, (x, y) in (("M", (1.0, 3.0)), ("S", view.paths[0].points[0]), ("E", view.paths[0].end)):
        ((i, row),) = [(i, row) for i, row in enumerate(rows) if sign in row]
        assert x is not None
        assert y is not None
        left, right, bottom, top = view.surface.domain
        assert row.index(sign) == pytest.approx((x - left) / (right - left) * (len(row) - 1), abs=0.51)
        assert i == pytest.approx((top - y) / (top - bottom) * (len(rows) - 1), abs=0.51)
