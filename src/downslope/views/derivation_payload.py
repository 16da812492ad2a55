"""What is shown of a derivation, as plain numbers; a part of payload.py."""

from __future__ import annotations

from msgspec import Struct

from downslope.views.event import Event


class Part(Struct, frozen=True):
    """One part of a sum. product: its two factors in numbers, "" where it has others; taken: the next sum is of it.

    address: what it comes through, as ``step.explain`` takes it ("errors.dense1.z[8, 2]"); "" where it is several
    entries, or has no name.
    """

    label: str
    product: str
    value: float | None
    note: str
    taken: bool
    address: str = ""


class Sum(Struct, frozen=True):
    """One equality of the chain rule: the parts and the rest (of ``others`` parts) add up to the value.

    name: of what it is; formula: what is summed or multiplied; where: the user's line and the rules. A single product
    has one part. latex: name and formula; address: of what it is, as in a part; by: over what the sum is, "" for a
    single product; layer: where it happens.
    """

    name: str
    formula: str
    where: str
    parts: tuple[Part, ...]
    others: int
    rest: float | None
    value: float | None
    latex: str = ""
    address: str = ""
    by: str = ""
    layer: str = ""


class DerivationView(Struct, frozen=True, tag="derivation"):
    """Where a number comes from: sums one below the other, from it to the loss, along the part that is taken of each.

    equations: statements about whole arrays, in place of sums, each with what is said about it. update: how the
    optimizer turned the gradient into the change, line by line. kind: what is explained, as a Derivation has it.
    equations_latex, update_latex: the same in LaTeX, one for each. whole: layers, the loss among them, that are taken
    as a whole and can be opened operation by operation.
    """

    title: str
    sentence: str
    value: float | None
    sums: tuple[Sum, ...]
    ending: str
    equations: tuple[tuple[str, str], ...]
    update: tuple[str, ...]
    not_finite: int
    events: tuple[Event, ...]
    kind: str = ""
    equations_latex: tuple[str, ...] = ()
    update_latex: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
