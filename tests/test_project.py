"""Promises about the project's own files: no host or machine in them, hashed pins, documented errors, fresh pages."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HASHED = ("build.txt", "run.txt", "dev.txt", "docs.txt")

# --- hosts and machine paths ------------------------------------------------------------------------------------------

# Put together from pieces, so that this file does not contain what it forbids.
HOSTS = [
    ".".join(pieces)
    for pieces in (
        ("pypi", "org"),
        ("python" + "hosted", "org"),
        ("download", "pytorch", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "npmjs", "com"),
        ("registry", "yarnpkg", "com"),
        ("anaconda", "org"),
        ("crates", "io"),
    )
]
FOLDERS = ["work", "root", "home", "Users", "opt", "workspace"]
FORBIDDEN = re.compile(
    "|".join(
        [
            *(rf"(?<![\w-]){re.escape(host)}\b" for host in HOSTS),
            # an absolute path: nothing that could continue a relative path or a URL stands before its first slash
            *(rf"(?<![\w.~*)}}\]-])/{folder}/[\w.]" for folder in FOLDERS),
            r"(?i:\bfile:/{2,3}[\w.])",
        ]
    )
)
HINTS = [*HOSTS, *(f"/{folder.lower()}/" for folder in FOLDERS), "file:/"]


def own_files() -> list[Path]:
    """Every file that is tracked, or would be by `git add`."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout: which files belong to the project cannot be told")
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def forbidden_lines(text: str) -> Iterator[tuple[int, str]]:
    plain = text.lower()
    if not any(word in plain for word in HINTS):  # most files, without a search at every character
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if found := FORBIDDEN.search(line):
            yield number, found[0]


def test_no_file_names_a_registry_host_or_a_machine_path() -> None:
    found = []
    for file in own_files():
        content = file.read_bytes()
        if b"\0" not in content:  # text
            text = content.decode("utf-8", errors="replace")
            found += [f"{file.relative_to(ROOT)}:{number}: {what}" for number, what in forbidden_lines(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("host", HOSTS)
def test_a_planted_host_is_caught(host: str) -> None:
    assert list(forbidden_lines(f"first\n--index-url https://{host}/simple")) == [(2, host)]
    assert list(forbidden_lines(f"https://files.{host}/x.whl")) == [(1, host)]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_planted_machine_path_is_caught(folder: str) -> None:
    assert list(forbidden_lines(f"see '/{folder}/someone/notes'"))
    assert list(forbidden_lines("file:" + f"///{folder}/x"))
    assert not list(forbidden_lines(f"https://example.org/{folder}/page and docs/{folder}/x.md"))


# --- requirement files ------------------------------------------------------------------------------------------------

PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==\S+(?: ; .+)?(?P<hashes>(?: --hash=sha256:[0-9a-f]{64})+)$")


def faults(requirements: str) -> list[str]:
    """Lines of a hashed requirement file that are neither a comment nor a pin with its hashes."""
    lines = re.sub(r"[ \t]*\\\n[ \t]*", " ", requirements).splitlines()
    return [line for line in lines if line and not line.startswith("#") and not PIN.match(line)]


def pins(file: str) -> dict[str, str]:
    text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize("file", HASHED)
def test_every_pin_has_its_hashes_and_no_line_is_an_option(file: str) -> None:
    text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
    assert pins(file)
    assert not faults(text)


@pytest.mark.parametrize(
    "line", ["numpy==2.0", "numpy>=2.0", "--find-links wheels", "-e .", "numpy==2.0 --hash=md5:00", "torch @ x.whl"]
)
def test_a_planted_fault_in_a_requirement_file_is_caught(line: str) -> None:
    sound = "rich==1.0 \\\n    --hash=sha256:" + "0" * 64
    assert not faults(f"# comment\n{sound}\n")
    assert faults(f"# comment\n{sound}\n{line}\n{sound}\n") == [line]


def test_the_hashed_files_agree_with_each_other() -> None:
    build, run, dev, docs = (pins(file) for file in HASHED)
    for smaller in (build, run):
        assert {name: dev.get(name) for name in smaller} == smaller
    shared = dev.keys() & docs.keys()
    assert {name: dev[name] for name in shared} == {name: docs[name] for name in shared}


def test_torch_is_pinned_without_a_hash() -> None:
    assert "torch" in pins("constraints.txt")
    assert not any("torch" in pins(file) for file in HASHED)


# --- README and Makefile ----------------------------------------------------------------------------------------------


def code_in(markdown: str) -> str:
    return "\n".join(re.findall(r"^```.*?^```|`[^`\n]+`", markdown, flags=re.MULTILINE | re.DOTALL))


def make_verbs(text: str) -> set[str]:
    return set(re.findall(r"\bmake ([a-z][a-z-]*)", text))


def test_every_make_command_that_a_page_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, flags=re.MULTILINE))
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        unknown = make_verbs(code_in(page.read_text(encoding="utf-8"))) - targets
        assert not unknown, f"{page.name} names `make {unknown.pop()}`, and the Makefile has no such target"


def test_the_readme_leads_with_the_two_commands() -> None:
    assert {"demo", "test"} <= make_verbs(code_in((ROOT / "README.md").read_text(encoding="utf-8")))


def test_make_commands_are_read_from_code_only() -> None:
    page = "You make progress.\n\n```sh\nmake demo   # trains\nmake test TORCH=1\n```\nThen `make lint`."
    assert make_verbs(code_in(page)) == {"demo", "test", "lint"}


