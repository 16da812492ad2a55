"""Models: named layers, counted parameters, gradients as PyTorch's, and a network that learns."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from downslope import nn, optim
from downslope.autodiff import trace, tree, value_and_grad
from downslope.autodiff.compile.in_place import loop
from downslope.errors import DownslopeError

Reference = dict[str, dict[str, Any]]


def test_an_mlp_has_its_activation_between_the_layers_and_none_after_the_last() -> None:
    model = nn.mlp([64, 32, 16, 10], hidden="tanh")
    assert [layer.name for layer in model.layers] == ["dense1", "dense2", "dense3"]
    assert [layer.about for layer in model.layers] == ["tanh", "tanh", "identity"]
    assert model.sizes == (64, 32, 16, 10)
    params = model.init()
    assert {name: {k: p.shape for k, p in part.items()} for name, part in params.items()} == {
        "dense1": {"w": (64, 32), "b": (32,)},
        "dense2": {"w": (32, 16), "b": (16,)},
        "dense3": {"w": (16, 10), "b": (10,)},
    }


def test_numpy_sizes_are_sizes() -> None:
    assert nn.mlp(np.array([3, 2])) == nn.mlp([3, 2]) == nn.mlp((3, 2))  # type: ignore[arg-type]  # reads like a list


def makemore(n: int, depth: int, last: bool) -> nn.Model:
    """A. Karpathy's name generator: three letters of 27, each as ten numbers; the next letter."""
    hidden = [layer for _ in range(depth) for layer in (nn.dense(n, bias=False), nn.batch_norm(), nn.activate("tanh"))]
    tail = [nn.dense(27, bias=False), nn.batch_norm()] if last else [nn.dense(27)]
    return nn.Model((3,), (nn.embedding(27, 10), nn.flatten(), *hidden, *tail))


def test_the_numbers_of_parameters_that_the_books_give(reference: Reference) -> None:
    expected = reference["nielsen.params"]["expected"]
    assert nn.mlp([784, 30, 10], hidden="sigmoid").n_parameters == expected["n30"]
    assert nn.mlp([784, 16, 16, 10], hidden="sigmoid").n_parameters == expected["b3b1b"]
    assert makemore(200, 1, last=False).n_parameters == expected["mk"]
    assert makemore(100, 5, last=True).n_parameters == expected["mkdeep"]
    params = nn.mlp([784, 30, 10]).init()
    assert sum(p.size for layer in params.values() for p in layer.values()) == expected["n30"]


def test_the_model_prints_as_a_table_and_shows_itself_in_a_line() -> None:
    model = nn.mlp([784, 30, 10], hidden="sigmoid")
    assert str(model) == model.summary()
    assert str(model).splitlines() == [
        "layer   shape      parameters  settings",
        "dense1  784 -> 30      23,550  sigmoid",
        "dense2  30 -> 10          310  identity",
        "total                  23,860",
    ]
    assert repr(model) == "<Model 784 -> dense1 sigmoid -> dense2 identity -> 10, 23,860 parameters>"


def test_models_of_the_same_layers_are_equal_and_can_be_sent_to_other_processes() -> None:
    model = nn.mlp([4, 3, 2])
    assert pickle.loads(pickle.dumps(model)) == model == nn.mlp([4, 3, 2])
    assert model != nn.mlp([4, 3, 2], hidden="tanh")
    assert len({model, nn.mlp([4, 3, 2])}) == 1


def test_layers_keep_the_names_that_they_were_given() -> None:
    model = nn.Model((3,), (nn.dense(4, "relu"), nn.dense(4, "relu", name="middle"), nn.dense(1)))
    assert list(model.init()) == ["dense1", "middle", "dense3"]


def test_layers_are_scopes_of_the_graph_and_the_output_is_the_last_layers() -> None:
    model, x = nn.mlp([4, 3, 2], hidden="sigmoid"), np.ones((5, 4))
    params = model.init(dtype=np.float64)
    graph = trace(model, params, x)
    scopes = [node.scope for node in graph.nodes if node.primitive.name == "matmul"]
    assert scopes == ["dense1", "dense2"]
    h = nn.sigmoid(x @ params["dense1"]["w"] + params["dense1"]["b"])
    expected = h @ params["dense2"]["w"] + params["dense2"]["b"]
    np.testing.assert_allclose(model(params, x), expected, rtol=1e-12)
    np.testing.assert_allclose(graph(params, x), expected, rtol=1e-12)


