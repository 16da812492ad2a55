"""The page Runs over the real server: the list, an open run, every instrument, comparing, notes, words, files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.browser.page import Opened, at, failures, frame, linked, overflow, settled, shown, violations
from tests.browser.server import Lab

import downslope as ds

pytestmark = pytest.mark.slow

NAMES = ["iris-1", "moons-1", "digits-1", "diabetes-1", "nan-1", "moons-1-fork"]


def listed(page: Any) -> list[str]:
    """Names of the runs in the list, in its order."""
    found: list[str] = page.locator(".ds-run-name button").all_inner_texts()
    return found


def test_all_runs_are_listed_searched_and_ordered(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=runs")
    assert sorted(listed(page)) == sorted(NAMES)
    order = page.get_by_label("order")
    for word in order.locator("option").evaluate_all("all => all.map((one) => one.value)"):
        order.select_option(word)
        assert sorted(listed(page)) == sorted(NAMES), word
    order.select_option("name")
    assert listed(page) == sorted(NAMES)
    page.get_by_label("search").fill("digits relu 64")
    assert listed(page) in (["digits-1"], [])
    page.get_by_label("search").fill("digits")
    assert listed(page) == ["digits-1"]
    page.get_by_label("search").fill("no such run")
    assert page.get_by_text("No run has these words.").is_visible()


def test_a_run_is_opened_and_one_that_failed_says_so(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=runs")
    row = page.locator("tr.ds-run", has_text="nan-1")
    assert "failed" in row.inner_text()
    row.get_by_role("button", name="nan-1", exact=True).click()
    settled(page)
    assert failures(page) == []
    told = frame(page, "timeline").inner_text()
    assert "NaN or infinity" in told
    page.get_by_role("button", name="look into its network").click()
    linked(settled(page), "page=network")
    page.go_back()
    settled(page)
    assert page.get_by_role("heading", name="nan-1").is_visible()


def test_the_step_at_which_a_run_became_nan_can_be_reached(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=runs&run=nan-1")
    frame(page, "timeline").locator(".ds-events button").first.click()
    linked(settled(page), "step=8")
    assert failures(page) == []


def test_a_run_and_its_fork_are_compared(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, 'page=runs&run=moons-1-fork&panels=["compare"]')
    row = page.locator("tr.ds-run", has=page.get_by_role("button", name="moons-1", exact=True))
    if row.get_by_role("button", name=re.compile("^Compare")).get_attribute("aria-pressed") == "false":
        row.get_by_role("button", name=re.compile("^Compare")).click()
    settled(page)
    told = frame(page, "compare").inner_text()
    assert "bit for bit" in told
    assert "step 61" in told
    assert "dense1.w[0, 3] = 0.0" in told
    frame(page, "compare").get_by_label(re.compile("with$")).select_option("digits-1")
    settled(page)
    assert failures(page) == []


def test_a_note_is_written_into_the_file(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, "page=runs&run=iris-1&step=7")
    page.get_by_label("note about step 7").fill("seen <b>here</b> & kept")
    page.keyboard.press("Enter")
    page.get_by_role("list", name="Notes of iris-1").get_by_text("seen <b>here</b> & kept").wait_for()
    assert (7, "seen <b>here</b> & kept") in ds.load(lab.folder / "iris-1.run").notes
    assert failures(page) == []


def test_every_instrument_can_be_asked_and_its_answer_is_drawn(lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), lab, 'page=runs&run=iris-1&step=20&panels=["reading"]')
    form = frame(page, "reading")
    choice = form.get_by_label("instrument", exact=True)
    choice.locator("option").nth(5).wait_for(state="attached")
    instruments = choice.locator("option").evaluate_all("all => all.map((one) => one.value)")
    assert len(instruments) >= 20
    for name in instruments:
        choice.select_option(name)
        form.get_by_label("at", exact=True).select_option("step")
        if form.get_by_role("button", name="Ask", exact=True).is_enabled():
            form.get_by_role("button", name="Ask", exact=True).click()
            settled(page)
        assert [each for each in failures(page) if "bug" in each] == [], name
        assert failures(page) or shown(page) == ["runs", "reading"], name


@pytest.mark.parametrize("name", ["moons-1", "digits-1", "diabetes-1", "nan-1", "moons-1-fork"])
def test_every_panel_shows_something_or_says_why_not(name: str, lab: Lab, open_page: Opened) -> None:
    page = at(
        open_page(),
        lab,
        f"page=runs&run={name}&step=6&beside=iris-1&slice.points=11&spectrum.products=20&spectrum.vectors=1",
    )
    chips = page.get_by_role("group", name="Panels of this page").get_by_role("button")
    for chip in chips.all():
        if chip.get_attribute("aria-pressed") == "false":
            chip.click()
    settled(page)
    assert failures(page) == []
    frames = page.locator(".ds-frame").evaluate_all("all => all.map((each) => each.dataset.view)")
    unfit = {"confusion"} if name == "diabetes-1" else {"residuals"}
    assert set(frames) - set(shown(page)) == unfit


def test_each_view_says_itself_in_words_where_it_comes_from_and_is_saved(lab: Lab, open_page: Opened) -> None:
    page = at(
        open_page(), lab, 'page=runs&run=digits-1&step=30&panels=["timeline","reading","layers","confusion","rows"]'
    )
    for view in page.locator(".ds-frame").all():
        name = view.get_attribute("data-view")
        view.get_by_role("button", name="in words").click()
        words = view.locator(".ds-words").last
        words.filter(has_not_text=re.compile("^…$")).wait_for()
        assert len(words.inner_text()) > 30, name
        view.locator("h2 button").click()
        assert "src/downslope" in view.locator(".ds-about").first.inner_text(), name
        for kind, start in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
            with page.expect_download() as waiting:
                view.get_by_role("button", name=re.compile(f"as {kind}$")).click()
            saved = Path(waiting.value.path()).read_bytes()
            assert saved.startswith(start), name
            assert len(saved) > 1_000, name
    assert failures(page) == []


def test_a_file_that_is_no_run_is_told_and_harms_nothing(own_lab: Lab, open_page: Opened) -> None:
    (own_lab.folder / "hostile.run").write_bytes(b"SQLite format 3\0" + b"\xff" * 5_000)
    (own_lab.folder / "empty.run").write_bytes(b"")
    page = at(open_page(), own_lab, "page=runs")
    assert "moons-1" in listed(page)
    for name in ("hostile", "empty"):
        page = at(page, own_lab, f'page=runs&run={name}&panels=["timeline"]')
        assert "bug" not in " ".join(failures(page)), name
        assert failures(page) or "hostile" not in listed(page), name
    page = at(page, own_lab, 'page=runs&run=../../etc/passwd&panels=["timeline"]')
    assert failures(page)
    assert "root:" not in page.locator("body").inner_text()


def test_a_sweep_is_launched_looked_at_stopped_and_opened_as_a_run(own_lab: Lab, open_page: Opened) -> None:
    small = 'train.settings={"data":{"name":"moons"},"hidden":[4],"steps":400}&panels=["sweep"]'
    page = at(open_page(), own_lab, f"page=network&{small}&sweep.rates=3&sweep.seeds=2&sweep.steps=60")
    view = frame(page, "sweep")
    assert "No sweep yet" in view.inner_text()
    view.get_by_role("button", name=re.compile("Train 6 runs")).click()
    view.get_by_text(re.compile("6 runs, accuracy by lr")).first.wait_for()
    view.locator("progress").wait_for(state="detached")
    assert view.locator("circle").count() == 6
    assert violations(page) == []
    assert overflow(page) <= 0
    picture = view.locator("svg[role=application]")
    picture.focus()
    page.keyboard.press("Home")
    first = view.locator("p[aria-live]").inner_text()
    page.keyboard.press("End")
    assert view.locator("p[aria-live]").inner_text() != first
    view.get_by_label("result").select_option("loss")
    view.get_by_text(re.compile("6 runs, loss by lr")).first.wait_for()
    view.get_by_role("button", name="Sweep in words").click()
    view.locator("pre").get_by_text("mean loss").wait_for()
    view.get_by_role("button", name=re.compile("open as a run")).click()
    page.get_by_text("moons-2").first.wait_for()
    view.get_by_label("steps each", exact=True).fill("20000")
    view.get_by_label("steps each", exact=True).press("Enter")
    view.get_by_role("button", name=re.compile("Train 6 runs")).click()
    view.get_by_role("button", name="stop", exact=True).click()
    view.get_by_text(re.compile("of 6 runs; stopped")).wait_for()
    page.reload()
    settled(page)
    assert frame(page, "sweep").get_by_text(re.compile("of 6 runs; stopped")).count() == 1
    assert failures(page) == []
