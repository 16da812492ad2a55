"""The numbers of one unit, place by place: they are those of the step, and each has an address that explains it."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

import downslope as ds
from downslope import nn
from downslope.views import NetworkView, derivation_view, network_view, one_step
from downslope.views.text import text


@pytest.fixture(scope="module")
def step() -> Any:
    layers = (nn.reshape((1, 8, 8)), nn.conv2d(3, 3, "relu"), nn.max_pool(2), nn.reshape((3, 9)), nn.gru(4))
    model = nn.Model((64,), (*layers, nn.multi_head_attention(2), nn.flatten(), nn.dense(10)))
    return ds.train(model, ds.data.digits(), optimizer=ds.optim.sgd(0.1), batch_size=8, steps=3).at(3)


def places(step: Any, of: str, row: int | None = None) -> Any:
    found = network_view(step, row, of=of).places
    assert found is not None
    return found


@pytest.mark.parametrize(("layer", "unit"), [("conv1", 2), ("max_pool1", 0), ("gru1", 3), ("attention1", 1)])
def test_each_number_is_explained_by_its_address(step: Any, layer: str, unit: int) -> None:
    shown = places(step, f"{layer}[{unit}]", row=5)
    values, errors = np.array(shown.values, float), np.array(shown.errors, float)
    rng = np.random.default_rng(0)
    for _ in range(4):
        i, j = (int(rng.integers(n)) for n in values.shape)
        entry = shown.entries.format(*((i, j) if len(shown.axes) == 2 else (j,)))
        for kind, numbers in (("activations", values), ("errors", errors)):
            assert step.explain(f"{kind}.{entry}").value == pytest.approx(numbers[i, j], rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("of", ["conv1[2]", "gru1[3]"])
def test_the_place_that_is_marked_is_the_one_that_is_explained_of_the_unit_alone(step: Any, of: str) -> None:
    layer, _, unit = of.rstrip("]").partition("[")
    shown = places(step, of, row=5)
    derivation = step.explain(f"activations.{layer}[5, {unit}]")
    assert f"{layer}{list(derivation.place)}" == shown.entries.format(*shown.place)
    assert shown.why in derivation.title


def test_an_address_of_one_number_names_row_unit_and_place(step: Any) -> None:
    for of in ("activations.conv1[5, 2, 0, 3]", "errors.conv1.z[5, 2, 0, 3]"):
        shown = places(step, of)
        assert (shown.layer, shown.unit, shown.row, shown.place, shown.why) == ("conv1", 2, 5, (0, 3), "")
    shown = places(step, "errors.gru1[5, 2, 3]")
    assert (shown.unit, shown.row, shown.place) == (3, 5, (2,))


def test_a_weight_of_a_kernel_belongs_to_the_channel_that_it_makes(step: Any) -> None:
    assert places(step, "conv1.w[0, 1, 0, 2]").unit == 2
    assert places(step, "conv1.b[1]").unit == 1


@pytest.mark.parametrize(
    "of",
    ["dense1[3]", "conv1[3]", "conv1", "activations.conv1[8, 0, 0, 0]", "conv1[0, 0, 6, 0]", "nonsense[", "x[0]", ""],
)
def test_what_is_no_unit_of_many_numbers_has_none(step: Any, of: str) -> None:
    assert network_view(step, of=of).places is None


def test_layers_say_how_many_places_their_units_have(step: Any) -> None:
    found = {layer.name: layer.places for layer in network_view(step).layers}
    assert (found["conv1"], found["max_pool1"], found["gru1"], found["dense1"]) == ((6, 6), (3, 3), (3,), ())
    unit = next(layer for layer in network_view(step).layers if layer.name == "conv1").units[2]
    assert unit.value == pytest.approx(step.activations["conv1"][:, 2].mean(), rel=1e-5)
    assert unit.error == pytest.approx(step.errors["conv1"][:, 2].sum(), rel=1e-3, abs=1e-7)


def test_a_matrix_that_is_not_all_of_a_layer_is_no_wire(step: Any) -> None:
    wires = {wire.name: wire for wire in network_view(step).wires}
    assert wires["attention1"].text == "attention"
    assert wires["gru1"].text == "gru"
    assert wires["dense1.w"].weights


def test_a_number_that_is_not_finite_is_none_and_the_one_that_is_shown() -> None:
    model = nn.Model((1, 2, 2), (nn.conv2d(1, 1, bias=False), nn.flatten(), nn.dense(2)))
    params = model.init(0)
    params["conv1"]["w"] = np.full((1, 1, 1, 1), np.inf)
    x = np.array([1.0, 2.0, 0.0, -1.0]).reshape(1, 1, 2, 2)
    shown = places(one_step(model, params, x, np.zeros((1, 2)), loss=nn.mse), "conv1[0]")
    assert any(value is None for line in shown.values for value in line)
    assert shown.values[shown.place[0]][shown.place[1]] is None


def test_the_words_name_the_chosen_number_and_the_largest_and_the_payload_survives_json(step: Any) -> None:
    view = network_view(step, 5, of="conv1[2]")
    assert msgspec.json.decode(msgspec.json.encode(view), type=NetworkView) == view
    words = text(view)
    assert view.places is not None
    assert "unit 2 of conv1 in row 5: the largest 9 of 36 numbers" in words
    assert view.places.entries.format(*view.places.place) + ", the largest in size of 36 places" in words
    assert "means over 6 x 6 places" in words


def test_every_address_in_the_derivation_of_such_a_number_is_explained_again(step: Any) -> None:
    for layer in ("conv1", "max_pool1", "gru1", "attention1"):
        for kind in ("activations", "errors"):
            view = derivation_view(step.explain(f"{kind}.{layer}[5, 1]"))
            assert view.sums[0].address
            for address in [part.address for one in view.sums for part in one.parts]:
                if address:
                    assert step.explain(address).value is not None
            for one in view.sums:
                if one.address:
                    assert step.explain(one.address).value == pytest.approx(one.value, rel=1e-4, abs=1e-9)
