"""Where a number comes from: the parts add up to it, each way to the loss is counted once, and the words are true."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, strategies as st

import downslope as ds
from downslope.autodiff import trace
from downslope.autodiff.graph import Graph
from downslope.autodiff.primitive import TABLE
from downslope.errors import DownslopeError
from downslope.explain.derivation import explain
from downslope.explain.records import Derivation

EXACT = 1e-12


def network(params: Any, x: Any, y: Any) -> Any:
    z = x @ params["w1"] + params["b1"]
    h = np.tanh(z)
    p = h @ params["w2"]
    return np.mean((p - y) ** 2)


def drawn(
    rng: np.random.Generator, rows: int = 5, n: int = 3, hidden: int = 4, outputs: int = 2
) -> tuple[Any, Any, Any]:
    params = {
        "w1": rng.normal(size=(n, hidden)),
        "b1": rng.normal(size=hidden),
        "w2": rng.normal(size=(hidden, outputs)),
    }
    return params, rng.normal(size=(rows, n)), rng.normal(size=(rows, outputs))


ARGS = drawn(np.random.default_rng(0))


def assert_adds_up(derivation: Derivation) -> None:
    """At each level the listed parts and the rest are the value; with nothing left out the rest is rounding."""
    for level in derivation.levels:
        if not level.contributions:
            continue
        parts = [c.value for c in level.contributions]
        size = sum(map(abs, parts)) + abs(level.value)
        assert abs(math.fsum([*parts, level.rest]) - level.value) <= EXACT * size
        if not level.others:
            assert abs(level.rest) <= EXACT * size
        for c in level.contributions:
            if c.factor is not None and c.adjoint is not None:
                assert c.value == pytest.approx(c.factor * c.adjoint, rel=EXACT, abs=1e-300)


# --- the parts add up -------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 4), st.integers(1, 5), st.integers(1, 3))
def test_all_parts_of_every_level_add_up_to_its_value(seed: int, rows: int, n: int, hidden: int, outputs: int) -> None:
    rng = np.random.default_rng(seed)
    args = drawn(rng, rows, n, hidden, outputs)
    gradients = ds.grad(network)(*args)
    for name, gradient in gradients.items():
        place = tuple(int(rng.integers(k)) for k in gradient.shape)
        derivation = explain(network, *args, f"{name}{list(place)}", most=10_000)
        assert_adds_up(derivation)
        assert all(level.others == 0 for level in derivation.levels)
        assert derivation.value == pytest.approx(gradient[place], rel=EXACT, abs=1e-300)


UNARY: list[Callable[[Any], Any]] = [np.tanh, np.exp, np.sin, lambda v: v * v, lambda v: 0.5 * v, lambda v: v - 0.3]
BINARY: list[Callable[[Any, Any], Any]] = [np.add, np.multiply, np.subtract, lambda u, v: u @ v.T @ u, np.maximum]


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 99), min_size=1, max_size=9))
def test_they_add_up_in_any_graph_with_fan_outs(seed: int, picks: list[int]) -> None:
    """Programs of random operations on 3 x 3 matrices, each on values that were made before."""
    rng = np.random.default_rng(seed)
    start = 0.5 * rng.normal(size=(3, 3))

    def f(w: Any) -> Any:
        made = [w]
        for k in picks:
            if k % 2:
                made.append(0.5 * UNARY[k % len(UNARY)](made[k % len(made)]))
            else:
                made.append(0.5 * BINARY[k % len(BINARY)](made[k % len(made)], made[(k // 3) % len(made)]))
        return np.sum(made[-1] * made[len(made) // 2])

    truth = ds.grad(f)(start)
    derivation = explain(f, start, "w[1, 2]", most=1000)
    assert_adds_up(derivation)
    assert derivation.value == pytest.approx(truth[1, 2], rel=EXACT, abs=1e-13)


@pytest.mark.parametrize("name", [entry.name for entry in TABLE.values() if not entry.internal])
@pytest.mark.parametrize("seed", range(3))
def test_every_primitive_has_a_derivation_whose_parts_add_up(name: str, seed: int) -> None:
    entry, rng = TABLE[name], np.random.default_rng(seed)
    f, arrays = entry.sample(rng)
    arrays = [np.asarray(a) for a in arrays]
    weights = rng.normal(size=np.shape(f(*arrays)))

    def loss(*xs: Any) -> Any:
        return np.sum(f(*xs) * weights)

    exact = all(node.dtype != np.float32 for node in trace(loss, *arrays).nodes)
    for k, array in enumerate(arrays):
        if array.dtype.kind != "f" or not array.size or entry.derivative == "none":
            continue
        place = tuple(int(rng.integers(n)) for n in array.shape)
        derivation = explain(loss, *arrays, f"xs{k}{list(place) if place else ''}", most=1000)
        assert derivation.value == pytest.approx(
            float(np.asarray(ds.grad(loss, k)(*arrays))[place]), rel=EXACT, abs=1e-14
        )
        if exact:
            assert_adds_up(derivation)


# --- against every path, one by one -----------------------------------------------------------------------------------


def paths(graph: Graph, values: dict[int, Any], id: int, place: tuple[int, ...]) -> Iterator[float]:
    """The product of the local derivatives on every path of entries from one entry to the result, by differences."""
    if id == graph.outputs[0]:
        yield 1.0
        return
    for user in {graph[i].id: graph[i] for i in graph.users[id]}.values():
        inputs = [np.array(values[i], float) for i in user.inputs]
        moved = []
        for step in (1e-5, -1e-5):
            changed = [x.copy() for x in inputs]
            for k, i in enumerate(user.inputs):
                if i == id:
                    changed[k][place] += step
            moved.append(np.asarray(user.primitive.forward(*changed, **user.attrs)))
        local = (moved[0] - moved[1]) / 2e-5
        for where in zip(*np.nonzero(np.atleast_1d(local)), strict=True):
            at = tuple(int(i) for i in where) if local.ndim else ()
            for rest in paths(graph, values, user.id, at):
                yield float(local[at]) * rest


@pytest.mark.parametrize("words", ["w1[0, 1]", "b1[1]", "w2[1, 0]"])
def test_the_value_is_the_sum_over_all_paths_of_entries(words: str) -> None:
    args = drawn(np.random.default_rng(3), rows=2, n=2, hidden=2, outputs=2)
    graph = trace(network, *args)
    values = graph.values(args, keep=lambda _: True)
    derivation = explain(network, *args, words, most=100)
    (id,) = [node.id for node in graph.nodes if node.name == derivation.name]
    assert derivation.place is not None
    assert derivation.value == pytest.approx(math.fsum(paths(graph, values, id, derivation.place)), rel=1e-7)


@pytest.mark.parametrize("words", ["w1[2, 3]", "b1[0]", "w2[1, 1]"])
def test_the_value_is_the_slope_of_the_loss(words: str) -> None:
    derivation = explain(network, *ARGS, words)
    assert derivation.place is not None

    def moved(step: float) -> float:
        params = {name: array.copy() for name, array in ARGS[0].items()}
        params[derivation.name][derivation.place] += step
        return float(trace(network, params, *ARGS[1:])(params, *ARGS[1:]))

    assert derivation.value == pytest.approx((moved(1e-6) - moved(-1e-6)) / 2e-6, rel=1e-7)


def test_the_contribution_of_a_row_is_the_gradient_of_that_row_alone() -> None:
    derivation = explain(network, *ARGS, "w1[1, 2]", most=5)
    each = ds.per_example(network)(*ARGS)["w1"][:, 1, 2] / 5  # the loss is the mean of the rows' losses
    assert derivation.levels[0].by == "row"
    for c in derivation.levels[0].contributions:
        assert c.index is not None
        assert c.value == pytest.approx(each[c.index], rel=EXACT)


def test_the_contribution_of_a_unit_is_what_is_lost_without_its_weight() -> None:
    """The adjoint of h is a sum over the outputs: with the weight to one of them 0, that part is gone."""
    level = explain(network, *ARGS, "h[1, 2]", most=5).levels[0]
    assert level.by == "unit"
    assert level.text.startswith("w2[2, i]") or level.text == "w2[2, i]"
    for c in level.contributions:
        assert c.index is not None
        assert c.factor == ARGS[0]["w2"][2, c.index]


# --- which parts are shown --------------------------------------------------------------------------------------------


def test_the_largest_parts_come_first_and_the_rest_is_one_number() -> None:
    full = explain(network, *ARGS, "w1[1, 2]", most=100).levels[0]
    short = explain(network, *ARGS, "w1[1, 2]", most=2).levels[0]
    sizes = [abs(c.value) for c in full.contributions]
    assert sizes == sorted(sizes, reverse=True)
    assert short.contributions == full.contributions[:2]
    assert short.others == 3
    assert short.rest == pytest.approx(math.fsum(c.value for c in full.contributions[2:]), rel=1e-9)


def test_another_branch_is_opened_by_its_label() -> None:
    derivation = explain(network, *ARGS, "w1[1, 2]")
    chosen = derivation.levels[0].contributions[3]
    opened = derivation.open(chosen.label)
    assert opened.levels[0].contributions[opened.levels[0].taken] == chosen
    assert opened.levels[1].of == chosen.of
    assert opened.levels[1].value == pytest.approx(chosen.adjoint, rel=EXACT)
    assert opened.open("unit 0").levels[3].of.endswith(", 0]")
    with pytest.raises(DownslopeError, match="explain-open") as wrong:
        derivation.open("row 77")
    assert "Did you mean 'row " in str(wrong.value)


def test_a_deep_function_is_cut_where_depth_says_and_says_so() -> None:
    def deep(w: Any) -> Any:
        h = w
        for _ in range(6):
            z = w @ h
            h = np.tanh(z)
        return np.sum(h)

    w = 0.4 * np.random.default_rng(1).normal(size=(4, 4))
    derivation = explain(deep, w, "w[0, 0]", depth=2)
    assert "depth=" in derivation.ending
    assert sum(level.by != "" for level in derivation.levels) == 2
    assert_adds_up(derivation)
    assert explain(deep, w, "w[0, 0]", depth=100).ending == ""


def test_a_chain_of_ten_thousand_operations_has_a_derivation() -> None:
    def long(x: Any) -> Any:
        for _ in range(10_000):
            x = x + 1e-9
        return x * x

    derivation = explain(long, 3.0, "x", depth=1)
    assert derivation.value == pytest.approx(6.0, rel=1e-4)
    assert "depth=" in derivation.ending


def test_rows_are_known_by_what_grows_with_them_not_by_their_number() -> None:
    """Three rows, three features, three units: only the axis that gets longer with one row more runs over the rows."""
    args = drawn(np.random.default_rng(5), rows=3, n=3, hidden=3, outputs=3)
    assert explain(network, *args, "w1[0, 1]").levels[0].by == "row"
    assert explain(network, *args, "h[0, 1]").levels[0].by == "unit"


# --- what is said -----------------------------------------------------------------------------------------------------


def test_a_value_used_twice_gets_a_part_through_each_use() -> None:
    def f(a: Any, b: Any) -> Any:
        d = a * b
        e = a + b
        return d * e

    derivation = explain(f, -2.0, 3.0, "a")
    assert derivation.value == -3.0
    first = derivation.levels[0]
    assert first.by == "path"
    assert {c.label: (c.factor, c.value) for c in first.contributions} == {
        "through d": (3.0, 3.0),
        "through e": (1.0, -6.0),
    }
    assert "push" in derivation.sentence


def test_local_derivatives_are_written_in_the_names_of_the_code() -> None:
    derivation = explain(network, *ARGS, "w1[1, 2]")
    first, second, *_ = derivation.levels
    assert first.text == "x[b, 1]"
    assert first.into == "z[b, 2]"
    assert [f.rule for f in first.factors] == ["matmul", "add"]
    assert "z = x @ params" in first.where
    assert second.text == f"(1 - {second.into} ** 2)"


def test_an_activation_is_shown_as_its_formula_and_the_terms_of_its_sum() -> None:
    derivation = explain(network, *ARGS, "activations.h[1, 2]", most=10)
    formula, terms = derivation.levels
    assert formula.into.startswith("np.tanh(z[1, 2]) = np.tanh(")
    params, x, _ = ARGS
    assert formula.value == pytest.approx(np.tanh(x @ params["w1"] + params["b1"])[1, 2], rel=EXACT)
    products = {f"x[1, {k}] · w1[{k}, 2]": x[1, k] * params["w1"][k, 2] for k in range(3)}
    assert {c.label: c.value for c in terms.contributions} == pytest.approx(products | {"b1[2]": params["b1"][2]})
    assert_adds_up(derivation)


def test_a_long_formula_says_where_it_goes_on() -> None:
    def long(x: Any) -> Any:
        a = np.tanh(x)
        b = a * x
        c = np.sin(b)
        d = c + b
        e = np.cos(d)
        f = e * d
        g = np.tanh(f)
        h = g + f
        i = np.sin(h)
        j = i * h
        return np.sum(j)

    derivation = explain(long, np.array([0.3, 0.7]), "activations.j[1]")
    assert len(derivation.levels) < 10
    (goes_on,) = re.findall(r"It goes on from (\w)\[1\]", derivation.ending)
    rest = explain(long, np.array([0.3, 0.7]), f"activations.{goes_on}[1]")
    told = {level.of[0] for level in (*derivation.levels, *rest.levels)}
    assert told == set("abcdefghij"), "nothing is left out on the way"
    assert rest.ending == ""
    assert derivation.ending in str(derivation)


def test_a_whole_array_is_shown_as_the_statements_that_make_it() -> None:
    derivation = explain(network, *ARGS, "w1")
    texts = [e.text for e in derivation.equations]
    assert texts[-1] == "g_w1 = x.T @ g_z"
    truth = ds.grad(network)(*ARGS)["w1"]
    assert derivation.equations[-1].shape == truth.shape
    assert derivation.equations[-1].norm == pytest.approx(np.linalg.norm(truth), rel=EXACT)
    assert not any("w2 =" in text for text in texts), "nothing that it does not need"


def test_without_words_the_whole_program_is_shown() -> None:
    texts = [e.text.partition(" = ")[0] for e in explain(network, *ARGS).equations]
    assert {"z", "h", "p", "g_z", "g_w1", "g_b1", "g_w2"} <= set(texts)


def test_a_derivative_that_is_zero_says_why() -> None:
    params, x, y = ARGS
    derivation = explain(network, params, np.where(np.arange(3) == 1, 0.0, x), y, "w1[1, 0]")
    assert derivation.value == 0
    assert derivation.sentence == "Every one of the 5 parts is 0: the local derivative x[b, 1] is 0 in those shown."
    nothing = explain(lambda a, b: b * b, 1.0, 2.0, "a")
    assert nothing.value == 0
    assert "Nothing leads from there to the loss" in nothing.ending


def test_a_part_that_is_no_number_comes_first_and_is_named() -> None:
    params, x, y = ARGS
    y = y.copy()
    y[3, 0] = np.nan
    derivation = explain(network, params, x, y, "w1[0, 0]")
    assert derivation.value is not None
    assert math.isnan(derivation.value)
    assert derivation.levels[0].contributions[0].label == "row 3"
    assert derivation.sentence.startswith("row 3 (+nan) is not a number")


def test_mostly_is_said_only_of_most() -> None:
    """One row makes nearly all of it; five equal rows do not."""

    def slope(w: Any, x: Any) -> Any:
        p = x * w
        return np.sum(p)

    assert explain(slope, 1.0, np.array([0.1, 9.0, 0.1]), "w").sentence.startswith("Mostly row 1")
    equal = explain(slope, 1.0, np.ones(5), "w", most=5).sentence
    assert "spread over 5 rows" in equal
    against = explain(slope, 1.0, np.array([5.0, -4.9]), "w").sentence
    assert "row 0 (+5) pushes it up, row 1 (-4.9) pushes it down, 0.1 is left" in against


# --- forms ------------------------------------------------------------------------------------------------------------


def test_the_text_fits_a_terminal_and_holds_each_part() -> None:
    derivation = explain(network, *ARGS, "w1[1, 2]")
    lines = str(derivation).splitlines()
    assert max(map(len, lines)) <= 110
    assert not any(line != line.rstrip() for line in lines)
    for c in derivation.levels[0].contributions:
        assert sum(line.split()[:2] == c.label.split() for line in lines) >= 1


def test_its_data_are_plain_numbers_and_texts() -> None:
    for words in ("w1[1, 2]", "w1", "activations.h[1, 2]"):
        data = explain(network, *ARGS, words).data()
        assert json.loads(msgspec.json.encode(data)) == json.loads(json.dumps(data))
        assert data["formula"].startswith(r"\begin{aligned}")


def test_derivations_are_equal_if_what_they_say_is() -> None:
    assert explain(network, *ARGS, "w1[1, 2]") == explain(network, *ARGS, "w1[1, 2]")
    assert explain(network, *ARGS, "w1[1, 2]") != explain(network, *ARGS, "w1[1, 1]")


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "remedy"),
    [
        ("w3[0, 1]", "explain-name", "Did you mean 'w"),
        ("w1[3, 0]", "explain-place", "[0, 0] to [2, 3]"),
        ("w1[1]", "explain-place", "[0, 0] to [2, 3]"),
        ("w1[one, 2]", "explain-place", "whole numbers"),
    ],
)
def test_a_name_or_place_that_is_not_there_is_refused_with_what_is(words: str, code: str, remedy: str) -> None:
    with pytest.raises(DownslopeError) as wrong:
        explain(network, *ARGS, words)
    assert wrong.value.code == code
    assert remedy in str(wrong.value)


def test_an_argument_may_be_called_as_a_first_word_is() -> None:
    assert explain(lambda errors: errors[0] * errors[1], (2.0, 3.0), "errors.0").value == 3


def test_explain_needs_a_point() -> None:
    with pytest.raises(DownslopeError, match="explain-words"):
        explain(network)


def test_places_count_from_the_end_too() -> None:
    assert explain(network, *ARGS, "w1[-1, -2]").place == (2, 2)
