"""The graph: one frozen record per operation, in the order in which they can be computed; everything else reads it."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.autodiff import cost, tree
from downslope.errors import SettingError, ShapeError, nearest

if TYPE_CHECKING:
    from downslope.autodiff.cost import Cost
    from downslope.autodiff.primitive import Primitive
    from downslope.autodiff.program import Program

type_names = {"float64": "f64", "float32": "f32", "float16": "f16", "int64": "i64", "int32": "i32", "bool": "bool"}


@dataclass(frozen=True, slots=True)
class SourceLine:
    """The user's line that an operation comes from."""

    file: str
    line: int
    function: str

    @property
    def text(self) -> str:
        """The code on that line, empty where the source is not at hand (typed at a prompt)."""
        return linecache.getline(self.file, self.line).strip()

    def __str__(self) -> str:
        return f"{self.file.rsplit('/', 1)[-1]}:{self.line}"


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operation. ``inputs`` are ids of earlier nodes, so a node's id is also its place in topological order.

    weak: a Python number, whose type gives way to the arrays that it meets (NumPy 2 promotion).
    derived: "" for the user's own operations; "adjoint" for the backward half, "tangent" for forward mode.
    forward: for a derived node, the id of the node whose rule made it (None if that node is not needed any more).
    """

    id: int
    primitive: Primitive
    inputs: tuple[int, ...]
    attrs: Mapping[str, Any]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    weak: bool = False
    name: str = ""
    scope: str = ""
    line: SourceLine | None = None
    derived: str = ""
    forward: int | None = None

    @property
    def size(self) -> int:
        """Number of elements."""
        size = 1
        for n in self.shape:
            size *= n
        return size

    @property
    def type(self) -> str:
        """Type and shape in short: ``f32[32, 10]``."""
        kind = "num" if self.weak else type_names.get(self.dtype.name, self.dtype.name)
        return f"{kind}[{', '.join(map(str, self.shape))}]"

    @property
    def full_name(self) -> str:
        """Scope and name: ``dense1.z``; ``g_dense1.z`` for its adjoint; ``%7`` where there is no name."""
        if not self.name:
            return f"%{self.id}"
        return self.name if self.derived or not self.scope else f"{self.scope}.{self.name}"

    def __str__(self) -> str:
        operands = " ".join(f"%{i}" for i in self.inputs)
        attrs = ", ".join(f"{k}={_short(v)}" for k, v in self.attrs.items())
        return f"%{self.id:<4} {self.name:<12} {self.type:<16} {self.primitive.name} {operands}" + (
            f"  {{{attrs}}}" if attrs else ""
        )


def _short(value: object) -> str:
    text = np.array2string(value, threshold=6, separator=", ") if isinstance(value, np.ndarray) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


@dataclass(frozen=True, eq=False)
class Graph:
    """A traced function: nodes in topological order, which of them are inputs and outputs, and the trees around them.

    Call it with arguments of the same structure and shapes to evaluate it; print it to read it.
    ``adjoints`` maps a forward node to the node that holds dL/d(that node), where backpropagation made one.
    """

    name: str
    nodes: tuple[Node, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    in_tree: tree.Spec
    out_tree: tree.Spec
    arguments: tuple[str, ...] = ()
    adjoints: Mapping[int, int] = field(default_factory=dict)

    def __getitem__(self, id: int) -> Node:
        return self.nodes[id]

    def __len__(self) -> int:
        return len(self.nodes)

    @cached_property
    def last_use(self) -> tuple[int, ...]:
        """For each node the id of the last node that reads it; outputs live until the end (``len(self)``)."""
        last = list(range(len(self.nodes)))
        for node in self.nodes:
            for i in node.inputs:
                last[i] = node.id
        for i in self.outputs:
            last[i] = len(self.nodes)
        return tuple(last)

    @cached_property
    def users(self) -> tuple[tuple[int, ...], ...]:
        """For each node the ids of the nodes that read it, in order, a node that reads it twice being listed twice."""
        users: list[list[int]] = [[] for _ in self.nodes]
        for node in self.nodes:
            for i in node.inputs:
                users[i].append(node.id)
        return tuple(map(tuple, users))

    def flat_inputs(self, args: tuple[Any, ...]) -> list[Any]:
        """Leaves of the arguments, checked against the shapes that were traced."""
        try:
            leaves = tree.flatten_like(self.in_tree, args)
        except ValueError as error:
            raise ShapeError(
                "graph-structure",
                f"{self.name} was traced with another structure of arguments",
                where=f"{self.name}({', '.join(self.arguments)}): {str(error).split(';')[0]}",
                why="a graph has a fixed number of inputs",
                do="call it with the same nesting, or trace it again",
            ) from None
        for leaf, i in zip(leaves, self.inputs, strict=True):
            shape = tuple(getattr(leaf, "shape", ()))
            if shape != self.nodes[i].shape:
                name = self.nodes[i].full_name
                raise ShapeError(
                    "graph-shape",
                    f"{self.name} was traced with {name} of shape {self.nodes[i].shape}, but got {shape}",
                    where=f"input {name} of {self.name}",
                    why="shapes are fixed when a function is traced: loops and axes have been unrolled for them",
                    do="trace it again for this shape",
                )
        return leaves

    def values(self, args: tuple[Any, ...], keep: Callable[[int], bool] = lambda _: False) -> dict[int, Any]:
        """Evaluate node by node and return the values of the outputs and of every id for which ``keep`` says so.

        The other values are dropped after their last use, so that a long graph runs in little memory.
        """
        values: dict[int, Any] = dict(zip(self.inputs, self.flat_inputs(args), strict=True))
        return self.resume(values, 0, keep)

    def resume(self, values: dict[int, Any], start: int, keep: Callable[[int], bool]) -> dict[int, Any]:
        """Go on evaluating from node ``start``; ``values`` holds what is known so far and is filled in place."""
        last = self.last_use
        for node in self.nodes[start:]:
            if node.id in values:
                continue
            value = node.primitive.forward(*[values[i] for i in node.inputs], **node.attrs)
            values[node.id] = value.item() if node.weak and isinstance(value, np.generic | np.ndarray) else value
            for i in set(node.inputs):
                if last[i] == node.id and not keep(i):
                    del values[i]
        return values

    def __call__(self, *args: Any) -> Any:
        """Evaluate node by node; the arguments have the structure and shapes that were traced."""
        values = self.values(args)
        return tree.unflatten(self.out_tree, [values[i] for i in self.outputs])

    def program(self, dialect: str = "plain", **options: Any) -> Program:
        """The graph as Python source: ``plain`` (readable, any array library) or ``in place`` (NumPy with ``out=``)."""
        if dialect not in ("plain", "in place"):
            raise SettingError(
                "unknown-dialect",
                f"there is no dialect {dialect!r}",
                where="Graph.program(dialect=...)",
                why="a program is written in one of a few dialects",
                do=nearest(dialect, ("plain", "in place")),
            )
        written: Program = WRITERS[dialect](self, **options)
        return written

    def cost(self) -> Cost:
        """FLOPs, bytes and arithmetic intensity, per node and per scope."""
        return cost.cost(self)

    def latex(self) -> str:
        """The graph as aligned LaTeX equations, one for every statement of the plain program."""
        equations: str = WRITERS["latex"](self)
        return equations

    def __str__(self) -> str:
        marks = dict.fromkeys(self.inputs, "in")
        marks |= dict.fromkeys(self.outputs, "out")
        head = f"graph {self.name}: {len(self.inputs)} inputs, {len(self.nodes)} nodes, {len(self.outputs)} outputs"
        rows = []
        for node in self.nodes:
            back = f"adjoint through %{node.forward}" if node.forward is not None else ""
            place = "  ".join(filter(None, (marks.get(node.id, ""), node.scope, str(node.line or ""), back)))
            rows.append(f"  {node!s:<72} {place}".rstrip())
        return "\n".join([head, *rows])

    __repr__ = __str__


# The writers read the graph and the graph offers them as methods: they register themselves here, so that this file,
# which everything imports, imports none of them.
WRITERS: dict[str, Callable[..., Any]] = {}
