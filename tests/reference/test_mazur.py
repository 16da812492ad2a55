"""Matt Mazur, "A Step by Step Backpropagation Example", 2015: the 2-2-2 network that most courses compute by hand.

Three of his figures are off by more than rounding explains. They come out to the last printed digit if the output
weights are updated first and the error is carried back through the new ones: a mistake in the order of the update.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect, Inside

import downslope as ds
from downslope.optim import gradient_descent

Example = dict[str, Any]


def sigmoid(net: Any) -> Any:
    return 1 / (1 + np.exp(-net))


@pytest.fixture
def example(expect: Expect) -> Example:
    """The weights as matrices: row i of ``w`` belongs to neuron i."""
    given = expect.inputs("mazur.E")
    return {
        "w": np.array([[given["w1"], given["w2"]], [given["w3"], given["w4"]]]),
        "v": np.array([[given["w5"], given["w6"]], [given["w7"], given["w8"]]]),
        "b": given["b1"],
        "c": given["b2"],
        "x": np.array([given["i1"], given["i2"]]),
        "t": np.array([given["t1"], given["t2"]]),
        "lr": given["lr"],
    }


def error(weights: Any, biases: Any, x: Any, t: Any) -> Any:
    w, v = weights
    b, c = biases
    net_h = w @ x + b
    h = sigmoid(net_h)
    net_o = v @ h + c
    o = sigmoid(net_o)
    parts = 0.5 * (t - o) ** 2
    return np.sum(parts)


@pytest.fixture
def inside(example: Example) -> Inside:
    weights, biases = (example["w"], example["v"]), (example["b"], example["c"])
    return Inside(error, weights, biases, example["x"], example["t"])


def test_the_forward_pass(expect: Expect, inside: Inside) -> None:
    expect("mazur.net_o1", inside.value("net_o")[0])
    expect("mazur.out", dict(zip(("out_o1", "out_o2"), inside.value("o"), strict=True)))
    expect("mazur.E_parts", dict(zip(("E_o1", "E_o2"), inside.value("parts"), strict=True)))
    expect("mazur.E", inside.result)


def test_the_three_factors_of_an_output_weight(expect: Expect, inside: Inside, example: Example) -> None:
    o, net, h = inside.value("o")[0], inside.value("net_o")[0], inside.value("h")
    _, gradient_v = inside.gradient
    factors = {
        "dE_douto1": ds.grad(lambda o: 0.5 * (example["t"][0] - o) ** 2)(o),
        "douto1_dneto1": ds.grad(sigmoid)(net),
        "dneto1_dw5": ds.grad(lambda w5: w5 * h[0] + example["v"][0, 1] * h[1] + example["c"])(example["v"][0, 0]),
        "dE_dw5": gradient_v[0, 0],
    }
    expect("mazur.dE_dw5_chain", factors)
    assert inside.adjoint("o")[0] == pytest.approx(factors["dE_douto1"], rel=1e-14)


def test_both_outputs_send_their_error_back_to_a_hidden_neuron(
    expect: Expect, inside: Inside, example: Example
) -> None:
    def parts(h: Any) -> Any:
        return 0.5 * (example["t"] - sigmoid(example["v"] @ h + example["c"])) ** 2

    from_output = ds.jacobian(parts)(inside.value("h"))
    gradient_w, _ = inside.gradient
    expect(
        "mazur.dE_dw1_chain",
        {
            "dEo1_douth1": from_output[0, 0],
            "dEo2_douth1": from_output[1, 0],
            "dE_douth1": inside.adjoint("h")[0],
            "douth1_dneth1": ds.grad(sigmoid)(inside.value("net_h")[0]),
            "dE_dw1": gradient_w[0, 0],
        },
    )


def after_one_update(example: Example, biases: Any, argnums: int | tuple[int, ...]) -> float:
    weights = (example["w"], example["v"])
    data = example["x"], example["t"]
    rule = gradient_descent(lr=example["lr"])
    gradient = ds.grad(error, argnums)(weights, biases, *data)
    if argnums == 0:
        weights, _ = rule.step(weights, gradient, {}, 1)
    else:
        (weights, biases), _ = rule.step((weights, biases), gradient, {}, 1)
    return float(ds.trace(error, weights, biases, *data)(weights, biases, *data))


def test_the_error_after_one_update_of_the_weights_alone(expect: Expect, example: Example) -> None:
    found = after_one_update(example, (example["b"], example["c"]), 0)
    expect("mazur.E_after_1", found)
    published = expect.entries["mazur.E_after_1"]["expected"]
    assert 1.4e-7 < published - found < 1.6e-7, "ours goes back through the old weights; see the next test"


def test_the_published_figures_that_are_off_go_back_through_weights_that_are_updated_already(
    expect: Expect, example: Example
) -> None:
    w, v, x, t, lr = (example[name] for name in ("w", "v", "x", "t", "lr"))
    errors = []
    for _ in range(10_000):
        h = sigmoid(w @ x + example["b"])
        o = sigmoid(v @ h + example["c"])
        error_o = (o - t) * o * (1 - o)
        v = v - lr * np.outer(error_o, h)
        w = w - lr * np.outer((v.T @ error_o) * h * (1 - h), x)  # the mistake: v is the new one
        o = sigmoid(v @ sigmoid(w @ x + example["b"]) + example["c"])
        errors.append(0.5 * float(np.sum((t - o) ** 2)))
    outputs = dict(zip(("o1", "o2"), o.round(9).tolist(), strict=True))
    expect("mazur.E_after_1", errors[0])
    expect("mazur.out_10000", outputs)
    assert round(errors[0], 9) == expect.entries["mazur.E_after_1"]["expected"]  # to the last printed digit
    assert outputs == expect.entries["mazur.out_10000"]["expected"]


def test_the_error_after_one_update_with_one_bias_for_each_layer(expect: Expect, example: Example) -> None:
    expect("mazur.E_after_1_shared_bias", after_one_update(example, (example["b"], example["c"]), (0, 1)))


def test_the_error_after_one_update_with_one_bias_for_each_neuron(expect: Expect, example: Example) -> None:
    biases = (np.full(2, example["b"]), np.full(2, example["c"]))
    expect("mazur.E_after_1_with_biases", after_one_update(example, biases, (0, 1)))


@pytest.mark.parametrize("dialect", ["plain", "in place"])
def test_ten_thousand_updates_by_a_written_program(expect: Expect, example: Example, dialect: str) -> None:
    """The whole update is one program: forward, backward, and the step down."""
    rule = gradient_descent(lr=example["lr"])
    biases, x, t = (example["b"], example["c"]), example["x"], example["t"]

    def update(weights: Any) -> Any:
        value, gradient = ds.value_and_grad(lambda weights: error(weights, biases, x, t))(weights)
        return value, rule.step(weights, gradient, {}, 1)[0]

    weights = (example["w"], example["v"])
    program = ds.trace(update, weights).program(dialect)
    errors = []
    for _ in range(10_000):
        value, weights = program(weights)
        errors.append(float(value))
    after = Inside(error, weights, biases, x, t)
    errors.append(float(after.result))
    expect("mazur.E_traj", {n: errors[n] for n in (1, 10, 100, 1000, 9999, 10_000)})
    expect("mazur.E_9999", errors[9999])  # what is published as the error "after 10,000 times" is that after 9,999
    expect("mazur.E_10000_exact", errors[10_000])
    assert errors[10_000] == pytest.approx(expect.entries["mazur.E_10000_exact"]["expected"], rel=1e-8)
    # The published pair holds to 2e-6, not to its nine digits: see the test of the figures that are off.
    expect("mazur.out_10000", dict(zip(("o1", "o2"), after.value("o"), strict=True)))
