"""The payload of a network: the published numbers of a worked example, and what backpropagation must satisfy."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from downslope import data, nn, optim, runs
from downslope.errors import SettingError
from downslope.views import NetworkView, network_view, one_step
from downslope.views.text import text

PARAMS = {
    "dense1": {"w": [[0.15, 0.25], [0.20, 0.30]], "b": [0.35, 0.35]},
    "dense2": {"w": [[0.40, 0.50], [0.45, 0.55]], "b": [0.60, 0.60]},
}


def half_squares(p: Any, y: Any) -> Any:
    return 0.5 * np.sum((p - y) ** 2) / len(p)


def worked(**more: Any) -> NetworkView:
    """Mazur's example: two inputs, two hidden units, two outputs, all sigmoid."""
    model = nn.Model((2,), (nn.dense(2, "sigmoid"), nn.dense(2, "sigmoid")))
    return network_view(one_step(model, PARAMS, [0.05, 0.10], [0.01, 0.99], loss=half_squares, lr=0.5), **more)


@pytest.fixture(scope="module")
def digits() -> Any:
    model = nn.mlp([64, 32, 10])
    return runs.train(model, data.digits(), optimizer=optim.adam(0.01), steps=12)


def test_the_worked_example_has_its_published_numbers() -> None:
    # M. Mazur, "A Step by Step Backpropagation Example", 2015; the digits as published.
    view = worked()
    hidden, output = view.layers[1].units, view.layers[2].units
    assert [round(u.before or 0, 4) for u in hidden] == [0.3775, 0.3925]
    assert [round(u.value or 0, 9) for u in hidden] == [0.593269992, 0.596884378]
    assert [round(u.value or 0, 9) for u in output] == [0.75136507, 0.772928465]
    assert round(view.loss or 0, 9) == 0.298371109
    assert round(output[0].error or 0, 8) == 0.74136507
    assert round(output[0].error_before or 0, 9) == 0.138498562
    assert round(hidden[0].error or 0, 9) == 0.036350306
    first, second = view.wires
    assert round(second.gradients[0][0] or 0, 9) == 0.082167041
    assert round(first.gradients[0][0] or 0, 9) == 0.000438568
    after = np.array(second.weights, float) + np.array(second.updates, float)
    np.testing.assert_allclose(after.ravel(), [0.35891648, 0.51130127, 0.408666186, 0.561370121], atol=5e-9)
    assert [u.target for u in output] == [0.01, 0.99]
    assert view.plain


def test_a_plain_function_of_the_same_network_has_the_same_numbers() -> None:
    def forward(params: Any, x: Any) -> Any:
        h = 1 / (1 + np.exp(-(x @ params["w1"] + params["b1"])))
        return 1 / (1 + np.exp(-(h @ params["w2"] + params["b2"])))

    params = {f"{k}{i}": PARAMS[f"dense{i}"][k] for i in (1, 2) for k in "wb"}
    one = network_view(one_step(forward, params, [0.05, 0.10], [0.01, 0.99], loss=half_squares, lr=0.5))
    other = worked()
    assert [(w.name, w.source, w.target) for w in one.wires] == [("w1", 0, 1), ("w2", 1, 2)]
    for mine, theirs in zip(one.wires, other.wires, strict=True):
        np.testing.assert_allclose(np.array(mine.gradients, float), np.array(theirs.gradients, float), rtol=1e-12)
    for k in (1, 2):
        for unit, same in zip(one.layers[k].units, other.layers[k].units, strict=True):
            assert (unit.value, unit.error, unit.bias_gradient) == pytest.approx(
                (same.value, same.error, same.bias_gradient), rel=1e-12
            )


def test_of_one_row_each_gradient_is_the_value_times_the_error_signal(digits: Any) -> None:
    view = network_view(digits.at(5), row=7)
    for wire in view.wires:
        source, target = view.layers[wire.source].units, view.layers[wire.target].units
        value = np.array([unit.value for unit in source], float)
        error = np.array([unit.error if unit.error_before is None else unit.error_before for unit in target], float)
        np.testing.assert_allclose(np.array(wire.gradients, float), np.outer(value, error), rtol=2e-4, atol=1e-7)


def test_error_signals_come_back_through_the_same_weights(digits: Any) -> None:
    view = network_view(digits.at(5), row=7, most=64)
    wire = view.wires[1]
    error = np.array([unit.error for unit in view.layers[2].units], float)
    back = np.array(wire.weights, float) @ error
    came = np.array([unit.error for unit in view.layers[1].units], float)
    np.testing.assert_allclose(came, back, rtol=1e-4, atol=1e-6)


