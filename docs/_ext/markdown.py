"""Text of docstrings as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable

# What reStructuredText marks: a role, code, and a word in single backticks.
_MARKED = re.compile(r":\w+:`~?(?P<role>[^`]+)`|``(?P<code>[^`]+)``|`(?P<word>[^`]+)`")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~])")


def escaped(text: str) -> str:
    """Text in which no sign has a meaning."""
    return _SPECIAL.sub(r"\\\1", text)


def fenced(text: str, language: str) -> str:
    """A block of code, whatever stands in it."""
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall(r"`{3,}", text))])
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def from_docstring(text: str, link: Callable[[str, bool], str]) -> str:
    """A paragraph. link: (name, whether a role marks it as a reference) -> path of its page, or ""."""
    parts, end = [], 0
    for found in _MARKED.finditer(text):
        parts.append(escaped(text[end : found.start()]))
        name = (found["role"] or "").rpartition(".")[2] or found["code"] or found["word"]
        path = link(name, found["role"] is not None)
        parts.append(f"[`{name}`]({path})" if path else f"`{name}`")
        end = found.end()
    return "".join([*parts, escaped(text[end:])])
