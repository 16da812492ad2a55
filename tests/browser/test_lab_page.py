"""The lab's page over the real server: its tabs, its links, a reload, and a server that goes away."""

from __future__ import annotations

import pytest
from tests.browser.page import Opened, at, failures, holds, leave, linked, overflow, settled, unlinked, violations
from tests.browser.server import Lab

pytestmark = pytest.mark.slow


def test_a_descent_is_set_up_stepped_and_linked(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=surface")
    page.get_by_label("surface", exact=True).select_option("rosenbrock")
    page.get_by_role("button", name="One step on").first.click()
    linked(settled(page), "descent.surface=rosenbrock", "descent.step=1")
    assert failures(page) == []
    page.reload()
    page.locator("[data-role=here]").first.wait_for()
    holds(page.get_by_label("surface", exact=True), "rosenbrock")


def test_a_click_on_the_map_moves_the_start(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=surface")
    page.locator("[data-role=map]").first.click(position={"x": 60, "y": 60})
    linked(settled(page), "descent.start=")
    assert failures(page) == []


def test_the_relief_is_drawn_or_says_that_it_cannot_be(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=surface&descent.relief=true")
    canvas = page.locator("canvas[aria-label^=Relief]")
    if canvas.is_visible():
        before = canvas.evaluate("canvas => canvas.toDataURL()")
        canvas.focus()
        page.keyboard.press("ArrowLeft")
        page.wait_for_function("([canvas, old]) => canvas.toDataURL() !== old", arg=[canvas.element_handle(), before])
        assert len(before) > 5_000, "an empty canvas compresses to nothing"
    else:
        assert "no WebGL2" in page.locator(".ds-frame").first.inner_text()


def test_the_cursor_of_the_time_line_moves_every_view(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=network&run=iris-1&step=20")
    steps = page.locator("[data-view=timeline] svg[role=application]")
    steps.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    linked(settled(page), "step=17")
    holds(page.get_by_label("Step number").first, "17")
    assert failures(page) == []


def test_dragging_zooms_into_the_time_line_and_a_key_out_again(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=network&run=iris-1")
    steps = page.locator("[data-view=timeline] [data-role=steps]")
    steps.scroll_into_view_if_needed()
    box = steps.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60, steps=4)
    page.mouse.up()
    linked(page, "timeline.from=")
    page.locator("[data-view=timeline] svg[role=application]").focus()
    page.keyboard.press("0")
    unlinked(settled(page), "timeline.from")
    assert failures(page) == []


def test_a_lab_that_went_away_is_told_and_the_page_stays(own_lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), own_lab, "page=network&run=moons-1&step=5")
    own_lab.kill()
    page.locator(".ds-banner").wait_for()
    assert page.locator(".ds-frame svg").first.is_visible()
    leave(page)


@pytest.mark.parametrize("hash_", ["page=surface", "page=network&run=iris-1&step=5"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(hash_: str, scheme: str, lab: Lab, open_page: Opened) -> None:
    page = at(open_page(scheme=scheme), lab, hash_)
    assert violations(page) == []


@pytest.mark.parametrize("hash_", ["page=surface&descent.model=true", "page=network&run=iris-1&step=5"])
def test_a_phone_needs_no_scrolling_sideways(hash_: str, lab: Lab, open_page: Opened) -> None:
    page = at(open_page(width=360), lab, hash_)
    assert overflow(page) <= 0
