"""A derivation as a payload: each level of the chain rule as a sum whose parts add up to its value."""

from __future__ import annotations

import math
import re
from collections.abc import Collection

from downslope.explain.names import at, escaped
from downslope.explain.records import Contribution, Derivation, Equation, Level
from downslope.views.derivation_payload import DerivationView, Part, Sum
from downslope.views.event import Event
from downslope.views.text import number

OVER = {"row": "rows b", "unit": "units i", "entry": "entries", "path": "paths", "term": "terms"}


def derivation_view(derivation: Derivation) -> DerivationView:
    """The payload of ``run.explain(...)``, ``step.explain(...)`` or ``ds.explain(...)``."""
    forward = derivation.kind == "activation"
    parameter = f"{derivation.name}{at(derivation.place or ())}" if derivation.kind == "gradient" else ""
    sums = tuple(_sum(level, forward, parameter, derivation.outside) for level in derivation.levels)
    every = [derivation.value, *(part.value for each in derivation.levels for part in each.contributions)]
    bad = sum(value is not None and not math.isfinite(value) for value in every)
    events = (Event("nan", f"{bad} of its numbers are NaN or infinite", count=bad),) if bad else ()
    return DerivationView(
        title=derivation.title,
        sentence=derivation.sentence,
        value=_finite(derivation.value),
        sums=sums,
        ending=derivation.ending,
        equations=tuple((_statement(each), each.note) for each in derivation.equations),
        update=tuple(_with_numbers(each) for each in derivation.update),
        not_finite=bad,
        events=events,
        kind=derivation.kind,
        equations_latex=tuple(_one_line(each.latex) for each in derivation.equations),
        update_latex=tuple(_one_line(each.latex) for each in derivation.update),
        whole=derivation.whole,
    )


def _sum(level: Level, forward: bool, parameter: str, outside: Collection[str]) -> Sum:
    of = level.of if forward else f"dL/d{level.of}"
    into = "" if level.into in ("", "L") or forward else f" · dL/d{level.into}"
    if level.by == "":
        formula = level.into if forward else "" if level.text == f"dL/d{level.of}" else level.text + into
    else:
        summand = level.into if level.by in ("path", "term") else f"{level.text}{into}"
        formula = summand if level.is_extreme else f"sum over {OVER[level.by]}: {summand}"
    parts = tuple(_part(c, k == level.taken, level, forward, outside) for k, c in enumerate(level.contributions))
    name = of + (f" ({level.part})" if level.part else "")
    return Sum(
        name,
        formula,
        level.where,
        parts,
        level.others,
        _finite(level.rest),
        _finite(level.value),
        latex=_latex(level, forward),
        address=level.of if level.of == parameter else _address(level.of, forward, outside),
        by=level.by,
        layer=level.layer,
    )


def _part(c: Contribution, is_taken: bool, level: Level, forward: bool, outside: Collection[str]) -> Part:
    product = "" if c.factor is None or c.adjoint is None else f"{number(c.factor)} · {number(c.adjoint)}"
    label = c.label if forward or level.by else f"dL/d{c.of}" if level.into not in ("", "L") else level.into or c.label
    # Of a term the last factor: the weight, which is an edge of the network.
    last = c.of.rpartition(" · ")[2].removeprefix("-") if forward else c.of
    return Part(label, product, _finite(c.value), c.note, is_taken, _address(last, forward, outside))


_NAMED = re.compile(r"([A-Za-z_]\w*(?:\.\w+)*)(?:\[[\d, ]*\])?")


def _address(entry: str, forward: bool, outside: Collection[str]) -> str:
    """``step.explain``'s words for an entry; "" for expressions, for what comes from outside, and for the loss."""
    found = _NAMED.fullmatch(entry)
    if found is None or found[1] in (*outside, "L"):
        return ""
    return f"{'activations' if forward else 'errors'}.{entry}"


SUMMED = {"row": "b", "unit": "i", "entry": "i, j", "path": r"\mathrm{paths}"}


def _latex(level: Level, forward: bool) -> str:
    """The equality in symbols."""
    part = rf"\Big|_{{\mathrm{{{escaped(level.part)}}}}}" if level.part else ""
    head = (level.of_latex if forward else rf"\frac{{\partial L}}{{\partial {level.of_latex}}}") + part
    if forward:
        return f"{head} = {level.formula_latex if level.by else level.into_latex}"
    if not level.contributions:
        return head
    last = "" if level.into == "L" else rf" \cdot \frac{{\partial L}}{{\partial {level.into_latex}}}"
    if level.by == "":
        return head if not last and level.latex == head else f"{head} = {level.latex}{last}"
    what = rf"\mathrm{{{level.by}}}" if level.by == "path" else f"{level.latex}{last}"
    return rf"{head} = \sum_{{{SUMMED[level.by]}}} {what}"


def _one_line(latex: str) -> str:
    """A row of aligned equations by itself."""
    return latex.replace("&=", "=")


def _statement(equation: Equation) -> str:
    tail = "" if equation.shape is None else f"   shape {equation.shape}"
    return equation.text + tail + ("" if equation.norm is None else f", norm {number(equation.norm)}")


def _with_numbers(equation: Equation) -> str:
    value = "" if equation.value is None else f" = {equation.value:.6g}"
    return equation.text + (f" = {equation.numbers}" if equation.numbers else "") + value


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
