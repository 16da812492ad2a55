"""Layers: settings and pure calls; their parameters and running statistics live outside, in trees that a call is given.

Inference is ``h = layer(params, x)``. Training differs from it in two layers only, and what they need comes in as well:
``h, new_state = layer.train(params, state, x, seed, t, place)``. A random mask is a function of (seed, step t, the
layer's place), and running statistics are a tree beside the parameters, so that a step stays a pure function and
replays exactly.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, SupportsIndex, TypeAlias, TypeVar

import numpy as np

from downslope.errors import SettingError, ShapeError, nearest
from downslope.nn.activations import ACTIVATIONS, Array
from downslope.nn.initialise import INITIALISERS, Initialiser, Shape, generator
from downslope.nn.table import Table

__all__ = ["LAYERS", "Layer"]

Params: TypeAlias = Mapping[str, Any]
State: TypeAlias = Mapping[str, Any]
Start: TypeAlias = str | Initialiser | None
Parameter: TypeAlias = tuple[Shape, Initialiser]
Maker = TypeVar("Maker", bound=Callable[..., Any])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layer:
    """What a model asks of a layer. Shapes are those of one example: ``(64,)``, without the batch.

    A layer is a frozen record of settings, so that it can be shared, compared and written down. One without parameters
    is ``__call__`` and, where it changes the shape, ``shape_out``; one with parameters has ``parameters`` too. Only a
    layer with running statistics has ``start_state`` and ``evaluate``, and only one that trains in another way than it
    predicts has ``train``.

    kind: what it is called when the user gives no name; a model makes ``dense1, dense2 ...`` of ``dense``. name: the
    key of its parameters, and its scope in the graph. takes: numbers, or the indices of something.
    """

    kind: ClassVar[str] = "layer"
    takes: ClassVar[Literal["numbers", "indices"]] = "numbers"
    name: str = ""

    def __post_init__(self) -> None:
        """A layer without a name bears that of its kind."""
        if not self.name:
            object.__setattr__(self, "name", self.kind)

    def named(self, name: str) -> Self:
        """The same layer under this name."""
        return dataclasses.replace(self, name=name)

    @property
    def about(self) -> str:
        """Its settings in a few words, for a summary."""
        return ""

    def parameters(self, shape_in: Shape) -> dict[str, Parameter]:
        """Name -> shape and initialiser of each parameter."""
        return {}

    @property
    def has_parameters(self) -> bool:
        """Whether there is anything to learn."""
        return type(self).parameters is not Layer.parameters

    def shapes(self, shape_in: Shape) -> dict[str, Any]:
        """Name -> shape of each parameter, nested as the parameters are; ``{}`` for a layer without any."""
        return {name: shape for name, (shape, _) in self.parameters(shape_in).items()}

    def shape_out(self, shape_in: Shape) -> Shape:
        """Shape of what it makes of an example of ``shape_in``; ShapeError ``layer-shape`` if it takes no such."""
        return shape_in

    def init(
        self, seed: SupportsIndex | np.random.Generator, shape_in: Shape, dtype: Any = np.float32, place: int = 1
    ) -> dict[str, Any]:
        """Start values of its parameters, from the seed and its place in the model (1, 2 ...) alone.

        They are drawn in float64 and rounded, so all types begin with the same numbers. seed: a whole number, or a
        generator to draw from. Errors: SettingError ``init-seed``, ``init-dtype``.
        """
        dtype = float_type(dtype)
        rng = seed if isinstance(seed, np.random.Generator) else generator(seed, place)
        return {name: draw(rng, shape).astype(dtype) for name, (shape, draw) in self.parameters(shape_in).items()}

    def start_state(self, shape_in: Shape, dtype: Any = np.float32) -> dict[str, Any]:
        """Running statistics before the first step; ``{}`` for a layer without any."""
        return {}

    def __call__(self, params: Params, x: Array) -> Array:
        """Its output for a batch x, in inference, written in plain NumPy under its scope."""
        raise NotImplementedError

    def evaluate(self, params: Params, state: State, x: Array) -> Array:
        """Its output for a batch x, in inference, with the running statistics that it needs."""
        return self(params, x)

    def train(
        self, params: Params, state: State, x: Array, seed: int, t: Any, place: int = 1
    ) -> tuple[Array, dict[str, Any]]:
        """Its output for a batch x while training, and the running statistics after it."""
        return self.evaluate(params, state, x), {}


@dataclasses.dataclass(frozen=True)
class LayerEntry:
    """One entry of the table. function: makes a layer from its settings.

    settings, shape_in: arguments of it, and the shape of an example that the layer then takes, for the contract tests.
    refuses: the shape of a batch that it refuses, None if it takes every shape.
    """

    function: Callable[..., Layer]
    settings: Sequence[Any]
    shape_in: Shape
    refuses: Shape | None


LAYERS: Table[LayerEntry] = Table("layer")
"""Name -> :class:`LayerEntry`."""


def layer(settings: Sequence[Any], shape_in: Shape, *, refuses: Shape | None) -> Callable[[Maker], Maker]:
    """Decorator: enter a function that makes a layer in the table; for the arguments see :class:`LayerEntry`."""

    def enter(function: Maker) -> Maker:
        LAYERS.enter(LayerEntry(function, settings, shape_in, refuses), function.__module__, function.__name__)
        return function

    return enter


# --- what every file of layers checks ---------------------------------------------------------------------------------


def initialiser_for(start: Start, activation: str = "identity") -> Initialiser:
    """The initialiser that is asked for, or the one that suits the activation."""
    start = start or ACTIVATIONS.find(activation).start
    return INITIALISERS.find(start) if isinstance(start, str) else start


def size(given: SupportsIndex, what: str, where: str) -> int:
    """A number of units as an int of at least 1; SettingError ``layer-size`` otherwise."""
    try:
        number = operator.index(given)
    except TypeError:
        number = 0
    if number >= 1:
        return number
    raise SettingError(
        "layer-size",
        f"{what} is {given!r}",
        where=where,
        why="a layer has a whole number of inputs and of units, at least one of each",
        do="Give whole numbers above 0, for example mlp([64, 32, 10]).",
    )


def wrong_setting(what: str, where: str, why: str, do: str) -> SettingError:
    """SettingError ``layer-setting``."""
    return SettingError("layer-setting", what, where=where, why=why, do=do)


def number(given: Any, low: float, high: float, what: str, where: str) -> float:
    """A number from ``low`` to below ``high``; SettingError ``layer-setting`` otherwise."""
    if isinstance(given, int | float | np.number) and low <= given < high:
        return float(given)
    raise wrong_setting(
        f"{what} is {given!r}", where, f"it is a number from {low:g} to below {high:g}", "Give a number in this range."
    )


def float_type(dtype: Any) -> np.dtype[Any]:
    """The type of parameters; SettingError ``init-dtype`` if it does not hold fractions."""
    found: np.dtype[Any] = np.dtype(dtype)
    if found.kind == "f":
        return found
    raise SettingError(
        "init-dtype",
        f"parameters of type {found} are asked for",
        where="the argument dtype=",
        why="weights are small fractions: as whole numbers nearly all of them would be 0 for ever",
        do="Use np.float32 or np.float64.",
    )


def part(params: Params, key: str, where: str) -> Any:
    """``params[key]``; SettingError ``model-params`` if it is not there."""
    try:
        return params[key]
    except (KeyError, TypeError, IndexError):
        known = list(map(str, params)) if isinstance(params, Mapping) else []
        raise SettingError(
            "model-params",
            f"the parameters of {where} lack {key!r}",
            where=where,
            why="a model holds no numbers of its own: all of them come in with params",
            do=f"Give what model.init() returned, or a tree like it. {nearest(key, known) if known else ''}".strip(),
        ) from None


def misfit(name: str, x: Array, needs: str, why: str, do: str) -> ShapeError:
    """ShapeError ``layer-shape``. needs: what the layer has or takes, with its shape."""
    return ShapeError(
        "layer-shape", f"layer {name} is given x of shape {np.shape(x)}, and {needs}", where=name, why=why, do=do
    )


def wrong_example(name: str, shape_in: Shape, takes: str) -> ShapeError:
    """ShapeError ``layer-shape`` while the model is put together."""
    return ShapeError(
        "layer-shape",
        f"layer {name} is given examples of shape {shape_in}, and it takes {takes}",
        where=name,
        why="shapes without the batch are worked out from layer to layer when a model is made",
        do="Change shape_in or the layer before it; flatten() and reshape(...) keep the numbers and change the shape.",
    )
