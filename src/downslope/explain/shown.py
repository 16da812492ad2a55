"""A derivation as lines for a terminal, and as aligned equations in LaTeX."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from downslope.explain.names import escaped, in_latex, number

if TYPE_CHECKING:
    from downslope.explain.records import Derivation, Equation, Level

WIDTH = 100
SUMMED = {"row": "rows b", "unit": "units i", "entry": "entries", "path": "paths", "term": "terms"}


def text(derivation: Derivation) -> str:
    """Title, sentence, a block for each level, the equations and the update."""
    lines = [derivation.title, *_wrapped(derivation.sentence, "  "), ""]
    for n, level in enumerate(derivation.levels, 1):
        lines += [*_level_text(n, level, derivation.kind == "activation"), ""]
    if derivation.ending:
        lines += [f"   {derivation.ending}", ""]
    lines += _equations_text(derivation.equations)
    if derivation.update:
        lines += ["the update", *_equations_text(derivation.update)]
    return "\n".join(lines).rstrip()


def latex(derivation: Derivation) -> str:
    """Aligned equations; empty where there are none."""
    rows = [row for level in derivation.levels for row in _level_latex(level, derivation.kind == "activation")]
    for e in (*derivation.equations, *derivation.update):
        rows.append(e.latex if e.value is None else f"{e.latex} = {in_latex(number(e.value, 6))}")
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}" if rows else ""


def _wrapped(text: str, before: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=before, subsequent_indent=before, break_long_words=False)


def _of(name: str, is_forward: bool) -> str:
    return name if is_forward else f"dL/d{name}"


def _level_text(n: int, level: Level, is_forward: bool) -> list[str]:
    head = _of(level.of, is_forward) + (f" ({level.part})" if level.part else "")
    where = f"      {level.where or 'no operation'}"
    if not level.contributions:
        return [f"{n}. {head} = {level.into + ' = ' if level.into else ''}{number(level.value)}", where]
    if level.by == "":
        c = level.contributions[level.taken]
        last = "" if level.into == "L" else f" · dL/d{level.into}"
        shown = f"{number(c.factor or 0.0)}" + (f" · {number(c.adjoint or 0.0)}" if last else "")
        numbers = f"      = {shown} = {number(level.value)}" if last else f"      = {number(level.value)}"
        formula = "" if level.text == f"dL/d{level.of}" and not last else f" = {level.text}{last}"
        return [f"{n}. {head}{formula}", where, numbers]
    summand = level.into if level.by in ("path", "term") else f"{level.text} · dL/d{level.into}"
    over = summand if level.is_extreme else f"sum over {SUMMED[level.by]}:  {summand}"
    lines = [f"{n}. {head} = {over}", where]
    width = max([len(c.label) for c in level.contributions] + [len(f"{level.others} others")])
    for c in level.contributions:
        product = "" if c.factor is None else f"{number(c.factor):>11} · {number(c.adjoint or 0.0):<11} = "
        lines.append(f"      {c.label:<{width}}  {product:<28}{number(c.value):>11}   {c.note}".rstrip())
    if level.others:
        lines.append(f"      {f'{level.others} others':<{width}}  {'':<28}{number(level.rest):>11}")
    return [*lines, f"      {'together':<{width}}  {'':<28}{number(level.value):>11}"]


def _equations_text(equations: tuple[Equation, ...]) -> list[str]:
    lines = []
    for e in equations:
        tail = "" if e.norm is None else f"   shape {e.shape}, norm {number(e.norm)}"
        lines.append(f"   {e.text}{tail}")
        if e.numbers:
            lines.append(f"      = {e.numbers}" + ("" if e.value is None else f" = {number(e.value, 6)}"))
        elif e.value is not None:
            lines.append(f"      = {number(e.value, 6)}")
        lines += _wrapped(e.note, "      ")
    return lines


def _by_latex(name: str, is_forward: bool) -> str:
    return name if is_forward else rf"\frac{{\partial L}}{{\partial {name}}}"


def _level_latex(level: Level, is_forward: bool) -> list[str]:
    part = rf"\Big|_{{\mathrm{{{escaped(level.part)}}}}}" if level.part else ""
    head = _by_latex(level.of_latex, is_forward) + part
    value = in_latex(number(level.value))
    if not level.contributions:
        return [f"{head} &= {level.into_latex + ' = ' if level.into_latex else ''}{value}"]
    if level.by == "":
        c = level.contributions[level.taken]
        if level.into == "L":
            known = "" if level.latex == head or level.latex == value else f"{level.latex} = "
            return [f"{head} &= {known}{value}"]
        numbers = rf"{_signed(c.factor)} \cdot {_signed(c.adjoint)} = {value}"
        return [rf"{head} &= {level.latex} \cdot {_by_latex(level.into_latex, False)} = {numbers}"]
    letters = {"row": "b", "unit": "i", "entry": "i, j", "path": r"\mathrm{paths}", "term": ""}[level.by]
    summand = rf"{level.latex} \cdot {_by_latex(level.into_latex, False)}"
    if level.is_extreme:
        return [rf"{head} &= {level.formula_latex} = {value}"]
    if level.by == "path":
        summand = r"\mathrm{path}"
    numbers = " + ".join(
        _signed(c.value) if c.factor is None else rf"{_signed(c.factor)} \cdot {_signed(c.adjoint)}"
        for c in level.contributions
    )
    rest = (
        rf" + \underbrace{{{in_latex(number(level.rest))}}}_{{{level.others}\ \mathrm{{others}}}}"
        if level.others
        else ""
    )
    summed = level.formula_latex if level.by == "term" else rf"\sum_{{{letters}}} {summand}"
    return [f"{head} &= {summed}", rf"&= {numbers}{rest} = {value}"]


def _signed(value: float | None) -> str:
    text = in_latex(number(0.0 if value is None else value))
    negative = value is not None and math.copysign(1.0, value) < 0
    return f"({text})" if negative or "cdot" in text else text
