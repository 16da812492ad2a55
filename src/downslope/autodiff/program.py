"""Programs: a graph written as Python source, one statement a node, in the names of the user's own variables."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.autodiff.compile.namespace import namespace_of
from downslope.autodiff.graph import WRITERS, Graph, Node

WIDTH = 88


@dataclass(frozen=True)
class Statement:
    """One line of a program. ``nodes``: the ids that it computes, the last one being its result."""

    target: str
    expression: str
    nodes: tuple[int, ...]
    note: str = ""

    def __str__(self) -> str:
        line = f"{self.target} = {self.expression}"
        return f"{line:<48}  # {self.note}" if self.note else line


@dataclass(frozen=True, eq=False)
class Program:
    """A graph as source code: ``print(program)`` to read it, ``program(*args)`` to run it.

    source: a Python function in plain NumPy. constants: the arrays it names. lines: its statements and comments.
    """

    graph: Graph
    dialect: str
    source: str
    constants: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[Statement | str, ...] = ()
    function: Callable[..., Any] | None = None
    compiled: dict[Any, Callable[..., Any]] = field(default_factory=dict, repr=False)

    def __call__(self, *args: Any) -> Any:
        """Run it on arrays of the structure and shapes that were traced.

        The plain dialect runs on the library that the arrays are from: NumPy, PyTorch, JAX, CuPy, and what else follows
        the array API standard.
        """
        leaves = self.graph.flat_inputs(args)
        if self.function is not None:
            return self.function(*args)
        library = namespace_of(leaves)
        if library not in self.compiled:
            self.compiled[library] = self._for(library)
        return self.compiled[library](*args)

    def _for(self, library: Any) -> Callable[..., Any]:
        constants = {name: library.constant(value) for name, value in self.constants.items()}
        classes = {cls.__name__: cls for cls in _classes(self.graph.out_tree)}
        helpers = {name: getattr(library, name) for name in HELPERS if f"{name}(" in self.source}
        names = {"np": library, **helpers, **constants, **classes}
        exec(compile(self.source, f"<program {self.graph.name}>", "exec"), names)
        made: Callable[..., Any] = names[identifier(self.graph.name)]
        return made

    def __str__(self) -> str:
        if self.dialect == "machine":  # its stages are no Python
            return self.source
        head = ["import numpy as np"]
        head += [f"from downslope.autodiff import {k}  # {v}" for k, v in HELPERS.items() if f"{k}(" in self.source]
        for name, value in self.constants.items():
            small = np.size(value) <= 8
            shown = f"np.array({np.asarray(value).tolist()}, np.{np.asarray(value).dtype})" if small else "..."
            head.append(f"{name} = {shown}  # {np.asarray(value).dtype}{list(np.shape(value))}")
        return "\n".join(head) + "\n\n\n" + self.source

    __repr__ = __str__


def _classes(spec: tree.Spec) -> set[type]:
    """Dataclasses and named tuples of a structure, which the program's text names."""
    found = {spec.type} if spec.type not in (None, dict, list, tuple) else set()
    return found.union(*(_classes(child) for child in spec.children())) if spec.children() else found


# What NumPy lacks, and a program asks for by name.
HELPERS = {"add_at": "zeros, with values added at the given places", "erf": "the error function"}
_BUILTIN = {
    "np",
    *HELPERS,
    "True",
    "False",
    "None",
    "float",
    "int",
    "bool",
    "range",
    "len",
    "slice",
    "zip",
    "enumerate",
}


def identifier(name: str) -> str:
    """A Python name: ``dense1.w`` -> ``dense1_w``."""
    word = re.sub(r"\W", "_", name)
    word = f"_{word}" if not word or word[0].isdigit() else word
    return f"{word}_" if keyword.iskeyword(word) or word in _BUILTIN else word


