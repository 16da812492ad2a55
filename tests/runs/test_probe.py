"""Looking into a step: what a probe tells is what differences of the loss tell, for every kind of model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from downslope import data, nn
from downslope.autodiff import tree
from downslope.runs.probe import Probe
from downslope.runs.task import Task

T, ROWS = 3, 6


def plain(params: Any, x: Any) -> Any:
    h = np.tanh(x @ params["w1"])
    h = np.tanh(h @ params["w2"])  # the name again
    return h @ params["w3"]


PLAIN = {"w1": np.full((4, 3), 0.2), "w2": np.full((3, 5), -0.3), "w3": np.linspace(-1, 1, 15).reshape(5, 3)}
NORMAL = (nn.dense(6, "tanh"), nn.batch_norm(), nn.dropout(0.3), nn.dense(10))
IMAGE = (nn.conv2d(2, 3, "tanh", stride=2), nn.batch_norm(), nn.flatten(), nn.dropout(0.2), nn.dense(10))


def noisy(params: Mapping[str, Any], seed: int = 1) -> Any:
    """Off the start, where biases are 0 and scales 1."""
    rng = np.random.default_rng(seed)
    return tree.map_tree(lambda leaf: leaf + 0.1 * rng.normal(size=np.shape(leaf)), params)


@cache
def probed(name: str) -> tuple[Probe, tuple[Any, ...]]:
    """A probe, and the arguments of a step."""
    model, source, start = {
        "tanh mlp": (nn.mlp([10, 5, 1], hidden="tanh"), data.diabetes(), None),
        "softplus mlp": (nn.mlp([64, 5, 10], hidden="softplus"), data.digits(), None),
        "dropout and batch norm": (nn.Model((64,), NORMAL), data.digits(), None),
        "convolution": (nn.Model((1, 8, 8), IMAGE), data.digits(), None),
        "plain function": (plain, data.iris(), PLAIN),
    }[name]
    task = Task(model, source, None, 0, np.float64)
    at = (noisy(task.start(start)), task.start_memory(), task.x[:ROWS], task.y[:ROWS], T)
    return Probe(task, *at[:4]), at


MODELS = ["tanh mlp", "softplus mlp", "dropout and batch norm", "convolution", "plain function"]
every_model = pytest.mark.parametrize("name", MODELS)


def moved(at: tuple[Any, ...], direction: Any, far: float) -> tuple[Any, ...]:
    leaves, _, spec = tree.flatten(at[0])
    steps = tree.flatten(direction)[0]
    return (tree.unflatten(spec, [p + far * v for p, v in zip(leaves, steps, strict=True)]), *at[1:])


def direction(probe: Probe, at: tuple[Any, ...], seed: int = 0) -> tuple[Any, dict[str, Any]]:
    """A random direction, nested and by name."""
    v = noisy(tree.map_tree(np.zeros_like, at[0]), seed)
    return v, dict(zip(probe.names, tree.flatten(v)[0], strict=True))


def inner(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    return sum(float(np.sum(a[name] * b[name])) for name in a)


@every_model
def test_the_gradient_is_the_slope_of_the_loss(name: str) -> None:
    probe, at = probed(name)
    seen = probe.look(*at)
    assert seen["loss"] == pytest.approx(probe.loss_at(*at), rel=1e-12)
    for seed in range(3):
        v, by_name = direction(probe, at, seed)
        slope = (probe.loss_at(*moved(at, v, 1e-5)) - probe.loss_at(*moved(at, v, -1e-5))) / 2e-5
        assert inner(seen["grads"], by_name) == pytest.approx(slope, rel=1e-6, abs=1e-9)


@every_model
def test_the_product_with_the_hessian_is_the_slope_of_the_gradient(name: str) -> None:
    probe, at = probed(name)
    v, _ = direction(probe, at)
    found = probe.hvp(*at, v=v)
    ahead, behind = (probe.look(*moved(at, v, far))["grads"] for far in (1e-5, -1e-5))
    for key, value in found.items():
        np.testing.assert_allclose(value, (ahead[key] - behind[key]) / 2e-5, rtol=1e-5, atol=1e-7)


@every_model
def test_the_rows_losses_and_gradients_have_the_steps_as_their_mean(name: str) -> None:
    probe, at = probed(name)
    seen = probe.look(*at)
    losses = probe.losses(*at)
    assert losses.shape == (ROWS,)
    assert losses.mean() == pytest.approx(seen["loss"], rel=1e-12)
    for key, each in probe.per_example_grads(*at).items():
        assert each.shape == (ROWS, *seen["grads"][key].shape)
        np.testing.assert_allclose(each.mean(axis=0), seen["grads"][key], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["tanh mlp", "softplus mlp", "plain function"])
def test_where_rows_are_strangers_a_rows_gradient_is_that_of_the_row_alone(name: str) -> None:
    probe, at = probed(name)
    found = probe.per_example_grads(*at)
    params, memory, x, y, t = at
    for i in (0, ROWS - 1):
        alone = Probe(probe.task, params, memory, x[i : i + 1], y[i : i + 1])
        expected = alone.look(params, memory, x[i : i + 1], y[i : i + 1], t)["grads"]
        for key, each in found.items():
            np.testing.assert_allclose(each[i], expected[key], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["dropout and batch norm", "convolution"])
def test_with_batch_norm_a_rows_gradient_is_the_slope_of_its_loss_in_the_whole_mini_batch(name: str) -> None:
    probe, at = probed(name)
    v, by_name = direction(probe, at)
    slopes = (probe.losses(*moved(at, v, 1e-5)) - probe.losses(*moved(at, v, -1e-5))) / 2e-5
    found = probe.per_example_grads(*at)
    for i in range(ROWS):
        row = {key: each[i] for key, each in found.items()}
        assert inner(row, by_name) == pytest.approx(slopes[i], rel=1e-5, abs=1e-8)


# --- errors: a layer's output is moved, and the loss is watched -------------------------------------------------------


def offset_loss(probe: Probe, at: tuple[Any, ...], layer: str, offset: Any) -> float:
    """The loss where a layer's output has an offset added to it: the forward pass by hand, layer by layer."""
    params, memory, h, y, t = at
    model = probe.task.model
    for k, each in enumerate(model.layers, start=1):
        h, _ = each.train(params.get(each.name, {}), memory.get(each.name, {}), h, probe.task.seed, t, k)
        if each.name == layer:
            h = h + offset
    return float(probe.task.loss(h, y))


