"""A run in memory is saved to a file with all that it knows; remarks stay with their steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.runs.small import trained

import downslope as ds
from downslope.errors import RunFileError


def test_a_saved_run_is_the_run(tmp_path: Path) -> None:
    run = trained(40)
    run.note("the loss falls quickly here", step=7)
    run.ask("weight_norm", every=10)
    run.save(tmp_path / "kept.run")
    again = ds.load(tmp_path / "kept.run")
    np.testing.assert_array_equal(again.loss, run.loss)
    np.testing.assert_array_equal(again.at(23).params["dense1.w"], run.at(23).params["dense1.w"])
    assert again.notes == [(7, "the loss falls quickly here")]
    assert again.metric == run.metric
    longer, direct = again.train(20), trained(60)
    np.testing.assert_array_equal(longer.loss, direct.loss)


def test_no_file_is_ever_overwritten(tmp_path: Path) -> None:
    (tmp_path / "there.run").write_text("mine")
    with pytest.raises(RunFileError, match="run-file-exists"):
        trained(5).save(tmp_path / "there.run")
    with pytest.raises(RunFileError, match="run-file-exists"):
        trained(5, record=tmp_path / "there.run")
    assert (tmp_path / "there.run").read_text() == "mine"


def test_remarks_have_a_step_or_none_and_keep_their_order() -> None:
    run = trained(5)
    run.note("first")
    run.note("second", step=3)
    assert run.notes == [(None, "first"), (3, "second")]
    assert run.fork(at=3).notes == [(None, "first")]
