"""Pooling: PyTorch's numbers, also at ties and at the edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.nn.tools import agree, close

from downslope import nn
from downslope.autodiff import grad, vjp
from downslope.errors import DownslopeError

Reference = dict[str, dict[str, Any]]
X = np.random.default_rng(0).normal(size=(2, 3, 7, 6))
# Few different numbers, many of them 0 and below: windows with ties, as behind a relu, and windows of negative numbers.
TIED = np.random.default_rng(1).integers(-4, 1, size=(4, 3, 7, 6)).astype(float)
SETTINGS = [(2, None, 0), (3, 1, 1), ((2, 3), (1, 2), 0), (3, 2, (1, 0)), (4, 3, 2)]


@pytest.mark.parametrize(("kernel", "stride", "padding"), SETTINGS)
@pytest.mark.parametrize("x", [X, TIED], ids=["all different", "ties"])
def test_max_pooling_agrees_with_pytorch(kernel: Any, stride: Any, padding: Any, x: Any) -> None:
    torch = pytest.importorskip("torch")
    layer = nn.max_pool(kernel, stride, padding)
    agree(lambda x: layer({}, x), lambda x: torch.nn.functional.max_pool2d(x, kernel, stride, padding), x)


@pytest.mark.parametrize(("kernel", "stride", "padding"), SETTINGS)
def test_average_pooling_agrees_with_pytorch(kernel: Any, stride: Any, padding: Any) -> None:
    torch = pytest.importorskip("torch")
    layer = nn.average_pool(kernel, stride, padding)
    agree(lambda x: layer({}, x), lambda x: torch.nn.functional.avg_pool2d(x, kernel, stride, padding), X)


def test_the_published_max_pool_hands_back_to_the_largest_alone(reference: Reference) -> None:
    entry = reference["backprop.maxpool"]
    x = np.array(entry["inputs"]["X"])[None, None]
    y, pullback = vjp(lambda x: nn.max_pool(2)({}, x), x)
    close(y[0, 0], entry, entry["expected"]["Y"])
    close(pullback(np.ones((1, 1, 2, 2)))[0][0, 0], entry, entry["expected"]["dX"])


def test_of_equal_numbers_the_first_gets_the_adjoint() -> None:
    g = grad(lambda x: np.sum(nn.max_pool(2)({}, x)))(np.zeros((1, 1, 2, 2)))
    np.testing.assert_array_equal(g[0, 0], [[1, 0], [0, 0]])


def test_infinities_and_nans_are_not_hidden() -> None:
    x = np.full((1, 1, 3, 3), -np.inf)
    assert np.isneginf(nn.max_pool(3, 1, 1)({}, x)).all()
    x[0, 0, 1, 1] = np.nan
    assert np.isnan(nn.max_pool(3, 1, 1)({}, x)).all()


def test_the_mean_of_a_whole_channel() -> None:
    np.testing.assert_allclose(nn.average_pool((7, 6))({}, X)[:, :, 0, 0], X.mean(axis=(2, 3)), rtol=1e-13)


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (lambda: nn.max_pool(0), "layer-setting", "kernel is 0"),
        (lambda: nn.max_pool(2, padding=2), "layer-setting", "padding is 2 with kernel 2"),
        (lambda: nn.average_pool(2, stride=-1), "layer-setting", "stride is -1"),
        (lambda: nn.Model((1, 3, 3), (nn.max_pool(4),)), "layer-shape", "layer max_pool1 is given examples"),
        (lambda: nn.max_pool(4, name="m")({}, X[:, :, :3]), "layer-shape", "layer m is given x of shape (2, 3, 3, 6)"),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], code: str, words: str) -> None:
    with pytest.raises(DownslopeError) as error:
        call()
    assert error.value.code == code
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
