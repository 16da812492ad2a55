"""Races as payloads: the curves that are drawn are those of the race."""

from __future__ import annotations

import numpy as np
from tests.views.tools import numbers

from downslope import optim, surfaces
from downslope.views.race import MOST_COLUMNS, race_view


def test_a_race_is_shown_in_the_order_of_its_ranking_with_its_very_curves() -> None:
    rules = [optim.by_name("gradient_descent", lr=2.0), optim.by_name("adam", lr=0.3)]
    race = surfaces.race("booth", rules, budget=400)
    shown = race_view(race)
    assert [each.name.partition("(")[0] for each in shown.entrants] == ["adam", "gradient_descent"]
    for each, entrant in zip(shown.entrants, race.ranking, strict=True):
        np.testing.assert_array_equal(numbers(each.median), entrant.median)
        np.testing.assert_array_equal(numbers(each.low), entrant.low)
        np.testing.assert_array_equal(numbers(each.high), entrant.high)
        assert not each.tuned
    assert shown.at == tuple(range(1, 401))
    assert (shown.runs, shown.lowest, shown.entrants[1].diverged, shown.events[0].count) == (8, 0.0, 8, 8)


def test_a_long_race_is_thinned_and_says_which_rates_were_tuned() -> None:
    rules = [optim.by_name("gradient_descent", lr=0.1), optim.by_name("momentum", lr=0.1)]
    shown = race_view(surfaces.race("bowl", rules, budget=1200, seeds=[0], tune=True))
    assert len(shown.at) == len(shown.entrants[0].median) == MOST_COLUMNS
    assert (shown.at[0], shown.at[-1]) == (1, 1200)
    assert all(each.tuned and each.tuning == 13 * 1200 for each in shown.entrants)
