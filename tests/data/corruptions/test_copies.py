"""Rows that are there twice, and rows that were to be held out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from downslope.data import Split, digits, duplicates, leakage, line, moons
from downslope.errors import DataError


@pytest.mark.parametrize("rate", [0.05, 0.5, 1.0])
def test_duplicates_are_bitwise_copies_under_the_same_id(rate: float) -> None:
    data = digits()
    n = len(data.train)
    train = duplicates(data, rate=rate).train
    assert len(train) == n + round(rate * n)
    assert np.array_equal(train.x[:n], data.train.x)
    place = {row: i for i, row in enumerate(data.train.rows.tolist())}
    for x, y, row in zip(train.x[n:], train.y[n:], train.rows[n:].tolist(), strict=True):
        assert x.tobytes() == data.train.x[place[row]].tobytes()
        assert y == data.train.y[place[row]]
    assert len(np.unique(train.rows)) == n


@pytest.mark.parametrize("make", [digits, line])
def test_leaked_rows_are_bitwise_copies_of_held_out_ones_which_stay_held_out(make: Any) -> None:
    data = make()
    after = leakage(data, rate=0.25)
    n = len(data.train)
    leaked = after.train.rows[n:]
    assert len(leaked) == round(0.25 * len(data.held_out))
    assert np.intersect1d(after.train.rows, after.held_out.rows).tolist() == after.touched[0].rows.tolist()
    source = np.searchsorted(data.held_out.rows, leaked)
    assert after.train.x[n:].tobytes() == data.held_out.x[source].tobytes()
    assert after.train.y[n:].tobytes() == data.held_out.y[source].tobytes()
    assert np.array_equal(after.held_out.x, data.held_out.x)


def test_a_memoriser_scores_the_leaked_share_and_its_own_on_the_rest(reference: dict[str, dict[str, Any]]) -> None:
    # Each held-out row has a training row of class 0 beside it and is itself of class 0 in 70 cases of 100.
    places = 10 * np.arange(100.0)[:, None]
    classes = (np.arange(100) % 10 >= 7).astype(np.int64)
    data = replace(
        moons(),
        train=Split(places + 1, np.zeros(100, dtype=np.int64), np.arange(100)),
        held_out=Split(places, classes, np.arange(100, 200)),
        features=("place",),
    )
    published = []
    for seed in range(60):
        after = leakage(data, rate=0.2, seed=seed)
        memoriser = KNeighborsClassifier(1).fit(after.train.x, after.train.y)
        right = memoriser.predict(data.held_out.x) == classes
        fresh = ~np.isin(data.held_out.rows, after.train.rows)
        a, score = float(right[fresh].mean()), float(right.mean())
        assert score == pytest.approx(0.2 + 0.8 * a)
        if a == 0.7:
            published.append(score)
    assert published == pytest.approx([reference["data.leak"]["expected"]] * len(published), abs=1e-9)
    assert len(published) > 3  # 56 right of 80 comes about once in five times


def test_a_leak_needs_rows_held_out() -> None:
    with pytest.raises(DataError, match=r"moons has no row held out  \[data-nothing-held-out\]") as refused:
        leakage(moons(held_out=0))
    assert "held_out=0.2" in refused.value.do
    assert len(str(refused.value).splitlines()) == 4
