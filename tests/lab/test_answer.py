"""Every view answers, in its payload and in words; and what cannot be answered says why."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from downslope import nn, optim
from downslope.data import digits, line, moons
from downslope.errors import DownslopeError
from downslope.lab import answer, limits
from downslope.lab.answer import VIEWS
from downslope.lab.protocol import Failure, Query, key
from downslope.lab.shelf import Shelf
from downslope.lab.source import OneRun
from downslope.runs import Run, train
from downslope.views.payload import Payload


class Folder(OneRun):
    """A source of a folder, without processes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.shelf = folder, Shelf(folder)

    def run(self, name: str | None) -> AbstractContextManager[Run]:
        return self.shelf.run(name or "")

    def look_up(self, id: str) -> list[dict[str, Any]]:
        return [
            {"id": id, "kind": "instrument", "sentence": "s", "file": "f.py", "line": 1, "settings": {"a": "b"}}
        ] * (id == "dead_units")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    place = tmp_path_factory.mktemp("runs")
    usual: dict[str, Any] = {"optimizer": optim.adam(0.02), "batch_size": 20, "steps": 30}
    train(nn.mlp([2, 6, 2]), moons(n=120), record=place / "moons-1.run", **usual)
    train(nn.mlp([1, 4, 1]), line(), record=place / "line-1.run", **usual)
    train(nn.mlp([64, 8, 10]), digits(), record=place / "digits-1.run", **usual)
    shutil.copy(place / "moons-1.run", place / "broken.run")
    with (place / "broken.run").open("r+b") as file:
        file.seek(0)
        file.write(b"not a run file at all, but something that came from elsewhere")
    made = Folder(place)
    yield made
    made.shelf.close()


ASKED: dict[str, tuple[str | None, dict[str, Any]]] = {
    "runs": (None, {}),
    "residuals": ("line-1", {}),
    "compare": ("moons-1", {"other": "line-1"}),
    "reading": ("moons-1", {"id": "dead_units", "every": 10}),
    "slice": ("moons-1", {"points": 5}),
    "spectrum": ("moons-1", {"vectors": 1, "products": 10}),
    "descent": (None, {"optimizers": [{"name": "adam"}]}),
    "race": (None, {"optimizers": [{"name": "adam"}, {"name": "sgd"}], "budget": 20, "runs": 2}),
    "text": ("moons-1", {"view": "timeline"}),
    "where": (None, {"id": "dead_units"}),
    **{id: (None, {}) for id in ("surface", "quadratic", "catalogue", "presets")},
}


def asked(view: str) -> Query:
    run, args = ASKED.get(view, ("moons-1", {}))
    return Query(view, run, 12 if VIEWS[view].of_run else None, args)


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_every_view_answers_with_finite_numbers_that_survive_json(source: Folder, view: str) -> None:
    payload = answer.answer(source, asked(view))
    text = msgspec.json.encode(payload)
    assert msgspec.json.decode(text, type=Payload) == payload
    assert len(text) < 1_000_000


@pytest.mark.parametrize("view", sorted(set(VIEWS) - {"text"}))
def test_every_view_has_words(source: Folder, view: str) -> None:
    query = asked(view)
    found = answer.answer(source, Query("text", query.run, query.step, {"view": view, "args": query.args}))
    assert len(found.text.splitlines()) >= 2  # type: ignore[union-attr]  # it is a TextView
    assert found.title == answer.answer(source, query).title


@pytest.mark.parametrize("run", ["moons-1", "line-1", "digits-1"])
@pytest.mark.parametrize("view", sorted(id for id in VIEWS if VIEWS[id].of_run))
def test_every_view_of_a_run_answers_for_every_kind_of_data_or_says_why(source: Folder, view: str, run: str) -> None:
    found = answer.reply(source, Query(view, run, None, ASKED.get(view, ("", {}))[1]))
    if isinstance(found, Failure):
        assert found.code in ("lab-view-task", "boundary-inputs")
        assert found.do


def test_a_view_that_is_not_there_names_the_nearest() -> None:
    found = answer.reply(Folder(Path()), Query("timelime"))
    assert isinstance(found, Failure)
    assert found.code == "lab-view"
    assert "Did you mean 'timeline'" in found.do


