"""One plain sentence about a derivation, which says no more than its numbers do."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from downslope.explain.names import number
from downslope.explain.records import Contribution, Level

MOSTLY = 0.5  # "mostly": what is named leaves at most this part of the value to all others
LONGEST = 100  # letters of a formula in a sentence
_ENTRY = re.compile(r"[\w.]+\[[^\]]*\]")


def gradient_sentence(name: str, value: float, levels: Sequence[Level]) -> str:
    """Which rows, units or paths make a derivative, and which way they push."""
    sums = [level for level in levels if level.by]
    if value == 0 and all(c.value == 0 for level in levels for c in level.contributions):
        return f"A small change of {name} changes nothing: every part of the derivative is 0."
    if not sums:
        path = [level for level in levels if level.contributions]
        return (
            f"One path leads from {name} to the loss: the product of its {len(path)} local derivatives." if path else ""
        )
    first, taken = sums[0], sums[0].contributions[sums[0].taken]
    text = _clause(first)
    if all(c.value == 0 for c in first.contributions):
        return _of_zeros(first)
    switched = _switch(levels, levels.index(first))
    if len(sums) > 1:
        text += f"; for {taken.label}{f', {switched},' if switched else ''} {_lower(_clause(sums[1]))}"
    elif switched:
        text += f"; {switched} for {taken.label}"
    return f"{text}."


def _of_zeros(level: Level) -> str:
    """All parts of the first sum are 0: because nothing is sent, or because nothing arrives."""
    text = f"Every one of the {len(level.contributions) + level.others} parts is 0"
    if all(c.factor == 0 for c in level.contributions):
        return f"{text}: the local derivative {level.text} is 0 in those shown."
    if all(c.adjoint == 0 for c in level.contributions):
        return f"{text}: no error arrives at those shown."
    return f"{text}."


def activation_sentence(levels: Sequence[Level]) -> str:
    """Which terms make a value; where several values do, its formula, if it is short."""
    for level in levels:
        if level.is_extreme:
            winner, which = level.contributions[0].label, level.into.partition(":")[0]
            return f"{level.of} is {number(level.value)}: that of {winner}, {which}."
        if level.by:
            return f"{level.of} is {number(level.value)}: {_lower(_clause(level))}."
        symbols = level.into.partition(" = ")[0]
        if len(set(_ENTRY.findall(symbols))) > 1:
            return f"{level.of} is {number(level.value)}: {symbols}." if len(symbols) <= LONGEST else ""
    return f"{levels[-1].of} is {number(levels[-1].value)}: {levels[-1].into.partition(' = ')[0]}." if levels else ""


def _clause(level: Level) -> str:
    value, parts = level.value, [c for c in level.contributions if c.value != 0]
    broken = [c for c in level.contributions if not math.isfinite(c.value)]
    if broken:
        return f"{_told(broken[:2])} is not a number, so the sum is none"
    if not parts:
        return "every part is 0"
    count = len(level.contributions) + level.others
    same = [c for c in parts if (c.value < 0) == (value < 0)]
    against = [c for c in parts if (c.value < 0) != (value < 0)]
    for named in (same[:k] for k in (1, 2, 3) if 3 * k <= count or k == 1):
        total = math.fsum(c.value for c in named)
        opposed = abs(against[0].value) if against else 0.0
        is_most = bool(named) and abs(value - total) <= MOSTLY * abs(value)
        if value and is_most and abs(total) <= 2 * abs(value) and 2 * opposed <= abs(total):
            more = f", against {_told(against[:1])}" if 4 * opposed > abs(value) else ""
            return f"Mostly {_told(named)}{more}"
    up, down = [c for c in parts if c.value > 0][:2], [c for c in parts if c.value < 0][:2]
    if up and down:
        return f"{_told(up)} push{_es(up)} it up, {_told(down)} push{_es(down)} it down, {number(value)} is left"
    kind = {"row": "rows", "unit": "units", "path": "paths", "term": "terms"}.get(level.by, "entries")
    return f"It is spread over {count} {kind}, {_told((up or down)[:1])} being the largest part"


def _es(parts: Sequence[Contribution]) -> str:
    return "es" if len(parts) == 1 else ""


def _told(parts: Sequence[Contribution]) -> str:
    """``row 812 (-0.0082, 3 taken for 8) and row 12 (...)``."""
    texts = [f"{_name(c)} ({', '.join(filter(None, (f'{c.value:+.4g}', c.note)))})" for c in parts]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _name(c: Contribution) -> str:
    array = c.of.partition("[")[0]
    return (
        f"{c.label} of {array}" if c.label.startswith("unit ") and array.replace(".", "_").isidentifier() else c.label
    )


def _lower(clause: str) -> str:
    return clause[0].lower() + clause[1:]


def _switch(levels: Sequence[Level], place: int) -> str:
    """Whether a relu on the way is on or off, between this sum and the next."""
    for level in levels[place + 1 :]:
        if level.by:
            break
        for factor in level.factors:
            if factor.rule == "maximum" and factor.value in (0.0, 1.0):
                array, _, inner = level.of.partition("[")
                unit = f"unit {inner.removesuffix(']').rpartition(',')[2].strip()} of {array}" if inner else array
                return f"where {unit} is {'on' if factor.value else 'off'}"
    return ""
