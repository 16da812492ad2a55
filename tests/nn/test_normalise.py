"""Normalisation: PyTorch's numbers in training and in inference, and its running statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.nn.tools import agree, close

from downslope import nn
from downslope.autodiff import per_example, trace, value_and_grad, vjp
from downslope.errors import DownslopeError

Reference = dict[str, dict[str, Any]]
RNG = np.random.default_rng(0)
SHAPES = [(6, 3), (4, 3, 5), (2, 3, 4, 5)]


@pytest.mark.parametrize("n_axes", [1, 2])
def test_layer_norm_agrees_with_pytorch(n_axes: int) -> None:
    torch = pytest.importorskip("torch")
    x = RNG.normal(size=(4, 3, 5))
    w, b = RNG.normal(size=x.shape[-n_axes:]), RNG.normal(size=x.shape[-n_axes:])
    agree(
        lambda x, w, b: nn.layer_norm(n_axes)({"w": w, "b": b}, x),
        lambda x, w, b: torch.nn.functional.layer_norm(x, w.shape, w, b),
        *(x, w, b),
    )


def test_rms_norm_agrees_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    x, w = RNG.normal(size=(4, 3, 5)), RNG.normal(size=5)
    agree(lambda x, w: nn.rms_norm()({"w": w}, x), lambda x, w: torch.nn.functional.rms_norm(x, w.shape, w, 1e-6), x, w)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [False, True])
def test_batch_norm_agrees_with_pytorch(shape: Any, training: bool) -> None:
    torch = pytest.importorskip("torch")
    x, w, b = RNG.normal(size=shape) * 3 + 1, RNG.normal(size=3), RNG.normal(size=3)
    state = {"mean": RNG.normal(size=3), "var": RNG.uniform(0.5, 2, 3)}
    layer = nn.batch_norm()

    def ours(x: Any, w: Any, b: Any) -> Any:
        params = {"w": w, "b": b}
        return layer.train(params, state, x, 0, 1)[0] if training else layer.evaluate(params, state, x)

    def theirs(x: Any, w: Any, b: Any) -> Any:
        running = (torch.tensor(state["mean"]), torch.tensor(state["var"]))
        return torch.nn.functional.batch_norm(x, *running, w, b, training)

    agree(ours, theirs, x, w, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_running_statistics_are_those_of_pytorch_after_many_steps(shape: Any) -> None:
    torch = pytest.importorskip("torch")
    module = torch.nn.BatchNorm1d if len(shape) < 4 else torch.nn.BatchNorm2d
    theirs, layer = module(3, momentum=0.3, dtype=torch.float64), nn.batch_norm(momentum=0.3)
    params, state = layer.init(0, shape[1:], np.float64), layer.start_state(shape[1:], np.float64)
    step = trace(lambda state, x: layer.train(params, state, x, 0, 1), state, np.zeros(shape))
    for _ in range(20):
        x = RNG.normal(size=shape) * 2 + 3
        theirs(torch.tensor(x))
        _, state = step(state, x)
    np.testing.assert_allclose(state["mean"], theirs.running_mean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(state["var"], theirs.running_var.numpy(), rtol=1e-12)
    x = RNG.normal(size=shape)
    expected = theirs.eval()(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(layer.evaluate(params, state, x), expected, rtol=1e-12)


def test_batch_norm_as_published(reference: Reference) -> None:
    entry = reference["backprop.batchnorm"]
    x, up = np.array(entry["inputs"]["X"]), np.array(entry["inputs"]["UP"])
    layer = nn.batch_norm()
    params, state = layer.init(0, (4,), np.float64), layer.start_state((4,), np.float64)
    y, pullback = vjp(lambda x: layer.train(params, state, x, 0, 1)[0], x)
    (dx,) = pullback(up)
    close(y, entry, entry["expected"]["Y"])
    close(dx, entry, entry["expected"]["dX"])
    np.testing.assert_allclose(dx.sum(axis=0), 0, atol=1e-14)


def test_the_state_is_carried_beside_the_gradient() -> None:
    model = nn.Model((3,), (nn.batch_norm(), nn.dense(2)))
    params, state, x, y = model.init(), model.start_state(), np.ones((4, 3), np.float32), np.array([0, 1, 0, 1])
    assert state["batch_norm1"]["mean"].dtype == np.float32
    x = x * np.arange(4, dtype=np.float32)[:, None]

    def objective(params: Any, state: Any, x: Any, y: Any, t: Any) -> Any:
        z, new_state = model.train(params, state, x, 0, t)
        return nn.softmax_cross_entropy(z, y), new_state

    (_, new), gradient = value_and_grad(objective, has_aux=True)(params, state, x, y, 1)
    np.testing.assert_allclose(new["batch_norm1"]["mean"], 0.15, rtol=1e-6)
    np.testing.assert_allclose(new["batch_norm1"]["var"], 0.9 + 0.1 * 5 / 3, rtol=1e-6)
    assert new["batch_norm1"]["mean"].dtype == np.float32
    assert gradient["batch_norm1"].keys() == {"w", "b"}


LAYER = nn.batch_norm(name="norm")
PARAMS = LAYER.init(0, (3,))
MODEL = nn.Model((3,), (nn.sequential(nn.batch_norm(), name="block"), nn.dense(1)))


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (lambda: LAYER(PARAMS, np.ones((2, 3))), "model-state", "the running statistics of norm lack 'mean'"),
        (lambda: LAYER.train(PARAMS, {}, np.ones((2, 3)), 0, 1), "model-state", "lack 'mean'"),
        (lambda: MODEL(MODEL.init(), np.ones((2, 3))), "model-state", "statistics of block.batch_norm1 lack 'mean'"),
        (lambda: MODEL(MODEL.init(), np.ones((2, 3)), {"block": {}}), "model-state", "model.start_state()"),
        (
            lambda: LAYER.train(PARAMS, LAYER.start_state((3,)), np.ones((1, 3)), 0, 1),
            "layer-shape",
            "each of its 3 channels gets one number",
        ),
        (
            lambda: per_example(lambda p, x: np.sum(LAYER.train(p, LAYER.start_state((3,)), x, 0, 1)[0]))(
                PARAMS, np.ones((4, 3))
            ),
            "layer-shape",
            "x of shape (1, 3)",
        ),
        (lambda: nn.batch_norm(momentum=1.5), "layer-setting", "momentum is 1.5"),
        (lambda: nn.batch_norm(eps=-1e-5), "layer-setting", "eps is -1e-05"),
        (lambda: nn.layer_norm(0), "layer-size", "n_axes is 0"),
        (lambda: nn.layer_norm(eps=2), "layer-setting", "eps is 2"),
        (lambda: nn.rms_norm(eps=-1), "layer-setting", "eps is -1"),
        (lambda: nn.Model((3,), (nn.layer_norm(2),)), "layer-shape", "it takes examples of at least 2 axes"),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], code: str, words: str) -> None:
    with pytest.raises(DownslopeError) as error:
        call()
    assert error.value.code == code
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
