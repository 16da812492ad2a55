"""The in-place dialect: NumPy calls with ``out=`` into planned buffers, so that a step allocates nothing.

Two forms. ``graph.program("in place")`` is one evaluation: arguments in, fresh results out. :func:`loop` is many steps:
some inputs are *bound* to arrays that live as long as the program (parameters, optimizer state) and are overwritten by
the outputs *carried* to them; the others are *streamed*, one value a step; further outputs are *recorded*.

Known to be slow: an operation without an ``out=`` form allocates (sorting, factorisations, looking up by arrays).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.autodiff.compile.plan import Plan, plan
from downslope.autodiff.graph import WRITERS, Graph, Node
from downslope.autodiff.program import Expressions, Program, Statement, identifier, names_of

_CALL = re.compile(r"\bnp\.([a-z_0-9]+(?:\.[a-z_0-9]+)*)")


class _Writer:
    """Writes one statement for each node that is computed in a step, and binds the arrays it names."""

    def __init__(self, graph: Graph, planned: Plan) -> None:
        self.graph, self.arrays = graph, planned.arrays
        self.names = names_of(graph)
        self.taken = set(self.names.values())
        self.expressions = Expressions(graph, {})
        self.bindings: dict[str, Any] = {}
        self.lines: list[Statement | str] = []
        self.counter = 0
        self.cells: dict[tuple[Any, ...], str] = {}

    def fresh(self, base: str) -> str:
        """A name that nobody has: a user's parameter may well be called ``c3``."""
        self.counter += 1
        while f"{base}{self.counter}" in self.taken:
            self.counter += 1
        return self.own(f"{base}{self.counter}")

    def own(self, word: str) -> str:
        """A word for something that no user named, told apart from a user's parameter of that name."""
        while word in self.taken:
            word += "_"
        self.taken.add(word)
        return word

    def name(self, node: Node) -> str:
        """The node's name in the program; fixed arrays are bound to it on first use."""
        if node.id not in self.names:
            self.names[node.id] = self.fresh("v")
        name = self.names[node.id]
        if node.id in self.arrays:
            self.bindings[name] = self.arrays[node.id]
        return name

    def constant(self, value: Any) -> str:
        """A constant array under a name of its own."""
        array = np.asarray(value)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.cells:
            self.cells[key] = self.fresh("c")
            self.bindings[self.cells[key]] = array
        return self.cells[key]

    def operand(self, i: int, node: Node) -> str:
        """An operand as text. Numbers become 0-d arrays of the right type: NumPy then converts nothing in the step."""
        x = self.graph[i]
        if not x.weak:
            return self.name(x)
        kinds = [self.graph[j].dtype for j in node.inputs if not self.graph[j].weak]
        dtype = kinds[0] if node.dtype.kind == "b" and kinds else node.dtype
        if x.primitive.name == "constant":
            return self.constant(dtype.type(x.attrs["value"]))
        key = ("cell", i, dtype.str)
        if key not in self.cells:
            self.cells[key] = self.fresh("s")
            self.bindings[self.cells[key]] = np.zeros((), dtype)
            self.lines.append(f"{self.cells[key]}[()] = {self.expressions.written[i][0]}")
        return self.cells[key]

    def node(self, node: Node) -> None:
        if node.weak:
            self.number(node)
        elif node.id in self.arrays and (node.primitive.view or node.primitive.name in ("constant", "getitem")):
            self.name(node)
        elif node.id in self.arrays:
            self.into(node)
        else:
            self.allocate(node)

    def number(self, node: Node) -> None:
        if node.primitive.name == "constant":
            self.expressions.written[node.id] = (repr(node.attrs["value"]), 6 if node.attrs["value"] < 0 else 100)
            return
        text = self.expressions.of(node)
        if len(self.graph.users[node.id]) == 1 and not node.name and self.graph[self.graph.users[node.id][0]].weak:
            self.expressions.written[node.id] = (text, node.primitive.precedence)
            return
        name = self.name(node)
        self.lines.append(Statement(name, text, (node.id,)))
        self.expressions.written[node.id] = (name, 100)

    def into(self, node: Node) -> None:
        ins = [self.operand(i, node) for i in node.inputs]
        out = self.name(node)
        form = node.primitive.into
        xs = [self.graph[i] for i in node.inputs]
        if node.primitive.name == "concatenate":
            text = self.missing_parts(node, ins, out)
        elif callable(form):
            text = form(node, ins, out, xs, self.constant) or ""
        else:
            assert form is not None
            text = form.format(*ins, out=out)
        if text:
            self.lines.append(text)

    def missing_parts(self, node: Node, ins: Sequence[str], out: str) -> str:
        """Only the parts that were not computed in their place already."""
        whole, start, copies = self.arrays[node.id], 0, []
        axis = node.attrs["axis"]
        for i, text in zip(node.inputs, ins, strict=True):
            n = self.graph[i].shape[axis]
            part = whole[(slice(None),) * axis + (slice(start, start + n),)]
            array = self.arrays.get(i)
            same = array is not None and array.shape == part.shape and array.strides == part.strides
            if array is None or not same or array.ctypes.data != part.ctypes.data:
                place = ", ".join([":"] * axis + [f"{start}:{start + n}"])
                copies.append(f"{out}[{place}] = {text}")
            start += n
        return "; ".join(copies)

    def allocate(self, node: Node) -> None:
        """An operation without an out= form, or a view of a value of this step."""
        ins = [self.operand(i, node) for i in node.inputs]
        function = self.fresh("f")
        self.bindings[function] = _with_attrs(node.primitive.forward, node.attrs)
        text = f"{function}({', '.join(ins)})"
        if node.primitive.name == "transpose":
            text = f"{ins[0]}.T" if len(node.shape) == 2 else text
        self.lines.append(Statement(self.name(node), text, (node.id,), node.primitive.name))


