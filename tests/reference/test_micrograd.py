"""Andrej Karpathy's micrograd and the first lecture of "Neural Networks: Zero to Hero"."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect, Inside

import downslope as ds
from downslope.optim import gradient_descent


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


def readme(a: Any, b: Any) -> Any:
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + relu(b + a)
    d += 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def test_the_example_of_the_readme(expect: Expect) -> None:
    given = expect.inputs("micrograd.readme")
    g, (a, b) = ds.value_and_grad(readme, argnums=(0, 1))(given["a"], given["b"])
    expect("micrograd.readme", {"g": g, "dgda": a, "dgdb": b})


def test_the_example_of_the_readme_by_forward_mode(expect: Expect) -> None:
    given = expect.inputs("micrograd.torch")
    point = (float(given["a"]), float(given["b"]))
    g, along_a = ds.jvp(readme, point, (1.0, 0.0))
    _, along_b = ds.jvp(readme, point, (0.0, 1.0))
    expect("micrograd.torch", {"g": g, "da": along_a, "db": along_b})


@pytest.mark.parametrize("dialect", ["plain", "in place"])
def test_the_example_of_the_readme_as_a_program(expect: Expect, dialect: str) -> None:
    given = expect.inputs("micrograd.torch")
    point = np.array(float(given["a"])), np.array(float(given["b"]))
    g, (a, b) = ds.trace(ds.value_and_grad(readme, argnums=(0, 1)), *point).program(dialect)(*point)
    expect("micrograd.torch", {"g": g, "da": a, "db": b})


def test_the_sanity_check_of_its_own_tests(expect: Expect) -> None:
    def check(x: Any) -> Any:
        z = 2 * x + 2 + x
        q = relu(z) + z * x
        h = relu(z * z)
        return h + q + q * x

    y, dx = ds.value_and_grad(check)(expect.inputs("micrograd.sanity")["x"])
    expect("micrograd.sanity", {"y": y, "dx": dx})


def test_the_first_expression_of_the_lecture_and_a_step_up_its_gradient(expect: Expect) -> None:
    def expression(p: Any, f: Any) -> Any:
        e = p["a"] * p["b"]
        d = e + p["c"]
        return d * f

    given = expect.inputs("karpathy.L")
    p, f = {name: given[name] for name in "abc"}, given["f"]
    inside = Inside(expression, p, f, argnums=(0, 1))
    dp, df = inside.gradient
    uphill = ds.grad(lambda leaves: -expression(*leaves))((p, f))
    new, _ = gradient_descent(lr=given["step"]).step((p, f), uphill, {}, 1)
    grads = dp | {"f": df, "d": inside.adjoint("d"), "e": inside.adjoint("e")}
    expect("karpathy.L", {"L": inside.result, "grads": grads, "L_new": ds.value_and_grad(expression)(*new)[0]})


def test_a_tanh_neuron(expect: Expect) -> None:
    def neuron(x1: Any, x2: Any, w1: Any, w2: Any, b: Any) -> Any:
        n = x1 * w1 + x2 * w2 + b
        return np.tanh(n)

    given = expect.inputs("karpathy.neuron")
    inside = Inside(neuron, *(given[name] for name in ("x1", "x2", "w1", "w2", "b")), argnums=(0, 1, 2, 3))
    gradients = dict(zip(("x1", "x2", "w1", "w2"), inside.gradient, strict=True))
    shown = {"n": inside.value("n"), "o": inside.result, "do_dn": inside.adjoint("n")}
    expect("karpathy.neuron", shown | gradients)


def test_a_value_used_twice_gets_both_gradients(expect: Expect) -> None:
    def f(a: Any, b: Any) -> Any:
        d = a * b
        e = a + b
        return d * e

    value, (fa, fb) = ds.value_and_grad(f, argnums=(0, 1))(-2.0, 3.0)
    expect("karpathy.reuse", {"da": ds.grad(lambda a: a + a)(3.0), "f": value, "fa": fa, "fb": fb})
