"""Layers in order: what a model, a block and a residual have in common."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from downslope.autodiff import scope
from downslope.errors import DownslopeError, SettingError
from downslope.nn.activations import Array
from downslope.nn.initialise import Shape, inside
from downslope.nn.layers import Layer, Params, State, part


@dataclass(frozen=True)
class Chain:
    """Layers in order, which hand x on. ``where``: whose they are, for messages.

    Trees of parameters and of running statistics have the layers' names as their keys.
    """

    layers: tuple[Layer, ...]
    where: str

    def init(self, seed: Any, shape_in: Shape, dtype: Any, place: int) -> dict[str, Any]:
        """Start values of all layers that have any; ``place`` is that of the whole, 0 for a model."""
        return {
            layer.name: layer.init(seed, before, dtype, inside(place, k))
            for k, (layer, before) in enumerate(self.walk(shape_in), start=1)
            if layer.has_parameters
        }

    def start_state(self, shape_in: Shape, dtype: Any) -> dict[str, Any]:
        """Running statistics of all layers that have any."""
        states = {layer.name: layer.start_state(before, dtype) for layer, before in self.walk(shape_in)}
        return {name: state for name, state in states.items() if state}

    def walk(self, shape_in: Shape) -> Iterator[tuple[Layer, Shape]]:
        """Each layer with the shape of the examples that it gets."""
        for layer in self.layers:
            yield layer, shape_in
            shape_in = layer.shape_out(shape_in)

    def shapes(self, shape_in: Shape) -> dict[str, Any]:
        """Name -> shapes of the layer's parameters."""
        return {layer.name: layer.shapes(before) for layer, before in self.walk(shape_in) if layer.has_parameters}

    def shape_out(self, shape_in: Shape) -> Shape:
        """Shape of an example after the last layer."""
        for layer in self.layers:
            shape_in = layer.shape_out(shape_in)
        return shape_in

    def params_of(self, layer: Layer, params: Params) -> Params:
        """Those of one layer."""
        own: Params = part(params, layer.name, self.where) if layer.has_parameters else {}
        return own

    def evaluate(self, params: Params, state: State, x: Array) -> Array:
        """Through all layers, in inference."""
        for layer in self.layers:
            x = layer.evaluate(self.params_of(layer, params), state.get(layer.name, {}), x)
        return x

    def train(
        self,
        params: Params,
        state: State,
        x: Array,
        seed: int,
        t: Any,
        place: int,
        outputs: dict[str, Array] | None = None,
    ) -> tuple[Array, dict[str, Any]]:
        """Through all layers while training, and all running statistics after it. outputs: filled with each layer's."""
        new: dict[str, Any] = {}
        for k, layer in enumerate(self.layers, start=1):
            own, before = self.params_of(layer, params), state.get(layer.name, {})
            x, after = layer.train(own, before, x, seed, t, inside(place, k))
            if after:
                new[layer.name] = after
            if outputs is not None:
                outputs[layer.name] = x
        return x, new


@contextlib.contextmanager
def part_of(name: str, layers: Sequence[Layer]) -> Iterator[None]:
    """Inside, traced values stand in the scope of this block, and an error names its layer ``block.dense1``."""
    with scope(name):
        try:
            yield
        except DownslopeError as error:
            own = error.where.partition(":")[0].partition(".")[0]
            if own not in {layer.name for layer in layers}:
                raise
            what, where = error.what.replace(own, f"{name}.{own}", 1), f"{name}.{error.where}"
            again = type(error)(error.code, what, where=where, why=error.why, do=error.do)
            raise again.with_traceback(error.__traceback__) from None


def numbered(layers: Sequence[Layer], where: str) -> tuple[Layer, ...]:
    """Layers without a name of their own get a number: ``dense1``. SettingError ``layer-name`` where two are alike."""
    if not layers:
        raise SettingError(
            "model-empty",
            "there are no layers",
            where=where,
            why="without layers there is nothing to learn",
            do="Give at least one, for example Model((64,), (dense(10),)), or mlp([64, 10]).",
        )
    seen: Counter[str] = Counter()
    named: list[Layer] = []
    for each in layers:
        if not isinstance(each, Layer):
            raise SettingError(
                "layer-kind",
                f"{each!r} is not a layer",
                where=where,
                why="a model asks its layers for their parameters and shapes, which a function does not know",
                do='Give layers such as dense(10); activate("relu") makes a layer of an activation.',
            )
        seen[each.kind] += 1
        named.append(each.named(f"{each.kind}{seen[each.kind]}") if each.name == each.kind else each)
    twice = [name for name, n in Counter(each.name for each in named).items() if n > 1]
    if twice:
        raise SettingError(
            "layer-name",
            f"two layers are called {twice[0]!r}",
            where=f"{where}: {', '.join(each.name for each in named)}",
            why="the name is the key of a layer's parameters, so the second would take those of the first",
            do="Give each layer its own name, or none: then they are numbered.",
        )
    return tuple(named)
