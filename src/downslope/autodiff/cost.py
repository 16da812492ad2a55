"""What a graph costs: floating-point operations, bytes moved and their ratio, per node and per scope."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from downslope.autodiff.graph import Graph, Node


@dataclass(frozen=True)
class NodeCost:
    """FLOPs of one node, and the bytes that it reads and writes if every operand comes from memory."""

    id: int
    name: str
    operation: str
    scope: str
    backward: bool
    flops: int
    bytes: int

    @property
    def intensity(self) -> float:
        """FLOPs per byte: above the ridge of the machine's roofline it is bound by arithmetic, below by memory."""
        return self.flops / self.bytes if self.bytes else 0.0


@dataclass(frozen=True)
class Cost:
    """Cost of a whole graph. Views and constants are free; a matrix product (n, k) @ (k, m) is 2 n k m FLOPs."""

    nodes: tuple[NodeCost, ...]

    @property
    def flops(self) -> int:
        """FLOPs of all nodes."""
        return sum(n.flops for n in self.nodes)

    @property
    def bytes(self) -> int:
        """Bytes read and written by all nodes, without any reuse in cache or fusion."""
        return sum(n.bytes for n in self.nodes)

    @property
    def intensity(self) -> float:
        """FLOPs per byte of the whole graph."""
        return self.flops / self.bytes if self.bytes else 0.0

    def scopes(self) -> dict[str, tuple[int, int, float]]:
        """Scope -> (FLOPs, bytes, FLOPs per byte); forward and backward of a scope stand apart."""
        flops: dict[str, int] = defaultdict(int)
        moved: dict[str, int] = defaultdict(int)
        for node in self.nodes:
            key = (node.scope or "(no scope)") + (" backward" if node.backward else "")
            flops[key] += node.flops
            moved[key] += node.bytes
        return {k: (flops[k], moved[k], flops[k] / moved[k] if moved[k] else 0.0) for k in flops}

    def __str__(self) -> str:
        rows = [f"{'':<32}{'FLOPs':>14}{'bytes':>14}{'FLOPs/byte':>12}"]
        rows += [
            f"  %{n.id:<4} {n.operation:<14} {n.name:<10}{n.flops:>14,}{n.bytes:>14,}{n.intensity:>12.2f}"
            for n in self.nodes
            if n.bytes
        ]
        rows += [f"{scope:<32}{f:>14,}{b:>14,}{r:>12.2f}" for scope, (f, b, r) in self.scopes().items()]
        return "\n".join([*rows, f"{'total':<32}{self.flops:>14,}{self.bytes:>14,}{self.intensity:>12.2f}"])


def cost(graph: Graph) -> Cost:
    """FLOPs and bytes of every node of the graph, from the entries of the primitives."""
    return Cost(tuple(_node_cost(graph, node) for node in graph.nodes))


def _node_cost(graph: Graph, node: Node) -> NodeCost:
    operands = [graph[i] for i in node.inputs]
    computes = bool(operands) and not node.primitive.view and not node.weak
    flops = int(node.primitive.flops(node, *operands, **node.attrs)) if computes else 0
    moved = sum(n.size * n.dtype.itemsize for n in (node, *operands)) if computes else 0
    return NodeCost(node.id, node.name, node.primitive.name, node.scope, node.derived != "", flops, moved)
