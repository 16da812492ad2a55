"""Looking into a step: its gradients, activations, error signals and second derivatives, from parameters and a batch.

A probe traces the objective once for a mini-batch size, with its backward half and with each layer's output marked, and
then answers for any step of that size. Its programs may sum in another order than those that trained: what it tells
agrees with the training to rounding, while parameters and optimizer states are replayed exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from downslope import nn
from downslope.autodiff import batched, grad, hvp, per_example, trace, tree, value_and_grad
from downslope.autodiff.graph import Graph, Node
from downslope.runs.step import LayerFacts
from downslope.runs.task import Task

Array = Any


class Probe:
    """What can be asked at steps whose mini-batches have the shapes of ``x`` and ``y``.

    ``graph`` is ``(params, memory, x, y, t) -> {"loss", "grads", "layers"}``; its ``adjoints`` are the error signals.
    """

    def __init__(self, task: Task, params: Any, memory: Any, x: Array, y: Array) -> None:
        self.task, self.example = task, (params, memory, x, y, 1)
        self.names = tree.flatten(params)[1]

        def probe(params: Any, memory: Any, x: Array, y: Array, t: Any) -> Any:
            layers: dict[str, Array] = {}

            def loss(params: Any) -> tuple[Any, None]:
                output, _ = task.forward(params, memory, x, t, layers)
                return task.loss(output, y), None

            (found, _), grads = value_and_grad(loss, has_aux=True)(params)
            return {"loss": found, "grads": grads, "layers": layers}

        self.graph: Graph = trace(probe, *self.example)

    # --- forward and backward ------------------------------------------------------------------------------------

    @cached_property
    def places(self) -> dict[str, int]:
        """Name -> node of every activation: the named values of the forward half, then each layer's output."""
        found: dict[str, int] = {}
        times: Counter[str] = Counter()
        for node in self.graph.nodes:
            if _is_activation(node):
                times[node.full_name] += 1  # a variable may be assigned again
                again = f".{times[node.full_name]}" if times[node.full_name] > 1 else ""
                found[node.full_name + again] = node.id
        results = tree.unflatten(self.graph.out_tree, list(self.graph.outputs))
        return found | dict(results["layers"])

    @cached_property
    def layers(self) -> dict[str, LayerFacts]:
        """Facts of each layer of a model, or of each named value of a plain function, in order."""
        model, flops = self.task.model, self.graph.cost().scopes()
        if not isinstance(model, nn.Model):
            kinds = {"maximum": "relu", "tanh": "tanh"}
            nodes = {name: self.graph[i] for name, i in self.places.items() if name != "output"}
            return {
                name: LayerFacts(name, "", kinds.get(node.primitive.name, "identity"))
                for name, node in nodes.items()
                if node.shape and node.scope != "loss"
            }
        facts = {}
        for layer in model.layers:
            within = [key for key in flops if key.removesuffix(" backward").split(".")[0] == layer.name]
            halves = [
                sum(flops[key][0] for key in within if key.endswith(" backward") is half) for half in (False, True)
            ]
            own = tuple(name for name in self.names if name.split(".")[0] == layer.name)
            facts[layer.name] = LayerFacts(
                layer.name, layer.kind, getattr(layer, "activation", "identity"), own, (halves[0], halves[1])
            )
        return facts

    def look(self, params: Any, memory: Any, x: Array, y: Array, t: int) -> dict[str, Any]:
        """Forward and backward once: "loss", "grads", "activations" and "errors" by name."""
        wanted = set(self.places.values())
        adjoints = {i: self.graph.adjoints[i] for i in wanted if i in self.graph.adjoints}
        kept = wanted | set(adjoints.values())
        with np.errstate(all="ignore"):
            values = self.graph.values((params, memory, x, y, t), keep=kept.__contains__)
        results = tree.unflatten(self.graph.out_tree, [values[i] for i in self.graph.outputs])
        grads = [np.asarray(leaf) for leaf in tree.flatten(results["grads"])[0]]
        return {
            "loss": float(results["loss"]),
            "grads": dict(zip(self.names, grads, strict=True)),
            "activations": {name: values[i] for name, i in self.places.items()},
            # An adjoint may be narrower than its value: it holds one number where all of an axis have the same.
            "errors": {
                name: np.broadcast_to(np.asarray(values[adjoints[i]], self.graph[i].dtype), self.graph[i].shape)
                for name, i in self.places.items()
                if i in adjoints
            },
        }

    # --- each row by itself --------------------------------------------------------------------------------------

    def losses(self, *at: Any) -> Array:
        """The loss of each row of the mini-batch, (B,): at = (params, memory, x, y, t)."""
        with np.errstate(all="ignore"):
            return self._row_losses(*at)

    @cached_property
    def _row_losses(self) -> Any:
        return trace(self._losses_of_rows, *self.example).program("in place")

    def _losses_of_rows(self, params: Any, memory: Any, x: Array, y: Array, t: Any) -> Any:
        """The forward pass of the whole mini-batch, with its masks and statistics, then the loss of each row alone."""
        output, _ = self.task.forward(params, memory, x, t)
        return batched(self.task.loss, (True, True))(np.expand_dims(output, 1), np.expand_dims(y, 1))

    def per_example_grads(self, *at: Any) -> dict[str, Array]:
        """The gradient of each row's loss: name -> (B, ...)."""
        params, memory, x, y, t = at
        with np.errstate(all="ignore"):
            if self._rows_are_strangers:
                leaves = tree.flatten(self._all_rows(params, x, y))[0]
            else:  # one backward pass for each row, through the masks and statistics of the whole mini-batch
                chosen = np.eye(len(x), dtype=self.task.dtype)
                each = [tree.flatten(self._one_row(params, memory, x, y, t, one))[0] for one in chosen]
                leaves = [np.stack(rows) for rows in zip(*each, strict=True)]
        return dict(zip(self.names, leaves, strict=True))

    @cached_property
    def _rows_are_strangers(self) -> bool:
        """Whether each row can be computed alone: no statistics over the mini-batch, no mask by its place."""
        draws = any(node.primitive.name == "random_uniform" for node in self.graph.nodes)
        return isinstance(self.task.model, nn.Model) and not tree.flatten(self.example[1])[0] and not draws

    @cached_property
    def _all_rows(self) -> Any:
        params, memory, x, y, t = self.example

        def loss(params: Any, x: Array, y: Array) -> Any:
            return self.task.objective(params, memory, x, y, t)[0]

        return trace(per_example(loss), params, x, y).program("in place")

    @cached_property
    def _one_row(self) -> Any:
        def chosen_loss(params: Any, memory: Any, x: Array, y: Array, t: Any, chosen: Array) -> Any:
            return np.sum(chosen * self._losses_of_rows(params, memory, x, y, t))

        one = np.zeros(len(self.example[2]), self.task.dtype)
        return trace(grad(chosen_loss), *self.example, one).program("in place")

    # --- elsewhere and second derivatives --------------------------------------------------------------------------

    @cached_property
    def _loss_alone(self) -> Any:
        return trace(lambda *at: self.task.objective(*at)[0], *self.example).program("in place")

    def loss_at(self, *at: Any) -> float:
        """The loss of the mini-batch: at = (params, memory, x, y, t)."""
        with np.errstate(all="ignore"):
            return float(self._loss_alone(*at))

    @cached_property
    def _curvature(self) -> Any:
        product = hvp(lambda params, memory, x, y, t: self.task.objective(params, memory, x, y, t)[0])
        return trace(product, *self.example, self.example[0]).program("in place")

    def hvp(self, *at: Any, v: Any) -> dict[str, Array]:
        """Hessian of the mini-batch's loss times v, which is nested like the parameters: name -> array."""
        with np.errstate(all="ignore"):
            leaves = tree.flatten(self._curvature(*at, v))[0]
        return dict(zip(self.names, leaves, strict=True))

    def nested(self, tensors: Mapping[str, Array], like: Any) -> Any:
        """Arrays by name in the structure of the parameters; those left out are taken from ``like``."""
        leaves, names, spec = tree.flatten(like)
        dtype = self.task.dtype
        return tree.unflatten(
            spec,
            [
                np.asarray(tensors[name], dtype) if name in tensors else leaf
                for name, leaf in zip(names, leaves, strict=True)
            ],
        )


def _is_activation(node: Node) -> bool:
    """A value that a user would point at: named, of the forward half, and not an input."""
    return bool(node.name) and not node.derived and node.dtype.kind == "f" and node.primitive.name not in _NOT_COMPUTED


_NOT_COMPUTED = ("input", "constant", "variable")
