"""What a lab survives: a killed server, a closed page, a killed worker, a hundred visits; what strangers are told."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from tests.browser.page import Opened, at, failures, frame, leave, settled
from tests.browser.server import Lab, has_proc, is_alive, started, until

import downslope as ds

pytestmark = pytest.mark.slow
needs_proc = pytest.mark.skipif(not has_proc(), reason="processes are looked at in /proc, which only Linux has")

LONG = 'train.settings={"data":{"name":"moons","settings":{"n":120}},"hidden":[6],"batch_size":20,"steps":9000000}'
TRAIN = f'page=network&{LONG}&panels=["network"]'
ONE = 'step.hidden=["graph","program","derivation"]'
NET = 'page=network&run=moons-1&panels=["network"]'
ROUNDS = 25  # of visits to each of four pages
WARM = 3  # rounds after which everything has been loaded once
SPARE = 1  # process that waits for the next training, so that it begins at once
MAY_GROW = 30  # MiB in the other rounds: the answers that are kept, not more with each visit


def begun(page: Any) -> str:
    """Begin a training that does not end by itself; its name."""
    page.get_by_role("button", name="► Train").click()
    bar = page.get_by_role("group", name="Training")
    bar.get_by_text("trains").wait_for(timeout=60_000)
    return str(bar.locator("strong").inner_text())


def taken(page: Any) -> int:
    """How many steps the bar says were taken."""
    words = page.locator(".ds-figure.ds-wide").first.inner_text()
    return int(re.sub(r"\D", "", words.partition(" of ")[0]))


def on_file(lab: Lab, name: str) -> int:
    """How many steps the run's file has."""
    return len(ds.load(lab.folder / f"{name}.run").loss)


def test_a_server_that_was_killed_and_started_again_finds_the_page_where_it_was(
    tmp_path: Path, runs: Path, state_home: Path, open_page: Opened
) -> None:
    shutil.copy(runs / "moons-1.run", tmp_path)
    page = open_page()
    with started(tmp_path) as first:
        at(page, first, "page=network&run=moons-1&step=40&select=dense1.w[0,+3]")
        link, port = page.url, first.port
        first.kill()
        page.locator(".ds-banner").wait_for()
        assert frame(page, "network").locator("canvas").is_visible()
    with started(tmp_path, port) as second:
        page.locator(".ds-banner").wait_for(state="detached")
        page.get_by_role("button", name="One step on").first.click()
        settled(page)
        assert failures(page) == []
        page.wait_for_url(lambda now: now == link.replace("step=40", "step=41"))
        said = second.stop()
        assert "Traceback" not in said
        page.locator(".ds-banner", has_text="its run files are complete").wait_for()
    leave(page)


@needs_proc
def test_a_training_of_a_killed_server_loses_nothing_that_was_told(
    tmp_path: Path, state_home: Path, open_page: Opened
) -> None:
    page = open_page()
    with started(tmp_path) as first:
        at(page, first, TRAIN)
        name = begun(page)
        until(lambda: page.wait_for_timeout(50) or taken(page) > 50)
        workers = first.workers()
        assert 1 <= len(workers) <= 1 + SPARE
        first.kill()
        until(lambda: not any(map(is_alive, workers)))
        seen = on_file(first, name)
        assert seen > 0
    with started(tmp_path, first.port) as second:
        page.locator(".ds-banner").wait_for(state="detached")
        page.get_by_role("button", name="► Train on").click()
        until(lambda: page.wait_for_timeout(50) or taken(page) > seen + 10)
        page.get_by_role("button", name="❚❚ Pause").click()
        page.get_by_role("button", name="► Train on").wait_for()
        settled(page)
        assert failures(page) == []
        assert on_file(second, name) > seen
    leave(page)


def test_closing_the_page_loses_nothing_and_coming_back_shows_the_training(own_lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), own_lab, TRAIN)
    name = begun(page)
    link = page.url.partition("#")[2]
    page.close()
    before = on_file(own_lab, name)
    until(lambda: on_file(own_lab, name) > before)
    again = at(open_page(), own_lab, link)
    again.get_by_role("group", name="Training").get_by_text("trains").wait_for()
    again.get_by_role("button", name="❚❚ Pause").click()
    again.get_by_role("button", name="► Train on").wait_for()
    assert failures(again) == []
    assert on_file(own_lab, name) >= taken(again)


