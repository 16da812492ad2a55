"""Tracing: run a plain NumPy function once on stand-ins for its arrays, and write down every operation it asks for.

The stand-ins (:class:`Tracer`) know shape and type, not values. They answer NumPy's own protocols (``__array_ufunc__``,
``__array_function__``, Python's operators), so the function needs no special namespace. Derivatives are taken while
tracing, by appending nodes to the same list: that is why any order works (``grad(grad(f))``), and why a value of an
outer function may be used inside an inner one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from downslope.autodiff import frames, tree
from downslope.autodiff.graph import Graph, Node, SourceLine
from downslope.autodiff.primitive import FUNCTIONS, TABLE, UFUNCS, Primitive, Shape
from downslope.errors import TraceError

_ACTIVE: ContextVar[Trace | None] = ContextVar("active trace", default=None)
CHECKS: list[Callable[[Graph], None]] = []  # the tests put autodiff.legal here
_SCOPE: ContextVar[str] = ContextVar("scope", default="")


@contextlib.contextmanager
def scope(name: str) -> Iterator[None]:
    """Everything traced inside belongs to this part of the model: ``with scope("dense1"): ...``. Scopes nest with dots.

    Outside of a trace it does nothing.
    """
    outer = _SCOPE.get()
    token = _SCOPE.set(f"{outer}.{name}" if outer else name)
    try:
        yield
    finally:
        _SCOPE.reset(token)


def current_trace() -> Trace | None:
    """The trace that is being written right now, None outside of one."""
    return _ACTIVE.get()


class Trace:
    """The graph while it is being written: an append-only list of nodes.

    While a derivative is being written, ``origin`` says where it comes from: scope, line, the node whose rule it is and
    which kind of derivative it is (the fields of :class:`Node`). Only then are operations simplified and shared: a
    user's own lines stay as they were written.
    """

    __slots__ = ("_kept", "_known", "adjoints", "nodes", "origin", "renamed")

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.adjoints: dict[int, int] = {}
        self.renamed: dict[int, str] = {}
        self.origin: tuple[str, SourceLine | None, int | None, str] | None = None
        self._known: dict[Any, int] = {}
        self._kept: list[Any] = []  # constants are known by id(), which must not be given to another array

    def add(
        self,
        primitive: Primitive,
        inputs: tuple[int, ...],
        attrs: Mapping[str, Any],
        aval: tuple[Shape, Any],
        **more: Any,
    ) -> Tracer:
        """Append one node."""
        node = Node(len(self.nodes), primitive, inputs, attrs, aval[0], aval[1], **more)
        self.nodes.append(node)
        return Tracer(self, node)

    def lift(self, value: Any) -> Tracer:
        """A traced value as it is; a number or an array as a constant of this graph."""
        if isinstance(value, Tracer):
            if value.home is not self:
                _leaked(value)
            return value
        if type(value) in (float, int, bool):
            key: tuple[Any, ...] = (type(value), value, str(value))  # str: 0.0 and -0.0 are equal, but not the same
            if key not in self._known:
                dtype = np.dtype(type(value))
                self._known[key] = self.add(TABLE["constant"], (), {"value": value}, ((), dtype), weak=True).node.id
            return Tracer(self, self.nodes[self._known[key]])
        array = value if isinstance(value, np.ndarray | np.generic) else np.asarray(value)
        if array.dtype.kind not in "fiub":
            refuse_type(array.dtype, "a constant")
        key = ("constant", id(value))
        if key not in self._known:
            self._known[key] = self.add(TABLE["constant"], (), {"value": array}, (array.shape, array.dtype)).node.id
            self._kept.append(value)
        return Tracer(self, self.nodes[self._known[key]])

    def input(self, name: str, shape: Shape, dtype: np.dtype[Any], weak: bool = False) -> Tracer:
        """A new input."""
        return self.add(TABLE["input"], (), {}, (shape, dtype), name=name, weak=weak)

    def variable(self, value: Any) -> Tracer:
        """A value's stand-in that derivatives are taken with respect to: the same value, but a node of its own.

        Without it, ``grad(lambda x: x * grad(lambda y: x * y)(x))`` would mistake the inner y for the outer x.
        """
        x = self.lift(value)
        node = x.node
        dtype = node.dtype if node.dtype.kind == "f" else np.dtype(float)
        return self.add(
            TABLE["variable"], (node.id,), {}, (node.shape, dtype), name=node.name, scope=node.scope, weak=node.weak
        )

    def bind(self, primitive: Primitive, *operands: Any, weak: bool = False, **attrs: Any) -> Tracer:
        """Append ``primitive(operands)``, with its shape checked, its name and line read from the user's frame."""
        xs = [self.lift(x) for x in operands]
        nodes = [x.node for x in xs]
        aval = primitive.aval(*nodes, **attrs)
        ids = tuple([n.id for n in nodes])
        if self.origin is None:
            name, line = frames.describe(frames.user_frame())
            return self.add(primitive, ids, attrs, aval, weak=weak, name=name, scope=_SCOPE.get(), line=line)
        if weak and all(x.literal is not None for x in xs):
            return self.lift(primitive.forward(*[x.literal for x in xs], **attrs).item())
        if (simple := simplified(primitive, xs, aval)) is not None:
            return simple
        key = (primitive.name, ids, tuple(attrs.items()), weak)
        try:
            known = self._known.get(key)
        except TypeError:  # an attribute that cannot be hashed: not worth sharing
            key, known = None, None  # type: ignore[assignment]
        if known is not None:
            return Tracer(self, self.nodes[known])
        at, line, forward, derived = self.origin
        made = self.add(primitive, ids, attrs, aval, weak=weak, scope=at, line=line, derived=derived, forward=forward)
        if key is not None:
            self._known[key] = made.node.id
        return made

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Inside, operations on traced values are written here."""
        token, outer_scope = _ACTIVE.set(self), _SCOPE.set("")
        try:
            yield
        finally:
            _ACTIVE.reset(token)
            _SCOPE.reset(outer_scope)

    def name_adjoint(self, g: Tracer, node: Node) -> None:
        """Call the adjoint of ``h`` ``g_h``, unless it has a name already."""
        if node.name and not g.node.name and g.node.derived:
            self.renamed.setdefault(g.node.id, f"g_{node.full_name}")

    def name_result(self, value: Tracer, name: str) -> None:
        """Call the value of ``loss`` ``loss``, unless its function gave it a name of its own."""
        if name.isidentifier() and not value.node.name and value.node.inputs:
            self.renamed.setdefault(value.node.id, name)

    @contextlib.contextmanager
    def deriving(self) -> Iterator[None]:
        """Inside, nodes belong to a derivative; set ``origin`` for each forward node."""
        outer = self.origin
        self.origin = ("", None, None, "adjoint")
        try:
            yield
        finally:
            self.origin = outer

    def finish(self, name: str, inputs: list[Tracer], outputs: list[Tracer], trees: Any, arguments: Any) -> Graph:
        """The nodes that the outputs need, numbered anew, with the derivative's stand-ins taken out."""
        source: list[int] = []  # node -> the node whose value it has
        for node in self.nodes:
            is_same = node.primitive.name == "variable" and node.dtype == self.nodes[node.inputs[0]].dtype
            source.append(source[node.inputs[0]] if is_same else node.id)
        wanted = {source[x.node.id] for x in outputs} | {x.node.id for x in inputs}
        for node in reversed(self.nodes):
            if node.id in wanted:
                wanted.update(source[i] for i in node.inputs)
        number: dict[int, int] = {}
        kept: list[Node] = []
        for node in self.nodes:
            if node.id not in wanted:
                continue
            number[node.id] = len(kept)
            forward = number.get(source[node.forward]) if node.forward is not None else None
            kept.append(
                Node(
                    number[node.id],
                    node.primitive,
                    tuple([number[source[i]] for i in node.inputs]),
                    node.attrs,
                    node.shape,
                    node.dtype,
                    node.weak,
                    self.renamed.get(node.id, node.name),
                    node.scope,
                    node.line,
                    node.derived,
                    forward,
                )
            )
        adjoints = {}
        for a, b in self.adjoints.items():
            if source[a] in number and source[b] in number:
                adjoints[number[source[a]]] = number[source[b]]
        out_ids = tuple(number[source[x.node.id]] for x in outputs)
        in_ids = tuple(number[x.node.id] for x in inputs)
        in_tree, out_tree = trees
        graph = Graph(name, tuple(kept), in_ids, out_ids, in_tree, out_tree, arguments, adjoints)
        for check in CHECKS:
            check(graph)
        return graph


