"""Layers that act on each number alone: an activation as a layer of its own, and dropout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from downslope.autodiff import scope
from downslope.autodiff.primitives.random import random_uniform
from downslope.nn.activations import ACTIVATIONS, Array
from downslope.nn.layers import Layer, Params, State, layer, number
from downslope.streams import Stream

__all__ = ["Activate", "Dropout", "activate", "dropout"]


@dataclass(frozen=True)
class Activate(Layer):
    """h = activation(x). Made by :func:`activate`."""

    activation: str
    kind: ClassVar[str] = "activation"

    @property
    def about(self) -> str:
        """Its activation."""
        return self.activation

    def __call__(self, params: Params, x: Array) -> Array:
        """x -> h of the same shape."""
        function = ACTIVATIONS.find(self.activation).function
        with scope(self.name):
            h = function(x)
        return h  # noqa: RET504 -- the graph takes its names from these variables


@layer(["gelu"], (4,), refuses=None)
def activate(activation: str, name: str | None = None) -> Activate:
    """An activation as a layer of its own, for where something stands between it and the product: a batch norm, a sum.

    activation: a name in ``ACTIVATIONS``. Errors: SettingError ``unknown-name``.

    >>> activate("relu")({}, np.array([[-1.0, 2.0]]))
    array([[0., 2.]])
    """
    ACTIVATIONS.find(activation)
    return Activate(activation, name=name or "")


@dataclass(frozen=True)
class Dropout(Layer):
    """While training a number is 0 with probability p, and else divided by 1 − p. Made by :func:`dropout`."""

    p: float
    kind: ClassVar[str] = "dropout"

    @property
    def about(self) -> str:
        """The share that is dropped."""
        return f"p {self.p:g}"

    def __call__(self, params: Params, x: Array) -> Array:
        """In inference h = x."""
        return x

    def train(
        self, params: Params, state: State, x: Array, seed: int, t: Any, place: int = 1
    ) -> tuple[Array, dict[str, Any]]:
        """x -> h of the same shape, with a mask that follows from (seed, t, place, shape of x) alone."""
        if not self.p:
            return x, {}
        with scope(self.name):
            u = random_uniform(t, np.shape(x), seed=seed, stream=Stream.DROPOUT, place=place)
            kept = u >= self.p
            h = x * kept / (1 - self.p)
        return h, {}


@layer([0.3], (20,), refuses=None)
def dropout(p: float = 0.5, name: str | None = None) -> Dropout:
    """While training h = x · kept / (1 − p), where each number is kept with probability 1 − p; in inference h = x.

    p: the probability of being dropped, from 0 to below 1, as in PyTorch. The division keeps the mean of h at x, so
    that nothing has to be scaled in inference ("inverted dropout"). The mask of a step follows from the run's seed, the
    step and the layer's place: replayed, it is the same. A NaN stays a NaN. ``per_example`` calls the model with one
    example at a time, so there all examples get the first row's mask. Errors: SettingError ``layer-setting``. Source:
    N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014.

    >>> h, _ = dropout(0.5).train({}, {}, np.ones((1, 1000)), seed=0, t=1)
    >>> np.unique(h).tolist(), bool(abs(h.mean() - 1) < 0.1)
    ([0.0, 2.0], True)
    """
    return Dropout(number(p, 0, 1, "p", f"dropout({p!r})"), name=name or "")
