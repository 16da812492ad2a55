"""The contract of every entry of the primitives table: its faces agree with each other and with NumPy.

Nothing is excepted by name: what an entry cannot do is a field of the entry.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from downslope.autodiff import backpropagate, batched, check_gradients, grad, hessian, hvp, jvp, trace, vjp
from downslope.autodiff.backpropagate import dependents
from downslope.autodiff.graph import WRITERS, Graph
from downslope.autodiff.primitive import TABLE, Primitive

ENTRIES = list(TABLE.values())
WRITTEN = [e for e in ENTRIES if not e.internal]
DIFFERENTIABLE = [e for e in WRITTEN if e.derivative in ("smooth", "kinked", "none")]
WITH_RULE = [e for e in WRITTEN if e.vjp is not None]

seeds = st.integers(0, 2**32 - 1)
usual = settings().max_examples  # 50; each test here runs for every entry
fewest, few, some = (settings(max_examples=usual // part) for part in (25, 10, 4))
every = pytest.mark.parametrize("name", [e.name for e in ENTRIES])
every_written = pytest.mark.parametrize("name", [e.name for e in WRITTEN])
every_differentiable = pytest.mark.parametrize("name", [e.name for e in DIFFERENTIABLE])
every_rule = pytest.mark.parametrize("name", [e.name for e in WITH_RULE])


def loss_of(f: Callable[..., Any], arrays: list[Any], rng: np.random.Generator) -> Callable[..., Any]:
    """The sample's result as one number, with random weights, curved so that linear operations too have a Hessian."""
    shape = np.shape(f(*arrays))
    w, u = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape), rng.uniform(0.1, 0.4, shape)

    def loss(*xs: Any) -> Any:
        out = f(*xs)
        return np.sum(w * out + u * out**2)

    return loss


def packed(f: Callable[..., Any]) -> Callable[..., Any]:
    """The same function of one tuple, so that all arrays are one argument."""
    return lambda xs: f(*xs)


def random_like(arrays: list[Any], rng: np.random.Generator) -> tuple[Any, ...]:
    return tuple(rng.normal(size=np.shape(x)).astype(np.asarray(x).dtype) for x in arrays)


def dot(a: Any, b: Any) -> float:
    return float(sum(np.sum(x * y) for x, y in zip(a, b, strict=True)))


def close(a: Any, b: Any, rtol: float = 1e-9) -> None:
    """Equal up to rounding, relative to the largest number of the array."""
    b = np.asarray(b)
    scale = np.max(np.abs(b), initial=0.0) if b.dtype.kind == "f" else 0.0
    np.testing.assert_allclose(np.asarray(a), b, rtol=rtol, atol=rtol * scale)


def rtol_of(arrays: list[Any]) -> float:
    return 1e-9 if all(x.dtype == np.float64 for x in arrays) else 1e-4


def sampled(name: str, seed: int) -> tuple[Callable[..., Any], list[Any], np.random.Generator]:
    rng = np.random.default_rng(seed)
    f, arrays = TABLE[name].sample(rng)
    return f, arrays, rng


@every
def test_an_entry_says_what_it_is(name: str) -> None:
    entry = TABLE[name]
    assert entry.sentence.endswith(".")
    assert entry.latex
    assert entry.text
    assert (entry.vjp is None) == (entry.jvp is None), "both derivative rules or none"
    assert (entry.derivative in ("smooth", "kinked")) == (entry.vjp is not None) or entry.internal
    assert entry.kinks or entry.derivative != "kinked", "a kink needs its place and the slope that is taken there"
    assert entry.batch is not None or entry.internal


@every_written
def test_some_sample_uses_its_entry(name: str) -> None:
    def uses(seed: int) -> bool:
        f, arrays, _ = sampled(name, seed)
        return name in {node.primitive.name for node in trace(f, *arrays).nodes}

    assert sum(uses(seed) for seed in range(20)) >= 5


@every
@some
@given(seed=seeds)
def test_the_graph_gives_what_numpy_gives(name: str, seed: int) -> None:
    f, arrays, _ = sampled(name, seed)
    direct, traced = f(*arrays), trace(f, *arrays)
    result = traced(*arrays)
    assert np.shape(result) == np.shape(direct) == traced[traced.outputs[0]].shape
    assert np.asarray(result).dtype == np.asarray(direct).dtype == traced[traced.outputs[0]].dtype
    close(result, direct, 1e-12)


@every_written
@some
@given(seed=seeds)
def test_reverse_mode_agrees_with_finite_differences(name: str, seed: int) -> None:
    f, arrays, rng = sampled(name, seed)
    if TABLE[name].derivative == "stopped":
        gradient = grad(loss_of(f, arrays, rng))(*arrays)
        assert not np.any(gradient)
        return
    check = check_gradients(loss_of(f, arrays, rng), *arrays, argnums=range(len(arrays)), directions=2)
    assert check.verdict == "right", check


