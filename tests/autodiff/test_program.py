"""Programs: what is printed is what a careful student would write, and it runs as printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from downslope import nn
from downslope.autodiff import grad, hessian, hvp, per_example, scope, stop_gradient, trace, value_and_grad
from downslope.autodiff.program import statements
from downslope.errors import SettingError, ShapeError

RNG = np.random.default_rng(0)
PARAMS = {"w1": RNG.normal(size=(3, 4)), "b1": RNG.normal(size=4), "w2": RNG.normal(size=(4, 2))}
X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))


def loss(params: Any, x: Any, y: Any) -> Any:
    h = np.tanh(x @ params["w1"] + params["b1"])
    p = h @ params["w2"]
    return np.mean((p - y) ** 2)


def test_a_network_reads_as_a_careful_student_would_write_it() -> None:
    lines = [str(s).split("  #")[0].rstrip() for s in statements(trace(value_and_grad(loss), PARAMS, X, Y).program())]
    assert lines[3:] == [
        "h = np.tanh(x @ w1 + b1)",
        "p = h @ w2",
        "v1 = p - y",
        "loss = np.mean(v1 ** 2)",
        "g_p = 0.1 * (2 * v1)",
        "g_h = g_p @ w2.T",
        "g_w2 = h.T @ g_p",
        "v2 = g_h * (1 - h ** 2)",
        "g_b1 = np.sum(v2, axis=0)",
        "g_w1 = x.T @ v2",
    ]


def test_the_printed_text_runs_with_numpy_alone() -> None:
    program = trace(value_and_grad(loss), PARAMS, X, Y).program()
    names: dict[str, Any] = {}
    exec(str(program), names)
    value, gradient = names["loss_and_grad"](PARAMS, X, Y)
    truth = trace(value_and_grad(loss), PARAMS, X, Y)(PARAMS, X, Y)
    assert value == truth[0]
    assert all(np.array_equal(gradient[k], truth[1][k]) for k in PARAMS)


def test_backward_lines_say_which_of_the_users_lines_they_come_from() -> None:
    text = trace(value_and_grad(loss), PARAMS, X, Y).program().source
    assert '# back through h = np.tanh(x @ params["w1"] + params["b1"])' in text


def test_layers_head_their_lines() -> None:
    model = nn.mlp([3, 4, 2], hidden="tanh")
    text = trace(lambda p, x: model(p, x), model.init(0), X.astype(np.float32)).program().source
    assert text.index("# dense1") < text.index("# dense2")


@pytest.mark.parametrize("library", ["array_api_strict", "torch", "jax.numpy"])
def test_the_plain_dialect_runs_on_other_array_libraries(library: str) -> None:
    xp = pytest.importorskip(library)
    program = trace(value_and_grad(loss), PARAMS, X, Y).program()
    value, gradient = program({k: xp.asarray(v) for k, v in PARAMS.items()}, xp.asarray(X), xp.asarray(Y))
    truth = program(PARAMS, X, Y)
    exact = 1e-12 if library != "jax.numpy" else 1e-5  # JAX computes in float32 unless it is told otherwise
    np.testing.assert_allclose(float(value), truth[0], rtol=exact)
    for k in PARAMS:
        np.testing.assert_allclose(np.asarray(gradient[k]), truth[1][k], rtol=10 * exact, atol=exact)


def test_without_inlining_there_is_one_statement_for_each_operation() -> None:
    graph = trace(value_and_grad(loss), PARAMS, X, Y)
    computed = [n.id for n in graph.nodes if n.id not in graph.inputs and n.primitive.name != "constant"]
    program = graph.program(inline=False)
    lines = [s.nodes for s in statements(program) if s.nodes[-1] not in graph.inputs]
    assert lines == [(i,) for i in computed]
    assert program(PARAMS, X, Y)[0] == graph(PARAMS, X, Y)[0]


def test_every_operation_stands_in_the_line_that_needs_it() -> None:
    graph = trace(value_and_grad(loss), PARAMS, X, Y)
    told = {i for s in statements(graph.program()) for i in s.nodes}
    assert told >= {n.id for n in graph.nodes if n.primitive.name not in ("constant", "input")}


def test_names_that_python_or_the_program_needs_stay_free() -> None:
    def f(params: Any) -> Any:
        np_ = params["np"] * 2
        return np.sum(np_ * params["lambda"] + params["f"])

    params = {"np": np.ones(2), "lambda": np.ones(2), "f": np.ones(2)}
    program = trace(value_and_grad(f), params).program()
    assert program(params)[0] == 6.0


def test_a_variable_may_be_called_like_a_function_of_numpy() -> None:
    def f(x: Any) -> Any:
        add = np.sin(x)
        sin = add + x
        np_sin = np.cos(sin)
        return np_sin * np.sin(add)

    for dialect in ("plain", "in place"):
        np.testing.assert_allclose(trace(f, X).program(dialect)(X), f(X), rtol=1e-12)


def test_parentheses_keep_the_meaning() -> None:
    def f(x: Any) -> Any:
        a, b = x[0], x[1]
        return (a - (b - a)) / (a / b) ** -(a - 1) - -(a**2) + (a - b) * (a + b) / (a * b)

    x = np.array([2.0, 3.0])
    assert trace(f, x).program()(x) == f(x)


def test_a_variable_that_is_bound_again_gets_a_number() -> None:
    def f(x: Any) -> Any:
        h = np.sin(x)
        h = np.cos(h)
        return np.sum(h * x)

    text = trace(f, X).program().source
    assert "h = np.sin(x)" in text
    assert "h_2 = np.cos(h)" in text


def test_structures_come_back_as_they_were_returned() -> None:
    @dataclass
    class Pair:
        first: Any
        second: Any

    def f(x: Any) -> Any:
        return Pair(x * 2, [x, (x + 1, {"a": x})])

    for dialect in ("plain", "in place"):
        found = trace(f, X).program(dialect)(X)
        assert isinstance(found, Pair)
        np.testing.assert_array_equal(found.second[1][1]["a"], X)


def test_single_precision_numbers_are_printed_as_short_as_they_are() -> None:
    def f(x: Any) -> Any:
        return (1 - 0.9) * x

    assert "0.1 * x" in trace(f, X.astype(np.float32)).program().source
    assert "0.09999999999999998 * x" in trace(f, X).program().source


def test_scatter_is_imported_where_it_is_needed() -> None:
    def nll(z: Any, y: Any) -> Any:
        s = z - stop_gradient(np.max(z, axis=1, keepdims=True))
        return np.mean(np.log(np.sum(np.exp(s), axis=1)) - s[np.arange(5), y])

    y = np.array([0, 1, 0, 1, 1])
    program = trace(grad(nll), Y, y).program()
    assert "import add_at" in str(program)
    np.testing.assert_allclose(program(Y, y).sum(axis=1), 0, atol=1e-15)


def test_a_wrong_shape_or_structure_is_refused_with_both_shown() -> None:
    program = trace(loss, PARAMS, X, Y).program()
    with pytest.raises(ShapeError, match=r"graph-shape") as wrong:
        program(PARAMS, X[:4], Y)
    assert "(5, 3)" in str(wrong.value)
    assert "(4, 3)" in str(wrong.value)
    with pytest.raises(ShapeError, match="graph-structure"):
        program({"w1": X}, X, Y)


def test_an_unknown_dialect_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingError, match="unknown-dialect") as wrong:
        trace(loss, PARAMS, X, Y).program("inplace")
    assert "in place" in str(wrong.value)


def test_latex_is_balanced_and_names_what_the_user_named() -> None:
    text = trace(value_and_grad(loss), PARAMS, X, Y).latex()
    assert text.count("{") == text.count("}")
    assert r"h &= \tanh \left( x w_{1} + b_{1} \right)" in text
    assert r"g_{w_{2}} &= h^{\top} g_{p}" in text


def test_cost_of_a_product_is_two_operations_a_multiply_add() -> None:
    graph = trace(lambda a, b: a @ b, np.ones((3, 5)), np.ones((5, 7)))
    assert graph.cost().flops == 2 * 3 * 5 * 7
    assert graph.cost().bytes == 8 * (3 * 5 + 5 * 7 + 3 * 7)


def test_cost_adds_up_by_scope() -> None:
    def two_parts(x: Any) -> Any:
        with scope("first"):
            y = x @ x
        with scope("second"):
            return np.sum(y)

    found = trace(grad(two_parts), np.ones((4, 4))).cost()
    assert sum(f for f, _, _ in found.scopes().values()) == found.flops
    assert "first backward" in found.scopes()


def test_second_derivatives_are_programs_too() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.sin(x) * x)

    x = np.array([0.3, -1.2])
    program = trace(hessian(f), x).program()
    np.testing.assert_allclose(program(x), np.diag(2 * np.cos(x) - x * np.sin(x)), rtol=1e-14, atol=1e-15)


def test_a_program_for_all_examples_keeps_the_forward_half_and_its_names() -> None:
    lines = [str(s).split("  #")[0].rstrip() for s in statements(trace(per_example(loss), PARAMS, X, Y).program())]
    assert "h = np.tanh(v1 @ w1 + b1)" in lines
    text = trace(per_example(loss), PARAMS, X, Y).program().source
    assert text.index("# --- forward ---") < text.index("h = ") < text.index("# --- backward ---")


def test_forward_mode_is_told_from_the_backward_half() -> None:
    text = trace(hvp(loss), PARAMS, X, Y, PARAMS).program().source
    assert "def hvp_loss(params, x, y, v):" in text
    assert "params_w1 = params['w1']" in text
    assert "v_w1 = v['w1']" in text
    assert '# the change of h = np.tanh(x @ params["w1"] + params["b1"])' in text


def test_latex_says_what_a_raised_sign_belongs_to() -> None:
    text = trace(lambda a, b: np.linalg.inv(a.T) @ np.linalg.solve(a, b).T, np.eye(2), np.eye(2)).latex()
    assert r"\left( a^{\top} \right)^{-1}" in text
    assert r"\left( a^{-1} b \right)^{\top}" in text
