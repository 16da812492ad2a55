"""The parts of a traced function that mistakes are made at, recognised by what they compute.

Activations, penalties and dropout masks are found by their numbers and their place in the graph, never by the names
that a user gave them, so that own code is read like the layers of ``downslope.nn``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from downslope.autodiff.graph import Node, SourceLine
from downslope.explain.mistakes.tape import Array, Step, Tape

VIEWS = ("reshape", "transpose", "astype", "broadcast_to", "squeeze", "expand_dims", "swapaxes", "moveaxis")


@dataclass(frozen=True, eq=False)
class Block:
    """An elementwise function of one value, h = σ(z), of one node or of several. slope: σ′(z)."""

    z: int
    h: int
    nodes: tuple[int, ...]
    slope: Array


class Places:
    """What stands where in one function. names: of its leaves."""

    def __init__(self, tape: Tape, names: Mapping[int, str]) -> None:
        self.tape, self.names = tape, dict(names)
        self.graph, self.values, self.adjoints = tape.graph, tape.values, tape.adjoints

    def name(self, id: int) -> str:
        """``z1`` for a value with a name, else what computes it: ``mean(...)``."""
        if id in self.names:
            return self.names[id]
        node = self.graph[id]
        if node.name:
            return node.full_name
        if node.primitive.name in ("input", "constant"):
            return "a constant"
        if node.primitive.name == "transpose" and len(node.shape) == 2:
            return turned(self.name(node.inputs[0]))
        return f"{node.primitive.name}({', '.join(self.name(i) if self.graph[i].name else '...' for i in node.inputs)})"

    def adjoint_name(self, id: int) -> str:
        """``g_z1``."""
        is_short = id in self.names or self.graph[id].name or self.graph[id].primitive.name == "transpose"
        return f"g_{self.name(id)}" if is_short else f"the adjoint of {self.name(id)}"

    def line(self, id: int) -> SourceLine | None:
        """The user's line of a node, of the first that reads it where it has none."""
        waiting = [id]
        while waiting:
            node = self.graph[waiting.pop(0)]
            if node.line is not None:
                return node.line
            waiting += self.graph.users[node.id][:1]
        return None

    def leaf_list(self, leaves: object) -> str:
        """``w1 and b1``, in the order of the arguments."""
        names = [self.names[i] for i in self.tape.leaves if i in leaves]  # type: ignore[operator]
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else "nothing"

    # --- what is read off the graph -----------------------------------------------------------------------------------

    @cached_property
    def on_the_way(self) -> list[Node]:
        """Nodes that an adjoint reaches, from the loss on."""
        return [n for n in self.tape.order if n.id in self.adjoints]

    @cached_property
    def has_data(self) -> list[bool]:
        """For each node whether it depends on arrays that are not differentiated."""
        found: list[bool] = []
        for node in self.graph.nodes:
            own = not node.inputs and node.id not in self.tape.leaves and node.size > 1
            found.append(own or any(found[i] for i in node.inputs))
        return found

    @cached_property
    def data(self) -> list[int]:
        """Arrays that are not differentiated: arguments, and those that the function closes over."""
        return [n.id for n in self.graph.nodes if not n.inputs and self.has_data[n.id]]

    @cached_property
    def targets(self) -> list[int]:
        """Of the data those that meet something computed from parameters, and not a parameter itself."""
        found = []
        for d in self.data:
            users = self._readers(d)
            meets = [i for u in users for i in u.inputs if i != d and self.tape.below[i]]
            is_mask = any(step[0] == u.id for u in users for step, _, _ in self.masks)
            is_count = self.values[d].ndim == 1 and np.array_equal(self.values[d], np.arange(self.values[d].size))
            if meets and not any(self.leaf_of(i) is not None for i in meets) and not is_mask and not is_count:
                found.append(d)
        return found

    def _readers(self, id: int) -> list[Node]:
        """Nodes that read a value, seen through changes of shape and type."""
        found = []
        waiting = list(self.graph.users[id])
        while waiting:
            node = self.graph[waiting.pop()]
            if node.primitive.name in VIEWS:
                waiting += self.graph.users[node.id]
            else:
                found.append(node)
        return found

    def leaf_of(self, id: int) -> int | None:
        """The leaf that a node is, perhaps in another shape; None for anything else."""
        while id not in self.tape.leaves:
            node = self.graph[id]
            if node.primitive.name not in VIEWS:
                return None
            id = node.inputs[0]
        return id

    @cached_property
    def batch(self) -> int | None:
        """Number of examples: the length of the first axis of the data."""
        lengths = [np.shape(self.values[d])[0] for d in self.data if np.ndim(self.values[d])]
        return max(set(lengths), key=lengths.count) if lengths else None

    @cached_property
    def counts(self) -> dict[int, str]:
        """Numbers that a mean may be divided by, and what they count."""
        found: dict[int, str] = {}
        for node in self.graph.nodes:
            if node.primitive.name in ("mean", "sum") and self.tape.below[node.id] and self._counts(node):
                x = self.graph[node.inputs[0]]
                found.setdefault(x.size // max(node.size, 1), f"the numbers in {self.name(x.id)}")
                for n in x.shape:
                    found.setdefault(n, f"an axis of {self.name(x.id)}")
        if self.batch:
            found[self.batch] = "the examples"
        return {n: what for n, what in found.items() if n > 1}

    def _counts(self, node: Node) -> bool:
        """Whether a sum may be a mean over examples: not one over parameters alone, as in a penalty."""
        return self.has_data[node.id] or not self.has_data[self.tape.loss]

    @cached_property
    def keep_rates(self) -> list[float]:
        """1 − p of every dropout."""
        return sorted({1 / scale for _, _, scale in self.masks} - {1.0})

    @cached_property
    def penalties(self) -> dict[int, list[Step]]:
        """For each leaf the steps that hand back to it from single numbers which depend on no data."""
        if not self.has_data[self.tape.loss]:
            return {}
        ends_as_number = [False] * len(self.graph)
        for node in reversed(self.graph.nodes):
            users = self.graph.users[node.id]
            if not self.has_data[node.id]:
                known = [ends_as_number[u] if not self.has_data[u] else not node.shape for u in users]
                ends_as_number[node.id] = all(known) if users else not node.shape
        found = {
            leaf: [s for s in self.tape.sources[leaf] if ends_as_number[s[0]] and not self.has_data[s[0]]]
            for leaf in self.tape.leaves
        }
        return {leaf: steps for leaf, steps in found.items() if steps}

    @cached_property
    def blocks(self) -> list[Block]:
        """Elementwise functions that are not straight."""
        roots: list[int] = []
        for node in self.graph.nodes:
            roots.append(self._root(node, roots))
        ends = {}
        for node in self.on_the_way:
            z = roots[node.id]
            read_inside = any(roots[u] == z for u in self.graph.users[node.id] if u in self.adjoints)
            if z != node.id and not read_inside and z in self.adjoints:
                ends[node.id] = z
        made = [self._block(z, h, roots) for h, z in ends.items()]
        for b in list(made):
            made += self._inner(b)
        return [b for b in made if np.ptp(b.slope) > 0]

    def _inner(self, block: Block) -> list[Block]:
        """The single steps of a function that the user gave a name to, or that is no plain chain of steps."""
        is_chain = all(sum(u in block.nodes for u in self.graph.users[n]) == 1 for n in (block.z, *block.nodes[:-1]))
        found = []
        for n in block.nodes:
            inputs = [i for i in self.graph[n].inputs if self.tape.below[i]]
            if len(block.nodes) > 1 and len(inputs) == 1 and (self.graph[n].name or not is_chain):
                found.append(Block(inputs[0], n, (n,), self.slope_at(inputs[0], (n,), self.values[inputs[0]])))
        return found

    def _root(self, node: Node, roots: list[int]) -> int:
        if node.primitive.narrow != "any" and node.primitive.name != "astype":
            return node.id
        found = set()
        for i in node.inputs:
            value = self.values[i]
            if self.tape.below[i]:
                found.add(roots[i])
                if np.shape(value) != node.shape:
                    return node.id
            elif np.size(value) == 0 or np.any(np.ravel(value) != np.ravel(value)[0]):
                return node.id
        return found.pop() if len(found) == 1 else node.id

    def _block(self, z: int, h: int, roots: list[int]) -> Block:
        inside = {h}
        for node in reversed(self.graph.nodes[z + 1 : h + 1]):
            if node.id in inside:
                inside.update(i for i in node.inputs if roots[i] == z and i != z)
        nodes = tuple(sorted(inside))
        return Block(z, h, nodes, self.slope_at(z, nodes, self.values[z]))

    def slope_at(self, z: int, nodes: tuple[int, ...], at: Array) -> Array:
        """σ′ of the function of ``nodes`` at another value of z."""
        values = {**self.values, z: at}
        with np.errstate(all="ignore"):
            for n in nodes:
                node = self.graph[n]
                values[n] = node.primitive.forward(*[values[i] for i in node.inputs], **node.attrs)
            adjoint = {nodes[-1]: np.ones(np.shape(at))}
            for n in reversed(nodes):
                for i, x in enumerate(self.graph[n].inputs):
                    if n in adjoint and (x == z or x in nodes) and (n, i) in self.tape.back:
                        part = self.tape.back[n, i](adjoint[n], values[n], *[values[k] for k in self.graph[n].inputs])
                        adjoint[x] = adjoint[x] + part if x in adjoint else part
        return adjoint.get(z, np.zeros(np.shape(at)))

    @cached_property
    def masks(self) -> list[tuple[Step, Array, float]]:
        """Products with a mask of dropped numbers: the step, what it multiplies by, and 1 / (1 − p) in all."""
        found = []
        for node in self.on_the_way:
            if node.primitive.name not in ("multiply", "where") or not node.shape:
                continue
            for i, x in enumerate(node.inputs):
                others = [k for n, k in enumerate(node.inputs) if n != i]
                if (node.id, i) in self.tape.back and not any(self.tape.below[k] for k in others):
                    mask = self.tape.back[node.id, i](
                        np.ones(node.shape), *[self.values[k] for k in (node.id, *node.inputs)]
                    )
                    if is_mask_like(mask) and np.shape(mask) == self.graph[x].shape:
                        scale = float(np.max(mask)) if np.max(mask) != 1 else self._later_scale(node.id)
                        if scale > 1 or self._enters_layer(node.id):  # zeros and ones at the loss are targets
                            found.append(((node.id, i), mask, scale))
        return found

    def _enters_layer(self, id: int) -> bool:
        """Whether further parameters come in after this node."""
        return any(
            self.tape.below[id] < self.tape.below[n.id] for n in self.on_the_way if n.id > id and self._reads(n, id)
        )

    def _reads(self, node: Node, id: int) -> bool:
        return id in node.inputs or any(id in self.graph[i].inputs for i in node.inputs)

    def _later_scale(self, id: int) -> float:
        """The 1 / (1 − p) that follows the product with a mask of zeros and ones."""
        for u in self.graph.users[id]:
            node = self.graph[u]
            rest = [self.values[k] for k in node.inputs if k != id]
            if rest and np.ndim(rest[0]) == 0 and node.primitive.name in ("divide", "multiply") and rest[0]:
                return float(1 / rest[0] if node.primitive.name == "divide" else rest[0])
        return 1.0


def turned(name: str) -> str:
    """The transpose, by name: ``w.T``, and ``w`` of ``w.T``."""
    return name.removesuffix(".T") if name.endswith(".T") else f"{name}.T"


def is_mask_like(value: Array) -> bool:
    """Zeros and one other number, above zero, in an array of several rows."""
    found = np.unique(value)
    return np.ndim(value) >= 1 and len(found) == 2 and float(found[0]) == 0 and float(found[1]) >= 1
