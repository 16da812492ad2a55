"""Pooling: the largest or the mean number of each window of an image."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import numpy as np

from downslope.autodiff import scope
from downslope.nn.activations import Array
from downslope.nn.initialise import Shape
from downslope.nn.layers import Layer, Params, layer, wrong_setting
from downslope.nn.windows import Pair, example_out, padded, pair, require_images, size_out, slices

__all__ = ["AveragePool", "MaxPool", "average_pool", "max_pool"]


@dataclass(frozen=True)
class Pool(Layer):
    """What both have in common: the windows."""

    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)

    @property
    def about(self) -> str:
        """Its window."""
        return f"{self.kernel[0]}x{self.kernel[1]}"

    def fits(self, image: Pair) -> Pair:
        """How many windows fit below and beside each other."""
        return size_out(image, self.kernel, self.stride, self.padding)

    def shape_out(self, shape_in: Shape) -> Shape:
        """(C, H, W) -> (C, H', W') with H' = ⌊(H + 2 · padding − kernel) / stride⌋ + 1."""
        return (shape_in[0], *example_out(self.name, shape_in, None, self.fits))


@dataclass(frozen=True)
class MaxPool(Pool):
    """The largest number of each window. Made by :func:`max_pool`."""

    kind: ClassVar[str] = "max_pool"

    def __call__(self, params: Params, x: Array) -> Array:
        """x (B, C, H, W) -> h (B, C, H', W'). Errors: ShapeError ``layer-shape``."""
        require_images(self.name, x, None, self.fits)
        with scope(self.name):
            # A frame that repeats the edge adds no number that the windows at the edge do not hold already.
            framed = padded(x, self.padding, "edge")
            h, *others = slices(framed, self.kernel, self.stride, self.fits(np.shape(x)[2:]))
            for other in others:
                h = np.maximum(other, h)  # where both are equal, the second argument takes the adjoint: the first place
        return h


@dataclass(frozen=True)
class AveragePool(Pool):
    """The mean of each window. Made by :func:`average_pool`."""

    kind: ClassVar[str] = "average_pool"

    def __call__(self, params: Params, x: Array) -> Array:
        """x (B, C, H, W) -> h (B, C, H', W'). Errors: ShapeError ``layer-shape``."""
        require_images(self.name, x, None, self.fits)
        with scope(self.name):
            shifted = slices(padded(x, self.padding), self.kernel, self.stride, self.fits(np.shape(x)[2:]))
            h = reduce(operator.add, shifted) / (self.kernel[0] * self.kernel[1])
        return h  # noqa: RET504 -- the graph takes its names from these variables


@layer([2, 2, 1], (2, 5, 4), refuses=(5, 7))
def max_pool(
    kernel: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0, name: str | None = None
) -> MaxPool:
    """The largest number of each window, which alone gets the adjoint.

    kernel: height and width of the window. stride: how far it moves; by its own size if None, so that windows do not
    overlap. padding: how far windows reach over the edge, at most half of the kernel; what is outside never wins. Where
    several numbers of a window are equal, the first one, row after row, gets all of the adjoint, as in PyTorch. Errors:
    SettingError ``layer-setting``.

    >>> max_pool(2)({}, np.arange(16.0).reshape(1, 1, 4, 4))[0, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    return MaxPool(*_windows(f"max_pool({kernel!r}, ...)", kernel, stride, padding), name=name or "")


@layer([(2, 3), 1, (1, 0)], (2, 5, 4), refuses=(5, 2, 1, 2))
def average_pool(
    kernel: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0, name: str | None = None
) -> AveragePool:
    """The mean of each window; each of its numbers gets an equal share of the adjoint.

    kernel, stride, padding: as for :func:`max_pool`. The zeros of the padding are counted in the mean, as in PyTorch by
    default. With a kernel of the image's size it is the mean of every channel. Errors: SettingError ``layer-setting``.

    >>> average_pool(2)({}, np.arange(16.0).reshape(1, 1, 4, 4))[0, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    return AveragePool(*_windows(f"average_pool({kernel!r}, ...)", kernel, stride, padding), name=name or "")


def _windows(where: str, kernel: int | Pair, stride: int | Pair | None, padding: int | Pair) -> tuple[Pair, Pair, Pair]:
    k, p = pair(kernel, "kernel", where), pair(padding, "padding", where, 0)
    if p[0] > k[0] // 2 or p[1] > k[1] // 2:
        raise wrong_setting(
            f"padding is {padding!r} with kernel {kernel!r}",
            where,
            "a window that reaches farther may lie outside of the image altogether",
            "Give at most half of the kernel.",
        )
    return k, k if stride is None else pair(stride, "stride", where), p
