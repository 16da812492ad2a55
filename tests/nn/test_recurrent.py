"""Recurrent layers: PyTorch's states and gradients, backpropagation through time as published, and where they start."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.nn.tools import agree, close

from downslope import nn
from downslope.autodiff import grad, stop_gradient, trace, value_and_grad, vjp
from downslope.errors import ShapeError

Reference = dict[str, dict[str, Any]]
RNG = np.random.default_rng(0)
B, T, N_IN, N = 3, 5, 4, 2


def drawn(layer: nn.Layer) -> dict[str, Any]:
    return {name: RNG.normal(size=shape) for name, shape in layer.shapes((T, N_IN)).items()}


def pytorchs(torch: Any, kind: str, given: dict[str, Any], x: Any) -> Any:
    """The states of PyTorch's layer with our parameters: its matrices are transposed, and it adds a second bias."""
    u_bias = torch.zeros_like(given["b"])
    if kind == "GRU":
        u_bias = torch.cat([torch.zeros(2 * N, dtype=torch.float64), given["c"]])
    weights = {
        "weight_ih_l0": given["w"].T,
        "weight_hh_l0": given["u"].T,
        "bias_ih_l0": given["b"],
        "bias_hh_l0": u_bias,
    }
    module = getattr(torch.nn, kind)(N_IN, N, batch_first=True, dtype=torch.float64)
    return torch.func.functional_call(module, weights, (x,))[0]


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("last", [False, True])
def test_states_and_gradients_agree_with_pytorch(kind: str, last: bool) -> None:
    torch = pytest.importorskip("torch")
    layer = getattr(nn, kind.lower())(N, last=last)
    params = drawn(layer)

    def theirs(x: Any, *values: Any) -> Any:
        h = pytorchs(torch, kind, dict(zip(params, values, strict=True)), x)
        return h[:, -1] if last else h

    x = RNG.normal(size=(B, T, N_IN))
    agree(lambda x, *values: layer(dict(zip(params, values, strict=True)), x), theirs, x, *params.values())


SCALAR = {"w": np.array([[0.8]]), "u": np.array([[0.5]]), "b": np.array([0.1])}
SEQUENCE = np.array([1.0, -1.0, 0.5, 2.0]).reshape(1, 4, 1)


def test_backpropagation_through_time_as_published(reference: Reference) -> None:
    entry = reference["backprop.rnn"]
    expected, layer = entry["expected"], nn.rnn(1)
    states, pullback = vjp(lambda p: layer(p, SEQUENCE), SCALAR)
    close(states.ravel(), entry, expected["h"])
    (back,) = pullback(np.array([0, 0, 0, states[0, 3, 0] - 1]).reshape(1, 4, 1))
    close([back["u"][0, 0], back["w"][0, 0], back["b"][0]], entry, [expected[k] for k in ("dwh", "dwx", "db")])
    # dL/dh_t is the adjoint of the state that is carried into the rest of the sequence
    for t in range(1, 4):

        def rest(h: Any, t: int = t) -> Any:
            _, (last,) = layer.run(SCALAR, SEQUENCE[:, t:], (h,))
            return 0.5 * np.sum((last - 1) ** 2)

        close(grad(rest)(states[:, t - 1])[0, 0], entry, expected["dh"][t - 1])


def test_cutting_the_past_off_as_published(reference: Reference) -> None:
    entry, layer = reference["backprop.tbptt"], nn.rnn(1)

    def loss(p: Any, cut: bool) -> Any:
        _, (h,) = layer.run(p, SEQUENCE[:, :2])
        _, (h,) = layer.run(p, SEQUENCE[:, 2:], (stop_gradient(h) if cut else h,))
        return 0.5 * np.sum((h - 1) ** 2)

    close(grad(lambda p: loss(p, False))(SCALAR)["u"][0, 0], entry, entry["expected"]["full"])
    close(grad(lambda p: loss(p, True))(SCALAR)["u"][0, 0], entry, entry["expected"]["truncated"])


@pytest.mark.parametrize("make", [nn.rnn, nn.lstm, nn.gru])
def test_a_sequence_in_two_halves_is_the_sequence(make: Any) -> None:
    layer = make(N)
    params, x = drawn(layer), RNG.normal(size=(B, T, N_IN))
    whole, end = layer.run(params, x)
    first, carry = layer.run(params, x[:, :2])
    second, last = layer.run(params, x[:, 2:], carry)
    np.testing.assert_allclose(np.array([*first, *second]), np.array(whole), rtol=1e-12)
    for a, b in zip(last, end, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_each_gate_starts_orthogonal_and_the_lstm_remembers() -> None:
    for make, gates in ((nn.rnn, 1), (nn.lstm, 4), (nn.gru, 3)):
        params = make(8).init(0, (T, N_IN), np.float64)
        for u in np.split(params["u"], gates, axis=1):
            np.testing.assert_allclose(u.T @ u, np.eye(8), atol=1e-12)
        for w in np.split(params["w"], gates, axis=1):
            assert abs(w).max() <= np.sqrt(6 / (N_IN + 8))
    np.testing.assert_array_equal(nn.lstm(2).init(0, (T, N_IN))["b"], [0, 0, 1, 1, 0, 0, 0, 0])


def test_the_steps_stand_in_the_graph_under_their_names() -> None:
    layer = nn.lstm(N, name="memory")
    nodes = trace(layer, drawn(layer), RNG.normal(size=(B, T, N_IN))).nodes
    assert sum(node.name == "c" and node.scope == "memory" for node in nodes) == T
    assert sum(node.primitive.name == "matmul" for node in nodes) == 2 * T


def test_a_recurrent_network_learns_to_tell_whether_a_sequence_rises() -> None:
    model = nn.Model((6, 1), (nn.gru(8, last=True), nn.dense(2)))
    rng = np.random.default_rng(3)
    x = np.cumsum(rng.normal(size=(64, 6, 1)), axis=1)
    y = (x[:, -1, 0] > x[:, 0, 0]).astype(int)
    params = model.init(0, np.float64)
    step = trace(value_and_grad(lambda p: nn.softmax_cross_entropy(model(p, x), y)), params)
    for _ in range(200):
        _, g = step(params)
        params = {k: {n: p - 0.5 * g[k][n] for n, p in part.items()} for k, part in params.items()}
    assert np.mean(model(params, x).argmax(axis=1) == y) > 0.9


@pytest.mark.parametrize("make", [nn.rnn, nn.lstm, nn.gru])
def test_wrong_shapes(make: Any) -> None:
    layer = make(N, name="memory")
    with pytest.raises(ShapeError, match=r"layer memory is given x of shape \(3, 4\)") as error:
        layer(drawn(layer), np.ones((3, 4)))
    assert error.value.code == "layer-shape"
    with pytest.raises(ShapeError, match=r"it takes sequences \(T, n_in\)"):
        nn.Model((4,), (layer,))
