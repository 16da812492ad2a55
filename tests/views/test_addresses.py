"""Addresses: one choice is the same number in graph, program and derivation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import SettingError
from downslope.views import derivation_view
from downslope.views.addresses import addresses_of, known_names
from downslope.views.graph import graph_view, group_of
from downslope.views.program import program_view


@pytest.fixture(scope="module")
def step() -> Any:
    net, data = ds.nn.mlp([2, 3, 2], hidden="tanh"), ds.data.moons()
    return ds.train(net, data, optimizer=ds.optim.sgd(0.1), batch_size=16, steps=5).at(4)


@pytest.fixture(scope="module")
def values(step: Any) -> dict[int, Any]:
    found: dict[int, Any] = step.probe.graph.values(step.at, keep=lambda _: True)
    return found


def explained(step: Any, address: str, place: tuple[int, ...]) -> float:
    """The number that ``explain`` finds at a place of what an address names."""
    value = step.explain(f"{address}[{', '.join(map(str, place))}]" if place else address).value
    assert value is not None
    return float(value)


def test_names_lead_to_values_and_their_adjoints(step: Any, values: dict[int, Any]) -> None:
    names = known_names(step.probe)
    for name in ("dense1.z", "dense1.h", "dense2.z"):
        node, adjoint = names[name]
        np.testing.assert_array_equal(values[node], step.activations[name])
        assert adjoint is not None
        np.testing.assert_allclose(np.broadcast_to(values[adjoint], values[node].shape), step.errors[name])
    for name, gradient in step.grads.items():
        node, adjoint = names[name]
        np.testing.assert_array_equal(values[node], step.params[name])
        assert adjoint is not None
        np.testing.assert_allclose(values[adjoint], gradient)


def test_every_address_of_a_layer_is_explained_as_the_number_that_its_node_has(
    step: Any, values: dict[int, Any]
) -> None:
    parameters = set(step.params)
    for node, address in addresses_of(step.probe).items():
        value = np.asarray(values[node])
        if address.startswith("activations.loss") or address.startswith("errors.loss") or not value.shape:
            continue
        if address in parameters and not step.probe.graph[node].derived:
            continue  # the parameter itself: its words explain its gradient, which is another node
        place = tuple(n - 1 for n in value.shape)
        assert explained(step, address, place) == pytest.approx(float(value[place]), rel=1e-4, abs=1e-7)


def test_a_parameter_and_its_gradient_go_by_the_same_words(step: Any) -> None:
    addresses = addresses_of(step.probe)
    for name, (node, adjoint) in known_names(step.probe).items():
        if name in step.params:
            assert adjoint is not None
            assert addresses[node] == addresses[adjoint] == name


def test_a_value_without_a_name_is_explained_by_its_number(step: Any, values: dict[int, Any]) -> None:
    (square,) = [node.id for node in step.probe.graph.nodes if node.primitive.name == "square"]
    assert square not in addresses_of(step.probe)
    derivation = step.explain(f"%{square}")
    assert derivation.equations[-1].norm == pytest.approx(np.linalg.norm(values[square]), rel=1e-5)
    with pytest.raises(SettingError) as refused:
        step.explain("%999999")
    assert refused.value.code == "explain-name"


@pytest.mark.parametrize("opened", [(), ("dense1",), None])
def test_every_operation_is_in_one_item_of_its_group(step: Any, opened: Any) -> None:
    graph = step.probe.graph
    view = graph_view(step, opened)
    inside = [node for item in view.items for node in item.nodes]
    assert sorted(inside) == [node.id for node in graph.nodes]
    for item in view.items:
        assert item.count == len(item.nodes)
        assert {group_of(graph[node]) for node in item.nodes} == {item.scope}
        assert sum(item.holds.values()) == (item.count if item.node is None else 0)
        assert item.address


def test_graph_and_program_call_a_node_the_same(step: Any) -> None:
    graph, program = graph_view(step), program_view(step)
    assert graph.names == program.names
    called = {item.node: item.address for item in graph.items}
    for line in program.lines:
        if line.target:
            assert called[line.nodes[-1]] == line.address


def test_each_sum_of_a_derivation_is_found_again_by_its_address(step: Any) -> None:
    for asked in ("dense1.w[1, 2]", "errors.dense1.h[3, 2]", "activations.dense1.h[3, 2]"):
        view = derivation_view(step.explain(asked))
        assert view.sums[0].address == asked
        for each in view.sums:
            assert explained(step, each.address, ()) == pytest.approx(each.value, rel=1e-4, abs=1e-9)
            assert each.latex.count("{") == each.latex.count("}")
        parts = [part for each in view.sums for part in each.parts]
        assert any(part.address for part in parts)
        for part in parts:
            if part.address:
                step.explain(part.address)


def test_an_error_signals_part_is_the_error_signal_that_its_address_names(step: Any) -> None:
    derivation = step.explain("dense1.w[1, 2]")
    for level, each in zip(derivation.levels, derivation_view(derivation).sums, strict=True):
        for contribution, part in zip(level.contributions, each.parts, strict=True):
            if part.address:
                assert explained(step, part.address, ()) == pytest.approx(contribution.adjoint, rel=1e-4, abs=1e-9)


def test_a_layer_that_is_taken_as_a_whole_is_named_until_it_is_opened(step: Any) -> None:
    derivation = step.explain("dense1.w[1, 2]")
    assert derivation_view(derivation).whole == ("loss",)
    opened = derivation_view(derivation.open("loss"))
    assert opened.whole == ()
    assert len(opened.sums) > len(derivation.levels)


def test_the_first_operation_that_is_not_finite_is_named() -> None:
    net, data = ds.nn.mlp([2, 4, 2], hidden="relu"), ds.data.moons()
    run = ds.train(net, data, optimizer=ds.optim.sgd(1e18), batch_size=16, steps=20)
    step = run.at(run.steps + 1)
    view = graph_view(step)
    assert view.not_finite > 0
    bad = [item for item in view.items if item.values is not None and item.values.not_finite]
    assert view.culprit == bad[0].address == program_view(step).culprit
    assert graph_view(step, values=False).culprit == ""


@pytest.fixture(scope="module")
def many() -> Any:
    """Values that bear one name several times: the maxima of a window, the states of a sequence."""
    images = (ds.nn.reshape((1, 8, 8)), ds.nn.conv2d(2, 3), ds.nn.batch_norm(), ds.nn.max_pool(2))
    model = ds.nn.Model((64,), (*images, ds.nn.reshape((3, 6)), ds.nn.lstm(3), ds.nn.flatten(), ds.nn.dense(10)))
    return ds.train(model, ds.data.digits(), optimizer=ds.optim.sgd(0.1), batch_size=8, steps=3).at(3)


@pytest.mark.parametrize("kind", ["activations", "errors"])
@pytest.mark.parametrize("layer", ["conv1", "batch_norm1", "max_pool1", "lstm1"])
def test_the_address_of_one_number_among_many_is_one_node_in_graph_program_and_derivation(
    many: Any, kind: str, layer: str
) -> None:
    graph, program = graph_view(many), program_view(many)
    assert graph.names is not None
    derivation = many.explain(f"{kind}.{layer}[3, 1]")
    for level, each in zip(derivation.levels, derivation_view(derivation).sums, strict=True):
        if not each.address:  # a value without a name
            continue
        name = each.address.partition(".")[2].partition("[")[0]
        assert graph.names[name] == program.names[name]
        assert graph.names[name][0] == level.node
