"""The chain rule: a power, a sigmoid, a squared error behind a tanh, the logistic loss."""

from __future__ import annotations

import math

import numpy as np

from downslope.autodiff import grad
from downslope.exercises.answer import Mistake
from downslope.exercises.draw import Draw
from downslope.exercises.numbers import Number
from downslope.exercises.question import Question, question
from downslope.exercises.text import num, par, plus
from downslope.nn import sigmoid


@question("chain-rule-1", "A power of a linear function", topic="chain rule")
def chain_rule_1(draw: Draw) -> Question:
    """f(x) = (a x + b)ⁿ."""
    a, b, n = draw.whole(2, 6), draw.whole(-7, 7, without=[0]), draw.whole(3, 5)
    x = draw.nice(-2, 2, without=[0, 1])
    z = a * x + b
    draw.need(0.3 < abs(z) < 6)
    truth = grad(lambda x: (a * x + b) ** n)(x)
    return Question(
        rf"What is the derivative of $f(x) = ({a}x {plus(b)})^{n}$ at $x = {num(x)}$?",
        Number(truth),
        rf"Outside: $n\,z^{{n-1}}$ with $z = {a} \cdot {par(x)} {plus(b)} = {num(z)}$. Inside: ${a}$. Together "
        rf"${n} \cdot {par(z)}^{n - 1} \cdot {a} = {num(n * z ** (n - 1) * a)}$.",
        [
            Mistake(
                "inner derivative forgotten",
                "Multiply by the derivative of what stands inside the brackets.",
                n * z ** (n - 1),
            ),
            Mistake("exponent kept", "The exponent falls by one.", n * z**n * a),
            Mistake("factor of the power lost", "The exponent also becomes a factor.", z ** (n - 1) * a),
            Mistake(
                "inner value for its derivative",
                "The last factor is the derivative of the inside, not its value.",
                n * z ** (n - 1) * z,
            ),
            Mistake("outside at x", "The derivative of the outside is taken at $z$, not at $x$.", n * x ** (n - 1) * a),
        ],
        [
            "Which function is outside, which inside?",
            "The derivative outside, at the inner value, times the derivative inside.",
        ],
    )


@question("chain-rule-2", "Through a sigmoid to a weight", topic="chain rule")
def chain_rule_2(draw: Draw) -> Question:
    """h = σ(w x + b), dh/dw."""
    w, x, b = draw.nice(-2, 2), draw.nice(-3, 3, without=[0, 1]), draw.nice(-1, 1)
    z = w * x + b
    draw.need(0.1 < abs(z) < 2.5)
    truth = grad(lambda w: sigmoid(w * x + b))(w)
    h = 1 / (1 + math.exp(-z))
    return Question(
        rf"A unit computes $h = \sigma(wx + b)$ with $\sigma(z) = 1/(1 + e^{{-z}})$, $w = {num(w)}$, $x = {num(x)}$, "
        rf"$b = {num(b)}$. What is $dh/dw$?",
        Number(truth),
        rf"$z = {num(w)} \cdot {par(x)} {plus(b)} = {num(z)}$ and $h = \sigma(z) = {num(h)}$. "
        rf"$\sigma'(z) = h(1 - h) = {num(h * (1 - h))}$, and $dz/dw = x = {num(x)}$: "
        rf"$dh/dw = {num(h * (1 - h))} \cdot {par(x)} = {num(h * (1 - h) * x)}$.",
        [
            Mistake("σ′ forgotten", r"Where did the slope of the sigmoid go?", x),
            Mistake(
                "σ′ of h and not of z",
                r"$\sigma'(z) = h(1-h)$ holds with $h = \sigma(z)$: do not put $h$ into $\sigma$ again.",
                _slope(_sigma(h)) * x,
            ),
            Mistake("z(1 − z)", r"$h(1 - h)$ takes the output $h$, not $z$.", z * (1 - z) * x),
            Mistake("with respect to x", "That is $dh/dx$; $dz/dw$ is $x$.", h * (1 - h) * w),
            Mistake("inner derivative forgotten", "Multiply by $dz/dw$.", h * (1 - h)),
            Mistake("σ for σ′", r"The slope of the sigmoid is $h(1 - h)$, not $h$.", h * x),
        ],
        ["First compute $z$ and $h$.", r"$\sigma'(z) = \sigma(z)\,(1 - \sigma(z))$."],
    )


def _sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def _slope(h: float) -> float:
    return h * (1 - h)


