"""What is taken from a page and what is not, before anything is done with it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from downslope.errors import SettingError
from downslope.lab import limits
from downslope.lab.commands import Command
from downslope.lab.limits import MOST_LAYERS, MOST_POINTS, MOST_STEPS, MOST_UNITS
from downslope.lab.protocol import Event, Live, Message, Query, failure, id_of, key
from downslope.lab.settings import Settings


def settings(**changes: Any) -> Settings:
    return msgspec.convert(changes, Settings)


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden": [MOST_UNITS] * MOST_LAYERS},
        {"hidden": []},
        {"steps": MOST_STEPS},
        {"batch_size": None},
        {"name": ""},
        {"optimizer": {"name": "adam", "settings": {"lr": 0.1}}},
    ],
)
def test_settings_up_to_their_limits_are_taken(changes: dict[str, Any]) -> None:
    made = msgspec.to_builtins(settings(**changes))
    assert all(
        list(changes[name]) == list(value) if name == "hidden" else changes[name] == value
        for name, value in made.items()
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden": [1] * (MOST_LAYERS + 1)},
        {"hidden": [MOST_UNITS + 1]},
        {"hidden": [0]},
        {"hidden": ["8"]},
        {"steps": MOST_STEPS + 1},
        {"steps": 0},
        {"batch_size": 0},
        {"dropout": 1.0},
        {"clip": 0.0},
        {"weight_decay": -0.1},
        {"seed": -1},
        {"name": "../x"},
        {"name": "a\nb"},
        {"name": "x" * 61},
        {"data": {"name": "a/b"}},
        {"data": {"name": ""}},
        {"dialect": "C"},
        {"activation": "../relu"},
        {"optimizer": {"name": "adam", "settings": {"lr": [1]}}},
    ],
)
def test_settings_beyond_them_are_not(changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(**changes)


@pytest.mark.parametrize(
    "command",
    [
        {"type": "draw", "name": "a", "x": [[0, 0]] * (MOST_POINTS + 1), "y": []},
        {"type": "draw", "name": "a", "x": [[0, 1e300]], "y": [0]},
        {"type": "draw", "name": "a", "x": [[0, 0, 0]], "y": [0]},
        {"type": "draw", "name": "a", "x": [[0, 0]], "y": [10]},
        {"type": "note", "run": "a", "text": ""},
        {"type": "note", "run": "a", "text": "x" * 2_001},
        {"type": "step", "run": "a/b"},
        {"type": "fork", "run": "a", "changes": {"edit": {str(k): 0.0 for k in range(257)}}},
        {"type": "delete", "run": "a"},
        {"run": "a"},
    ],
)
def test_commands_beyond_their_limits_are_not_taken(command: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(command, Command)


def test_the_defaults_of_a_training_are_a_training() -> None:
    assert settings() == Settings()
    assert msgspec.to_builtins(Settings()) == {}


def test_commands_are_told_apart_by_their_type_and_events_by_theirs() -> None:
    sent = {"id": 3, "do": {"type": "set", "run": "a", "changes": {"lr": 0.5}}}
    assert msgspec.to_builtins(msgspec.convert(sent, Message)) == sent
    live = Live("a", 3, 4, 5, "training", 6.0)
    told = msgspec.json.decode(msgspec.json.encode(live))
    assert told["event"] == "live"
    assert msgspec.convert(told, Event) == live


def test_an_error_keeps_its_four_lines() -> None:
    told = failure(SettingError("code", "what", where="where", why="why", do="do"))
    assert msgspec.to_builtins(told) == {"code": "code", "what": "what", "where": "where", "why": "why", "do": "do"}


@pytest.mark.parametrize(
    ("text", "id"), [('{"id": 7, "x": [', -1), ('{"id": 7, "ask": 5}', 7), ("7", -1), ('{"id":"a"}', -1)]
)
def test_the_id_of_a_broken_message_is_found_where_there_is_one(text: str, id: int) -> None:
    assert id_of(text) == id


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**50), 2**50)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), values, max_size=4))
def test_a_key_is_the_same_however_its_names_are_ordered_and_its_numbers_written(args: dict[str, Any]) -> None:
    turned = json.loads(json.dumps(dict(reversed(args.items()))))
    again = msgspec.json.decode(key(Query("v", args=args)), type=Query)
    assert key(Query("v", args=args)) == key(Query("v", args=turned)) == key(again)


def test_the_limits_of_one_message_hold_the_largest_upload() -> None:
    assert limits.MOST_MESSAGE > 2 * limits.MOST_UPLOAD
