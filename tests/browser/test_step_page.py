"""The page Step over the real server: four panels of one step that go to the same number together."""

from __future__ import annotations

from typing import Any

import pytest
from tests.browser.page import Opened, at, failures, frame, linked, settled, shown
from tests.browser.server import Lab

pytestmark = pytest.mark.slow

PANELS = ["network", "derivation", "graph", "program"]


def selected(page: Any) -> str:
    return str(page.locator(".ds-selected code").inner_text())


def marked(page: Any) -> str:
    """The line of the program that is marked."""
    return str(frame(page, "program").locator("[aria-selected=true], .ds-marked, .ds-line.ds-on").first.inner_text())


@pytest.mark.parametrize("name", ["moons-1", "digits-1", "diabetes-1", "nan-1", "moons-1-fork"])
def test_all_four_panels_show_a_step_of_every_kind_of_run(name: str, lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, f"page=step&run={name}&step=5&select=dense1.w[0,+3]")
    assert failures(page) == []
    assert sorted(shown(page)) == sorted(PANELS)
    assert selected(page) == "dense1.w[0, 3]"
    for view in PANELS:
        assert "dense1" in frame(page, view).inner_text(), view


def test_a_step_that_became_nan_says_where_it_began(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=step&run=nan-1&step=8")
    assert failures(page) == []
    for view in ("graph", "program"):
        frame(page, view).get_by_role("button", name="the first NaN or ∞").click()
        settled(page)
        assert "not finite" in frame(page, view).inner_text(), view
    assert "NaN or infin" in frame(page, "network").inner_text()


def test_what_is_selected_in_one_panel_is_selected_in_all(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=step&run=moons-1&step=5")
    explain = frame(page, "derivation").get_by_label("explain")
    explain.fill("dense2.w[1, 0]")
    explain.press("Enter")
    settled(page)
    assert selected(page) == "dense2.w[1, 0]"
    assert "g_dense2" in frame(page, "graph").inner_text()
    assert "dense2.w[1, 0]" in frame(page, "network").inner_text()
    of_program = frame(page, "program").inner_text()
    page.get_by_role("button", name="clear").click()
    settled(page)
    assert page.locator(".ds-selected code").count() == 0
    assert frame(page, "program").inner_text() != of_program
    assert failures(page) == []


def test_a_line_of_the_program_is_selected_from_the_keyboard(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=step&run=moons-1&step=5")
    frame(page, "program").locator("[tabindex='0']").first.focus()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    settled(page)
    assert selected(page)
    assert failures(page) == []


def test_the_graph_is_folded_searched_zoomed_and_walked(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=step&run=digits-1&step=5")
    graph = frame(page, "graph")
    for name in ("open all", "fold all", "Closer", "Farther", "all of it"):
        button = graph.get_by_role("button", name=name, exact=True)
        if button.is_enabled():
            button.click()
            settled(page)
        assert failures(page) == [], name
    find = graph.get_by_role("searchbox").or_(graph.get_by_label("find"))
    find.first.fill("dense1")
    find.first.press("Enter")
    settled(page)
    picture = graph.locator("svg[role=application], canvas[tabindex='0'], [role=application]").first
    picture.focus()
    before = picture.get_attribute("aria-label")
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    settled(page)
    assert picture.get_attribute("aria-label") != before
    assert failures(page) == []


def test_a_derivation_is_gone_down_term_by_term(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=step&run=digits-1&step=5&select=dense1.w[20,+3]")
    view = frame(page, "derivation")
    kinds = view.get_by_label("of it").locator("option").evaluate_all("all => all.map((one) => one.value)")
    for kind in kinds:
        view.get_by_label("of it").select_option(kind)
        settled(page)
        assert failures(page) == [], kind
    view.get_by_label("of it").select_option(kinds[0])
    settled(page)
    for name in ("list more", "explain this"):
        buttons = view.get_by_role("button", name=name)
        if buttons.count():
            buttons.first.click()
            settled(page)
            assert failures(page) == [], name
    view.get_by_role("button", name="all layers").click()
    settled(page)
    assert "softmax" in view.inner_text()
    assert failures(page) == []


@pytest.mark.parametrize("words", ["nonsense", "dense9.w[0, 0]", "dense1.w[99, 99]", "__import__('os')"])
def test_a_word_that_means_nothing_is_refused_in_words_and_can_be_mended(
    words: str, lab: Lab, open_page: Opened
) -> None:
    page = at(open_page(), lab, "page=step&run=moons-1&step=5")
    explain = frame(page, "derivation").get_by_label("explain")
    explain.fill(words)
    explain.press("Enter")
    refused = frame(page, "derivation").locator(".ds-failure, .ds-empty")
    refused.wait_for()
    assert "bug" not in refused.inner_text()
    assert len(refused.inner_text()) > 30
    explain.fill("dense1.b[1]")
    explain.press("Enter")
    settled(page)
    assert failures(page) == []


def test_panels_are_hidden_and_the_link_remembers_it(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=step&run=moons-1&step=5")
    page.get_by_role("group", name="Panels of this page").get_by_role("button", name="Graph").click()
    linked(page, "step.hidden=")
    page.reload()
    settled(page)
    assert frame(page, "graph").count() == 0
    assert frame(page, "program").count() == 1


def letters(page: Any) -> list[float]:
    """Sizes on the screen of all letters in the graph, in pixels."""
    found: list[float] = (
        frame(page, "graph")
        .locator(".ds-graph > svg[role] text")
        .evaluate_all(
            "all => all.map((one) => parseFloat(getComputedStyle(one).fontSize) * (one.getScreenCTM()?.a ?? 1))"
        )
    )
    return found


def test_the_graph_is_read_and_tapped_on_a_phone(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(360), lab, "page=step&run=digits-1&step=5&" + 'step.hidden=["network","program","derivation"]')
    graph = frame(page, "graph")
    graph.locator(".ds-node").first.wait_for()
    for _ in range(6):
        assert min(letters(page)) >= 11
        boxes = graph.locator(".ds-node").evaluate_all("all => all.map((one) => one.getBoundingClientRect().height)")
        if _ == 0:
            assert min(boxes) >= 24
        graph.get_by_role("button", name="Farther", exact=True).click()
    graph.get_by_role("button", name="all of it", exact=True).click()
    node = graph.locator(".ds-node").first
    place = node.bounding_box()
    assert place is not None
    page.mouse.click(place["x"] - 6, place["y"] + place["height"] / 2)  # beside it, as fingers do
    settled(page)
    assert selected(page)
    assert failures(page) == []
