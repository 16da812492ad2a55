"""Step sizes: one step of gradient descent, many of them, the largest stable rate, and what each rate does."""

from __future__ import annotations

from downslope import surfaces
from downslope.autodiff import grad, hessian
from downslope.exercises.answer import Mistake
from downslope.exercises.choice import Choice
from downslope.exercises.draw import Draw
from downslope.exercises.numbers import Number
from downslope.exercises.question import Question, question
from downslope.exercises.text import num, par, plus
from downslope.optim import gradient_descent


@question("step-size-1", "One step of gradient descent", topic="step size")
def step_size_1(draw: Draw) -> Question:
    """w ← w − lr · f′(w) on a parabola."""
    a, c = draw.whole(2, 6), draw.whole(-5, 5, without=[0])
    w, lr = draw.whole(-9, 9, without=[c]), draw.nice(0.02, 0.3, 2)
    rule = gradient_descent(lr)
    slope = grad(lambda w: a * (w - c) ** 2)(float(w))
    truth, _ = rule.step(float(w), slope, rule.init(float(w)), t=1)
    d = 2 * a * (w - c)
    return Question(
        rf"$f(w) = {a}\,(w {plus(-c)})^2$, and gradient descent stands at $w = {w}$ with learning rate ${num(lr)}$. "
        "Where is it after one step?",
        Number(truth),
        rf"$f'(w) = 2 \cdot {a}\,(w {plus(-c)}) = {d}$ at $w = {w}$. Downhill is against the slope: "
        rf"$w \leftarrow {w} - {num(lr)} \cdot {par(d)} = {num(w - lr * d)}$.",
        [
            Mistake("uphill", "Downhill is against the slope: minus.", w + lr * d),
            Mistake("factor 2 lost", "Look at the derivative of the square again.", w - lr * d / 2),
            Mistake("learning rate forgotten", "The step is the learning rate times the slope.", w - d),
            Mistake("value for slope", "The step follows the slope of $f$, not its value.", w - lr * a * (w - c) ** 2),
            Mistake("the step alone", "That is the step; where does it lead from $w$?", -lr * d),
        ],
        ["First the slope at $w$, then the step.", r"$w \leftarrow w - \eta f'(w)$."],
    )


@question("step-size-2", "The largest stable learning rate", topic="step size")
def step_size_2(draw: Draw) -> Question:
    """2 / λmax of a bowl with two curvatures."""
    a, b = draw.nice(0.2, 2), draw.nice(3, 15, without=[])
    bowl = surfaces.formula(f"{a!r}*x**2 + {b!r}*y**2")
    truth = 2 / float(bowl.eigenvalues((1.0, 1.0))[1])
    return Question(
        rf"Gradient descent goes down on $f(x, y) = {num(a)}x^2 {plus(b)}y^2$. Below which learning rate do its steps "
        "not grow?",
        Number(truth),
        rf"The curvatures are the second derivatives, $2 \cdot {num(a)} = {num(2 * a)}$ and $2 \cdot {num(b)} = "
        rf"{num(2 * b)}$. A step multiplies the distance along each direction by $1 - \eta\lambda$, which stays within "
        rf"$\pm 1$ for $\eta < 2/\lambda$. The steeper one decides: $2 / {num(2 * b)} = {num(1 / b)}$.",
        [
            Mistake(
                "coefficient for curvature", "The curvature is the second derivative: that of $bx^2$ is $2b$.", 2 / b
            ),
            Mistake(
                "best rate for largest",
                "That rate goes to the minimum of the steep direction in one step.",
                1 / (2 * b),
            ),
            Mistake("the flat direction", "The flat direction allows that; what does the steep one do?", 1 / a),
            Mistake("curvature for rate", "That is the largest curvature; how large may the rate be?", 2 * b),
            Mistake("sum of curvatures", "Each direction has its own limit; the smaller one counts.", 1 / (a + b)),
        ],
        [
            "Look at one direction alone: by what does a step multiply the distance to the minimum?",
            r"The factor is $1 - \eta\lambda$ with the curvature $\lambda$, and it must stay between $-1$ and $1$.",
        ],
    )


