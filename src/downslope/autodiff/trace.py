"""Tracing: run a plain NumPy function once on stand-ins for its arrays, and write down every operation it asks for.

The stand-ins (``tracer.py``) know shape and type, not values. They answer NumPy's own protocols (``__array_ufunc__``,
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
from typing import Any

import numpy as np

from downslope.autodiff import frames, tree
from downslope.autodiff.graph import Graph, Node, SourceLine
from downslope.autodiff.primitive import TABLE, Primitive, Shape
from downslope.autodiff.tracer import Tracer, leaked, refuse_type

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
                leaked(value)
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
        leaked(next(x for x in operands if isinstance(x, Tracer)))
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