def simplified(primitive: Primitive, xs: list[Tracer], aval: Any) -> Tracer | None:
    """x * 1, x / 1, x + 0 and -(-x) in a derivative, where x has the result's shape and type. Nothing hides a NaN."""
    rule = _NEUTRAL.get(primitive.name)
    if rule is not None:
        for i, neutral in rule:
            other = xs[1 - i].node
            if xs[i].literal == neutral and (other.shape, other.dtype) == aval and not other.weak:
                return xs[1 - i]
    elif primitive.name == "negative" and xs[0].node.primitive.name == "negative":
        return Tracer(xs[0].home, xs[0].home.nodes[xs[0].node.inputs[0]])
    return None


_NEUTRAL = {
    "multiply": ((0, 1), (1, 1)),
    "divide": ((1, 1),),
    "add": ((0, 0), (1, 0)),
    "subtract": ((1, 0),),
    "power": ((1, 1),),
}


def bind(primitive: Primitive, *operands: Any, **attrs: Any) -> Tracer:
    """Apply a primitive to traced values in the trace that is being written."""
    trace = _ACTIVE.get()
    if trace is None:
        _leaked(next(x for x in operands if isinstance(x, Tracer)))
    return trace.bind(primitive, *operands, **attrs)


def trace(f: Callable[..., Any], *args: Any) -> Graph:
    """Run ``f`` once on stand-ins for ``args`` and return the :class:`Graph` of its operations.

    f: a plain NumPy function. args: arrays, numbers, and dicts, lists, tuples or dataclasses of them; only their shapes
    and types matter. Python control flow over shapes and other static values is unrolled. Raises TraceError where the
    function asks for a value.

    >>> import numpy as np
    >>> graph = trace(lambda w, x: np.tanh(x @ w), np.ones((3, 2)), np.ones((5, 3)))
    >>> graph(np.zeros((3, 2)), np.ones((5, 3))).shape
    (5, 2)
    """
    arguments = argument_names(f, len(args))
    writing = Trace()
    leaves, _, in_tree = tree.flatten(args)
    inputs = [
        writing.input(name, np.shape(leaf), value_type(leaf, name), type(leaf) in (float, int, bool))
        for leaf, name in zip(leaves, leaf_names(args, arguments), strict=True)
    ]
    with writing.active():
        result = f(*tree.unflatten(in_tree, inputs))
        out_leaves, _, out_tree = tree.flatten(result)
        outputs = [writing.lift(x) for x in out_leaves]
    name = getattr(f, "__name__", type(f).__name__)
    return writing.finish(name.strip("<>"), inputs, outputs, (in_tree, out_tree), arguments)


