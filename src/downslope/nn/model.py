"""Models: layers one after the other, as a pure function of parameters and inputs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, SupportsIndex

import numpy as np

from downslope.errors import SettingError
from downslope.nn.activations import ACTIVATIONS, Array
from downslope.nn.initialise import Initialiser, Shape
from downslope.nn.layers import Layer, Params, dense, float_type, part, size


@dataclass(frozen=True, repr=False)
class Model:
    """Layers that are applied in order. It holds no numbers: ``params = model.init()``, ``z = model(params, x)``.

    shape_in: shape of one example, ``(64,)``. layers: those that bear only the name of their kind are numbered:
    ``dense1, dense2 ...``. Errors: SettingError ``layer-name``, ``model-empty``.

    >>> from downslope.nn import dense
    >>> print(Model((2,), (dense(3, "tanh"), dense(1, name="out"))))
    layer   shape   parameters  activation
    dense1  2 -> 3           9  tanh
    out     3 -> 1           4  identity
    total                   13
    """

    shape_in: Shape
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        """Number the layers without a name of their own; refuse two of one name."""
        if not self.layers:
            raise SettingError(
                "model-empty",
                "the model has no layers",
                where="Model(shape_in, layers)",
                why="without layers there is nothing to learn",
                do="Give at least one, for example Model((64,), (dense(10),)), or mlp([64, 10]).",
            )
        seen: Counter[str] = Counter()
        named = []
        for layer in self.layers:
            seen[layer.kind] += 1
            named.append(layer.named(f"{layer.kind}{seen[layer.kind]}") if layer.name == layer.kind else layer)
        twice = [name for name, n in Counter(layer.name for layer in named).items() if n > 1]
        if twice:
            raise SettingError(
                "layer-name",
                f"two layers are called {twice[0]!r}",
                where=f"Model(shape_in, layers): {', '.join(layer.name for layer in named)}",
                why="the name is the key of a layer's parameters, so the second would take those of the first",
                do="Give each layer its own name, or none: then they are numbered.",
            )
        object.__setattr__(
            self, "shape_in", tuple(size(n, "shape_in", f"Model({self.shape_in})") for n in self.shape_in)
        )
        object.__setattr__(self, "layers", tuple(named))

    def init(self, seed: SupportsIndex = 0, dtype: Any = np.float32) -> dict[str, dict[str, Any]]:
        """Start values: ``{"dense1": {"w": ..., "b": ...}, ...}``. Each layer's depend on the seed and its place alone.

        seed: a whole number from 0 to 2**64 − 1. dtype: np.float32 or np.float64, which begin with the same numbers up
        to rounding. Errors: SettingError ``init-seed``, ``init-dtype``.
        """
        dtype = float_type(dtype)
        places = enumerate(zip(self.layers, self.shapes, strict=False), start=1)
        return {layer.name: layer.init(seed, before, dtype, place) for place, (layer, before) in places}

    def __call__(self, params: Params, x: Array) -> Array:
        """The output of the last layer for a batch x (B, n_in); for a classifier these are logits, before the softmax.

        Errors: ShapeError ``layer-shape``, SettingError ``model-params``.
        """
        for layer in self.layers:
            x = layer(part(params, layer.name, "the model"), x)
        return x

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
        return [sum(math.prod(s) for s in layer.shapes(before).values()) for layer, before in pairs]

    def summary(self) -> str:
        """A table of the layers: name, shape of one example before and after, parameters, activation."""
        rows = [("layer", "shape", "parameters", "activation")]
        for layer, (before, after), count in zip(self.layers, pairwise(self.shapes), self._counts(), strict=True):
            rows.append((layer.name, f"{_times(before)} -> {_times(after)}", f"{count:,}", layer.activation))
        rows.append(("total", "", f"{self.n_parameters:,}", ""))
        wide = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [f"{a:<{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}  {d}".rstrip() for a, b, c, d in rows]
        return "\n".join(lines)

    __str__ = summary

    def __repr__(self) -> str:
        chain = [_times(self.shape_in), *(f"{layer.name} {layer.activation}" for layer in self.layers)]
        return f"<Model {' -> '.join(chain)} -> {_times(self.shapes[-1])}, {self.n_parameters:,} parameters>"


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