def _with_attrs(forward: Callable[..., Any], attrs: Mapping[str, Any]) -> Callable[..., Any]:
    """The operation with its options, and with memory of its own: a flipped array, say, is a view of a buffer."""

    def apply(*xs: Any) -> Any:
        found = forward(*xs, **attrs)
        return found if getattr(found, "base", None) is None else found.copy()

    return apply


def _compiled(
    writer: _Writer, head: str, body: Sequence[str], planned: Plan, graph: Graph
) -> tuple[Program, Callable[..., Any]]:
    """Bind NumPy's functions to local names, compile, and keep the readable source."""
    used = sorted({m for line in body for m in _CALL.findall(line)})
    # a user's variable may well be called `sign`
    short = {f"np.{name}": writer.own(identifier(name.replace(".", "_"))) for name in used}
    clean = [_CALL.sub(lambda m: short[m.group(0)], line) for line in body]
    source = "\n".join([f"def {head}:", *(f"    {line}" for line in clean)]) + "\n"
    bound = {local: _numpy(full[3:]) for full, local in short.items()} | writer.bindings
    # One factory call makes everything a local name of the function: no look-up of globals in a step.
    shell = "def make(" + ", ".join(bound) + "):\n" + "".join(f"    {line}\n" for line in source.splitlines())
    shell += f"    return {head.split('(')[0]}\n"
    names: dict[str, Any] = {}
    exec(compile(shell, f"<in place {graph.name}>", "exec"), names)
    function: Callable[..., Any] = names["make"](*bound.values())
    note = f"# in place: {planned.buffers} buffers, {planned.nbytes:,} bytes, shared by lifetime\n"
    return Program(graph, "in place", note + source, {}, tuple(writer.lines), function), function


def _numpy(path: str) -> Any:
    found: Any = np
    for part in path.split("."):
        found = getattr(found, part)
    return found


def in_place(graph: Graph) -> Program:
    """One evaluation: the program takes the graph's arguments and returns fresh results."""
    planned = plan(graph)
    writer = _Writer(graph, planned)
    arguments = [writer.name(graph[i]) for i in graph.inputs]
    for i, name in zip(graph.inputs, arguments, strict=True):
        writer.expressions.written[i] = (name, 100)
    for node in graph.nodes:
        if node.id not in graph.inputs:
            writer.node(node)
    results = []
    for i in graph.outputs:
        node = graph[i]
        fresh = f"{writer.name(node)}.copy()" if node.shape else f"{writer.name(node)}[()]"
        text = writer.expressions.written[i][0] if node.weak else (fresh if i in planned.arrays else writer.name(node))
        results.append(text)
    body = [*map(str, writer.lines), f"return [{', '.join(results)}]"]
    program, flat = _compiled(writer, f"{identifier(graph.name)}({', '.join(arguments)})", body, planned, graph)

    def function(*args: Any) -> Any:
        leaves = graph.flat_inputs(args)
        # The buffers have the types that were traced; an argument of another type would be cast behind one's back.
        values = [
            leaf if graph[i].weak else np.asarray(leaf, graph[i].dtype)
            for leaf, i in zip(leaves, graph.inputs, strict=True)
        ]
        return tree.unflatten(graph.out_tree, flat(*values))

    return Program(graph, "in place", program.source, {}, program.lines, function)


WRITERS["in place"] = in_place


def loop(graph: Graph, bound: Mapping[int, Any], carried: Mapping[int, int], recorded: Sequence[int]) -> Program:
    """Many steps in one call: ``program.function(streams, records)``.

    bound: input id -> the array that it reads. carried: bound input -> the output that replaces it at the end of a
    step. recorded: outputs whose value is kept. streams: for every input that is not bound, in order, a sequence with
    one value a step. records: for every recorded output, in order, an array whose k-th entry receives that of step k.
    """
    planned = plan(graph, bound, carried)
    writer = _Writer(graph, planned)
    streamed = [i for i in graph.inputs if i not in bound]
    names = [writer.name(graph[i]) for i in streamed]
    for i, name in zip(streamed, names, strict=True):
        writer.expressions.written[i] = (name, 100)
    for node in graph.nodes:
        if node.id not in graph.inputs:
            writer.node(node)
    step = [*map(str, writer.lines)]
    told = [writer.expressions.written[i][0] if graph[i].weak else writer.name(graph[i]) for i in recorded]
    k, streams, records = map(writer.own, ("k", "streams", "records"))
    step += [f"{records}[{place}][{k}] = {text}" for place, text in enumerate(told)]
    # All values first, then the copies: one carried output may read what another one overwrites.
    held = {into: writer.fresh("h") for into in planned.copies}
    step += [f"{held[into]} = {writer.name(graph[out])}.copy()" for into, out in planned.copies.items()]
    step += [f"np.copyto({writer.name(graph[into])}, {held[into]})" for into in planned.copies]
    head = f"for {k}, ({', '.join(names)},) in enumerate(zip(*{streams})):"
    body = [head, *(f"    {line}" for line in step)]
    program, _ = _compiled(writer, f"{identifier(graph.name)}({streams}, {records})", body, planned, graph)
    return program
