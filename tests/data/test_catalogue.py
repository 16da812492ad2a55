"""One word for any data."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.data.conftest import Write

from downslope.data import digits, load, moons, table
from downslope.errors import DataError, SettingError


def test_a_name_is_an_embedded_set_and_a_path_is_a_table(write: Write, people: str) -> None:
    path = write("people.csv", people)
    assert load("digits", seed=2).hash == digits(seed=2).hash
    assert load(path, "price", seed=2).hash == load(str(path), target="price", seed=2).hash
    assert load(path, "price", seed=2).hash == table(path, target="price", seed=2).hash


def test_a_name_is_a_synthetic_set_too_with_its_own_options() -> None:
    assert load("moons", n=50, noise=0.3, seed=2).hash == moons(n=50, noise=0.3, seed=2).hash


def test_an_embedded_name_wins_over_a_folder_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "digits").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load("digits").name == "digits"


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(SettingError, match="'spirls'") as refused:
        load("spirls")
    assert "Did you mean 'spirals'?" in refused.value.do
    with pytest.raises(SettingError) as refused:
        load("dgits")
    assert refused.value.code == "data-name-unknown"
    assert "Did you mean 'digits'?" in refused.value.do
    assert ".csv" in refused.value.do


def test_a_path_without_a_target_lists_the_columns(write: Write, people: str) -> None:
    with pytest.raises(DataError) as refused:
        load(write("people.csv", people))
    assert refused.value.code == "data-target-not-named"
    assert all(column in refused.value.do for column in ("city", "age", "member", "since", "price"))


def test_a_misspelt_option_is_refused_and_not_ignored(write: Write, people: str) -> None:
    with pytest.raises(SettingError, match=r"no option 'mising'.*\[data-option-unknown\]") as refused:
        load(write("people.csv", people), "price", mising="drop")
    assert "Did you mean 'missing'?" in refused.value.do
    for name in ("digits", "moons"):
        with pytest.raises(SettingError, match="has its own target"):
            load(name, target="price")
    with pytest.raises(SettingError, match="the synthetic set 'moons' has no option 'nois'") as refused:
        load("moons", nois=0.1)
    assert "Did you mean 'noise'?" in refused.value.do
