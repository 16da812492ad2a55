"""``explain``: where one number of a function's derivative comes from, and what each part of it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from downslope.autodiff import trace, tree
from downslope.autodiff.graph import Graph
from downslope.errors import SettingError
from downslope.explain import words as reading
from downslope.explain.forward_terms import terms
from downslope.explain.names import number
from downslope.explain.paths import DEPTH, MOST, Asking, Paths
from downslope.explain.records import Derivation, Equation
from downslope.explain.sentence import activation_sentence, gradient_sentence
from downslope.explain.tensors import everything, statements_of
from downslope.explain.unfolding import Unfolding

Array = Any
MOST_NAMED = 3  # entries that an ending names


def explain(
    f: Callable[..., Any], *args: Any, most: int = MOST, depth: int = DEPTH, opened: tuple[str, ...] = ()
) -> Derivation:
    """Where a number comes from: ``explain(loss, params, x, y, "w1[0, 1]")``.

    f: a plain NumPy function of the arguments before the last one, which returns a single number L. The last argument
    says what to explain: ``"w1[0, 1]"`` the derivative of L by this entry of an argument, or of a value with a name in
    the function; ``"activations.h[5, 2]"`` the value itself; without brackets the derivative by the whole array, as
    statements of matrices; without words the whole program of the derivatives by the first argument. most:
    contributions that are listed at each branching. depth: branchings that are shown. opened: parts of a model
    ("loss", a layer) that are shown operation by operation; "*" for all.

    The parts of each level add up to its value. Errors: SettingError ``explain-name``, ``explain-place``,
    ``explain-words``, ``explain-open``, and those of tracing.

    >>> def loss(w, x, y):
    ...     p = w * x
    ...     return (p - y) ** 2
    >>> print(explain(loss, 3.0, 2.0, 5.0, "w"))  # doctest: +ELLIPSIS
    dL/dw = 4...
    """
    if not args:
        raise SettingError(
            "explain-words",
            "explain is given no arguments",
            where="explain(f, *args, words)",
            why="a derivative has its numbers at a point, which the arguments are",
            do="call it as explain(loss, params, x, y, 'w1[0, 1]')",
        )
    arguments, asked = (args[:-1], args[-1]) if isinstance(args[-1], str) else (args, "")
    given = tuple(tree.map_tree(_as_floats, argument) for argument in arguments)
    graph = trace(f, *given)
    (loss,) = graph.outputs
    known = named_values(graph)
    words = reading.read(asked, known)
    if not words.name:
        targets = list(graph.inputs[: len(tree.flatten(given[0])[0])])
        return everything(Unfolding(graph, loss, graph.flat_inputs(given), targets), targets)
    id = reading.find(words, known)
    node = graph[id]
    place = reading.place_in(words, node.shape)
    called = {node: name for name, node in known.items()}
    unfolding = Unfolding(graph, loss, graph.flat_inputs(given), [id], rows_of(f, given, graph), opened, called)
    asking = Asking(most=most, depth=depth)
    if words.kind == "activation":
        return explained_value(unfolding, id, place, asking)
    if place is None:
        return statements_of(unfolding.graph, unfolding.values, id, loss)
    return explained_entry(unfolding, id, place, asking, "gradient" if id in graph.inputs else "adjoint")


def _as_floats(leaf: Any) -> Any:
    """Whole numbers of Python as floating-point ones: a derivative by them is asked for."""
    return float(leaf) if type(leaf) is int else leaf


def named_values(graph: Graph) -> dict[str, int]:
    """Name -> node of every input and named value of the forward half; ``h.2`` where a name is given again."""
    found: dict[str, int] = {}
    seen = Counter[str]()
    for node in graph.nodes:
        if node.name and not node.derived:
            seen[node.full_name] += 1
            count = seen[node.full_name]
            found[node.full_name if count == 1 else f"{node.full_name}.{count}"] = node.id
    return found


def rows_of(f: Callable[..., Any], args: tuple[Any, ...], graph: Graph) -> dict[int, int]:
    """Node -> the axis that runs over the rows of a mini-batch, where f takes one.

    The axes whose length follows the number of rows: f is traced once more with one row more. Rows are what all
    arrays of the arguments after the first one have in common; a function that cannot take one more has none.
    """
    leaves = [np.asarray(leaf) for leaf in tree.flatten(args[1:])[0]]
    lengths = {leaf.shape[0] for leaf in leaves if leaf.ndim}
    if len(lengths) != 1 or not any(leaf.ndim for leaf in leaves):
        return {}
    more = tuple(tree.map_tree(one_row_more, argument) for argument in args[1:])
    try:
        return row_axes(graph, trace(f, args[0], *more), lengths.pop())
    except Exception:  # any error of the user's function or of a shape says the same: the first axis is no batch
        return {}


def one_row_more(leaf: Any) -> Any:
    """An array with its first row once more at the end; a number as it is."""
    return np.concatenate([leaf, leaf[:1]]) if np.ndim(leaf) else leaf


def row_axes(graph: Graph, larger: Graph, rows: int) -> dict[int, int]:
    """Node -> the one axis whose length is ``rows`` in one graph and one more in the other."""
    found: dict[int, int] = {}
    for one, other in zip(graph.nodes, larger.nodes, strict=False):
        if one.primitive is not other.primitive or len(one.shape) != len(other.shape):
            return found
        axes = [axis for axis, (n, m) in enumerate(zip(one.shape, other.shape, strict=True)) if n != m]
        if len(axes) == 1 and one.shape[axes[0]] == rows:
            found[one.id] = axes[0]
    return found


def explained_entry(
    unfolding: Unfolding,
    id: int,
    place: tuple[int, ...],
    asking: Asking,
    kind: str,
    before: str = "",
    update: tuple[Equation, ...] = (),
) -> Derivation:
    """The derivation of one entry of dL/d(node). update: what the optimizer made of it."""
    node = unfolding.graph[id]
    value = float(np.asarray(unfolding.adjoint(id))[place])
    levels, ending = Paths(unfolding, asking).levels(id, place)
    entry = unfolding.names.entry(node, place)
    made = Derivation(
        kind,
        node.full_name,
        place,
        value,
        f"dL/d{entry} = {number(value, 6)}{before}",
        tuple(levels),
        ending,
        update=update,
        sentence=gradient_sentence(entry, value, levels),
        whole=tuple(sorted(unfolding.wholes)),
        outside=unfolding.outside,
    )

    def again(labels: tuple[str, ...]) -> Derivation:
        layers = {label for label in labels if label in unfolding.wholes}
        followed = tuple(label for label in labels if label not in layers)
        now = unfolding.reopened(unfolding.opened | layers)
        wanted = replace(asking, labels=asking.labels + followed)
        return explained_entry(now, id, place, wanted, kind, before, update)

    return made._opening(again)


def explained_value(
    unfolding: Unfolding, id: int, place: tuple[int, ...] | None, asking: Asking, before: str = ""
) -> Derivation:
    """The derivation of one entry of a value that was computed going forward; of a whole array its statements."""
    node = unfolding.graph[id]
    if place is None:
        return statements_of(unfolding.graph, unfolding.values, id, id)
    value = float(np.asarray(unfolding.values[id])[place])
    levels, left = terms(unfolding, id, place, asking.most)
    name = unfolding.names.entry(node, place)
    title = f"{name} = {number(value, 6)}{before}"
    ending = ""
    if left:
        named = [unfolding.names.entry(*entry) for entry in left[:MOST_NAMED]]
        more = f" and {len(left) - MOST_NAMED} more" if len(left) > MOST_NAMED else ""
        ending = f"It goes on from {', '.join(named)}{more}: explain that to see what it is made of."
    return Derivation(
        "activation",
        node.full_name,
        place,
        value,
        title,
        tuple(levels),
        ending,
        sentence=activation_sentence(levels),
        outside=unfolding.outside,
    )
