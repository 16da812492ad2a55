"""Normalisation: numbers brought to mean 0 and variance 1, then scaled by w and moved by b, which are learned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np

from downslope.autodiff import scope
from downslope.errors import SettingError
from downslope.nn.activations import Array
from downslope.nn.initialise import Shape, constant, zeros
from downslope.nn.layers import (
    Layer,
    Parameter,
    Params,
    State,
    float_type,
    layer,
    misfit,
    number,
    part,
    size,
    wrong_example,
)

__all__ = ["BatchNorm", "LayerNorm", "RMSNorm", "batch_norm", "layer_norm", "rms_norm"]


@dataclass(frozen=True)
class LayerNorm(Layer):
    """Each example by its own mean and variance. Made by :func:`layer_norm`."""

    n_axes: int = 1
    eps: float = 1e-5
    kind: ClassVar[str] = "layer_norm"

    def parameters(self, shape_in: Shape) -> dict[str, Parameter]:
        """w and b in the shape of the last ``n_axes`` axes."""
        if len(shape_in) < self.n_axes:
            raise wrong_example(self.name, shape_in, f"examples of at least {self.n_axes} axes")
        shape = shape_in[len(shape_in) - self.n_axes :]
        return {"w": (shape, constant), "b": (shape, zeros)}

    def __call__(self, params: Params, x: Array) -> Array:
        """x (..., n) -> h (..., n). Errors: ShapeError ``layer-shape``, SettingError ``model-params``."""
        w, b = part(params, "w", self.name), part(params, "b", self.name)
        axes = _last_axes(self.name, x, w)
        with scope(self.name):
            d = x - np.mean(x, axis=axes, keepdims=True)
            var = np.mean(d**2, axis=axes, keepdims=True)
            h = d / np.sqrt(var + self.eps) * w + b
        return h  # noqa: RET504 -- the graph takes its names from these variables


def _last_axes(name: str, x: Array, w: Array) -> tuple[int, ...]:
    if np.shape(x)[max(0, np.ndim(x) - np.ndim(w)) :] == np.shape(w):
        return tuple(range(-np.ndim(w), 0))
    raise misfit(
        name,
        x,
        f"its w has shape {np.shape(w)}",
        why="the last axes of x are normalised, and each of their numbers has its own scale in w",
        do=f"Give x of shape (B, ..., {', '.join(map(str, np.shape(w)))}).",
    )


@layer([], (3, 4), refuses=(5, 3, 7))
def layer_norm(n_axes: int = 1, eps: float = 1e-5, name: str | None = None) -> LayerNorm:
    """h = (x − mean) / √(var + eps) · w + b, with the mean and variance of each example over its last ``n_axes`` axes.

    var is the mean of the squared distances (divided by n, not n − 1). Parameters: w, which starts with 1, and b, in
    the shape of these axes. As PyTorch's ``nn.LayerNorm``. Source: J. L. Ba et al., "Layer Normalization", 2016.
    Errors: SettingError ``layer-size``, ``layer-setting``.

    >>> layer_norm(eps=0)({"w": np.ones(2), "b": np.zeros(2)}, np.array([[1.0, 5.0]]))
    array([[-1.,  1.]])
    """
    where = f"layer_norm({n_axes!r}, eps={eps!r})"
    return LayerNorm(size(n_axes, "n_axes", where), number(eps, 0, 1, "eps", where), name=name or "")


@dataclass(frozen=True)
class RMSNorm(Layer):
    """Each example by its root mean square. Made by :func:`rms_norm`."""

    eps: float = 1e-6
    kind: ClassVar[str] = "rms_norm"

    def parameters(self, shape_in: Shape) -> dict[str, Parameter]:
        """w (n,)."""
        return {"w": ((shape_in[-1],), constant)}

    def __call__(self, params: Params, x: Array) -> Array:
        """x (..., n) -> h (..., n). Errors: ShapeError ``layer-shape``, SettingError ``model-params``."""
        w = part(params, "w", self.name)
        axes = _last_axes(self.name, x, w)
        with scope(self.name):
            h = x / np.sqrt(np.mean(x**2, axis=axes, keepdims=True) + self.eps) * w
        return h  # noqa: RET504 -- the graph takes its names from these variables


@layer([], (3, 4), refuses=(5, 3, 7))
def rms_norm(eps: float = 1e-6, name: str | None = None) -> RMSNorm:
    """h = x / √(mean(x²) + eps) · w over the last axis: :func:`layer_norm` without the mean and without b.

    Parameters: w (n,), which starts with 1. Differs from PyTorch's ``nn.RMSNorm`` in the default eps, which there is
    the distance from 1 to the next number of x's type. Source: B. Zhang and R. Sennrich, "Root Mean Square Layer
    Normalization", 2019. Errors: SettingError ``layer-setting``.

    >>> rms_norm(eps=0)({"w": np.ones(2)}, np.array([[3.0, 3.0]]))
    array([[1., 1.]])
    """
    return RMSNorm(number(eps, 0, 1, "eps", f"rms_norm({eps!r})"), name=name or "")


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Each channel by the batch's mean and variance, in inference by those of the past. Made by :func:`batch_norm`."""

    momentum: float = 0.1
    eps: float = 1e-5
    kind: ClassVar[str] = "batch_norm"

    def parameters(self, shape_in: Shape) -> dict[str, Parameter]:
        """w and b, one of each for a channel."""
        return {"w": (shape_in[:1], constant), "b": (shape_in[:1], zeros)}

    def start_state(self, shape_in: Shape, dtype: Any = np.float32) -> dict[str, Any]:
        """Running mean 0 and variance 1 of each channel."""
        return {"mean": np.zeros(shape_in[:1], float_type(dtype)), "var": np.ones(shape_in[:1], float_type(dtype))}

    def __call__(self, params: Params, x: Array) -> Array:
        """An error: inference needs the running statistics, see :meth:`evaluate`."""
        self._no_state("mean")

    def evaluate(self, params: Params, state: State, x: Array) -> Array:
        """x (B, C, ...) -> h by running mean and variance. ShapeError ``layer-shape``, SettingError ``model-state``."""
        column = self._column(params, x)
        for key in ("mean", "var"):
            if key not in state:
                self._no_state(key)
        with scope(self.name):
            w, b = np.reshape(params["w"], column), np.reshape(params["b"], column)
            mean, var = np.reshape(state["mean"], column), np.reshape(state["var"], column)
            h = (x - mean) / np.sqrt(var + self.eps) * w + b
        return h  # noqa: RET504 -- the graph takes its names from these variables

    def train(
        self, params: Params, state: State, x: Array, seed: int, t: Any, place: int = 1
    ) -> tuple[Array, dict[str, Any]]:
        """x (B, C, ...) -> h by the batch's mean and variance, and the running ones moved towards them."""
        column = self._column(params, x)
        axes = (0, *range(2, np.ndim(x)))
        n = math.prod(np.shape(x)[i] for i in axes)
        if n < 2:
            raise misfit(
                self.name,
                x,
                f"each of its {np.shape(x)[1]} channels gets one number",
                why="the variance of one number is 0, and the result would be b, whatever x is",
                do="Train with batches of two or more; layer_norm works with one example.",
            )
        for key in ("mean", "var"):
            if key not in state:
                self._no_state(key)
        with scope(self.name):
            w, b = np.reshape(params["w"], column), np.reshape(params["b"], column)
            mean = np.mean(x, axis=axes, keepdims=True)
            d = x - mean
            var = np.mean(d**2, axis=axes, keepdims=True)
            h = d / np.sqrt(var + self.eps) * w + b
            running_mean = (1 - self.momentum) * state["mean"] + self.momentum * np.reshape(mean, (-1,))
            unbiased = np.reshape(var, (-1,)) * (n / (n - 1))
            running_var = (1 - self.momentum) * state["var"] + self.momentum * unbiased
        return h, {"mean": running_mean, "var": running_var}

    def _column(self, params: Params, x: Array) -> Shape:
        """The shape that puts one number for each channel beside x; an error where x or params do not fit."""
        w, _ = part(params, "w", self.name), part(params, "b", self.name)
        if np.ndim(x) < 2 or np.shape(x)[1] != np.shape(w)[0]:
            raise misfit(
                self.name,
                x,
                f"its w has shape {np.shape(w)}",
                why="the second axis of x holds the channels, and each has its own scale in w",
                do=f"Give x of shape (B, {np.shape(w)[0]}) or (B, {np.shape(w)[0]}, H, W).",
            )
        return (-1, *(1,) * (np.ndim(x) - 2))

    def _no_state(self, key: str) -> NoReturn:
        raise SettingError(
            "model-state",
            f"the running statistics of {self.name} lack {key!r}",
            where=self.name,
            why="in inference it normalises by the mean and variance of the past, which training collects",
            do="Call model(params, x, state) with the state of model.train, or with model.start_state() before it.",
        )


