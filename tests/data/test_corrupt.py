"""What every corruption promises, shown for each entry of the table."""

from __future__ import annotations

import inspect
import pickle
from collections import Counter
from typing import Any

import numpy as np
import pytest

from downslope.data import CORRUPTIONS, Data, Split, corrupt, iris, moons
from downslope.errors import SettingError

NOTHING: dict[str, dict[str, Any]] = {
    "label_noise": {"rate": 0},
    "imbalance": {"ratio": 1},
    "outliers": {"rate": 0},
    "missing_values": {"rate": 0.0},
    "unscaled_features": {"spread": 1},
    "correlated_features": {"correlation": 0},
    "duplicates": {"rate": 0},
    "leakage": {"rate": 0},
}
"""The strength at which each does nothing."""

AGAIN: dict[str, dict[str, Any]] = {"imbalance": {"ratio": 40}}
"""Settings for a second time where the first ones are reached already."""

DRAWN = [name for name, function in CORRUPTIONS.items() if "seed" in inspect.signature(function).parameters]
"""Those in which something is left to chance."""

each = pytest.mark.parametrize("name", CORRUPTIONS)


def contents(part: Split) -> dict[int, Counter[bytes]]:
    """Row id → what stands under it, bit by bit, and how often."""
    found: dict[int, Counter[bytes]] = {}
    for x, y, row in zip(part.x, part.y, part.rows.tolist(), strict=True):
        found.setdefault(row, Counter())[x.tobytes() + np.asarray(y).tobytes()] += 1
    return found


@each
def test_at_strength_0_the_data_comes_back_itself(name: str) -> None:
    for data in (moons(), iris()):
        same = corrupt(data, name, **NOTHING[name])
        assert same.hash == data.hash
        assert (same.notes, same.touched) == (data.notes, ())


@each
def test_the_rows_said_to_be_touched_are_exactly_those_that_differ(name: str) -> None:
    data = moons()
    after = corrupt(data, name)
    differ = set()
    for part in ("train", "held_out"):
        before, now = contents(getattr(data, part)), contents(getattr(after, part))
        differ |= {row for row in before.keys() | now.keys() if before.get(row) != now.get(row)}
    assert [touched.corruption for touched in after.touched] == [name]
    assert sorted(differ) == after.touched[0].rows.tolist()


@each
def test_the_held_out_part_stays_bit_by_bit_unless_the_note_says_so(name: str) -> None:
    data = moons()
    after = corrupt(data, name)
    note = after.notes[-1]
    assert after.notes[:-1] == data.notes
    assert ("in both parts" in note) == (contents(after.held_out) != contents(data.held_out))
    assert np.array_equal(after.held_out.rows, data.held_out.rows)
    assert "Rows: " in note


@each
def test_the_change_is_in_the_hash_and_the_data_given_is_left_alone(name: str) -> None:
    data = moons()
    before = contents(data.train)
    after = corrupt(data, name)
    assert after.hash != data.hash
    assert contents(data.train) == before
    assert corrupt(moons(), name).hash == after.hash


@pytest.mark.parametrize("name", DRAWN)
def test_another_seed_touches_other_rows_or_columns(name: str) -> None:
    assert len({corrupt(iris(), name, seed=seed).hash for seed in range(4)}) > 1


@each
def test_a_second_time_draws_afresh(name: str) -> None:
    once = corrupt(moons(), name)
    twice = corrupt(once, name, **AGAIN.get(name, {}))
    assert [touched.corruption for touched in twice.touched] == [name, name]
    assert twice.hash not in (once.hash, moons().hash)


def test_corruptions_compose_and_each_leaves_its_truth() -> None:
    data: Data = iris()
    for name in CORRUPTIONS:
        data = corrupt(data, name)
    assert [touched.corruption for touched in data.touched] == list(CORRUPTIONS)
    assert len(data.notes) == len(iris().notes) + len(CORRUPTIONS)
    assert np.isfinite(data.train.x).all()
    assert all(note in data.describe() for note in data.notes)


def test_an_open_cell_does_not_spread_through_a_chain() -> None:
    data = corrupt(iris(), "missing_values", rate=0.1, fill="nan")
    gone = int(np.isnan(data.train.x).sum())
    for name in ("outliers", "unscaled_features", "duplicates"):
        after = corrupt(data, name)
        assert np.isnan(after.train.x[: len(data.train)]).sum() == gone, name


def test_the_truth_goes_to_other_processes_with_the_data() -> None:
    data = corrupt(moons(), "leakage")
    copy = pickle.loads(pickle.dumps(data))
    assert copy.hash == data.hash
    assert np.array_equal(copy.touched[0].rows, data.touched[0].rows)


def test_an_unknown_name_or_setting_suggests_the_nearest() -> None:
    with pytest.raises(SettingError, match=r"'label_nois'  \[data-corruption-unknown\]") as refused:
        corrupt(moons(), "label_nois")
    assert "Did you mean 'label_noise'?" in refused.value.do
    assert len(str(refused.value).splitlines()) == 4
    with pytest.raises(SettingError, match=r"no option 'rat'  \[data-option-unknown\]") as refused:
        corrupt(moons(), "label_noise", rat=0.1)
    assert "Did you mean 'rate'?" in refused.value.do
