"""Every entry of the primitives table gives NumPy's numbers, or says that it is not generated; gradients too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.autodiff.compile.machine.tools import evaluated, needs_machine

from downslope.autodiff import grad, trace
from downslope.autodiff.compile.machine import NotGenerated
from downslope.autodiff.primitive import TABLE
from downslope.autodiff.primitives.random import random_uniform
from downslope.nn import softmax_cross_entropy

pytestmark = needs_machine

# Factorisations and sorting have no machine form: a step with one of these stays in place.
REFUSED = {"inv", "solve", "det", "logabsdet", "det_sign", "cholesky", "sort", "argsort"}


def assert_agrees(f: Callable[..., Any], *arrays: Any, rtol: float = 1e-13, atol: float = 1e-14) -> None:
    graph = trace(f, *arrays)
    truth = graph(*arrays)
    for found, expected in zip(evaluated(f, *arrays), truth if isinstance(truth, list) else [truth], strict=True):
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", TABLE)
def test_an_entry_gives_numpys_numbers(name: str, dtype: Any) -> None:
    tolerance = {"rtol": 2e-6, "atol": 2e-6} if dtype == np.float32 else {"rtol": 1e-13, "atol": 1e-14}
    for seed in range(8):
        f, arrays = TABLE[name].sample(np.random.default_rng(seed))
        xs = [np.asarray(x).astype(dtype) if np.asarray(x).dtype.kind == "f" else np.asarray(x) for x in arrays]
        try:
            assert_agrees(f, *xs, **tolerance)
        except NotGenerated:
            assert REFUSED & {node.primitive.name for node in trace(f, *xs).nodes}


def test_what_is_refused_says_why() -> None:
    with pytest.raises(NotGenerated, match="sort has no vector form"):
        evaluated(lambda x: np.sort(x), np.ones(3))
    with pytest.raises(NotGenerated, match="float16"):
        evaluated(lambda x: x + 1, np.ones(3, np.float16))


CASES: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "a long sum": (lambda x: np.sum(x * x) / 5000, (5000,)),
    "sums along every axis": (lambda x: [np.sum(x, axis=a) for a in (0, 1, 2, (0, 1), (0, 2), (1, 2))], (5, 7, 19)),
    "extremes along every axis": (lambda x: [np.max(x, axis=a, keepdims=True) for a in (0, 1, 2, (0, 2))], (6, 9, 33)),
    "a row that is used again": (lambda x: x - np.mean(x, axis=1, keepdims=True), (7, 11)),
    "a long row that is used again": (lambda x: np.exp(x - np.max(x, axis=1, keepdims=True)), (3, 700)),
    "layer norm": (lambda x: (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5), (6, 130)),
    "a column that is used again": (lambda x: x / np.std(x, axis=0), (40, 37)),
    "channels": (lambda x: (x - x.mean((0, 2), keepdims=True)) / (1 + x.std((0, 2), keepdims=True)), (4, 5, 23)),
    "products of all shapes": (lambda x: [x @ x.T, x.T @ x, x.T @ x @ x.T], (37, 21)),
    "a stack of products": (lambda x: x @ np.swapaxes(x, 1, 2), (3, 17, 6)),
    "a product with one row": (lambda x: x[:1] @ x.T, (9, 40)),
    "a product with one column": (lambda x: x @ x[0], (9, 40)),
    "an outer product": (lambda x: np.outer(x[0], x[1]), (2, 35)),
    "attention": (lambda x: np.einsum("bqd,bkd->bqk", x, x), (2, 9, 7)),
    "a sum of three": (lambda x: np.einsum("ij,jk,k->i", x, x.T, x[:, 0]), (6, 5)),
    "a transposed copy": (lambda x: np.reshape(x.T, (-1,)) * 2, (19, 34)),
    "windows": (lambda x: np.concatenate([x[:, 0:8:2], x[:, 1:9:2]], axis=1), (3, 9)),
    "turned around": (lambda x: [np.flip(x), np.roll(x, 3, axis=1), np.tril(x), np.pad(x, 2)], (6, 9)),
    "looked up twice": (lambda x: [x[np.array([0, 2, 0])], x[:, np.array([[1, 0], [3, -1]])]], (4, 5)),
    "picked": (lambda x: x[np.arange(4), np.array([1, 0, 3, 2])], (4, 5)),
    "running totals": (lambda x: [np.cumsum(x, axis=0), np.cumsum(x, axis=1)], (4, 5)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_shapes_that_fill_vectors_and_do_not(name: str, dtype: Any) -> None:
    f, shape = CASES[name]
    x = np.random.default_rng(3).normal(size=shape).astype(dtype)
    rtol, atol = (2e-4, 2e-4) if dtype == np.float32 else (1e-11, 1e-11)
    assert_agrees(f, x, rtol=rtol, atol=atol)

    def slope(x: Any) -> Any:
        found = f(x)
        return sum(np.sum(np.sin(part)) for part in (found if isinstance(found, list) else [found]))

    assert_agrees(grad(slope), x, rtol=rtol, atol=atol)


@pytest.mark.parametrize("shape", [(n, k) for n in (1, 2, 3, 4, 5, 8, 16, 17, 33, 64, 65, 79) for k in (2, 13, 34)])
def test_products_of_every_width(shape: tuple[int, int]) -> None:
    n, k = shape
    rng = np.random.default_rng(n)
    a, b = rng.normal(size=(11, k)), rng.normal(size=(k, n))
    assert_agrees(lambda a, b: [a @ b, np.tanh(b.T) @ a.T, (b.T @ a.T).T + 1.0], a, b, rtol=1e-12, atol=1e-12)


def test_places_of_extremes_are_the_first_ones() -> None:
    x = np.array([[3.0, 7.0, 7.0, 1.0], [2.0, np.nan, 9.0, np.nan], [5.0, 5.0, 5.0, 5.0]])
    found = evaluated(lambda x: [np.argmax(x, axis=1), np.argmin(x, axis=1), np.argmax(x), np.argmin(x, axis=0)], x)
    assert [a.tolist() for a in found] == [[1, 1, 0], [3, 1, 0], 5, [1, 1, 2, 1]]


@pytest.mark.parametrize("extreme", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", [0, 5, 17, 31])
def test_nan_and_infinity_flow_as_in_numpy(extreme: float, where: int) -> None:
    x = np.random.default_rng(0).normal(size=(3, 33))
    x[1, where] = extreme

    def f(x: Any) -> Any:
        return [
            np.max(x, axis=1), np.min(x, axis=0), np.sum(x, axis=1), np.max(x), np.maximum(x, 0), np.minimum(0, x),
            np.maximum(x, x[::-1]), np.exp(x), np.tanh(x), np.sign(x), np.where(x > 0, x, -x), np.abs(x), x > 0,
            np.isnan(x), np.isfinite(x), x @ x.T, np.argmax(x, axis=1), np.sqrt(x), np.mean(x, axis=0),
        ]  # fmt: skip

    with np.errstate(all="ignore"):
        for found, truth in zip(evaluated(f, x), trace(f, x)(x), strict=True):
            np.testing.assert_allclose(found, truth, rtol=1e-12, atol=1e-12)


def test_random_numbers_are_numpys_words() -> None:
    for n in range(1, 8):
        f, (x, _) = TABLE["random_uniform"].sample(np.random.default_rng(n))
        ones, t = np.ones(x.shape), np.asarray(float(n))
        np.testing.assert_array_equal(evaluated(f, ones, t)[0], trace(f, ones, t)(ones, t))

        def bare(t: Any, n: int = n) -> Any:
            return random_uniform(t, (n,), seed=n, stream=1, place=2)

        at = np.asarray(n)
        np.testing.assert_array_equal(evaluated(bare, at)[0], trace(bare, at)(at))


def test_an_index_outside_of_the_array_is_an_error_and_reads_nothing() -> None:
    x, rows = np.arange(6.0).reshape(3, 2), np.array([0, -3, 2])
    assert evaluated(lambda x, rows: x[rows], x, rows)[0].tolist() == x[rows].tolist()
    for bad in (3, -4, 2**62):
        with pytest.raises(IndexError, match="outside of its array in step 1"):
            evaluated(lambda x, rows: x[rows], x, np.array([0, bad, 2]))
    with pytest.raises(IndexError, match="outside"):
        evaluated(grad(lambda x, rows: np.sum(x[rows] ** 2)), x, np.array([0, 3, 2]))


def test_whole_losses_with_classes_as_numbers() -> None:
    z, y = np.random.default_rng(1).normal(size=(9, 5)), np.array([0, 4, 2, 2, 1, 0, 3, 3, 4])
    assert_agrees(lambda z, y: [softmax_cross_entropy(z, y), grad(softmax_cross_entropy)(z, y)], z, y)
