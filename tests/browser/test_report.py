"""The report opened from disk in a real browser: no network, every step, the keyboard alone, a phone, and axe-core."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.browser.page import Opened, curved, failures, holds, linked, overflow, settled, violations

import downslope as ds
from downslope.runs import Run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def file(run: Run, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = ds.report(run, tmp_path_factory.mktemp("report") / "iris.html", steps=[1, 4, 9, 16, 30])
    return path.as_uri()


def shown(page: Any, address: str) -> Any:
    page.goto(address)
    page.locator(".ds-frame svg").first.wait_for()
    return settled(page)


def test_every_view_is_drawn_at_every_step_and_nothing_is_fetched(file: str, open_page: Opened) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    curved(shown(page, file), "timeline")
    slider = page.get_by_role("slider", name="Step", exact=True)
    slider.focus()
    for _ in range(5):
        assert failures(page) == []
        assert page.locator(".ds-frame").count() >= 2
        page.keyboard.press("ArrowLeft")
        settled(page)
    assert slider.get_attribute("aria-valuetext").startswith("step 1 ")
    assert [each for each in asked if not each.startswith(("file:", "data:", "blob:"))] == []


def test_a_reload_comes_back_to_the_same_step(file: str, open_page: Opened) -> None:
    page = shown(open_page(), file)
    page.get_by_role("button", name="One step back").first.click()
    linked(page, "step=16")
    page.reload()
    page.locator(".ds-frame svg").first.wait_for()
    holds(page.get_by_label("Step number").first, "16")


def test_a_step_that_is_not_in_it_becomes_the_nearest_one(file: str, open_page: Opened) -> None:
    page = shown(open_page(), f"{file}#step=11")
    assert page.get_by_label("Step number").first.input_value() == "9"
    assert failures(page) == []


def test_each_view_says_itself_in_words_and_where_it_comes_from(file: str, open_page: Opened) -> None:
    page = shown(open_page(), file)
    for frame in page.locator(".ds-frame").all():
        frame.get_by_role("button", name="in words").click()
        words = frame.locator(".ds-words").filter(has_not_text=re.compile("^…$"))
        words.wait_for()
        assert len(words.inner_text()) > 20
        frame.locator("h2 button").click()
        assert "src/downslope" in frame.locator(".ds-about").inner_text()


@pytest.mark.parametrize("kind", ["SVG", "PNG"])
def test_a_picture_can_be_saved(kind: str, file: str, open_page: Opened) -> None:
    page = shown(open_page(), file)
    curved(page, "timeline")
    with page.expect_download() as waiting:
        page.get_by_role("button", name=f"Save Time line as {kind}").click()
    saved = Path(waiting.value.path()).read_bytes()
    assert saved.startswith(b"<svg" if kind == "SVG" else b"\x89PNG")
    assert len(saved) > 2_000
    assert b"<image" not in saved, "curves are vectors"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(scheme: str, file: str, open_page: Opened) -> None:
    assert violations(shown(open_page(scheme=scheme), file)) == []


def test_a_phone_needs_no_scrolling_sideways(file: str, open_page: Opened) -> None:
    assert overflow(shown(open_page(width=360), file)) <= 0