# --- error codes ------------------------------------------------------------------------------------------------------


@dataclass
class Codes:
    """Error codes found in source: each with the place where it is raised, and the calls whose code cannot be read."""

    found: dict[str, str] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)


def error_classes() -> set[str]:
    source = (ROOT / "src" / "downslope" / "errors.py").read_text(encoding="utf-8")
    return {node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


def error_codes(sources: dict[str, str], classes: set[str]) -> Codes:
    """Codes given to the error classes, directly or through helpers that pass a parameter of theirs on as the code."""
    codes = Codes()
    trees = {name: ast.parse(text) for name, text in sources.items()}
    takers = dict.fromkeys(classes, (0, "code"))  # class or function -> place and name of the parameter for the code
    calls = [(call, function, name) for name, tree in trees.items() for call, function in _calls(tree, None)]
    while True:
        codes.found, codes.unreadable, before = {}, [], len(takers)
        for call, function, name in calls:
            _note(call, function, name, takers, codes)
        if len(takers) == before:
            return codes


def _calls(node: ast.AST, function: ast.FunctionDef | None) -> Iterator[tuple[ast.Call, ast.FunctionDef | None]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, function
        yield from _calls(child, child if isinstance(child, ast.FunctionDef) else function)


def _note(
    call: ast.Call, function: ast.FunctionDef | None, file: str, takers: dict[str, tuple[int, str]], codes: Codes
) -> None:
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called not in takers:
        return
    place, parameter = takers[called]
    by_name = [k.value for k in call.keywords if k.arg == parameter]
    given = by_name[0] if by_name else call.args[place] if place < len(call.args) else None
    own = [a.arg for a in (*function.args.posonlyargs, *function.args.args)] if function else []
    by_keyword = [a.arg for a in function.args.kwonlyargs] if function else []
    if function and isinstance(given, ast.Name) and given.id in (*own, *by_keyword):
        if function.name != "__init__":
            index = own.index(given.id) - (own[0] in ("self", "cls")) if given.id in own else len(call.args) + 99
            takers.setdefault(function.name, (index, given.id))
        return
    options = [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
    for option in options:
        if isinstance(option, ast.Constant) and isinstance(option.value, str):
            codes.found.setdefault(option.value, f"{file}:{call.lineno}")
        else:
            codes.unreadable.append(f"{file}:{call.lineno}")


@cache
def codes_of_the_source() -> Codes:
    source = ROOT / "src" / "downslope"
    texts = {
        file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(source.rglob("*.py"))
        if file != source / "errors.py"
    }
    return error_codes(texts, error_classes())


def codes_of_the_page() -> dict[str, str]:
    """Failures that only the page can tell, such as a server that is gone: code -> place in web/src."""
    texts = {file: file.read_text(encoding="utf-8") for file in sorted((ROOT / "web" / "src").rglob("*.ts*"))}
    return {
        code: file.relative_to(ROOT).as_posix()
        for file, text in texts.items()
        for code in re.findall(r"^\s*code: \"([a-z-]+)\",$", text, flags=re.MULTILINE)
    }


def listed(codes: dict[str, str]) -> str:
    return "\n".join(f"  {code} ({place})" for code, place in sorted(codes.items()))


def documented(page: str) -> list[str]:
    return re.findall(r"^## (\S+)$", page, flags=re.MULTILINE)


def test_every_error_code_is_written_out_where_it_is_raised() -> None:
    unreadable = codes_of_the_source().unreadable
    assert not unreadable, (
        "the code of these errors is not a literal, so its page and its test cannot be found:\n" + "\n".join(unreadable)
    )


def test_every_error_has_a_section_in_docs_and_every_section_an_error() -> None:
    raised = codes_of_the_source().found | codes_of_the_page()
    sections = documented((ROOT / "docs" / "errors.md").read_text(encoding="utf-8"))
    assert sections == sorted(set(sections)), "the sections of docs/errors.md stand in alphabetical order, each once"
    missing = {code: place for code, place in raised.items() if code not in sections}
    assert not missing, f"docs/errors.md lacks a section `## code` for\n{listed(missing)}"
    assert not set(sections) - set(raised), "docs/errors.md describes errors that are raised nowhere"


def test_every_error_text_is_tested() -> None:
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "web" / "tests").rglob("*.ts*")]
    tests = "\n".join(file.read_text(encoding="utf-8") for file in files)
    words = set(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", tests))
    raised = codes_of_the_source().found | codes_of_the_page()
    untested = {code: place for code, place in raised.items() if code not in words}
    assert not untested, f"no test names these error codes:\n{listed(untested)}"


def test_codes_are_found_directly_and_through_helpers() -> None:
    source = """
raise MyError("one", "what")
raise errors.MyError("two" if x else "three", "what")
def refuse(value, code):
    raise MyError(code, value)
def refuse_more(self, *, word):
    refuse(1, word)
refuse(0, "four")
refuse(0, code="five")
refuse_more(word="six")
raise OtherError("no code of ours")
raise MyError(f"un{read}able")
"""
    codes = error_codes({"a.py": source}, {"MyError"})
    assert codes.found == {
        "one": "a.py:2",
        "two": "a.py:3",
        "three": "a.py:3",
        "four": "a.py:8",
        "five": "a.py:9",
        "six": "a.py:10",
    }
    assert codes.unreadable == ["a.py:12"]


# --- generated pages --------------------------------------------------------------------------------------------------


def test_the_generated_pages_are_fresh() -> None:
    check = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr
