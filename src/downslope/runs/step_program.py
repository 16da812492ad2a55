"""One training step as a program: forward, backward and update traced as one graph, many steps a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from downslope.autodiff import named, scope, trace, tree, value_and_grad
from downslope.autodiff.compile.in_place import loop
from downslope.autodiff.graph import Graph
from downslope.autodiff.program import Program
from downslope.optim import Optimizer

Array = Any
Objective = Callable[[Any, Array, Array], Any]


class Layout:
    """Nested parameters as one flat vector and back: where each of them starts, and in which shape."""

    def __init__(self, params: Any) -> None:
        leaves, self.names, self.spec = tree.flatten(params)
        self.shapes = [np.shape(leaf) for leaf in leaves]
        sizes = [int(np.prod(shape, dtype=int)) for shape in self.shapes]
        self.starts = [0, *np.cumsum(sizes).tolist()]
        self.size: int = self.starts[-1]

    def flat(self, params: Any) -> Any:
        """All parameters end to end, in the order in which they were written."""
        leaves = tree.flatten_like(self.spec, params)
        return np.concatenate([np.reshape(leaf, (-1,)) for leaf in leaves])

    def nested(self, flat: Any) -> Any:
        """Views of the flat vector in the parameters' shapes, each under its name."""
        ends = zip(self.starts, self.starts[1:], self.shapes, self.names, strict=False)
        return tree.unflatten(self.spec, [named(np.reshape(flat[a:b], shape), name) for a, b, shape, name in ends])


class StepProgram:
    """The training step for one mini-batch size, working in place on one flat vector of parameters and its state.

    ``run(xs, ys, first, rates, losses)`` takes ``len(xs)`` steps. ``graph`` is the step as a pure function
    ``(p, state, x, y, t, lr) -> (loss, new p, new state)``, which a step can be replayed and looked into with.
    """

    def __init__(
        self,
        objective: Objective,
        optimizer: Optimizer,
        layout: Layout,
        flat: Array,
        state: Mapping[str, Array],
        batch: tuple[Array, Array],
    ) -> None:
        self.graph = step_graph(objective, optimizer, layout, flat, state, batch)
        leaves = [flat, *tree.flatten(state)[0]]
        kept = self.graph.inputs[: len(leaves)]
        loss, *replacing = self.graph.outputs
        bound, carried = dict(zip(kept, leaves, strict=True)), dict(zip(kept, replacing, strict=True))
        self.program: Program = loop(self.graph, bound, carried, [loss])

    def run(self, xs: Array, ys: Array, first: int, rates: Sequence[float], losses: Array) -> None:
        """Take the steps ``first, first + 1, ...`` on the given mini-batches and write their losses."""
        run_steps: Any = self.program.function
        run_steps((xs, ys, range(first, first + len(rates)), rates), (losses,))


def step_graph(
    objective: Objective,
    optimizer: Optimizer,
    layout: Layout,
    flat: Array,
    state: Mapping[str, Array],
    batch: tuple[Array, Array],
) -> Graph:
    """Trace one step. A rule that acts on every number alone sees one flat vector, others see one array at a time."""

    def step(p: Array, state: Any, x: Array, y: Array, t: int, lr: float) -> Any:
        loss, gradients = value_and_grad(objective)(layout.nested(p), x, y)
        if optimizer.elementwise:
            with scope("update"):
                g = layout.flat(gradients)
                new_p, new_state = optimizer.update(g, state, p, t, lr)
            return loss, new_p, new_state
        split = {name: layout.nested(part) for name, part in state.items()}
        with scope("update"):
            nested, new_split = optimizer.step(layout.nested(p), gradients, split, t, lr)
        return loss, layout.flat(nested), {name: layout.flat(part) for name, part in new_split.items()}

    return trace(step, flat, dict(state), *batch, 1, 1.0)
