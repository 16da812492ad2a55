"""Multiplications, floating-point operations and parameters, counted on the traced graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.reference.tools import Expect

import downslope as ds
from downslope.autodiff import tree
from downslope.autodiff.graph import Graph
from downslope.optim import gradient_descent


def product_flops(graph: Graph, *, backward: bool | None = None) -> int:
    """FLOPs of the matrix products; of the forward or the backward half alone if one is asked for."""
    return sum(
        node.flops
        for node in graph.cost().nodes
        if node.operation == "matmul" and (backward is None or node.backward == backward)
    )


def learned(f: Any, params: Any) -> int:
    """How many numbers the gradient of ``f`` has."""
    gradient = ds.trace(ds.grad(f), params)
    return sum(gradient[i].size for i in gradient.outputs)


def test_the_order_of_a_chain_of_products(expect: Expect) -> None:
    A, B, C = np.ones((10, 100)), np.ones((100, 5)), np.ones((5, 50))
    orders = (lambda A, B, C: (A @ B) @ C, lambda A, B, C: A @ (B @ C))
    expect("matchain.clrs", [ds.trace(f, A, B, C).cost().flops / 2 for f in orders])


def test_a_dense_layer(expect: Expect) -> None:
    given = expect.inputs("flops.linear")
    model = ds.nn.mlp([given["n"], given["m"]])
    x = np.zeros((given["B"], given["n"]), np.float32)
    graph = ds.trace(ds.value_and_grad(lambda p, x: np.sum(model(p, x)), argnums=(0, 1)), model.init(), x)
    expect(
        "flops.linear",
        {
            "fwd": product_flops(graph, backward=False),
            "bwd": product_flops(graph, backward=True),
            "params": model.n_parameters,
        },
    )


def test_a_convolution(expect: Expect) -> None:
    def convolution(p: Any, x: Any) -> Any:
        patches = [x[i : i + 56, j : j + 56] for i in range(3) for j in range(3)]
        return np.concatenate(patches, axis=-1) @ p["w"] + p["b"]

    params = {"w": np.zeros((9 * 64, 128)), "b": np.zeros(128)}
    x = np.zeros((58, 58, 64))
    expect(
        "flops.conv",
        {
            "fwd": product_flops(ds.trace(convolution, params, x)),
            "params": learned(lambda p: np.sum(convolution(p, x)), params),
        },
    )


def test_training_time_grows_with_the_square_of_the_width_and_straight_with_the_rest(expect: Expect) -> None:
    def job(width: int = 16, depth: int = 3, rows: int = 8, epochs: int = 2) -> int:
        """Products of a step times steps of a run; the first layer hands back too, so that all layers are alike."""
        model = ds.nn.mlp([width] * (depth + 1), hidden="tanh")
        x = np.ones((rows, width))
        graph = ds.trace(ds.value_and_grad(lambda p, x: np.mean(model(p, x) ** 2), argnums=(0, 1)), model.init(), x)
        data = ds.data.arrays(x, np.arange(rows) / rows, held_out=0)
        line = {"w": np.zeros((width, 1))}
        run = ds.train(
            lambda p, x: x @ p["w"],
            data,
            optimizer=gradient_descent(1e-3),
            epochs=epochs,
            batch_size=rows,
            params=line,
        )
        return product_flops(graph) * len(run.loss)

    once = job()
    more = {"width": job(width=32), "depth": job(depth=6), "data": job(rows=16), "epochs": job(epochs=4)}
    expect("scaling.time", {name: flops / once for name, flops in more.items()})


def test_how_many_parameters_well_known_networks_have(expect: Expect) -> None:
    rng = np.random.default_rng(0)

    def normalised(h: Any, p: Any) -> Any:
        return p["gain"] * (h - np.mean(h, axis=0)) / np.std(h, axis=0) + p["bias"]

    def makemore(p: Any) -> Any:
        """Three letters are embedded, go through layers without biases, and give the logits of the next letter."""
        h = p["letters"][np.array([[0, 1, 2], [3, 4, 5]])].reshape(2, -1)
        for layer in p["hidden"]:
            h = np.tanh(normalised(h @ layer["w"], layer))
        logits = h @ p["out"]["w"]
        logits = normalised(logits, p["out"]) if "gain" in p["out"] else logits + p["out"]["b"]
        return ds.nn.softmax_cross_entropy(logits, np.array([1, 2]))

    def layer(n_in: int, n_out: int) -> Any:
        return {"w": rng.normal(size=(n_in, n_out)), "gain": np.ones(n_out), "bias": np.zeros(n_out)}

    letters = rng.normal(size=(27, 10))
    shallow = {
        "letters": letters,
        "hidden": [layer(30, 200)],
        "out": {"w": rng.normal(size=(200, 27)), "b": np.zeros(27)},
    }
    deep = {"letters": letters, "hidden": [layer(30, 100), *(layer(100, 100) for _ in range(4))], "out": layer(100, 27)}
    expect(
        "nielsen.params",
        {
            "n30": ds.nn.mlp([784, 30, 10], hidden="sigmoid").n_parameters,
            "b3b1b": ds.nn.mlp([784, 16, 16, 10], hidden="sigmoid").n_parameters,
            "mk": learned(makemore, shallow),
            "mkdeep": learned(makemore, deep),
        },
    )


def test_the_two_ways_to_count_parameters_agree() -> None:
    model = ds.nn.mlp([784, 30, 10])
    params = model.init()
    x = np.zeros((1, 784))
    assert learned(lambda p: np.sum(model(p, x)), params) == model.n_parameters
    assert sum(np.size(leaf) for leaf in tree.flatten(params)[0]) == model.n_parameters
