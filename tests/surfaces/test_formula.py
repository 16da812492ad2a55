"""The user's own formula: it means what Python means by it, it is never run as code, and every slip is pointed at."""

from __future__ import annotations

import math
import re
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope import optim
from downslope.autodiff import check_gradients
from downslope.errors import SettingError
from downslope.surfaces import Surface, descend, formula
from downslope.surfaces.formula import degree, evaluate, latex
from downslope.surfaces.grammar import MAX_DEPTH, MAX_LENGTH, MAX_OPERATIONS, parse
from downslope.surfaces.tokens import FUNCTIONS


class Number:
    """A double that computes as NumPy's functions do, under Python's operators: the oracle's only trick."""

    def __init__(self, value: Any) -> None:
        self.value = np.float64(value)

    def __add__(self, other: Number) -> Number:
        return Number(np.add(self.value, other.value))

    def __sub__(self, other: Number) -> Number:
        return Number(np.subtract(self.value, other.value))

    def __mul__(self, other: Number) -> Number:
        return Number(np.multiply(self.value, other.value))

    def __truediv__(self, other: Number) -> Number:
        return Number(np.divide(self.value, other.value))

    def __pow__(self, other: Number) -> Number:
        return Number(np.power(self.value, other.value))

    def __neg__(self) -> Number:
        return Number(np.negative(self.value))

    def __pos__(self) -> Number:
        return self


def wrapped(name: str) -> Any:
    def call(*arguments: Number) -> Number:
        value = arguments[0].value if len(arguments) > 1 else FUNCTIONS[name].compute(arguments[0].value)
        for argument in arguments[1:]:
            value = FUNCTIONS[name].compute(value, argument.value)
        return Number(value)

    return call


WORDS = {name: wrapped(name) for name in FUNCTIONS} | {"pi": Number(math.pi), "e": Number(math.e), "n": Number}


def as_python(text: str, x: float, y: float) -> float:
    """Python's own reading of a text that this file has made."""
    numbered = re.sub(r"(?<![A-Za-z0-9_.])(\d+\.?\d*(?:e-?\d+)?|\.\d+)", r"n(\1)", text)
    with np.errstate(all="ignore"):
        result: Number = eval(numbered, {"__builtins__": {}}, {**WORDS, "x": Number(x), "y": Number(y)})
    return float(result.value)


ATOMS = st.sampled_from(["x", "y", "pi", "e", "0", "1", "2", "3", "0.5", "1.25", "1e-3", ".5", "10", "2."])
SPACE = st.sampled_from(["", " "])


