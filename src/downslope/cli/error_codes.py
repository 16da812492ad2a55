"""Error codes: where each is raised, read from the source, and what its page says, where the pages are at hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

Place = tuple[Path, int]


@cache
def places(package: Path) -> dict[str, Place]:
    """Code -> file and line where it is first raised, by an error class or by a helper that hands a code on to one."""
    errors = ast.parse((package / "errors.py").read_text(encoding="utf-8"))
    # Class or function -> place and name of its parameter for the code.
    takers = {node.name: (0, "code") for node in errors.body if isinstance(node, ast.ClassDef)}
    files = [file for file in sorted(package.rglob("*.py")) if file.name != "errors.py"]
    calls = [(file, *found) for file in files for found in _calls(ast.parse(file.read_text(encoding="utf-8")), None)]
    while True:
        before, found = len(takers), dict[str, Place]()
        for file, call, function in calls:
            given = _code_of(call, takers)
            if isinstance(given, ast.Name) and function is not None and function.name != "__init__":
                names = [a.arg for a in function.args.args if a.arg not in ("self", "cls")]
                if given.id in (*names, *(a.arg for a in function.args.kwonlyargs)):
                    at = names.index(given.id) if given.id in names else 99
                    takers.setdefault(function.name, (at, given.id))
            for option in (given.body, given.orelse) if isinstance(given, ast.IfExp) else (given,):
                if isinstance(option, ast.Constant) and isinstance(option.value, str):
                    found.setdefault(option.value, (file, call.lineno))
        if len(takers) == before:
            return found


def _code_of(call: ast.Call, takers: dict[str, tuple[int, str]]) -> ast.expr | None:
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called not in takers:
        return None
    at, parameter = takers[called]
    by_name = [k.value for k in call.keywords if k.arg == parameter]
    return by_name[0] if by_name else call.args[at] if at < len(call.args) else None


def _calls(node: ast.AST, function: ast.FunctionDef | None) -> Iterator[tuple[ast.Call, ast.FunctionDef | None]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, function
        yield from _calls(child, child if isinstance(child, ast.FunctionDef) else function)


def meaning(checkout: Path | None, code: str) -> str:
    """The section of docs/errors.md about it; empty where the pages are not beside the package."""
    text = (checkout / "docs" / "errors.md").read_text(encoding="utf-8") if checkout else ""
    section = re.search(rf"^## {re.escape(code)}$(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    return section[1].replace("**", "").strip() if section else ""
