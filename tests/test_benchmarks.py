"""The benchmarks still run, and every contender still trains the same thing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.__main__ import main


@pytest.mark.slow
def test_the_smoke_form_measures_every_promise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures.json"
    found = main(["--smoke", "--json", str(file)])
    assert json.loads(file.read_text()) == found == json.loads(capsys.readouterr().out)
    assert found["step S"]["in place / by hand"] > 0
    assert {"step S", "build M", "chain", "import"} <= set(found)
