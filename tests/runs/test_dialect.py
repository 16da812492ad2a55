"""A run whose steps are machine code: the same numbers to rounding, and its own to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.runs.small import moons, trained

import downslope as ds
from downslope.autodiff.compile import machine
from downslope.errors import SettingError
from downslope.runs.walk import fingerprint

pytestmark = pytest.mark.skipif(machine.available() is not None, reason="no machine code on this CPU")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": ds.optim.clip_by_norm(ds.optim.momentum(0.1), 0.5)},
        {"batch_size": None},
        {"batch_size": 7, "dtype": np.float64},
    ],
    ids=["adam", "clipped", "all rows", "odd float64"],
)
def test_both_dialects_take_the_same_steps_to_rounding(changes: dict[str, Any]) -> None:
    one, two = trained(40, **changes), trained(40, dialect="machine", **changes)
    rtol = 1e-9 if one.task.dtype == np.float64 else 2e-3
    np.testing.assert_allclose(two.loss, one.loss, rtol=rtol)
    assert two.segment.dialect == "machine"
    assert "machine code" in str(two)


def test_machine_code_is_replayed_and_continued_to_the_last_bit(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    long = trained(60, dialect="machine")
    pieces = trained(23, dialect="machine", record=path).train(18)
    again = ds.load(path).train(19)
    assert pieces.steps == 41
    np.testing.assert_array_equal(again.loss, long.loss)
    assert fingerprint(again.carried) == fingerprint(long.carried)
    for t in (47, 3, 60, 31):
        assert fingerprint(again.history.replay.before(t)) == fingerprint(long.history.replay.before(t))
    assert again.history.replay.difference is None


def test_a_fork_keeps_the_dialect_of_its_parent() -> None:
    run = trained(40, dialect="machine")
    fork = run.fork(at=21).train(20)
    assert fork.segment.dialect == "machine"
    np.testing.assert_array_equal(fork.loss, run.loss)


def test_dropout_drops_the_same_and_running_statistics_run_alike() -> None:
    nn = ds.nn
    net = nn.Model((2,), (nn.dense(8), nn.batch_norm(), nn.activate("relu"), nn.dropout(0.3), nn.dense(2)))
    settings: dict[str, Any] = {
        "optimizer": ds.optim.adam(0.01), "steps": 12, "batch_size": 16, "dtype": np.float64
    }  # fmt: skip
    one, two = (ds.train(net, moons(), dialect=dialect, **settings) for dialect in ("in place", "machine"))
    np.testing.assert_allclose(two.loss, one.loss, rtol=1e-9)
    np.testing.assert_allclose(two.output(moons().held_out.x), one.output(moons().held_out.x), rtol=1e-8)


def test_a_failure_is_found_and_named_as_in_place() -> None:
    data = ds.data.diabetes()
    settings: dict[str, Any] = {"optimizer": ds.optim.gradient_descent(20.0), "steps": 300}
    net = ds.nn.mlp([data.train.x.shape[1], 4, 1])
    one, two = (ds.train(net, data, dialect=dialect, **settings) for dialect in ("in place", "machine"))
    assert one.failure is not None
    assert two.failure is not None
    assert abs(one.failure.step - two.failure.step) <= 1
    assert one.failure.operation == two.failure.operation


def test_a_breakpoint_stops_machine_code_at_the_step() -> None:
    run = trained(60, dialect="machine")
    bound = float(np.median(run.loss[20:]))
    stopped = trained(60, dialect="machine", stop_when=f"t > 20 and loss < {bound!r}")
    assert stopped.steps == int(np.flatnonzero((run.loss < bound) & (np.arange(60) >= 20))[0]) + 1
    assert fingerprint(stopped.carried) == fingerprint(run.history.replay.after(stopped.steps))


def test_what_has_no_machine_code_stays_in_place_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    newton = trained(3, optimizer=ds.optim.newton(), batch_size=None, dialect="machine", dtype=np.float64)
    assert "line search" in str(newton)
    monkeypatch.setattr(machine, "available", lambda: "llvmlite is not installed")
    run = trained(10, dialect="machine")
    assert "llvmlite is not installed" in str(run)
    np.testing.assert_array_equal(run.loss, trained(10).loss)


def test_the_program_of_a_step_is_printed_in_every_dialect(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained(5)
    before = fingerprint(run.carried)
    plain, in_place, compiled = (str(run.program(dialect)) for dialect in ("plain", "in place", "machine"))
    assert "dense1" in plain
    assert "buffers" in in_place
    assert compiled.startswith("# schedule")
    assert (
        compiled.index("# schedule") < compiled.index("# memory") < compiled.index("# code") < compiled.index("define")
    )
    assert fingerprint(run.carried) == before
    with pytest.raises(SettingError, match="unknown-dialect"):
        run.program("C")
    newton = trained(2, optimizer=ds.optim.newton(), batch_size=None, dtype=np.float64)
    with pytest.raises(SettingError, match="no-machine-code"):
        newton.program("machine")


def test_another_dialect_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="train-dialect"):
        trained(10, dialect="mashine", record=tmp_path / "a.run")
    assert not list(tmp_path.iterdir())
