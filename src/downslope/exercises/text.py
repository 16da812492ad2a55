"""Texts with formulas: Markdown with LaTeX for notebooks, and the same in plain signs for a terminal."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, repr=False)
class Text:
    """Markdown with LaTeX between dollar signs. A notebook renders it, ``print`` gives plain signs."""

    markdown: str

    def __str__(self) -> str:
        return plain(self.markdown)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return self.markdown


# --- numbers in formulas ----------------------------------------------------------------------------------------------


def num(x: Any, digits: int = 6) -> str:
    """A number in LaTeX, with so many significant digits at most.

    >>> num(0.25), num(1.5e-7), num(-3.0)
    ('0.25', '1.5 \\\\cdot 10^{-7}', '-3')
    """
    text = f"{float(x) + 0.0:.{digits}g}"  # and not -0
    mantissa, e, exponent = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e else text


def par(x: Any, digits: int = 6) -> str:
    """As :func:`num`, in brackets if it is negative: a factor behind another one."""
    return f"({num(x, digits)})" if float(x) < 0 else num(x, digits)


def plus(x: Any, digits: int = 6) -> str:
    """As :func:`num` with its sign before it: a term behind another one.

    >>> plus(-2), plus(0.5)
    ('- 2', '+ 0.5')
    """
    return f"{'-' if float(x) < 0 else '+'} {num(abs(float(x)), digits)}"


def matrix(a: Any, digits: int = 6) -> str:
    """An array of one or two axes in LaTeX; one axis is a row."""
    rows = np.atleast_2d(np.asarray(a, float))
    lines = r" \\ ".join(" & ".join(num(x, digits) for x in row) for row in rows)
    return rf"\begin{{pmatrix}} {lines} \end{{pmatrix}}"


# --- from LaTeX to plain signs ----------------------------------------------------------------------------------------

_SIGNS = {
    **{
        "cdot": "·",
        "times": "×",
        "approx": "≈",
        "le": "≤",
        "ge": "≥",
        "to": "→",
        "sum": "Σ",
        "partial": "∂",
        "infty": "∞",
    },
    **{"top": "ᵀ", "odot": "⊙", "ne": "≠", "ll": "≪", "dots": "...", "ldots": "...", "pm": "±", "leftarrow": "←"},
    **{"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "lambda": "λ", "mu": "μ"},
    **{
        "rho": "ρ",
        "sigma": "σ",
        "nabla": "∇",
        "quad": "  ",
        ",": " ",
        ";": " ",
        " ": " ",
        "%": "%",
        "{": "{",
        "}": "}",
    },
    **{name: name for name in ("ln", "log", "exp", "tanh", "max", "min", "sin", "cos")},
    **{"left": "", "right": "", "displaystyle": ""},
}
_HIGH = str.maketrans("0123456789-+n()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ⁽⁾")
_LOW = str.maketrans("0123456789-+nijtou", "₀₁₂₃₄₅₆₇₈₉₋₊ₙᵢⱼₜₒᵤ")
_ARGUMENT = r"\{((?:[^{}]|\{[^{}]*\})*)\}"


def plain(markdown: str) -> str:
    """Markdown with LaTeX in plain signs; code between backticks stays as it is.

    >>> plain(r"**Find** $\\\\frac{dL}{dw_1}$ of $L = (w_1 - 3)^2$ at `x`.")
    'Find dL/dw₁ of L = (w₁ - 3)² at x.'
    """
    pieces = re.split(r"(```.*?```|`[^`]*`)", markdown, flags=re.DOTALL)
    return "".join(_code(p) if p.startswith("`") else _prose(p) for p in pieces).strip()


def _code(piece: str) -> str:
    if not piece.startswith("```"):
        return piece.strip("`")
    body = piece.strip("`").partition("\n")[2].rstrip("\n")
    return "\n".join(f"    {line}" if line else "" for line in body.split("\n"))


def _prose(piece: str) -> str:
    parts = re.split(r"\$\$(.*?)\$\$|\$(.*?)\$", piece, flags=re.DOTALL)
    found = []
    for words, shown, inline in zip(parts[::3], [*parts[1::3], None], [*parts[2::3], None], strict=True):
        found.append(re.sub(r"\*\*(.*?)\*\*", r"\1", words))
        formula = shown if shown is not None else inline
        found.append("" if formula is None else _formula(formula))
    return "".join(found)


def _formula(latex: str) -> str:
    text = re.sub(r"\\begin\{[pb]matrix\}(.*?)\\end\{[pb]matrix\}", _rows, latex, flags=re.DOTALL)
    text = re.sub(rf"\\(?:text|mathrm|operatorname|mathbf){_ARGUMENT}", r"\1", text)
    for _ in range(6):  # from the inside out
        text = re.sub(rf"\\[dt]?frac{_ARGUMENT}{_ARGUMENT}", lambda m: f"{_bound(m[1])}/{_bound(m[2])}", text)
        text = re.sub(rf"\\sqrt{_ARGUMENT}", lambda m: f"√{_bound(m[1])}", text)
        text = re.sub(rf"\\(?:hat|bar){_ARGUMENT}", lambda m: f"{m[1]}\u0302", text)
        text = re.sub(rf"\^{_ARGUMENT}|\^(\\[A-Za-z]+|\w)", lambda m: _raised(m[1] or m[2], "^", _HIGH), text)
        text = re.sub(rf"_{_ARGUMENT}|_(\\[A-Za-z]+|\w)", lambda m: _raised(m[1] or m[2], "_", _LOW), text)
    text = re.sub(r"\\([A-Za-z]+|[,;{}% ])", lambda m: _SIGNS.get(m[1], m[1]), text)
    return re.sub(r"([∂∇±]) |  +", lambda m: m[1] or " ", text).strip()


def _rows(found: re.Match[str]) -> str:
    rows = [", ".join(cell.strip() for cell in row.split("&")) for row in found[1].split(r"\\")]
    return f"[{rows[0]}]" if len(rows) == 1 else f"[{', '.join(f'[{row}]' for row in rows)}]"


def _bound(part: str) -> str:
    """In brackets, if it is more than one factor."""
    return f"({part})" if re.search(r"[+\-/ ]", part.strip().lstrip("-")) and not part.startswith("(") else part


def _raised(part: str, sign: str, table: dict[int, int]) -> str:
    if part in (r"\top", r"\prime"):
        return "ᵀ" if part == r"\top" else "′"
    if all(ord(c) in table for c in part):
        return part.translate(table)
    return f"{sign}{part}" if len(part) == 1 else f"{sign}({part})"


def few(x: float) -> str:
    """A number in a message: six significant digits."""
    return "NaN" if math.isnan(x) else f"{x:.6g}"
