"""Multiplications, floating-point operations and parameters, counted on the traced graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect, newton

import downslope as ds
from downslope import surfaces
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


def stand_ins(shapes: Any) -> Any:
    """Parameters of these shapes that take no memory: tracing looks at no value."""
    if isinstance(shapes, dict):
        return {name: stand_ins(part) for name, part in shapes.items()}
    return np.broadcast_to(np.float32(0), shapes)


def test_a_convolution(expect: Expect) -> None:
    model = ds.nn.Model((64, 56, 56), (ds.nn.conv2d(128, 3, padding="same"),))
    graph = ds.trace(model, stand_ins(model.chain.shapes(model.shape_in)), stand_ins((1, 64, 56, 56)))
    expect("flops.conv", {"fwd": product_flops(graph), "params": model.n_parameters})


def vgg16() -> ds.nn.Model:
    layers: list[Any] = []
    for times, channels in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        layers += [ds.nn.conv2d(channels, 3, "relu", padding="same") for _ in range(times)]
        layers.append(ds.nn.max_pool(2))
    layers += [ds.nn.flatten(), ds.nn.dense(4096, "relu"), ds.nn.dense(4096, "relu"), ds.nn.dense(1000)]
    return ds.nn.Model((3, 224, 224), tuple(layers))


def test_vgg16(expect: Expect) -> None:
    model = vgg16()
    graph = ds.trace(model, stand_ins(model.chain.shapes(model.shape_in)), stand_ins((1, *model.shape_in)))
    expect("vgg16.counts", {"params": model.n_parameters, "gmac": product_flops(graph) / 2e9})
    image, *after = model.sizes
    kept = [size for layer, size in zip(model.layers, after, strict=True) if layer.kind != "flatten"]  # it is a view
    activations = image + sum(kept)
    expect("vgg16.activations", {"activations": activations, "mb": activations * np.float32().itemsize / 1e6})


def test_what_it_took_to_train_gpt3(expect: Expect) -> None:
    """Products forward and backward for each of 300 billion tokens; attention between tokens is left out, as there."""
    d = 12288
    attention = ds.nn.residual(ds.nn.layer_norm(), ds.nn.multi_head_attention(96, causal=True))
    dense = ds.nn.residual(ds.nn.layer_norm(), ds.nn.dense(4 * d, "gelu"), ds.nn.dense(d))
    block = ds.nn.Model((1, d), (attention, dense))
    params, token = stand_ins(block.chain.shapes(block.shape_in)), stand_ins((1, 1, d))
    graph = ds.trace(ds.value_and_grad(lambda p, x: np.sum(block(p, x)), argnums=(0, 1)), params, token)
    expect("gpt3.flops", 96 * product_flops(graph) * 300e9)
    assert 96 * block.n_parameters == pytest.approx(174e9, rel=0.01)


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


def test_laws_of_scale(expect: Expect) -> None:
    """Loss by parameters x and tokens y; for a given cost C = 6 x y the best split is where its slope vanishes."""
    law = surfaces.formula("1.69 + 406.4/x**0.34 + 410.7/y**0.28", domain=((1e8, 1e12), (1e9, 1e13)))
    gopher, chinchilla = (280e9, 300e9), (70e9, 1.4e12)
    expect("chinchilla.loss", law.value([gopher, chinchilla]))
    products = expect.inputs("chinchilla.opt")["C"] / 6
    end = newton(lambda log_n: law(np.exp(log_n), products / np.exp(log_n)), np.log(1e10), 8)[-1]
    n, tokens = np.exp(end), products / np.exp(end)
    expect("chinchilla.opt", {"N": n, "D": tokens, "ratio": tokens / n})
