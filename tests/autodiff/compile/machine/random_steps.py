"""Random training steps: a model, a loss, an optimizer and mini-batches of ragged sizes, each from its seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope import nn, optim
from downslope.autodiff.graph import Graph
from downslope.runs.step_graph import step_graph
from downslope.runs.step_program import Carried

STEPS = 3
LENGTHS = (1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33)
# soap and a line search are not generated, or decide by the numbers how often they evaluate.
RULES = tuple(name for name in optim.OPTIMIZERS if name != "soap")


@dataclass(frozen=True)
class Training:
    """One step as a graph, with what it is bound to and fed with. streams: one value a step.

    gathered: streamed input -> the rows that its stream numbers; empty where mini-batches are streamed themselves.
    """

    graph: Graph
    bound: dict[int, Any]
    carried: dict[int, int]
    recorded: list[int]
    gathered: dict[int, Any]
    streams: list[Any]
    text: str


def random_training(seed: int) -> Training | None:
    """None for a rule that cannot be traced."""
    rng = np.random.default_rng(seed)
    size = [int(n) for n in rng.choice(LENGTHS, 8)]
    dtype = (np.float32, np.float64)[int(rng.integers(2))]
    kind, name = sorted(MODELS)[int(rng.integers(len(MODELS)))], RULES[int(rng.integers(len(RULES)))]
    B, classes = max(size[0], 2 if kind == "norms" else 1), max(size[1], 2)  # one example has no variance
    rule: Any = optim.by_name(name, lr=0.01)
    if isinstance(rule, optim.Method) and not rule.traces:
        return None
    model = MODELS[kind](rng, size[2:], classes)
    carried = Carried.start(model.init(seed, dtype), rule, model.start_state(dtype))
    n = B + size[7]
    x: Any = rng.normal(size=(n, *model.shapes[0])).astype(dtype)
    if kind == "embedding":
        x = rng.integers(0, 10, (n, *model.shapes[0]))
    numbers = bool(rng.integers(2))
    y: Any = rng.integers(0, classes, n) if numbers else np.eye(classes, dtype=dtype)[rng.integers(0, classes, n)]

    def objective(p: Any, memory: Any, x: Any, y: Any, t: Any) -> Any:
        output, memory = model.train(p, memory, x, seed, t)
        return nn.softmax_cross_entropy(output, y), memory

    graph = step_graph(objective, rule, carried, (x[:B], y[:B]), norms=True, by_array=bool(rng.integers(2)))
    kept = graph.inputs[: len(carried.leaves)]
    told, over = graph.outputs[: -len(kept)], graph.outputs[-len(kept) :]
    rows = rng.integers(-n, n, (STEPS, B))
    given = [i for i in graph.inputs if i not in kept][:2]
    is_gathered = bool(rng.integers(2))
    clock = [np.arange(1, STEPS + 1), np.full(STEPS, 0.01)]
    text = f"{kind} with {name}, {np.dtype(dtype)}, mini-batches of {B}, {classes} classes\n{model}"
    return Training(
        graph, dict(zip(kept, carried.leaves, strict=True)), dict(zip(kept, over, strict=True)), list(told),
        dict(zip(given, (x, y), strict=True)) if is_gathered else {},
        [*((rows, rows) if is_gathered else (x[rows], y[rows])), *clock], text,
    )  # fmt: skip


def _hidden(rng: np.random.Generator) -> str:
    return str(rng.choice(sorted(nn.ACTIVATIONS)))


def _mlp(rng: Any, n: list[int], classes: int) -> nn.Model:
    return nn.mlp([*n[: 2 + int(rng.integers(2))], classes], hidden=_hidden(rng))


def _conv(rng: Any, n: list[int], classes: int) -> nn.Model:
    side, channels, stride = 5 + n[0] % 6, 1 + n[1] % 3, 1 + int(rng.integers(2))
    first = nn.conv2d(2 + n[2] % 5, 3, "relu", stride=stride, padding="same" if stride == 1 else 0)
    pool = (nn.max_pool(2), nn.average_pool(2))[int(rng.integers(2))]
    return nn.Model((channels, side, side), (first, pool, nn.flatten(), nn.dense(classes)))


def _lstm(rng: Any, n: list[int], classes: int) -> nn.Model:
    cell = (nn.lstm, nn.gru, nn.rnn)[int(rng.integers(3))]
    return nn.Model((1 + n[0] % 5, n[1]), (cell(n[2], last=True), nn.dense(classes)))


def _attention(rng: Any, n: list[int], classes: int) -> nn.Model:
    heads = 1 + int(rng.integers(3))
    block = nn.residual(nn.multi_head_attention(heads, causal=bool(rng.integers(2))))
    return nn.Model((1 + n[0] % 9, heads * (1 + n[1] % 9)), (block, nn.layer_norm(), nn.flatten(), nn.dense(classes)))


def _norms(rng: Any, n: list[int], classes: int) -> nn.Model:
    norm = (nn.layer_norm(), nn.rms_norm(), nn.batch_norm())[int(rng.integers(3))]
    return nn.Model((n[0],), (nn.dense(n[1] + 1), norm, nn.activate(_hidden(rng)), nn.dropout(0.4), nn.dense(classes)))


def _embedding(rng: Any, n: list[int], classes: int) -> nn.Model:
    return nn.Model((1 + n[0] % 5,), (nn.embedding(10, n[1]), nn.flatten(), nn.dense(classes)))


MODELS: dict[str, Callable[[Any, list[int], int], nn.Model]] = {
    "mlp": _mlp, "mlp, another": _mlp, "conv": _conv, "recurrent": _lstm, "attention": _attention, "norms": _norms,
    "embedding": _embedding,
}  # fmt: skip