@layer([], (3, 2), refuses=(5, 7, 2))
def batch_norm(momentum: float = 0.1, eps: float = 1e-5, name: str | None = None) -> BatchNorm:
    """h = (x − mean) / √(var + eps) · w + b for each channel, the second axis of x (B, C) or (B, C, H, W).

    While training mean and var are those of the batch, over all axes but the channels' (var divided by n), and the
    running ones move towards them: running = (1 − momentum) · running + momentum · batch's, with the var divided by n −
    1. In inference mean and var are the running ones. All of this as PyTorch's ``nn.BatchNorm2d``; momentum is that of
    PyTorch, which other texts call 1 − momentum. Parameters: w, which starts with 1, and b (C,); state: mean, var (C,).
    The examples of a batch see each other, so it has no per-example gradients while training. Errors: SettingError
    ``layer-setting``, ``model-state``; ShapeError ``layer-shape``. Source: S. Ioffe and C. Szegedy, "Batch
    Normalization", 2015.

    >>> layer, params = batch_norm(eps=0), {"w": np.ones(1), "b": np.zeros(1)}
    >>> h, state = layer.train(params, layer.start_state((1,)), np.array([[1.0], [5.0]]), seed=0, t=1)
    >>> h.ravel().tolist(), round(float(state["mean"][0]), 4), round(float(state["var"][0]), 4)
    ([-1.0, 1.0], 0.3, 1.7)
    """
    where = f"batch_norm({momentum!r}, eps={eps!r})"
    kept = number(momentum, 0, math.nextafter(1, 2), "momentum", where)
    return BatchNorm(kept, number(eps, 0, 1, "eps", where), name=name or "")
