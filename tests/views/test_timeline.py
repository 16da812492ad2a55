"""The time line of a run, and curves of runs that are too long to be read whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope import data, nn, optim
from downslope.runs import load, scalars, train
from downslope.runs.file import RunFile
from downslope.views import Payload, loss_curve, timeline_view
from downslope.views.stretches import LONG, merged
from downslope.views.text import text

NAN, INF = float("nan"), float("inf")


def made(steps: int = 40, **more: Any) -> Any:
    """A short run on moons."""
    return train(
        nn.mlp([2, 4, 2]), data.moons(), optimizer=more.pop("optimizer", optim.adam(0.01)), steps=steps, **more
    )


def track(view: Any, name: str) -> Any:
    """The track of this name."""
    return next(track for track in view.tracks if track.name == name)


def test_of_a_short_run_every_step_is_there() -> None:
    run = made()
    view = timeline_view(run)
    assert [track.name for track in view.tracks] == ["loss", "grad_norm", "lr", "accuracy"]
    loss = track(view, "loss")
    assert loss.first == loss.last == tuple(range(1, 41))
    assert loss.low == loss.mean == loss.high == tuple(run.loss.tolist())
    accuracy = track(view, "accuracy")
    assert accuracy.first == tuple(run.metrics["step"])
    assert accuracy.mean == tuple(run.metrics["accuracy"])
    assert {0, 40} <= set(view.snapshots)
    assert view.events == ()
    assert msgspec.json.decode(msgspec.json.encode(view), type=Payload) == view


def test_notes_forks_and_what_ended_the_run_are_told_at_their_steps(tmp_path: Path) -> None:
    run = made(record=tmp_path / "a.run", stop_when="t >= 30")
    run.note("strange", step=12)
    fork = run.fork(at=20, lr=0.5, record=tmp_path / "b.run").train(5)
    events = [(event.kind, event.step) for event in timeline_view(run).events]
    assert events == [("note", 12), ("fork", 20), ("stopped", 30)]
    ours = timeline_view(fork)
    assert [(event.kind, event.step) for event in ours.events] == [("note", 12), ("fork", 20)]
    assert "lr 0.01 -> 0.5" in ours.events[-1].text
    assert "fork: step 20:" in text(ours)


def test_the_node_that_failed_is_the_last_event() -> None:
    run = train(nn.mlp([64, 8, 10]), data.digits(), optimizer=optim.gradient_descent(1e30), steps=9)
    view = timeline_view(run)
    assert view.events[-1].kind == "failure"
    assert view.events[-1].step == run.failure.step == view.n_steps + 1  # type: ignore[union-attr]  # it failed


# --- stretches --------------------------------------------------------------------------------------------------------


@given(
    values=st.lists(st.floats(-1e100, 1e100) | st.sampled_from([NAN, INF]), min_size=1, max_size=200),
    most=st.integers(1, 40),
)
def test_merged_stretches_keep_extremes_means_and_what_is_not_finite(values: list[float], most: int) -> None:
    column = np.array(values)
    bad = (~np.isfinite(column)).astype(int)
    sound = np.where(bad == 0, column, NAN)
    steps = np.arange(1, len(column) + 1)
    found = merged(steps, np.ones_like(steps), sound, sound, sound, bad, most)
    assert len(found) <= max(most, 1)
    assert (found.first[0], found.last[-1]) == (1, len(column))
    np.testing.assert_array_equal(found.first[1:], found.last[:-1] + 1)
    for k, (first, last) in enumerate(zip(found.first, found.last, strict=True)):
        part = column[first - 1 : last]
        part, lost = part[np.isfinite(part)], int((~np.isfinite(part)).sum())
        assert found.bad[k] == lost
        wanted = [part.min(), part.mean(), part.max()] if len(part) else [NAN] * 3
        size = np.abs(part).max(initial=1.0)
        np.testing.assert_allclose([found.low[k], found.mean[k], found.high[k]], wanted, rtol=1e-12, atol=1e-12 * size)


# --- very long runs ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A file that says that 250,000 steps were taken, with one spike among them."""
    path = tmp_path_factory.mktemp("long") / "long.run"
    run, n = made(10, record=path), 250_000
    loss = np.linspace(2.0, 1.0, n)
    loss[123_456] = 77.0
    columns = {"loss": loss, "grad_norm": loss, "lr": np.full(n, 0.01), "seconds": np.full(n, 1e-6)}
    with run.file.writing():
        scalars.write(run.file, 0, columns)
        run.file.set_meta("extent", {**run.file.meta("extent"), "steps": n})
        run.file.set_meta("until", n)
    run.file.close()
    return load(path)


def test_a_very_long_run_is_drawn_without_reading_its_steps(long_run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert long_run.steps > LONG
    asked: list[str] = []
    rows = RunFile.rows

    def watched(self: RunFile, table: str, *rest: Any) -> Any:
        asked.append(table)
        return rows(self, table, *rest)

    monkeypatch.setattr(RunFile, "rows", watched)
    curve, line = loss_curve(long_run), timeline_view(long_run)
    assert "summaries" in asked
    assert "chunks" not in asked
    assert "loss" not in vars(long_run)
    assert (curve.n_steps, line.n_steps) == (250_000, 250_000)
    assert len(curve.steps) < 1200


def test_its_curve_keeps_the_spike_and_its_means_are_those_of_the_steps(long_run: Any) -> None:
    curve = loss_curve(long_run)
    highest = max(range(len(curve.loss)), key=lambda k: curve.loss[k] or 0)
    assert curve.loss[highest] == 77.0
    assert abs(curve.steps[highest] - 123_457) <= 1024
    assert (curve.smoothed_by, curve.window) == ("mean", 1024)
    wanted = long_run.series("loss", 1, 1024).mean()
    assert curve.smoothed[0] == pytest.approx(wanted, rel=1e-12)
    assert "mean of 1024 steps" in text(curve)
    loss = track(timeline_view(long_run), "loss")
    assert max(value for value in loss.high if value is not None) == 77.0
    assert loss.last[-1] == 250_000
