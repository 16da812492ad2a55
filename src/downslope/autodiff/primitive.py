"""What an entry of the primitives table states, and the table itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Shape = tuple[int, ...]
# A traced value inside a rule: to NumPy's protocols it is an array, and no type checker can see that.
Value = Any
Aval = tuple[Shape, "np.dtype[Any]"]
Sample = tuple[Callable[..., Any], list[Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Primitive:
    """An operation with all its faces. Rules are plain NumPy code over traced values, so derivatives are graphs again.

    name: its id everywhere (graph, docs, ``downslope where``).
    forward: ``(*arrays, **attrs) -> array`` on NumPy arrays.
    aval: ``(*nodes, **attrs) -> (shape, dtype)`` of the result, from shapes alone; ShapeError where they do not fit.
    vjp: ``(i, g, out, *xs, **attrs)`` the part of the adjoint ``g`` of the result that flows back to input ``i``.
    jvp: ``(tangents, out, *xs, **attrs)`` the tangent of the result; a tangent is None where it is zero.
    batch: ``(batched, *xs, **attrs)`` the same operation when the flagged inputs carry a leading axis of examples.
    text: how plain NumPy writes it: ``"np.tanh({0})"``, or ``(node, operands) -> str``; with ``precedence`` where it is
        an operator (90: it stands behind its operand, like ``.T``).
    into: how the in-place dialect writes it: ``"np.tanh({0}, {out})"``, or ``(node, operands, out, operand nodes,
        constant) -> str``; None: it allocates.
    machine: its vector form for the machine dialect, where it works number by number: ``(v, *xs)`` on vectors with
        Python's operators, ``v`` being the functions of ``compile/machine/vectors.py``.
    narrow: what its reverse rule takes for an adjoint that still has to be broadcast to the result's shape: "any",
        a "number", or "" if it has to be spread out first.
    view: the result shares the memory of input 0.
    flops: ``(out, *nodes, **attrs)`` floating-point operations, one for each elementwise result.
    latex: the operation, ``r"\\tanh({0})"``. The local derivative's LaTeX comes from tracing the rule itself.
    derivative: smooth; kinked (see ``kinks``); zero almost everywhere, taken as zero; stopped: taken as zero though
        it is not; none, asking is an error.
    kinks: where the derivative jumps, which one is taken there, and who takes another.
    sample: ``rng -> (function of arrays as a user writes it, arrays)`` over shapes, options and the domain.
    internal: why no user's code asks for it, where only the tracer writes it.
    beyond_standard: what its plain program asks for that NumPy, PyTorch, JAX and CuPy do, and the array API standard
        leaves undefined. unportable: why its plain program runs on NumPy only.
    """

    name: str
    forward: Callable[..., Any]
    aval: Callable[..., Aval]
    text: str | Callable[..., str]
    sentence: str
    sample: Callable[[np.random.Generator], Sample]
    vjp: Callable[..., Any] | None = None
    jvp: Callable[..., Any] | None = None
    batch: Callable[..., Any] | None = None
    precedence: int = 100
    into: str | Callable[..., str | None] | None = None
    machine: Callable[..., Any] | None = None
    narrow: Literal["", "number", "any"] = ""
    view: bool = False
    flops: Callable[..., int] = lambda out, *_, **__: out.size
    latex: str | Callable[..., str] = ""
    derivative: Literal["smooth", "kinked", "zero", "stopped", "none"] = "smooth"
    kinks: str = ""
    source: str = ""
    internal: str = ""
    beyond_standard: str = ""
    unportable: str = ""

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


TABLE: dict[str, Primitive] = {}
# What a user's NumPy call becomes: the function called with traced values -> our handler with the same arguments.
UFUNCS: dict[np.ufunc, Callable[..., Any]] = {}
FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}


def register(entry: Primitive) -> Primitive:
    """Put an entry into the table; two entries of one name are a mistake."""
    if entry.name in TABLE:
        raise ValueError(f"two primitives are called {entry.name!r}")
    TABLE[entry.name] = entry
    return entry


def handles(*functions: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: this handler stands for these NumPy functions when they are called with traced values."""

    def note(handler: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            if isinstance(function, np.ufunc):
                UFUNCS[function] = handler
            else:
                FUNCTIONS[function] = handler
        return handler

    return note


def sizes(rng: np.random.Generator, ndim: int, low: int = 1, high: int = 4) -> Shape:
    """A random small shape for samples."""
    return tuple(int(n) for n in rng.integers(low, high + 1, ndim))


def uniform(rng: np.random.Generator, shape: Sequence[int], low: float = -2.0, high: float = 2.0) -> Any:
    """Random numbers for samples, no two of them equal: hundredths, and a part of one that is each one's own."""
    hundredths = np.floor(rng.uniform(100 * low, 100 * high - 1, shape)) / 100
    return np.maximum(hundredths + 0.009 * (rng.permutation(hundredths.size) / hundredths.size).reshape(shape), low)
