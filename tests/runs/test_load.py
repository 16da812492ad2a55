"""Loading: the same run again, with what a file cannot hold given again, and never on other data or by other rules."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

import downslope as ds
from downslope.data import Data, arrays
from downslope.errors import RunFileError
from downslope.optim import Plateau, schedules
from downslope.optim.optimizer import OPTIMIZERS
from downslope.runs import Run, facts, snapshots
from downslope.runs.file import RunFile
from downslope.runs.load import Damaged, load
from downslope.runs.replay import NotExact
from downslope.runs.walk import fingerprint

START = {"w": np.zeros((2, 1)), "b": np.zeros(1)}


def line(shift: float = 0.0) -> Data:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 2))
    return arrays(x, x @ [3.0, -2.0] + shift + 0.1 * rng.normal(size=90), task="regression")


def linear(params: Any, x: Any) -> Any:
    return x @ params["w"] + params["b"]


def absolute(output: Any, y: Any) -> Any:
    return np.mean(np.abs(output - y))


def recorded(path: Path, model: Any = linear, steps: int = 40, **options: Any) -> Run:
    chosen: dict[str, Any] = {"optimizer": ds.optim.momentum(0.05), "batch_size": 8, "params": START} | options
    if not callable(model) or isinstance(model, ds.nn.Model):
        chosen.pop("params")
    return ds.train(model, chosen.pop("data", line()), record=path, steps=steps, **chosen)


def refused(path: Path, **given: Any) -> RunFileError:
    with pytest.raises(RunFileError) as caught:
        load(path, **given)
    assert len(str(caught.value).splitlines()) == 4
    return caught.value


def require_same(found: Run, run: Run) -> None:
    for name in ("loss", "grad_norm", "lr", "seconds"):
        np.testing.assert_array_equal(found.series(name), run.series(name))
    assert {k: v.tolist() for k, v in found.metrics.items()} == {k: v.tolist() for k, v in run.metrics.items()}
    for t in (1, run.steps // 2, run.steps, run.steps + 1):
        np.testing.assert_array_equal(found.at(t).carried.flat, run.at(t).carried.flat)
    assert re.sub(r"  file .*\n?", "", found.summary()) == re.sub(r"  file .*\n?", "", run.summary())
    assert not found.damage


@pytest.mark.parametrize(
    "options",
    [
        {"model": ds.nn.mlp([2, 5, 1])},
        {"model": ds.nn.mlp([2, 5, 1]), "dtype": np.float64, "batch_size": None, "optimizer": ds.optim.lbfgs()},
        {"model": ds.nn.mlp([2, 5, 1]), "plateau": Plateau(0.05, patience=1, factor=0.5), "seed": 3, "threads": 2},
        {
            "model": ds.nn.mlp([2, 5, 1]),
            "optimizer": ds.optim.adam(schedules.cosine(0.1, 40)),
            "batch_size": 7,
        },
    ],
)
def test_a_loaded_run_is_the_run(tmp_path: Path, options: dict[str, Any]) -> None:
    run = recorded(tmp_path / "a.run", **options)
    found = load(tmp_path / "a.run")
    require_same(found, run)
    assert found.segment.plateau == run.segment.plateau
    assert found.segment.threads == run.segment.threads
    assert str(found.optimizer) == str(run.optimizer)
    longer = recorded(tmp_path / "b.run", steps=70, **options)
    np.testing.assert_array_equal(found.train(30).carried.flat, longer.carried.flat)


def test_a_plain_function_is_named_and_given_again(tmp_path: Path) -> None:
    run = recorded(tmp_path / "a.run")
    error = refused(tmp_path / "a.run")
    assert error.code == "run-model-missing"
    assert "linear" in error.what
    assert "model=linear" in error.do
    require_same(load(tmp_path / "a.run", model=linear), run)


def test_a_loss_of_ones_own_is_named_and_given_again(tmp_path: Path) -> None:
    run = recorded(tmp_path / "a.run", ds.nn.mlp([2, 3, 1]), loss=absolute)
    error = refused(tmp_path / "a.run")
    assert error.code == "run-loss-missing"
    assert "loss=absolute" in error.do
    require_same(load(tmp_path / "a.run", loss=absolute), run)


def test_a_loss_or_a_model_that_the_file_knows_is_not_replaced(tmp_path: Path) -> None:
    run = recorded(tmp_path / "a.run", ds.nn.mlp([2, 3, 1]))
    require_same(load(tmp_path / "a.run", model=linear, loss=absolute), run)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_another_function_than_the_one_that_was_trained_is_refused(tmp_path: Path, dtype: Any) -> None:
    recorded(tmp_path / "a.run", dtype=dtype)

    def other(params: Any, x: Any) -> Any:
        return x @ params["w"] + 2 * params["b"]  # the same numbers at the start, where b is 0

    for given in ({"model": other}, {"model": lambda p, x: linear(p, x) + 1}):
        error = refused(tmp_path / "a.run", **given)
        assert error.code == "run-model-changed"
        assert re.search("at step [12]; recorded is", error.what)
    recorded(tmp_path / "b.run", loss=absolute, dtype=dtype)
    assert (
        refused(tmp_path / "b.run", model=linear, loss=lambda p, y: absolute(p, y) * 1.01).code == "run-model-changed"
    )
    assert load(tmp_path / "b.run", model=linear, loss=absolute).steps == 40


def test_parameters_in_a_container_that_no_file_knows_are_given_again(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facts, "_skeleton", lambda params: None)
        run = recorded(tmp_path / "a.run")
    assert refused(tmp_path / "a.run", model=linear).code == "run-params-missing"
    require_same(load(tmp_path / "a.run", model=linear, params=START), run)


def test_a_rule_that_is_not_known_here_names_the_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(tmp_path / "a.run")
    monkeypatch.delitem(OPTIMIZERS, "momentum")
    error = refused(tmp_path / "a.run", model=linear)
    assert error.code == "run-rule-missing"
    assert "momentum" in error.what


# --- data -----------------------------------------------------------------------------------------------------------


def test_small_data_travel_inside(tmp_path: Path) -> None:
    run = recorded(tmp_path / "a.run", data=line(1.0))
    found = load(tmp_path / "a.run", model=linear)
    assert found.data.hash == run.data.hash
    np.testing.assert_array_equal(found.data.train.x, run.data.train.x)


def test_large_data_are_given_again_and_must_be_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "INSIDE", 100)
    path = tmp_path / "a.run"
    run = recorded(path)
    assert refused(path, model=linear).code == "run-data-missing"
    error = refused(path, model=linear, data=line(0.5))
    assert error.code == "run-data-changed"
    assert run.data.hash[:12] in error.what
    require_same(load(path, model=linear, data=line()), run)


def test_large_data_from_a_table_are_read_again_and_must_be_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "INSIDE", 100)
    table, path = tmp_path / "houses.csv", tmp_path / "a.run"
    rng = np.random.default_rng(0)
    rows = ["rooms,age,price", *(f"{a:.3f},{b:.3f},{3 * a - b:.3f}" for a, b in rng.normal(size=(80, 2)))]
    table.write_text("\n".join(rows))
    run = recorded(path, data=ds.data.load(str(table), target="price"))
    require_same(load(path, model=linear), run)
    table.write_text("\n".join([*rows[:-1], "1.0,1.0,5.0"]))
    assert refused(path, model=linear).code == "run-data-changed"
    table.unlink()
    error = refused(path, model=linear)
    assert error.code == "run-data-missing"
    assert "houses.csv" in error.what


def test_data_that_are_damaged_inside_are_given_again(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    run = recorded(path)
    file = RunFile.open(path)
    file.connection.execute("UPDATE data SET arrays = zeroblob(500)")
    file.close()
    error = refused(path, model=linear)
    assert error.code == "run-data-missing"
    assert "damaged" in error.what
    assert refused(path, model=linear, data=line(1.0)).code == "run-data-changed"
    found = load(path, model=linear, data=line())
    np.testing.assert_array_equal(found.loss, run.loss)


# --- parts that are lost --------------------------------------------------------------------------------------------


def changed(path: Path, statement: str) -> Path:
    file = RunFile.open(path)
    file.connection.execute(statement)
    file.close()
    return path


def test_without_its_settings_a_file_is_refused_with_what_can_still_be_read(tmp_path: Path) -> None:
    recorded(tmp_path / "a.run", ds.nn.mlp([2, 3, 1]))
    for statement in ("UPDATE segments SET facts = '{}'", "DELETE FROM segments"):
        error = refused(changed(tmp_path / "a.run", statement))
        assert error.code == "run-file-damaged"
        assert "segments" in error.what
        assert "sqlite3" in error.do


@pytest.mark.parametrize("key", ["extent", "until", "options", "environment", "stopped", "rows"])
def test_a_fact_that_is_lost_is_named_and_the_steps_are_there(tmp_path: Path, key: str) -> None:
    run = recorded(tmp_path / "a.run", ds.nn.mlp([2, 3, 1]))
    for statement in (f"UPDATE meta SET value = '7' WHERE key = '{key}'", f"DELETE FROM meta WHERE key = '{key}'"):
        changed(tmp_path / "a.run", statement)
        with pytest.warns(Damaged, match="run-file-damaged"):
            found = load(tmp_path / "a.run")
        np.testing.assert_array_equal(found.loss, run.loss)
        np.testing.assert_array_equal(found.at(33).carried.flat, run.at(33).carried.flat)
        assert any(text.startswith("meta") for text in found.damage)
        assert str(found)
    assert found.train(5).steps == 45


def test_the_rates_that_a_plateau_chose_cannot_be_computed_again_and_that_is_said(tmp_path: Path) -> None:
    run = recorded(tmp_path / "a.run", ds.nn.mlp([2, 3, 1]), plateau=Plateau(0.05, patience=1))
    changed(tmp_path / "a.run", "UPDATE chunks SET lr = x'00'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Damaged)
        found = load(tmp_path / "a.run")
    with pytest.raises(RunFileError) as caught:
        found.series("lr")
    assert caught.value.code == "run-rates-lost"
    np.testing.assert_array_equal(found.at(run.steps + 1).carried.flat, run.at(run.steps + 1).carried.flat)


# --- another machine ------------------------------------------------------------------------------------------------


def perturbed(path: Path, number: int, change: Callable[[Any], None]) -> int:
    """A snapshot as another machine would have written it, whole and with its digests: the steps after which it is."""
    file = RunFile.open(path)
    run = load(path)
    mark = snapshots.marks(file)[number]
    carried = run.history.replay.templates(0)
    snapshots.read(file, mark, carried)
    change(carried.flat)
    body = zstandard.ZstdCompressor().compress(
        b"".join(np.ascontiguousarray(leaf).tobytes() for leaf in carried.leaves)
    )
    with file.writing():
        file.put("snapshots", 0, mark.step, fingerprint(carried), len(body), body)
        file.set_meta("environment", file.meta("environment") | {"cpu": "another one"})
    file.close()
    run.file.close()
    return mark.step


def test_a_replay_that_differs_says_so_once_with_the_largest_difference(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    run = recorded(path, ds.nn.mlp([2, 5, 1]), dtype=np.float64)

    def shift(flat: Any) -> None:
        flat[3] += 1e-9
        flat[5] -= 3e-9

    exact = {t: run.at(t).carried.flat for t in (1, 41)}
    step = perturbed(path, -1, shift)
    assert step == 40
    found = load(path)
    with pytest.warns(NotExact) as told:
        state, last, *_ = [found.at(t).carried.flat for t in (1, step + 1, 2, step)]
    assert len(told) == 1
    assert "3e-09" in str(told[0].message)
    assert f"after {step} steps" in str(told[0].message)
    difference = found.history.replay.difference
    assert difference is not None
    assert difference.step == step
    assert difference.largest == pytest.approx(3e-9, rel=1e-6)
    np.testing.assert_array_equal(state, exact[1])
    np.testing.assert_allclose(last, exact[41], atol=4e-9)
    assert not np.array_equal(last, exact[41])  # from the snapshot on it is the recorded run


def test_the_file_says_on_which_machine_it_was_recorded(tmp_path: Path) -> None:
    recorded(tmp_path / "a.run", ds.nn.mlp([2, 3, 1]))
    known = load(tmp_path / "a.run").file.meta("environment")
    assert known["numpy"] == np.__version__
    assert known == json.loads(json.dumps(facts.environment()))


def test_no_file_holds_code_that_would_run(tmp_path: Path) -> None:
    recorded(tmp_path / "a.run")
    body = (tmp_path / "a.run").read_bytes()
    assert b"def linear" in body  # to be read by people
    changed(tmp_path / "a.run", "SELECT 1")
    assert refused(tmp_path / "a.run").code == "run-model-missing"  # and never executed
