"""The text forms: what a terminal or a screen reader is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len

from downslope.views import confusion, loss_curve, residuals
from downslope.views.text import number, shortened, text

MakeRun = Callable[..., Any]
NAN = float("nan")


def test_the_loss_is_told_from_the_first_to_the_last_step_with_its_lowest(with_loss: MakeRun) -> None:
    run = with_loss([4.0, 3.0, 0.5, 1.0], metrics={"step": [2, 4], "held_out_loss": [3.5, 1.25]})
    told = text(loss_curve(run)).splitlines()
    assert told[0] == "made: loss over 4 steps"
    assert told[2].split()[:2] == ["training", "4"]
    assert told[2].endswith("1         lowest 0.5 at step 3")
    assert told[3].endswith("lowest 1.25 at step 4")
    assert max(map(len, told)) <= 80


def test_a_run_that_ends_in_nan_says_so_in_words(with_loss: MakeRun) -> None:
    told = text(loss_curve(with_loss([2.0] * 99 + [NAN])))
    assert "not finite lowest 2 at step 1" in told
    assert "note: the loss is NaN at step 100" in told
    assert "no finite value" in text(loss_curve(with_loss([NAN])))


def test_the_confusion_matrix_is_aligned_and_short_enough_for_a_terminal(classified: MakeRun) -> None:
    names = ["猫科动物", "a dog of an extraordinarily long breed", "eel"]
    told = text(confusion(classified([0, 0, 1, 2], [0, 1, 1, 2], 3, names))).splitlines()
    assert "3 of 4 held-out rows right (75.00%)" in told[1]
    assert len({cell_len(line) for line in told[3:]}) == 1
    assert told[4].split() == ["猫科动物", "1", "1", "·", "50%"]


def test_many_classes_are_told_by_their_most_frequent_mistakes(classified: MakeRun) -> None:
    names = [f"species {k}" for k in range(30)]
    told = text(confusion(classified([0, 0, 0, 5], [7, 7, 0, 5], 30, names)))
    assert "2 x species 0 taken for species 7" in told
    assert "33% of 3 rows: species 0" in told
    assert max(map(len, told.splitlines())) <= 80


def test_residuals_are_told_by_quantiles_and_worst_rows(measured: MakeRun) -> None:
    told = text(residuals(measured([10_000, 20_000, 30_000], [10_100, 20_000, 28_000])))
    assert "price minus its prediction" in told
    assert "missed by most: rows 102 (30,000, predicted 28,000); 100" in told
    assert "none of 1 held-out rows has a finite prediction" in text(residuals(measured([1.0], [NAN])))


@given(names=st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=12, unique=True))
def test_short_names_are_short(names: list[str]) -> None:
    assert all(cell_len(name) <= 14 for name in shortened(names))


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["cat", "dog"], ["cat", "dog"]),
        (["Iris setosa alba", "Iris virginica"], ["…setosa alba", "…virginica"]),
        (["internationalisation"], ["interna…sation"]),
        (["abcdefgh-1-ijklmnop", "abcdefgh-2-ijklmnop"], ["abcdef…lmnop#0", "abcdef…lmnop#1"]),
    ],
)
def test_names_that_were_different_stay_different(names: list[str], short: list[str]) -> None:
    assert shortened(names) == short


def test_numbers_read_like_numbers() -> None:
    assert [number(v) for v in (0.00012345, 12.5, 8264.4, 1e12, None)] == [
        "0.0001234",
        "12.5",
        "8,264",
        "1e+12",
        "not finite",
    ]


def test_what_layer_names_share_in_front_and_behind_is_left_out_before_they_are_cut() -> None:
    names = [f"encoder.block{k}.attention.query.weight" for k in range(3)]
    assert shortened(names, 20) == ["…block0…", "…block1…", "…block2…"]
    assert shortened(["dense1.w", "dense1.b"], 20) == ["dense1.w", "dense1.b"]