def test_the_rows_of_a_mini_batch_average_to_all_of_them(digits: Any) -> None:
    step = digits.at(3)
    every = [network_view(step, row, most=64) for row in range(32)]
    whole = network_view(step, most=64)

    def of(view: NetworkView, name: str) -> Any:
        return np.array([getattr(unit, name) for unit in view.layers[1].units], float)

    for name in ("value", "error"):
        np.testing.assert_allclose(np.mean([of(v, name) for v in every], axis=0), of(whole, name), atol=1e-6)
    gradients = np.mean([np.array(v.wires[0].gradients, float) for v in every], axis=0)
    np.testing.assert_allclose(gradients, np.array(whole.wires[0].gradients, float), atol=1e-6)
    assert np.mean([v.loss for v in every]) == pytest.approx(whole.loss, rel=1e-5)


def test_large_layers_are_folded_to_the_units_of_largest_gradients_and_say_how_many_there_are(digits: Any) -> None:
    view = network_view(digits.at(5))
    assert [(layer.n, len(layer.units)) for layer in view.layers] == [(64, 12), (32, 12), (10, 10)]
    assert [wire.n for wire in view.wires] == [64 * 32, 32 * 10]
    rows = np.abs(digits.at(5).grads["dense1.w"]).sum(axis=1)
    assert {unit.place for unit in view.layers[0].units} == set(np.argsort(rows)[-12:].tolist())
    chosen = network_view(digits.at(5), units={"dense1": [0, 31]})
    assert [unit.place for unit in chosen.layers[1].units] == [0, 31]


def test_the_classes_are_the_names_of_the_outputs_and_the_true_one_is_the_target(digits: Any) -> None:
    view = network_view(digits.at(5), row=0)
    output = view.layers[-1].units
    assert [unit.label for unit in output] == [str(k) for k in range(10)]
    assert [unit.target for unit in output].count(1.0) == 1
    assert not view.plain  # adam's update is no multiple of the gradient
    assert view.layers[0].units[0].label == digits.data.features[view.layers[0].units[0].place]


def test_layers_without_a_matrix_have_no_edges_and_say_what_they_are() -> None:
    layers = (nn.conv2d(3, 3), nn.activate("relu"), nn.flatten(), nn.dropout(0.5), nn.dense(2))
    model = nn.Model((1, 4, 4), layers)
    step = one_step(model, model.init(0), np.ones((5, 1, 4, 4)), np.zeros((5, 2)), loss=nn.mse)
    view = network_view(step)
    assert [wire.text for wire in view.wires] == ["conv", "activation", "flatten", "dropout", ""]
    assert view.wires[0].weights == ()
    assert view.layers[1].n == 3  # a channel is a unit
    assert len(view.wires[-1].weights) == len(view.layers[-2].units)


def test_a_number_that_is_not_finite_is_none_and_told() -> None:
    broken = {"dense1": {"w": [[np.inf, 0.25], [0.2, 0.3]], "b": [0.35, 0.35]}, "dense2": PARAMS["dense2"]}
    model = nn.Model((2,), (nn.dense(2), nn.dense(2)))
    view = network_view(one_step(model, broken, [0.05, 0.10], [0.01, 0.99], loss=half_squares))
    assert view.wires[0].weights[0][0] is None
    assert view.layers[1].units[0].value is None
    assert view.loss is None
    assert view.not_finite == sum(event.count for event in view.events) > 3
    assert "parameter dense1.w: 1 of 4 numbers are NaN or infinite" in [event.text for event in view.events]


@pytest.mark.parametrize("row", [-1, 32])
def test_a_row_that_is_not_in_the_mini_batch_is_refused(digits: Any, row: int) -> None:
    with pytest.raises(SettingError, match="network-row"):
        network_view(digits.at(5), row)


def test_the_payload_survives_json_and_every_number_of_the_example_is_in_its_words() -> None:
    view = worked(names={"x": ("i1", "i2"), "dense1": ("h1", "h2"), "dense2": ("o1", "o2")})
    assert msgspec.json.decode(msgspec.json.encode(view), type=NetworkView) == view
    words = text(view)
    for said in ("loss 0.2984", "h1 to o1     0.4   0.08217  -0.04108", "o1  0.7514        0.7414", "target"):
        assert said in words


def test_the_words_of_a_large_network_list_its_largest_edges_and_stay_short(digits: Any) -> None:
    words = text(network_view(digits.at(5)))
    assert "the 9 of largest gradient of 2,048" in words
    assert "12 of 64 units" in words
    assert max(map(len, words.splitlines())) <= 100
