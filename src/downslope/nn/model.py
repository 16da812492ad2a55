"""Models: layers one after the other, as a pure function of parameters and inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, SupportsIndex

import numpy as np

from downslope.errors import SettingError
from downslope.nn.activations import ACTIVATIONS, Array
from downslope.nn.chain import Chain, numbered
from downslope.nn.dense import dense
from downslope.nn.initialise import Initialiser, Shape
from downslope.nn.layers import Layer, Params, State, float_type, size

__all__ = ["Model", "mlp"]


@dataclass(frozen=True, repr=False)
class Model:
    """Layers that are applied in order. It holds no numbers: ``params = model.init()``, ``z = model(params, x)``.

    shape_in: shape of one example, ``(64,)``. layers: those that bear only the name of their kind are numbered:
    ``dense1, dense2 ...``. Errors: SettingError ``layer-name``, ``model-empty``.

    >>> from downslope.nn import dense
    >>> print(Model((2,), (dense(3, "tanh"), dense(1, name="out"))))
    layer   shape   parameters  settings
    dense1  2 -> 3           9  tanh
    out     3 -> 1           4  identity
    total                   13
    """

    shape_in: Shape
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        """Number the layers without a name of their own; refuse two of one name, and shapes that do not fit."""
        shape_in = tuple(size(n, "shape_in", f"Model({self.shape_in})") for n in self.shape_in)
        object.__setattr__(self, "shape_in", shape_in)
        object.__setattr__(self, "layers", numbered(self.layers, "Model(shape_in, layers)"))
        self.chain.shapes(shape_in)

    @property
    def chain(self) -> Chain:
        """The layers in order."""
        return Chain(self.layers, "the model")

    def init(self, seed: SupportsIndex = 0, dtype: Any = np.float32) -> dict[str, dict[str, Any]]:
        """Start values: ``{"dense1": {"w": ..., "b": ...}, ...}``. Each layer's depend on the seed and its place alone.

        Layers without parameters are left out. seed: a whole number from 0 to 2**64 − 1. dtype: np.float32 or
        np.float64, which begin with the same numbers up to rounding. Errors: SettingError ``init-seed``,
        ``init-dtype``.
        """
        return self.chain.init(seed, self.shape_in, float_type(dtype), 0)

    def start_state(self, dtype: Any = np.float32) -> dict[str, Any]:
        """Running statistics before the first step, nested as the parameters are; ``{}`` for a model that has none."""
        return self.chain.start_state(self.shape_in, float_type(dtype))

    def __call__(self, params: Params, x: Array, state: State | None = None) -> Array:
        """Inference: the output of the last layer for a batch x (B, n_in); for a classifier logits, before the softmax.

        state: running statistics, for a model that has some. Errors: ShapeError ``layer-shape``; SettingError
        ``model-params``, ``model-state``.
        """
        return self.chain.evaluate(params, state or {}, x)

    def train(
        self, params: Params, state: State, x: Array, seed: int, t: Any, outputs: dict[str, Array] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """The output while training, and the running statistics after this step: a pure function of its arguments.

        state: that of the step before, or ``start_state()``. seed: the run's. t: the step (1, 2 ...), which may be
        traced: with the seed and a layer's place it decides what dropout drops. Without dropout and batch norm it is
        ``model(params, x), {}``. The new state is no part of the loss: take its gradient with ``value_and_grad(...,
        has_aux=True)``. outputs: a dict to be filled with each layer's output by its name.
        """
        return self.chain.train(params, state, x, seed, t, 0, outputs)

    @property
    def takes(self) -> str:
        """ "numbers", or "indices" for a model that begins with an embedding."""
        return self.layers[0].takes

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shape of one example: as it comes in, then after each layer."""
        shapes = [self.shape_in]
        for layer in self.layers:
            shapes.append(layer.shape_out(shapes[-1]))
        return tuple(shapes)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many numbers one example has: as it comes in, then after each layer; ``(64, 32, 10)``."""
        return tuple(math.prod(shape) for shape in self.shapes)

    @property
    def n_parameters(self) -> int:
        """How many numbers are learned."""
        return sum(self._counts())

    def _counts(self) -> list[int]:
        pairs = zip(self.layers, self.shapes, strict=False)
        return [_count(layer.shapes(before)) for layer, before in pairs]

    def summary(self) -> str:
        """A table of the layers: name, shape of one example before and after, parameters, activation."""
        rows = [("layer", "shape", "parameters", "settings")]
        for layer, (before, after), count in zip(self.layers, pairwise(self.shapes), self._counts(), strict=True):
            rows.append((layer.name, f"{_times(before)} -> {_times(after)}", f"{count:,}", layer.about))
        rows.append(("total", "", f"{self.n_parameters:,}", ""))
        wide = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [f"{a:<{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}  {d}".rstrip() for a, b, c, d in rows]
        return "\n".join(lines)

    __str__ = summary

    def __repr__(self) -> str:
        chain = [_times(self.shape_in), *(f"{each.name} {each.about}".strip() for each in self.layers)]
        return f"<Model {' -> '.join(chain)} -> {_times(self.shapes[-1])}, {self.n_parameters:,} parameters>"


def _count(shapes: Any) -> int:
    """Numbers in a tree of shapes."""
    return sum(map(_count, shapes.values())) if isinstance(shapes, dict) else math.prod(shapes)


def _times(shape: Shape) -> str:
    return "x".join(map(str, shape))


def mlp(sizes: Sequence[int], hidden: str = "relu", init: str | Initialiser | None = None) -> Model:
    """A multi-layer perceptron: dense layers, ``hidden`` activation between them, none after the last.

    sizes: numbers of inputs, of the units of each hidden layer and of outputs, at least two. hidden: a name in
    ``ACTIVATIONS``. init: as for :func:`downslope.nn.layers.dense`; None takes what suits each layer's activation, He
    for relu and Xavier otherwise. Errors: SettingError ``mlp-sizes``, ``layer-size``, ``unknown-name``.

    >>> mlp([64, 32, 10])
    <Model 64 -> dense1 relu -> dense2 identity -> 10, 2,410 parameters>
    """
    if not hasattr(sizes, "__len__") or len(sizes) < 2:
        raise SettingError(
            "mlp-sizes",
            f"sizes is {sizes!r}",
            where=f"mlp({sizes!r})",
            why="a network needs at least a number of inputs and a number of outputs",
            do="Give a list such as [64, 32, 10]: 64 inputs, a hidden layer of 32 units, 10 outputs.",
        )
    ACTIVATIONS.find(hidden)
    numbers = [size(n, f"sizes[{i}]", f"mlp({sizes!r})") for i, n in enumerate(sizes)]
    last = len(numbers) - 1
    layers = [dense(n, hidden if i < last else "identity", init) for i, n in enumerate(numbers) if i > 0]
    return Model((numbers[0],), tuple(layers))
