"""Screenshots of views drawn from try/payloads, for looking at: ``python try/shoot.py VIEW [VIEW ...] [--hash HASH]``.

Light, dark and 360 px wide, into the folder that --out names. It also says what the console said, what axe-core finds,
and how long drawing took; it fails on any error. Needs playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

WEB = Path(__file__).resolve().parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run"]  # fmt: skip
NODE = shutil.which("node") or ""
LOOKS = {"light": ("light", 1100), "dark": ("dark", 1100), "phone": ("light", 360)}


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Without a line for each request."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


def built(into: str) -> None:
    """The page of try/, bundled."""
    options = ["--outDir", into, "--emptyOutDir", "--logLevel", "error", "--base", "./", "--config", "vite.config.ts"]
    subprocess.run([NODE, "node_modules/vite/bin/vite.js", "build", "try", *options], cwd=WEB, check=True)


def shoot(views: list[str], hash_: str, steps: int, out: Path, do: str) -> int:
    """The number of things that are wrong."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        built(folder)
        handler = functools.partial(Quiet, directory=folder)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for look, (scheme, width) in LOOKS.items():
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
            said = listening(page)
            shown = f"views={','.join(views)}&steps={steps}"
            page.goto(f"http://127.0.0.1:{server.server_port}/index.html?{shown}#{hash_}")
            page.wait_for_timeout(700)
            if do:
                page.evaluate(do)
                page.wait_for_timeout(500)
            path = out / f"{'-'.join(views)}-{look}.png"
            page.screenshot(path=path, full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth")
            problems = [*[each for each in said if each.startswith("error")], *violations(page)]
            problems += [f"the page is {wide} px wide on a screen of {width}"] if wide > width else []
            wrong += len(problems)
            print(path, *problems, sep="\n    ")
            print(*[f"    {each}" for each in said if not each.startswith("error")], sep="\n", end="")
            page.close()
        browser.close()
        server.shutdown()
    return wrong


def listening(page: Page) -> list[str]:
    """A list that fills with what the console says."""
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    return said


def violations(page: Page) -> list[str]:
    """What axe-core finds against levels A and AA, a line each."""
    page.add_script_tag(path=str(WEB / "node_modules/axe-core/axe.min.js"))
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")["violations"]
    return [f"axe {each['id']}: {node['html'][:140]}" for each in found for node in each["nodes"][:4]]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("views", nargs="+")
    parser.add_argument("--hash", default="run=digits-1")
    parser.add_argument("--steps", type=int, default=900, help="how many the run has")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--do", default="", help="JavaScript to run before the picture is taken")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    sys.exit(min(shoot(given.views, given.hash, given.steps, given.out, given.do), 1))
