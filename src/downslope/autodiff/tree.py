"""Nested parameters: dicts, lists, tuples and dataclasses as a flat list of leaves with a path each."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import optree

Spec = optree.PyTreeSpec
NAMESPACE = "downslope"
_known: set[type] = set()
_lock = threading.Lock()
# The namespace is ours alone, so its dicts keep their order for good: optree's switch is one for the process, and a
# thread that turned it back would sort the dicts that another one is just flattening.
_ordered = optree.dict_insertion_ordered(True, namespace=NAMESPACE)
_ordered.__enter__()


def flatten(tree: Any) -> tuple[list[Any], list[str], optree.PyTreeSpec]:
    """Leaves, their dotted paths (``dense1.w``) and the structure. Dicts keep the order in which they were written.

    >>> flatten({"w": 1.0, "b": [2.0, 3.0]})[:2]
    ([1.0, 2.0, 3.0], ['w', 'b.0', 'b.1'])
    """
    paths, leaves, spec = optree.tree_flatten_with_path(tree, namespace=NAMESPACE)
    if any(_register(type(leaf)) for leaf in leaves if dataclasses.is_dataclass(leaf)):
        return flatten(tree)
    return leaves, [".".join(map(str, path)) for path in paths], spec


def _register(cls: type) -> bool:
    """Teach optree a dataclass on first sight; True if it was new."""
    with _lock:
        if cls in _known:
            return False
        names = [f.name for f in dataclasses.fields(cls) if f.init]
        optree.register_pytree_node(
            cls,
            lambda x: ([getattr(x, n) for n in names], None, names),
            lambda _, children: cls(**dict(zip(names, children, strict=True))),
            namespace=NAMESPACE,
        )
        _known.add(cls)
        return True


def unflatten(spec: optree.PyTreeSpec, leaves: list[Any]) -> Any:
    """The tree again, with new leaves."""
    return optree.tree_unflatten(spec, leaves)


def flatten_like(spec: Spec, tree: Any) -> list[Any]:
    """Leaves in the order of ``spec``, dict keys matched by name. ValueError where the structure differs."""
    flatten(tree)
    leaves: list[Any] = spec.flatten_up_to(tree)
    return leaves


def accessors(spec: Spec) -> list[Any]:
    """For each leaf how Python reaches it: ``accessor.codify("params")`` gives ``params['dense1']['w']``."""
    return list(spec.accessors())


def map_tree(f: Any, tree: Any, *rest: Any) -> Any:
    """Apply ``f`` to corresponding leaves; dict keys are matched by name, not by order."""
    spec = flatten(tree)[2]
    columns = [flatten_like(spec, t) for t in (tree, *rest)]
    return unflatten(spec, [f(*group) for group in zip(*columns, strict=True)])
