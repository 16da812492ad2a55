"""Good runs from the command line: what they say, what they write, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from downslope import data, nn
from downslope.cli import main, output
from downslope.runs import load

Call = Callable[..., Any]
Write = Callable[[str, str | bytes], Path]
Houses = Callable[..., str]

PICTURES = ["loss.png", "loss.svg"]
KEPT = ["parameters.npz", "program.py", "summary.txt"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_digits_come_out_above_96_5_percent_and_above_the_majority(downslope: Call, tmp_path: Path) -> None:
    done = downslope("train", "digits", "--out", tmp_path / "new" / "digits")
    assert done.code == 0
    assert names(tmp_path / "new" / "digits") == sorted(["confusion.png", "confusion.svg", *PICTURES, *KEPT])
    scores = [line.split() for line in done.out.splitlines() if line.startswith("  this run ")]
    assert float(scores[0][-1].rstrip("%")) >= 96.5
    assert "always the most frequent class" in done.out
    assert "scikit-learn" in done.out
    assert "1438 rows to train on, 359 held out, 64 features" in done.out
    assert "Pixels divided by 16" in done.out
    assert "Next, try --" in done.out
    assert "epoch 20/20, step 900/900" in done.err


def test_the_parameters_that_are_written_make_the_predictions_that_were_counted(
    downslope: Call, tmp_path: Path
) -> None:
    done = downslope("train", "iris", "--epochs", 5, "--hidden", "8", "--out", tmp_path / "iris", "--no-baselines")
    with np.load(tmp_path / "iris" / "parameters.npz", allow_pickle=False) as kept:
        assert sorted(kept) == ["dense1.b", "dense1.w", "dense2.b", "dense2.w"]
        params = {layer: {part: kept[f"{layer}.{part}"] for part in "wb"} for layer in ("dense1", "dense2")}
    held_out = data.iris().held_out
    right = int((nn.mlp([4, 8, 3])(params, held_out.x).argmax(axis=1) == held_out.y).sum())
    assert f"{right} of 30 held-out rows right" in done.out
    compile((tmp_path / "iris" / "program.py").read_text(encoding="utf-8"), "program.py", "exec")


def test_the_same_command_writes_the_same_parameters_and_pictures(downslope: Call, tmp_path: Path) -> None:
    for name in ("a", "b"):
        downslope("train", "iris", "--epochs", 2, "--out", tmp_path / name, "--quiet")
    for name in ("confusion.svg", "loss.svg", "confusion.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    with np.load(tmp_path / "a" / "parameters.npz") as a, np.load(tmp_path / "b" / "parameters.npz") as b:
        assert all((a[key] == b[key]).all() for key in a)


def test_a_regression_on_a_csv_beats_the_mean_and_speaks_the_units_of_its_target(
    downslope: Call, write: Write, house_table: Houses, tmp_path: Path
) -> None:
    table = write("houses.csv", house_table())
    done = downslope("train", table, "--target", "price", "--out", tmp_path / "o")
    assert done.code == 0
    assert names(tmp_path / "o") == sorted(["residuals.png", "residuals.svg", *PICTURES, *KEPT])
    score = float(next(line for line in done.out.splitlines() if line.startswith("  this run ")).split()[-1])
    assert score > 0.9
    assert "price minus its prediction" in done.out
    # The noise has a standard deviation of 5,000; a standardised error would be about 0.1.
    rmse = done.out.split("held-out rows: root mean squared error ")[1].split(", mean")[0]
    assert 2_000 < float(rmse.replace(",", "")) < 20_000


def test_a_csv_of_words_is_classified(downslope: Call, write: Write, house_table: Houses) -> None:
    done = downslope("train", write("houses.csv", house_table()), "--target", "district", "--epochs", 3)
    assert done.code == 0
    assert "which district is taken for which" in done.out


def test_a_parquet_file_is_read(downslope: Call, write: Write, house_table: Houses, tmp_path: Path) -> None:
    pl.read_csv(house_table().encode()).write_parquet(tmp_path / "houses.parquet")
    done = downslope("train", tmp_path / "houses.parquet", "--target", "price", "--steps", 10)
    assert done.code == 0
    assert "10 (3.333 epochs)" in done.out


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("drop", "4 rows dropped for unusable cells: 'size' 2 empty and 1 NaN and 1 infinite"),
        ("impute", "'size': 2 empty and 1 NaN and 1 infinite filled with the training part's median"),
    ],
)
def test_unusable_cells_are_dropped_or_imputed_as_asked(
    downslope: Call, write: Write, house_table: Houses, choice: str, told: str
) -> None:
    table = write("houses.csv", house_table(cells={3: "", 7: "nan", 9: "inf", 11: ""}))
    done = downslope("train", table, "--target", "price", "--missing", choice, "--epochs", 1, "--no-baselines")
    assert done.code == 0
    assert told in done.out


def test_a_small_table_trains_without_a_batch_size(downslope: Call, write: Write) -> None:
    rows = "".join(f"{i},{i * i}.5\n" for i in range(20))
    done = downslope("train", write("small.csv", f"x,y\n{rows}"), "--target", "y", "--epochs", 1)
    assert done.code == 0
    assert "batch size 16" in done.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--hidden 0", "4 -> dense1 identity -> 3"),
        ("--hidden 16,8 --activation tanh", "4 -> dense1 tanh -> dense2 tanh -> dense3 identity -> 3"),
        ("--optimizer momentum --beta 0.8", "momentum(lr=0.01, beta=0.8)"),
        ("--optimizer momentum --momentum 0.8", "momentum(lr=0.01, beta=0.8)"),
        ("--optimizer sgd", "gradient_descent(lr=0.02)"),
        ("--set beta1=0.8", "adam(lr=0.005, beta1=0.8"),
        ("--batch-size all", "batch size 120"),
        ("--batch-size 1", "stochastic gradient descent, batch size 1"),
        ("--held-out 0.5", "75 rows to train on, 75 held out"),
        ("--held-out 0", "of 150 training rows right"),
        ("--seed 7", "seed 7"),
    ],
)
def test_every_setting_reaches_the_training(downslope: Call, words: str, told: str) -> None:
    done = downslope("train", "iris", "--epochs", 1, "--no-baselines", *words.split())
    assert done.code == 0
    assert told in done.out


def test_parameters_have_the_type_that_was_asked_for(downslope: Call, tmp_path: Path) -> None:
    for dtype in ("float32", "float64"):
        downslope("train", "iris", "--epochs", 1, "--dtype", dtype, "--quiet", "--out", tmp_path / dtype)
        with np.load(tmp_path / dtype / "parameters.npz") as kept:
            assert {kept[name].dtype.name for name in kept} == {dtype}


def test_quiet_says_nothing_and_writes_all_the_same(downslope: Call, tmp_path: Path) -> None:
    done = downslope("train", "iris", "--epochs", 1, "--quiet", "--out", tmp_path / "o")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert "scikit-learn" in (tmp_path / "o" / "summary.txt").read_text(encoding="utf-8")


def test_a_training_ends_where_the_condition_holds_and_that_is_no_failure(downslope: Call, here: Path) -> None:
    done = downslope("train", "digits", "--stop-when", "loss < 1", "--quiet")
    assert (done.code, done.err) == (0, "")
    run = load(here / "runs" / "digits-1.run")
    assert run.loss[-1] < 1
    assert (run.loss[:-1] >= 1).all()


def test_a_condition_that_cannot_be_read_leaves_nothing_behind(downslope: Call, here: Path) -> None:
    done = downslope("train", "digits", "--stop-when", "los < 1")
    assert done.code == 2
    assert "[condition-name]" in done.err
    assert list(here.iterdir()) == []


def test_a_run_that_meets_a_nan_says_where_keeps_what_was_learned_and_exits_1(
    downslope: Call, write: Write, house_table: Houses, tmp_path: Path
) -> None:
    table = write("houses.csv", house_table())
    words = ("--optimizer", "gradient_descent", "--lr", "5", "--out", tmp_path / "o")
    done = downslope("train", table, "--target", "price", *words)
    assert done.code == 1
    message = done.err.splitlines()[-4:]
    assert message[0].startswith("step ")
    assert message[0].endswith("[run-not-finite]")
    assert "RuntimeWarning" not in done.err
    assert "--lr 0.5" in done.out
    with np.load(tmp_path / "o" / "parameters.npz") as kept:
        assert all(np.isfinite(kept[name]).all() for name in kept)
    assert "first NaN or infinity" in (tmp_path / "o" / "loss.svg").read_text(encoding="utf-8")


# --- the whole command ------------------------------------------------------------------------------------------------


def test_the_version_and_the_help_are_printed(downslope: Call) -> None:
    assert downslope("--version").out.startswith("downslope 0.")
    for words in ((), ("--help",), ("train", "--help")):
        done = downslope(*words)
        assert done.code == 0
        assert "downslope train houses.csv --target price" in done.out


def test_a_bug_is_one_line_and_its_traceback_is_for_those_who_ask(
    capfd: pytest.CaptureFixture[str], downslope: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("planted\nsecond line")

    monkeypatch.setattr(output, "check", broken)
    done = downslope("train", "digits", "--out", "x")
    assert done.code == 70
    assert done.err.count("\n") == 1
    assert "RuntimeError: planted." in done.err
    monkeypatch.setenv("DOWNSLOPE_DEBUG", "1")
    with pytest.raises(SystemExit, match="70"):
        main(["train", "digits", "--out", "x"])
    assert capfd.readouterr().err.startswith("Traceback")


def in_new_process(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "downslope", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_python_m_downslope_is_the_command_and_a_closed_pipe_is_no_error() -> None:
    process = in_new_process("train", "nothing.csv", "--target", "x")
    out, err = process.communicate(timeout=600)
    assert (process.returncode, out, len(err.splitlines())) == (2, "", 4)
    process = in_new_process("train", "iris", "--epochs", "1", "--no-baselines")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait(timeout=600)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is no signal there that a test could send to one process")
def test_ctrl_c_ends_with_what_was_learned_so_far(tmp_path: Path, here: Path) -> None:
    process = in_new_process("train", "digits", "--epochs", "100000", "--out", str(tmp_path / "o"))
    assert process.stderr is not None
    try:
        assert "/4,500,000, loss " in process.stderr.readline()  # it trains
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "interrupted after step" in out
    assert names(tmp_path / "o") == sorted(["confusion.png", "confusion.svg", *PICTURES, *KEPT])
    assert names(tmp_path) == ["o"]
    run = load(here / "runs" / "digits-1.run")
    assert run.stopped is not None
    assert run.stopped.startswith(f"interrupted after step {run.steps} of ")
    assert len(run.loss) == run.steps


@pytest.mark.parametrize(
    "optimizer", ["lion", "muon", "lbfgs", "clip_by_norm(adam(lr=cosine(0.01, steps=200)), 1)", "sam(momentum(0.05))"]
)
def test_any_rule_of_the_shelf_trains_from_the_command_line(downslope: Call, optimizer: str) -> None:
    rows = ("--batch-size", "all") if optimizer == "lbfgs" else ()
    rate = () if "(" in optimizer or optimizer == "lbfgs" else ("--lr", 0.01)
    done = downslope("train", "iris", "--optimizer", optimizer, *rate, *rows, "--no-baselines", "--hidden", "8")
    assert done.code == 0, done.err
    assert optimizer.split("(")[0] in done.out


def test_an_optimizer_that_is_written_out_takes_no_further_settings(downslope: Call) -> None:
    done = downslope("train", "iris", "--optimizer", "adam(lr=0.01)", "--lr", 0.1)
    assert done.code == 2
    assert "cli-written-out" in done.err
    assert downslope("train", "iris", "--optimizer", "adam(lr=__import__('os'))").code == 2
    assert "is a schedule" in downslope("train", "iris", "--optimizer", "cosine(0.1, 100)").err
