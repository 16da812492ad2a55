"""The stages of the generator, by their texts and by what must hold whatever the graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.autodiff.compile.machine.test_program import functions
from tests.autodiff.compile.machine.tools import needs_machine

from downslope import nn, optim
from downslope.autodiff import trace
from downslope.autodiff.compile.machine.code import Function, Module
from downslope.autodiff.compile.machine.cpu import Cpu, this_cpu
from downslope.autodiff.compile.machine.kinds import KINDS, NotGenerated
from downslope.autodiff.compile.machine.lower import lower, require_inside
from downslope.autodiff.compile.machine.memory import plan
from downslope.autodiff.compile.machine.products import blocks
from downslope.autodiff.compile.machine.schedule import Schedule, schedule
from downslope.autodiff.compile.machine.values import Ref
from downslope.autodiff.compile.machine.writer import Writer
from downslope.runs.step_graph import step_graph
from downslope.runs.step_program import Carried


def training_step() -> tuple[Any, int]:
    """The graph of one step of a small network, and how many of its inputs are carried."""
    model, rule = nn.mlp([6, 5, 3]), optim.adam(0.01)
    carried = Carried.start(model.init(0), rule, {})
    x, y = np.ones((4, 6), np.float32), np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    graph = step_graph(lambda p, m, x, y, t: (nn.softmax_cross_entropy(model(p, x), y), m), rule, carried, (x, y))
    return graph, len(carried.leaves)


def test_views_vanish_into_strides() -> None:
    graph = trace(lambda x: np.sin(x.T[1:, None, ::2]) + x[0, 0], np.ones((6, 4)))
    (line,) = [line for line in str(lower(graph)).splitlines() if "sin" in line]
    assert line.split() == ["%1", "f64[3,", "3]", "sin", "%0+1(1,", "8)"]


def test_one_number_of_an_array_is_read_where_it_is() -> None:
    graph = trace(lambda x: np.sin(x) * x[2, 1], np.ones((3, 4)))
    (line,) = [line for line in str(lower(graph)).splitlines() if "multiply" in line]
    assert line.endswith("multiply %1(4, 1) %0+9(0, 0)")


@given(st.integers(-3, 40), st.integers(-8, 8), st.integers(1, 6))
def test_a_number_outside_of_its_array_is_never_let_through(offset: int, stride: int, n: int) -> None:
    lowered = lower(trace(lambda x: np.sin(x), np.ones(n + 1)))
    (sine,) = [v for v in lowered.values if v.name == "sin"]
    given_ = lowered.values[0]
    spoilt = replace(sine, args=(Ref(given_.id, offset, (stride,)),))
    inside = all(0 <= offset + k * stride < n + 1 for k in range(n + 1))
    changed = replace(lowered, values=(given_, spoilt))
    if inside:
        require_inside(changed)
    else:
        with pytest.raises(NotGenerated, match="of an array of"):
            require_inside(changed)


def test_a_training_step_is_few_nests_and_the_text_says_which() -> None:
    graph, _ = training_step()
    text = str(schedule(lower(graph)))
    heads = [line.partition(": ")[2] for line in text.splitlines() if line[0].isdigit()]
    assert heads.count("alone") == 5, "a matrix product each, two forward and three backward"
    assert "nest [4, 3], reduced over axes [1]" in heads, "softmax is one nest over rows"
    assert heads[-1] == "nest [53]", "the optimizer is one pass over all parameters"
    assert len(heads) == 11


def test_gradients_are_computed_in_their_place_of_the_flat_vector() -> None:
    graph, _ = training_step()
    values = lower(graph).values
    (whole,) = [v for v in values if v.op == "assembly"]
    parts = [v for v in values if v.place is not None]
    assert {v.place[0] for v in parts if v.place} == {whole.id}
    assert sorted(v.size for v in parts) == [3, 5, 15, 30]
    assert all(v.op in ("product", "reduce") for v in parts), "none of them is a copy"


def test_new_parameters_are_written_over_the_old_ones() -> None:
    graph, n = training_step()
    carried = dict(zip(graph.inputs[:n], graph.outputs[1:], strict=True))
    memory = plan(schedule(lower(graph)), list(carried), carried)
    assert memory.copies == []
    assert [line for line in str(memory).splitlines() if "at the end" in line] == []
    assert sum(home[0] == "bound" for home in memory.homes.values()) == 2 * n


def assert_disjoint(found: Schedule, homes: Any) -> None:
    """While a group runs, everything that a later one still reads lies apart from what it writes."""
    by_id = {v.id: v for v in found.lowered.values}
    reads: dict[int, int] = {}
    for k, group in enumerate(found.groups):
        for v in group.values:
            for ref in v.refs:
                reads[ref.value] = k
    spans = {
        i: (home[2], home[2] + by_id[i].size * KINDS[by_id[i].kind][2])
        for i, home in homes.items()
        if home[0] == "workspace" and by_id[i].op != "assembly" and by_id[i].place is None
    }
    for k, group in enumerate(found.groups):
        for v in group.values:
            if v.id not in spans:
                continue
            for other, (start, end) in spans.items():
                made = found.group_of.get(other, -1)
                alive = made <= k and reads.get(other, -1) >= k and other != v.id
                assert not alive or end <= spans[v.id][0] or spans[v.id][1] <= start, (str(found), v.id, other)


@settings(max_examples=40)
@given(functions(), st.sampled_from([3, 17]))
def test_no_two_living_values_share_memory(f: Callable[..., Any], n: int) -> None:
    found = schedule(lower(trace(f, np.ones((n, n)), np.ones((n, n)))))
    assert_disjoint(found, plan(found, [], {}).homes)


@settings(max_examples=40)
@given(functions())
def test_every_group_reads_only_what_is_finished(f: Callable[..., Any]) -> None:
    found = schedule(lower(trace(f, np.ones((5, 5)), np.ones((5, 5)))))
    for k, group in enumerate(found.groups):
        for v in group.values:
            for ref in v.refs:
                made = found.group_of.get(ref.value, -1)
                assert made < k or (made == k and group.is_nest)


def test_memory_is_used_again_when_its_value_is_dead() -> None:
    def f(x: Any) -> Any:
        for _ in range(50):
            x = np.sin(x @ x)
        return x

    found = schedule(lower(trace(f, np.ones((20, 20)))))
    assert plan(found, [], {}).nbytes <= 4 * 20 * 20 * 8


def code_of(depth: int) -> str:
    """The code of a training step of a network with so many equal layers."""
    model, rule = nn.mlp([8] * (depth + 1), hidden="tanh"), optim.adam(0.01)
    carried = Carried.start(model.init(0), rule, {})
    x = np.ones((4, 8), np.float32)
    graph = step_graph(lambda p, m, x, y, t: (nn.mse(model(p, x), y), m), rule, carried, (x, x))
    n = len(carried.leaves)
    bound = dict(zip(graph.inputs[:n], carried.leaves, strict=True))
    cpu = this_cpu()
    assert isinstance(cpu, Cpu)
    return Writer(graph, bound, dict(zip(bound, graph.outputs[1:], strict=True)), graph.outputs[:1], cpu).ir


@needs_machine
def test_layers_of_one_shape_share_their_code() -> None:
    few, many = (code_of(depth).count("define internal") for depth in (6, 40))
    assert few == many


@needs_machine
def test_the_code_does_not_depend_on_where_things_are() -> None:
    assert code_of(5) == code_of(5)


def test_functions_of_the_same_text_are_one() -> None:
    module = Module()
    names = []
    for k in (1.0, 2.0, 1.0):
        f = Function(module, "f")
        f.parameters = ["ptr %p"]
        f.store(f.load("%p", "f64", 4) * k, "%p")
        names.append(module.add(f))
    assert names[0] == names[2] != names[1]


@pytest.mark.parametrize("n", [1, 2, 8, 10, 16, 63, 64, 65, 130])
@pytest.mark.parametrize(("lanes", "registers"), [(16, 32), (8, 16), (4, 32)])
def test_strips_of_a_product_cover_every_column_once(n: int, lanes: int, registers: int) -> None:
    columns: list[int] = []
    for first, many, vectors, tail in blocks(n, lanes, registers):
        width = (vectors - 1) * lanes + tail
        for k in range(many):
            columns += range(first + k * vectors * lanes, first + k * vectors * lanes + width)
    assert columns == list(range(n))
