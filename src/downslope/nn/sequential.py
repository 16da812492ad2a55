"""Layers made of layers: one after the other (sequential), and around a shortcut (residual)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, SupportsIndex

import numpy as np

from downslope.errors import ShapeError
from downslope.nn.activations import Array
from downslope.nn.chain import Chain, numbered, part_of
from downslope.nn.dense import dense
from downslope.nn.elementwise import dropout
from downslope.nn.initialise import Shape, inside
from downslope.nn.layers import Layer, Params, State, layer
from downslope.nn.normalise import batch_norm

__all__ = ["Residual", "Sequential", "residual", "sequential"]


@dataclass(frozen=True)
class Sequential(Layer):
    """Layers one after the other, as one layer. Made by :func:`sequential`."""

    layers: tuple[Layer, ...]
    kind: ClassVar[str] = "sequential"

    def __post_init__(self) -> None:
        """Number the layers without a name of their own."""
        super().__post_init__()
        object.__setattr__(self, "layers", numbered(self.layers, f"{self.kind}(...)"))

    @property
    def chain(self) -> Chain:
        """The layers in order."""
        return Chain(self.layers, self.name)

    @property
    def about(self) -> str:
        """Its layers."""
        return ", ".join(each.kind for each in self.layers)

    @property
    def has_parameters(self) -> bool:
        """Whether any of its layers has."""
        return any(each.has_parameters for each in self.layers)

    def shapes(self, shape_in: Shape) -> dict[str, Any]:
        """Layer -> name -> shape."""
        return self.chain.shapes(shape_in)

    def shape_out(self, shape_in: Shape) -> Shape:
        """That of the last layer."""
        with part_of(self.name, self.layers):
            return self.chain.shape_out(shape_in)

    def init(
        self, seed: SupportsIndex | np.random.Generator, shape_in: Shape, dtype: Any = np.float32, place: int = 1
    ) -> dict[str, Any]:
        """Start values of all layers, nested by their names."""
        return self.chain.init(seed, shape_in, dtype, place)

    def start_state(self, shape_in: Shape, dtype: Any = np.float32) -> dict[str, Any]:
        """Running statistics of all layers, nested by their names."""
        return self.chain.start_state(shape_in, dtype)

    def __call__(self, params: Params, x: Array) -> Array:
        """Through all layers, in inference."""
        return self.evaluate(params, {}, x)

    def evaluate(self, params: Params, state: State, x: Array) -> Array:
        """Through all layers, in inference, with running statistics."""
        with part_of(self.name, self.layers):
            return self.chain.evaluate(params, state, x)

    def train(
        self, params: Params, state: State, x: Array, seed: int, t: Any, place: int = 1
    ) -> tuple[Array, dict[str, Any]]:
        """Through all layers while training."""
        with part_of(self.name, self.layers):
            return self.chain.train(params, state, x, seed, t, place)


@layer([dense(3, "tanh"), batch_norm(), dropout(0.3)], (4,), refuses=(5, 7))
def sequential(*layers: Layer, name: str | None = None) -> Sequential:
    """Layers one after the other, as one layer: a block that can be repeated and nested.

    Their names begin with the block's, in the parameters and in the graph: ``sequential1.dense2.w``. Errors:
    SettingError ``layer-name``, ``layer-kind``, ``model-empty``.
    """
    return Sequential(layers, name=name or "")


@dataclass(frozen=True)
class Residual(Sequential):
    """h = x + layers(x). Made by :func:`residual`."""

    shortcut: Layer | None = None
    kind: ClassVar[str] = "residual"

    def __post_init__(self) -> None:
        """The layer of the shortcut is called ``shortcut``."""
        super().__post_init__()
        if self.shortcut is not None:
            object.__setattr__(self, "shortcut", numbered([self.shortcut], "residual(...)")[0].named("shortcut"))

    @property
    def aside(self) -> Chain:
        """The shortcut as layers in order: none, or one."""
        return Chain((self.shortcut,) if self.shortcut else (), self.name)

    @property
    def has_parameters(self) -> bool:
        """Whether any of its layers has."""
        return super().has_parameters or any(each.has_parameters for each in self.aside.layers)

    def shapes(self, shape_in: Shape) -> dict[str, Any]:
        """Layer -> name -> shape."""
        return self.chain.shapes(shape_in) | self.aside.shapes(shape_in)

    def shape_out(self, shape_in: Shape) -> Shape:
        """That of both ways, which must be one."""
        with part_of(self.name, (*self.layers, *self.aside.layers)):
            through, beside = self.chain.shape_out(shape_in), self.aside.shape_out(shape_in)
        self._require_equal(through, beside)
        return through

    def init(
        self, seed: SupportsIndex | np.random.Generator, shape_in: Shape, dtype: Any = np.float32, place: int = 1
    ) -> dict[str, Any]:
        """Start values of all layers, nested by their names."""
        aside = self.aside.init(seed, shape_in, dtype, inside(place, 0))
        return self.chain.init(seed, shape_in, dtype, place) | aside

    def start_state(self, shape_in: Shape, dtype: Any = np.float32) -> dict[str, Any]:
        """Running statistics of all layers, nested by their names."""
        return self.chain.start_state(shape_in, dtype) | self.aside.start_state(shape_in, dtype)

    def evaluate(self, params: Params, state: State, x: Array) -> Array:
        """x (B, ...) -> x + layers(x). Errors: ShapeError ``layer-shape``."""
        with part_of(self.name, (*self.layers, *self.aside.layers)):
            through = self.chain.evaluate(params, state, x)
            beside = self.aside.evaluate(params, state, x)
            self._require_equal(np.shape(through), np.shape(beside))
            h = beside + through
        return h  # noqa: RET504 -- the graph takes its names from these variables

    def train(
        self, params: Params, state: State, x: Array, seed: int, t: Any, place: int = 1
    ) -> tuple[Array, dict[str, Any]]:
        """x (B, ...) -> x + layers(x), while training."""
        with part_of(self.name, (*self.layers, *self.aside.layers)):
            through, new = self.chain.train(params, state, x, seed, t, place)
            beside, new_aside = self.aside.train(params, state, x, seed, t, inside(place, 0))
            self._require_equal(np.shape(through), np.shape(beside))
            h = beside + through
        return h, new | new_aside

    def _require_equal(self, through: Shape, beside: Shape) -> None:
        if through != beside:
            raise ShapeError(
                "layer-shape",
                f"layer {self.name} adds {through} from its layers and {beside} from its shortcut",
                where=f"{self.name}: h = x + layers(x)",
                why="a sum needs one shape; NumPy might repeat one of them without a word",
                do="Let the layers end in the shape of x, or give shortcut= a layer such as dense(n) or conv2d(n, 1).",
            )


@layer([batch_norm(), dense(4, "tanh"), dropout(0.3)], (4,), refuses=(5, 7))
def residual(*layers: Layer, shortcut: Layer | None = None, name: str | None = None) -> Residual:
    """h = x + layers(x): the adjoint reaches x undamped, beside what comes back through the layers.

    shortcut: a layer for x, where the layers change its shape: h = shortcut(x) + layers(x). Names: as for
    :func:`sequential`. Source: K. He et al., "Deep Residual Learning for Image Recognition", 2015. Errors: ShapeError
    ``layer-shape``; SettingError ``layer-name``, ``layer-kind``, ``model-empty``.
    """
    return Residual(layers, shortcut, name=name or "")