@pytest.mark.parametrize(
    ("view", "args"),
    [
        ("timeline", {"scalars": ["loss", "password"]}),
        ("timeline", {"colour": "red"}),
        ("graph", {"open": 7}),
        ("descent", {}),
        ("descent", {"optimizers": [{"name": "adam"}] * 13}),
        ("descent", {"optimizers": [{"name": "adam"}], "steps": 10**9}),
        ("race", {"optimizers": [{"name": "adam"}], "budget": 10**9}),
        ("surface", {"n": 4000}),
        ("slice", {"points": 10_000}),
        ("reading", {"id": "loss", "settings": {str(k): 1 for k in range(100)}}),
    ],
)
def test_args_out_of_their_limits_are_refused(source: Folder, view: str, args: dict[str, Any]) -> None:
    found = answer.reply(source, Query(view, "moons-1", args=args))
    assert isinstance(found, Failure)
    assert found.code == "lab-args"


@pytest.mark.parametrize("view", sorted(id for id in VIEWS if VIEWS[id].of_run))
def test_a_hostile_run_file_is_refused_by_every_view(source: Folder, view: str) -> None:
    args = ASKED.get(view, ("", {}))[1]
    found = answer.reply(source, Query(view, "broken", None, args))
    assert isinstance(found, Failure)
    assert found.code in ("run-file-foreign", "run-file-damaged")


def test_a_hostile_run_file_is_listed_as_damaged(source: Folder) -> None:
    listed: Any = answer.answer(source, Query("runs"))
    assert {run.name: run.state for run in listed.runs} == {
        "moons-1": "finished",
        "line-1": "finished",
        "digits-1": "finished",
        "broken": "damaged",
    }
    assert [event.kind for event in listed.events] == ["damaged"]


@pytest.mark.parametrize("name", ["../moons-1", "moons-1.run", "/etc/passwd", "", "."])
def test_no_name_leads_to_another_file(source: Folder, name: str) -> None:
    found = answer.reply(source, Query("summary", name))
    assert isinstance(found, Failure)
    assert found.code == "lab-run"


def test_the_visible_part_of_a_time_line_is_asked_for(source: Folder) -> None:
    found: Any = answer.answer(source, Query("timeline", "moons-1", args={"first": 11, "last": 20}))
    loss = found.tracks[0]
    assert (loss.first[0], loss.last[-1], found.n_steps) == (11, 20, 30)
    with source.run("moons-1") as run:
        np.testing.assert_allclose(loss.mean, run.loss[10:20])


def test_a_bug_is_told_without_a_traceback(source: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object) -> Any:
        raise RuntimeError("inner workings")

    monkeypatch.setattr(answer, "boundary_view", broken)
    found = answer.reply(source, Query("boundary", "moons-1"))
    assert isinstance(found, Failure)
    assert found.code == "lab-bug"
    assert "RuntimeError: inner workings" in found.what


def test_one_run_in_hand_answers_like_a_folder(source: Folder) -> None:
    with source.run("moons-1") as run:
        alone = OneRun(run)
        for view in ("timeline", "network", "boundary"):
            assert answer.answer(alone, Query(view)) == answer.answer(source, Query(view, "moons-1"))
        with pytest.raises(DownslopeError, match="no folder of runs"):
            answer.answer(alone, Query("runs"))
        with pytest.raises(DownslopeError, match="lab-run"):
            answer.answer(alone, Query("timeline", "another"))
        with pytest.raises(DownslopeError, match="unknown-name"):
            answer.answer(alone, Query("where", args={"id": "adam"}))


def test_the_key_of_a_question_does_not_depend_on_how_it_was_written() -> None:
    one = Query("network", "a", 3, {"row": 2, "most": 12.0})
    other = msgspec.json.decode(b'{"args":{"most":12,"row":2},"step":3,"run":"a","view":"network"}', type=Query)
    assert key(one) == key(other) == '{"args":{"most":12,"row":2},"run":"a","step":3,"view":"network"}'
    assert key(Query("runs")) == '{"view":"runs"}'


def test_the_catalogue_lists_every_entry_of_every_table_once(source: Folder) -> None:
    found: Any = answer.answer(source, Query("catalogue"))
    tables = {table.name: {entry.id for entry in table.entries} for table in found.tables}
    assert tables["views"] == set(VIEWS)
    assert {optim.OPTIMIZERS[id].__name__ for id in optim.OPTIMIZERS} <= tables["optimizers"]
    assert {"digits", "moons"} <= tables["data sets"]
    assert "accuracy" not in tables["instruments"]
    assert found.limits["units"] == limits.MOST_UNITS
    for table in found.tables:
        assert len({entry.id for entry in table.entries}) == len(table.entries)
        for entry in table.entries:
            assert entry.sentence or entry.formula
            assert "``" not in entry.sentence
