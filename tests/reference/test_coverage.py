"""Every published number is either computed by a test of this folder or waits here, with the reason: never both."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.reference.tools import Expect, differences

REASONS: dict[str, list[str]] = {
    "needs the roofline of a machine (issue 6)": ["roofline.ridge"],
    "needs sampling with replacement, where an epoch here is a permutation; no issue plans it": ["sgd.coverage"],
    "needs 16-bit and 8-bit floating-point numbers, and the memory of mixed precision; no issue plans them": [
        "fp.limits",
        "fp.stall",
        "zero.bytes",
    ],
    "needs the alternatives to backpropagation (forward gradients, SPSA); no issue plans them": [
        "alt.forward_grad",
        "alt.spsa_cost",
    ],
    "needs the maximal update parametrisation; no issue plans it": ["mup.lr"],
}

WAITING = {id: reason for reason, ids in REASONS.items() for id in ids}
"""Id -> what it waits for."""


def compared() -> set[str]:
    """The text constants of this folder's tests, but for those that only ask for an entry's inputs."""
    here = Path(__file__)
    texts: set[str] = set()
    for file in here.parent.glob("test_*.py"):
        if file != here:
            texts.update(constants(ast.parse(file.read_text(encoding="utf-8"))))
    return texts


def constants(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    asks_only = isinstance(node, ast.Call) and ast.unparse(node.func) in ("expect.inputs", "arrays")
    asks_only |= isinstance(node, ast.Subscript) and ast.unparse(node.value) == "expect.entries"
    for child in () if asks_only else ast.iter_child_nodes(node):
        yield from constants(child)


def test_every_published_number_is_computed_or_waits(reference: dict[str, dict[str, Any]]) -> None:
    missing = set(reference) - compared() - set(WAITING)
    assert not missing, "no test computes these, and they do not wait for a later part either"


def test_nothing_waits_that_is_computed() -> None:
    assert not compared() & set(WAITING), "take these off the list of those that wait"


def test_what_waits_is_published_and_waits_once(reference: dict[str, dict[str, Any]]) -> None:
    assert set(WAITING) <= set(reference)
    assert sum(map(len, REASONS.values())) == len(WAITING)


# --- the comparison itself --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0 + 2e-9, 1.0),
        (float("nan"), 1.0),
        ([1.0], [1.0, 2.0]),
        ([1.0, 2.1], [1.0, 2.0]),
        ({"a": 1.0}, {"a": 1.0, "b": 2.0}),
        ({"a": 1.0, "b": 2.1}, {"a": 1.0, "b": 2.0}),
        ({0.5: [1.0, 3.0]}, {"0.5": [1.0, 2.0]}),
        ("sum", "mean"),
    ],
)
def test_a_difference_is_seen(value: Any, expected: Any) -> None:
    assert list(differences(value, expected, atol=1e-9, rtol=0.0))


def test_a_tolerance_is_a_sum_of_both(reference: dict[str, dict[str, Any]]) -> None:
    assert not list(differences(102.0, 100.0, atol=1.0, rtol=0.01))
    assert list(differences(102.1, 100.0, atol=1.0, rtol=0.01))
    with pytest.raises(AssertionError, match=r"mazur\.E: 0\.3, published is 0\.298371109"):
        Expect(reference)("mazur.E", 0.3)