@every
@some
@given(seed=seeds)
def test_forward_mode_is_the_transpose_of_reverse_mode(name: str, seed: int) -> None:
    f, arrays, rng = sampled(name, seed)
    v = random_like(arrays, rng)
    out, moved = jvp(f, arrays, v)
    assert np.shape(moved) == np.shape(out)
    g = np.asarray(rng.normal(size=np.shape(out)))
    pulled = vjp(f, *arrays)[1](g)
    assert [np.shape(p) for p in pulled] == [x.shape for x in arrays]
    terms = sum(float(np.sum(np.abs(p * d))) for p, d in zip(pulled, v, strict=True))
    assert abs(np.sum(g * moved) - dot(pulled, v)) <= rtol_of(arrays) * terms


@every_differentiable
@few
@given(seed=seeds)
def test_second_derivatives_agree_with_finite_differences_of_the_first(name: str, seed: int) -> None:
    f, arrays, rng = sampled(name, seed)
    loss, v = packed(loss_of(f, arrays, rng)), random_like(arrays, rng)
    first = trace(grad(loss), tuple(arrays))
    product = hvp(loss)(tuple(arrays), v)
    check = check_gradients(lambda xs: dot(first(xs), v), tuple(arrays), mine=product, directions=2)
    is_rounded = any(x.dtype != np.float64 for x in arrays)
    assert check.verdict in (("right", "cannot tell") if is_rounded else ("right",)), check


@every_differentiable
@few
@given(seed=seeds)
def test_the_hessian_is_symmetric_and_gives_the_product(name: str, seed: int) -> None:
    f, arrays, rng = sampled(name, seed)
    sizes = [x.size for x in arrays]
    ends = np.cumsum([0, *sizes])
    loss = loss_of(f, arrays, rng)

    def flat(z: Any) -> Any:
        return loss(*(z[a:b].reshape(x.shape) for a, b, x in zip(ends, ends[1:], arrays, strict=False)))

    z = np.concatenate([x.ravel() for x in arrays])
    matrix, v = hessian(flat)(z), rng.normal(size=z.size).astype(z.dtype)
    close(matrix, matrix.T, rtol_of(arrays))
    close(hvp(flat)(z, v), matrix @ v, rtol_of(arrays))


@every_written
@some
@given(seed=seeds)
def test_batching_is_a_loop_over_examples(name: str, seed: int) -> None:
    f, arrays, rng = sampled(name, seed)
    flags = rng.random(len(arrays)) < 0.6
    flags[int(rng.integers(len(arrays)))] = True
    several = [
        np.stack([x, np.roll(x, 1), x[::-1] if x.ndim else x]) if b else x for x, b in zip(arrays, flags, strict=True)
    ]
    one_by_one = np.stack([f(*(x[n] if b else x for x, b in zip(several, flags, strict=True))) for n in range(3)])
    result = batched(f, [bool(b) for b in flags])(*several)
    assert result.shape == one_by_one.shape
    close(result, one_by_one, 1e-7 if rtol_of(arrays) > 1e-8 else 1e-11)


def programs(name: str, seed: int) -> tuple[list[Graph], list[Any]]:
    """The sample, and the sample with its backward half."""
    f, arrays, rng = sampled(name, seed)
    loss = loss_of(f, arrays, rng)
    return [trace(f, *arrays), trace(grad(loss, range(len(arrays))), *arrays)], arrays


def leaves(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple | list) else [result]


@every
@some
@given(seed=seeds)
def test_the_plain_program_gives_what_the_graph_gives(name: str, seed: int) -> None:
    graphs, arrays = programs(name, seed)
    for graph in graphs:
        for a, b in zip(leaves(graph.program()(*arrays)), leaves(graph(*arrays)), strict=True):
            assert np.shape(a) == np.shape(b)
            close(a, b, 1e-12)


@every
@pytest.mark.parametrize("library", ["array_api_strict", "torch"])
@few
@given(seed=seeds)
def test_the_plain_program_runs_on_other_array_libraries(name: str, library: str, seed: int) -> None:
    require_same_on(library, name, seed)


@every
@fewest  # it compiles each operation for each shape
@given(seed=seeds)
def test_the_plain_program_runs_on_jax(name: str, seed: int) -> None:
    pytest.importorskip("jax")
    importlib.import_module("jax").config.update("jax_enable_x64", True)  # or it takes float64 for float32
    require_same_on("jax.numpy", name, seed)


def require_same_on(library: str, name: str, seed: int) -> None:
    pytest.importorskip(library)
    xp = importlib.import_module(library)
    graphs, arrays = programs(name, seed)
    for graph in graphs:
        used = {node.primitive for node in graph.nodes}
        if any(p.unportable or (p.beyond_standard and library == "array_api_strict") for p in used):
            continue
        result = graph.program()(*(xp.asarray(x) for x in arrays))
        for a, b in zip(leaves(result), leaves(graph(*arrays)), strict=True):
            close(np.asarray(a), b, rtol_of(arrays))


