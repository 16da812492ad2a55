"""Whole training steps, of every kind of layer, loss and optimizer, give the numbers of the in-place dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.autodiff.compile.machine.tools import needs_machine

from downslope import nn, optim
from downslope.autodiff.compile import in_place, machine
from downslope.runs.step_graph import step_graph
from downslope.runs.step_program import Carried

pytestmark = needs_machine

STEPS = 20
Models = dict[str, tuple[Callable[[], nn.Model], int]]
RELU = nn.activate("relu")
# Name -> (model, classes).
MODELS: Models = {
    "S": (lambda: nn.mlp([64, 32, 10]), 10),
    "M, narrower": (lambda: nn.mlp([40, 96, 80, 10], hidden="tanh"), 10),
    "deep": (lambda: nn.mlp([5] + [9] * 12 + [3], hidden="gelu"), 3),
    "one output": (lambda: nn.mlp([3, 8, 1], hidden="tanh"), 1),
    "many classes": (lambda: nn.mlp([5, 7, 300]), 300),
    "conv": (
        lambda: nn.Model(
            (1, 8, 8),
            (nn.conv2d(4, 3, "relu", padding="same"), nn.max_pool(2), nn.conv2d(6, 3), nn.flatten(), nn.dense(3)),
        ),
        3,
    ),
    "conv, groups": (
        lambda: nn.Model(
            (2, 9, 9),
            (nn.conv2d(4, 3, "relu", stride=2, groups=2), nn.average_pool(2), nn.flatten(), nn.dense(3)),
        ),
        3,
    ),
    "batch norm": (lambda: nn.Model((5,), (nn.dense(7, bias=False), nn.batch_norm(), RELU, nn.dense(3))), 3),
    "batch norm, images": (
        lambda: nn.Model((2, 6, 6), (nn.conv2d(4, 3, bias=False), nn.batch_norm(), RELU, nn.flatten(), nn.dense(3))),
        3,
    ),
    "layer norm": (lambda: nn.Model((5,), (nn.dense(17), nn.layer_norm(), nn.activate("silu"), nn.dense(3))), 3),
    "layer norm, wide": (lambda: nn.Model((5,), (nn.dense(300), nn.layer_norm(), nn.dense(3))), 3),
    "rms norm": (lambda: nn.Model((5,), (nn.dense(70), nn.rms_norm(), nn.dense(3))), 3),
    "dropout": (lambda: nn.Model((5,), (nn.dense(17, "relu"), nn.dropout(0.4), nn.dense(3))), 3),
    "lstm": (lambda: nn.Model((6, 4), (nn.lstm(8, last=True), nn.dense(3))), 3),
    "gru": (lambda: nn.Model((6, 4), (nn.gru(8), nn.flatten(), nn.dense(3))), 3),
    "attention": (
        lambda: nn.Model((6, 8), (nn.residual(nn.multi_head_attention(2, causal=True)), nn.flatten(), nn.dense(3))),
        3,
    ),
}


def both(
    model: nn.Model, rule: Any, xs: Any, ys: Any, loss: Callable[..., Any], dtype: Any
) -> list[tuple[Any, list[Any]]]:
    """Losses and carried arrays after some steps: in place, and by machine code."""

    def objective(p: Any, memory: Any, x: Any, y: Any, t: Any) -> Any:
        output, memory = model.train(p, memory, x, 7, t)
        return loss(output, y), memory

    found = []
    for loop in (in_place.loop, machine.loop):
        carried = Carried.start(model.init(0, dtype), rule, model.start_state(dtype))
        graph = step_graph(objective, rule, carried, (xs[0], ys[0]))
        n = len(carried.leaves)
        bound = dict(zip(graph.inputs[:n], carried.leaves, strict=True))
        replaced = dict(zip(bound, graph.outputs[-n:], strict=True))
        losses = np.zeros(len(xs))
        run: Any = loop(graph, bound, replaced, graph.outputs[:1]).function
        run((xs, ys, range(1, len(xs) + 1), [0.01] * len(xs)), (losses,))
        found.append((losses, carried.leaves))
    return found


def assert_agree(found: list[tuple[Any, list[Any]]], dtype: Any, loose: float = 1) -> None:
    (losses, leaves), (own_losses, own_leaves) = found
    bound = loose * (1e-10 if dtype == np.float64 else 1e-4)
    np.testing.assert_allclose(own_losses, losses, rtol=bound)
    for own, leaf in zip(own_leaves, leaves, strict=True):
        size = np.abs(leaf).max(initial=0.0)
        np.testing.assert_allclose(own, leaf, rtol=bound, atol=bound * float(size))


def batches(shape: tuple[int, ...], classes: int, dtype: Any) -> tuple[Any, Any]:
    rng = np.random.default_rng(2)
    xs = rng.normal(size=(STEPS, 8, *shape)).astype(dtype)
    if classes == 1:
        return xs, rng.normal(size=(STEPS, 8, 1)).astype(dtype)
    return xs, np.eye(classes, dtype=dtype)[rng.integers(0, classes, (STEPS, 8))]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_trains_as_in_place(name: str, dtype: Any) -> None:
    make, classes = MODELS[name]
    model = make()
    xs, ys = batches(model.shapes[0], classes, dtype)
    loss = nn.mse if classes == 1 else nn.softmax_cross_entropy
    assert_agree(both(model, optim.momentum(0.01), xs, ys, loss, dtype), dtype)


# soap turns gradients into a basis that, while their matrices have not their full rank, is made of rounding alone.
@pytest.mark.parametrize("name", [name for name in optim.OPTIMIZERS if name != "soap"])
def test_an_optimizer_steps_as_in_place(name: str) -> None:
    rule: Any = optim.by_name(name, lr=0.01)
    if isinstance(rule, optim.Method) and not rule.traces:
        pytest.skip("it decides by the numbers how often it evaluates")
    xs, ys = batches((5,), 3, np.float64)
    # What is divided by a root of squares near zero shows rounding much enlarged.
    assert_agree(
        both(nn.mlp([5, 17, 3], hidden="tanh"), rule, xs, ys, nn.softmax_cross_entropy, np.float64), np.float64, 100
    )


@pytest.mark.parametrize("wrap", [lambda r: optim.clip_by_norm(r, 0.1), lambda r: optim.ema(r), lambda r: optim.sam(r)])
def test_what_is_put_around_an_optimizer_too(wrap: Callable[[Any], Any]) -> None:
    xs, ys = batches((5,), 3, np.float64)
    rule = wrap(optim.adam(0.01))
    assert_agree(
        both(nn.mlp([5, 17, 3], hidden="tanh"), rule, xs, ys, nn.softmax_cross_entropy, np.float64), np.float64
    )


@pytest.mark.parametrize("hidden", sorted(nn.ACTIVATIONS))
def test_an_activation_too(hidden: str) -> None:
    xs, ys = batches((5,), 3, np.float32)
    rule = optim.adamw(0.01)
    assert_agree(
        both(nn.mlp([5, 17, 3], hidden=hidden), rule, xs, ys, nn.softmax_cross_entropy, np.float32), np.float32
    )


@pytest.mark.parametrize("loss", [nn.mse, nn.half_mse, nn.mae, nn.huber, nn.hinge, nn.bce_with_logits, nn.focal])
def test_a_loss_too(loss: Callable[..., Any]) -> None:
    xs, ys = batches((5,), 3, np.float64)
    assert_agree(both(nn.mlp([5, 7, 3]), optim.sgd(0.01), xs, ys, loss, np.float64), np.float64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_embedding_and_classes_as_numbers(dtype: Any) -> None:
    rng = np.random.default_rng(4)
    xs, ys = rng.integers(0, 10, (STEPS, 8, 4)), rng.integers(0, 3, (STEPS, 8))
    model = nn.Model((4,), (nn.embedding(10, 6), nn.flatten(), nn.dense(3)))
    assert_agree(both(model, optim.momentum(0.1), xs, ys, nn.softmax_cross_entropy, dtype), dtype)


def test_a_function_that_no_layer_is_like() -> None:
    rng = np.random.default_rng(5)
    xs, ys = rng.normal(size=(STEPS, 7, 9)), rng.normal(size=(STEPS, 7))

    def odd(p: Any, x: Any) -> Any:
        s = np.cumsum(np.sin(x @ p["a"]) ** 3, axis=1) / (1 + np.abs(x[:, ::-1] @ p["a"]))
        top = np.max(s, axis=1, keepdims=True)
        mixed = np.einsum("bi,ij,bj->b", s, p["c"], np.roll(s, 2, axis=1)) + np.logaddexp(top, p["b"])[:, 0]
        return np.where(mixed > 0.1, mixed * np.arctan2(mixed, 2.0), np.hypot(mixed, 1.0) ** 0.3)

    params = {"a": rng.normal(size=(9, 5)), "b": rng.normal(size=5)[:1], "c": rng.normal(size=(5, 5))}

    def objective(p: Any, memory: Any, x: Any, y: Any, t: Any) -> Any:
        return np.mean((odd(p, x) - y) ** 2) + 0.01 * np.prod(1 + p["c"][0] ** 2), memory

    rule, ends = optim.adam(0.01), []
    for loop in (in_place.loop, machine.loop):
        carried = Carried.start(params, rule, {})
        graph = step_graph(objective, rule, carried, (xs[0], ys[0]))
        bound = dict(zip(graph.inputs, carried.leaves, strict=False))
        losses = np.zeros(STEPS)
        run: Any = loop(graph, bound, dict(zip(bound, graph.outputs[1:], strict=True)), graph.outputs[:1]).function
        run((xs, ys, range(1, STEPS + 1), [0.01] * STEPS), (losses,))
        ends.append((losses, carried.leaves))
    assert_agree(ends, np.float64)
