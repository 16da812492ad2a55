"""The contract of every entry of the layer table; nothing is excepted by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.nn.tools import leaves

from downslope import nn
from downslope.autodiff import check_gradients, per_example, trace, value_and_grad
from downslope.errors import SettingError, ShapeError
from downslope.nn.layers import Layer, LayerEntry

every = pytest.mark.parametrize("name", sorted(nn.LAYERS))
B = 5


def made(name: str, dtype: Any = np.float64) -> tuple[LayerEntry, Layer, Any, Any, Any]:
    """An entry's example: the layer with a name, its parameters (none of them 0), its state, and a batch."""
    entry = nn.LAYERS[name]
    layer = entry.function(*entry.settings, name="here")
    rng = np.random.default_rng(0)
    params = layer.init(0, entry.shape_in, dtype)
    params = moved(params, lambda p: (p + 0.1 * rng.normal(size=p.shape)).astype(dtype))
    shape = (B, *entry.shape_in)
    x = rng.integers(0, 3, shape) if layer.takes == "indices" else rng.normal(size=shape).astype(dtype)
    return entry, layer, params, layer.start_state(entry.shape_in, dtype), x


def moved(tree: Any, f: Any) -> Any:
    return {key: moved(part, f) for key, part in tree.items()} if isinstance(tree, dict) else f(tree)


def shapes_of(tree: Any) -> Any:
    return moved(tree, np.shape)


def test_every_layer_that_the_issue_asks_for_is_there() -> None:
    asked = "dense conv2d max_pool average_pool flatten embedding rnn lstm gru multi_head_attention layer_norm rms_norm"
    assert {*asked.split(), "batch_norm", "dropout", "residual", "sequential"} <= set(nn.LAYERS)


@every
def test_a_layer_is_found_by_its_name_and_documented(name: str) -> None:
    entry, layer, *_ = made(name)
    assert getattr(nn, name) is entry.function
    assert entry.function.__doc__
    assert layer.name == "here"
    assert entry.function(*entry.settings).name == layer.kind
    assert entry.function(*entry.settings) == entry.function(*entry.settings)


@every
def test_shapes_are_what_they_are_said_to_be(name: str) -> None:
    entry, layer, params, state, x = made(name)
    assert shapes_of(params) == layer.shapes(entry.shape_in)
    assert layer.has_parameters == bool(params)
    expected = (B, *layer.shape_out(entry.shape_in))
    h, new_state = layer.train(params, state, x, 0, 1)
    assert np.shape(layer.evaluate(params, state, x)) == np.shape(h) == expected
    assert shapes_of(new_state) == shapes_of(state)


@every
@pytest.mark.parametrize("training", [False, True])
def test_gradients_agree_with_finite_differences(name: str, training: bool) -> None:
    _, layer, params, state, x = made(name)
    weights = np.random.default_rng(1).normal(size=np.shape(layer.train(params, state, x, 0, 1)[0]))

    def f(params: Any, x: Any) -> Any:
        h = layer.train(params, state, x, 7, 3)[0] if training else layer.evaluate(params, state, x)
        return np.sum(weights * h)

    argnums = [n for n in (0, 1) if leaves((params, x)[n]) and (n == 0 or x.dtype.kind == "f")]
    assert check_gradients(f, params, x, argnums=argnums, directions=3)


@every
def test_all_dialects_give_the_same_and_float32_stays_float32(name: str) -> None:
    _, layer, params, state, x = made(name, np.float32)

    def loss(params: Any, x: Any, t: Any) -> Any:
        h, new_state = layer.train(params, state, x, 7, t)
        return np.mean(h**2), new_state

    graph = trace(value_and_grad(loss, has_aux=True), params, x, 3)
    expected = leaves(graph(params, x, 3))
    for program in (graph.program(), graph.program("in place")):
        for found, right in zip(leaves(program(params, x, 3)), expected, strict=True):
            np.testing.assert_allclose(found, right, rtol=1e-5, atol=1e-6)
    assert {np.asarray(leaf).dtype for leaf in expected} == {np.dtype(np.float32)}
    assert layer.evaluate(params, state, x).dtype == np.float32


