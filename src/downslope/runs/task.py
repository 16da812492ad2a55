"""What is trained: a model, its data and its loss, brought together as one objective and checked to fit."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any

import numpy as np

from downslope import nn
from downslope.autodiff import trace, tree
from downslope.autodiff.program import Program
from downslope.data import Data
from downslope.errors import DataError, SettingError

ONE_HOT_LIMIT = 64  # above so many classes a row of zeros and a one costs more than looking the class up


class Task:
    """A model with its loss and data. The arrays are those of training, in its type.

    x: (n, ...) rows to train on, in the shape that the model takes. y: (n, outputs) targets, or (n,) classes.
    """

    def __init__(self, model: Any, data: Data, loss: Callable[..., Any] | None, seed: int, dtype: Any) -> None:
        self.model, self.data, self.seed, self.dtype = model, data, seed, float_type(dtype)
        self.loss = loss or nn.loss_for(data.task)
        if isinstance(model, nn.Model):
            self.check_fit(model)
        self.x, self.y = self.inputs(data.train.x), self.targets(data.train.y)
        self.check_indices()

    def check_fit(self, model: nn.Model) -> None:
        """Inputs and outputs must fit the data before anything is traced."""
        n_in, n_out = self.data.train.x.shape[1], self.data.n_outputs
        if math.prod(model.shapes[0]) == n_in and model.shapes[-1] == (n_out,):
            return
        what = "classes" if self.data.task == "classification" else "target"
        raise DataError(
            "model-data-shape",
            f"the model takes examples of shape {model.shapes[0]} and gives {model.shapes[-1]}; {self.data.name} has "
            f"{n_in} features and {n_out} {what}",
            where=f"first layer {model.layers[0].name}, last layer {model.layers[-1].name}",
            why="every feature is an input of the first layer, every class an output of the last",
            do=f"build it as ds.nn.mlp([{n_in}, ..., {n_out}])",
        )

    def check_indices(self) -> None:
        """Nobody asks again while steps are taken: an index must be one of the first embedding's rows."""
        first = next((layer for layer in self.layers if layer.takes == "indices"), None)
        if isinstance(first, nn.Embedding) and self.model.takes == "indices":
            for given in (self.data.train.x, self.data.held_out.x):
                whole = given.astype(np.int64)
                first.check(whole if np.array_equal(whole, given) else given, first.n)

    def with_seed(self, seed: int) -> Task:
        """The same task under another seed: it shares the arrays."""
        found = copy.copy(self)
        found.seed = seed
        found.__dict__.pop("like", None)  # which may name the seed
        return found

    @property
    def draws(self) -> bool:
        """Whether the seed may decide more than start parameters and batch order: what dropout drops, for example."""
        passing = (nn.Layer.train, nn.BatchNorm.train, nn.Sequential.train, nn.Residual.train)
        return any(type(layer).train not in passing for layer in self.layers)

    @property
    def layers(self) -> list[nn.Layer]:
        """All layers of a model, those inside others too."""
        found = list(self.model.layers) if isinstance(self.model, nn.Model) else []
        for layer in found:  # grows meanwhile
            if isinstance(layer, nn.Sequential):
                found += layer.layers
            if isinstance(layer, nn.Residual):
                found += layer.aside.layers
        return found

    @cached_property
    def like(self) -> Hashable:
        """Equal for tasks with the same objective, whatever their arrays; None where that cannot be known.

        What is Downslope's own stays as it is while a process lives; a notebook may define the user's own again.
        """
        parts = (self.loss, *map(type, self.layers), *(each.function for each in nn.ACTIVATIONS.values()))
        if not isinstance(self.model, nn.Model) or not all(map(is_ours, parts)):
            return None
        return self.model, self.loss, self.seed if self.draws else None

    def start(self, params: Any) -> Any:
        """Parameters to begin with: those that are given, or the model's own for the seed."""
        if params is not None:
            return tree.map_tree(lambda leaf: np.array(leaf, self.dtype), params)
        if isinstance(self.model, nn.Model):
            return self.model.init(self.seed, self.dtype)
        raise SettingError(
            "params-missing",
            "a plain function is trained without start parameters",
            where="train(model, ..., params=None)",
            why="only a model of ds.nn knows how to initialise itself",
            do="pass params=, a nested dict, list or tuple of arrays",
        )

    def start_memory(self) -> Any:
        """What the model keeps beside its parameters before the first step; ``{}`` for most."""
        return self.model.start_state(self.dtype) if isinstance(self.model, nn.Model) else {}

    def inputs(self, x: Any) -> Any:
        """Rows in the type and shape that the model takes."""
        if not isinstance(self.model, nn.Model):
            return np.ascontiguousarray(x, self.dtype)
        kind = np.int64 if self.model.takes == "indices" else self.dtype
        return np.ascontiguousarray(x, kind).reshape(len(x), *self.model.shapes[0])

    def targets(self, y: Any) -> Any:
        """Classes as rows of zeros and a one for our own cross-entropy, as numbers for other losses."""
        if self.data.task == "regression":
            return np.ascontiguousarray(y, self.dtype)
        if self.loss is nn.softmax_cross_entropy and self.data.n_outputs <= ONE_HOT_LIMIT:
            return np.eye(self.data.n_outputs, dtype=self.dtype)[y]
        return y

    def forward(
        self, params: Any, memory: Any, x: Any, t: Any, outputs: dict[str, Any] | None = None
    ) -> tuple[Any, Any]:
        """The model's output for a mini-batch in step ``t``, and what it keeps for the next step.

        outputs: filled with the output of each layer, and with that of the whole as "output".
        """
        if isinstance(self.model, nn.Model):
            output, memory = self.model.train(params, memory, x, self.seed, t, outputs)
        else:
            output = self.model(params, x)
        if outputs is not None:
            outputs["output"] = output
        return output, memory

    def objective(self, params: Any, memory: Any, x: Any, y: Any, t: Any) -> tuple[Any, Any]:
        """The loss of a mini-batch in step ``t``, and what the model keeps for the next step."""
        output, memory = self.forward(params, memory, x, t)
        return self.loss(output, y), memory

    def output(self, params: Any, memory: Any, x: Any) -> Any:
        """The model's output for rows x (n, features), in inference."""
        if isinstance(self.model, nn.Model):
            return self.model(params, self.inputs(x), memory)
        return self.model(params, self.inputs(x))

    def judge(self, params: Any, memory: Any) -> tuple[Any, float]:
        """Output and loss on the held-out part, in inference."""
        x, y = self._held_out
        if self._judging is None:

            def judge(params: Any, memory: Any, x: Any, y: Any) -> Any:
                output = self.model(params, x, memory) if isinstance(self.model, nn.Model) else self.model(params, x)
                return output, self.loss(output, y)

            self._judging = trace(judge, params, memory, x, y).program("in place")
        output, loss = self._judging(params, memory, x, y)
        return output, float(loss)

    @cached_property
    def _held_out(self) -> tuple[Any, Any]:
        return self.inputs(self.data.held_out.x), self.targets(self.data.held_out.y)

    _judging: Program | None = None


def is_ours(part: Any) -> bool:
    """Whether a function or a class is Downslope's."""
    return str(getattr(part, "__module__", "")).partition(".")[0] == "downslope"


def float_type(dtype: Any) -> np.dtype[Any]:
    """The type of training; SettingError ``train-dtype`` for anything but float32 and float64."""
    found: np.dtype[Any] = np.dtype(dtype)
    if found in (np.dtype(np.float32), np.dtype(np.float64)):
        return found
    raise SettingError(
        "train-dtype",
        f"dtype={found}",
        where="train(dtype=...)",
        why="gradients need floating-point numbers of enough digits",
        do="use numpy.float32 (fast) or numpy.float64 (exact to 16 digits)",
    )