@question("chain-rule-3", "A squared error behind a tanh", topic="chain rule")
def chain_rule_3(draw: Draw) -> Question:
    """L = (tanh(w x + b) − y)², dL/dw."""
    w, x, b = draw.nice(-1.5, 1.5), draw.nice(-2, 2, without=[0, 1]), draw.nice(-1, 1)
    y = draw.nice(-1, 1)
    z = w * x + b
    h = math.tanh(z)
    draw.need(0.2 < abs(z) < 1.8 and abs(h - y) > 0.1)
    truth = grad(lambda w: (np.tanh(w * x + b) - y) ** 2)(w)
    slope = 1 - h * h
    right = 2 * (h - y) * slope * x
    return Question(
        rf"$L = (\tanh(wx + b) - y)^2$ with $w = {num(w)}$, $x = {num(x)}$, $b = {num(b)}$ and $y = {num(y)}$. "
        "What is $dL/dw$?",
        Number(truth),
        rf"$z = {num(w)} \cdot {par(x)} {plus(b)} = {num(z)}$, $h = \tanh z = {num(h)}$. Backwards: "
        rf"$dL/dh = 2(h - y) = {num(2 * (h - y))}$, $dh/dz = 1 - h^2 = {num(slope)}$, $dz/dw = x = {num(x)}$. "
        rf"Their product is ${num(right)}$.",
        [
            Mistake("tanh′ forgotten", r"Where did the slope of the $\tanh$ go?", 2 * (h - y) * x),
            Mistake("factor 2 lost", "The derivative of the square has a factor 2.", (h - y) * slope * x),
            Mistake("y − h", "Inside the square stands $h - y$: the sign is turned around.", -right),
            Mistake(
                "σ′ for tanh′",
                r"$h(1-h)$ is the slope of the sigmoid; that of $\tanh$ is $1 - h^2$.",
                2 * (h - y) * h * (1 - h) * x,
            ),
            Mistake(
                "tanh′ at h and not at z",
                r"$1 - h^2$ is the slope already: do not take $\tanh$ of $h$ again.",
                2 * (h - y) * (1 - math.tanh(h) ** 2) * x,
            ),
            Mistake("inner derivative forgotten", "One factor is missing: $dz/dw$.", 2 * (h - y) * slope),
        ],
        ["Name the steps: $z$, $h$, $L$. Then multiply their slopes from the end.", r"$\tanh'(z) = 1 - \tanh^2 z$."],
    )


@question("chain-rule-4", "The logistic loss of one example", topic="chain rule")
def chain_rule_4(draw: Draw) -> Question:
    """L = ln(1 + e^(−y w x)), dL/dw."""
    y = draw.pick([-1, 1])
    w, x = draw.nice(-2, 2, without=[0, 1, -1]), draw.nice(-2, 2, without=[0, 1, -1])
    m = y * w * x
    draw.need(0.2 < abs(m) < 2.5)
    truth = grad(lambda w: np.log(1 + np.exp(-y * w * x)))(w)
    e = math.exp(-m)
    right = -y * x * e / (1 + e)
    return Question(
        rf"$L = \ln(1 + e^{{-ywx}})$ with the label $y = {y}$, $x = {num(x)}$ and $w = {num(w)}$. What is $dL/dw$?",
        Number(truth),
        rf"$e^{{-ywx}} = e^{{{num(-m)}}} = {num(e)}$. The logarithm gives $1/(1 + e^{{-ywx}}) = {num(1 / (1 + e))}$,"
        r" the "
        rf"exponential itself ${num(e)}$, and its exponent $-yx = {num(-y * x)}$: together ${num(right)}$.",
        [
            Mistake("sign of the exponent lost", "The exponent has a minus sign, and so has its derivative.", -right),
            Mistake("inner derivative forgotten", "Multiply by the derivative of the exponent.", e / (1 + e)),
            Mistake(
                "exponential forgotten",
                r"The derivative of $e^{u}$ is $e^{u}$ times $u'$: the first factor is missing.",
                -y * x / (1 + e),
            ),
            Mistake("only the logarithm", r"$(\ln u)' = 1/u$ is only the outermost factor.", 1 / (1 + e)),
            Mistake("with respect to x", "That is the derivative with respect to $x$.", -y * w * e / (1 + e)),
        ],
        [
            "Three functions stand inside each other: a logarithm, an exponential, a product.",
            r"$(\ln u)' = u'/u$ and $(e^u)' = u'e^u$.",
        ],
    )