_WAYS = {
    "creeps": "It comes closer from one side.",
    "one step": "It is at the minimum after one step.",
    "swings": "It jumps from one side to the other and comes closer.",
    "for ever": "It jumps between two points for ever.",
    "diverges": "It jumps from one side to the other and moves away.",
}
_PRODUCTS = {
    "creeps": (0.2, 0.5, 0.8),
    "one step": (1.0,),
    "swings": (1.2, 1.5, 1.8),
    "for ever": (2.0,),
    "diverges": (2.2, 2.5, 3.0),
}
_WHY = {
    "creeps": r"That needs a factor $1 - \eta\lambda$ between 0 and 1.",
    "one step": r"That needs $\eta\lambda = 1$.",
    "swings": r"That needs a factor $1 - \eta\lambda$ between $-1$ and 0.",
    "for ever": r"That needs $\eta\lambda = 2$.",
    "diverges": r"That needs $\eta\lambda$ above 2.",
}


def _way(factor: float) -> str:
    """What gradient descent does whose error is multiplied by ``factor`` at each step."""
    if abs(factor) > 1:
        return "diverges"
    return {0.0: "one step", -1.0: "for ever"}.get(factor, "creeps" if factor > 0 else "swings")


@question("step-size-3", "What a learning rate does", topic="step size")
def step_size_3(draw: Draw) -> Question:
    """Creeps, swings, jumps for ever or diverges, by lr · λ."""
    a, w = draw.whole(2, 25), draw.whole(1, 9)
    product = draw.pick(_PRODUCTS[draw.pick(list(_PRODUCTS))])
    lr = product / (2 * a)
    curvature = float(hessian(lambda w: a * w**2)(float(w)))
    way = _way(round(1 - lr * curvature, 9))
    order = draw.shuffled(_WAYS)
    return Question(
        rf"Gradient descent goes down on $f(w) = {a}w^2$ from $w = {w}$ with the learning rate ${num(lr)}$. What does"
        r" it do?",
        Choice({key: _WAYS[key] for key in order}, way),
        rf"$f'(w) = {2 * a}w$, so a step is $w \leftarrow w - {num(lr)} \cdot {2 * a}w = {num(1 - product)}\,w$. "
        f"{_WHY[way]} {_WAYS[way]}",
        [Mistake(f"{key} for {way}", _WHY[key], key) for key in order if key != way],
        [
            "Compute the first two steps.",
            r"A step multiplies $w$ by $1 - \eta\lambda$, where $\lambda$ is the curvature.",
        ],
    )


@question("step-size-4", "After several steps", topic="step size")
def step_size_4(draw: Draw) -> Question:
    """The geometric progress of gradient descent on a parabola."""
    a, w, n = draw.whole(2, 5), draw.whole(2, 20), draw.whole(3, 5)
    lr = draw.nice(0.02, 0.2, 2, without=[0.1])
    rule = gradient_descent(lr)
    at = float(w)
    for t in range(1, n + 1):
        at, _ = rule.step(at, grad(lambda w: a * w**2)(at), rule.init(at), t)
    factor = 1 - 2 * a * lr
    draw.need(0.2 < abs(factor) < 1)
    return Question(
        rf"Gradient descent with learning rate ${num(lr)}$ starts at $w = {w}$ on $f(w) = {a}w^2$. Where is it after"
        rf" {n} steps?",
        Number(at),
        rf"A step is $w \leftarrow w - {num(lr)} \cdot {2 * a}w = {num(factor)}\,w$. {n} of them: "
        rf"${w} \cdot {par(factor)}^{n} = {num(w * factor**n)}$.",
        [
            Mistake(
                "the first slope in every step",
                "The slope changes with $w$: compute it anew at each step.",
                w - n * lr * 2 * a * w,
            ),
            Mistake("one step only", "That is where it is after one step.", w * factor),
            Mistake("one step too many", "Count the steps: that is one more.", w * factor ** (n + 1)),
            Mistake("one step too few", "Count the steps: that is one less.", w * factor ** (n - 1)),
            Mistake("factor 2 lost", "Look at the derivative of the square again.", w * (1 - a * lr) ** n),
        ],
        ["Write one step as a factor times $w$.", r"The factor is $1 - \eta\lambda$, and it acts at every step."],
    )