@every
def test_training_is_a_pure_function_also_of_the_step(name: str) -> None:
    _, layer, params, state, x = made(name)
    graph = trace(lambda params, state, x, t: layer.train(params, state, x, 7, t), params, state, x, 3)
    for t in (3, 4, 3):
        for found, again in zip(
            leaves(graph(params, state, x, t)), leaves(layer.train(params, state, x, 7, t)), strict=True
        ):
            np.testing.assert_allclose(found, again, rtol=1e-13, atol=1e-14)


@every
def test_the_mean_of_the_examples_gradients_is_the_batchs(name: str) -> None:
    _, layer, params, state, x = made(name)
    weights = np.random.default_rng(1).normal(size=np.shape(layer.evaluate(params, state, x))[1:])

    def f(params: Any, x: Any) -> Any:
        return np.sum(np.mean(weights * layer.evaluate(params, state, x), axis=0))

    if not params:
        return
    whole = leaves(value_and_grad(f)(params, x)[1])
    for one_by_one, sum_of_all in zip(leaves(per_example(f)(params, x)), whole, strict=True):
        np.testing.assert_allclose(one_by_one.mean(axis=0), sum_of_all, rtol=1e-10, atol=1e-12)


@every
def test_its_values_stand_in_its_scope(name: str) -> None:
    _, layer, params, state, x = made(name)
    nodes = trace(lambda p, x: layer.train(p, state, x, 7, 1)[0], params, x).nodes
    scopes = {node.scope for node in nodes if node.inputs}
    assert scopes
    assert all(scope.split(".")[0] == "here" for scope in scopes)


@every
def test_a_wrong_shape_is_refused_with_the_layers_name_and_both_shapes(name: str) -> None:
    entry, layer, params, state, _ = made(name)
    if entry.refuses is None:
        return
    for call in (
        lambda x: layer.evaluate(params, state, x),
        lambda x: layer.train(params, state, x, 0, 1),
        lambda x: trace(lambda x: layer.evaluate(params, state, x), x),
    ):
        with pytest.raises(ShapeError) as error:
            call(np.zeros(entry.refuses))
        first = str(error.value).splitlines()[0]
        assert error.value.code == "layer-shape"
        assert "here" in first
        assert str(entry.refuses) in first
        assert len(str(error.value).splitlines()) == 4
        assert first.count("(") + first.count(" times ") >= 2, "what it is given, and what it has or takes"


@every
def test_a_missing_parameter_is_named(name: str) -> None:
    _, layer, params, state, x = made(name)

    def without(tree: Any) -> Any:
        for key, value in tree.items():
            rest = {k: v for k, v in tree.items() if k != key}
            if isinstance(value, dict):
                yield from ((missing, rest | {key: part}) for missing, part in without(value))
            else:
                yield key, rest

    for missing, tree in without(params):
        with pytest.raises(SettingError, match=f"lack '{missing}'") as error:
            layer.evaluate(tree, state, x)
        assert error.value.code == "model-params"
        assert len(str(error.value).splitlines()) == 4


@every
def test_start_values_follow_from_seed_and_place(name: str) -> None:
    entry, layer, *_ = made(name)
    if not layer.has_parameters:
        return

    def start(seed: int, place: int, dtype: Any = np.float64) -> Any:
        return leaves(layer.init(seed, entry.shape_in, dtype, place))

    for a, b, narrow in zip(start(3, 2), start(3, 2), start(3, 2, np.float32), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a.astype(np.float32), narrow)
        assert narrow.dtype == np.float32
    drawn = [p for p in start(3, 2) if np.ptp(p) > 0 and p.ndim > 1]
    for seed, place in ((4, 2), (3, 1)):
        others = [p for p in start(seed, place) if np.ptp(p) > 0 and p.ndim > 1]
        assert all((a != b).any() for a, b in zip(drawn, others, strict=True))