def combined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Larger expressions, mostly without brackets, so that they test how strongly each sign binds."""
    binary = st.builds(
        lambda a, s, sign, b: f"{a}{s}{sign}{s}{b}", parts, SPACE, st.sampled_from(["+", "-", "*", "/", "**"]), parts
    )
    signed = st.builds(lambda sign, a: sign + a, st.sampled_from(["-", "+", "--", "- "]), parts)
    bracket = parts.map(lambda a: f"({a})")
    one = [name for name, function in FUNCTIONS.items() if function.most == 1]
    call = st.builds(lambda name, a: f"{name}({a})", st.sampled_from(one), parts)
    many = st.builds(
        lambda name, a: f"{name}({', '.join(a)})",
        st.sampled_from(["min", "max"]),
        st.lists(parts, min_size=2, max_size=4),
    )
    return binary | signed | bracket | call | many


EXPRESSIONS = st.recursive(ATOMS, combined, max_leaves=12)
NUMBERS = st.floats(-20, 20) | st.sampled_from([0.0, 1.0, -1.0, 0.5])


@given(EXPRESSIONS, NUMBERS, NUMBERS)
def test_a_formula_means_what_python_means_by_it(text: str, x: float, y: float) -> None:
    with np.errstate(all="ignore"):
        found = float(evaluate(parse(text), np.float64(x), np.float64(y)))
    expected = as_python(text, x, y)
    assert found == expected or (math.isnan(found) and math.isnan(expected))


@given(EXPRESSIONS, NUMBERS, NUMBERS)
def test_its_latex_has_brackets_that_match_and_its_degree_is_a_bound(text: str, x: float, y: float) -> None:
    operations = parse(text)
    written = latex(operations)
    assert written.count("{") == written.count("}")
    assert written.count(r"\left") == written.count(r"\right")
    bound = degree(operations)
    if bound is not None and bound <= 1:  # a plane: the middle of two values is the value at the middle
        with np.errstate(all="ignore"):
            ends = [float(evaluate(operations, np.float64(s * x), np.float64(s * y))) for s in (-1, 0, 1)]
        if np.isfinite(ends).all():
            assert ends[0] + ends[2] == pytest.approx(2 * ends[1], rel=1e-9, abs=1e-9 * max(map(abs, ends)))


GARBAGE = st.text(alphabet="xy0123456789.+-*/^(), sincoexptabmqlgdPX_=$²π'\"[]\n\t", max_size=40) | st.text(max_size=20)


def refused(text: str) -> SettingError | None:
    """The clear error, if there is one; any other exception is a failure."""
    try:
        assert isinstance(formula(text), Surface)
    except SettingError as error:
        return error
    return None


@given(GARBAGE)
def test_garbage_gives_a_surface_or_an_error_that_points_into_it(text: str) -> None:
    error = refused(text)
    if error is not None and error.code != "formula-nowhere":
        assert error.code.startswith("formula-")
        first, shown, caret = error.where.splitlines()
        at = int(re.findall(r"\d+", first)[0])
        assert 1 <= at <= len(text) + 1
        assert caret.strip() == "^"
        assert len(caret) <= len(shown) + 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-x**2", -9),
        ("2**3**2", 512),
        ("2^3^2", 512),
        ("2**-1", 0.5),
        ("-2**-2", -0.25),
        ("x - y - 1", -2),
        ("x/y/2", 0.375),
        ("x*-y", -12),
        ("--x", 3),
        ("min(x, y, 1) + max(x, y)", 5),
        ("log(e) + log10(100) + log2(8) + ln(1)", 6),
        ("sqrt(x + 1) * abs(-y)", 8),
        (" ( x ) ", 3),
        ("1e2 + 1E-2 + .5 + 2.", 102.51),
        ("cos(pi)", -1),
    ],
)
def test_by_hand(text: str, value: float) -> None:
    assert formula(text)(3, 4) == pytest.approx(value, rel=1e-15)


def test_a_formula_is_a_surface_like_any_other() -> None:
    surface = formula("sin(x)*y + x**2", domain=((-3, 3), (-2, 2)))
    X, Y, Z = surface.grid(11)
    np.testing.assert_allclose(Z, np.sin(X) * Y + X**2)
    np.testing.assert_allclose(surface.gradient((0.3, 0.7)), [np.cos(0.3) * 0.7 + 0.6, np.sin(0.3)])
    assert surface.contains(surface.start)
    assert surface.latex == r"\sin\left(x\right) \cdot y + x^{2}"
    assert str(surface).startswith("formula: sin(x)*y + x**2")
    assert descend(surface, optim.gradient_descent(surface.lr)).steps == 100
    assert check_gradients(lambda p: surface(p[0], p[1]), np.array([0.4, -1.1]))


@pytest.mark.parametrize("text", ["x**2", "y", "3", "pi*e"])
def test_a_formula_without_x_or_y_still_has_a_value_for_each_point(text: str) -> None:
    surface = formula(text)
    assert np.shape(surface(np.zeros((4, 1)), np.ones((1, 5)))) == (4, 5)
    assert surface.grid(6)[2].shape == (6, 6)
    assert surface.value_and_gradient(np.ones((7, 2)))[0].shape == (7,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x**2 + y**2", 2),
        ("(x - 1)*(y + 2)/4", 2),
        ("(x + y)**2 - 3*x", 2),
        ("x**(4/2)", 2),
        ("sqrt(4)*x + sin(pi)*y", 1),
        ("x**3", 3),
        ("x*y*x", 3),
        ("sin(x)", None),
        ("1/x", None),
        ("x**0.5", None),
        ("2**x", None),
        ("x**-1", None),
        ("abs(x)", None),
    ],
)
def test_quadratics_are_recognised_so_that_their_limit_is_exact(text: str, expected: int | None) -> None:
    assert degree(parse(text)) == expected
    assert formula(text).is_quadratic == (expected is not None and expected <= 2)


def test_the_exact_limit_holds_for_a_formula_too() -> None:
    path = descend(formula("0.1*x^2 + 2*y^2"), optim.gradient_descent(0.4))
    assert path.stability is not None
    assert path.stability.limit == 0.5


def test_start_and_rate_are_found_where_the_formula_has_values() -> None:
    surface = formula("log(x) * y**2 + 1/x")
    assert np.isfinite(surface.gradient(surface.start)).all()
    assert formula("50*x**2 + y**2").lr == pytest.approx(0.01)
    assert formula("x + y").lr == 0.1
    assert formula("x**2 + y**2", start=(1, 1), lr=0.3, name="mine").lr == 0.3


@pytest.mark.parametrize(
    ("text", "code", "at", "said"),
    [
        ("sin(x)*z + x**2", "formula-name", 8, "'z' is not a known name"),
        ("coz(x)", "formula-name", 1, "Did you mean 'cos'?"),
        ("x + Sin(y)", "formula-name", 5, "Did you mean 'sin'?"),
        ("X**2", "formula-name", 1, "Did you mean 'x'?"),
        ("1 + xy", "formula-name", 5, "write the signs: x*y"),
        ("math.sin(x)", "formula-character", 5, "not np.sin(x)"),
        ("__import__('os')", "formula-character", 12, "not part of a formula"),
        ("__import__", "formula-name", 1, "not a known name"),
        ("x + lambda", "formula-name", 5, "not a known name"),
        ("2x", "formula-syntax", 2, "write the sign: 2*x"),
        ("x(2)", "formula-syntax", 2, "write the sign: x*("),
        ("(x)(y)", "formula-syntax", 4, "write the sign: )*("),
        ("sin x", "formula-syntax", 5, "an opening bracket after sin"),
        ("(x + 1", "formula-syntax", 7, "closes the one at character 1"),
        ("x)", "formula-syntax", 2, "or the end is expected"),
        ("x +", "formula-syntax", 4, "the end of the formula stands where"),
        ("* x", "formula-syntax", 1, "a number, x, y"),
        ("x ** * y", "formula-syntax", 6, "a number, x, y"),
        ("sin()", "formula-syntax", 5, "a number, x, y"),
        ("1,5*x", "formula-syntax", 2, "an operator"),
        ("(1,5)*x", "formula-syntax", 3, "Write 1.5"),
        ("", "formula-syntax", 1, "the formula is empty"),
        ("   ", "formula-syntax", 1, "the formula is empty"),
        ("min(x)", "formula-arguments", 1, "takes 2 to 20 arguments"),
        ("x + sin(x, y)", "formula-arguments", 5, "takes 1 argument"),
        ("1e999*x", "formula-number", 1, "too large"),
        ("z = x", "formula-character", 3, "without z ="),
        ("x = 2", "formula-character", 3, "only the right-hand side"),
        ("x² + y", "formula-character", 2, "**2"),
        ("x − y", "formula-character", 3, "minus sign of the keyboard"),
        ("x; y", "formula-character", 2, "not part of a formula"),
    ],
)
def test_every_slip_is_pointed_at(text: str, code: str, at: int, said: str) -> None:
    with pytest.raises(SettingError) as error:
        formula(text)
    assert error.value.code == code
    assert said in str(error.value)
    first, shown, caret = error.value.where.splitlines()
    assert first == f"character {at} of the formula"
    if at <= len(text):
        assert shown[caret.index("^")] == text[at - 1]


def test_a_caret_stays_under_its_character_in_a_long_formula() -> None:
    text = " + ".join(["x"] * 60) + " + q + " + " + ".join(["y"] * 60)
    with pytest.raises(SettingError) as error:
        formula(text)
    _, shown, caret = error.value.where.splitlines()
    assert shown[caret.index("^")] == "q"
    assert len(shown) < 100


HOSTILE = [
    "(" * 5000 + "x" + ")" * 5000,
    "(" * (MAX_DEPTH + 1) + "x" + ")" * (MAX_DEPTH + 1),
    "-" * (MAX_LENGTH - 1) + "x",
    "x" + "+x" * (MAX_OPERATIONS),
    "2**" * (MAX_DEPTH + 5) + "x",
    "sin(" * 60 + "x" + ")" * 60,
    "x" * (MAX_LENGTH + 1),
    "9" * (MAX_LENGTH + 1),
    "min(" + ",".join(["x"] * 400) + ")",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_formula_is_refused_before_anything_is_computed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[formula.__module__], "evaluate", None)
    with pytest.raises(SettingError) as error:
        formula(text)
    assert error.value.code in ("formula-size", "formula-arguments", "formula-number")
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9**9**9**9**9",
        "x" + "**x" * (MAX_DEPTH - 1),
        "x" + "+x" * (MAX_OPERATIONS // 2 - 1),
        "(" * MAX_DEPTH + "x" + ")" * MAX_DEPTH,
        "x**1000000*y",
    ],
)
def test_the_largest_that_is_allowed_is_done(text: str) -> None:
    error = refused(text)
    if error is None:
        surface = formula(text)
        surface.hessian((1.1, 0.9))
        descend(surface, optim.gradient_descent(1e-3), steps=5)
    else:
        assert error.code == "formula-nowhere"


def test_what_is_no_formula_is_refused() -> None:
    for wrong in (3, None, ["x"], lambda x, y: x):
        with pytest.raises(SettingError) as error:
            formula(wrong)  # type: ignore[arg-type]
        assert error.value.code == "formula-syntax"


def test_a_formula_without_any_value_is_refused_with_its_domain() -> None:
    with pytest.raises(SettingError, match="x from -5 to -1") as error:
        formula("log(x)", domain=((-5, -1), (-1, 1)))
    assert error.value.code == "formula-nowhere"


@pytest.mark.parametrize(
    "domain",
    [(-1, 1), ((1, -1), (-1, 1)), ((-1, 1), (2, 2)), ((-1, math.inf), (0, 1)), "wide", ((0, 1, 2), (0, 1)), None],
)
def test_a_domain_that_is_no_rectangle_is_refused(domain: Any) -> None:
    with pytest.raises(SettingError) as error:
        formula("x + y", domain=domain)
    assert error.value.code == "surface-domain"


def test_a_start_that_is_no_point_is_refused() -> None:
    with pytest.raises(SettingError) as error:
        formula("x + y", start=(1, math.nan))
    assert error.value.code == "descend-start"
