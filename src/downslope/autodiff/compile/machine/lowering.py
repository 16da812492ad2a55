"""The values while they are made, and the table of rules that primitives which are not elementwise are lowered by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from downslope.autodiff.compile.machine.kinds import NotGenerated, kind_of
from downslope.autodiff.compile.machine.values import Literal, Lowered, Number, Operand, Ref, Shape, Value, contiguous
from downslope.autodiff.graph import Graph, Node

Rule: TypeAlias = Callable[["Lowering", Node], None]
RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Decorator: how the primitives of these names are lowered."""

    def note(f: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, f))
        return f

    return note


class Lowering:
    """The values while they are made. ``seen``: node -> (value, stand-in array with the right address and strides)."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.values: list[Value] = []
        self.base: dict[int, Any] = {}
        self.seen: dict[int, tuple[int, Any]] = {}
        self.numbers: list[int] = []
        self.inputs: dict[int, int] = {}
        self.known: dict[Any, int] = {}
        self.empty: set[int] = set()  # nodes without elements: nothing to compute, nothing to store

    def run(self) -> Lowered:
        """All nodes, in their order."""
        for node in self.graph.nodes:
            if 0 in node.shape:
                self.empty.add(node.id)
            elif any(i in self.empty for i in node.inputs) and node.primitive.name != "concatenate":
                raise NotGenerated("a result of an array without elements")
            elif node.weak:
                if node.primitive.name not in ("constant", "input"):
                    self.numbers.append(node.id)
            elif node.primitive.name in RULES:
                RULES[node.primitive.name](self, node)
            elif node.primitive.machine is not None:
                self.elementwise(node)
            else:
                raise NotGenerated(f"{node.primitive.name} has no vector form")
        kept = [i for i in dict.fromkeys(self.graph.outputs) if i not in self.empty]
        outputs = {i: self.operand(i, self.graph[i].shape) for i in kept}
        return Lowered(self.graph, tuple(self.values), tuple(self.numbers), self.inputs, outputs)

    # --- making values ----------------------------------------------------------------------------------------------

    def add(self, op: str, shape: Shape, dtype_or_kind: Any, **faces: Any) -> int:
        """A new value; returns its id."""
        kind = dtype_or_kind if isinstance(dtype_or_kind, str) else kind_of(dtype_or_kind)
        value = Value(len(self.values), op, kind, shape, **faces)
        self.values.append(value)
        self.base[value.id] = _stand_in(shape, kind)
        return value.id

    def own(self, node: Node, value: int) -> None:
        """The node is this value."""
        self.seen[node.id] = (value, self.base[value].reshape(node.shape))
        if self.values[value].node is None:
            self.values[value].node = node.id

    def array(self, i: int) -> tuple[int, Any]:
        """Value and stand-in of a node; a Python number becomes an array of no axes."""
        if i not in self.seen:
            node = self.graph[i]
            made = self.map("number", same, (), kind_of(node.dtype), [self.number(i)], [kind_of(node.dtype)])
            self.seen[i] = (made, self.base[made])
        return self.seen[i]

    def number(self, i: int) -> Operand:
        """A Python number of the graph."""
        node = self.graph[i]
        return Literal(node.attrs["value"]) if node.primitive.name == "constant" else Number(i)

    def operand(self, i: int, shape: Shape) -> Operand:
        """A node as it is read over a domain of this shape."""
        if self.graph[i].weak:
            return self.number(i)
        return self.ref(*self.seen[i], shape)

    def ref(self, value: int, stand_in: Any, shape: Shape) -> Ref:
        """Strides over the axes of ``shape`` that are longer than 1."""
        wide = stand_in if stand_in.shape == shape else np.broadcast_to(stand_in, shape)
        size = self.base[value].itemsize
        address = wide.__array_interface__["data"][0] - self.base[value].__array_interface__["data"][0]
        strides = tuple(s // size for s, n in zip(wide.strides, shape, strict=True) if n > 1)
        return Ref(value, address // size, strides)

    def map(
        self,
        name: str,
        form: Callable[..., Any],
        shape: Shape,
        kind: str,
        args: Sequence[Operand],
        kinds: Sequence[str],
        **more: Any,
    ) -> int:
        """A value computed number by number; the same one again where it was asked for before."""
        domain = tuple(n for n in shape if n > 1)
        key = (name, shape, kind, tuple(args), tuple(kinds), id(form)) if not more else None
        if key is not None and key in self.known:
            return self.known[key]
        made = self.add(
            "map", shape, kind, domain=domain, home=contiguous(domain), args=tuple(args), kinds=tuple(kinds),
            name=name, form=form, **more,
        )  # fmt: skip
        if key is not None:
            self.known[key] = made
        return made

    def copy(self, value: int, stand_in: Any, **more: Any) -> int:
        """The numbers of a view in their own memory, in order."""
        kind = self.values[value].kind
        return self.map("copy", same, stand_in.shape, kind, [self.ref(value, stand_in, stand_in.shape)], [kind], **more)

    def reduce(self, how: str, value: int, stand_in: Any, axes: Sequence[int], kind: str, divide: float = 1.0) -> int:
        """Sum, product, max or min over axes of a view, kept as length 1."""
        shape = tuple(1 if a in axes else n for a, n in enumerate(stand_in.shape))
        if shape == stand_in.shape:  # one number each
            x = self.ref(value, stand_in, shape)
            return self.map("divide", _divided, shape, kind, [x, Literal(divide)], [kind, kind])
        long = [a for a, n in enumerate(stand_in.shape) if n > 1]
        kept = contiguous(shape)
        return self.add(
            "reduce", shape, kind,
            domain=tuple(stand_in.shape[a] for a in long),
            home=tuple(0 if a in axes else kept[a] for a in long),
            args=(self.ref(value, stand_in, stand_in.shape),), kinds=(kind,), name=how,
            attrs={"axes": tuple(k for k, a in enumerate(long) if a in axes), "divide": divide},
        )  # fmt: skip

    def elementwise(self, node: Node) -> None:
        """A node whose entry states a vector form."""
        kinds = operand_kinds(node, self.graph)
        args = [self.operand(i, node.shape) for i in node.inputs]
        form = node.primitive.machine
        assert form is not None
        self.own(node, self.map(node.primitive.name, form, node.shape, kind_of(node.dtype), args, kinds))


def operand_kinds(node: Node, graph: Graph) -> list[str]:
    """What the operands of an elementwise operation are converted to before it."""
    operands = [graph[i] for i in node.inputs]
    if node.weak:
        is_float = node.dtype.kind == "f" or any(x.dtype.kind == "f" for x in operands)
        return ["f64" if is_float else "i64"] * len(operands)
    if node.primitive.name == "where":
        return ["bool", *[kind_of(node.dtype)] * 2]
    ufunc = node.primitive.forward
    if not isinstance(ufunc, np.ufunc):
        return [kind_of(node.dtype)] * len(operands)
    plain = {"f": float, "i": int, "b": np.dtype(bool)}
    given: list[Any] = [plain[x.dtype.kind] if x.weak else x.dtype for x in operands]
    return [kind_of(d) for d in ufunc.resolve_dtypes((*given, None))[: len(operands)]]


def _divided(v: Any, x: Any, n: Any) -> Any:
    return x / n


def same(v: Any, x: Any) -> Any:
    """The operand itself."""
    return x


_ITEM = {"f32": np.float32, "f64": np.float64, "i64": np.int64, "i32": np.int32, "bool": np.bool_}


def _stand_in(shape: Shape, kind: str) -> Any:
    """An array that is never touched: its memory is only promised by the system."""
    return np.empty(shape, _ITEM[kind])