def names_of(graph: Graph) -> dict[int, str]:
    """A name of its own for every node that has one: the user's; its scope in front and a number tell it apart."""
    repeats = Counter(identifier(node.name) for node in graph.nodes if node.name)
    adjoint_of = {f"g_{graph[value].full_name}": value for value in graph.adjoints}
    taken: dict[str, int] = {identifier(graph.name): 1} | {identifier(a): 1 for a in graph.arguments}
    names: dict[int, str] = {}
    for node in graph.nodes:
        if not node.name:
            continue
        base = identifier(node.name if repeats[identifier(node.name)] == 1 else node.full_name)
        if (value := adjoint_of.get(node.full_name)) in names:
            base = f"g_{names[value]}"
        is_argument = node.id in graph.inputs and node.full_name in graph.arguments
        count = taken.get(base, 0) if not is_argument else 0
        taken[base] = max(taken.get(base, 0), 1) if is_argument else count + 1
        name = base if count == 0 else f"{base}_{count + 1}"
        while name in names.values():
            taken[base] += 1
            name = f"{base}_{taken[base]}"
        names[node.id] = name
    return names


class Expressions:
    """Nodes as text, with parentheses only where Python needs them."""

    def __init__(self, graph: Graph, names: Mapping[int, str]) -> None:
        self.graph = graph
        self.written: dict[int, tuple[str, int]] = {i: (name, 100) for i, name in names.items()}

    def of(self, node: Node) -> str:
        """The operation of a node applied to the text of its operands."""
        primitive = node.primitive
        operands = []
        for place, i in enumerate(node.inputs):
            text, precedence = self.written[i]
            # The right side of - and /, and both sides of **, bind tighter than the left side of a chain.
            needed = primitive.precedence + (place > 0 or primitive.precedence == 7)
            is_call = primitive.precedence == 100
            operands.append(text if is_call or precedence >= needed else f"({text})")
        if callable(primitive.text):
            return primitive.text(node, operands)
        return primitive.text.format(*operands, name=node.name)


_PHASE = {"adjoint": "backward", "tangent": "forward mode: changes along the direction"}
_THROUGH = {"adjoint": "back through", "tangent": "the change of"}


