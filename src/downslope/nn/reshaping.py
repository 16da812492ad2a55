"""Layers that put the same numbers into another shape: flatten, reshape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from downslope.autodiff import scope
from downslope.nn.activations import Array
from downslope.nn.initialise import Shape
from downslope.nn.layers import Layer, Params, layer, misfit, size, wrong_example

__all__ = ["Flatten", "Reshape", "flatten", "reshape"]


@dataclass(frozen=True)
class Flatten(Layer):
    """Each example as one row of numbers. Made by :func:`flatten`."""

    kind: ClassVar[str] = "flatten"

    def shape_out(self, shape_in: Shape) -> Shape:
        """One axis."""
        return (math.prod(shape_in),)

    def __call__(self, params: Params, x: Array) -> Array:
        """x (B, ...) -> h (B, n)."""
        with scope(self.name):
            h = np.reshape(x, (np.shape(x)[0], -1))
        return h  # noqa: RET504 -- the graph takes its names from these variables


@layer([], (2, 3, 2), refuses=None)
def flatten(name: str | None = None) -> Flatten:
    """Each example as one row, the last axis running fastest: between convolutions and a dense layer.

    >>> flatten()({}, np.zeros((5, 2, 3, 4))).shape
    (5, 24)
    """
    return Flatten(name=name or "")


@dataclass(frozen=True)
class Reshape(Layer):
    """Each example in another shape. Made by :func:`reshape`."""

    shape: Shape
    kind: ClassVar[str] = "reshape"

    def shape_out(self, shape_in: Shape) -> Shape:
        """The new shape."""
        if math.prod(shape_in) != math.prod(self.shape):
            raise wrong_example(self.name, shape_in, f"{math.prod(self.shape)} numbers, for the shape {self.shape}")
        return self.shape

    def __call__(self, params: Params, x: Array) -> Array:
        """x (B, ...) -> h (B, *shape). Errors: ShapeError ``layer-shape``."""
        if math.prod(np.shape(x)[1:]) != math.prod(self.shape):
            raise misfit(
                self.name,
                x,
                f"gives each example the shape {self.shape}",
                why="every number is kept, so both shapes have the same product",
                do=f"Give examples of {math.prod(self.shape)} numbers.",
            )
        with scope(self.name):
            h = np.reshape(x, (np.shape(x)[0], *self.shape))
        return h  # noqa: RET504 -- the graph takes its names from these variables


@layer([(3, 2, 2)], (12,), refuses=(5, 11))
def reshape(shape: Shape, name: str | None = None) -> Reshape:
    """Each example in another shape, the last axis running fastest: rows of 64 numbers as images (1, 8, 8).

    Errors: SettingError ``layer-size``, ShapeError ``layer-shape``.

    >>> reshape((1, 8, 8))({}, np.zeros((5, 64))).shape
    (5, 1, 8, 8)
    """
    return Reshape(tuple(size(n, "shape", f"reshape({shape!r})") for n in shape), name=name or "")
