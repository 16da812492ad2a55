"""One step of a network that is written down by hand, without a run: values, error signals, gradients and updates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from downslope.runs.probe import Probe
from downslope.runs.step import Array, Batch, LayerFacts, OptimizerFacts, Step, Tensors
from downslope.runs.task import Task


class _Written(Task):
    """A model and a loss without a data set."""

    def __init__(self, model: Any, loss: Callable[..., Any]) -> None:
        self.model, self.loss, self.seed, self.dtype = model, loss, 0, np.dtype(np.float64)


class WrittenStep(Step):
    """A step of plain gradient descent at parameters that are given; made by :func:`one_step`."""

    t, task = 1, "regression"

    def __init__(self, probe: Probe, at: tuple[Any, ...], lr: float) -> None:
        self.probe, self._at, self.lr = probe, at, lr
        self.batch, self.rows = Batch(at[2], at[3]), np.arange(len(at[2]))
        seen = probe.look(*at)
        self.grads: Tensors = seen["grads"]
        self.activations: Tensors = seen["activations"]
        self.errors: Tensors = seen["errors"]
        self.loss: float = seen["loss"]
        self.params: Tensors = _by_name(probe, at[0])
        self.updates: Tensors = {name: -lr * g for name, g in self.grads.items()}
        self.optimizer_state: Mapping[str, Any] = {}
        self.optimizer = OptimizerFacts("gradient_descent", {"lr": lr}, f"gradient_descent(lr={lr:g})")

    @property
    def layers(self) -> Mapping[str, LayerFacts]:  # type: ignore[override]
        """Facts of each layer, in order."""
        return self.probe.layers

    @cached_property
    def losses(self) -> Array:
        """Of each row."""
        return self.probe.losses(*self._at)

    @cached_property
    def per_example_grads(self) -> Tensors:  # type: ignore[override]
        """The gradient of each row's loss."""
        return self.probe.per_example_grads(*self._at)


def one_step(model: Any, params: Any, x: Any, y: Any, *, loss: Callable[..., Any], lr: float = 0.1) -> WrittenStep:
    """One step of gradient descent in float64, to be shown by ``ds.plot.flow``.

    model: of ``ds.nn``, or a plain NumPy function ``(params, x) -> output``. params: a nested dict of numbers, lists or
    arrays, as the model names them. x (B, n), y (B, outputs) or (B,); a single row may be given as (n,). loss:
    ``(output, y) -> number``, which should be a mean over the rows. lr: the rate, for the updates −lr · gradient.

    >>> import downslope as ds
    >>> net = ds.nn.Model((1,), (ds.nn.dense(1),))
    >>> step = one_step(net, {"dense1": {"w": [[3.0]], "b": [1.0]}}, [[2.0]], [[5.0]], loss=ds.nn.mse, lr=0.1)
    >>> step.loss, float(step.grads["dense1.w"][0, 0]), float(step.updates["dense1.b"][0])
    (4.0, 8.0, -0.4)
    """
    task = _Written(model, loss)
    inputs, targets = np.asarray(x, np.float64), np.asarray(y)
    if inputs.ndim == 1:
        inputs, targets = inputs[None], targets[None]
    at = (_floats(params), task.start_memory(), inputs, targets, 1)
    return WrittenStep(Probe(task, *at[:4]), at, float(lr))


def _floats(params: Any) -> Any:
    """Numbers and lists of numbers, nested in dicts, as arrays."""
    if isinstance(params, Mapping):
        return {name: _floats(value) for name, value in params.items()}
    return np.asarray(params, np.float64)


def _by_name(probe: Probe, params: Any) -> dict[str, Array]:
    """The arrays of nested dicts by their dotted names."""
    found: dict[str, Array] = {}
    for name in probe.names:
        value = params
        for key in name.split("."):
            value = value[key]
        found[name] = value
    return found
