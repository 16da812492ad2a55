"""Curves over steps, which uPlot draws on canvases: their dots, their vectors in a file, and the page without them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.browser.page import CURVES, Opened, at, curved, failures, frame, leave, linked, settled
from tests.browser.server import Lab

pytestmark = pytest.mark.slow
SVG = "{http://www.w3.org/2000/svg}"
PICTURES = "all => all.map((canvas) => canvas.toDataURL())"
PAGES = {
    "timeline": 'page=runs&run=digits-1&step=30&panels=["timeline"]',
    "loss_curve": 'page=network&run=digits-1&step=30&panels=["loss_curve"]',
    "reading": 'page=runs&run=digits-1&step=30&panels=["reading"]',
    "compare": 'page=runs&run=moons-1-fork&beside=moons-1&step=30&panels=["compare"]',
    "race": 'page=surface&panels=["race"]&race.budget=30',
}


@pytest.mark.parametrize("view", PAGES)
def test_each_view_over_steps_draws_its_curves(view: str, lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, PAGES[view])
    curved(page, view)
    assert failures(page) == []


def test_a_moving_cursor_draws_no_curve_anew_and_a_zoom_does(lab: Lab, open_page: Opened) -> None:
    page = open_page()
    page.add_init_script("""{
      [window.cleared, window.last] = [0, 0];
      const clear = CanvasRenderingContext2D.prototype.clearRect;
      CanvasRenderingContext2D.prototype.clearRect = function (...box) {
        [cleared, last] = [cleared + 1, performance.now()];
        clear.apply(this, box);
      };
    }""")
    curved(at(page, lab, PAGES["timeline"]), "timeline")
    page.wait_for_function("() => performance.now() - last > 1000")  # how many steps there are may be known later
    drawn, before = page.evaluate("cleared"), curved(page, "timeline").evaluate_all(PICTURES)
    picture = frame(page, "timeline").locator("svg[role=application]")
    picture.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    linked(settled(page), "step=25")
    assert page.evaluate("cleared") == drawn > 0
    assert curved(page, "timeline").evaluate_all(PICTURES) == before
    page.keyboard.press("+")
    linked(settled(page), "timeline.from=")
    page.wait_for_function("(drawn) => cleared > drawn", arg=drawn)
    assert curved(page, "timeline").evaluate_all(PICTURES) != before


def test_the_file_has_every_number_as_a_place_of_a_path(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, PAGES["timeline"])
    curved(page, "timeline")
    drawn = saved(page, "Save Time line as SVG")
    assert list(drawn.iter(f"{SVG}image")) == []
    paths = [each.get("d") or "" for each in drawn.iter(f"{SVG}path") if each.get("fill") == "none"]
    steps = [path.count("L") + path.count("M") for path in paths]
    assert steps.count(90) >= 2, "loss and gradient norm of each of the 90 steps"
    words = {each.text for each in drawn.iter(f"{SVG}text")}
    assert {"loss", "step (short lines: snapshots)", "20", "80"} <= words


def test_the_curves_are_where_the_layer_above_them_thinks(lab: Lab, open_page: Opened) -> None:
    """The drift of a fork begins at the step of the fork, where the cursor stands on its curve."""
    page = at(open_page(), lab, 'page=runs&run=moons-1-fork&beside=moons-1&step=61&panels=["compare"]')
    curved(page, "compare")
    place = page.evaluate("""() => {
      const plots = [...document.querySelectorAll("[data-view=compare] .ds-plot")];
      const [canvas, dot] = [plots[1].querySelector("canvas"), plots[1].querySelector("svg circle")];
      const box = canvas.getBoundingClientRect(), there = dot.getBoundingClientRect();
      const [x, y] = [there.left + there.width / 2 - box.left, there.top + there.height / 2 - box.top];
      return [0, -14].map((dx) => {
        const { data } = canvas.getContext("2d").getImageData(x + dx - 1, y - 1, 3, 3);
        return data.filter((value, k) => k % 4 === 3 && value > 100).length;
      });
    }""")
    assert place[0] >= 8, "a dot of the curve lies under the dot of the cursor"
    assert place[1] == 0, "and before that step there is no curve"


@pytest.mark.parametrize("dots", [1, 2, 1.5])
def test_a_canvas_has_the_dots_of_the_screen(dots: float, lab: Lab, open_page: Opened) -> None:
    page = at(open_page(dots=dots), lab, PAGES["reading"])
    sizes = curved(page, "reading").first.evaluate("(canvas) => [canvas.width, canvas.getBoundingClientRect().width]")
    assert sizes[0] == pytest.approx(dots * sizes[1], abs=1.5)


def test_another_theme_is_drawn_in_other_colours(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, PAGES["timeline"])
    before = curved(page, "timeline").evaluate_all(PICTURES)
    page.get_by_label("colours").select_option("dark")
    page.wait_for_function(
        f"(before) => ({PICTURES})([...document.querySelectorAll('{CURVES}')]).every((each, k) => each !== before[k])",
        arg=before,
    )
    assert len(curved(page, "timeline").all()) == len(before), "the old ones are gone"


def test_the_page_works_before_the_curves_come_and_nothing_moves_when_they_do(lab: Lab, open_page: Opened) -> None:
    page = open_page()
    waiting: list[Any] = []
    page.route("**/uplot.js", lambda route: waiting.append(route))
    at(page, lab, PAGES["timeline"])
    picture = frame(page, "timeline")
    size = "(each) => [each.offsetWidth, each.offsetHeight]"
    before = picture.evaluate(size)
    picture.locator("svg[role=application]").focus()
    page.keyboard.press("ArrowLeft")
    linked(page, "step=29")
    assert picture.locator("canvas").count() == 0
    assert picture.locator("[data-role=cursor]").count() == 1
    waiting[0].continue_()
    curved(page, "timeline")
    assert picture.evaluate(size) == before


def test_where_the_curves_cannot_come_it_is_said_and_the_words_are_there(lab: Lab, open_page: Opened) -> None:
    page = open_page()
    page.route("**/uplot.js", lambda route: route.abort())
    at(page, lab, PAGES["timeline"])
    view = frame(page, "timeline")
    view.locator(".ds-failure").wait_for()
    (told,) = failures(page)
    assert "the curves cannot be drawn here" in told
    view.get_by_role("button", name="in words").click()
    view.locator(".ds-words").filter(has_text=re.compile("loss")).wait_for()
    view.locator("svg[role=application]").focus()
    page.keyboard.press("ArrowLeft")
    linked(page, "step=29")
    leave(page)


def saved(page: Any, button: str) -> ElementTree.Element:
    """The SVG file that a button gives."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button).click()
    return ElementTree.fromstring(Path(waiting.value.path()).read_text(encoding="utf-8"))
