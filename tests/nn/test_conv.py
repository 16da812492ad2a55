"""Convolution: PyTorch's numbers for every setting, a published backward pass, and VGG-16 counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.nn.tools import agree, close

from downslope import nn
from downslope.autodiff import trace, vjp
from downslope.errors import DownslopeError

Reference = dict[str, dict[str, Any]]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("kernel", "options"),
    [
        (3, {}),
        (1, {}),
        ((2, 3), {"stride": (2, 1)}),
        (3, {"padding": 1}),
        (3, {"padding": (0, 2), "stride": 2}),
        (2, {"dilation": (2, 1)}),
        (3, {"padding": "same", "dilation": 2}),
        (3, {"groups": 2, "padding": 1}),
        ((3, 2), {"groups": 4, "stride": 2}),  # depthwise
        (7, {"padding": 3, "stride": 3}),
    ],
)
def test_values_and_gradients_agree_with_pytorch(kernel: Any, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    layer = nn.conv2d(8, kernel, **options)
    x = RNG.normal(size=(3, 4, 8, 7))
    shapes = layer.shapes(x.shape[1:])
    w, b = RNG.normal(size=shapes["w"]), RNG.normal(size=shapes["b"])

    def theirs(x: Any, w: Any, b: Any) -> Any:
        return torch.nn.functional.conv2d(x, w.permute(3, 2, 0, 1), b, **options)

    agree(lambda x, w, b: layer({"w": w, "b": b}, x), theirs, x, w, b, rtol=1e-10, atol=1e-12)


def test_the_published_convolution_and_its_backward_pass(reference: Reference) -> None:
    entry = reference["backprop.conv2d"]
    x, w = np.arange(1.0, 17.0).reshape(1, 1, 4, 4), np.array([[1.0, 0.0], [-1.0, 2.0]]).reshape(2, 2, 1, 1)
    y, pullback = vjp(lambda x, w: nn.conv2d(1, 2)({"w": w, "b": np.zeros(1)}, x), x, w)
    dx, dw = pullback(np.array(entry["inputs"]["UC"]).reshape(1, 1, 3, 3))
    close(y[0, 0], entry, entry["expected"]["Y"])
    close(dw[:, :, 0, 0], entry, entry["expected"]["dK"])
    close(dx[0, 0], entry, entry["expected"]["dX"])


def test_it_is_not_flipped_and_each_place_has_the_same_weights() -> None:
    w, b = RNG.normal(size=(3, 3, 2, 4)), RNG.normal(size=4)
    x = RNG.normal(size=(1, 2, 6, 6))
    h = nn.conv2d(4, 3)({"w": w, "b": b}, x)
    for i, j in ((0, 0), (2, 3)):
        expected = np.einsum("ckl,klco->o", x[0, :, i : i + 3, j : j + 3], w) + b
        np.testing.assert_allclose(h[0, :, i, j], expected, rtol=1e-12)


def test_same_padding_keeps_the_size() -> None:
    assert nn.conv2d(4, (3, 5), padding="same").shape_out((2, 7, 9)) == (4, 7, 9)
    assert nn.conv2d(4, 3, padding="same", dilation=2).shape_out((2, 7, 9)) == (4, 7, 9)


def test_the_fans_are_those_of_a_window() -> None:
    w = nn.conv2d(64, 3, "relu").init(0, (32, 8, 8), np.float64)["w"]
    assert w.std() == pytest.approx(np.sqrt(2 / (9 * 32)), rel=0.03)
    depthwise = nn.conv2d(64, 3, "relu", groups=64).init(0, (64, 8, 8), np.float64)["w"]
    assert depthwise.std() == pytest.approx(np.sqrt(2 / 9), rel=0.1)


def test_the_activation_and_the_names_are_those_of_a_dense_layer() -> None:
    layer, x = nn.conv2d(4, 3, "relu", name="edges"), np.ones((1, 1, 5, 5))
    params = layer.init(0, (1, 5, 5), np.float64)
    assert layer(params, x).min() == 0
    names = {node.name for node in trace(layer, params, x).nodes if node.scope == "edges"}
    assert {"patches", "z", "h"} <= names


def vgg16() -> nn.Model:
    """K. Simonyan and A. Zisserman, 2014: configuration D."""
    layers: list[nn.Layer] = []
    for channels, times in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        layers += [nn.conv2d(channels, 3, "relu", padding=1) for _ in range(times)] + [nn.max_pool(2)]
    tail = (nn.flatten(), nn.dense(4096, "relu"), nn.dense(4096, "relu"), nn.dense(1000))
    return nn.Model((3, 224, 224), (*layers, *tail))


def test_vgg16_counted(reference: Reference) -> None:
    model = vgg16()
    close(model.n_parameters, reference["vgg16.counts"], reference["vgg16.counts"]["expected"]["params"])
    entry = reference["vgg16.activations"]
    # the input and all layers, but for the flattened copy of the last pool's
    sizes = [n for n, layer in zip(model.sizes[1:], model.layers, strict=True) if layer.kind != "flatten"]
    close(model.sizes[0] + sum(sizes), entry, entry["expected"]["activations"])


WRONG: Any = nn
LAYER = nn.conv2d(4, 3, name="edges")
PARAMS = LAYER.init(0, (2, 5, 5))


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (lambda: LAYER(PARAMS, np.ones((1, 3, 5, 5))), "layer-shape", "layer edges is given x of shape (1, 3, 5, 5)"),
        (lambda: LAYER(PARAMS, np.ones((1, 3, 5, 5))), "layer-shape", "takes images (B, 2, H, W)"),
        (lambda: LAYER(PARAMS, np.ones((1, 5, 5, 2))), "layer-shape", "Give np.moveaxis(x, -1, 1)"),
        (lambda: LAYER(PARAMS, np.ones((4, 50))), "layer-shape", "reshape(...) makes images of rows"),
        (lambda: LAYER(PARAMS, np.ones((1, 2, 5, 2))), "layer-shape", "3 times 0 of its windows fit"),
        (lambda: nn.Model((64,), (nn.conv2d(4, 3),)), "layer-shape", "layer conv1 is given examples of shape (64,)"),
        (lambda: nn.Model((1, 2, 2), (nn.conv2d(4, 3),)), "layer-shape", "images that its window fits into"),
        (lambda: nn.Model((3, 8, 8), (nn.conv2d(4, 3, groups=2),)), "layer-setting", "there are 3 channels"),
        (lambda: nn.conv2d(0, 3), "layer-size", "n_out is 0"),
        (lambda: nn.conv2d(4, 0), "layer-setting", "kernel is 0"),
        (lambda: WRONG.conv2d(4, (1, 2, 3)), "layer-setting", "kernel is (1, 2, 3)"),
        (lambda: WRONG.conv2d(4, 2.5), "layer-setting", "kernel is 2.5"),
        (lambda: nn.conv2d(4, 3, stride=0), "layer-setting", "stride is 0"),
        (lambda: nn.conv2d(4, 3, padding=-1), "layer-setting", "padding is -1"),
        (lambda: nn.conv2d(4, 3, padding="sane"), "layer-setting", "padding is 'sane'"),
        (lambda: nn.conv2d(4, 2, padding="same"), "layer-setting", "Use stride 1 and an odd kernel"),
        (lambda: nn.conv2d(4, 3, groups=3), "layer-setting", "groups is 3, and n_out is 4"),
        (lambda: nn.conv2d(4, 3, "rleu"), "unknown-name", "Did you mean 'relu'?"),
        (lambda: nn.conv2d(4, 3, init="hee"), "unknown-name", "Did you mean 'he'?"),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], code: str, words: str) -> None:
    with pytest.raises(DownslopeError) as error:
        call()
    assert error.value.code == code
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
