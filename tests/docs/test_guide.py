"""The guide's code runs, cell after cell, as it stands on the page."""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from downslope.cli import main

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide.md"


def outputs(page: str) -> list[str]:
    """What each code cell prints. A line ``!downslope ...`` is a command."""
    names: dict[str, Any] = {}
    printed = []
    cells = re.findall(r"^```\{code-cell\}\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    for i, cell in enumerate(cells):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            if cell.startswith("!downslope "):
                with pytest.raises(SystemExit) as left:
                    main(shlex.split(cell)[1:])
                assert not left.value.code
            else:
                # As a notebook does it: a program quotes the lines that it goes back through.
                name = f"guide.md cell {i}"
                linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
                exec(compile(cell, name, "exec"), names)
        printed.append(out.getvalue())
    return printed


def test_every_cell_of_the_guide_runs_and_prints_what_its_text_says() -> None:
    value, program, cost, check, trained, again, step, number, layer, asked, found, forked, where = outputs(
        PAGE.read_text(encoding="utf-8")
    )
    assert len(value.splitlines()) == 2
    assert "# back through h = np.tanh(x @ params" in program
    assert "FLOPs" in cost
    assert check.startswith("wrong: ")
    assert "w1, b1: the derivative of h is left out" in check
    assert 'h = np.tanh(x @ params["w1"] + params["b1"])' in check
    assert "accuracy" in trained
    assert float(re.findall(r"([\d.]+)%", trained)[0]) > 95
    assert again == "True\n"
    gradient = float(step.splitlines()[1])
    assert float(number.split("dL/ddense1.w[1, 3] = ")[1].split()[0]) == pytest.approx(gradient, rel=1e-5)
    assert "change of dense1.w[1, 3]" in number
    assert "so the input is transposed" in " ".join(layer.split())
    assert "saturation" in asked
    assert all(map(int, found.splitlines()[0].split()))
    assert forked
    assert "logaddexp.py" in where or "exponential.py" in where
