"""Data comes back from its facts and arrays bit for bit, or is refused."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as st_numpy
from tests.data.conftest import Write

from downslope.data import CORRUPTIONS, EMBEDDED, SYNTHETIC, Data, Split, arrays, corrupt, digits, load, moons, table
from downslope.data.stored import pack, unpack
from downslope.errors import DataError


def through_a_file(data: Data) -> Data:
    """As a run's file keeps it: facts as JSON text, arrays as bytes with their type and shape."""
    facts, packed = pack(data)
    written = {name: (array.tobytes(), array.dtype, array.shape) for name, array in packed.items()}
    read = {name: np.frombuffer(raw, dtype).reshape(shape) for name, (raw, dtype, shape) in written.items()}
    return unpack(json.loads(json.dumps(facts, allow_nan=False)), read)


def assert_same(a: Any, b: Any) -> None:
    """Every field alike in type and value, arrays bit for bit: neither NaN nor -0.0 is lost."""
    assert type(a) is type(b)
    if dataclasses.is_dataclass(a):
        for field in dataclasses.fields(a):
            assert_same(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, np.ndarray):
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    elif isinstance(a, tuple):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    else:
        assert a == b


@pytest.mark.parametrize("name", [*EMBEDDED, *SYNTHETIC])
def test_every_set_comes_back_and_says_the_same(name: str) -> None:
    data = load(name, seed=3)
    again = through_a_file(data)
    assert_same(again, data)
    assert again.hash == data.hash
    assert str(again) == str(data)


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_what_was_done_to_the_data_comes_back_with_its_rows(corruption: str) -> None:
    data = corrupt(corrupt(moons(), "leakage", rate=0.1), corruption)
    assert len(data.touched) == 2
    assert_same(through_a_file(data), data)


def test_nothing_held_out_comes_back_as_nothing() -> None:
    assert_same(through_a_file(moons(held_out=0)), moons(held_out=0))


FLOATS = st.one_of(
    st.floats(allow_nan=True, width=64),
    st.floats(allow_nan=True, width=32),
    st.integers(-(2**40), 2**40).map(float),
    st.integers(-300, 70_000).map(lambda n: n / 255),
    st.integers(-300, 70_000).map(lambda n: n / 1000),
    st.sampled_from([0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1.7e308]),
)


@settings(max_examples=150)
@given(st.data(), st.integers(1, 6), st.integers(1, 3))
def test_any_numbers_come_back_bit_for_bit(draw: st.DataObject, n: int, d: int) -> None:
    kind = draw.draw(st.sampled_from([FLOATS, st.integers(0, 16).map(lambda n: n / 16), st.just(-0.0), st.just(7.0)]))
    x = draw.draw(st_numpy.arrays(np.float64, (n, d), elements=kind))
    y = draw.draw(st_numpy.arrays(np.float64, (n, 1), elements=FLOATS))
    rows = draw.draw(st_numpy.arrays(np.int64, n, elements=st.integers(-(2**63), 2**63 - 1)))
    part = Split(x, y, rows)
    data = Data("any", "regression", part, part, tuple(f"x{j}" for j in range(d)), "y")
    assert_same(through_a_file(data), data)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.arange(17) / 16, np.uint8),
        (np.arange(256) / 255, np.uint8),
        (np.arange(-100, 100) / 10, np.int8),
        (np.arange(-100, 100) * 1.0, np.int8),
        (np.arange(1000) / 100, np.uint16),
        (np.array([0.123456, -2.5]), np.int32),
        (np.array([np.pi, np.e]), np.float64),
        (np.array([np.pi, np.e]).astype(np.float32), np.float32),
        (np.array([0.0, np.nan, np.inf]), np.float32),
        (np.array([0.0, -0.0]), np.float32),
    ],
)
def test_the_smallest_exact_type_is_taken(values: Any, dtype: Any) -> None:
    x = np.asarray(values, np.float64)[:, None]
    part = Split(x, np.zeros(len(x), np.int64), np.arange(len(x)))
    _, packed = pack(Data("one", "classification", part, part, ("x",), "y", classes=("a", "b")))
    assert packed["train.x"].dtype == dtype


def test_digits_take_a_byte_for_a_pixel_and_for_a_class() -> None:
    facts, packed = pack(digits())
    assert {name: array.dtype.itemsize for name, array in packed.items()} == {
        "train.x": 1,
        "train.y": 1,
        "train.rows": 2,
        "held_out.x": 1,
        "held_out.y": 1,
        "held_out.rows": 2,
    }
    assert set(np.unique(packed["train.x"]).tolist()) == set(range(17)), "the pixels of the source"
    assert unpack(facts, packed).train.y.dtype == np.int64


@pytest.mark.parametrize(
    "change",
    [
        {"target_scale": (float("nan"), 1.0)},
        {"target_scale": (0.0, np.inf)},
        {"features": (np.int64(1), "x1")},
        {"classes": (b"a", "b")},
        {"notes": ({1, 2},)},
        {"origin": {1: "a"}},
    ],
)
def test_what_json_cannot_hold_is_refused_by_name(change: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=rf"{next(iter(change))} cannot be kept .*\[data-stored\]") as refused:
        pack(replace(moons(), **change))
    assert len(str(refused.value).splitlines()) == 4


def planted(facts: dict[str, Any], packed: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    x = packed["train.x"].copy()
    x[0, 0] += 1
    kept = facts["arrays"]
    return [
        (facts, packed | {"train.x": x}),
        (facts, packed | {"train.x": packed["train.x"][1:]}),
        (facts, {name: array for name, array in packed.items() if name != "held_out.y"}),
        (facts | {"classes": ["a", "b"]}, packed),
        (facts | {"arrays": kept | {"train.x": ["float64", 10]}}, packed),
        (facts | {"arrays": kept | {"train.x": ["float63", 10]}}, packed),
        (facts | {"touched": [["leakage", []]]}, packed),
        (facts | {"arrays": 3}, packed),
        ({name: fact for name, fact in facts.items() if name != "hash"}, packed),
        ({name: fact for name, fact in facts.items() if name != "task"}, packed),
    ]


def test_what_was_changed_since_is_refused() -> None:
    cases = planted(*pack(moons(n=40)))
    for facts, packed in cases:
        with pytest.raises(DataError, match=r"\[data-stored\]") as refused:
            unpack(facts, packed)
        assert len(str(refused.value).splitlines()) == 4
    assert len(cases) == 10


def test_a_table_knows_how_to_be_read_again(write: Write, people: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("people.csv", people)
    monkeypatch.chdir(path.parent)
    data = table("people.csv", target="price", seed=2, held_out=0.3, drop_columns=["since"], standardise=False)
    again = through_a_file(data)
    assert_same(again, data)
    monkeypatch.chdir("/")
    assert load(**again.origin).hash == data.hash
    path.write_text(people.replace("Bonn", "Oslo"))
    assert load(**again.origin).hash != data.hash


def test_what_is_in_no_file_or_no_longer_what_the_file_holds_has_no_origin(write: Write, people: str) -> None:
    data = table(write("people.csv", people), target="price")
    assert data.origin
    assert not corrupt(data, "duplicates").origin
    assert not arrays(np.arange(6.0), [0, 1, 0, 1, 0, 1]).origin
