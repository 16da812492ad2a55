"""The contract of a machine program: what it reads, writes and leaves alone."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.autodiff.compile.machine.tools import evaluated, needs_machine

from downslope.autodiff import grad, trace
from downslope.autodiff.compile import machine
from downslope.autodiff.compile.machine import NotGenerated, loop

pytestmark = needs_machine

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
    lambda x: np.exp(x - np.max(x, axis=1, keepdims=True)) / (1 + np.sum(np.abs(x), axis=1, keepdims=True)),
    lambda x: np.reshape(x.T, (-1,))[: x.size].reshape(x.shape),
    lambda x: np.concatenate([x[:1], np.sin(x[1:])]),
    lambda x: np.concatenate([x[:, 2:], 2 * x[:, :2]], axis=1),
    lambda x: np.where(x > 0, x, 0.1 * x),
    lambda x: np.cumsum(x, axis=0),
    lambda x: x * x[0, -1] + x[2, 1],
    lambda x: np.concatenate([x[0, 0:1], np.ravel(x)])[: x.size].reshape(x.shape),
    lambda x: x[::-1] + np.flip(x, 1),
    lambda x: x[np.arange(len(x))[::-1]],
    lambda x: np.broadcast_to(x[0], x.shape) + x,
    lambda x: np.pad(x[1:], ((1, 0), (0, 0))),
    lambda x: np.roll(x, 1, axis=1) * np.std(x, axis=0),
    lambda x: np.tril(x) / (1 + np.max(np.abs(x), axis=0)),
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: np.tanh(a @ b),
    lambda a, b: np.tanh(a.T @ b),
    lambda a, b: a - 0.5 * b,
    lambda a, b: np.hypot(a, b + 3),
    lambda a, b: np.einsum("ij,kj->ik", a, np.tanh(b)) / len(a),
]


@st.composite
def functions(draw: st.DrawFn) -> Callable[[Any, Any], Any]:
    """A random function of two square arrays, in which values live for random times."""
    pick = st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, len(UNARY) + len(BINARY) - 1))
    steps = draw(st.lists(pick, min_size=1, max_size=12))
    results = draw(st.lists(st.integers(0, 99), min_size=1, max_size=3))

    def f(a: Any, b: Any) -> Any:
        values = [a, b]
        for i, j, k in steps:
            x, y = values[i % len(values)], values[j % len(values)]
            values.append(UNARY[k](x) if k < len(UNARY) else BINARY[k - len(UNARY)](x, y))
        return [values[-1 - r % len(values)] for r in results]

    return f


@settings(max_examples=60)
@given(functions(), st.sampled_from([3, 5, 17, 37]), st.integers(0, 2**32))
def test_random_functions_give_the_same_numbers_within_their_own_memory(
    f: Callable[..., Any], n: int, seed: int
) -> None:
    a, b = np.random.default_rng(seed).normal(size=(2, n, n))
    for found, truth in zip(evaluated(f, a, b), trace(f, a, b)(a, b), strict=True):
        np.testing.assert_allclose(found, truth, rtol=1e-9, atol=1e-9 * (1 + np.abs(truth).max()))


@settings(max_examples=30)
@given(functions(), st.sampled_from([3, 17]), st.integers(0, 2**32))
def test_gradients_of_random_functions_too(f: Callable[..., Any], n: int, seed: int) -> None:
    a, b = np.random.default_rng(seed).normal(size=(2, n, n))
    slope = grad(lambda a, b: sum(np.mean(np.tanh(x)) for x in f(a, b)), (0, 1))
    for found, truth in zip(evaluated(lambda a, b: list(slope(a, b)), a, b), slope(a, b), strict=True):
        np.testing.assert_allclose(found, truth, rtol=1e-7, atol=1e-7 * (1 + np.abs(truth).max()))


@pytest.mark.parametrize(
    "step",
    [
        lambda a, b: (b, a),
        lambda a, b: (a + b, a - b),
        lambda a, b: (b * 2, a @ b),
        lambda a, b: (a.T, b + a),
        lambda a, b: (np.sin(a), b + np.sum(a)),
        lambda a, b: (a, a),
        lambda a, b: (a[::-1] + a, b),
        lambda a, b: (np.concatenate([b[:1], a[1:] * 2]), np.concatenate([a[:1], b[1:] + a[:2]])),
        lambda a, b: (np.exp(a - np.max(a, axis=1, keepdims=True)) / np.sum(np.abs(a), axis=1, keepdims=True), a),
    ],
)
def test_carried_values_are_exchanged_as_if_all_at_once(step: Callable[..., Any]) -> None:
    a, b = np.random.default_rng(5).normal(size=(2, 3, 3))
    expected = (a, b)
    for _ in range(3):
        expected = step(*expected)
    graph = trace(lambda a, b, k: step(a, b), a, b, 1.0)
    bound = {graph.inputs[0]: a.copy(), graph.inputs[1]: b.copy()}
    run: Any = loop(graph, bound, dict(zip(bound, graph.outputs, strict=True)), []).function
    run(([1.0, 2.0, 3.0],), ())
    for found, truth in zip(bound.values(), expected, strict=True):
        np.testing.assert_allclose(found, truth, rtol=1e-12)


def test_python_numbers_follow_pythons_rules_and_can_be_recorded() -> None:
    def f(a: Any, t: Any, lr: Any) -> Any:
        return a * lr / (1 - 0.9**t), t / 2, 1 - 0.999**t, (t + 3) * lr

    graph = trace(f, np.ones(2), 1, 0.5)
    a = np.ones(2)
    run: Any = loop(graph, {graph.inputs[0]: a}, {graph.inputs[0]: graph.outputs[0]}, graph.outputs[1:]).function
    records: list[Any] = [np.zeros(4), [0.0] * 4, np.zeros(4, np.float32)]
    run((range(1, 5), [0.5, 0.25, 1.0, 2.0]), records)
    expected = np.ones(2)
    for k, lr in enumerate([0.5, 0.25, 1.0, 2.0]):
        expected, half, rest, more = f(expected, k + 1, lr)
        np.testing.assert_allclose([r[k] for r in records], [half, rest, more], rtol=1e-6)
        assert records[0][k] == half
    np.testing.assert_allclose(a, expected, rtol=1e-14)


def test_streams_of_another_type_are_taken_as_what_was_traced_and_of_another_shape_refused() -> None:
    graph = trace(lambda s, x: s + np.sum(x), np.zeros(()), np.ones(3))
    total = np.zeros(())
    run: Any = loop(graph, {graph.inputs[0]: total}, {graph.inputs[0]: graph.outputs[0]}, []).function
    run(([[1, 2, 3], [4, 5, 6]],), ())
    assert total == 21
    with pytest.raises(ValueError, match="stream of shape"):
        run((np.ones((2, 4)),), ())
    run((np.ones((0, 3)),), ())
    assert total == 21


@pytest.mark.parametrize("shape", [(40, 7), (9, 3, 5), (12,), (6, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_rows_are_gathered_by_their_numbers(shape: tuple[int, ...], dtype: Any) -> None:
    rng = np.random.default_rng(3)
    data = (10 * rng.normal(size=shape)).astype(dtype)
    rows = rng.integers(-shape[0], shape[0], (6, 5))
    graph = trace(lambda s, x, w: s * 0.5 + np.sum(np.sin(x * w)), np.zeros(()), data[rows[0]], 1.0)
    ends = []
    for gathered, stream in ((None, data[rows]), ({graph.inputs[1]: data}, rows)):
        total = np.zeros(())
        bound = {graph.inputs[0]: total}
        run: Any = loop(graph, bound, {graph.inputs[0]: graph.outputs[0]}, [], gathered=gathered).function
        run((stream, [1.0, 2.0, 0.5, 3.0, 1.0, -1.0]), ())
        ends.append(float(total))
    assert ends[0] == ends[1] != 0
    rows[2, 4] = shape[0]
    with pytest.raises(
        IndexError, match=f"row {shape[0]} is outside of its array of .* in step 3 of 6: no step was taken"
    ):
        run((rows, np.ones(6)), ())


def test_arrays_that_do_not_fit_what_was_traced_are_refused() -> None:
    graph = trace(lambda s, x: s + np.sum(x), np.zeros(()), np.ones((2, 3)))
    for array in (np.zeros((), np.float32), np.zeros(1)):
        with pytest.raises(NotGenerated, match="traced as"):
            loop(graph, {graph.inputs[0]: array}, {}, [])
    with pytest.raises(NotGenerated, match="traced as"):
        loop(graph, {graph.inputs[0]: np.zeros(())}, {}, [], gathered={graph.inputs[1]: np.ones((9, 4))})


def test_one_program_may_run_in_several_threads_on_arrays_of_their_own() -> None:
    def program() -> tuple[Any, Any]:
        graph = trace(lambda w, x: w + np.tanh(x @ x) * 0.01, np.zeros((24, 24)), np.ones((24, 24)))
        w = np.zeros((24, 24))
        return w, loop(graph, {graph.inputs[0]: w}, {graph.inputs[0]: graph.outputs[0]}, []).function

    xs = np.random.default_rng(0).normal(size=(300, 24, 24))
    alone, run = program()
    run((xs,), ())
    pairs = [program() for _ in range(4)]
    threads = [threading.Thread(target=run, args=((xs,), ())) for _, run in pairs]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for w, _ in pairs:
        np.testing.assert_array_equal(w, alone)


def test_denormal_numbers_are_flushed_inside_only() -> None:
    tiny = np.finfo(np.float64).tiny
    assert evaluated(lambda x: x * 0.5, np.array([tiny]))[0].tolist() == [0.0]
    assert np.array([tiny])[0] * 0.5 > 0, "the caller's arithmetic has changed"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(st.integers(0, 2**32), st.integers(1, 70))
@settings(max_examples=15)
def test_a_number_does_not_depend_on_its_place(dtype: Any, seed: int, n: int) -> None:
    """In a whole vector, in the last one of a row, or alone."""
    a, b = np.random.default_rng(seed).normal(size=2).astype(dtype)

    def f(x: Any, y: Any) -> Any:
        return [
            x * y + x,
            x - y * y,
            np.tanh(x * y - 0.3) * 2 + np.exp(y) * x,
            0.9 * x + 0.1 * y,
            np.arctan(x) ** 3 + y,
        ]

    for found in evaluated(f, np.full((2, n), a), np.full((2, n), b)):
        assert len(np.unique(found)) == 1
    (wide,) = {float(x[0, 0]) for x in evaluated(f, np.full((2, n), a), np.full((2, n), b))[:1]}
    assert wide == float(evaluated(f, a, b)[0])


@needs_machine
@pytest.mark.parametrize("n", [2, 16, 37, 300, 5_000])
def test_numbers_are_replaced_in_the_loop_that_also_sums_them_up(n: int) -> None:
    """A sum that is only told leaves the update in its place; one that it follows from needs all old numbers."""
    x, p, m = np.random.default_rng(n).normal(size=(3, n))

    def told(p: Any, m: Any, x: Any) -> Any:
        g = 2 * p - x
        return np.sum(g * g), p - 0.1 * (m + g), 0.9 * m + g

    def normed(p: Any, m: Any, x: Any) -> Any:
        g = 2 * p - x
        return np.sum(g * g), p - 0.1 * g / np.sqrt(np.sum(g * g)), m - np.max(p) * p

    for step in (told, normed):
        graph = trace(step, p, m, x)
        bound = {graph.inputs[0]: p.copy(), graph.inputs[1]: m.copy()}
        sums = np.empty(4)
        over = dict(zip(bound, graph.outputs[1:], strict=True))
        run: Any = loop(graph, bound, over, graph.outputs[:1]).function
        run((np.stack([x] * 4),), (sums,))
        now, truths = (p, m), []
        for _ in range(4):
            total, *now = step(*now, x)
            truths.append(total)
        np.testing.assert_allclose(sums, truths, rtol=1e-11)
        for found, truth in zip(bound.values(), now, strict=True):
            np.testing.assert_allclose(found, truth, rtol=1e-10, atol=1e-12)


def in_rows(x: Any, bias: Any, weight: Any) -> list[Any]:
    """Everything that rows are used for: extremes, sums, products, what follows from them, and numbers of each row."""
    shifted = x + bias
    highest, lowest = np.max(shifted, axis=1, keepdims=True), np.min(shifted, axis=1, keepdims=True)
    e = np.exp(shifted - highest)
    total = np.sum(e, axis=1, keepdims=True)
    centred = (x - np.mean(x, axis=1, keepdims=True)) / np.sqrt(np.var(x, axis=1, keepdims=True) + 1e-5)
    return [e / total, np.log(total) + highest, centred * weight[:, None], lowest, np.prod(np.tanh(x), axis=1)]


@needs_machine
@settings(max_examples=40)
@given(rows=st.integers(1, 40), n=st.integers(2, 70), seed=st.integers(0, 2**31), bad=st.booleans())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_does_not_depend_on_the_rows_beside_it(dtype: Any, rows: int, n: int, seed: int, bad: bool) -> None:
    rng = np.random.default_rng(seed)
    x, bias, weight = (rng.normal(size=size).astype(dtype) for size in ((rows, n), n, rows))
    if bad:  # one row has a NaN, another an infinity
        x[rng.integers(rows), rng.integers(n)] = np.nan
        x[rng.integers(rows), rng.integers(n)] = np.inf
    together = evaluated(in_rows, x, bias, weight)
    with np.errstate(all="ignore"):
        truths = in_rows(x.astype(np.float64), bias.astype(np.float64), weight.astype(np.float64))
    k = int(rng.integers(rows))
    alone = evaluated(in_rows, x[k : k + 1], bias, weight[k : k + 1])
    tolerance = 2e-4 if dtype == np.float32 else 1e-11
    for found, one, truth in zip(together, alone, truths, strict=True):
        assert found[k].tobytes() == one[0].tobytes()
        np.testing.assert_allclose(found, truth, rtol=tolerance, atol=tolerance)


def test_the_difference_of_equal_products_is_zero() -> None:
    x = np.random.default_rng(0).normal(size=1_000)
    found = evaluated(lambda x, y: [x * x - y * y, np.sqrt(x * y - y * x)], x, x)
    assert not np.any(found)


def test_the_same_program_gives_the_same_bits() -> None:
    x = np.random.default_rng(1).normal(size=(30, 41)).astype(np.float32)

    def f(x: Any) -> Any:
        return [np.tanh(x) @ x.T, np.sum(np.exp(x), axis=0), np.std(x)]

    for first, again in zip(evaluated(f, x), evaluated(f, x), strict=True):
        np.testing.assert_array_equal(first, again)


def test_what_cannot_be_a_stream_or_record_is_refused_with_the_reason() -> None:
    graph = trace(lambda a: a * 2, np.ones((3, 3)))
    with pytest.raises(NotGenerated, match="more than one number"):
        loop(graph, {}, {}, graph.outputs)
    with pytest.raises(NotGenerated, match="in one piece"):
        loop(graph, {graph.inputs[0]: np.ones((6, 3))[::2]}, {}, [])


def test_it_prints_as_its_code_and_says_its_dialect() -> None:
    graph = trace(lambda s, x: s + np.sum(x), np.zeros(()), np.ones(3))
    program = loop(graph, {graph.inputs[0]: np.zeros(())}, {graph.inputs[0]: graph.outputs[0]}, [])
    assert program.dialect == "machine"
    assert "define i64 @run(ptr %table, i64 %count)" in program.source


def test_it_is_available_here_and_llvm_is_loaded_at_the_first_use_only() -> None:
    assert machine.available() is None
    code = "import downslope.autodiff.compile.machine, sys; print('llvmlite' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_without_llvmlite_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "find_spec", lambda name: None)
    assert machine.available() == "llvmlite is not installed"
    assert ctypes.sizeof(ctypes.c_void_p) == 8
