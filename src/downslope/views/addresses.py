"""What views call the values of a step's graph, so that one choice is the same thing in all of them."""

from __future__ import annotations

from downslope.runs.probe import Probe


def known_names(probe: Probe) -> dict[str, tuple[int, int | None]]:
    """Name -> the node of the value and the node of its adjoint: parameters, named values, each layer's output."""
    graph = probe.graph
    known = {**probe.places, **dict(zip(probe.names, graph.inputs, strict=False))}
    return {name: (node, graph.adjoints.get(node)) for name, node in known.items()}


def addresses_of(probe: Probe) -> dict[int, str]:
    """Node -> the words that ``step.explain`` takes for it; a node without a name has none.

    A parameter and its gradient have the same, "dense1.w". Where values share an adjoint, it goes by the one that it is
    named after.
    """
    found: dict[int, str] = {}
    parameters = set(probe.names)
    shared: list[tuple[int, str]] = []
    for name, (node, adjoint) in known_names(probe).items():
        found.setdefault(node, name if name in parameters else f"activations.{name}")
        if adjoint is not None:
            words = name if name in parameters else f"errors.{name}"
            if name in parameters or probe.graph[adjoint].full_name == f"g_{name}":
                found[adjoint] = words
            else:
                shared.append((adjoint, words))
    for adjoint, words in shared:
        found.setdefault(adjoint, words)
    return found
