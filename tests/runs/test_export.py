"""Exports: every recorded number arrives, nothing is overwritten unasked, and a full disk leaves nothing half."""

from __future__ import annotations

import builtins
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from downslope import data, nn, optim
from downslope.errors import RunFileError, SettingError
from downslope.runs import train
from downslope.runs.export import mlflow, packages, place, tensorboard
from downslope.runs.export.table import columns, kept
from downslope.runs.layout import SCALARS


@pytest.fixture(scope="module")
def run() -> Any:
    """Forty steps on moons, judged after every thirteen."""
    return train(nn.mlp([2, 4, 2]), data.moons(), optimizer=optim.adam(0.01), steps=40, seed=1)


@pytest.fixture(scope="module")
def failed() -> Any:
    """A run whose second loss is not finite."""
    made = train(nn.mlp([64, 8, 10]), data.digits(), optimizer=optim.gradient_descent(1e30), steps=5)
    assert made.failure is not None
    assert made.steps == made.failure.step - 1
    return made


# --- the table --------------------------------------------------------------------------------------------------------


def test_a_parquet_file_holds_every_recorded_number_to_its_last_bit(run: Any, tmp_path: Path) -> None:
    run.to_parquet(tmp_path / "a.parquet")
    table = polars.read_parquet(tmp_path / "a.parquet")
    assert table.columns == ["step", *SCALARS, "held_out_loss", "accuracy"]
    assert table["step"].to_list() == list(range(1, 41))
    for name in SCALARS:
        np.testing.assert_array_equal(table[name].to_numpy(), run.series(name))


def test_a_metric_stands_at_the_steps_where_it_was_judged_and_is_null_elsewhere(run: Any, tmp_path: Path) -> None:
    run.to_parquet(tmp_path / "a.parquet")
    judged = polars.read_parquet(tmp_path / "a.parquet").drop_nulls("accuracy")
    np.testing.assert_array_equal(judged["step"].to_numpy(), run.metrics["step"])
    np.testing.assert_array_equal(judged["accuracy"].to_numpy(), run.metrics["accuracy"])
    np.testing.assert_array_equal(judged["held_out_loss"].to_numpy(), run.metrics["held_out_loss"])


def test_the_step_that_failed_is_a_row_with_its_loss_and_no_other_number(failed: Any, tmp_path: Path) -> None:
    failed.to_parquet(tmp_path / "a.parquet")
    last = polars.read_parquet(tmp_path / "a.parquet").row(-1, named=True)
    assert last["step"] == failed.failure.step
    assert not np.isfinite(last["loss"])
    assert last["grad_norm"] is last["lr"] is last["seconds"] is None


def test_a_metric_that_is_nan_is_a_nan_and_not_a_null(run: Any) -> None:
    values, known = columns(WithMetrics(run, {"step": [13.0, 26.0], "accuracy": [0.5, np.nan]}))["accuracy"]  # type: ignore[arg-type]  # a stand-in
    assert known.nonzero()[0].tolist() == [12, 25]
    assert np.isnan(values[25])


class WithMetrics:
    """A run with other metrics."""

    def __init__(self, run: Any, metrics: dict[str, Any]) -> None:
        self.run, self.metrics = run, {name: np.array(values) for name, values in metrics.items()}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.run, name)


def test_a_data_frame_is_the_same_table(run: Any) -> None:
    pytest.importorskip("pandas")
    frame = run.to_pandas()
    for name, (values, _) in columns(run).items():
        np.testing.assert_array_equal(frame[name].to_numpy(), values)
    assert frame["accuracy"].count() == len(run.metrics["step"])


def test_thinned_steps_keep_both_ends_and_the_extremes_of_the_loss(run: Any) -> None:
    assert kept(run, 40).tolist() == list(range(40))
    few = kept(run, 12)
    assert len(few) <= 13
    assert {0, 39, int(run.loss.argmin()), int(run.loss.argmax())} <= set(few.tolist())


# --- a place for the file ---------------------------------------------------------------------------------------------


