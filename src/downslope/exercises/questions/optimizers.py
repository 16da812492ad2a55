"""Optimizers: momentum's velocity, Adam's first two steps, weight decay coupled and decoupled."""

from __future__ import annotations

import math

from downslope.autodiff import grad
from downslope.exercises.answer import Mistake
from downslope.exercises.draw import Draw
from downslope.exercises.numbers import Number, Numbers
from downslope.exercises.question import Question, question
from downslope.exercises.text import num, par, plus
from downslope.optim import adam, adamw, momentum
from downslope.optim.optimizer import Optimizer


def _steps(rule: Optimizer, w: float, a: float, n: int) -> float:
    """Where a rule is after n steps on a w², from w."""
    state = rule.init(w)
    for t in range(1, n + 1):
        w, state = rule.step(w, grad(lambda w: a * w**2)(w), state, t)
    return float(w)


def _heavy_ball(w: float, a: float, lr: float, keep: float, add: float, n: int) -> float:
    """By hand: v ← keep · v + add · g, w ← w − lr · v."""
    v = 0.0
    for _ in range(n):
        v = keep * v + add * 2 * a * w
        w -= lr * v
    return w


@question("momentum-1", "Two steps with momentum", topic="optimizers")
def momentum_1(draw: Draw) -> Question:
    """v ← β v + g, w ← w − lr v."""
    a, w, lr = draw.whole(2, 4), draw.whole(1, 9), draw.nice(0.01, 0.08, 2)
    beta = draw.pick([0.5, 0.6, 0.7, 0.8, 0.9])
    truth = _steps(momentum(lr, beta), float(w), a, 2)
    g1 = 2 * a * w
    w1 = w - lr * g1
    g2 = 2 * a * w1
    v2 = beta * g1 + g2
    return Question(
        rf"Momentum, $v \leftarrow \beta v + g$ and $w \leftarrow w - \eta v$, with $\eta = {num(lr)}$ and $\beta ="
        rf" {num(beta)}$ starts at "
        rf"$w = {w}$, $v = 0$ on $f(w) = {a}w^2$. Where is it after two steps?",
        Number(truth, digits=4),
        rf"$g = 2 \cdot {a}w = {g1}$, $v = {g1}$, $w = {w} - {num(lr)} \cdot {g1} = {num(w1)}$. Then $g = {num(g2)}$, "
        rf"$v = {num(beta)} \cdot {g1} {plus(g2)} = {num(v2)}$, $w = {num(w1)} - {num(lr)} \cdot {par(v2)} ="
        rf" {num(w1 - lr * v2)}$.",
        [
            Mistake(
                "velocity forgotten",
                "That is plain gradient descent: the second step keeps a part of the first velocity.",
                w1 - lr * g2,
            ),
            Mistake(
                "dampened",
                r"The gradient is added whole here, without a factor $1 - \beta$.",
                _heavy_ball(w, a, lr, beta, 1 - beta, 2),
            ),
            Mistake("one step only", "That is where it is after one step.", w1),
            Mistake("old gradient", "The second gradient is taken at the new $w$.", w1 - lr * (beta * g1 + g1)),
            Mistake("β forgotten", r"The old velocity is multiplied by $\beta$.", w1 - lr * (g1 + g2)),
            Mistake("1 − β for β", r"$\beta$ is the part that is kept.", w1 - lr * ((1 - beta) * g1 + g2)),
            Mistake("one step too many", "Count the steps: that is one more.", _heavy_ball(w, a, lr, beta, 1, 3)),
        ],
        ["Write $g$, $v$ and $w$ in a table, one row a step.", "In the second row $v$ has two parts."],
    )


def _adam_by_hand(g: tuple[float, ...], beta1: float = 0.9, beta2: float = 0.999) -> tuple[float, float]:
    """m and v after these gradients, uncorrected."""
    m = v = 0.0
    for one in g:
        m, v = beta1 * m + (1 - beta1) * one, beta2 * v + (1 - beta2) * one * one
    return m, v


