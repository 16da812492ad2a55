"""``downslope where``: every name is found, its place is its definition, and what it says is what the entry says."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from downslope.autodiff.primitive import TABLE
from downslope.cli import docstrings, entries, error_codes, where
from downslope.cli.entries import Entry
from downslope.explain.mistakes.table import MISTAKES

ROOT = Path(__file__).resolve().parents[2]


@cache
def known() -> list[Entry]:
    """Every entry and every code, read when the first test asks: the whole source is read for it."""
    return entries.everything()


def named() -> list[Entry]:
    return [entry for entry in known() if entry.kind != "error"]


def test_the_tables_of_the_rooms_are_found_by_themselves() -> None:
    found = entries.tables()
    assert {"autodiff.TABLE", "optim.OPTIMIZERS", "nn.ACTIVATIONS", "nn.LOSSES", "nn.INITIALISERS"} <= set(found)
    assert {"data.EMBEDDED", "data.SYNTHETIC", "data.CORRUPTIONS", "surfaces.SURFACES"} <= set(found)
    assert {"instruments.INSTRUMENTS", "explain.MISTAKES", "exercises.EXERCISES"} <= set(found)


def test_every_word_of_every_table_is_found() -> None:
    for name, table in entries.tables().items():
        for word, thing in table.items():
            assert any(entry.object is thing for entry in entries.find(word, known())), f"{word} of {name}"


def test_nothing_is_listed_twice() -> None:
    things = [(entry.kind, entry.id) for entry in known()]
    assert len(things) == len(set(things))


# Each a single test: a fixture of this folder, made for each of hundreds of entries, costs more than looking at them.
def test_the_place_of_an_entry_is_its_definition() -> None:
    def is_defined_there(entry: Entry) -> bool:
        line = entry.file.read_text(encoding="utf-8").splitlines()[entry.line - 1]
        return bool(re.search(rf"def {entry.id}\b|class {entry.id}\b|[\"']{entry.id}[\"']", line))

    assert [f"{entry.table}: {entry.id} at {entry.place}" for entry in named() if not is_defined_there(entry)] == []


def test_an_entry_says_what_it_is() -> None:
    for entry in named():
        assert entry.sentence or entry.formula, f"{entry.table}: {entry.id}"
        shown = where.text(entry)
        assert "``" not in shown.partition("  call ")[0]
        assert shown.startswith(f"{entry.id}: {entry.kind}")
        assert entry.place in shown


def test_every_error_code_is_found_at_a_line_that_raises_it() -> None:
    codes = error_codes.places(ROOT / "src" / "downslope")
    assert {entry.id for entry in known() if entry.kind == "error"} == set(codes)
    for code, (file, line) in codes.items():
        nearby = "\n".join(file.read_text(encoding="utf-8").splitlines()[line - 1 : line + 6])
        assert f'"{code}"' in nearby, f"{code}: {file.name}:{line}"


def test_the_codes_are_those_that_the_pages_are_checked_by() -> None:
    spec = importlib.util.spec_from_file_location("project", ROOT / "tests" / "test_project.py")
    assert spec is not None
    assert spec.loader is not None
    project = importlib.util.module_from_spec(spec)
    # The dataclasses of the module look it up while they are made.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(importlib.import_module("sys").modules, "project", project)
        spec.loader.exec_module(project)
    assert set(error_codes.places(ROOT / "src" / "downslope")) == set(project.codes_of_the_source().found)


# --- what a primitive says --------------------------------------------------------------------------------------------


def test_the_derivative_is_the_entrys_own_rule_traced() -> None:
    (entry,) = [e for e in entries.find("tanh", known()) if e.kind == "primitive"]
    assert entry.faces.rule == ("out = np.tanh(x)", "g_x = g * (1 - out ** 2)")
    (entry,) = entries.find("matmul", known())
    assert entry.faces.rule == ("g_x = g @ y.T", "g_y = x.T @ g")
    (entry,) = entries.find("subtract", known())
    assert entry.faces.rule == ("g_x = g", "g_y = -g")


def test_a_primitive_without_a_derivative_says_so() -> None:
    (entry,) = entries.find("argmax", known())
    assert entry.faces.rule == ("none: asking for it is an error",)
    (entry,) = entries.find("floor", known())
    assert entry.faces.rule == ("0 almost everywhere, and taken as 0",)


@pytest.mark.parametrize("name", [name for name, entry in TABLE.items() if not entry.internal])
def test_every_primitive_shows_how_it_is_written_and_what_it_costs(name: str) -> None:
    (entry,) = [e for e in entries.find(name, known()) if e.kind == "primitive"]
    assert entry.faces.call
    assert entry.faces.cost
    assert entry.faces.rule
    rule = TABLE[name].vjp is not None
    assert any(line.startswith("g_") for line in entry.faces.rule) == rule or TABLE[name].derivative == "stopped"


# --- what a mistake says ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MISTAKES)
def test_every_mistake_shows_the_line_that_it_breaks_and_an_example_in_which_it_is_found(name: str) -> None:
    (entry,) = [e for e in entries.find(name, known()) if e.kind == "mistake"]
    assert entry.facts["chain rule"] == MISTAKES[name].rule
    function, check, *verdict = re.split(r"^(?=>>> print|wrong: )", entry.example, flags=re.MULTILINE)
    assert function.startswith(">>> def ")
    assert check.startswith(">>> print(check_gradients(")
    assert len(verdict) == 1
    assert "the mistake" in verdict[0]
    assert "Any" not in function


# --- what a docstring says --------------------------------------------------------------------------------------------


def test_a_docstring_is_read_by_its_fixed_words() -> None:
    doc = docstrings.read(
        """v ← beta · v + g;  p ← p − lr · v, where g = dL/dp. Also found as ``ball``.

        It rolls. lr: learning rate, above 0. beta: decay, in [0, 1). State: v. Errors: SettingError ``optimizer-rate``.

        Source: B. Polyak, "Some methods", 1964; G. Goh, 2017.
        Differs from PyTorch in nothing. Differs from Polyak in that lr is outside.

        Two steps:

        >>> 1 + 1
        2
        """,
        ["lr", "beta"],
    )
    assert doc.formula == ("v ← beta · v + g", "p ← p − lr · v, where g = dL/dp")
    assert doc.settings == (("lr", "learning rate, above 0."), ("beta", "decay, in [0, 1)."))
    assert doc.state == "v."
    assert doc.errors == "SettingError ``optimizer-rate``."
    assert doc.source == 'B. Polyak, "Some methods", 1964; G. Goh, 2017.'
    assert doc.differs == ("from PyTorch in nothing.", "from Polyak in that lr is outside.")
    assert doc.text == ("It rolls.",)
    assert doc.example == "Two steps:\n\n>>> 1 + 1\n2"


def test_a_sentence_with_an_equals_sign_is_no_formula() -> None:
    doc = docstrings.read("h = max(z, 0). At z = 0 the derivative is taken as 0.")
    assert doc.formula == ("h = max(z, 0)",)
    assert doc.text == ("At z = 0 the derivative is taken as 0.",)


def test_a_formula_may_stand_behind_its_sentence() -> None:
    doc = docstrings.read("A fully connected layer: z = x @ w + b, h = activation(z).")
    assert doc.sentence.startswith("A fully connected layer")
    assert doc.formula == ("z = x @ w + b, h = activation(z)",)


# --- the command ------------------------------------------------------------------------------------------------------

Call = Callable[..., Any]


def test_adam_is_shown_with_formula_source_differences_and_file(downslope: Call) -> None:
    result = downslope("where", "adam")
    assert result.code == 0
    for part in ("m ← beta1·m", "Kingma", "torch.optim.Adam", "src/downslope/optim/adam.py:", "tests/optim/"):
        assert part in result.out


def test_several_matches_are_all_listed(downslope: Call) -> None:
    result = downslope("where", "tanh")
    assert "tanh: primitive" in result.out
    assert "tanh: activation" in result.out
    assert "tanh: primitive" not in downslope("where", "nn.tanh").out


def test_an_alias_leads_to_its_entry_and_a_part_of_a_name_to_hints(downslope: Call) -> None:
    assert downslope("where", "sgd").out.startswith("gradient_descent: optimizer, also sgd")
    assert "See also: softmax_cross_entropy (loss)" in downslope("where", "softmax").out


@pytest.mark.parametrize("word", ["Softmax Cross-Entropy", "softmax_cross_entropy", "nn.softmax_cross_entropy"])
def test_a_name_may_be_spelled_in_several_ways(word: str, downslope: Call) -> None:
    assert downslope("where", word).out.startswith("softmax_cross_entropy: loss")


def test_json_holds_the_same_parts(downslope: Call) -> None:
    (found,) = json.loads(downslope("where", "moons", "--json").out)
    assert found["kind"] == "data set"
    assert Path(found["file"]).name == "synthetic.py"
    assert found["sentence"]


def test_an_unknown_name_gets_the_nearest_one(refused: Call) -> None:
    assert "Did you mean 'adam'?" in refused("unknown-name", "where", "adamm")


def test_a_name_like_nothing_at_all_is_told_where_all_names_are(refused: Call) -> None:
    assert "`make docs`" in refused("unknown-name", "where", "qqqqqqqqq")
