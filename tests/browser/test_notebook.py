"""``ds.show`` in a real JupyterLab: the widget lives, and what is saved still shows the picture without a kernel."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.page import Opened, failures, holds, settled

import downslope as ds
from downslope.runs import Run

pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
pytest.importorskip("anywidget", reason="anywidget is not installed")
pytestmark = pytest.mark.slow
BUSY = 90  # seconds that a kernel may take on a busy machine


def cell(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "id": "a", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


@pytest.fixture
def notebook(run: Run, tmp_path: Path) -> Path:
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    source = f"import downslope as ds\nds.show(ds.load({run.path!r}))"
    whole = {"cells": [cell(source)], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps(whole))
    return path


@pytest.fixture
def jupyter(notebook: Path, tmp_path: Path) -> Iterator[str]:
    """The address of the notebook in a JupyterLab of its own, without anybody's settings."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    options = [
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.token=t",
        f"--ServerApp.root_dir={tmp_path}",
    ]
    words = [sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser", *options]
    environment = {**os.environ, **own, "PYTHONPATH": str(Path(ds.__file__).parents[1])}
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(10 * BUSY):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token=t", timeout=5).close()
            break
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}/lab/tree/{notebook.name}?token=t"
    process.terminate()
    process.wait(timeout=BUSY)


def test_a_run_is_shown_stepped_and_saved_with_its_picture(jupyter: str, notebook: Path, open_page: Opened) -> None:
    page = open_page(width=1300)
    page.goto(jupyter)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=BUSY * 1000)
    page.get_by_text("| Idle").first.wait_for(timeout=BUSY * 1000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.locator(".ds-frame svg").first.wait_for(timeout=BUSY * 1000)
    settled(page)
    assert failures(page) == []
    page.locator(".jp-OutputArea img").first.wait_for(state="hidden")  # the widget shows the same, and more
    page.get_by_role("slider", name="Step", exact=True).focus()
    page.keyboard.press("Home")
    holds(page.get_by_label("Step number").first, "1")
    settled(page)
    assert failures(page) == []
    page.keyboard.press("Control+s")
    outputs: list[dict[str, Any]] = []
    for _ in range(10 * BUSY):
        outputs = json.loads(notebook.read_text())["cells"][0]["outputs"]
        if outputs:
            break
        time.sleep(0.1)
    page.said.clear()  # JupyterLab's own complaints about parts that are not installed
    assert [sorted(each["data"]) for each in outputs] == [
        ["image/png", "text/plain"],
        ["application/vnd.jupyter.widget-view+json", "text/plain"],
    ]
    assert "loss" in outputs[0]["metadata"]["image/png"]["alt"]
