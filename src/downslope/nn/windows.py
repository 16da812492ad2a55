"""What convolutions and pooling share: windows that move over images, as slices that are shifted against each other."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from downslope.nn.activations import Array
from downslope.nn.initialise import Shape
from downslope.nn.layers import misfit, wrong_example, wrong_setting

Pair: TypeAlias = tuple[int, int]


def pair(given: Any, what: str, where: str, low: int = 1) -> Pair:
    """A whole number for both axes of an image, or one for each; SettingError ``layer-setting`` otherwise."""
    both: Sequence[Any] = given if isinstance(given, tuple | list) else (given, given)
    try:
        numbers = tuple(operator.index(n) for n in both)
    except TypeError:
        numbers = ()
    if len(numbers) == 2 and min(numbers) >= low:
        return numbers[0], numbers[1]
    raise wrong_setting(
        f"{what} is {given!r}",
        where,
        f"an image has a height and a width: {what} is one whole number for both or a pair, at least {low}",
        f"Give a number such as {max(low, 1)}, or a pair.",
    )


def size_out(image: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair = (1, 1)) -> Pair:
    """How many windows fit below and beside each other: ⌊(n + 2 · padding − reach) / stride⌋ + 1; 0 where none does."""
    high, wide = (
        max(0, (n + 2 * p - d * (k - 1) - 1) // s + 1)
        for n, k, s, p, d in zip(image, kernel, stride, padding, dilation, strict=True)
    )
    return high, wide


def slices(x: Array, kernel: Pair, stride: Pair, fits: Pair, dilation: Pair = (1, 1)) -> list[Array]:
    """For each place in the window, row after row, what stands there in every window: views of x (B, C, *fits)."""

    def along(start: int, n: int, step: int) -> slice:
        return slice(start, start + (n - 1) * step + 1, step if step > 1 else None)

    return [
        x[:, :, along(i * dilation[0], fits[0], stride[0]), along(j * dilation[1], fits[1], stride[1])]
        for i in range(kernel[0])
        for j in range(kernel[1])
    ]


def padded(x: Array, padding: Pair, mode: Any = "constant") -> Array:
    """Images with a frame around them."""
    return np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2), mode=mode) if any(padding) else x


def require_images(name: str, x: Array, channels: int | None, fits: Any) -> None:
    """ShapeError ``layer-shape`` unless x is (B, C, H, W), with room for a window."""
    shape = np.shape(x)
    named = f"(B, {'C' if channels is None else channels}, H, W)"
    if len(shape) != 4 or (channels is not None and shape[1] != channels):
        last = len(shape) == 4 and shape[3] == channels
        raise misfit(
            name,
            x,
            f"takes images {named}",
            why="images are (examples, channels, height, width), as in PyTorch",
            do="Give np.moveaxis(x, -1, 1): the channels come last here."
            if last
            else f"Give x of shape {named}; reshape(...) makes images of rows, x[:, None] adds the one channel.",
        )
    if 0 in (room := fits(shape[2:])):
        raise misfit(
            name,
            x,
            f"{room[0]} times {room[1]} of its windows fit into it",
            why="a window must fit into the image and its padding",
            do="Give larger images, a smaller kernel, or more padding.",
        )


def example_out(name: str, shape_in: Shape, channels: int | None, fits: Any) -> Pair:
    """Height and width after the windows, while a model is put together; ShapeError ``layer-shape``."""
    if len(shape_in) != 3 or (channels is not None and shape_in[0] != channels):
        raise wrong_example(name, shape_in, f"images ({'C' if channels is None else channels}, H, W)")
    found: Pair = fits(shape_in[1:])
    if 0 in found:
        raise wrong_example(name, shape_in, "images that its window fits into")
    return found