def test_a_file_that_is_there_is_kept_unless_it_is_to_be_written_anew(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_text("mine")
    with pytest.raises(RunFileError, match=r"is there already  \[export-exists\]"):
        run.to_parquet(path)
    assert path.read_text() == "mine"
    run.to_parquet(path, force=True)
    assert polars.read_parquet(path).height == 40


def test_a_directory_that_is_missing_is_named(run: Any, tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=r"cannot be written: .*\[export-write\]"):
        run.to_parquet(tmp_path / "nowhere" / "a.parquet")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("before", ["", "an older export"])
def test_a_full_disk_leaves_no_half_file_and_keeps_what_was_there(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    path = tmp_path / "a.parquet"
    if before:
        path.write_text(before)

    def full(name: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        Path(name).touch()
        return builtins.open("/dev/full", mode, *rest, **options)  # whoever asked for it closes it

    monkeypatch.setattr(place, "open", full, raising=False)
    with pytest.raises(RunFileError, match=r"No space left on device.*\[export-write\]"):
        run.to_parquet(path, force=True)
    assert [file.read_text() for file in tmp_path.iterdir()] == ([before] if before else [])


@pytest.mark.parametrize(
    ("package", "call"),
    [("pandas", "to_pandas"), ("tensorboard", "to_tensorboard"), ("mlflow", "to_mlflow"), ("pyarrow", "to_parquet")],
)
def test_a_package_that_is_missing_is_told_with_how_to_install_it(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, call: str
) -> None:
    for name in [package, *(name for name in sys.modules if name.startswith(f"{package}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    with pytest.raises(SettingError, match=rf"(?s)\[export-missing\].*run\.{call}.*pip install {package}"):
        getattr(run, call)(*([] if call in ("to_pandas", "to_mlflow") else [tmp_path / "a"]))
    assert not list(tmp_path.iterdir())


def test_the_exports_load_no_package_before_one_is_used() -> None:
    program = "import sys, downslope.runs.export; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pandas", "pyarrow", "polars", "tensorboard", "mlflow"} & set(loaded)


def test_no_other_name_is_a_package() -> None:
    with pytest.raises(AttributeError, match="numpy"):
        getattr(packages, "numpy")  # noqa: B009  # mypy knows that it is not there


# --- TensorBoard ------------------------------------------------------------------------------------------------------


def accumulated(directory: Path) -> Any:
    """What TensorBoard itself reads there, all of it."""
    board = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = board.EventAccumulator(str(directory), size_guidance={"scalars": 0, "histograms": 0})
    found.Reload()
    return found


def test_tensorboard_reads_every_scalar_at_its_step(run: Any, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    run.to_tensorboard(tmp_path / "board")
    board = accumulated(tmp_path / "board")
    assert board.Tags()["scalars"] == ["loss", "grad_norm", "lr", "held_out/loss", "held_out/accuracy"]
    for name in ("loss", "grad_norm", "lr"):
        events = board.Scalars(name)
        assert [event.step for event in events] == list(range(1, 41))
        np.testing.assert_array_equal([e.value for e in events], run.series(name).astype(np.float32))
    judged = board.Scalars("held_out/accuracy")
    assert [event.step for event in judged] == run.metrics["step"].tolist()
    np.testing.assert_array_equal([e.value for e in judged], run.metrics["accuracy"].astype(np.float32))


def test_clock_times_rise_by_the_seconds_of_the_steps(run: Any, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    run.to_tensorboard(tmp_path)
    times = np.array([event.wall_time for event in accumulated(tmp_path).Scalars("loss")])
    assert (np.diff(times) >= 0).all()
    np.testing.assert_allclose(np.diff(times), run.series("seconds")[1:], atol=1e-6)  # a double of today's seconds


def test_histograms_count_every_parameter_at_every_snapshot(run: Any, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    run.to_tensorboard(tmp_path)
    board = accumulated(tmp_path)
    assert set(board.Tags()["histograms"]) == {f"params/{name}" for name in run.at(1).params}
    events = board.Histograms("params/dense1.w")
    assert {0, run.steps} <= {event.step for event in events}
    for event in events:
        values = run.at(event.step + 1).params["dense1.w"].astype(np.float64)
        found = event.histogram_value
        assert sum(found.bucket) == found.num == values.size
        np.testing.assert_allclose([found.min, found.max, found.sum], [values.min(), values.max(), values.sum()])


def test_the_loss_of_a_failed_step_is_shown_as_it_is(failed: Any, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    failed.to_tensorboard(tmp_path)
    last = accumulated(tmp_path).Scalars("loss")[-1]
    assert last.step == failed.failure.step
    np.testing.assert_equal(last.value, np.float32(failed.failure.loss))


def test_event_files_do_not_pile_up_unasked(run: Any, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    run.to_tensorboard(tmp_path)
    with pytest.raises(RunFileError, match="export-exists"):
        run.to_tensorboard(tmp_path)
    run.to_tensorboard(tmp_path, force=True)
    assert [file.name for file in tmp_path.iterdir()] == [tensorboard.NAME]
    assert len(accumulated(tmp_path).Scalars("loss")) == 40


# --- MLflow -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of a store in a directory of its own."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    monkeypatch.chdir(tmp_path)
    pytest.importorskip("mlflow")
    return importlib.import_module("mlflow").MlflowClient()


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_mlflow_gives_back_what_the_run_knows(run: Any, store: Any) -> None:
    id = run.to_mlflow("moons")
    found = store.get_run(id)
    assert store.get_experiment(found.info.experiment_id).name == "moons"
    assert (found.info.status, found.info.run_name) == ("FINISHED", "moons")
    assert found.data.params["optimizer"] == str(run.optimizer)
    assert found.data.params["seed"] == "1"
    losses = store.get_metric_history(id, "loss")
    assert [metric.step for metric in losses] == list(range(1, 41))
    assert [metric.value for metric in losses] == run.loss.tolist()
    judged = store.get_metric_history(id, "accuracy")
    assert [(m.step, m.value) for m in judged] == list(zip(run.metrics["step"], run.metrics["accuracy"], strict=True))


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_failed_run_is_failed_there_too(failed: Any, store: Any) -> None:
    id = failed.to_mlflow()
    assert store.get_run(id).info.status == "FAILED"
    assert not np.isfinite(store.get_metric_history(id, "loss")[-1].value)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_store_that_breaks_off_is_left_without_half_a_run(
    run: Any, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(type(store), "log_batch", broken)
    with pytest.raises(RunFileError, match=r"No space left on device.*\[export-write\]"):
        run.to_mlflow()
    assert not store.search_runs(["0"])


def test_metrics_go_in_portions_that_mlflow_takes() -> None:
    portions = list(mlflow._portions(iter(range(2500))))
    assert list(map(len, portions)) == [1000, 1000, 500]
    assert [metric for portion in portions for metric in portion] == list(range(2500))
