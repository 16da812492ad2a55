"""``downslope export``: what other tools read is what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from downslope.runs import Run

Call = Callable[..., Any]
Refused = Callable[..., str]


def test_parquet_has_a_row_for_each_step_and_is_replaced_only_when_asked(
    downslope: Call, refused: Refused, run: Run, here: Path
) -> None:
    assert "Written to digits-1.parquet: 130 steps." in downslope("export", "last", "--to", "parquet").out
    found = pl.read_parquet(here / "digits-1.parquet")
    np.testing.assert_array_equal(found["loss"].to_numpy(), run.loss)
    assert "--force" in refused("export-exists", "export", "last", "--to", "parquet")
    assert downslope("export", "last", "--to", "parquet", "--force", "--quiet").out == ""
    refused("export-write", "export", "last", "--to", "parquet", "--out", "nowhere/x.parquet")


def test_tensorboard_gets_a_directory_of_its_own(downslope: Call, recorded: Path, here: Path) -> None:
    pytest.importorskip("tensorboard")
    assert downslope("export", "last", "--to", "tensorboard").code == 0
    assert list((here / "digits-1-tensorboard").glob("*tfevents*"))


def test_an_unknown_format_gets_the_nearest(refused: Refused, recorded: Path) -> None:
    assert "'tensorboard'" in refused("cli-format", "export", "last", "--to", "tensorbord")
    assert "--to" in refused("cli-usage", "export", "last")