def named(value: Any, name: str) -> Any:
    """Give a traced value a name of your choice (``dense1.w``) in the graph and the programs; others pass unchanged."""
    if not isinstance(value, Tracer):
        return value
    home = value.home
    node = home.nodes[value.node.id] = dataclasses.replace(value.node, name=name, scope="")
    return Tracer(home, node)


def argument_names(f: Callable[..., Any], count: int | None = None) -> tuple[str, ...]:
    """The names of the first ``count`` positional arguments of ``f``, ``x0, x1 ...`` where it does not tell.

    All that it tells if count is None.
    """
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][:count]
    if count is None:
        return tuple(names)
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "x")
    return (*names, *(f"{rest}{i}" for i in range(count - len(names))))


def leaf_names(args: tuple[Any, ...], arguments: tuple[str, ...]) -> list[str]:
    """A name for every leaf: ``x``; ``dense1.w`` inside a dict; ``params.0.w`` where keys alone would not be unique."""
    paths = [(name, path) for name, arg in zip(arguments, args, strict=True) for path in tree.flatten(arg)[1]]
    short = [path if path and not path[0].isdigit() else ".".join(filter(None, (arg, path))) for arg, path in paths]
    return [
        name if short.count(name) == 1 else ".".join(filter(None, pair))
        for name, pair in zip(short, paths, strict=True)
    ]


def value_type(value: Any, name: str) -> np.dtype[Any]:
    """Type of an argument's leaf, refused with a clear message where it is not a real number."""
    dtype = value.dtype if isinstance(value, Tracer) else np.asarray(value).dtype
    if dtype.kind not in "fiub":
        refuse_type(dtype, f"argument {name}")
    return np.dtype(dtype)


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


def _leaked(value: Tracer) -> NoReturn:
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
            _refuse_in_place(f"np.{ufunc.__name__}(..., out=...) or an operator like += on an array")
        if method == "__call__":
            handler = UFUNCS.get(ufunc)
        else:
            handler = FUNCTIONS.get(_METHODS.get((ufunc, method), ufunc))
            if method == "reduce" and len(inputs) == 1:
                kwargs = {"axis": 0} | kwargs
        if handler is None:
            _unsupported(f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}"))
        kwargs.pop("out", None)
        return handler(*inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        handler = FUNCTIONS.get(function)
        if handler is None:
            _unsupported(f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1))
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
            "index arrays with it (table[i], np.take(table, i, axis=0)); take sizes from x.shape",
        )

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        untraceable(
            "traced-array",
            f"{self!r} is turned into a NumPy array",
            "np.array, np.asarray and plain-array indexing need numbers, a traced value has none yet",
            "build arrays from traced values with np.stack([x, y]) or np.concatenate; look up a plain table with "
            "np.take(table, i, axis=0)",
        )

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        _refuse_in_place(f"x[{key!r}] = ...")

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


def _refuse_in_place(what: str) -> NoReturn:
    untraceable(
        "traced-in-place",
        f"{what} changes an array in place",
        "in a graph every value is computed once; overwriting it would change numbers that backpropagation still needs",
        "make a new array: x = x + y; np.where(mask, new, x) for some elements; np.stack to build one",
    )


def _unsupported(name: str) -> NoReturn:
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


_METHODS: dict[tuple[np.ufunc, str], Any] = {
    (np.add, "reduce"): np.sum,
    (np.multiply, "reduce"): np.prod,
    (np.maximum, "reduce"): np.max,
    (np.minimum, "reduce"): np.min,
    (np.add, "accumulate"): np.cumsum,
    (np.multiply, "outer"): np.multiply.outer,
}
