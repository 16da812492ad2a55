"""Stanford's CS231n notes: the circuits of "Backpropagation, Intuitions" and the losses of "Linear Classification"."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.reference.tools import Expect, Inside

import downslope as ds


def test_a_product(expect: Expect) -> None:
    given = expect.inputs("cs231n.mul")
    f, (dx, dy) = ds.value_and_grad(lambda x, y: x * y, argnums=(0, 1))(given["x"], given["y"])
    expect("cs231n.mul", {"f": f, "dx": dx, "dy": dy})


def test_a_sum_in_a_product(expect: Expect) -> None:
    def circuit(x: Any, y: Any, z: Any) -> Any:
        q = x + y
        return q * z

    given = expect.inputs("cs231n.xyz")
    inside = Inside(circuit, given["x"], given["y"], given["z"], argnums=(0, 1, 2))
    dx, dy, dz = inside.gradient
    expect(
        "cs231n.xyz",
        {"q": inside.value("q"), "f": inside.result, "dz": dz, "dq": inside.adjoint("q"), "dx": dx, "dy": dy},
    )


def test_a_sigmoid_neuron(expect: Expect) -> None:
    def neuron(w: Any, x: Any) -> Any:
        dot = w[0] * x[0] + w[1] * x[1] + w[2]
        return 1 / (1 + np.exp(-dot))

    given = expect.inputs("cs231n.sigmoid_neuron")
    inside = Inside(neuron, given["w"], given["x"], argnums=(0, 1))
    dw, dx = inside.gradient
    shown = {"dot": inside.value("dot"), "f": inside.result, "ddot": inside.adjoint("dot")}
    expect("cs231n.sigmoid_neuron", shown | {"dw0": dw[0], "dx0": dx[0], "dw1": dw[1], "dx1": dx[1], "dw2": dw[2]})


def test_a_staged_computation(expect: Expect) -> None:
    def sigmoid(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    def f(x: Any, y: Any) -> Any:
        return (x + sigmoid(y)) / (sigmoid(x) + (x + y) ** 2)

    given = expect.inputs("cs231n.staged")
    value, (dx, dy) = ds.value_and_grad(f, argnums=(0, 1))(given["x"], given["y"])
    expect("cs231n.staged", {"f": value, "dx": dx, "dy": dy})


def test_the_multiclass_hinge_loss_counts_only_the_class_inside_the_margin(expect: Expect) -> None:
    given = expect.inputs("cs231n.svm_loss")

    def hinge(s: Any) -> Any:
        return ds.nn.hinge(s, np.array([given["y"]]), margin=given["delta"])

    value, gradient = ds.value_and_grad(hinge)(np.array([given["s"]], float))
    expect("cs231n.svm_loss", value)
    assert gradient.tolist() == [[-1, 0, 1]]


def test_smaller_scores_make_a_flatter_softmax(expect: Expect) -> None:
    given = expect.inputs("cs231n.softmax_temp")
    expect("cs231n.softmax_temp", {key: ds.nn.softmax(np.array(scores, float)) for key, scores in given.items()})


def test_the_loss_of_a_network_that_knows_nothing_is_the_log_of_the_number_of_classes(expect: Expect) -> None:
    losses = []
    for classes in expect.inputs("cs231n.init_loss")["C"]:
        model = ds.nn.mlp([5, 4, classes], init="zeros")
        x, y = np.ones((3, 5)), np.array([0, 1, 2])
        losses.append(ds.nn.softmax_cross_entropy(model(model.init(), x), y))
    expect("cs231n.init_loss", losses)