class _Plain:
    """Writes the plain dialect."""

    def __init__(self, graph: Graph, inline: bool) -> None:
        self.graph, self.inline = graph, inline
        self.constants: dict[str, Any] = {}
        self.lines: list[Statement | str] = []
        self.names = names_of(graph)
        self.expressions = Expressions(graph, {})
        self.absorbed: dict[int, tuple[int, ...]] = {}
        self.counter = 0

    def write(self) -> Program:
        graph = self.graph
        self.unpack()
        section: Any = None
        for node in graph.nodes:
            if node.id in graph.inputs:
                continue
            if node.primitive.name == "constant":
                self.constant(node)
                continue
            text = self.expressions.of(node)
            if self.is_inlined(node, text):
                self.expressions.written[node.id] = (text, node.primitive.precedence)
                self.absorbed[node.id] = self.nodes_of(node)
                continue
            heading = (node.derived, node.scope, node.line if node.derived else None)
            if heading != section:
                self.heading(node, section)
                section = heading
            self.statement(node, text)
        body = "\n".join(f"    {line}" for line in self.lines)
        head = f"def {identifier(graph.name)}({', '.join(graph.arguments)}):"
        source = f"{head}\n{body}\n    return {self.result()}\n"
        return Program(graph, "plain", source, self.constants, tuple(self.lines))

    def unpack(self) -> None:
        """Leaves of nested arguments get names of their own in the first lines."""
        accessors = tree.accessors(self.graph.in_tree)
        for i, accessor in zip(self.graph.inputs, accessors, strict=True):
            argument = self.graph.arguments[accessor[0].entry]
            path = accessor[1:].codify(argument)
            name = self.names.setdefault(i, identifier(argument))
            if path != name:
                self.lines.append(Statement(name, path, (i,), self.note(self.graph[i])))
            self.expressions.written[i] = (name, 100)

    def constant(self, node: Node) -> None:
        value = node.attrs["value"]
        if node.weak:
            self.expressions.written[node.id] = (self.number(node), 100 if value >= 0 or value != value else 6)
            return
        if np.ndim(value) == 0:
            text = f"np.asarray({value.item()!r}, dtype=np.{value.dtype})"
            self.expressions.written[node.id] = (text, 100)
            return
        name = self.names[node.id] = f"c{len(self.constants) + 1}"
        self.constants[name] = value
        self.expressions.written[node.id] = (name, 100)

    def number(self, node: Node) -> str:
        """A number as short as it may be: where only float32 arrays meet it, 1 - 0.9 is 0.1."""
        value = node.attrs["value"]
        if not np.isfinite(value):
            return f"-np.{-value}" if value < 0 else f"np.{value}"
        short = str(np.float32(value)) if abs(value) < 1e38 and isinstance(value, float) else repr(value)
        users = [self.graph[i] for i in self.graph.users[node.id]]
        is_single = all(u.dtype == np.float32 and not u.weak for u in users)
        return short if is_single and np.float32(short) == np.float32(value) else repr(value)

    def is_inlined(self, node: Node, text: str) -> bool:
        """Transposes, and values without a name that one later line uses, stand where they are used."""
        if node.id in self.graph.outputs or not self.inline or len(text) > WIDTH // 2:
            return False
        if node.primitive.name == "transpose" and text.endswith(".T"):
            return True
        if node.name or node.primitive.name == "stop_gradient":
            return not node.name
        users = [self.graph[i] for i in self.graph.users[node.id]]
        return len(users) == 1 and users[0].derived == node.derived

    def nodes_of(self, node: Node) -> tuple[int, ...]:
        inner = [i for j in node.inputs for i in self.absorbed.get(j, ())]
        return (*dict.fromkeys(inner), node.id)

    def heading(self, node: Node, before: Any) -> None:
        if before is None or before[0] != node.derived:
            phase = _PHASE.get(node.derived) or ("forward" if before is None else node.scope or "afterwards")
            self.lines.append(f"# --- {phase} ---")
        where = f"{node.scope}: " if node.scope else ""
        if node.derived and node.line is not None and node.line.text:
            self.lines.append(f"# {_THROUGH[node.derived]} {where}{node.line.text[:WIDTH]}")
        elif node.scope and (before is None or before[1] != node.scope) and (node.derived or node.scope != "update"):
            self.lines.append(f"# {_THROUGH.get(node.derived, '')} {node.scope}".replace("  ", " "))

    def statement(self, node: Node, text: str) -> None:
        name = self.names.get(node.id)
        if name is None:
            taken = set(self.names.values())
            while name is None or name in taken:
                self.counter += 1
                name = f"v{self.counter}"
        self.names[node.id] = name
        self.lines.append(Statement(name, text, self.nodes_of(node), self.note(node)))
        self.expressions.written[node.id] = (name, 100)

    def note(self, node: Node) -> str:
        return str(node.shape) if not node.weak else ""

    def result(self) -> str:
        texts = [_Text(self.expressions.written[i][0]) for i in self.graph.outputs]
        text = repr(tree.unflatten(self.graph.out_tree, texts)).replace("'", '"')
        for cls in _classes(self.graph.out_tree):
            text = text.replace(cls.__qualname__, cls.__name__)
        return text


class _Text(str):
    """Text that is its own repr, so that the repr of a structure of names is Python source."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def plain(graph: Graph, *, inline: bool = True) -> Program:
    """The readable dialect: functional, on any array library that follows the array API standard.

    inline: write values that have no name of their own where they are used; False gives one statement a node.
    """
    return _Plain(graph, inline).write()


WRITERS["plain"] = plain


def statements(program: Program) -> Sequence[Statement]:
    """The statements of a program, without its comments."""
    return [line for line in program.lines if isinstance(line, Statement)]
