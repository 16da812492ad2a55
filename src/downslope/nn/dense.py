"""Layers of one matrix: dense, which multiplies by it, and embedding, which looks its rows up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import numpy as np

from downslope.autodiff import scope
from downslope.autodiff.tracer import Tracer
from downslope.errors import SettingError
from downslope.nn.activations import ACTIVATIONS, Array
from downslope.nn.initialise import INITIALISERS, Shape, normal, zeros
from downslope.nn.layers import Layer, Parameter, Params, Start, initialiser_for, layer, misfit, part, size

__all__ = ["Dense", "Embedding", "dense", "embedding"]


@dataclass(frozen=True)
class Dense(Layer):
    """Every output sees every input: z = x @ w + b, h = activation(z). Made by :func:`dense`."""

    n_out: int
    activation: str = "identity"
    initialiser: Start = None
    bias: bool = True
    kind: ClassVar[str] = "dense"

    @property
    def about(self) -> str:
        """Its activation."""
        return self.activation

    def parameters(self, shape_in: Shape) -> dict[str, Parameter]:
        """w (n_in, n_out) and b (n_out,). The last axis is n_in; axes before it are kept as they are."""
        w = ((shape_in[-1], self.n_out), initialiser_for(self.initialiser, self.activation))
        return {"w": w, "b": ((self.n_out,), zeros)} if self.bias else {"w": w}

    def shape_out(self, shape_in: Shape) -> Shape:
        """``shape_in`` with n_out as its last axis."""
        return (*shape_in[:-1], self.n_out)

    def __call__(self, params: Params, x: Array) -> Array:
        """x (..., n_in) -> h (..., n_out). Errors: ShapeError ``layer-shape``, SettingError ``model-params``."""
        w, b = part(params, "w", self.name), part(params, "b", self.name) if self.bias else None
        if np.ndim(x) == 0 or np.shape(x)[-1] != np.shape(w)[0]:
            n_in = np.shape(w)[0]
            turned = np.ndim(x) == 2 and np.shape(x)[0] == n_in
            raise misfit(
                self.name,
                x,
                f"its w has shape {np.shape(w)}",
                why=f"in z = x @ w + b each example is a row of as many numbers as w has rows: {n_in}",
                do="Give x.T: the examples are its columns here." if turned else f"Give x of shape (B, {n_in}).",
            )
        activate = ACTIVATIONS.find(self.activation).function
        with scope(self.name):
            if self.bias:  # noqa: SIM108 -- a conditional expression would hide the name z from the graph
                z = x @ w + b
            else:
                z = x @ w
            h = activate(z)
        return h  # noqa: RET504 -- the graph takes its names from these variables


@layer([3, "tanh"], (4,), refuses=(5, 7))
def dense(
    n_out: int, activation: str = "identity", init: Start = None, name: str | None = None, *, bias: bool = True
) -> Dense:
    """A fully connected layer: z = x @ w + b, h = activation(z).

    n_out: number of units. activation: a name in ``ACTIVATIONS``. init: a name in ``INITIALISERS``, a function ``(rng,
    shape) -> array``, or None for the one that suits the activation (He for relu, Xavier otherwise). name: its scope in
    the graph and the key of its parameters; a model numbers the layers that have none. bias: without it z = x @ w, as
    before a batch norm, whose own b does the same. Parameters: w (n_in, n_out), b (n_out,). Errors: SettingError
    ``layer-size``, ``unknown-name``.

    Differs from PyTorch's ``nn.Linear`` in that w is (n_in, n_out), not its transpose, and in the start values:
    PyTorch draws w and b uniformly from ±1/√n_in.

    >>> layer = dense(2, "relu")
    >>> layer({"w": np.eye(2), "b": np.array([0.0, -3.0])}, np.array([[1.0, 2.0]]))
    array([[1., 0.]])
    """
    ACTIVATIONS.find(activation)
    if init is not None and not callable(init):
        INITIALISERS.find(init)
    return Dense(size(n_out, "n_out", f"dense({n_out!r})"), activation, init, bias, name=name or "")


@dataclass(frozen=True)
class Embedding(Layer):
    """A row of numbers for each of n things: h = w[x]. Made by :func:`embedding`."""

    n: int
    n_out: int
    initialiser: Start = None
    kind: ClassVar[str] = "embedding"
    takes: ClassVar[Literal["numbers", "indices"]] = "indices"

    def parameters(self, shape_in: Shape) -> dict[str, Parameter]:
        """w (n, n_out)."""
        draw = initialiser_for(self.initialiser) if self.initialiser else partial(normal, std=1.0)
        return {"w": ((self.n, self.n_out), draw)}

    def shape_out(self, shape_in: Shape) -> Shape:
        """``shape_in`` with a new last axis of n_out."""
        return (*shape_in, self.n_out)

    def __call__(self, params: Params, x: Array) -> Array:
        """x (...) of whole numbers -> h (..., n_out). Errors: SettingError ``layer-indices``, ``model-params``."""
        w = part(params, "w", self.name)
        x = x if hasattr(x, "dtype") else np.asarray(x)
        self.check(x, np.shape(w)[0])
        with scope(self.name):
            h = np.take(w, x, axis=0)
        return h  # noqa: RET504 -- the graph takes its names from these variables

    def check(self, x: Array, n: int) -> None:
        """Indices of n rows, as far as they are known while tracing. Errors: SettingError ``layer-indices``."""
        what, do = "", f"Give whole numbers from 0 to {n - 1}."
        if x.dtype.kind not in "iu":
            what = f"x of shape {np.shape(x)} and type {x.dtype}"
            is_one_hot = np.ndim(x) > 0 and np.shape(x)[-1] == n
            do = (
                "Give x.argmax(axis=-1) if x is a one-hot."
                if is_one_hot
                else "Give x.astype(int) if these are indices."
            )
        elif not isinstance(x, Tracer) and x.size and not 0 <= x.min() <= x.max() < n:
            what = f"the index {x[(x < 0) | (x >= n)][0]}"
        if what:
            raise SettingError(
                "layer-indices",
                f"layer {self.name} is given {what}, and its w has {n} rows",
                where=f"{self.name}: h = w[x]",
                why="x says which rows of w to take; NumPy would take -1 for the last one without a word",
                do=do,
            )


@layer([5, 3], (4,), refuses=None)
def embedding(n: int, n_out: int, init: Start = None, name: str | None = None) -> Embedding:
    """Look up a learned row for each index: h = w[x]; the same as a dense layer of one-hots, without the zeros.

    n: how many things there are (words, categories). n_out: how many numbers each of them gets. init: as for
    :func:`dense`; N(0, 1) if None, as PyTorch. Parameters: w (n, n_out). A row that no example names has gradient 0.
    Errors: SettingError ``layer-size``, ``layer-indices``.

    >>> embedding(3, 2)({"w": np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])}, np.array([2, 0]))
    array([[4., 5.],
           [0., 1.]])
    """
    if init is not None and not callable(init):
        INITIALISERS.find(init)
    where = f"embedding({n!r}, {n_out!r})"
    return Embedding(size(n, "n", where), size(n_out, "n_out", where), init, name=name or "")
