"""Photograph the lab's page for the README: ``python images/photograph.py``, with Playwright and a Chromium.

By itself and not by ``make pictures``, because it needs a browser; and its bytes depend on that browser's fonts.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

HERE = Path(__file__).resolve().parent
SETTINGS = '{"data":{"name":"spirals"},"hidden":[8,8],"optimizer":{"name":"adam","settings":{"lr":0.03}},"steps":3000}'


def photograph(page: Page, address: str) -> bytes:
    """A training from the page's own settings to its end, then the page as it is."""
    page.goto(address)
    page.wait_for_selector(".ds-tab")
    link = f"#page=network&theme=light&train.settings={SETTINGS}"
    page.evaluate("link => { location.hash = link; location.reload(); }", link)
    page.get_by_role("button", name="► Train").click()
    expect(page.get_by_text("is done")).to_be_visible(timeout=60_000)
    page.wait_for_timeout(2_000)
    return page.screenshot(type="png")


def main() -> None:
    """Write images/lab.webp."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        words = [sys.executable, "-m", "downslope", "lab", folder, "--no-browser"]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        lab = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)
        try:
            assert lab.stdout is not None
            address = next(word for line in lab.stdout for word in line.split() if word.startswith("http"))
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="light")
            picture = Image.open(io.BytesIO(photograph(page, address)))
            browser.close()
        finally:
            lab.terminate()
            lab.wait(60)
    picture.convert("RGB").save(HERE / "lab.webp", quality=82, method=6)


if __name__ == "__main__":
    main()
