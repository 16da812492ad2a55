"""Accumulation: what is used twice gets a gradient from both uses; and who clears the gradients of the last batch."""

from __future__ import annotations

import numpy as np

from downslope.autodiff import grad
from downslope.exercises.answer import Mistake
from downslope.exercises.draw import Draw
from downslope.exercises.numbers import Number, Numbers
from downslope.exercises.question import Question, question
from downslope.exercises.text import num, plus


@question("accumulation-1", "One number, two ways to the loss", topic="accumulation")
def accumulation_1(draw: Draw) -> Question:
    """L = u · v with u = a x + b and v = x²."""
    a, b, x = draw.whole(2, 6), draw.whole(-9, 9, without=[0]), draw.whole(-5, 5, without=[0, 1, -1])
    u, v = a * x + b, x * x
    draw.need(u)
    truth = grad(lambda x: (a * x + b) * x**2)(float(x))
    right = a * v + 2 * x * u
    return Question(
        rf"$u = {a}x {plus(b)}$, $v = x^2$ and $L = u \cdot v$. What is $dL/dx$ at $x = {x}$? Do it along the two ways "
        "from $x$ to $L$.",
        Number(truth, digits=None),
        rf"$u = {u}$ and $v = {v}$. Along $u$: $\partial L/\partial u \cdot du/dx = v \cdot {a} = {a * v}$. Along $v$: "
        rf"$\partial L/\partial v \cdot dv/dx = u \cdot 2x = {2 * x * u}$. Both ways count, so they are added:"
        rf" ${num(right)}$.",
        [
            Mistake(
                "way over v lost",
                "$x$ reaches $L$ over $v$ too: the second way must not be overwritten by the first.",
                a * v,
            ),
            Mistake(
                "way over u lost",
                "$x$ reaches $L$ over $u$ too: the first way must not be overwritten by the second.",
                2 * x * u,
            ),
            Mistake(
                "product of the derivatives", "The slope of a product is not the product of the slopes.", a * 2 * x
            ),
            Mistake(
                "each way with its own factor",
                r"$\partial (uv)/\partial u$ is $v$, the other factor.",
                a * u + 2 * x * v,
            ),
            Mistake(
                "ways multiplied", "Slopes are multiplied along a way, and added over the ways.", a * v * 2 * x * u
            ),
        ],
        ["Draw the graph: two arrows leave $x$.", "Multiply along each way, then add the ways."],
    )


@question("accumulation-2", "A weight that is used twice", topic="accumulation")
def accumulation_2(draw: Draw) -> Question:
    """A recurrence of two steps: h = w x, p = w (h + b)."""
    w, x, b = draw.nice(-2, 2, without=[0, 1, -1]), draw.whole(2, 6), draw.whole(1, 6)
    y = draw.whole(-4, 4, without=[0])
    truth = grad(lambda w: (w * (w * x + b) - y) ** 2)(w)
    h = w * x
    p = w * (h + b)
    draw.need(abs(p - y) > 0.3 and abs(h + b) > 0.2)
    first, second = 2 * (p - y) * w * x, 2 * (p - y) * (h + b)
    return Question(
        rf"One weight is used in two steps, as in a recurrent network: $h = wx$, $p = w(h + b)$, $L = (p - y)^2$ with "
        rf"$w = {num(w)}$, $x = {x}$, $b = {b}$, $y = {y}$. What is $dL/dw$?",
        Number(truth),
        rf"$h = {num(h)}$, $p = {num(p)}$, $dL/dp = 2(p - y) = {num(2 * (p - y))}$. The second use gives "
        rf"${num(2 * (p - y))} \cdot (h + b) = {num(second)}$, the first one ${num(2 * (p - y))} \cdot w \cdot x = "
        rf"{num(first)}$. Together: ${num(first + second)}$.",
        [
            Mistake("first use lost", "$w$ is used in $h$ too.", second),
            Mistake("second use lost", "$w$ is used in $p$ directly too.", first),
            Mistake(
                "w of the way back lost",
                "From $p$ to $h$ the gradient passes the factor $w$.",
                second + 2 * (p - y) * x,
            ),
            Mistake("factor 2 lost", "The derivative of the square has a factor 2.", (first + second) / 2),
            Mistake("y − p", "Inside the square stands $p - y$: the sign is turned around.", -(first + second)),
        ],
        [
            "Call the two uses $w_1$ and $w_2$, and differentiate by each.",
            "The gradient of the one weight is the sum of both.",
        ],
    )


@question("accumulation-3", "Gradients that nobody cleared", topic="accumulation")
def accumulation_3(draw: Draw) -> Question:
    """Two mini-batches, one buffer: with and without zeroing."""
    w = draw.whole(-3, 3, without=[0])
    xs = np.array([draw.whole(1, 5), draw.whole(1, 5)], float)
    ys = np.array([draw.whole(-6, 6), draw.whole(-6, 6)], float)
    slope = grad(lambda w, x, y: (w * x - y) ** 2)
    g1, g2 = (float(slope(float(w), x, y)) for x, y in zip(xs, ys, strict=True))
    h1, h2 = (2 * (w * x - y) * x for x, y in zip(xs, ys, strict=True))
    draw.need(h1 and h2)
    return Question(
        rf"A library adds each backward pass to `w.grad`, and never clears it by itself. With $L = (wx - y)^2$ and "
        rf"$w = {w}$ two examples pass, one after another and without a step between them: $(x, y) = ({num(xs[0])},"
        rf" {num(ys[0])})$ and "
        rf"$({num(xs[1])}, {num(ys[1])})$. What stands in `w.grad` after the second one, `kept` if nobody clears it,"
        r" and `cleared` "
        "if it is set to 0 between them?",
        Numbers({"kept": g1 + g2, "cleared": g2}, digits=None),
        rf"$dL/dw = 2(wx - y)x$. The first example gives $2 \cdot ({w} \cdot {num(xs[0])} {plus(-ys[0])}) \cdot"
        rf" {num(xs[0])} = {num(h1)}$, "
        rf"the second one ${num(h2)}$. Kept: ${num(h1)} {plus(h2)} = {num(h1 + h2)}$. Cleared: ${num(h2)}$.",
        [
            Mistake(
                "the other way round",
                "`kept` is the case in which both gradients are in the sum.",
                {"kept": g2, "cleared": g1 + g2},
            ),
            Mistake("mean for sum", "The library adds; it does not average.", {"kept": (g1 + g2) / 2, "cleared": g2}),
            Mistake(
                "overwritten",
                "If nobody clears it, the second pass is added to the first.",
                {"kept": g2, "cleared": g2},
            ),
            Mistake(
                "the first one left",
                "Cleared is what was there before the second pass, not the second pass.",
                {"kept": g1 + g2, "cleared": g1},
            ),
            Mistake(
                "factor x lost",
                "$d(wx)/dw = x$: it belongs to each gradient.",
                {"kept": h1 / xs[0] + h2 / xs[1], "cleared": h2 / xs[1]},
            ),
        ],
        ["Compute the gradient of each example alone.", "`+=` is what the library does."],
    )
