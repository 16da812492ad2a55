"""What Python and the page agree on: the contract, the colours, and what was built from what."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from downslope.errors import SettingError
from downslope.lab import front_end, schema
from downslope.views.plot import style

WEB = Path(__file__).resolve().parents[2] / "web"
CONTRACT = WEB / "src/contract/index.ts"
pytestmark = pytest.mark.skipif(not WEB.is_dir(), reason="a source archive holds no web/")


def test_the_types_of_the_page_are_those_of_the_records() -> None:
    found = re.search(r"Fingerprint (\w+)", CONTRACT.read_text(encoding="utf-8"))
    assert found is not None
    assert found[1] == schema.fingerprint(schema.schema()), "run `npm run contract` in web/: a record has changed"


def test_the_fingerprint_tells_a_field_that_was_renamed_or_became_optional() -> None:
    whole = schema.schema()
    other = {**whole, "$defs": {**whole["$defs"], "Query": {**whole["$defs"]["Query"], "required": []}}}
    assert schema.fingerprint(other) != schema.fingerprint(whole)


def test_every_payload_command_and_message_has_a_type() -> None:
    names = set(re.findall(r"export (?:interface|type) (\w+)", CONTRACT.read_text(encoding="utf-8")))
    assert set(schema.schema()["$defs"]) <= names


@pytest.mark.parametrize(
    ("theme", "series", "block"),
    [(style.LIGHT, style.SERIES, 0), (style.DARK, style.SERIES_DARK, 1)],
    ids=["light", "dark"],
)
def test_pictures_and_pages_have_the_same_colours(theme: style.Theme, series: tuple[str, ...], block: int) -> None:
    sheet = (WEB / "src/draw/theme.css").read_text(encoding="utf-8")
    told = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", re.findall(r"\{[^}]*\}", sheet)[block]))
    roles = ("paper", "ink", "soft", "faint", "first", "second", "alarm")
    assert {name: told[name] for name in roles} == {name: getattr(theme, name) for name in roles}
    assert tuple(told[f"series-{k}"] for k in range(len(series))) == series


def test_no_committed_file_of_the_page_names_a_registry() -> None:
    lock = (WEB / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert "registry." not in lock
    assert "omit-lockfile-registry-resolved=true" in (WEB / ".npmrc").read_text(encoding="utf-8")


def test_what_is_missing_is_said_in_one_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(front_end, "STATIC", tmp_path)
    assert not front_end.is_built()
    with pytest.raises(SettingError, match=r"has not been built.*\[front-end-missing\]") as caught:
        front_end.text(front_end.MODULE)
    assert "make web" in caught.value.do


@pytest.mark.parametrize("name", ["../../errors", "/etc/passwd", "downslope", "lab", "built", ""])
def test_only_libraries_of_the_front_end_are_handed_out(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for file in ("downslope.js", "lab.js", "katex.js", "built.json"):
        (tmp_path / file).write_text("1")
    monkeypatch.setattr(front_end, "STATIC", tmp_path)
    assert front_end.library("katex") == "1"
    with pytest.raises(SettingError, match="front-end-missing"):
        front_end.library(name)


def test_each_view_that_draws_curves_brings_what_draws_them() -> None:
    """In a report and in a widget; the lab fetches whatever is asked for."""
    sources = {path.stem: path.read_text(encoding="utf-8") for path in (WEB / "src/views").iterdir()}
    views = {name for name, source in sources.items() if "export default view" in source}
    drawing = {name for name in views if any('"../draw/curves"' in sources[each] for each in reached(name, sources))}
    assert "timeline" in drawing
    assert drawing == front_end.LIBRARIES["uplot"]
    assert front_end.needed(["runs", "timeline"]) == ["uplot"]
    assert front_end.needed(["runs"]) == []


def reached(name: str, sources: dict[str, str]) -> set[str]:
    """The files of a view: its own, and those that it imports."""
    found, waiting = set(), [name]
    while waiting:
        each = waiting.pop()
        if each not in found and each in sources:
            found.add(each)
            waiting += re.findall(r'from "\./(\w+)"', sources[each])
    return found


def test_the_build_hook_sees_every_change_of_what_it_builds_from(tmp_path: Path) -> None:
    hook = pytest.importorskip("hatch_build")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(WEB / name, tmp_path / name)
    for folder in hook.SOURCES:
        (tmp_path / folder).mkdir()
    (tmp_path / "src/main.ts").write_text("1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hook, "WEB", tmp_path)
        seen = {hook.fingerprint()}
        (tmp_path / "src/main.ts").write_text("2")
        seen.add(hook.fingerprint())
        (tmp_path / "src/main.ts").rename(tmp_path / "src/other.ts")
        seen.add(hook.fingerprint())
        (tmp_path / "public/icon.svg").write_text("")
        seen.add(hook.fingerprint())
    assert len(seen) == 4
