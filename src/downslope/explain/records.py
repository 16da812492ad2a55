"""What a derivation is made of: frozen records of plain numbers and texts, for terminal, notebook and page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from downslope.explain import shown
from downslope.explain.names import is_tight


@dataclass(frozen=True)
class Factor:
    """The local derivative of one operation. rule: the primitive's name. text, latex: in symbols, for one entry.

    where, code: the user's line. value: its number; None where it differs from entry to entry.
    """

    rule: str
    text: str
    latex: str
    where: str
    code: str
    value: float | None


@dataclass(frozen=True)
class Contribution:
    """One part of a sum: ``value = factor · adjoint`` where it is a single product, else a sum of its own.

    In the terms of an activation both are factors of the term: an input and its weight.

    label: "row 812", "unit 7", "through h". index: the row's id, or the place on the axis that is summed over. of: the
    entry that it comes through, empty where there are several. note: what is known of the row.
    """

    label: str
    index: int | None
    of: str
    factor: float | None
    adjoint: float | None
    value: float
    note: str = ""


@dataclass(frozen=True)
class Level:
    """One equality of the chain rule: the derivative by ``of`` is a sum of products of local derivatives and adjoints.

    node: id in the graph. part: of which part this is the sum ("row 812"), empty for all of it. into, into_latex: the
    values that are summed over, with b for the rows and i, j for other axes; of an activation its formula. by: "row",
    "unit", "entry" or "path" for a sum, "" for a single product, "term" for the terms of a forward value (of a maximum
    the winner times 1 and all others times 0). layer: where it happens. factors: the local derivatives of the
    operations on the way, where it is one product. contributions: the largest first; others: how many are left out, and
    rest what these are together, so that all of it adds up to value. taken: which contribution the next level goes on
    with. formula: of the local derivative, where it is known as a whole (softmax and cross-entropy together);
    formula_latex: the same, and of terms what is summed.
    """

    node: int
    of: str
    of_latex: str
    into: str
    into_latex: str
    by: str = ""
    part: str = ""
    layer: str = ""
    factors: tuple[Factor, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    others: int = 0
    rest: float = 0.0
    value: float = 0.0
    taken: int = 0
    formula: str = ""
    formula_latex: str = ""

    @property
    def is_product(self) -> bool:
        """Whether every operation on the way has a formula."""
        return bool(self.factors) and all(f.text for f in self.factors)

    @property
    def is_extreme(self) -> bool:
        """Whether a forward value is the largest or the smallest of its terms, in place of their sum."""
        return self.by == "term" and bool(self.factors) and self.factors[-1].rule in ("maximum", "minimum")

    @property
    def text(self) -> str:
        """The local derivative in symbols."""
        if self.formula or not self.is_product:
            return self.formula or f"d{self.into}/d{self.of}"
        parts = [f.text if is_tight(f.text) else f"({f.text})" for f in self.factors if f.text != "1"]
        return " · ".join(parts) or "1"

    @property
    def latex(self) -> str:
        """The same in LaTeX."""
        if self.formula or not self.is_product:
            return self.formula_latex or rf"\frac{{\partial {self.into_latex}}}{{\partial {self.of_latex}}}"
        parts = [f for f in self.factors if f.text != "1"]
        return r" \cdot ".join(f.latex if is_tight(f.text) else rf"\left( {f.latex} \right)" for f in parts) or "1"

    @property
    def where(self) -> str:
        """File and line, and the code there, of the last operation, and the rules that were used."""
        last = self.factors[-1] if self.factors else None
        rules = f"   ({', '.join(f.rule for f in self.factors)})"
        return f"{last.where}: {last.code}{rules}" if last and last.where else self.layer


@dataclass(frozen=True)
class Equation:
    """A statement about whole arrays, or of the optimizer: text and LaTeX; with the numbers put in, where it has some.

    value: what comes out, for one entry; None for whole arrays, of which norm is the length √(Σx²).
    """

    text: str
    latex: str
    numbers: str = ""
    value: float | None = None
    shape: tuple[int, ...] | None = None
    norm: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Derivation:
    """Where a number comes from. Print it; in a notebook it shows itself as formulas; :meth:`data` is for a page.

    kind: "gradient", "adjoint", "activation", "update", "tensor" or "layer". name, place: what was asked for. value:
    the number; None for a whole array. levels: the chain rule from there to the loss, along the largest parts; for an
    activation its terms. ending: what the path ends with. equations: statements about whole arrays. update: how the
    optimizer turned the gradient into the change, the last value being that. sentence: in plain words. whole: layers,
    the loss among them, that are taken as a whole here, and can be opened. outside: arrays that come from the data and
    have no derivation.
    """

    kind: str
    name: str
    place: tuple[int, ...] | None
    value: float | None
    title: str
    levels: tuple[Level, ...] = ()
    ending: str = ""
    equations: tuple[Equation, ...] = ()
    update: tuple[Equation, ...] = ()
    sentence: str = ""
    whole: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()

    def open(self, *labels: str) -> Derivation:
        """Another branch, or a layer operation by operation: ``open("row 812", "unit 7")``, ``open("loss")``.

        Labels are those of contributions, or a layer's name. Errors: SettingError ``explain-open``.
        """
        again: Any = getattr(self, "_again", None)
        return self if again is None else again(labels)

    def _opening(self, again: Any) -> Derivation:
        """The same, with a way to open other branches, which is no part of what is compared, told or stored."""
        made = replace(self)
        object.__setattr__(made, "_again", again)
        return made

    # --- the whole formula ---------------------------------------------------------------------------------------

    @property
    def factors(self) -> tuple[float, ...]:
        """The local derivatives along the path that is shown, and the adjoint that it ends with."""
        path = [level.contributions[level.taken] for level in self.levels if level.contributions]
        numbers = [c.factor for c in path if c.factor is not None]
        last = [path[-1].adjoint] if path and path[-1].adjoint is not None else []
        return tuple(x for x in (*numbers, *last) if x is not None)

    def latex(self) -> str:
        """Aligned equations: each level in symbols, then with its numbers, then the result."""
        return shown.latex(self)

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex()}\n$$"

    def _repr_markdown_(self) -> str:
        lines = [f"**{self.title}**", self.sentence, f"$$\n{self.latex()}\n$$" if self.latex() else ""]
        return "\n\n".join(filter(None, lines))

    def data(self) -> dict[str, Any]:
        """Plain dicts, lists, texts and numbers."""
        found = asdict(self)
        for level, own in zip(found["levels"], self.levels, strict=True):
            level["text"], level["latex"] = own.text, own.latex
        return found | {"formula": self.latex()}

    def __str__(self) -> str:
        return shown.text(self)

    __repr__ = __str__
