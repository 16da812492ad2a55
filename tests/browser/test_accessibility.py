"""All pages for all readers: axe-core light and dark, the keyboard alone, a phone, stillness, a link for each state."""

from __future__ import annotations

from typing import Any

import pytest
from tests.browser.page import Opened, at, cut, failures, linked, overflow, settled, violations
from tests.browser.server import Lab

pytestmark = pytest.mark.slow

SMALL = "slice.points=11&spectrum.products=20&spectrum.vectors=1"
STATES = {
    "surface": 'page=surface&descent.model=true&descent.relief=true&panels=["descent","race","surface"]&race.budget=40',
    "network": "page=network&run=moons-1&step=9&select=dense1.w[0,+3]",
    "network, images": "page=network&run=digits-1&step=9&" + SMALL
    + '&panels=["network","data","rows","slice","layers"]',
    "network, nothing yet": "page=network",
    "network, NaN": 'page=network&run=nan-1&step=8&panels=["network","timeline","derivation","rows"]',
    "step": "page=step&run=moons-1&step=9&select=dense1.w[0,+3]",
    "step, NaN": "page=step&run=nan-1&step=8&select=dense2.b[1]",
    "runs": "page=runs",
    "runs, a fork": "page=runs&run=moons-1-fork&step=70&beside=moons-1&" + SMALL
    + '&panels=["timeline","compare","reading","confusion","layers","spectrum"]',
    "runs, numbers": 'page=runs&run=diabetes-1&step=9&panels=["residuals","reading","rows"]',
}  # fmt: skip
WALK = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const box = at.getBoundingClientRect();
  const style = getComputedStyle(at);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const label = at.getAttribute("aria-label") || at.getAttribute("aria-labelledby");
  const named = label || at.labels?.length || at.innerText;
  return { html: at.outerHTML.slice(0, 120), seen: box.width > 0 && box.height > 0, ring, named: Boolean(named) };
}"""


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_of_level_a_or_aa(scheme: str, state: str, lab: Lab, open_page: Opened) -> None:
    page = at(open_page(scheme=scheme), lab, STATES[state])
    assert violations(page) == []
    assert failures(page) == []


@pytest.mark.parametrize("state", STATES)
def test_on_a_phone_nothing_is_cut_and_nothing_scrolls_sideways(state: str, lab: Lab, open_page: Opened) -> None:
    page = at(open_page(width=360), lab, STATES[state])
    assert overflow(page) <= 0
    assert cut(page) == []
    assert failures(page) == []


@pytest.mark.parametrize("state", ["surface", "network", "step", "runs, a fork"])
def test_tab_goes_through_everything_and_each_stop_is_seen_and_named(state: str, lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, STATES[state])
    stops = walked(page)
    assert len(stops) > 20
    assert [stop["html"] for stop in stops if not stop["seen"]] == []
    assert [stop["html"] for stop in stops if not stop["named"]] == []
    assert [stop["html"] for stop in stops if not stop["ring"]] == []
    # No trap: after the last stop the walk leaves the page, or begins anew.
    assert len(stops) < 400


def walked(page: Any) -> list[dict[str, Any]]:
    """The stops of Tab, from the first to the one after which the page is left."""
    page.evaluate("document.activeElement?.blur()")
    found: list[dict[str, Any]] = []
    for _ in range(400):
        page.keyboard.press("Tab")
        stop = page.evaluate(WALK)
        if stop is None or (found and stop["html"] == found[0]["html"]):
            break
        found.append(stop)
    return found


def test_the_keyboard_alone_opens_a_run_moves_the_step_and_selects_a_weight(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=runs")
    reach(page, "moons-1")
    page.keyboard.press("Enter")
    linked(settled(page), "run=moons-1")
    reach(page, "look into its network")
    page.keyboard.press("Enter")
    linked(settled(page), "page=network")
    page.get_by_role("slider", name="Step", exact=True).focus()
    for key in ("Home", "ArrowRight", "PageUp"):
        page.keyboard.press(key)
    linked(settled(page), "step=")
    page.locator("[data-view=network] canvas").focus()
    for key in ("ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    linked(settled(page), "select=dense1[")
    assert failures(page) == []


def reach(page: Any, words: str) -> None:
    """Tab until the element with these words has the focus."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == words:
            return
    raise AssertionError(f"Tab never came to {words!r}")


def test_numbers_are_told_on_focus_as_on_hover(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, 'page=network&run=moons-1&step=9&panels=["boundary"]')
    unit = page.locator("[aria-label^='Units of'] button").first
    unit.focus()
    page.locator(".ds-tip").wait_for()
    focused = page.locator(".ds-tip").inner_text()
    page.evaluate("document.activeElement.blur()")
    unit.hover()
    page.locator(".ds-tip").wait_for()
    assert page.locator(".ds-tip").inner_text() == focused


def test_the_colours_are_switched_by_hand_and_kept_in_the_link(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=surface")
    before = page.evaluate("getComputedStyle(document.querySelector('.ds')).backgroundColor")
    page.get_by_label("colours").select_option("dark")
    linked(page, "theme=dark")
    after = page.evaluate("getComputedStyle(document.querySelector('.ds')).backgroundColor")
    assert before != after
    page.reload()
    settled(page)
    assert page.evaluate("getComputedStyle(document.querySelector('.ds')).backgroundColor") == after


def test_nothing_moves_by_itself_where_stillness_is_wished(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(still=True), lab, STATES["network"])
    moving = page.evaluate("document.getAnimations().filter((each) => each.playState === 'running').length")
    assert moving == 0


@pytest.mark.parametrize("state", ["surface", "network", "step", "runs, a fork"])
def test_a_reload_and_a_copied_link_show_the_same(state: str, lab: Lab, open_page: Opened) -> None:
    first = at(open_page(), lab, STATES[state])
    told = first.locator(".ds-subtitle").all_inner_texts()
    link = first.url
    first.reload()
    settled(first)
    assert first.locator(".ds-subtitle").all_inner_texts() == told
    second = at(open_page(), lab, link.partition("#")[2])
    assert second.locator(".ds-subtitle").all_inner_texts() == told
    assert second.url == link