@pytest.mark.parametrize("name", MODELS[:-1])
def test_an_error_is_the_slope_of_the_loss_by_that_activation(name: str) -> None:
    probe, at = probed(name)
    seen = probe.look(*at)
    rng = np.random.default_rng(0)
    for layer in probe.task.model.layers:
        h, g = seen["activations"][layer.name], seen["errors"][layer.name]
        assert g.shape == h.shape
        v = rng.normal(size=h.shape)
        slope = offset_loss(probe, at, layer.name, 1e-5 * v) - offset_loss(probe, at, layer.name, -1e-5 * v)
        assert float(np.sum(g * v)) == pytest.approx(slope / 2e-5, rel=1e-5, abs=1e-9)


def test_the_forward_pass_is_the_models_own_and_its_end_is_called_output() -> None:
    probe, at = probed("dropout and batch norm")
    params, memory, x, _, t = at
    outputs: dict[str, Any] = {}
    probe.task.forward(params, memory, x, t, outputs)
    seen = probe.look(*at)["activations"]
    assert list(outputs) == ["dense1", "batch_norm1", "dropout1", "dense2", "output"]
    for name, h in outputs.items():
        np.testing.assert_allclose(seen[name], h, rtol=1e-12)
    np.testing.assert_allclose(seen["dense1.h"], seen["dense1"])
    np.testing.assert_allclose(np.tanh(seen["dense1.z"]), seen["dense1.h"])


# --- plain functions --------------------------------------------------------------------------------------------------


def test_the_named_values_of_a_plain_function_are_its_layers_and_a_name_used_again_is_numbered() -> None:
    probe, at = probed("plain function")
    params, _, x, y, _ = at
    seen = probe.look(*at)
    first = np.tanh(x @ params["w1"])
    second = np.tanh(first @ params["w2"])
    np.testing.assert_allclose(seen["activations"]["h"], first)
    np.testing.assert_allclose(seen["activations"]["h.2"], second)
    np.testing.assert_allclose(seen["activations"]["output"], second @ params["w3"])
    assert [probe.layers[name].activation for name in ("h", "h.2")] == ["tanh", "tanh"]
    # dL/doutput of the mean cross-entropy, and one step back by hand.
    z = seen["activations"]["output"]
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    g = (p - y) / ROWS
    np.testing.assert_allclose(seen["errors"]["output"], g, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(seen["errors"]["h.2"], g @ params["w3"].T, rtol=1e-9, atol=1e-12)


def test_arrays_by_name_take_the_place_of_those_that_are_there() -> None:
    probe, at = probed("tanh mlp")
    other = np.full_like(at[0]["dense1"]["b"], 7)
    nested = probe.nested({"dense1.b": other}, at[0])
    np.testing.assert_array_equal(nested["dense1"]["b"], other)
    assert nested["dense2"]["w"] is at[0]["dense2"]["w"]


def test_a_layer_knows_its_kind_its_activation_and_its_parameters() -> None:
    layers = probed("convolution")[0].layers
    facts = [(one.name, one.kind, one.activation) for one in layers.values()]
    assert facts == [
        ("conv1", "conv", "tanh"),
        ("batch_norm1", "batch_norm", "identity"),
        ("flatten1", "flatten", "identity"),
        ("dropout1", "dropout", "identity"),
        ("dense1", "dense", "identity"),
    ]
    assert [one.parameters for one in layers.values()] == [
        ("conv1.w", "conv1.b"),
        ("batch_norm1.w", "batch_norm1.b"),
        (),
        (),
        ("dense1.w", "dense1.b"),
    ]


def test_numbers_that_overflow_come_through() -> None:
    probe, at = probed("tanh mlp")
    params = tree.map_tree(lambda leaf: leaf * np.inf, at[0])
    seen = probe.look(params, *at[1:])
    assert not np.isfinite(seen["loss"])
    assert np.isnan(seen["grads"]["dense1.w"]).any()
