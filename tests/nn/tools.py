"""What the tests of this folder share: holding a function and its gradients against PyTorch's, in every dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from downslope.autodiff import grad, trace, tree


def agree(
    ours: Callable[..., Any], theirs: Callable[..., Any], *arrays: Any, rtol: float = 1e-10, atol: float = 1e-13
) -> None:
    """The same function in NumPy and in PyTorch: value and gradients by every floating-point array, in float64."""
    torch = pytest.importorskip("torch")
    tensors = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    out = theirs(*tensors)
    weights = np.random.default_rng(0).normal(size=tuple(out.shape))
    (out * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(ours(*arrays), out.detach().numpy(), rtol=rtol, atol=atol)
    floats = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    graph = trace(grad(lambda *xs: np.sum(weights * ours(*xs)), floats), *arrays)
    for evaluate in (graph, graph.program(), graph.program("in place")):
        for i, found in zip(floats, evaluate(*arrays), strict=True):
            np.testing.assert_allclose(found, tensors[i].grad.numpy(), rtol=rtol, atol=atol, err_msg=f"array {i}")


def leaves(value: Any) -> list[Any]:
    """The arrays of a tree."""
    return list(tree.flatten(value)[0])


def close(found: Any, entry: dict[str, Any], expected: Any = None) -> None:
    """A published value within its own tolerance."""
    expected = entry["expected"] if expected is None else expected
    np.testing.assert_allclose(found, expected, atol=entry["atol"], rtol=entry["rtol"])
