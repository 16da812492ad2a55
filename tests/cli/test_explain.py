"""``downslope explain``: the derivations of ``run.at(step).explain(...)``, as text, LaTeX and JSON."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from downslope.cli import lines
from downslope.runs import Run

Call = Callable[..., Any]
Refused = Callable[..., str]
WEIGHT = "dense1.w[20, 2]"


def squeezed(text: str) -> str:
    """Without what depends on the width of the terminal."""
    return " ".join(text.split())


@pytest.mark.parametrize("asked", [WEIGHT, "dense1.w", "dense1", "activations.dense1.h[5, 2]", f"updates.{WEIGHT}"])
def test_what_is_printed_is_the_derivation_of_the_step(downslope: Call, run: Run, asked: str) -> None:
    done = downslope("explain", "digits-1", asked, "--step", 77)
    assert done.code == 0
    assert squeezed(done.out) == squeezed(str(run.at(77).explain(asked)))


def test_without_a_step_it_is_the_last_one(downslope: Call, run: Run) -> None:
    out = downslope("explain", "last", WEIGHT).out
    assert out == downslope("explain", "last", WEIGHT, "--step", "last").out
    assert out.startswith(f"dL/d{WEIGHT} = {run.at(130).grads['dense1.w'][20, 2]:.6g}")
    assert downslope("explain", "last", WEIGHT, "--step", "next").out.splitlines()[0].endswith("step 131, 32 rows")


@pytest.mark.parametrize(
    "words",
    [
        ["digits-1", "--step", "77", WEIGHT],
        [WEIGHT, "digits-1", "--step", "77"],
        ["--step", "77", "digits-1", "dense1.w[20,", "2]"],
        ["runs/digits-1.run", "dense1.w[20,2]", "--step", "77"],
    ],
)
def test_the_order_of_the_words_and_blanks_in_brackets_do_not_matter(
    downslope: Call, run: Run, words: list[str]
) -> None:
    assert downslope("explain", *words).out.startswith(f"dL/d{WEIGHT} = ")


def test_another_branch_is_opened(downslope: Call, run: Run) -> None:
    first = run.at(77).explain(WEIGHT)
    labels = [c.label for c in first.levels[0].contributions]
    other = next(label for k, label in enumerate(labels) if k != first.levels[0].taken)
    done = downslope("explain", "last", WEIGHT, "--step", 77, "--open", other)
    assert squeezed(done.out) == squeezed(str(first.open(other)))
    assert squeezed(done.out) != squeezed(str(first))


def test_depth_and_most_bound_what_is_shown_and_the_sum_stays_whole(downslope: Call, run: Run) -> None:
    done = downslope("explain", "last", WEIGHT, "--json", "--depth", 1, "--most", 2)
    (level,) = json.loads(done.out)["levels"]
    assert len(level["contributions"]) == 2
    assert level["others"] == 30
    parts = [c["value"] for c in level["contributions"]]
    assert sum(parts) + level["rest"] == pytest.approx(float(run.at(130).grads["dense1.w"][20, 2]), rel=1e-6)
    assert "ask with a larger --depth" in squeezed(downslope("explain", "last", WEIGHT, "--depth", 1).out)


def test_latex_is_printed_alone_and_stands_in_the_json(downslope: Call, run: Run) -> None:
    latex = downslope("explain", "last", WEIGHT, "--latex").out
    assert latex.startswith("\\begin{aligned}")
    assert latex.strip() == run.at(130).explain(WEIGHT).latex()
    found = json.loads(downslope("explain", "last", WEIGHT, "--json").out)
    assert found["formula"] == latex.strip()
    assert (found["step"], found["kind"], found["place"]) == (130, "gradient", [20, 2])


def test_numbers_that_are_not_finite_are_explained_and_are_words_in_json(
    downslope: Call, run: Run, recorded: Path
) -> None:
    run.fork(at=20, edit={"dense2.b": np.array([np.nan, *[0.0] * 9])}, record=recorded.with_name("sick.run"))
    words = ("explain", "sick", "dense2.b[3]", "--step", "next")
    assert "nan" in downslope(*words).out.splitlines()[0]
    assert json.loads(downslope(*words, "--json").out)["value"] == "NaN"


# --- what can be asked ------------------------------------------------------------------------------------------------


def test_without_words_every_example_that_is_shown_works(downslope: Call, run: Run) -> None:
    out = downslope("explain", "last").out
    examples = [shlex.split(line)[:4] for line in out.splitlines() if line.startswith("  downslope explain ")]
    assert len(examples) == 6
    for words in examples:
        assert downslope(*words[1:]).code == 0
    assert {example[3] for example in examples} == set(
        json.loads(downslope("explain", "last", "--json").out)["examples"]
    )


def test_without_words_the_parameters_values_and_layers_of_the_run_are_listed(downslope: Call, run: Run) -> None:
    found = json.loads(downslope("explain", "last", "--json").out)
    assert found["parameters"] == {name: list(array.shape) for name, array in run.at(130).params.items()}
    assert found["layers"] == ["dense1", "dense2"]
    out = downslope("explain", "last").out
    for name in (*found["parameters"], *found["values"]):
        assert re.search(rf"^  {re.escape(name)} ", out, flags=re.MULTILINE)


# --- a terminal -------------------------------------------------------------------------------------------------------


def test_colours_are_for_a_terminal_only(downslope: Call, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = downslope("explain", "last", WEIGHT).out
    assert "\x1b" not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured = downslope("explain", "last", WEIGHT).out
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


@pytest.mark.parametrize("columns", [48, 80, 100])
def test_lines_fit_the_terminal(downslope: Call, run: Run, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = downslope("explain", "last", WEIGHT).out
    assert max(map(len, out.splitlines())) <= columns
    assert squeezed(out) == squeezed(str(run.at(130).explain(WEIGHT)))


def test_a_line_is_broken_at_blanks_only_and_loses_nothing() -> None:
    line = "      row 12   -0.5 · 0.25  =  -0.125   seven taken for one"
    pieces = lines.wrapped(line, 30)
    assert "".join(pieces).replace(" ", "") == line.replace(" ", "")
    assert all(piece.startswith("      ") for piece in pieces)
    assert lines.wrapped("", 30) == [""]


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words", "told"),
    [
        ("cli-run-unknown", ["digits-2", WEIGHT], "digits-1"),
        ("run-step", ["last", WEIGHT, "--step", 132], "130"),
        ("run-step", ["last", WEIGHT, "--step", "tomorrow"], "where: --step"),
        ("explain-name", ["last", "dense9.w[1, 2]"], "Did you mean 'dense2.w'?"),
        ("explain-name", ["last", "weights"], "the words weights"),
        ("explain-place", ["last", "dense1.w[64, 0]"], "[63, 7]"),
        ("explain-place", ["last", "dense1.w[1]"], "(64, 8)"),
        ("explain-place", ["last", "dense1.w[a, b]"], "whole number"),
        ("explain-open", ["last", WEIGHT, "--open", "row -1"], "--open 'row -1'"),
        ("cli-open", ["last", "dense1", "--open", "row 1"], "one entry of a gradient"),
        ("cli-open", ["last", f"updates.{WEIGHT}", "--open", "row 1"], "--open 'row 1'"),
        ("cli-usage", ["last", WEIGHT, "--depth", 0], "depth"),
        ("cli-usage", ["last", WEIGHT, "--most", "many"], "most"),
        ("cli-usage", [], "explain --help"),
    ],
)
def test_what_is_not_there_is_refused(
    refused: Refused, recorded: Path, code: str, words: list[object], told: str
) -> None:
    assert told in refused(code, "explain", *words)
