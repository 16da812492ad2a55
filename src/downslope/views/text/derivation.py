"""A derivation in words: each sum with its parts and a bar for each, then what the optimizer made of the gradient."""

from __future__ import annotations

from downslope.views.derivation_payload import DerivationView, Sum
from downslope.views.text.words import columns, number, told, wrapped

BAR = 16


def derivation(payload: DerivationView, width: int = 80) -> str:
    """Sum by sum; a star marks the part that the next sum is of."""
    lines = [payload.title, *wrapped(payload.sentence, width)]
    for n, each in enumerate(payload.sums, 1):
        lines += ["", *_sum(n, each, width)]
    lines += ["", *wrapped(payload.ending, width)] if payload.ending else []
    for statement, note in payload.equations:
        lines += ["", *wrapped(statement, width), *wrapped(note, width, "    ")]
    lines += ["", "the update", *(line for each in payload.update for line in wrapped(each, width))] * bool(
        payload.update
    )
    return "\n".join([*lines, *told(payload.events)])


def _sum(n: int, each: Sum, width: int) -> list[str]:
    head = f"{n}. {each.name}" + (f" = {each.formula}" if each.formula else "")
    most = max((abs(part.value) for part in each.parts if part.value is not None), default=0.0) or 1.0
    rows = [
        (
            ("* " if part.taken and len(each.parts) > 1 else "  ") + part.label,
            f"{part.product} =" if part.product else "",
            number(part.value),
            "" if part.value is None else ("█" if part.value >= 0 else "░") * round(BAR * abs(part.value) / most),
        )
        for part in each.parts
    ]
    if each.others:
        rows.append((f"  {each.others} others", "", number(each.rest), ""))
    if len(rows) != 1:
        rows.append(("  together", "", number(each.value), ""))
    tables = columns([row[:3] for row in rows])
    drawn = [f"{table}  {row[3]}".rstrip() for table, row in zip(tables, rows, strict=True)]
    return [*wrapped(head, width, ""), *wrapped(each.where, width, "   "), *drawn]
