"""``downslope report``: one file, beside the run's name, that says how large it is and what was derived."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from downslope.lab import front_end

Call = Callable[..., Any]
Refused = Callable[..., str]
pytestmark = pytest.mark.skipif(not front_end.is_built(), reason="the front end has not been built: `make web`")


def test_a_report_is_a_file_of_the_runs_name_and_is_replaced_only_when_asked(
    downslope: Call, refused: Refused, recorded: Path, here: Path
) -> None:
    said = downslope("report", "last", "--steps", "2", "--number", "dense2.b[0]").out
    assert "Written to digits-1.html" in said
    page = (here / "digits-1.html").read_text(encoding="utf-8")
    data = msgspec.json.decode(gzip.decompress(base64.b64decode(re.findall(r'id="downslope-data">([^<]*)<', page)[0])))
    assert data["selections"] == ["dense2.b[0]"]
    assert len(data["steps"]) == 2
    assert "--force" in refused("report-exists", "report", "last", "--steps", "2")
    assert downslope("report", "last", "--steps", "2", "--force", "--quiet").out == ""


def test_an_unknown_run_and_a_place_that_cannot_be_written_are_said(
    refused: Refused, recorded: Path, here: Path
) -> None:
    refused("cli-run-unknown", "report", "digits-9")
    refused("report-write", "report", "last", "--steps", "2", "--out", "nowhere/x.html")
