"""The in-place dialect: the same numbers, without a value ever being overwritten while it is still needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope import nn, optim
from downslope.autodiff import grad, trace, value_and_grad
from downslope.autodiff.compile.in_place import loop
from downslope.autodiff.compile.plan import is_view, plan
from downslope.autodiff.graph import Graph
from downslope.runs.step_graph import step_graph
from downslope.runs.step_program import Carried

UNARY: list[Callable[[Any], Any]] = [
    np.tanh,
    np.sin,
    lambda x: -x,
    lambda x: x.T,
    lambda x: x * x.T,
    lambda x: x**2,
    lambda x: np.maximum(x, 0),
    lambda x: x - np.max(x, axis=1, keepdims=True),
    lambda x: x / (1 + np.sum(x * x)),
    lambda x: np.sum(x, axis=0) + x,
    lambda x: np.mean(x, axis=1)[:, None] * x,
    lambda x: np.reshape(np.reshape(x, (-1,)) * 2, x.shape),
    lambda x: np.reshape(x.T, (-1,))[: x.size].reshape(x.shape),
    lambda x: np.concatenate([x[:1], np.sin(x[1:])]),
    lambda x: np.where(x > 0, x, 0.1 * x),
    lambda x: np.sort(x, axis=1),
    lambda x: x[::-1],
    lambda x: x[np.array([2, 0, 1])],
    lambda x: np.broadcast_to(x[0], x.shape) + x,
    lambda x: np.cumsum(x, axis=0),
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a @ b,
    lambda a, b: a - 0.5 * b,
    lambda a, b: np.hypot(a, b + 3),
    lambda a, b: np.concatenate([np.ravel(a), np.ravel(b)])[:9].reshape(3, 3),
]


@st.composite
def functions(draw: st.DrawFn) -> Callable[[Any, Any], Any]:
    """A random function of two 3 x 3 arrays, in which values live for random times."""
    steps = draw(
        st.lists(
            st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, len(UNARY) + len(BINARY) - 1)),
            min_size=1,
            max_size=12,
        )
    )
    results = draw(st.lists(st.integers(0, 99), min_size=1, max_size=3))

    def f(a: Any, b: Any) -> Any:
        values = [a, b]
        for i, j, k in steps:
            x, y = values[i % len(values)], values[j % len(values)]
            values.append(UNARY[k](x) if k < len(UNARY) else BINARY[k - len(UNARY)](x, y))
        return [values[-1 - r % len(values)] for r in results]

    return f


def arrays(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(3, 3)), rng.normal(size=(3, 3))


@given(functions(), st.integers(0, 2**32))
def test_random_functions_give_the_same_numbers_call_after_call(f: Callable[..., Any], seed: int) -> None:
    graph = trace(f, *arrays(0))
    program = graph.program("in place")
    first = program(*arrays(seed))
    kept = [np.copy(x) for x in first]
    program(*arrays(seed + 1))
    for now, then, truth in zip(first, kept, graph(*arrays(seed)), strict=True):
        np.testing.assert_allclose(then, truth, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(now, then, err_msg="a later call changed an earlier result")


@given(functions(), st.integers(0, 2**32))
def test_gradients_of_random_functions_too(f: Callable[..., Any], seed: int) -> None:
    graph = trace(grad(lambda a, b: sum(np.sum(np.sin(x)) for x in f(a, b)), (0, 1)), *arrays(0))
    found, truth = graph.program("in place")(*arrays(seed)), graph(*arrays(seed))
    for x, y in zip(found, truth, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-10)


@given(functions())
def test_no_two_living_values_share_memory(f: Callable[..., Any]) -> None:
    graph = trace(f, *arrays(0))
    assert_disjoint(graph)


def assert_disjoint(graph: Graph) -> None:
    """While a node is computed, every buffer that is still needed later is one of its own."""
    arrays_of = plan(graph).arrays
    owners = [n.id for n in graph.nodes if n.id in arrays_of and not is_view(n) and n.primitive.name != "concatenate"]
    end = {i: graph.last_use[i] for i in owners}
    for node in graph.nodes:  # what is seen through a view keeps its owner alive
        i = node.id
        while i in arrays_of and is_view(graph[i]):
            i = graph[i].inputs[0]
            end[i] = max(end.get(i, i), graph.last_use[node.id])
    for a in owners:
        for b in owners:
            if a < b and end[a] > b and graph[a].size and graph[b].size:
                assert not np.shares_memory(arrays_of[a], arrays_of[b]), (graph, a, b)


def test_a_dying_operand_makes_room_for_the_result() -> None:
    def f(x: Any) -> Any:
        for _ in range(50):
            x = np.sin(x) + 1
        return x

    assert plan(trace(f, np.ones(1000))).buffers <= 2


def test_gradients_land_in_one_vector_without_a_copy() -> None:
    model = nn.mlp([4, 3, 2])
    params = model.init(0)
    rule = optim.adam(0.01)
    graph = step_graph(
        lambda p, memory, x, y, t: (nn.softmax_cross_entropy(model(p, x), y), memory),
        rule,
        Carried.start(params, rule, {}),
        (np.ones((5, 4), np.float32), np.eye(2, dtype=np.float32)[[0, 1, 0, 1, 1]]),
    )
    whole = next(n for n in graph.nodes if n.name == "g")
    memory = plan(graph).arrays
    for part in (n for n in graph.nodes if n.name.startswith("g_dense") and n.name.endswith((".w", ".b"))):
        assert np.shares_memory(memory[part.id], memory[whole.id]), part.name


def test_many_steps_in_one_call_equal_the_pure_step_taken_again_and_again() -> None:
    rng = np.random.default_rng(3)
    model, rule = nn.mlp([4, 6, 3], hidden="tanh"), optim.adam(0.05)
    params = model.init(1, np.float64)
    xs, ys = rng.normal(size=(30, 8, 4)), np.eye(3)[rng.integers(0, 3, (30, 8))]

    def objective(p: Any, memory: Any, x: Any, y: Any, t: Any) -> Any:
        return nn.softmax_cross_entropy(model(p, x), y), memory

    carried = Carried.start(params, rule, {})
    flat, state = carried.flat, carried.state
    pure = step_graph(objective, rule, carried, (xs[0], ys[0]))
    p, s, expected = flat.copy(), {k: v.copy() for k, v in state.items()}, []
    for t in range(30):
        loss, p, s = pure(p, s, xs[t], ys[t], t + 1, rule.lr)
        expected.append(loss)
    kept = [flat, *state.values()]
    program = loop(
        pure,
        dict(zip(pure.inputs, kept, strict=False)),
        dict(zip(pure.inputs, pure.outputs[1:], strict=False)),
        pure.outputs[:1],
    )
    losses = np.zeros(30)
    run: Any = program.function
    run((xs, ys, range(1, 31), [rule.lr] * 30), (losses,))
    np.testing.assert_allclose(losses, expected, rtol=1e-11)
    np.testing.assert_allclose(flat, p, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(state["v"], s["v"], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    "step",
    [
        lambda a, b: (b, a),
        lambda a, b: (a + b, a - b),
        lambda a, b: (b * 2, a @ b),
        lambda a, b: (a.T, b + a),
        lambda a, b: (np.sin(a), b + np.sum(a)),
        lambda a, b: (a, a),
    ],
)
def test_carried_values_are_exchanged_as_if_all_at_once(step: Callable[..., Any]) -> None:
    a, b = arrays(5)
    expected = (a, b)
    for _ in range(3):
        expected = step(*expected)
    graph = trace(lambda a, b, k: step(a, b), a, b, 1.0)  # k is there to be streamed: three values, three steps
    bound = {graph.inputs[0]: a.copy(), graph.inputs[1]: b.copy()}
    run: Any = loop(graph, bound, dict(zip(bound, graph.outputs, strict=True)), []).function
    run(([1.0, 2.0, 3.0],), ())
    for found, truth in zip(bound.values(), expected, strict=True):
        np.testing.assert_allclose(found, truth, rtol=1e-12)


def test_arguments_of_another_type_are_taken_as_what_was_traced() -> None:
    program = trace(lambda x: x * 2, np.ones(3)).program("in place")
    assert program(np.array([1, 2, 3])).tolist() == [2.0, 4.0, 6.0]


def test_float32_stays_float32() -> None:
    x = np.ones((2, 3), np.float32)
    graph = trace(value_and_grad(lambda x: np.mean(np.tanh(x) ** 2)), x)
    value, gradient = graph.program("in place")(x)
    assert value.dtype == gradient.dtype == np.float32