@pytest.mark.parametrize("hidden", ["relu", "tanh", "sigmoid"])
def test_the_loss_and_all_gradients_agree_with_pytorch(hidden: str) -> None:
    torch = pytest.importorskip("torch")
    model, rng = nn.mlp([6, 5, 4, 3], hidden=hidden), np.random.default_rng(0)
    params, x, y = model.init(seed=1, dtype=np.float64), rng.normal(size=(8, 6)), rng.integers(0, 3, 8)
    theirs = {k: {n: torch.tensor(p, requires_grad=True) for n, p in part.items()} for k, part in params.items()}
    h = torch.tensor(x)
    for i, layer in enumerate(theirs.values()):
        z = h @ layer["w"] + layer["b"]
        h = getattr(torch, hidden)(z) if i < 2 else z
    loss = torch.nn.functional.cross_entropy(h, torch.tensor(y))
    loss.backward()
    value, grads = value_and_grad(lambda p, x, y: nn.softmax_cross_entropy(model(p, x), y))(params, x, y)
    assert value == pytest.approx(loss.item(), rel=1e-12)
    for name, part in theirs.items():
        for key, p in part.items():
            np.testing.assert_allclose(grads[name][key], p.grad.numpy(), rtol=1e-10, atol=1e-13)


def test_the_gradient_of_a_whole_network_agrees_with_finite_differences() -> None:
    model, rng = nn.mlp([3, 4, 2], hidden="tanh"), np.random.default_rng(0)
    params, x, y = model.init(dtype=np.float64), rng.normal(size=(6, 3)), rng.normal(size=(6, 2))

    def f(p: Any) -> Any:
        return nn.mse(model(p, x), y)

    _, grads = value_and_grad(f)(params)
    h = 1e-5
    for name, part in params.items():
        for key, p in part.items():
            for i in np.ndindex(p.shape):
                up, down = copy.deepcopy(params), copy.deepcopy(params)
                up[name][key][i] += h
                down[name][key][i] -= h
                assert grads[name][key][i] == pytest.approx((f(up) - f(down)) / (2 * h), rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("y", [np.array([0, 1, 1, 0]), np.eye(2, dtype=np.float32)[[0, 1, 1, 0]], [0, 1, 1, 0]])
def test_float32_stays_float32_through_loss_and_gradients(y: Any) -> None:
    model = nn.mlp([2, 8, 2], hidden="sigmoid")
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    loss, grads = value_and_grad(lambda p, x: nn.softmax_cross_entropy(model(p, x), y))(model.init(), x)
    assert np.asarray(loss).dtype == np.float32
    assert {g.dtype for part in grads.values() for g in part.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("rule", [optim.sgd(0.5), optim.momentum(0.2), optim.adam(0.05)], ids=str)
def test_a_small_network_learns_exclusive_or(rule: optim.Optimizer) -> None:
    model = nn.mlp([2, 8, 2], hidden="tanh")
    x, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    params = model.init(seed=0, dtype=np.float64)
    state = rule.init(params)
    graph = trace(value_and_grad(lambda p, x, y: nn.softmax_cross_entropy(model(p, x), y)), params, x, y)
    for t in range(1, 501):
        params, state = rule.step(params, graph(params, x, y)[1], state, t)
    assert np.argmax(model(params, x), axis=1).tolist() == y.tolist()
    assert nn.softmax_cross_entropy(model(params, x), y) < 0.05


def test_training_with_dropout_and_batch_norm_runs_in_place_and_replays_bit_for_bit() -> None:
    """As a training runs it: parameters and running statistics are overwritten in place, the step t is streamed."""
    model = nn.Model(
        (2,), (nn.dense(16, bias=False), nn.batch_norm(), nn.activate("relu"), nn.dropout(0.2), nn.dense(2))
    )
    x = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]] * 4, np.float32)
    y = np.eye(2, dtype=np.float32)[[0, 1, 1, 0] * 4]

    def step(params: Any, state: Any, t: int) -> Any:
        def objective(params: Any) -> Any:
            z, new_state = model.train(params, state, x, 5, t)
            return nn.softmax_cross_entropy(z, y), new_state

        (loss, new_state), g = value_and_grad(objective, has_aux=True)(params)
        return loss, tree.map_tree(lambda p, g: p - 0.1 * g, params, g), new_state

    def run(steps: range, params: Any, state: Any) -> Any:
        graph = trace(step, params, state, 1)
        given = [*tree.flatten(params)[0], *tree.flatten(state)[0]]
        given = [leaf.copy() for leaf in given]
        bound = dict(zip(graph.inputs, given, strict=False))
        loss, *after = graph.outputs
        losses = np.zeros(len(steps))
        program: Any = loop(graph, bound, dict(zip(bound, after, strict=True)), [loss]).function
        program((steps,), (losses,))
        n = len(tree.flatten(params)[0])
        spec, state_spec = tree.flatten(params)[2], tree.flatten(state)[2]
        return losses, tree.unflatten(spec, given[:n]), tree.unflatten(state_spec, given[n:])

    losses, params, state = run(range(1, 301), model.init(), model.start_state())
    assert losses[-20:].mean() < 0.3 < losses[0]
    np.testing.assert_array_equal(model(params, x, state).argmax(axis=1), y.argmax(axis=1))
    first, early, early_state = run(range(1, 101), model.init(), model.start_state())
    second, late, late_state = run(range(101, 301), early, early_state)
    np.testing.assert_array_equal(np.concatenate([first, second]), losses)
    for a, b in ((late, params), (late_state, state)):
        for one, other in zip(tree.flatten(a)[0], tree.flatten(b)[0], strict=True):
            np.testing.assert_array_equal(one, other)