def test_two_pages_see_the_same_training(own_lab: Lab, open_page: Opened) -> None:
    first = at(open_page(), own_lab, TRAIN)
    name = begun(first)
    second = at(open_page(), own_lab, f'page=network&run={name}&panels=["network"]')
    second.get_by_role("button", name="❚❚ Pause").click()
    for page in (first, second):
        page.get_by_role("group", name="Training").get_by_text("is paused").wait_for()
    assert taken(first) == taken(second)


@needs_proc
def test_a_worker_that_was_killed_is_told_and_can_be_trained_on(own_lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), own_lab, TRAIN)
    name = begun(page)
    until(lambda: on_file(own_lab, name) > 0)
    for worker in own_lab.workers():
        os.kill(worker, signal.SIGKILL)
    bar = page.get_by_role("group", name="Training")
    bar.get_by_text("was lost").wait_for()
    assert "SIGKILL" in bar.inner_text()
    kept = on_file(own_lab, name)
    bar.get_by_role("button", name="► Train on").click()
    bar.get_by_text("trains").wait_for()
    bar.get_by_role("button", name="❚❚ Pause").click()
    bar.get_by_text("is paused").wait_for()
    assert failures(page) == []
    assert on_file(own_lab, name) >= kept > 0


@needs_proc
def test_ending_the_lab_ends_its_trainings_and_completes_their_files(
    tmp_path: Path, state_home: Path, open_page: Opened
) -> None:
    page = open_page()
    with started(tmp_path) as made:
        at(page, made, TRAIN)
        name = begun(page)
        workers = made.workers()
        assert workers
        said = made.stop()
        assert not any(map(is_alive, workers))
        assert "Traceback" not in said
        page.locator(".ds-banner", has_text="was ended").wait_for()
        run = ds.load(made.folder / f"{name}.run")
        assert len(run.loss) > 0
        assert run.damage == []
    leave(page)


@needs_proc
def test_a_hundred_visits_leave_nothing_behind(own_lab: Lab, open_page: Opened) -> None:
    states = ("page=surface", f"{NET}&step=9", "page=runs", f"page=step&run=moons-1&step=3&{ONE}")
    pages = [at(open_page(), own_lab, state) for state in states]
    memory, files = 0.0, 0
    for round_ in range(ROUNDS):
        for page in pages:
            page.goto("about:blank")
        if round_ == WARM:
            memory, files = own_lab.memory(), own_lab.files()
        for page, state in zip(pages, states, strict=True):
            page.goto(f"{own_lab.base}#{state}", wait_until="commit")
        for page in pages:
            page.locator(".ds-body svg, .ds-body canvas").first.wait_for()
    assert [each for page in pages for each in failures(page)] == []
    for page in pages:
        page.goto("about:blank")
    until(lambda: own_lab.files() <= files and len(own_lab.workers()) <= SPARE)
    assert own_lab.memory() - memory < MAY_GROW


def test_going_round_all_tabs_again_and_again_does_not_fill_the_page(own_lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), own_lab, f"{NET}&step=9")
    tools = page.context.new_cdp_session(page)

    def held() -> tuple[int, int]:
        tools.send("HeapProfiler.collectGarbage")
        counts = tools.send("Memory.getDOMCounters")
        return int(tools.send("Runtime.getHeapUsage")["usedSize"]), int(counts["nodes"])

    def go_round(times: int) -> None:
        for _ in range(times):
            for tab in ("Surface", "Network", "Step", "Runs"):
                page.get_by_role("navigation", name="Pages").get_by_role("button", name=tab).click()
        settled(page)

    go_round(4)
    heap, nodes = held()
    go_round(16)
    heap_then, nodes_then = held()
    assert heap_then - heap < 12 * 2**20
    assert nodes_then < 1.5 * nodes + 2_000
    assert failures(page) == []


def test_a_stranger_is_told_how_to_come_in(lab: Lab, open_page: Opened) -> None:
    for address in (lab.base, f"{lab.base}?token=wrong"):
        page = open_page()
        page.goto(address)
        told = page.locator("body").inner_text()
        assert "token" in told
        assert "downslope lab" in told
        page.said.clear()  # the browser calls the status 403 an error


def test_a_command_on_a_run_that_is_gone_is_refused_in_words(own_lab: Lab, open_page: Opened) -> None:
    page = at(open_page(), own_lab, 'page=network&run=moons-1&panels=["network"]')
    (own_lab.folder / "moons-1.run").unlink()
    page.get_by_role("button", name="► Train on").click()
    page.locator(".ds-failure").first.wait_for()
    assert "moons-1" in failures(page)[0]
    assert "bug" not in failures(page)[0]
    page.get_by_role("button", name="Good", exact=True).click()
    assert failures(page) == []
