"""A step's graph and its program: nothing of it is lost, and every number is that of the step."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import SettingError
from downslope.runs import Run
from downslope.views import graph as graphs
from downslope.views.graph import graph_view
from downslope.views.program import program_view
from downslope.views.text import text
from downslope.views.values import values_of


@cache
def run() -> Run:
    net = ds.nn.mlp([2, 5, 2], hidden="tanh")
    return ds.train(net, ds.data.moons(n=100), optimizer=ds.optim.adam(0.01), batch_size=16, steps=8)


def broken() -> Any:
    """The step that would come next, with a weight that is no number."""
    return run().fork(edit={"dense1.w[0, 0]": float("nan")}).at(9)


def test_every_operation_and_every_edge_of_the_graph_is_there() -> None:
    step = run().at(5)
    graph = step.probe.graph
    shown = graph_view(step)
    assert shown.n_nodes == len(graph.nodes) == len(shown.items)
    assert [item.node for item in shown.items] == list(range(len(graph.nodes)))
    wanted = {(before, node.id) for node in graph.nodes for before in node.inputs}
    assert set(shown.edges) == wanted
    assert all(before < after for before, after in shown.edges)
    assert sum(item.flops for item in shown.items) == graph.cost().flops


def test_the_backward_half_leads_back_to_the_forward_half() -> None:
    shown = graph_view(run().at(5))
    for item in shown.items:
        assert item.backward == item.scope.endswith(" backward") or item.primitive == "constant"
        if item.of is not None:
            assert item.backward
            assert not shown.items[item.of].backward
        if item.adjoint is not None:
            assert np.broadcast_shapes(shown.items[item.adjoint].shape, item.shape) == item.shape


def test_the_numbers_are_those_of_the_step() -> None:
    step = run().at(5)
    by_name = {item.name: item.values for item in graph_view(step).items}
    loss = by_name["loss.loss"]
    assert loss is not None
    assert loss.first[0] == pytest.approx(step.loss, rel=1e-6)
    weights = by_name["dense1.w"]
    assert weights is not None
    array = step.params["dense1.w"]
    assert (weights.low, weights.high) == (array.min(), array.max())
    assert weights.mean == pytest.approx(array.mean())
    assert weights.first == tuple(array.ravel()[:6].tolist())


@pytest.mark.parametrize("open", [(), ("dense1",), ("dense1", "loss backward")])
def test_folding_hides_operations_and_loses_none(open: tuple[str, ...]) -> None:
    step = run().at(5)
    whole, shown = graph_view(step), graph_view(step, open)
    assert sum(item.count for item in shown.items) == shown.n_nodes
    assert sum(item.flops for item in shown.items) == sum(item.flops for item in whole.items)
    assert set(shown.groups) == set(whole.groups)
    assert set(shown.open) == set(open)
    folded = [item for item in shown.items if item.node is None]
    assert {item.scope for item in folded} == set(shown.groups) - set(open)
    ends = {item.node: item.id for item in shown.items if item.node is not None}
    place = {node.id: ends.get(node.id) for node in step.probe.graph.nodes}
    for before, after in whole.edges:
        a, b = place[before], place[after]
        if a is not None and b is not None:
            assert (a, b) in shown.edges


def test_a_large_graph_is_folded_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert graph_view(run().at(5), fold_above=10).open == ()
    monkeypatch.setattr(graphs, "FOLD_ABOVE", 10)
    assert graph_view(run().at(5)).open == ()
    assert graph_view(run().at(5), fold_above=1_000).open == graph_view(run().at(5)).groups
    monkeypatch.setattr(graphs, "MOST_ITEMS", 20)
    with pytest.raises(SettingError, match="graph-large"):
        graph_view(run().at(5), ("dense1", "dense2", "loss", "loss backward"))


def test_a_group_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(SettingError, match="graph-group") as caught:
        graph_view(run().at(5), ("dens1",))
    assert "Did you mean 'dense1'" in caught.value.do


def test_the_operation_that_made_the_first_nan_is_named() -> None:
    shown = graph_view(broken())
    assert shown.not_finite > 5
    assert "dense1.w" in shown.events[0].text
    program = program_view(broken())
    assert program.events == shown.events
    lines = {line.target: line.values for line in program.lines}
    assert lines["dense1_w"] is not None
    assert lines["dense1_w"].not_finite == 1
    assert "1 not finite" in text(program)


def test_the_program_is_the_source_that_runs() -> None:
    step = run().at(5)
    source = step.probe.graph.program().source
    shown = "\n".join(line.text for line in program_view(step).lines)

    def bare(code: str) -> list[str]:
        return [line.partition("#")[0].split() for line in code.splitlines() if line.partition("#")[0].strip()]  # type: ignore[misc]

    assert bare(shown) == bare(source)


def test_a_line_of_the_program_and_its_node_in_the_graph_have_one_number_and_one_value() -> None:
    step = run().at(5)
    items = {item.node: item for item in graph_view(step).items}
    statements = [line for line in program_view(step).lines if line.target]
    assert len(statements) > 15
    for line in statements:
        item = items[line.nodes[-1]]
        assert (line.values, line.shape, line.backward) == (item.values, item.shape, item.backward)
        assert line.scope == item.scope.removesuffix(" backward")


def test_without_values_nothing_is_computed() -> None:
    assert all(item.values is None for item in graph_view(run().at(5), values=False).items)
    assert all(line.values is None for line in program_view(run().at(5), values=False).lines)


@pytest.mark.parametrize(
    "array", [np.zeros(0), np.array([1e308, 1e308]), np.array([np.nan, np.inf, 2.0]), np.array(True)]
)
def test_an_array_in_a_few_numbers_tells_what_is_not_finite(array: Any) -> None:
    found = values_of(array)
    finite = array[np.isfinite(array)] if array.ndim else array
    assert found.size == array.size
    assert found.not_finite == array.size - np.size(finite)
    if np.size(finite):
        assert found.low == finite.min()
        assert found.mean == pytest.approx(np.mean(finite / 2) * 2)
    else:
        assert found.mean is None