@every
@pytest.mark.skipif("in place" not in WRITERS, reason="the in-place dialect is not registered")
@some
@given(seed=seeds)
def test_the_in_place_program_gives_what_the_graph_gives(name: str, seed: int) -> None:
    graphs, arrays = programs(name, seed)
    for graph in graphs:
        program = graph.program("in place")
        for _ in range(2):  # the second call finds the buffers used
            for a, b in zip(leaves(program(*arrays)), leaves(graph(*arrays)), strict=True):
                assert np.shape(a) == np.shape(b)
                assert np.asarray(a).dtype == np.asarray(b).dtype
                close(a, b, 1e-6 if np.asarray(b).dtype == np.float32 else 1e-12)


@every_written
@few
@given(seed=seeds)
def test_float32_stays_float32(name: str, seed: int) -> None:
    f, arrays, _ = sampled(name, seed)
    narrow = [x.astype(np.float32) for x in arrays]
    direct = np.asarray(f(*narrow))
    graph = trace(f, *narrow)
    assert np.asarray(graph(*narrow)).dtype == direct.dtype == graph[graph.outputs[0]].dtype
    gradient = grad(lambda *xs: np.sum(f(*xs)), range(len(arrays)))(*narrow)
    assert [g.dtype for g in gradient] == [np.float32] * len(arrays)
    assert jvp(f, narrow, narrow)[1].dtype == (direct.dtype if direct.dtype.kind == "f" else np.dtype(direct.dtype))


# --- the checker must catch every planted mistake ---------------------------------------------------------------------


def mutants(entry: Primitive, size: float, places: set[int]) -> dict[str, Callable[..., Any]]:
    """Wrong versions of the entry's reverse rule."""
    rule = entry.vjp
    assert rule is not None
    right: Callable[..., Any] = rule

    def scaled(factor: float) -> Callable[..., Any]:
        def wrong(i: int, *rest: Any, **attrs: Any) -> Any:
            part = right(i, *rest, **attrs)
            return None if part is None else part * factor

        return wrong

    def without(which: int) -> Callable[..., Any]:
        return lambda i, *rest, **attrs: None if i == which else right(i, *rest, **attrs)

    return {
        f"times 1 + {size}": scaled(1 + size),
        "flipped sign": scaled(-1.0),
        **{f"nothing for input {i}": without(i) for i in sorted(places)},
    }


@every_rule
@settings(max_examples=usual // 16)
@given(seed=seeds)
def test_planted_mistakes_are_caught_and_the_right_rule_passes(name: str, seed: int) -> None:
    graph, loss, arrays = next(filter(None, (graph_with(name, seed + k) for k in range(100))))
    reached = dependents(graph.nodes, set(graph.inputs))
    places = {n for x in graph.nodes if x.primitive.name == name for n, i in enumerate(x.inputs) if i in reached}

    def given_by(rules: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(backpropagate(graph, rules=rules)(*arrays)[1:])

    def check(gradient: tuple[Any, ...]) -> Any:
        return check_gradients(loss, *arrays, argnums=range(len(arrays)), mine=gradient, directions=2)

    right, planted = given_by({}), 0
    assert check(right).verdict == "right"
    is_double = all(x.dtype == np.float64 for x in arrays)  # a float32 gradient cannot show one part in a million
    for mistake, rule in mutants(TABLE[name], 1e-6 if is_double else 1e-2, places).items():
        wrong = given_by({name: rule})
        if all(np.array_equal(a, b) for a, b in zip(right, wrong, strict=True)):
            continue  # the adjoint is exactly zero for this input, and zero times anything is right
        found, planted = check(wrong), planted + 1
        assert found.verdict == "wrong", f"{mistake}: {found}"
    assert planted >= 2


def graph_with(name: str, seed: int) -> tuple[Graph, Callable[..., Any], list[Any]] | None:
    """A sample's loss that goes through the primitive; None where this one is of others, or cuts everything off."""
    f, arrays, rng = sampled(name, seed)
    w = rng.uniform(0.5, 1.5, np.shape(f(*arrays)))

    def loss(*xs: Any) -> Any:
        return np.sum(w * f(*xs))  # nothing curved: a rule used at two depths could be wrong by parts that cancel

    graph = trace(loss, *arrays)
    occurs = any(x.primitive.name == name for x in graph.nodes)
    is_moving = any(np.any(g) for g in backpropagate(graph)(*arrays)[1:])
    return (graph, loss, arrays) if occurs and is_moving else None


def test_a_table_of_at_least_the_promised_size() -> None:
    assert len(ENTRIES) > 70
