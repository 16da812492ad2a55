"""Own data: what is kept, what is refused, and that no name leads out of the folder."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings as how, strategies as st

from downslope.errors import DownslopeError
from downslope.lab import limits
from downslope.lab.commands import Create, DeleteData, Step, UploadPoints, UploadTable
from downslope.lab.session import Session
from downslope.lab.sets import Sets
from downslope.lab.settings import DataChoice
from downslope.runs import load

from .conftest import settings

TABLE = "height,weight,kind\n" + "".join(f"{1.5 + k / 100},{50 + k},{'ab'[k % 2]}\n" for k in range(40))
POINTS = tuple((k / 10, (k % 7) / 5) for k in range(30))


@pytest.fixture
def sets(tmp_path: Path) -> Sets:
    return Sets(tmp_path)


def upload(sets: Sets, text: str, name: str = "mine.csv", target: str | None = None) -> str:
    return sets.keep_table(UploadTable(name, text, target))[0]


def test_a_table_is_kept_with_its_last_column_as_target(sets: Sets) -> None:
    id = upload(sets, TABLE, "My measurements (2).csv")
    assert id == "my-measurements-2"
    data = sets.find(id, {})
    assert data is not None
    assert (data.target, data.classes, data.features) == ("kind", ("a", "b"), ("height", "weight"))
    other = sets.find(id, {"target": "weight", "held_out": 0.5})
    assert other is not None
    assert (other.target, other.task, len(other.held_out)) == ("weight", "regression", 20)


def test_the_same_name_twice_is_two_sets_and_no_embedded_one_is_hidden(sets: Sets) -> None:
    assert [upload(sets, TABLE, name) for name in ("a.csv", "a.csv", "digits.csv", "moons")] == [
        "a",
        "a-2",
        "digits-2",
        "moons-2",
    ]


def test_points_drawn_by_hand_are_a_set(sets: Sets) -> None:
    id, _ = sets.keep_points(UploadPoints("drawn", POINTS, tuple(k % 3 for k in range(30))))
    data = sets.find(id, {"held_out": 0.0})
    assert data is not None
    assert (data.features, data.n_outputs, len(data.train)) == (("x1", "x2"), 3, 30)
    np.testing.assert_allclose(data.raw_features(data.train.x), POINTS)


def test_a_run_on_own_data_outlives_the_data(session: Session, tmp_path: Path) -> None:
    id = session.do(UploadTable("mine.csv", TABLE)).data
    assert id is not None
    run = session.do(Create(settings(data=DataChoice(id), hidden=(3,)))).run
    assert run is not None
    session.do(Step(run, 5))
    session.do(DeleteData(id))
    session.close()
    assert load(tmp_path / f"{run}.run").at(3).loss > 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "data-empty"),
        ("   \n\n", "data-empty"),
        ("a,b\n", "data-empty"),
        ("a,b\n1,2\n", "data-too-few-rows"),
        ("a,a\n" + "1,2\n" * 20, "data-duplicate-columns"),
        ("a,b\n" + "1,2\n" * 20 + "1,2,3\n", "data-ragged-rows"),
        ("a,b\n" + "".join(f"{k},x\n" for k in range(20)), "data-one-class"),
        ('a,b\n"1,2\n' * 20, None),
        ("a,b\n" + "\x00,1\n" * 20, None),
        ("=cmd|'/c calc'!A0,b\n" + "1,2\n" * 5, None),
        ("\ufeff", None),
        ("\ud800,b\n1,2\n", None),
        ("a;b\n" + "1,5;2\n" * 20, None),
        ("a" * 200_000 + ",b\n1,2\n", None),
        (",".join(f"c{k}" for k in range(1_000)) + "\n" + ",".join("1" * 1_000) + "\n", None),
    ],
)
def test_a_hostile_table_is_refused_in_four_lines_and_leaves_nothing(sets: Sets, text: str, code: str | None) -> None:
    with pytest.raises(DownslopeError) as caught:
        upload(sets, text)
    assert code is None or caught.value.code == code
    assert caught.value.do
    assert str(sets.folder) not in str(caught.value)
    assert not sets.folder.is_dir() or not list(sets.folder.iterdir())


@how(max_examples=60)
@given(st.text(max_size=400))
def test_no_text_at_all_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    sets = Sets(tmp_path_factory.mktemp("sets"))
    with contextlib.suppress(DownslopeError):
        upload(sets, text)


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "/etc/cron.d/evil", "C:\\evil.csv", "..", "a\x00b.csv", "é" * 100, "-rf"]
)
def test_no_name_leads_out_of_the_folder(sets: Sets, tmp_path: Path, name: str) -> None:
    before = {path for path in tmp_path.parent.rglob("*") if tmp_path not in path.parents and path != tmp_path}
    id = upload(sets, TABLE, name)
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == {sets.folder}
    assert before == {path for path in tmp_path.parent.rglob("*") if tmp_path not in path.parents and path != tmp_path}
    assert sets.find(id, {}) is not None


@pytest.mark.parametrize("id", ["../secret", "/etc/passwd", "secret", "..", "", "a/b"])
def test_no_id_leads_to_a_file_that_was_not_uploaded(sets: Sets, tmp_path: Path, id: str) -> None:
    (tmp_path / "secret.csv").write_text(TABLE)
    (tmp_path / "secret.json").write_text('{"name": "x", "kind": "table", "target": "kind"}')
    assert sets.find(id, {}) is None
    with pytest.raises(DownslopeError, match="lab-set"):
        sets.delete(id)
    sets.remove(id)
    assert (tmp_path / "secret.csv").is_file()


def test_an_upload_above_the_limit_is_refused(sets: Sets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_UPLOAD", 100)
    with pytest.raises(DownslopeError, match="lab-upload-size"):
        upload(sets, TABLE)


def test_points_and_classes_must_be_as_many(sets: Sets) -> None:
    with pytest.raises(DownslopeError, match="data-shapes"):
        sets.keep_points(UploadPoints("drawn", POINTS, (0, 1)))


def test_a_set_whose_file_was_spoiled_says_so(sets: Sets) -> None:
    id, _ = sets.keep_points(UploadPoints("drawn", POINTS, tuple(k % 2 for k in range(30))))
    (sets.folder / f"{id}.points").write_text("{")
    with pytest.raises(DownslopeError, match="lab-set-lost"):
        sets.find(id, {})


def test_there_is_an_end_to_how_many_are_kept(sets: Sets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_SETS", 1)
    upload(sets, TABLE)
    with pytest.raises(DownslopeError, match="lab-limit"):
        upload(sets, TABLE)
