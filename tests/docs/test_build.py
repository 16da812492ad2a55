"""The pages as a reader gets them: built without a warning, complete, and nothing in them is loaded from anywhere.

Only where the tools of `make docs` are installed; `make test` does not bring them.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from downslope.cli import entries

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sphinx", "myst_nb", "furo")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(importlib.util.find_spec(tool) is None for tool in TOOLS), reason="needs requirements/docs.txt"
    ),
]


class Addresses(HTMLParser):
    """Everything that a page loads by itself, and everything that it links to."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get("src") or given.get("href") or ""
        if tag == "a":
            self.links.append(address)
        elif address:
            self.loads.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-W",
            "--keep-going",
            "-q",
            "-d",
            str(out / "doctrees"),
            "docs",
            str(out / "html"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out / "html"


def addresses(page: Path) -> Addresses:
    parser = Addresses()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


def loaded_from_elsewhere(site: Path) -> set[str]:
    found = {load for page in site.rglob("*.html") for load in addresses(page).loads if urlsplit(load).netloc}
    for sheet in site.rglob("*.css"):
        found |= set(re.findall(r"(?:url\(|@import\s+)[\"']?(?:https?:)?//[^\"')]+", sheet.read_text(encoding="utf-8")))
    return found


def broken_links(site: Path) -> list[str]:
    found = []
    for page in site.rglob("*.html"):
        for link in addresses(page).links:
            parts = urlsplit(link)
            if not parts.netloc and not parts.scheme and not (page.parent / unquote(parts.path)).exists():
                found.append(f"{page.relative_to(site)} -> {link}")
    return found


# One test, so that workers that share the tests between them build the pages once.
def test_the_pages_are_complete_and_need_no_network(site: Path) -> None:
    assert not [entry.id for entry in entries.everything() if not (site / entry.page.partition("#")[0]).is_file()]
    assert not loaded_from_elsewhere(site)
    assert not broken_links(site)
    tanh = (site / "reference" / "primitive" / "tanh.html").read_text(encoding="utf-8")
    assert tanh.count("<math") >= 2
    assert "MathJax" not in tanh


def test_what_a_page_loads_and_where_it_leads_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<script src="https://example.org/x.js"></script><a href="b.html#x">b</a>')
    (tmp_path / "a.css").write_text("@import url(//example.org/font.css);")
    assert loaded_from_elsewhere(tmp_path) == {"https://example.org/x.js", "url(//example.org/font.css"}
    assert broken_links(tmp_path) == ["a.html -> b.html#x"]