@question("adam-1", "Adam's first step", topic="optimizers")
def adam_1(draw: Draw) -> Question:
    """The first step is lr · sign(g)."""
    w, g = draw.nice(-3, 3), draw.nice(-9, 9, without=[0, 1, -1])
    lr = draw.pick([0.01, 0.02, 0.05, 0.1, 0.2])
    rule = adam(lr)
    truth, _ = rule.step(w, g, rule.init(w), t=1)
    m, v = _adam_by_hand((g,))
    sign = math.copysign(1, g)
    return Question(
        rf"Adam with $\eta = {num(lr)}$, $\beta_1 = 0.9$, $\beta_2 = 0.999$ and $\epsilon = 10^{{-8}}$ makes its first"
        rf" step from $w = {num(w)}$, "
        rf"where the gradient is ${num(g)}$. Where does it arrive?",
        Number(truth, digits=4),
        rf"$m = 0.1 \cdot {par(g)} = {num(m)}$ and $v = 0.001 \cdot {par(g)}^2 = {num(v)}$. Corrected: $\hat{{m}} ="
        rf" m/(1 - 0.9) = {num(g)}$, "
        rf"$\hat{{v}} = v/(1 - 0.999) = {num(g * g)}$. The step is ${num(lr)} \cdot \hat{{m}}/\sqrt{{\hat{{v}}}} ="
        rf" {num(lr * sign)}$: "
        rf"$w = {num(w)} {plus(-lr * sign)} = {num(w - lr * sign)}$. The size of the gradient does not matter.",
        [
            Mistake("plain gradient descent", "Adam divides by the size that gradients have.", w - lr * g),
            Mistake(
                "bias correction forgotten",
                r"$m$ and $v$ start at 0 and are too small at first: correct them.",
                w - lr * m / math.sqrt(v),
            ),
            Mistake("only m corrected", r"$v$ is corrected too.", w - lr * g / math.sqrt(v)),
            Mistake("only v corrected", r"$m$ is corrected too.", w - lr * m / abs(g)),
            Mistake("root forgotten", r"Divide by $\sqrt{\hat{v}}$, not by $\hat{v}$.", w - lr / g),
            Mistake("uphill", "A step goes against the gradient.", w + lr * sign),
        ],
        [
            "Compute $m$, $v$, then their corrected forms.",
            r"At $t = 1$: $\hat{m} = m/(1 - 0.9)$ and $\hat{v} = v/(1 - 0.999)$.",
        ],
    )


@question("adam-2", "Adam's second step", topic="optimizers")
def adam_2(draw: Draw) -> Question:
    """Two different gradients."""
    g1, g2 = draw.nice(0.5, 5), draw.nice(-5, 5, without=[0])
    draw.need(abs(g2 + 0.9 * g1) > 0.5)
    w, lr = draw.whole(1, 5), draw.pick([0.1, 0.2, 0.5])
    rule = adam(lr)
    w1, state = rule.step(float(w), g1, rule.init(float(w)), t=1)
    truth, _ = rule.step(w1, g2, state, t=2)
    m, v = _adam_by_hand((g1, g2))
    first = w - lr
    mhat, vhat = m / (1 - 0.9**2), v / (1 - 0.999**2)
    draw.need(abs(truth) > 0.1)  # or the digits of the answer were lost in a difference
    return Question(
        rf"Adam with $\eta = {num(lr)}$, $\beta_1 = 0.9$, $\beta_2 = 0.999$ starts at $w = {w}$ and sees the gradients"
        rf" ${num(g1)}$ and then "
        rf"${num(g2)}$. Where is it after two steps? ($\epsilon$ is too small to matter.)",
        Number(truth, digits=4),
        rf"The first step is ${num(lr)}$ downhill: $w = {num(first)}$. Then $m = 0.9 \cdot {num(0.1 * g1)}"
        rf" {plus(0.1 * g2)} = {num(m)}$ and "
        rf"$v = 0.999 \cdot {num(0.001 * g1**2)} {plus(0.001 * g2**2)} = {num(v)}$; with $t = 2$, $\hat{{m}} = m/0.19 ="
        rf" {num(mhat)}$ and "
        rf"$\hat{{v}} = v/0.001999 = {num(vhat)}$. $w = {num(first)} - {num(lr)} \cdot"
        rf" {par(mhat)}/\sqrt{{{num(vhat)}}} = "
        rf"{num(first - lr * mhat / math.sqrt(vhat), 7)}$.",
        [
            Mistake(
                "t off by one", r"It is the second step: $1 - \beta^2$.", first - lr * (m / 0.1) / math.sqrt(v / 0.001)
            ),
            Mistake(
                "bias correction forgotten in step 2",
                "Correct $m$ and $v$ in the second step too.",
                first - lr * m / math.sqrt(v),
            ),
            Mistake(
                "no correction at all",
                r"$m$ and $v$ start at 0 and are too small at first: correct them.",
                w - lr * 0.1 / math.sqrt(0.001) - lr * m / math.sqrt(v),
            ),
            Mistake(
                "last gradient alone", "$m$ and $v$ remember the first gradient.", first - lr * math.copysign(1, g2)
            ),
            Mistake("root forgotten", r"Divide by $\sqrt{\hat{v}}$, not by $\hat{v}$.", first - lr * mhat / vhat),
            Mistake(
                "first step forgotten",
                "The second step starts where the first one arrived.",
                w - lr * mhat / math.sqrt(vhat),
            ),
        ],
        [r"The first step is $\eta$ long.", "Keep $m$ and $v$ uncorrected from step to step; correct copies of them."],
    )


