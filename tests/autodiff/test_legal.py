"""The legal form of a graph, and that each breach of it is seen."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from downslope.autodiff import trace, value_and_grad
from downslope.autodiff.graph import Graph
from downslope.autodiff.legal import require_legal, violations
from downslope.autodiff.primitive import TABLE


def graph() -> Graph:
    return trace(value_and_grad(lambda w, x: np.mean(np.tanh(x @ w) ** 2)), np.ones((3, 2)), np.ones((4, 3)))


def changed(of: Graph, at: int, **fields: Any) -> Graph:
    nodes = [dataclasses.replace(n, **fields) if n.id == at else n for n in of.nodes]
    return dataclasses.replace(of, nodes=tuple(nodes))


def test_a_traced_graph_is_legal() -> None:
    assert violations(graph()) == []


@pytest.mark.parametrize(
    ("breach", "word"),
    [
        (lambda g: changed(g, 3, id=7), "calls itself"),
        (lambda g: changed(g, 2, inputs=(5, 0)), "earlier"),
        (lambda g: changed(g, 2, shape=(4, 4)), "its entry says"),
        (lambda g: changed(g, 2, dtype=np.dtype(np.float32)), "its entry says"),
        (lambda g: changed(g, 2, primitive=dataclasses.replace(TABLE["matmul"])), "not an entry"),
        (lambda g: changed(g, 2, forward=1), "belongs to"),
        (lambda g: dataclasses.replace(g, outputs=(*g.outputs, 0)), "outputs"),
        (lambda g: dataclasses.replace(g, outputs=(99, 0)), "outputs"),
        (lambda g: dataclasses.replace(g, inputs=(0, 2)), "not an input node"),
        (lambda g: changed(g, 1, name="w"), "share names"),
        (lambda g: dataclasses.replace(g, adjoints={1: 0}), "does not fit"),
    ],
)
def test_every_breach_is_seen(breach: Any, word: str) -> None:
    broken = breach(graph())
    assert any(word in text for text in violations(broken)), violations(broken)
    with pytest.raises(AssertionError, match="not legal"):
        require_legal(broken)
