"""Operators and methods of traced values: ``x + y``, ``x[0]``, ``x.sum(axis=0)``, ``x.T``, as an ndarray has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from downslope.autodiff.primitive import TABLE, Primitive
from downslope.autodiff.primitives import indexing, sources
from downslope.autodiff.trace import bind
from downslope.autodiff.tracer import Tracer, refuse_in_place, untraceable

Operand = (int, float, complex, list, tuple, np.generic, np.ndarray, Tracer)


def _binary(entry: Primitive, swapped: bool = False) -> Callable[[Tracer, Any], Any]:
    def operator(self: Tracer, other: Any) -> Any:
        if not isinstance(other, Operand):
            return NotImplemented
        if isinstance(other, list | tuple):
            other = np.asarray(other)
        weak = self.node.weak and (other.node.weak if isinstance(other, Tracer) else isinstance(other, int | float))
        pair = (other, self) if swapped else (self, other)
        # Comparisons of Python numbers are still traced: their truth is not known.
        return bind(entry, *pair, weak=weak and not isinstance(other, np.generic))

    return operator


def _unary(entry: Primitive) -> Callable[[Tracer], Any]:
    return lambda self: bind(entry, self, weak=self.node.weak)


def _power(self: Tracer, other: Any) -> Any:
    if type(other) in (int, float) and other == 2:
        return bind(TABLE["square"], self, weak=self.node.weak)
    return _binary(TABLE["power"])(self, other)


def _in_place(symbol: str, name: str) -> Callable[[Tracer, Any], Any]:
    def operator(self: Tracer, other: Any) -> Any:
        # A single number is not an array: NumPy too makes a new one for `total += loss`.
        if self.shape:
            refuse_in_place(f"x {symbol} ... on an array")
        return getattr(self, name)(other)

    return operator


for _python, _entry, _symbol in (
    ("add", "add", "+="),
    ("sub", "subtract", "-="),
    ("mul", "multiply", "*="),
    ("truediv", "divide", "/="),
    ("floordiv", "floor_divide", "//="),
    ("mod", "remainder", "%="),
    ("pow", "power", "**="),
    ("matmul", "matmul", "@="),
):
    setattr(Tracer, f"__{_python}__", _binary(TABLE[_entry]))
    setattr(Tracer, f"__r{_python}__", _binary(TABLE[_entry], swapped=True))
    setattr(Tracer, f"__i{_python}__", _in_place(_symbol, f"__{_python}__"))
setattr(Tracer, "__pow__", _power)  # noqa: B010

for _python, _entry in (
    ("lt", "less"),
    ("le", "less_equal"),
    ("gt", "greater"),
    ("ge", "greater_equal"),
    ("eq", "equal"),
    ("ne", "not_equal"),
    ("and", "logical_and"),
    ("or", "logical_or"),
    ("xor", "logical_xor"),
):
    setattr(Tracer, f"__{_python}__", _binary(TABLE[_entry]))
for _python in ("and", "or", "xor"):
    setattr(Tracer, f"__r{_python}__", _binary(TABLE[f"logical_{_python}"], swapped=True))
for _python, _entry in (("neg", "negative"), ("pos", "positive"), ("abs", "absolute"), ("invert", "logical_not")):
    setattr(Tracer, f"__{_python}__", _unary(TABLE[_entry]))
setattr(Tracer, "__getitem__", indexing.getitem)  # noqa: B010
setattr(Tracer, "__round__", lambda self, digits=0: np.round(self, digits))  # noqa: B010


def _as_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """x.sum(axis=0) is np.sum(x, axis=0)."""
    return lambda self, *args, **options: function(self, *args, **options)


for _function in (
    *(np.sum, np.mean, np.prod, np.var, np.std, np.max, np.min, np.ptp, np.argmax, np.argmin, np.cumsum),
    *(np.all, np.any, np.dot, np.squeeze, np.swapaxes, np.ravel, np.take, np.repeat, np.clip, np.round),
    *(np.trace, np.diagonal, np.argsort),
):
    setattr(Tracer, _function.__name__, _as_function(_function))


def _many(self: Tracer, args: tuple[Any, ...]) -> Any:
    return args[0] if len(args) == 1 and not isinstance(args[0], int | np.integer) else args


def _astype(self: Tracer, dtype: Any, *_: Any, **__: Any) -> Any:
    return sources.cast(self, dtype)


def _changes(name: str) -> Callable[..., Any]:
    def method(self: Tracer, *_: Any, **__: Any) -> Any:
        refuse_in_place(f"x.{name}(...)")

    return method


def _no_value(name: str) -> Callable[..., Any]:
    def method(self: Tracer, *_: Any, **__: Any) -> Any:
        untraceable(
            "traced-float",
            f"x.{name}() asks for the numbers of {self!r}",
            "while a function is traced only shapes are known, the numbers come later",
            "return the value from the function and look at it there",
        )

    return method


for _name, _method in {
    "reshape": lambda self, *shape, **options: np.reshape(self, _many(self, shape), **options),
    "transpose": lambda self, *axes: np.transpose(self, _many(self, axes) if axes and axes != (None,) else None),
    "flatten": lambda self, order="C": np.ravel(self, order),
    "copy": lambda self, order="C": self,
    "astype": _astype,
    "item": _no_value("item"),
    "tolist": _no_value("tolist"),
    **{name: _changes(name) for name in ("fill", "sort", "put", "itemset", "resize", "partition")},
    "T": property(lambda self: np.transpose(self)),
    "mT": property(lambda self: np.swapaxes(self, -1, -2)),
    "flat": property(lambda self: iter(np.ravel(self))),
}.items():
    setattr(Tracer, _name, _method)
