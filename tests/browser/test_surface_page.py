"""The page Surface over the real server: every surface, optimizer and control, the race, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.browser.page import Opened, at, failures, frame, linked, settled, unlinked
from tests.browser.server import Lab

pytestmark = pytest.mark.slow


def words(page: Any, label: str) -> list[str]:
    """All values of a choice, which come with the catalogue."""
    choice = page.get_by_label(label, exact=True).first
    choice.locator("option").nth(4).wait_for(state="attached")
    found: list[str] = choice.locator("option").evaluate_all("all => all.map((one) => one.value)")
    return found


def verdict(page: Any) -> str:
    return str(page.locator(".ds-verdict").first.inner_text())


def test_every_surface_is_drawn_with_a_way_down_it(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=surface&descent.steps=20")
    surfaces = words(page, "surface")
    assert len(surfaces) >= 10
    for name in surfaces:
        page.get_by_label("surface", exact=True).select_option(name)
        settled(page)
        assert failures(page) == [], name
        assert page.locator("[data-role=here]").first.is_visible(), name


def test_every_optimizer_goes_down(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=surface&descent.steps=10")
    rules = words(page, "optimizer")
    assert len(rules) >= 10
    for name in rules:
        page.get_by_label("optimizer", exact=True).select_option(name)
        settled(page)
        assert failures(page) == [], name


def test_the_verdict_follows_the_rate_over_the_line_of_stability(lab: Lab, open_page: Opened) -> None:
    rule = '[{"name":"gradient_descent","settings":{"lr":0.05}}]'
    page = at(open_page(), lab, f"page=surface&descent.steps=300&descent.optimizers={rule}")
    assert "2/λmax" in frame(page, "descent").inner_text()
    rate = frame(page, "descent").get_by_label("lr", exact=True)
    said = []
    for lr in ("0.0001", "0.3", "0.5", "0.6"):
        rate.fill(lr)
        rate.press("Enter")
        settled(page)
        said.append(verdict(page).partition(":")[0])
    assert said == ["too small, or too few steps", "good", "oscillating", "diverging"]


def test_the_slider_of_the_rate_changes_the_optimizer(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=surface")
    slider = page.get_by_role("slider", name="learning rate")
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    settled(page)
    assert float(frame(page, "descent").get_by_label("lr", exact=True).input_value()) > 0.05
    linked(page, "descent.optimizers=")


def test_two_optimizers_are_added_told_apart_and_removed(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=surface")
    page.get_by_role("button", name="another optimizer").click()
    settled(page)
    numbers = page.get_by_label("numbers of", exact=True)
    assert numbers.locator("option").count() == 2
    numbers.select_option("1")
    assert frame(page, "descent").locator(".ds-legend li").count() == 2
    page.get_by_role("button", name=re.compile("^Remove ")).last.click()
    settled(page)
    assert numbers.count() == 0


def test_the_keyboard_alone_steps_moves_the_start_and_goes_back(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=surface&descent.model=true")
    page.locator("svg[role=application]").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    linked(page, "descent.step=1")
    page.keyboard.press("Shift+ArrowRight")
    linked(settled(page), "descent.start=")
    page.get_by_role("button", name="usual start").click()
    unlinked(settled(page), "descent.start=")
    assert failures(page) == []


def test_a_formula_of_ones_own_is_read_and_one_that_runs_code_is_refused_in_words(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=surface&descent.steps=10")
    page.get_by_label("surface", exact=True).select_option("your own formula")
    settled(page)
    assert failures(page) == []
    formula = page.get_by_label("f(x, y) =")
    for text in ("__import__('os').system('true')", "().__class__.__bases__", "x^2 + ", "exec(x)"):
        formula.fill(text)
        formula.press("Enter")
        page.locator(".ds-failure").first.wait_for()
        assert "formula" in failures(page)[0].lower(), text
    formula.fill("(x - 1)^2 + 2*y^2")
    formula.press("Enter")
    page.locator("[data-role=here]").first.wait_for()
    settled(page)
    assert failures(page) == []


def test_a_start_that_diverges_is_drawn_and_said(lab: Lab, open_page: Opened) -> None:
    rule = '[{"name":"gradient_descent","settings":{"lr":5}}]'
    page = at(open_page(), lab, f"page=surface&descent.surface=rosenbrock&descent.optimizers={rule}&descent.step=3")
    assert verdict(page).startswith("diverging")
    assert failures(page) == []


def test_a_race_is_run_at_equal_conditions_which_are_said(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, 'page=surface&panels=["race","surface"]&race.budget=30')
    race = frame(page, "race")
    assert "Equal for all" in race.inner_text()
    assert race.locator("tbody tr").count() == 4
    race.get_by_role("button", name="gradient_descent at five rates").click()
    settled(page)
    assert race.locator("tbody tr").count() == 5
    race.get_by_role("button", name="another one").click()
    race.get_by_role("button", name=re.compile("^Take ")).first.click()
    race.get_by_role("button", name="the usual four").click()
    race.get_by_label("starts").select_option("drawn")
    race.get_by_role("button", name="how many: less").click()
    race.get_by_role("button", name="gradients each: less").click()
    settled(page)
    assert race.locator("tbody tr").count() == 4
    assert "drawn" in race.inner_text()
    race.get_by_label("tune the rates").check()
    settled(page)
    assert failures(page) == []
    race.locator("svg[role=application]").first.focus()
    page.keyboard.press("ArrowLeft")
    assert failures(page) == []


def test_playing_goes_on_by_itself_and_stops(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=surface&descent.steps=20")
    frame(page, "descent").get_by_role("button", name="Play through the steps").click()
    linked(page, "descent.step=20")
    frame(page, "descent").get_by_role("button", name="Play through the steps").wait_for()


FILLED = """canvas => {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, copy.width, copy.height);
  const paper = [data[0], data[1], data[2]];
  let [left, right, top, bottom] = [copy.width, 0, copy.height, 0];
  for (let k = 0; k < data.length; k += 4) {
    if (paper.every((each, j) => Math.abs(data[k + j] - each) < 8)) continue;
    const [x, y] = [(k / 4) % copy.width, Math.floor(k / 4 / copy.width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  }
  return [(right - left) / copy.width, (bottom - top) / copy.height];
}"""


@pytest.mark.parametrize("width", [360, 1100])
def test_the_relief_fills_its_canvas_from_every_side(width: int, lab: Lab, open_page: Opened) -> None:
    page = at(open_page(width), lab, "page=surface&descent.relief=true&descent.surface=rosenbrock")
    canvas = page.locator("canvas[aria-label^=Relief]")
    if not canvas.is_visible():
        pytest.skip("no WebGL2 here")
    canvas.focus()
    for _ in range(4):
        page.wait_for_timeout(150)
        across, down = canvas.evaluate(FILLED)
        assert max(across, down) > 0.7, (across, down)
        assert page.locator(".ds-over text").count() >= 5
        for _ in range(5):
            page.keyboard.press("ArrowRight")
