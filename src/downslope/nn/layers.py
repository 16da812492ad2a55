"""Layers: settings and one pure call each; their parameters live outside, in a dict that the call is given."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, SupportsIndex, TypeAlias

import numpy as np

from downslope.autodiff import scope
from downslope.errors import SettingError, ShapeError, nearest
from downslope.nn.activations import ACTIVATIONS, Array
from downslope.nn.initialise import INITIALISERS, Initialiser, Shape, generator

Params: TypeAlias = Mapping[str, Any]


class Layer(Protocol):
    """What a model asks of a layer. Shapes are those of one example: ``(64,)``, without the batch.

    A layer is a frozen record of settings, so that it can be shared, compared and written down.
    """

    @property
    def kind(self) -> str:
        """What it is called when the user gives no name: a model makes ``dense1, dense2 ...`` of ``dense``."""

    @property
    def name(self) -> str:
        """Its own name: the key of its parameters, and its scope in the graph."""

    @property
    def activation(self) -> str:
        """Name of its activation, ``identity`` if it has none."""

    def named(self, name: str) -> Layer:
        """The same layer under this name."""

    def shapes(self, shape_in: Shape) -> dict[str, Shape]:
        """Name -> shape of each parameter; ``{}`` for a layer without any."""

    def shape_out(self, shape_in: Shape) -> Shape:
        """Shape of what it makes of an example of shape ``shape_in``."""

    def init(
        self, seed: SupportsIndex | np.random.Generator, shape_in: Shape, dtype: Any = np.float32, place: int = 1
    ) -> dict[str, Any]:
        """Start values of its parameters, from the seed and its place in the model (1, 2 ...) alone."""

    def __call__(self, params: Params, x: Array) -> Array:
        """Its output for a batch x, written in plain NumPy under its scope."""


@dataclasses.dataclass(frozen=True)
class Dense:
    """Every output sees every input: z = x @ w + b, h = activation(z). Made by :func:`dense`."""

    n_out: int
    activation: str = "identity"
    initialiser: str | Initialiser | None = None
    name: str = "dense"
    kind: ClassVar[str] = "dense"

    def named(self, name: str) -> Dense:
        """The same layer under this name."""
        return dataclasses.replace(self, name=name)

    def shapes(self, shape_in: Shape) -> dict[str, Shape]:
        """``{"w": (n_in, n_out), "b": (n_out,)}``. The last axis is n_in; axes before it are kept as they are."""
        return {"w": (shape_in[-1], self.n_out), "b": (self.n_out,)}

    def shape_out(self, shape_in: Shape) -> Shape:
        """``shape_in`` with n_out as its last axis."""
        return (*shape_in[:-1], self.n_out)

    def init(
        self, seed: SupportsIndex | np.random.Generator, shape_in: Shape, dtype: Any = np.float32, place: int = 1
    ) -> dict[str, Any]:
        """Random weights and biases of 0. Drawn in float64 and rounded, so all types begin with the same numbers.

        seed: a whole number, or a generator to draw from. Errors: SettingError ``init-seed``, ``init-dtype``.
        """
        dtype = float_type(dtype)
        rng = seed if isinstance(seed, np.random.Generator) else generator(seed, place)
        shapes = self.shapes(shape_in)
        start = self.initialiser or ACTIVATIONS.find(self.activation).start
        draw = INITIALISERS.find(start) if isinstance(start, str) else start
        return {"w": draw(rng, shapes["w"]).astype(dtype), "b": np.zeros(shapes["b"], dtype)}

    def __call__(self, params: Params, x: Array) -> Array:
        """x (..., n_in) -> h (..., n_out). Errors: ShapeError ``layer-shape``, SettingError ``model-params``."""
        w, b = part(params, "w", self.name), part(params, "b", self.name)
        if np.ndim(x) == 0 or np.shape(x)[-1] != np.shape(w)[0]:
            n_in = np.shape(w)[0]
            turned = np.ndim(x) == 2 and np.shape(x)[0] == n_in
            raise ShapeError(
                "layer-shape",
                f"layer {self.name} is given x of shape {np.shape(x)}, and its w has shape {np.shape(w)}",
                where=f"{self.name}: z = x @ w + b",
                why=f"each example is a row of as many numbers as w has rows: {n_in}",
                do="Give x.T: the examples are its columns here." if turned else f"Give x of shape (B, {n_in}).",
            )
        activate = ACTIVATIONS.find(self.activation).function
        with scope(self.name):
            z = x @ w + b
            h = activate(z)
        return h  # noqa: RET504 -- the graph takes its names from these variables


def dense(
    n_out: int, activation: str = "identity", init: str | Initialiser | None = None, name: str | None = None
) -> Dense:
    """A fully connected layer: z = x @ w + b, h = activation(z).

    n_out: number of units. activation: a name in ``ACTIVATIONS``. init: a name in ``INITIALISERS``, a function ``(rng,
    shape) -> array``, or None for the one that suits the activation (He for relu, Xavier otherwise). name: its scope in
    the graph and the key of its parameters; a model numbers the layers that have none. Parameters: w (n_in, n_out),
    b (n_out,). Errors: SettingError ``layer-size``, ``unknown-name``.

    Differs from PyTorch's ``nn.Linear`` in that w is (n_in, n_out), not its transpose, and in the start values:
    PyTorch draws w and b uniformly from ±1/√n_in.

    >>> layer = dense(2, "relu")
    >>> layer({"w": np.eye(2), "b": np.array([0.0, -3.0])}, np.array([[1.0, 2.0]]))
    array([[1., 0.]])
    """
    ACTIVATIONS.find(activation)
    if init is not None and not callable(init):
        INITIALISERS.find(init)
    return Dense(size(n_out, "n_out", f"dense({n_out!r})"), activation, init, name or Dense.kind)


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
