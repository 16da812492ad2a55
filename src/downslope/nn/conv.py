"""Convolution: one small dense layer that is applied at every place of an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from downslope.autodiff import scope
from downslope.nn.activations import ACTIVATIONS, Array
from downslope.nn.initialise import INITIALISERS, Shape, zeros
from downslope.nn.layers import Layer, Parameter, Params, Start, initialiser_for, layer, part, size, wrong_setting
from downslope.nn.windows import Pair, example_out, padded, pair, require_images, size_out, slices

__all__ = ["Conv2d", "conv2d"]


@dataclass(frozen=True)
class Conv2d(Layer):
    """At every place of an image z = Σ (window · w) + b, h = activation(z). Made by :func:`conv2d`."""

    n_out: int
    kernel: Pair
    activation: str = "identity"
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    initialiser: Start = None
    bias: bool = True
    kind: ClassVar[str] = "conv"

    @property
    def about(self) -> str:
        """Its kernel and its activation."""
        return f"{self.kernel[0]}x{self.kernel[1]} {self.activation}"

    def parameters(self, shape_in: Shape) -> dict[str, Parameter]:
        """w (kh, kw, n_in / groups, n_out) and b (n_out,)."""
        self.shape_out(shape_in)
        shape = (*self.kernel, shape_in[0] // self.groups, self.n_out)
        w = (shape, initialiser_for(self.initialiser, self.activation))
        return {"w": w, "b": ((self.n_out,), zeros)} if self.bias else {"w": w}

    def fits(self, image: Pair) -> Pair:
        """How many windows fit below and beside each other."""
        return size_out(image, self.kernel, self.stride, self.padding, self.dilation)

    def shape_out(self, shape_in: Shape) -> Shape:
        """(n_in, H, W) -> (n_out, H', W') with H' = ⌊(H + 2 · padding − dilation · (kh − 1) − 1) / stride⌋ + 1."""
        found = example_out(self.name, shape_in, None, self.fits)
        if shape_in[0] % self.groups:
            raise wrong_setting(
                f"groups is {self.groups}, and there are {shape_in[0]} channels",
                self.name,
                "every group takes an equal share of the channels",
                "Give a number that divides the channels.",
            )
        return (self.n_out, *found)

    def __call__(self, params: Params, x: Array) -> Array:
        """x (B, n_in, H, W) -> h (B, n_out, H', W'). ShapeError ``layer-shape``, SettingError ``model-params``."""
        w, b = part(params, "w", self.name), part(params, "b", self.name) if self.bias else None
        require_images(self.name, x, np.shape(w)[2] * self.groups, self.fits)
        fits = self.fits(np.shape(x)[2:])
        activate = ACTIVATIONS.find(self.activation).function
        with scope(self.name):
            shifted = slices(padded(x, self.padding), self.kernel, self.stride, fits, self.dilation)
            patches = np.concatenate(shifted, axis=1)
            if b is not None:  # noqa: SIM108 -- a conditional expression would hide the name z from the graph
                z = self._product(patches, w) + np.reshape(b, (-1, 1, 1))
            else:
                z = self._product(patches, w)
            h = activate(z)
        return h  # noqa: RET504 -- the graph takes its names from these variables

    def _product(self, patches: Any, w: Any) -> Any:
        """patches (B, places · n_in, H', W') -> (B, n_out, H', W'): one matrix product for each image and group."""
        B, _, *fits = np.shape(patches)
        places, groups = self.kernel[0] * self.kernel[1], self.groups
        out = (B, self.n_out, *fits)
        if groups == 1:
            return np.reshape(np.reshape(w, (-1, self.n_out)).T @ np.reshape(patches, (B, -1, fits[0] * fits[1])), out)
        # Channels are kept group by group; each group has its own matrix.
        columns = np.moveaxis(np.reshape(patches, (B, places, groups, -1, fits[0] * fits[1])), 2, 1)
        rows = np.moveaxis(np.reshape(w, (-1, groups, self.n_out // groups)), 1, 0)
        product = np.swapaxes(rows, 1, 2) @ np.reshape(columns, (B, groups, -1, fits[0] * fits[1]))
        return np.reshape(product, out)


@layer([4, 3, "tanh", 2, 1, 1, 2], (2, 5, 4), refuses=(5, 3, 5, 4))
def conv2d(
    n_out: int,
    kernel: int | Pair,
    activation: str = "identity",
    stride: int | Pair = 1,
    padding: int | Pair | str = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
    init: Start = None,
    name: str | None = None,
    *,
    bias: bool = True,
) -> Conv2d:
    """A convolution over images: z[o, i, j] = Σ_c,k,l x[c, s·i + d·k, s·j + d·l] · w[k, l, c, o] + b[o].

    As in PyTorch it is a cross-correlation (the kernel is not flipped) and x is (B, C, H, W). n_out: channels that it
    makes. kernel: height and width of the window. stride: how far the window moves. padding: how many zeros around the
    image, or "same" for as many as keep its size (stride 1, odd kernel). dilation: the distance between the places of a
    window. groups: into how many groups the channels fall, each seeing only its own; with n_in groups it is depthwise.
    Parameters: w (kh, kw, n_in / groups, n_out), b (n_out,). init, bias: as for :func:`downslope.nn.dense.dense`.
    Errors: SettingError ``layer-size``, ``layer-setting``, ``unknown-name``.

    It is written as a matrix product: the kh · kw shifted slices of x stand below each other ("im2col"), which costs
    kh · kw times the memory of x. Differs from PyTorch in the order of w's axes (inputs and outputs last, as in a dense
    layer) and in the start values.

    >>> x, w = np.arange(16.0).reshape(1, 1, 4, 4), np.ones((3, 3, 1, 1))
    >>> conv2d(1, 3)({"w": w, "b": np.zeros(1)}, x)[0, 0]
    array([[45., 54.],
           [81., 90.]])
    """
    ACTIVATIONS.find(activation)
    if init is not None and not callable(init):
        INITIALISERS.find(init)
    where = f"conv2d({n_out!r}, {kernel!r}, ...)"
    n, k, s = size(n_out, "n_out", where), pair(kernel, "kernel", where), pair(stride, "stride", where)
    d, parts = pair(dilation, "dilation", where), size(groups, "groups", where)
    if n % parts:
        raise wrong_setting(
            f"groups is {groups}, and n_out is {n_out}",
            where,
            "every group makes an equal share of the channels",
            "Give a number that divides n_out.",
        )
    if padding == "same":
        if s != (1, 1) or any(reach % 2 for reach in (d[0] * (k[0] - 1), d[1] * (k[1] - 1))):
            raise wrong_setting(
                f'padding is "same" with kernel {kernel!r} and stride {stride!r}',
                where,
                "the size stays where the window moves by 1 and reaches equally far to both sides",
                "Use stride 1 and an odd kernel, or give padding as a number.",
            )
        padding = (d[0] * (k[0] - 1) // 2, d[1] * (k[1] - 1) // 2)
    return Conv2d(n, k, activation, s, pair(padding, "padding", where, 0), d, parts, init, bias, name=name or "")
