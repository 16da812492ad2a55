"""Pictures: drawn into the Axes that is given, the same bytes every time, honest about what cannot be drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from downslope import surfaces
from downslope.optim import adam, gradient_descent
from downslope.views import (
    Payload,
    confusion,
    descent_view,
    loss_curve,
    race_view,
    residuals,
    surface_view,
)
from downslope.views.plot import draw, save

MakeRun = Callable[..., Any]
NAN = float("nan")
RUNS = ["loss", "short", "one step", "nan", "all nan", "two", "thirty", "residuals", "no residuals"]
DESCENTS = ["surface", "descent", "race"]


@pytest.fixture(params=RUNS + DESCENTS)
def payload(request: pytest.FixtureRequest, with_loss: MakeRun, classified: MakeRun, measured: MakeRun) -> Payload:
    held = {"step": [300, 600], "held_out_loss": [1.0, 0.5]}
    thirty = np.arange(60) % 30
    made: dict[str, Callable[[], Payload]] = {
        "loss": lambda: loss_curve(with_loss(np.geomspace(2, 0.01, 600), metrics=held)),
        "short": lambda: loss_curve(with_loss([3.0, 2.0, 2.5])),
        "one step": lambda: loss_curve(with_loss([3.0])),
        "nan": lambda: loss_curve(with_loss([1.0, 1e9, NAN], stopped="not finite at step 3")),
        "all nan": lambda: loss_curve(with_loss([NAN, NAN])),
        "two": lambda: confusion(classified([0, 1, 1], [0, 1, 0], 2)),
        "thirty": lambda: confusion(
            classified(thirty, thirty[::-1], 30, [f"a species with number {k}" for k in range(30)])
        ),
        "residuals": lambda: residuals(measured([1.0, 2.0, 3.0], [1.0, 2.5, NAN])),
        "no residuals": lambda: residuals(measured([1.0], [NAN])),
        "surface": lambda: surface_view(surfaces.by_name("himmelblau")),
        "descent": lambda: descent_view(surfaces.descend("bowl", adam(0.1), steps=9)),
        "race": lambda: race_view(surfaces.race("bowl", [adam(0.1), gradient_descent(0.1)], budget=9)),
    }
    return made[request.param]()


@pytest.mark.parametrize("dark", [False, True])
def test_every_payload_is_drawn_into_the_axes_that_is_given_and_changes_nothing_global(
    payload: Payload, dark: bool
) -> None:
    before = dict(matplotlib.rcParams)
    ax = Figure().add_subplot()
    assert draw(payload, ax, dark=dark) is ax
    assert ax.get_title(loc="left") == payload.title
    assert dict(matplotlib.rcParams) == before


def test_the_same_payload_gives_the_same_bytes_with_its_words_inside(payload: Payload, tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg", "a.png", "b.png"):
        save(draw(payload).get_figure(root=True), tmp_path / name, title=payload.title)  # type: ignore[arg-type]  # never None
    svg = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert svg == (tmp_path / "b.svg").read_text(encoding="utf-8")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert "<dc:date>" not in svg
    assert f">{payload.title}</text>" in svg
    with Image.open(tmp_path / "a.png") as picture:
        assert round(picture.info["dpi"][0]) == 200


def test_a_picture_without_a_title_or_a_description_is_saved_without_them(with_loss: MakeRun, tmp_path: Path) -> None:
    picture: Any = draw(loss_curve(with_loss([3.0, 2.0]))).get_figure(root=True)
    for name in ("a.svg", "a.png"):
        save(picture, tmp_path / name)
    svg = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert svg.count("<dc:title>") == 1  # the name of the maker has this form
    assert "<dc:description>" not in svg
    with Image.open(tmp_path / "a.png") as image:
        assert {"Title", "Description"}.isdisjoint(image.info)


def test_a_loss_over_more_than_a_decade_is_logarithmic_and_a_flat_one_begins_at_0(with_loss: MakeRun) -> None:
    assert draw(loss_curve(with_loss([5.0, 0.1]))).get_yscale() == "log"
    flat = draw(loss_curve(with_loss([1.1, 1.0, 0.9])))
    assert (flat.get_yscale(), flat.get_ylim()[0]) == ("linear", 0)
    assert draw(loss_curve(with_loss([5.0, 0.1, -0.2]))).get_yscale() == "linear"


def test_a_gap_in_the_loss_is_a_gap_in_the_line(with_loss: MakeRun) -> None:
    line = draw(loss_curve(with_loss([2.0, NAN, 1.0]))).lines[0]
    assert np.isnan(line.get_ydata()).tolist() == [False, True, False]


def test_the_names_of_lines_that_end_together_do_not_overlap(with_loss: MakeRun) -> None:
    run = with_loss([2.0] * 99 + [1.0], metrics={"step": [100], "held_out_loss": [1.01]})
    ax = draw(loss_curve(run))
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    boxes = [words.get_window_extent() for words in ax.texts]
    assert len(boxes) == 2
    assert not boxes[0].overlaps(boxes[1])


def test_every_count_of_the_matrix_is_written_and_mistakes_have_another_colour(classified: MakeRun) -> None:
    ax = draw(confusion(classified([0, 0, 0, 1], [0, 0, 1, 1], 2)))
    assert [words.get_text() for words in ax.texts if words.get_text().isdecimal()] == ["2", "1", "1"]
    painted = np.asarray(ax.images[0].get_array())
    blue, orange, white = painted[0, 0], painted[0, 1], painted[1, 0]
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]
    assert white.tolist() == [1, 1, 1, 1]
