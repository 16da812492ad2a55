"""The widget in VS Code's frame of outputs, and a saved notebook in VS Code itself where there is one."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.page import Opened, curved, failures, leave

import downslope as ds
from downslope.lab.still import Still
from downslope.lab.subject import subject
from downslope.runs import Run

pytest.importorskip("anywidget", reason="anywidget is not installed")
from tests.browser.vscode import VSCode

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
DARK = {"vscode-dark", "vscode-high-contrast"}
LIGHT = {"vscode-light", "vscode-high-contrast-light"}
BUSY = 90  # seconds that VS Code may take on a busy machine


def test_a_run_is_drawn_and_asked_without_a_refusal_or_the_network(run: Run, open_page: Opened) -> None:
    host = VSCode(open_page(), ds.show(run))
    frame = host.frame
    assert frame.locator(".ds-frame svg").first.is_visible()
    curved(frame, "timeline")
    assert not frame.locator("img").is_visible(), "the still picture gives way to the widget that shows the same"
    frame.get_by_role("slider", name="Step", exact=True).focus()
    frame.page.keyboard.press("Home")
    frame.page.wait_for_timeout(500)
    assert {each["ask"].get("step") for each in host.asked if "ask" in each} >= {1}
    frame.get_by_role("button", name="Network", exact=True).click()  # the formula needs a library, sent by the kernel
    frame.locator("math").first.wait_for()
    assert failures(frame) == []
    assert frame.evaluate("refused") == []
    assert host.wanted == []


def test_no_key_pressed_in_a_view_reaches_the_cells_but_those_that_leave_it_do(run: Run, open_page: Opened) -> None:
    host = VSCode(open_page(), ds.show(run))
    host.frame.locator(".ds-frame[data-view=timeline] svg[tabindex]").focus()
    for key in ("ArrowLeft", "ArrowDown", "End", "+", "a", "x", "d", "Delete", "Space", "Enter"):
        host.frame.page.keyboard.press(key)
    assert host.frame.evaluate("reached") == []
    for key in ("Control+s", "Escape", "Tab"):
        host.frame.page.keyboard.press(key)
    assert host.frame.evaluate("reached") == ["Control", "s", "Escape", "Tab"]


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_is_that_of_vs_code_whatever_the_system_has(system: str, run: Run, open_page: Opened) -> None:
    host = VSCode(open_page(scheme=system), ds.show(run.ask("grad_norm", every=3)))
    seen = {}
    for kind in sorted(DARK | LIGHT):
        host.theme(kind)
        host.frame.page.wait_for_timeout(100)
        seen[kind] = host.frame.locator(".ds").get_attribute("data-theme")
    assert seen == dict.fromkeys(DARK, "dark") | dict.fromkeys(LIGHT, "light")


def test_rules_for_bare_elements_end_at_the_widget(run: Run, open_page: Opened) -> None:
    frame = VSCode(open_page(), ds.show(run)).frame
    frame.get_by_role("button", name="Time line", exact=True).click()
    clear = "(each) => getComputedStyle(each).backgroundColor"
    for kind in ("code", "kbd", "thead", "tr:nth-child(2)"):
        assert frame.locator(f".ds {kind}").first.evaluate(clear) == "rgba(0, 0, 0, 0)", kind
    same = "(each) => getComputedStyle(each).color === getComputedStyle(each.parentElement).color"
    assert frame.locator(".ds code").first.evaluate(same)


def test_widgets_on_one_page_keep_apart(run: Run, open_page: Opened) -> None:
    reading, path = run.ask("grad_norm", every=3), ds.descend("rosenbrock", ds.optim.momentum(lr=1e-3), steps=9)
    host = VSCode(open_page(), ds.show(reading), ds.show(reading), ds.show(path))
    frame = host.frame
    assert frame.locator("img").evaluate_all("all => all.map((each) => each.checkVisibility())") == [False] * 3
    ids = frame.locator("[id]").evaluate_all("all => all.map((each) => each.id)")
    assert len(ids) == len(set(ids))
    rate = frame.get_by_role("slider", name="learning rate")
    assert rate.evaluate("(each) => each.closest('.cell_container') === document.querySelector('#container').lastChild")


@pytest.fixture
def vs_code(run: Run, tmp_path: Path) -> Iterator[str]:
    """The address of VS Code with a folder in which a saved notebook is."""
    found = shutil.which("code-server")
    if found is None:
        pytest.skip("there is no code-server here, which is VS Code in a browser")
    data, words = Still(subject(run)).bundle()
    outputs = [
        {"output_type": "display_data", "data": data, "metadata": words},
        {
            "output_type": "display_data",
            "data": {
                "application/vnd.jupyter.widget-view+json": {"model_id": "gone", "version_major": 2},
                "text/plain": "run this cell again",
            },
            "metadata": {},
        },
    ]
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": "ds.show(run)", "outputs": outputs}
    work = tmp_path / "work"
    work.mkdir()
    whole = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    (work / "saved.ipynb").write_text(json.dumps(whole))
    settings = tmp_path / "data/User/settings.json"
    settings.parent.mkdir(parents=True)
    notebooks = {"*.ipynb": "jupyter-notebook"}  # said, so that VS Code waits until it can show them
    settings.write_text(json.dumps({"workbench.editorAssociations": notebooks, "chat.disableAIFeatures": True}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    options = ["--auth", "none", "--bind-addr", address, "--disable-telemetry", "--disable-update-check"]
    folders = ["--user-data-dir", str(tmp_path / "data"), "--extensions-dir", str(tmp_path / "extensions")]
    more = ["--disable-workspace-trust", "--config", str(tmp_path / "config.yaml"), str(work)]
    log = subprocess.DEVNULL
    process = subprocess.Popen([found, *options, *folders, *more], stdout=log, stderr=log)
    for _ in range(10 * BUSY):
        try:
            urllib.request.urlopen(f"http://{address}/healthz", timeout=5).close()
            break
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    yield f"http://{address}/?folder={work}"
    process.terminate()
    process.wait(timeout=BUSY)


def test_a_saved_notebook_shows_its_picture_in_vs_code_itself(vs_code: str, open_page: Opened) -> None:
    page: Any = open_page(width=1300)
    page.goto(vs_code)
    page.locator(".explorer-folders-view .monaco-list-row", has_text="saved.ipynb").dblclick(timeout=BUSY * 1000)
    for _ in range(10 * BUSY):
        page.wait_for_timeout(100)
        outputs = next((each for each in page.frames if each.locator(".output img").count()), None)
        if outputs:
            break
    assert outputs, "VS Code never showed the picture"
    picture = outputs.locator(".output img")
    assert picture.evaluate("(each) => [each.naturalWidth > 500, each.alt.includes('loss')]") == [True, True]
    assert outputs.get_by_text("run this cell again").is_visible()
    leave(page)  # and forget VS Code's own complaints, of which an unreachable gallery of extensions is one
