"""The report is one file that holds its answers, allows nothing from outside, says what is in it, and stays small."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

import downslope as ds
from downslope.errors import RunFileError, SettingError
from downslope.lab import front_end
from downslope.lab.protocol import Query, key
from downslope.lab.report_content import chosen_numbers, of_table, rounded, steps_of
from downslope.runs import Run

pytestmark = pytest.mark.skipif(not front_end.is_built(), reason="the front end has not been built: `make web`")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("runs") / "a<b&c.run"
    net = ds.nn.mlp([4, 5, 3], hidden="tanh")
    made: Run = ds.train(
        net, ds.data.iris(), optimizer=ds.optim.adam(1e-2), batch_size=16, epochs=6, seed=0, record=path
    )
    return made


def page_of(run: Run, tmp_path: Path, **options: Any) -> str:
    return ds.report(run, tmp_path / "x.html", **options).read_text(encoding="utf-8")


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'id="downslope-data">([^<]*)<', page)
    assert found is not None
    data: dict[str, Any] = msgspec.json.decode(gzip.decompress(base64.b64decode(found[1])))
    return data


def test_every_view_can_be_looked_at_in_every_step_that_is_offered(run: Run, tmp_path: Path) -> None:
    data = data_of(page_of(run, tmp_path, steps=[2, 5, 9], numbers=["dense1.w[1, 2]"]))
    assert data["steps"] == [2, 5, 9]
    for view in {"network", "rows"} & set(data["views"]):
        assert all(key(Query(view, run.name, step)) in data["answers"] for step in (2, 5, 9))
    if "derivation" in data["views"]:
        asked = Query("derivation", run.name, 5, {"words": "dense1.w[1, 2]"})
        assert data["answers"][key(asked)]["type"] == "derivation"
        said = Query("text", run.name, 5, {"view": "derivation", "args": {"words": "dense1.w[1, 2]"}})
        assert "dense1" in data["answers"][key(said)]["text"]
    assert any("3 of" in text for text in data["texts"])


def test_the_policy_names_the_hash_of_everything_that_runs_and_allows_no_connection(run: Run, tmp_path: Path) -> None:
    page = page_of(run, tmp_path)
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])  # type: ignore[index]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "connect-src" not in policy
    style = re.search(r"<style>(.*?)</style>", page, re.S)[1]  # type: ignore[index]
    loader = re.search(r'<script type="module">(.*?)</script>', page, re.S)[1]  # type: ignore[index]
    packed = re.findall(r"data-module id=\"[\w-]+\">([^<]*)<", page)
    sources = [gzip.decompress(base64.b64decode(each)).decode() for each in packed]
    for source in (style, loader, *sources):
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_nothing_in_it_is_fetched_and_no_path_of_this_machine_is_told(run: Run, tmp_path: Path) -> None:
    page = page_of(run, tmp_path)
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page)
    assert run.path is not None
    assert str(Path(run.path).parent) not in page
    assert str(Path(run.path).parent) not in msgspec.json.encode(data_of(page)).decode()


def test_a_name_with_signs_of_html_stays_a_name(run: Run, tmp_path: Path) -> None:
    page = page_of(run, tmp_path)
    assert "a<b" not in page
    assert "a&lt;b&amp;c.run" in page


@pytest.mark.slow
def test_the_twenty_epoch_digits_run_fits_into_a_megabyte(tmp_path: Path) -> None:
    net = ds.nn.mlp([64, 32, 10], hidden="relu")
    run = ds.train(net, ds.data.digits(), optimizer=ds.optim.adam(1e-3), batch_size=32, epochs=20, seed=0)
    page = page_of(run, tmp_path)
    assert len(page.encode()) <= 1_000_000
    assert len(data_of(page)["steps"]) >= 20


def test_a_file_that_is_there_is_kept_unless_it_may_be_replaced(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("mine")
    with pytest.raises(SettingError, match="report-exists"):
        ds.report(run, tmp_path / "x.html")
    assert (tmp_path / "x.html").read_text() == "mine"
    assert "<!doctype html>" in page_of(run, tmp_path, force=True)


def test_what_cannot_be_written_or_shows_nothing_is_said(run: Run, tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="report-write"):
        ds.report(run, tmp_path / "none" / "x.html")
    empty = ds.train(ds.nn.mlp([4, 3]), ds.data.iris(), optimizer=ds.optim.adam(1e-2), epochs=1).fork(at=1)
    with pytest.raises(SettingError, match="report-empty"):
        ds.report(empty, tmp_path / "y.html")


def test_progress_is_told_to_the_end(run: Run, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    page_of(run, tmp_path, steps=3, progress=lambda done, of: told.append((done, of)))
    assert told[-1][0] == told[-1][1]
    assert told == sorted(told)


def test_steps_are_few_ascending_and_hold_both_ends(run: Run) -> None:
    chosen = steps_of(run, 12)
    assert chosen[0] == 1
    assert chosen[-1] == run.steps
    assert len(chosen) <= 12
    assert list(chosen) == sorted(set(chosen))
    assert steps_of(run, 10_000) == tuple(range(1, run.steps + 1))


def test_the_derived_weights_have_the_largest_gradient_of_their_layer(run: Run) -> None:
    step = run.at(run.steps)
    names = chosen_numbers(run)
    assert {name.split("[")[0] for name in names} == {"dense1.w", "dense2.w"}
    for name in names:
        array, place = name.rstrip("]").split("[")
        gradient = abs(step.grads[array])
        assert gradient[tuple(int(k) for k in place.split(","))] == gradient.max()


def test_numbers_keep_six_digits_and_everything_else_is_left_alone() -> None:
    given = {"a": [1 / 3, 7, None, "x", True], "b": (1e-20,)}
    assert rounded(given) == {"a": [0.333333, 7, None, "x", True], "b": [1e-20]}


def test_a_table_of_runs_is_a_page_with_every_result_along_every_setting(tmp_path: Path) -> None:
    table = ds.train_many(
        ds.nn.mlp([4, 3, 3]), ds.data.iris(), optimizer=ds.optim.adam(), lr=[0.01, 0.1], seed=range(2), steps=8
    )
    content, words = of_table(table)
    asked = [Query("sweep", args=args) for args in ({}, {"result": "loss"}, {"along": "seed", "result": "accuracy"})]
    assert {key(query) for query in asked} <= set(content.answers)
    page = ds.report(table, tmp_path / "x.html").read_text()
    assert words.splitlines()[0] in page
    assert len(page) < 700_000
