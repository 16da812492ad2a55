"""Slopes: the derivative at a point, the gradient of two variables, the slope along a direction."""

from __future__ import annotations

import numpy as np

from downslope.autodiff import grad, jvp
from downslope.exercises.answer import Mistake
from downslope.exercises.draw import Draw
from downslope.exercises.numbers import Number, Numbers
from downslope.exercises.question import Question, question
from downslope.exercises.text import num, par, plus


@question("slope-1", "The slope of a parabola at a point", topic="slope")
def slope_1(draw: Draw) -> Question:
    """f(x) = a x² + b x + c at a point."""
    a, b, c = draw.whole(2, 7), draw.whole(-9, 9, without=[0, 1, -1]), draw.whole(-9, 9, without=[0])
    x = draw.nice(-3, 3, without=[0, 1, -1])
    truth = grad(lambda x: a * x**2 + b * x + c)(x)
    return Question(
        rf"What is the slope of $f(x) = {a}x^2 {plus(b)}x {plus(c)}$ at $x = {num(x)}$?",
        Number(truth, digits=None),
        rf"Term by term: $f'(x) = 2 \cdot {a}x {plus(b)}$, because the slope of a constant is 0. "
        rf"At $x = {num(x)}$ that is $2 \cdot {a} \cdot {par(x)} {plus(b)} = {num(2 * a * x + b)}$.",
        [
            Mistake("factor of the power lost", r"The derivative of $x^2$ is $2x$: where is the 2?", a * x + b),
            Mistake("value for slope", "That is the value of $f$; the slope is asked for.", a * x**2 + b * x + c),
            Mistake("constant kept", "A constant does not change with $x$: its slope is 0.", 2 * a * x + b + c),
            Mistake("x kept in the linear term", "The slope of $bx$ is $b$, without $x$.", 2 * a * x + b * x),
            Mistake("second derivative", "You took the derivative twice.", 2 * a),
        ],
        ["Take the terms one by one.", r"$(x^n)' = n\,x^{n-1}$."],
    )


@question("slope-2", "The gradient of a function of two variables", topic="slope")
def slope_2(draw: Draw) -> Question:
    """f(x, y) = a x² + b x y + c y² at a point."""
    a, b, c = draw.whole(2, 6), draw.whole(-5, 5, without=[0, 1, -1]), draw.whole(2, 6)
    x, y = draw.whole(-4, 4, without=[0]), draw.whole(-4, 4, without=[0])
    g = grad(lambda p: a * p[0] ** 2 + b * p[0] * p[1] + c * p[1] ** 2)(np.array([x, y], float))
    dx, dy = 2 * a * x + b * y, b * x + 2 * c * y
    return Question(
        rf"What is the gradient of $f(x, y) = {a}x^2 {plus(b)}xy {plus(c)}y^2$ at $(x, y) = ({x}, {y})$? "
        r"Give `dx` $= \partial f / \partial x$ and `dy` $= \partial f / \partial y$.",
        Numbers({"dx": g[0], "dy": g[1]}, digits=None),
        rf"With $y$ held fixed, $\partial f/\partial x = 2 \cdot {a}x {plus(b)}y = {2 * a * x} {plus(b * y)} = {dx}$. "
        rf"With $x$ held fixed, $\partial f/\partial y = {b}x {plus(2 * c)}y = {b * x} {plus(2 * c * y)} = {dy}$.",
        [
            Mistake(
                "mixed term lost", "The term with $xy$ depends on both variables.", {"dx": 2 * a * x, "dy": 2 * c * y}
            ),
            Mistake("swapped", "`dx` is the derivative with respect to $x$.", {"dx": dy, "dy": dx}),
            Mistake(
                "mixed term with its own variable",
                r"Of $b\,xy$ the variable that is differentiated goes away, and the other one stays.",
                {"dx": 2 * a * x + b * x, "dy": 2 * c * y + b * y},
            ),
            Mistake(
                "uphill turned around", "That is the way downhill; the gradient points uphill.", {"dx": -dx, "dy": -dy}
            ),
        ],
        ["Treat the other variable as a number.", r"$\partial (xy) / \partial x = y$."],
    )


@question("slope-3", "The slope along a direction", topic="slope")
def slope_3(draw: Draw) -> Question:
    """The directional derivative: gradient times the unit vector."""
    a, c = draw.whole(2, 6), draw.whole(2, 6)
    x, y = draw.whole(-4, 4, without=[0]), draw.whole(-4, 4, without=[0])
    v = draw.pick([(3, 4), (-3, 4), (4, 3), (4, -3), (5, 12), (-5, 12), (6, 8), (8, -6)])
    size = float(np.hypot(*v))
    unit = np.array(v) / size
    _, truth = jvp(lambda p: a * p[0] ** 2 + c * p[1] ** 2, (np.array([x, y], float),), (unit,))
    gx, gy = 2 * a * x, 2 * c * y
    along = gx * v[0] + gy * v[1]
    draw.need(along)
    return Question(
        rf"You stand at $({x}, {y})$ on $f(x, y) = {a}x^2 {plus(c)}y^2$ and look along $v = {v}$. "
        "How steep is it there, per unit of length walked?",
        Number(truth),
        rf"The gradient is $(2 \cdot {a} \cdot {par(x)},\ 2 \cdot {c} \cdot {par(y)}) = ({gx}, {gy})$. "
        rf"The direction of length 1 is $v / |v| = ({v[0]}, {v[1]}) / {num(size)}$. Their product is "
        rf"$({gx} \cdot {par(v[0])} {plus(gy)} \cdot {par(v[1])}) / {num(size)} = {num(along / size)}$.",
        [
            Mistake("direction not of length 1", "Divide $v$ by its length: you would walk more than one unit.", along),
            Mistake(
                "length of the gradient",
                "That is the slope along the steepest way, not along $v$.",
                float(np.hypot(gx, gy)),
            ),
            Mistake("divided by the squared length", "Divide by the length of $v$ once.", along / size**2),
            Mistake("turned around", "That is the slope in the opposite direction.", -along / size),
        ],
        ["How does $f$ change with a small step of length 1 along $v$?", r"It is the gradient times $v / |v|$."],
    )
