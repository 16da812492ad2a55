"""The derivations that courses work out by hand, step by step with their published numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect

import downslope as ds
from downslope.explain.derivation import explain
from downslope.explain.records import Derivation, Level


def sigmoid(net: Any) -> Any:
    return 1 / (1 + np.exp(-net))


def level(derivation: Derivation, of: str) -> Level:
    """The equality of the chain rule for the derivative by this entry."""
    (found,) = [level for level in derivation.levels if level.of == of]
    return found


def factor(derivation: Derivation, of: str) -> float:
    """Its local derivative, where it is a single product."""
    (contribution,) = level(derivation, of).contributions
    assert contribution.factor is not None
    return contribution.factor


# --- Mazur: the 2-2-2 network -----------------------------------------------------------------------------------------


def total_error(w: Any, v: Any, b: Any, c: Any, x: Any, t: Any) -> Any:
    net_h = w @ x + b
    h = sigmoid(net_h)
    net_o = v @ h + c
    o = sigmoid(net_o)
    parts = 0.5 * (t - o) ** 2
    return np.sum(parts)


def mazur(expect: Expect, words: str) -> Derivation:
    given = expect.inputs("mazur.E")
    w = np.array([[given["w1"], given["w2"]], [given["w3"], given["w4"]]])
    v = np.array([[given["w5"], given["w6"]], [given["w7"], given["w8"]]])
    x, t = np.array([given["i1"], given["i2"]]), np.array([given["t1"], given["t2"]])
    return explain(total_error, w, v, given["b1"], given["b2"], x, t, words)


def test_the_three_factors_of_an_output_weight_stand_one_under_the_other(expect: Expect) -> None:
    derivation = mazur(expect, "v[0, 0]")
    assert [level.of for level in derivation.levels] == ["v[0, 0]", "net_o[0]", "o[0]", "parts[0]"]
    assert level(derivation, "v[0, 0]").text == "h[0]"
    expect(
        "mazur.dE_dw5_chain",
        {
            "dE_douto1": factor(derivation, "o[0]"),
            "douto1_dneto1": factor(derivation, "net_o[0]"),
            "dneto1_dw5": factor(derivation, "v[0, 0]"),
            "dE_dw5": derivation.value,
        },
    )
    assert derivation.factors == (*(factor(derivation, one.of) for one in derivation.levels), 1.0)
    assert np.prod(derivation.factors) == pytest.approx(derivation.value, rel=1e-14)


def test_a_hidden_weight_collects_the_errors_of_both_outputs(expect: Expect) -> None:
    derivation = mazur(expect, "w[0, 0]")
    both = level(derivation, "h[0]")
    assert both.by == "unit"
    from_output = {c.label: c.value for c in both.contributions}
    expect(
        "mazur.dE_dw1_chain",
        {
            "dEo1_douth1": from_output["unit 0"],
            "dEo2_douth1": from_output["unit 1"],
            "dE_douth1": both.value,
            "douth1_dneth1": factor(derivation, "net_h[0]"),
            "dE_dw1": derivation.value,
        },
    )
    assert "unit 0 of net_o (+0.0554) pushes it up, unit 1 of net_o (-0.01905) pushes it down" in derivation.sentence


def test_the_forward_pass_is_a_sum_of_three_terms(expect: Expect) -> None:
    derivation = mazur(expect, "activations.net_o[0]")
    expect("mazur.net_o1", derivation.value)
    assert sum(c.value for c in derivation.levels[0].contributions) == pytest.approx(derivation.value, rel=1e-14)
    assert {c.label for c in derivation.levels[0].contributions} == {"v[0, 0] · h[0]", "v[0, 1] · h[1]", "c"}


def test_where_a_published_digit_is_off_ours_is_the_exact_one(expect: Expect) -> None:
    """His error after one update goes back through new weights (test_mazur.py); from exact gradients it is smaller."""
    given = expect.inputs("mazur.E_after_1")
    names = {"v[0, 0]": "w5", "v[0, 1]": "w6", "v[1, 0]": "w7", "v[1, 1]": "w8"}
    names |= {"w[0, 0]": "w1", "w[0, 1]": "w2", "w[1, 0]": "w3", "w[1, 1]": "w4"}
    new = {name: given[name] - given["lr"] * (mazur(expect, words).value or 0.0) for words, name in names.items()}
    w, v = (
        np.array([[new["w1"], new["w2"]], [new["w3"], new["w4"]]]),
        np.array([[new["w5"], new["w6"]], [new["w7"], new["w8"]]]),
    )
    args = w, v, given["b1"], given["b2"], np.array([given["i1"], given["i2"]]), np.array([given["t1"], given["t2"]])
    found = float(ds.trace(total_error, *args)(*args))
    expect("mazur.E_after_1", found)
    assert 1.4e-7 < expect.entries["mazur.E_after_1"]["expected"] - found < 1.6e-7


# --- Huddar: the 2-2-1 network of the exams ---------------------------------------------------------------------------

WEIGHTS = ("w13", "w23", "w14", "w24", "w35", "w45")


def error(p: dict[str, float], x1: float, x2: float, target: float) -> Any:
    net3 = p["w13"] * x1 + p["w23"] * x2
    net4 = p["w14"] * x1 + p["w24"] * x2
    y3 = sigmoid(net3)
    y4 = sigmoid(net4)
    net5 = p["w35"] * y3 + p["w45"] * y4
    y5 = sigmoid(net5)
    return 0.5 * (target - y5) ** 2


def huddar(expect: Expect, words: str) -> Derivation:
    given = expect.inputs("huddar.forward")
    return explain(error, {w: given[w] for w in WEIGHTS}, given["x1"], given["x2"], given["target"], words)


def test_the_deltas_of_the_exam_are_the_adjoints_on_the_way(expect: Expect) -> None:
    """He takes target - output, so his deltas are minus the derivative of the error by the net input."""
    upper, lower = huddar(expect, "w13"), huddar(expect, "w14")
    assert [one.of for one in upper.levels] == ["w13", "net3", "y3", "net5", "y5"]
    deltas = {"d5": level(upper, "net5").value, "d3": level(upper, "net3").value, "d4": level(lower, "net4").value}
    expect("huddar.delta", {name: -value for name, value in deltas.items()})
    assert level(upper, "y3").text == "w35"


def test_the_weights_of_the_exam_after_one_step(expect: Expect) -> None:
    given = expect.inputs("huddar.update")
    expect("huddar.update", {w: given[w] - given["lr"] * (huddar(expect, w).value or 0.0) for w in WEIGHTS})
    values = {name: huddar(expect, f"activations.{name}").value for name in ("y3", "y4", "y5")}
    expect("huddar.forward", values)


# --- CS231n: circuits -------------------------------------------------------------------------------------------------


def test_a_gate_that_multiplies_swaps_its_inputs(expect: Expect) -> None:
    given = expect.inputs("cs231n.mul")

    def f(x: Any, y: Any) -> Any:
        return x * y

    by_x, by_y = (explain(f, given["x"], given["y"], name) for name in "xy")
    assert (by_x.levels[0].text, by_y.levels[0].text) == ("y", "x")
    expect("cs231n.mul", {"f": given["x"] * given["y"], "dx": by_x.value, "dy": by_y.value})


def test_a_gate_that_adds_hands_on(expect: Expect) -> None:
    def circuit(x: Any, y: Any, z: Any) -> Any:
        q = x + y
        return q * z

    given = expect.inputs("cs231n.xyz")
    by = {name: explain(circuit, given["x"], given["y"], given["z"], name) for name in "xyzq"}
    assert by["x"].levels[0].text == "1"
    q = explain(circuit, given["x"], given["y"], given["z"], "activations.q").value
    derivatives = {f"d{name}": derivation.value for name, derivation in by.items()}
    expect("cs231n.xyz", derivatives | {"q": q, "f": (q or 0.0) * given["z"]})


def test_the_sigmoid_neuron_in_one_factor(expect: Expect) -> None:
    def neuron(w: Any, x: Any) -> Any:
        dot = w[0] * x[0] + w[1] * x[1] + w[2]
        f = sigmoid(dot)
        return 1.0 * f

    given = expect.inputs("cs231n.sigmoid_neuron")
    by = {words: explain(neuron, given["w"], given["x"], words) for words in ("w.0", "w.1", "w.2", "x.0", "x.1")}
    shown = {
        "dot": explain(neuron, given["w"], given["x"], "activations.dot").value,
        "f": explain(neuron, given["w"], given["x"], "activations.f").value,
        "ddot": level(by["w.0"], "dot").value,
        **{f"d{words.replace('.', '')}": derivation.value for words, derivation in by.items()},
    }
    expect("cs231n.sigmoid_neuron", shown)


def test_a_staged_computation_adds_up_over_its_paths(expect: Expect) -> None:
    def f(x: Any, y: Any) -> Any:
        sigy = sigmoid(y)
        num = x + sigy
        sigx = sigmoid(x)
        xpy = x + y
        den = sigx + xpy**2
        return num / den

    given = expect.inputs("cs231n.staged")
    x, y = float(given["x"]), float(given["y"])
    by_x, by_y = explain(f, x, y, "x"), explain(f, x, y, "y")
    assert {c.label for c in by_x.levels[0].contributions} == {"through num", "through sigx", "through xpy"}
    assert {c.label for c in by_y.levels[0].contributions} == {"through sigy", "through xpy"}
    value = ds.value_and_grad(f)(x, y)[0]
    expect("cs231n.staged", {"f": value, "dx": by_x.value, "dy": by_y.value})


def test_the_hinge_loss_pulls_only_at_the_class_inside_the_margin(expect: Expect) -> None:
    given = expect.inputs("cs231n.svm_loss")
    s = np.array([given["s"]], float)

    def hinge(s: Any) -> Any:
        return ds.nn.hinge(s, np.array([given["y"]]), margin=given["delta"])

    expect("cs231n.svm_loss", ds.value_and_grad(hinge)(s)[0])
    assert [explain(hinge, s, f"s[0, {k}]", opened=("*",)).value for k in range(3)] == [-1, 0, 1]


def test_chance_level_and_a_softer_softmax(expect: Expect) -> None:
    def loss(z: Any) -> Any:
        return ds.nn.softmax_cross_entropy(z, np.array([0]))

    values = [
        explain(loss, np.zeros((1, c)), "activations.loss.loss").value for c in expect.inputs("cs231n.init_loss")["C"]
    ]
    expect("cs231n.init_loss", values)
    given = expect.inputs("cs231n.softmax_temp")
    less_one = {
        key: [explain(loss, np.array([z], float), f"z[0, {k}]").value for k in range(3)] for key, z in given.items()
    }
    # dL/dz = p - y: with the true class's 1 added back it is the softmax itself.
    expect("cs231n.softmax_temp", {key: [(g[0] or 0.0) + 1, g[1], g[2]] for key, g in less_one.items()})


# --- micrograd and the lecture ----------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("id", ["micrograd.readme", "micrograd.torch"])
def test_the_example_of_the_readme_adds_up_over_its_many_paths(expect: Expect, id: str) -> None:
    given = expect.inputs(id)
    a, b = float(given["a"]), float(given["b"])
    by_a, by_b = explain(readme, a, b, "a", most=20), explain(readme, a, b, "b", most=20)
    for one in (*by_a.levels, *by_b.levels):
        assert sum(c.value for c in one.contributions) == pytest.approx(one.value, rel=1e-13)
    value = ds.value_and_grad(readme)(a, b)[0]
    da, db = ("dgda", "dgdb") if id == "micrograd.readme" else ("da", "db")
    expect(id, {"g": value, da: by_a.value, db: by_b.value})


def test_the_sanity_check_of_its_own_tests(expect: Expect) -> None:
    def check(x: Any) -> Any:
        z = 2 * x + 2 + x
        q = relu(z) + z * x
        h = relu(z * z)
        return h + q + q * x

    x = expect.inputs("micrograd.sanity")["x"]
    derivation = explain(check, x, "x")
    expect("micrograd.sanity", {"y": ds.value_and_grad(check)(x)[0], "dx": derivation.value})
    assert derivation.levels[0].by == "path"


def test_the_first_expression_of_the_lecture(expect: Expect) -> None:
    def expression(p: Any, f: Any) -> Any:
        e = p["a"] * p["b"]
        d = e + p["c"]
        return d * f

    given = expect.inputs("karpathy.L")
    p, f = {name: given[name] for name in "abc"}, given["f"]
    grads = {name: explain(expression, p, f, name).value or 0.0 for name in ("f", "d", "c", "e", "a", "b")}
    new = {name: given[name] + given["step"] * grads[name] for name in "abcf"}
    uphill = expression({name: new[name] for name in "abc"}, new["f"])
    expect("karpathy.L", {"L": expression(p, f), "grads": grads, "L_new": uphill})
    assert [one.of for one in explain(expression, p, f, "a").levels] == ["a", "e", "d"]


def test_a_tanh_neuron(expect: Expect) -> None:
    def neuron(x1: Any, x2: Any, w1: Any, w2: Any, b: Any) -> Any:
        n = x1 * w1 + x2 * w2 + b
        o = np.tanh(n)
        return 1.0 * o

    given = expect.inputs("karpathy.neuron")
    args = [float(given[name]) for name in ("x1", "x2", "w1", "w2", "b")]
    by = {name: explain(neuron, *args, name) for name in ("x1", "x2", "w1", "w2")}
    assert level(by["x1"], "n").text == "(1 - o ** 2)"
    shown = {
        "n": explain(neuron, *args, "activations.n").value,
        "o": explain(neuron, *args, "activations.o").value,
        "do_dn": factor(by["x1"], "n"),
    }
    expect("karpathy.neuron", shown | {name: derivation.value for name, derivation in by.items()})


def test_a_value_used_twice(expect: Expect) -> None:
    def twice(a: Any) -> Any:
        return a + a

    def f(a: Any, b: Any) -> Any:
        d = a * b
        e = a + b
        return d * e

    by_a, by_b = explain(f, -2.0, 3.0, "a"), explain(f, -2.0, 3.0, "b")
    expect(
        "karpathy.reuse", {"da": explain(twice, 3.0, "a").value, "f": f(-2.0, 3.0), "fa": by_a.value, "fb": by_b.value}
    )
    assert by_a.levels[0].by == by_b.levels[0].by == "path"