def test_layers_that_start_with_equal_weights_stay_equal() -> None:
    model, rng = nn.mlp([3, 4, 1], hidden="tanh", init=lambda rng, shape: np.full(shape, 0.3)), optim.adam(0.1)
    params, x = model.init(dtype=np.float64), np.random.default_rng(0).normal(size=(8, 3))
    y, state = x[:, :1] ** 2, rng.init(params)
    for t in range(1, 21):
        _, grads = value_and_grad(lambda p: nn.mse(model(p, x), y))(params)
        params, state = rng.step(params, grads, state, t)
    assert np.ptp(params["dense1"]["w"], axis=1).max() < 1e-12


WRONG: Any = nn  # to call with what the type checker would refuse
NET = nn.mlp([4, 3, 2])
PARAMS = NET.init()


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (lambda: nn.mlp([3]), "mlp-sizes", "sizes is [3]"),
        (lambda: nn.mlp([]), "mlp-sizes", "Give a list such as [64, 32, 10]"),
        (lambda: WRONG.mlp(64), "mlp-sizes", "sizes is 64"),
        (lambda: nn.mlp([3, 0, 1]), "layer-size", "sizes[1] is 0"),
        (lambda: nn.mlp([-3, 1]), "layer-size", "sizes[0] is -3"),
        (lambda: WRONG.mlp([3, 1.5]), "layer-size", "mlp([3, 1.5])"),
        (lambda: WRONG.mlp("ab"), "layer-size", "sizes[0] is 'a'"),
        (lambda: nn.Model((0,), (nn.dense(1),)), "layer-size", "shape_in is 0"),
        (lambda: nn.mlp([3, 1], hidden="rleu"), "unknown-name", "Did you mean 'relu'?"),
        (lambda: nn.Model((3,), ()), "model-empty", "there are no layers"),
        (lambda: nn.Model((3,), (nn.dense(1), nn.dense(1, name="dense1"))), "layer-name", "'dense1'"),
        (lambda: NET({"dense1": PARAMS["dense1"]}, np.ones((1, 4))), "model-params", "the model lack 'dense2'"),
        (lambda: WRONG.mlp([4, 2])(None, np.ones((1, 4))), "model-params", "lack 'dense1'"),
        (lambda: NET(PARAMS, np.ones((5, 3))), "layer-shape", "layer dense1 is given x of shape (5, 3)"),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], code: str, words: str) -> None:
    with pytest.raises(DownslopeError) as error:
        call()
    assert error.value.code == code
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