@question("weight-decay-1", "Weight decay, coupled and decoupled", topic="optimizers")
def weight_decay_1(draw: Draw) -> Question:
    """AdamW against Adam with an L2 penalty, the first step."""
    w, g = draw.nice(2, 9), draw.nice(0.5, 5)
    lr, decay = draw.pick([0.1, 0.2, 0.5]), draw.pick([0.05, 0.1, 0.2])
    both = {"adamw": adamw(lr, weight_decay=decay), "adam": adam(lr, weight_decay=decay)}
    truth = {name: float(rule.step(w, g, rule.init(w), t=1)[0]) for name, rule in both.items()}
    coupled, decoupled = w - lr, (1 - lr * decay) * w - lr
    return Question(
        rf"The first step from $w = {num(w)}$ with the gradient ${num(g)}$, $\eta = {num(lr)}$ and weight decay"
        rf" ${num(decay)}$ "
        r"($\epsilon$ is too small to matter). Where does `adamw` arrive, whose decay is decoupled and multiplied by"
        r" $\eta$, and where `adam`, "
        "whose decay is added to the gradient?",
        Numbers(truth, digits=4),
        rf"Adam's first step is $\eta$ times the sign of the gradient. Decoupled: $w = (1 - {num(lr)} \cdot"
        rf" {num(decay)}) \cdot {num(w)} - "
        rf"{num(lr)} = {num(decoupled)}$. Coupled: the gradient ${num(g)} + {num(decay)} \cdot {num(w)}$ is positive"
        rf" too, so $w = {num(w)} - "
        rf"{num(lr)} = {num(coupled)}$: the division by $\sqrt{{\hat{{v}}}}$ undid the decay.",
        [
            Mistake(
                "no difference",
                "Decoupled decay acts on the weight itself, beside the step.",
                {"adamw": coupled, "adam": coupled},
            ),
            Mistake(
                "both decoupled",
                "Coupled decay is divided by the root like the gradient.",
                {"adamw": decoupled, "adam": decoupled},
            ),
            Mistake("the other way round", "`adamw` is the decoupled one.", {"adamw": coupled, "adam": decoupled}),
            Mistake(
                "decay without the rate",
                r"The decay is multiplied by $\eta$ too.",
                {"adamw": (1 - decay) * w - lr, "adam": coupled},
            ),
            Mistake(
                "plain gradient descent",
                "Adam's first step is $\\eta$ long, whatever the size of the gradient.",
                {"adamw": (1 - lr * decay) * w - lr * g, "adam": w - lr * (g + decay * w)},
            ),
            Mistake(
                "decay grows the weight",
                "Decay makes weights smaller.",
                {"adamw": (1 + lr * decay) * w - lr, "adam": coupled},
            ),
        ],
        ["How long is Adam's first step?", "Decoupled decay shrinks the weight beside that step."],
    )
