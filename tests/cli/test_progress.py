"""What is said while a run goes on."""

from __future__ import annotations

import io
from typing import Any

import pytest

from downslope import optim
from downslope.cli import progress, summary
from downslope.runs import Progress

NAN = float("nan")


def at(step: int, **what: Any) -> Progress:
    """A moment of a run of 900 steps in 20 epochs."""
    known = {"epochs": 20, "loss": 0.25, "metric_name": "accuracy", "metric": 0.961, "steps_per_second": 9000.0}
    return Progress(**{"step": step, "steps": 900, "epoch": step // 45, "seconds_left": 75.0, **known, **what})


def test_step_loss_metric_pace_and_time_left_are_said() -> None:
    expected = "step 450/900, loss 0.25, held-out accuracy 96.1%, 9,000 steps/s, 1 min 15 s left"
    assert progress.words(at(450)) == expected
    assert "held-out" not in progress.words(at(3, metric=NAN))
    assert "held-out R² 0.961" in progress.words(at(450, metric_name="r2"))
    assert progress.words(at(900)).endswith("steps/s")
    assert "an unknown time left" in progress.words(at(0, seconds_left=float("inf")))


def test_a_log_gets_a_line_for_each_tenth_and_quiet_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.shown(quiet=False) as report:
        assert report is not None
        for step in range(1, 901):
            report(at(step))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[0].startswith("epoch 1/20, step 1/900")
    assert lines[-1].startswith("epoch 20/20, step 900/900")
    with progress.shown(quiet=True) as report:
        assert report is None


def test_a_terminal_gets_a_bar_that_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with progress.shown(quiet=False) as report:
        assert report is not None
        report(at(450))
    drawn = screen.getvalue()
    assert "epoch 11/20" in drawn
    assert "━" in drawn
    assert "held-out accuracy 96.1%" in drawn
    assert drawn.endswith(("\x1b[2K", "\n", "\x1b[?25h"))


def test_what_to_try_next_follows_from_the_run() -> None:
    class Ended:
        optimizer, failure, stopped, steps_per_epoch, epochs, name, seed = (
            optim.adam(0.01),
            None,
            None,
            10,
            8,
            "iris",
            3,
        )
        loss = tuple(1 / (1 + t) for t in range(80))
        metrics: dict[str, Any] = {"step": list(range(10, 90, 10)), "held_out_loss": [9, 5, 4, 5, 6, 7, 8, 9]}  # noqa: RUF012

    run: Any = Ended()
    assert summary.next_try(run, kept=True).startswith("--epochs 3:")
    run.metrics = {**run.metrics, "held_out_loss": [9, 8, 7, 6, 5, 4, 3, 2]}
    assert summary.next_try(run, kept=True).startswith("--epochs 16:")
    run.metrics = {**run.metrics, "held_out_loss": [9, 8, 7, 6, 5, 5, 5, 5]}
    assert summary.next_try(run, kept=False).startswith("--out out/iris")
    assert summary.next_try(run, kept=True).startswith("--seed 4")
    run.loss = (1.0,) * 80
    assert summary.next_try(run, kept=True).startswith("--lr 0.001 or --lr 0.1")
    run.failure = object()
    assert summary.next_try(run, kept=True).startswith("--lr 0.001,")
