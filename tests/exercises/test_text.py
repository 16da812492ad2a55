"""Texts: LaTeX for notebooks that renders, and the same in plain signs for a terminal and a screen reader."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope.exercises import EXERCISES
from downslope.exercises.text import Text, matrix, num, par, plain, plus


@pytest.mark.parametrize(
    ("latex", "signs"),
    [
        (r"$\frac{1}{2}(p_1 - y_1)^2$", "1/2(p₁ - y₁)²"),
        (r"$\frac{a + b}{n^2}$", "(a + b)/n²"),
        (r"$\sqrt{\hat{v}} + \epsilon$", "√v̂ + ε"),
        (r"$\sqrt{2 / (3 + 4)}$", "√(2 / (3 + 4))"),
        (r"$x^\top\, dL/dz$", "xᵀ dL/dz"),
        (r"$\partial L/\partial w_5 = h_1$", "∂L/∂w₅ = h₁"),
        (r"$e^{-ywx}$", "e^(-ywx)"),
        (r"$2 \cdot 10^{-7}$", "2 · 10⁻⁷"),
        (r"$\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}$", "[[1, 2], [3, 4]]"),
        (r"$\begin{pmatrix} 1 & -2 \end{pmatrix}$", "[1, -2]"),
        (r"$n_{\text{in}} + n_{\text{out}}$", "nᵢₙ + nₒᵤₜ"),
        (r"$w_{\text{best}}$", "w_(best)"),
        ("**bold** and `code_with_underscores`", "bold and code_with_underscores"),
        ("a\n\n```python\nx = 1\n```", "a\n\n    x = 1"),
    ],
)
def test_latex_becomes_plain_signs(latex: str, signs: str) -> None:
    assert plain(latex) == signs
    assert str(Text(latex)) == signs
    assert Text(latex)._repr_markdown_() == latex


@given(st.floats(-1e9, 1e9))
def test_a_number_is_shown_to_six_digits_and_never_as_minus_zero(x: float) -> None:
    text = num(x)
    mantissa, _, exponent = text.partition(r" \cdot 10^")
    value = float(mantissa) * 10.0 ** int(exponent.strip("{}") or 0)
    assert value == pytest.approx(x, rel=1e-5, abs=1e-300)
    assert text != "-0"
    assert par(x).startswith("(") == (x < 0)
    assert plus(x)[0] in "+-"


def test_a_matrix_has_its_rows() -> None:
    assert matrix(np.array([[1, 2.5], [-3, 0]])) == r"\begin{pmatrix} 1 & 2.5 \\ -3 & 0 \end{pmatrix}"


@pytest.mark.parametrize("name", EXERCISES)
def test_every_formula_renders(name: str) -> None:
    math = pytest.importorskip("docutils.utils.math.latex2mathml")
    question = EXERCISES[name].assign("anna")
    pieces = [
        question.text,
        question.answer.asks(),
        question.solution,
        *question.hints,
        *(m.hint for m in question.mistakes),
    ]
    for piece in pieces:
        words = re.sub(r"```.*?```|`[^`]*`", "", piece, flags=re.DOTALL)
        assert words.count("$") % 2 == 0, piece
        for formula in re.findall(r"\$\$?(.*?)\$\$?", words):
            assert "<math" in math.tex2mathml(formula)
            assert formula.count("{") == formula.count("}")
