"""The course as it is committed: in the order of a run, light, captioned, and with no number of which no cell tells.

That every notebook runs is nbmake's part: `make test` collects the notebooks themselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import pytest

from downslope.exercises import EXERCISES

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "Backpropagation_and_GradientDescent.ipynb"
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ALL = [MAIN, *CHAPTERS]
MOST_BYTES = 4_000_000  # of the main notebook, so that a web page shows it

Cell = dict[str, Any]


def cells(path: Path, kind: str = "") -> list[Cell]:
    """The cells of a notebook, of one kind or all."""
    return [c for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if kind in ("", c["cell_type"])]


def source(cell: Cell) -> str:
    return "".join(cell["source"])


def texts(cell: Cell) -> Iterator[str]:
    """Everything that the outputs of a cell say in words."""
    for output in cell.get("outputs", ()):
        yield "".join(output.get("text", ""))
        for kind, data in output.get("data", {}).items():
            if kind.startswith("text/"):
                yield "".join(data)


def prose(path: Path) -> str:
    """The text of the markdown cells, without code, links and the words for pictures, which another test compares."""
    text = "\n\n".join(source(cell) for cell in cells(path, "markdown"))
    text = re.sub(r"<img [^>]*>|```.*?```|`[^`]*`|\]\([^)]*\)", " ", text, flags=re.DOTALL)
    text = re.sub(r"https?://\S+|(?:arXiv|doi):?\s*\S+", " ", text)
    return text.replace("−", "-")


def images(cell: Cell) -> list[dict[str, Any]]:
    """The pictures among the outputs of a cell."""
    found = [output for output in cell["outputs"] if "data" in output]
    return [output for output in found if any(kind.startswith("image/") for kind in output["data"])]


def test_the_main_notebook_was_run_from_top_to_bottom_and_nothing_failed() -> None:
    run = [cell for cell in cells(MAIN, "code") if source(cell).strip()]
    assert [cell["execution_count"] for cell in run] == list(range(1, len(run) + 1))
    assert [output for cell in run for output in cell["outputs"] if output["output_type"] == "error"] == []
    streams = [output for cell in run for output in cell["outputs"] if output.get("name") == "stderr"]
    assert streams == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_holds_no_outputs(path: Path) -> None:
    assert [cell for cell in cells(path, "code") if cell["outputs"] or cell["execution_count"]] == []


def test_the_main_notebook_is_light_enough_for_a_web_page() -> None:
    assert MAIN.stat().st_size <= MOST_BYTES


def test_every_number_with_a_decimal_point_in_the_prose_is_told_by_a_cell() -> None:
    outputs = "\n".join(text for cell in cells(MAIN, "code") for text in texts(cell))
    told = set(re.findall(r"(?<![\d.])\d+\.\d+", outputs))
    text = prose(MAIN)
    sections = re.findall(r"^## (\d+\.\d+) ", text, re.MULTILINE)
    quoted = re.findall(r"(?<![\w.])\d+\.\d+(?![\w.]*\d)", text)
    assert [number for number in quoted if number not in told and number not in sections] == []


def test_every_picture_has_a_caption_and_words_for_those_who_do_not_see_it() -> None:
    seen = []
    for cell in cells(MAIN, "code"):
        for output in images(cell):
            assert len(output["metadata"]["image/png"]["alt"].split()) >= 8
        captions = [found for text in texts(cell) for found in re.findall(r"\*\*Figure (\d+\.\d+)\.\*\*", text)]
        if "ds.plot.picture(" in source(cell):
            assert len(set(captions)) == len(images(cell)) == 1, source(cell)
        seen += sorted(set(captions))
    assert len(seen) == len(set(seen)) >= 20


def test_interactive_views_leave_a_picture_and_no_dead_widget() -> None:
    interactive = [cell for cell in cells(MAIN, "code") if re.search(r"^(ds\.show\(|run$)", source(cell), re.MULTILINE)]
    assert len(interactive) >= 4
    for cell in interactive:
        assert len(images(cell)) == 1
        assert not [o for o in cell["outputs"] if "application/vnd.jupyter.widget-view+json" in o.get("data", {})]


def test_twenty_exercises_and_each_is_checked_where_it_is_asked() -> None:
    asked: list[str] = []
    for cell in cells(MAIN, "code"):
        asked += re.findall(r"ds\.exercise\(\"([\w-]+)\"", source(cell))
    assert len(set(asked)) == len(asked) >= 20
    assert set(asked) <= set(EXERCISES)
    checks = sum(source(cell).count(".check(") for cell in cells(MAIN, "code"))
    assert checks >= len(asked)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_no_notebook_knows_the_machine_on_which_it_was_made(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(?:tmp|root|home|work)/\w", text)
    names = json.loads(text)["metadata"]
    assert set(names) <= {"kernelspec", "language_info"}


@pytest.mark.parametrize("name", ["gradient-descent-steps", "backpropagation-flow"])
def test_the_two_pictures_of_the_outline_are_shown_first_with_their_words(name: str) -> None:
    words = re.findall(rf"\({name}\.svg\)\n\n(.+)", (ROOT / "images" / "README.md").read_text(encoding="utf-8"))[0]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"![{words}](images/{name}.svg)" in readme[:4000]
    first = source(cells(MAIN)[0])
    assert f'<img src="images/{name}.svg" alt="{escape(words)}"' in first
    for ending in (".svg", ".avif", "-animated.avif"):
        assert (ROOT / "images" / f"{name}{ending}").is_file()


def test_the_outline_that_was_asked_for_is_there() -> None:
    text = prose(MAIN)
    for wanted in (
        *("Gradient descent", "Backpropagation", "Advantages", "Limitations", "Resources"),
        *("Data quality", "ong training duration", "atrix-based complexity", "PyTorch", "Keras"),
        *("DataCamp", "GeeksforGeeks", "Xenoss", "Cauchy", "Robbins", "Polyak", "Linnainmaa", "Nesterov", "Rumelhart"),
    ):
        assert wanted.lower() in text.lower(), wanted
