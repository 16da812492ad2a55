"""The traced graph of a step as a payload: operations with their numbers, folded by layer where there are many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from downslope.errors import SettingError, nearest
from downslope.runs.replayed import ReplayedStep
from downslope.runs.walk import quiet
from downslope.views.addresses import addresses_of, known_names
from downslope.views.event import Event
from downslope.views.graph_payload import GraphItem, GraphView, Values
from downslope.views.values import values_of

FOLD_ABOVE = 300
MOST_ITEMS = 4_000
Node = Any


def graph_view(
    step: ReplayedStep, open: Sequence[str] | None = None, *, values: bool = True, fold_above: int | None = None
) -> GraphView:
    """The payload of the graph that computes a step's loss and gradients.

    open: names of groups ("dense1", "dense1 backward") whose operations are shown, the others being folded into one
    item each; None opens all of a graph with up to ``fold_above`` operations (``FOLD_ABOVE`` if None), and none of a
    larger one. values: whether the numbers of the step stand beside the operations. Errors: SettingError
    ``graph-group``, ``graph-large``.
    """
    graph = step.probe.graph
    group = [group_of(node) for node in graph.nodes]
    groups = tuple(dict.fromkeys(group))
    opened = (
        set(groups) if open is None and len(graph.nodes) <= (fold_above or FOLD_ABOVE) else _opened(groups, open or ())
    )
    numbers = numbers_of(step) if values else {}
    place: dict[int, int] = {}  # node -> item
    folded: dict[str, int] = {}
    members: list[list[Node]] = []
    for node, name in zip(graph.nodes, group, strict=True):
        if name in opened or name not in folded:
            place[node.id] = len(members)
            members.append([node])
            if name not in opened:
                folded[name] = place[node.id]
        else:
            place[node.id] = folded[name]
            members[folded[name]].append(node)
    if len(members) > MOST_ITEMS:
        raise _large(len(members))
    addresses = addresses_of(step.probe)
    cost = {each.id: each.flops for each in graph.cost().nodes}
    items = tuple(
        _item(i, nodes, group[nodes[0].id], group[nodes[0].id] in opened, graph, cost, numbers, addresses)
        for i, nodes in enumerate(members)
    )
    edges = dict.fromkeys(
        (place[before], place[node.id])
        for node in graph.nodes
        for before in node.inputs
        if place[before] != place[node.id]
    )
    bad, events = not_finite(graph, numbers)
    return GraphView(
        title=f"the graph of step {step.t:,}: {len(graph.nodes):,} operations",
        step=int(step.t),
        n_nodes=len(graph.nodes),
        items=items,
        edges=tuple(edges),
        groups=groups,
        open=tuple(name for name in groups if name in opened),
        outputs=tuple(dict.fromkeys(place[i] for i in graph.outputs)),
        not_finite=bad,
        events=events,
        names=known_names(step.probe),
        culprit=culprit(graph, numbers, addresses),
    )


def group_of(node: Node) -> str:
    """The layer that an operation belongs to, with " backward" in the backward half; parameters belong to theirs.

    "inputs" are the mini-batch and what else comes from outside, "constants" belong to nobody.
    """
    if node.primitive.name == "input":
        layer, dot, _ = node.name.partition(".")
        return str(layer) if dot else "inputs"
    layer = node.scope.partition(".")[0] or ("constants" if not node.inputs else "function")
    return f"{layer} backward" if node.derived else str(layer)


def numbers_of(step: ReplayedStep) -> dict[int, Values]:
    """Every operation's value at a step, in a few numbers."""
    graph, found = step.probe.graph, dict[int, Values]()

    def keep(id: int) -> bool:
        return True

    with quiet(1):
        for id, value in graph.values(step.at, keep=keep).items():
            found[id] = values_of(value)
    return found


def not_finite(graph: Any, numbers: dict[int, Values]) -> tuple[int, tuple[Event, ...]]:
    """How many operations have a NaN or an infinity, and the first of them: the one that made it."""
    bad = [node for node in graph.nodes if node.id in numbers and numbers[node.id].not_finite]
    if not bad:
        return 0, ()
    first = bad[0]
    text = f"the first NaN or infinity is in {first.full_name}, made by {first.primitive.name}"
    return len(bad), (Event("nan", f"{text}; {len(bad)} of {len(graph.nodes)} operations have one", count=len(bad)),)


def culprit(graph: Any, numbers: dict[int, Values], addresses: dict[int, str]) -> str:
    """Address of the first operation with a NaN or an infinity; "" where there is none."""
    first = next((node.id for node in graph.nodes if node.id in numbers and numbers[node.id].not_finite), None)
    return "" if first is None else addresses.get(first, f"%{first}")


def _opened(groups: Sequence[str], open: Sequence[str]) -> set[str]:
    for name in open:
        if name not in groups:
            raise SettingError(
                "graph-group",
                f"the graph has no group {name!r}",
                where="graph_view(open=...)",
                why="operations are grouped by layer, each half by itself",
                do=nearest(name, groups),
            )
    return set(open)


def _large(count: int) -> SettingError:
    return SettingError(
        "graph-large",
        f"{count:,} operations would be shown",
        where="graph_view(open=...)",
        why=f"above {MOST_ITEMS:,} nobody can see one of them, and a page takes seconds to place them",
        do="open fewer groups",
    )


def _item(
    id: int,
    nodes: Sequence[Node],
    group: str,
    alone: bool,
    graph: Any,
    cost: dict[int, int],
    numbers: dict[int, Values],
    addresses: dict[int, str],
) -> GraphItem:
    node = nodes[-1]
    return GraphItem(
        id=id,
        node=node.id if alone else None,
        count=len(nodes),
        name=node.full_name if alone and node.name else "" if alone else group,
        primitive=node.primitive.name if alone else "",
        scope=group,
        shape=tuple(node.shape),
        dtype=node.dtype.name,
        backward=node.derived != "",
        of=node.forward if alone else None,
        adjoint=graph.adjoints.get(node.id) if alone else None,
        line=str(node.line or "") if alone else "",
        code=node.line.text if alone and node.line else "",
        flops=sum(cost[each.id] for each in nodes),
        values=numbers.get(node.id),
        latex=_latex(graph, node) if alone else "",
        address=addresses.get(node.id, f"%{node.id}") if alone else group.removesuffix(" backward"),
        nodes=tuple(each.id for each in nodes),
        holds={} if alone else dict(Counter(each.primitive.name for each in nodes).most_common()),
    )


def _latex(graph: Any, node: Node) -> str:
    """The operation with its operands' names; of nameless ones their numbers."""
    template: str | Callable[..., str] = node.primitive.latex
    operands = [_symbol(graph[i]) for i in node.inputs]
    if isinstance(template, str):
        return str(template.format(*operands, name=_symbol(node)))
    return str(template(*operands, **node.attrs))


def _symbol(node: Node) -> str:
    if node.name:
        return r"\mathrm{" + str(node.name).replace("_", r"\_") + "}"
    if node.primitive.name == "constant" and node.weak:
        return f"{node.attrs['value']:g}"
    return f"v_{{{node.id}}}"
