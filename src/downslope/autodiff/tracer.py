"""The stand-in for an array while its function is traced: shape and type, a place in the graph, and no numbers.

It answers NumPy's own protocols with the handlers of the table of primitives, and what it cannot answer raises an error
that names the user's line and says what to write instead. Operators and methods are attached in methods.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from downslope.autodiff import frames
from downslope.autodiff.graph import Node
from downslope.autodiff.primitive import FUNCTIONS, UFUNCS, Shape
from downslope.errors import TraceError

if TYPE_CHECKING:
    from downslope.autodiff.trace import Trace

_METHODS: dict[tuple[np.ufunc, str], Any] = {
    (np.add, "reduce"): np.sum,
    (np.multiply, "reduce"): np.prod,
    (np.maximum, "reduce"): np.max,
    (np.minimum, "reduce"): np.min,
    (np.add, "accumulate"): np.cumsum,
    (np.multiply, "outer"): np.multiply.outer,
}


class Tracer:
    """A traced value: shape and type of an array, and a place in the graph. It is written to NumPy's protocols."""

    __slots__ = ("home", "node")
    __hash__ = object.__hash__

    if TYPE_CHECKING:  # operators, and methods such as sum and reshape, are attached in methods.py
        __add__: Any
        __radd__: Any
        __sub__: Any
        __rsub__: Any
        __mul__: Any
        __rmul__: Any
        __truediv__: Any
        __rtruediv__: Any
        __pow__: Any
        __rpow__: Any
        __matmul__: Any
        __rmatmul__: Any
        __lt__: Any
        __le__: Any
        __gt__: Any
        __ge__: Any
        __neg__: Any
        __getitem__: Any

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, home: Trace, node: Node) -> None:
        self.home, self.node = home, node

    @property
    def shape(self) -> Shape:
        """Lengths of the axes."""
        return self.node.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers."""
        return self.node.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.node.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.node.size

    @property
    def literal(self) -> float | int | None:
        """The value, if this is a Python number written in the code; None otherwise."""
        node = self.node
        return node.attrs["value"] if node.weak and node.primitive.name == "constant" else None

    def __repr__(self) -> str:
        return f"<traced {self.node.full_name} {self.node.type}>"

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            refuse_in_place(f"np.{ufunc.__name__}(..., out=...) or an operator like += on an array")
        if method == "__call__":
            handler = UFUNCS.get(ufunc)
        else:
            handler = FUNCTIONS.get(_METHODS.get((ufunc, method), ufunc))
            if method == "reduce" and len(inputs) == 1:
                kwargs = {"axis": 0} | kwargs
        if handler is None:
            unsupported(f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}"))
        kwargs.pop("out", None)
        return handler(*inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        handler = FUNCTIONS.get(function)
        if handler is None:
            unsupported(f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1))
        return handler(*args, **kwargs)

    # What needs a value, which a traced array does not have.
    def __bool__(self) -> bool:
        untraceable(
            "traced-bool",
            f"the truth of {self!r} is asked for",
            "`if`, `while`, `and`, `or` and max() over traced values would fix one branch for all inputs",
            "use np.where(condition, a, b), np.maximum or np.minimum; branch in Python only over shapes and settings",
        )

    def __float__(self) -> float:
        frame = frames.user_frame()
        if frame is not None and "math." in (text := frames.where(frame)):
            call = text.split("math.", 1)[1].split("(", 1)[0]
            untraceable(
                "traced-math",
                f"math.{call} is called on {self!r}",
                "the math module works on single Python numbers, a traced value has none yet",
                f"write np.{call}, which works on arrays and is traced",
            )
        untraceable(
            "traced-float",
            f"a Python number is asked of {self!r}",
            "while a function is traced only shapes are known, the numbers come later",
            "keep it an array; print or convert it outside of the function, or return it",
        )

    def __int__(self) -> int:
        return int(self.__float__())

    def __complex__(self) -> complex:
        return complex(self.__float__())

    def __index__(self) -> int:
        untraceable(
            "traced-index",
            f"{self!r} is used as a Python index or a size",
            "shapes, ranges and list positions are fixed when the function is traced",
            "index an array with it that is traced too (table[i], where table is an argument); take sizes from x.shape",
        )

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        untraceable(
            "traced-array",
            f"{self!r} is turned into a NumPy array",
            "np.array, np.asarray and plain-array indexing need numbers, a traced value has none yet",
            "build arrays from traced values with np.stack([x, y]) or np.concatenate; make a plain table that is "
            "looked up with traced places an argument of the function, then table[i] works",
        )

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        refuse_in_place(f"x[{key!r}] = ...")

    def item(self) -> NoReturn:
        """Ask for the number itself: an error that says what to do instead."""
        self.__float__()
        raise AssertionError

    tolist = item

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d array")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))


def refuse_type(dtype: Any, where: str) -> NoReturn:
    """Complex numbers, text and objects are not traced."""
    is_complex = np.dtype(dtype).kind == "c"
    raise TraceError(
        "traced-type",
        f"{where} has type {dtype}",
        where=frames.where(frames.user_frame()),
        why="complex derivatives are not supported: only real numbers, integers and booleans are traced"
        if is_complex
        else "only real numbers, integers and booleans can be differentiated or carried along",
        do="split it into real and imaginary part"
        if is_complex
        else "pass numbers; for text labels pass their indices",
    )


def leaked(value: Tracer) -> NoReturn:
    """A traced value outside of its trace."""
    raise TraceError(
        "traced-leaked",
        f"{value!r} is used after its function has been traced",
        where=frames.where(frames.user_frame()),
        why="a traced value stands for an array only while its function is being traced; it holds no numbers",
        do="return it from the function instead of keeping it in a global, a list or an attribute",
    )


def untraceable(code: str, what: str, why: str, do: str) -> NoReturn:
    """Raise the error for something that a graph cannot hold, naming the user's line."""
    raise TraceError(code, what, where=frames.where(frames.user_frame()), why=why, do=do)


def refuse_in_place(what: str) -> NoReturn:
    """Nothing in a graph is ever overwritten."""
    untraceable(
        "traced-in-place",
        f"{what} changes an array in place",
        "in a graph every value is computed once; overwriting it would change numbers that backpropagation still needs",
        "make a new array: x = x + y; np.where(mask, new, x) for some elements; np.stack to build one",
    )


def unsupported(name: str) -> NoReturn:
    """A NumPy function without an entry; those whose names are close are suggested."""
    short = name.split(".")[-1]
    known = sorted({f.__name__ for f in (*UFUNCS, *FUNCTIONS) if hasattr(f, "__name__")})
    from_known = [k for k in known if short.strip("a_") in k or k in short]
    untraceable(
        "traced-unsupported",
        f"{name} is not in the table of primitives",
        "the graph has no derivative for it",
        (f"close to it: {', '.join(from_known[:6])}. " if from_known else "")
        + "Write it with other NumPy functions, or add an entry (downslope.extend.Primitive)",
    )
