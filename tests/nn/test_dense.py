"""Layers of one matrix: numbers, gradients, their place in the graph, and what they say when shapes do not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.nn.tools import agree

from downslope import nn
from downslope.autodiff import grad, trace, value_and_grad
from downslope.errors import DownslopeError, ShapeError

Reference = dict[str, dict[str, Any]]
SMOOTH = ["identity", "sigmoid", "softmax", "tanh"]
RNG = np.random.default_rng(0)
W, B, X = RNG.normal(size=(4, 3)), RNG.normal(size=3), RNG.normal(size=(5, 4))


def assert_close(found: Any, entry: dict[str, Any], expected: Any) -> None:
    np.testing.assert_allclose(found, expected, atol=entry["atol"], rtol=entry["rtol"])


def test_the_parameters_have_inputs_first() -> None:
    params = nn.dense(3, "relu").init(0, (4,))
    assert {name: p.shape for name, p in params.items()} == {"w": (4, 3), "b": (3,)}
    assert nn.dense(3).shapes((4,)) == {"w": (4, 3), "b": (3,)}
    assert nn.dense(3).shape_out((7, 4)) == (7, 3)


def test_a_layer_draws_from_a_generator_too() -> None:
    rng = np.random.default_rng(1)
    first, second = nn.dense(3).init(rng, (4,)), nn.dense(3).init(rng, (4,))
    assert (first["w"] != second["w"]).all()
    np.testing.assert_array_equal(first["w"], nn.dense(3).init(np.random.default_rng(1), (4,))["w"])


def test_relu_layers_take_he_and_the_others_xavier_unless_told() -> None:
    def start(**settings: Any) -> Any:
        return nn.dense(3, **settings).init(0, (4,), np.float64)["w"]

    he, xavier = nn.he(nn.generator(0, 1), (4, 3)), nn.xavier(nn.generator(0, 1), (4, 3))
    np.testing.assert_array_equal(start(activation="relu"), he)
    for name in SMOOTH:
        np.testing.assert_array_equal(start(activation=name), xavier)
    np.testing.assert_array_equal(start(activation="relu", init="xavier"), xavier)
    np.testing.assert_array_equal(start(init=lambda rng, shape: np.full(shape, 0.5)), np.full((4, 3), 0.5))
    assert not start(init="zeros").any()


def test_one_example_a_batch_and_a_batch_of_sequences_give_the_same_rows() -> None:
    layer, params = nn.dense(3, "tanh"), {"w": W, "b": B}
    rows = layer(params, X)
    np.testing.assert_allclose(layer(params, X[2]), rows[2], rtol=1e-12)
    np.testing.assert_allclose(layer(params, np.stack([X, X]))[1], rows, rtol=1e-12)


@pytest.mark.parametrize("name", [*SMOOTH, "relu"])
def test_values_and_gradients_agree_with_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    twin = {"identity": lambda z: z, "softmax": lambda z: torch.softmax(z, -1)}.get(name) or getattr(torch, name)
    weights = RNG.normal(size=(5, 3))
    theirs = [torch.tensor(a, requires_grad=True) for a in (W, B, X)]
    h = twin(torch.nn.functional.linear(theirs[2], theirs[0].T, theirs[1]))
    (h * torch.tensor(weights)).sum().backward()
    layer = nn.dense(3, name)
    np.testing.assert_allclose(layer({"w": W, "b": B}, X), h.detach().numpy(), rtol=1e-12, atol=1e-15)
    found = grad(lambda w, b, x: np.sum(weights * layer({"w": w, "b": b}, x)), argnums=(0, 1, 2))(W, B, X)
    for ours, its in zip(found, theirs, strict=True):
        np.testing.assert_allclose(ours, its.grad.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", [*SMOOTH, "relu"])
def test_gradients_agree_with_finite_differences(name: str) -> None:
    layer, weights = nn.dense(3, name), RNG.normal(size=(5, 3))

    def f(w: Any) -> Any:
        return np.sum(weights * layer({"w": w, "b": B}, X))

    found, h = grad(f)(W), 1e-5
    for i in np.ndindex(W.shape):
        step = np.zeros_like(W)
        step[i] = h
        assert found[i] == pytest.approx((f(W + step) - f(W - step)) / (2 * h), rel=1e-7, abs=1e-9)


def test_names_and_scope_reach_the_graph() -> None:
    layer = nn.dense(3, "tanh", name="encoder")
    nodes = trace(lambda params, x: layer(params, x), {"w": W, "b": B}, X).nodes
    inside = {node.name: node.scope for node in nodes if node.name in ("z", "h")}
    assert inside == {"z": "encoder", "h": "encoder"}


def test_a_neuron_as_in_cs231n(reference: Reference) -> None:
    entry = reference["cs231n.sigmoid_neuron"]
    w, x, expected = entry["inputs"]["w"], entry["inputs"]["x"], entry["expected"]
    params = {"w": np.array(w[:2])[:, None], "b": np.array(w[2:])}
    assert_close(nn.dense(1)(params, np.array(x)), entry, [expected["dot"]])
    neuron = nn.dense(1, "sigmoid")
    f, (dp, dx) = value_and_grad(lambda p, x: neuron(p, x)[0], argnums=(0, 1))(params, np.array(x))
    assert_close(f, entry, expected["f"])
    assert_close(grad(lambda z: nn.sigmoid(z))(1.0), entry, expected["ddot"])
    assert_close(dp["w"][:, 0], entry, [expected["dw0"], expected["dw1"]])
    assert_close(dp["b"][0], entry, expected["dw2"])
    assert_close(dx, entry, [expected["dx0"], expected["dx1"]])


def test_a_neuron_that_begins_badly_wrong_learns_slowly_as_in_nielsen(reference: Reference) -> None:
    entry = reference["nielsen.neuron"]
    neuron = nn.dense(1, "sigmoid")
    step = value_and_grad(lambda p: 0.5 * nn.mse(neuron(p, np.ones((1, 1))), np.zeros((1, 1))))
    for start, before, after in ((0.6, "a0", "a"), (2.0, "b0", "b")):
        params = {"w": np.array([[start]]), "b": np.array([0.9 if start == 0.6 else 2.0])}
        assert_close(neuron(params, np.ones((1, 1))), entry, [[entry["expected"][before]]])
        for _ in range(entry["inputs"]["epochs"]):
            g = step(params)[1]
            params = {name: p - entry["inputs"]["lr"] * g[name] for name, p in params.items()}
        assert_close(neuron(params, np.ones((1, 1))), entry, [[entry["expected"][after]]])


WRONG: Any = nn  # to call with what the type checker would refuse
PARAMS = {"w": W, "b": B}


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (
            lambda: nn.dense(3, name="out")(PARAMS, np.ones((5, 7))),
            "layer-shape",
            "layer out is given x of shape (5, 7)",
        ),
        (lambda: nn.dense(3)(PARAMS, np.ones((5, 7))), "layer-shape", "its w has shape (4, 3)"),
        (lambda: nn.dense(3)(PARAMS, np.ones((5, 7))), "layer-shape", "Give x of shape (B, 4)."),
        (lambda: nn.dense(3)(PARAMS, X.T), "layer-shape", "Give x.T: the examples are its columns here."),
        (lambda: nn.dense(3)(PARAMS, 1.0), "layer-shape", "x of shape ()"),
        (lambda: grad(lambda p: np.sum(nn.dense(3)(p, X.T)))(PARAMS), "layer-shape", "x of shape (4, 5)"),
        (lambda: nn.dense(3)({"w": W}, X), "model-params", "the parameters of dense lack 'b'"),
        (lambda: nn.dense(3)({"W": W, "b": B}, X), "model-params", "Known: W, b."),
        (lambda: nn.dense(0), "layer-size", "n_out is 0"),
        (lambda: nn.dense(-2), "layer-size", "dense(-2)"),
        (lambda: WRONG.dense(2.5), "layer-size", "n_out is 2.5"),
        (lambda: nn.dense(3, "rleu"), "unknown-name", "Did you mean 'relu'?"),
        (lambda: WRONG.dense(3, None), "unknown-name", "there is no activation called None"),
        (lambda: nn.dense(3, init="xaver"), "unknown-name", "Did you mean 'xavier'?"),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], code: str, words: str) -> None:
    with pytest.raises(DownslopeError) as error:
        call()
    assert error.value.code == code
    assert isinstance(error.value, ShapeError) == (code == "layer-shape")
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4


# --- embedding --------------------------------------------------------------------------------------------------------

TABLE = {"w": W}


def test_an_embedding_agrees_with_pytorch_also_where_a_row_is_named_twice() -> None:
    torch = pytest.importorskip("torch")
    x = np.array([[3, 0, 3], [1, 3, 0]])
    agree(lambda w, x: nn.embedding(4, 3)({"w": w}, x), lambda w, x: torch.nn.functional.embedding(x, w), W, x)


def test_an_embedding_is_a_dense_layer_of_one_hots() -> None:
    x = np.array([2, 0, 1, 1])
    dense = nn.dense(3)({"w": W, "b": np.zeros(3)}, np.eye(4)[x])
    np.testing.assert_allclose(nn.embedding(4, 3)(TABLE, x), dense, rtol=1e-13)
    g = grad(lambda w: np.sum(nn.embedding(4, 3)({"w": w}, x)))(W)
    np.testing.assert_array_equal(g, np.array([1, 2, 1, 0])[:, None] * np.ones(3))


def test_a_model_knows_that_it_takes_indices() -> None:
    model = nn.Model((5,), (nn.embedding(10, 4), nn.flatten(), nn.dense(2)))
    assert model.takes == "indices"
    assert nn.mlp([3, 2]).takes == "numbers"
    assert model.shapes == ((5,), (5, 4), (20,), (2,))
    assert model(model.init(), np.zeros((3, 5), int)).shape == (3, 2)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.eye(4), "Give x.argmax(axis=-1) if x is a one-hot."),
        (np.array([1.0, 2.0]), "x of shape (2,) and type float64, and its w has 4 rows"),
        (np.array([1.0, 2.0]), "Give x.astype(int)"),
        (np.array([0, 4]), "layer words is given the index 4"),
        (np.array([0, -1]), "the index -1"),
    ],
)
def test_what_are_no_indices_is_refused(x: Any, words: str) -> None:
    with pytest.raises(DownslopeError) as error:
        nn.embedding(4, 3, name="words")(TABLE, x)
    assert error.value.code == "layer-indices"
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
