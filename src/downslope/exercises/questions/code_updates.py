"""Code: the updates of gradient descent, of momentum and of Adam."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.exercises.answer import Mistake
from downslope.exercises.code import Code
from downslope.exercises.draw import Draw
from downslope.exercises.question import Question, question
from downslope.optim import adam, momentum


@question("code-sgd", "The update of gradient descent", topic="code")
def code_sgd(draw: Draw) -> Question:
    """A dict of parameters, each against its gradient."""
    inputs = []
    for shapes in ({"w": (3, 2), "b": (2,)}, {"w1": (2, 2), "w2": (4,), "scale": (1,)}):
        params = {name: draw.array(shape, -2, 2) for name, shape in shapes.items()}
        grads = {name: draw.array(shape, -2, 2) for name, shape in shapes.items()}
        inputs.append((params, grads, draw.pick([0.01, 0.05, 0.2, 0.3])))

    def step(params: Any, grads: Any, lr: Any) -> Any:
        return {name: params[name] - lr * grads[name] for name in params}

    def with_a_loop(params: Any, grads: Any, lr: Any) -> Any:
        new = {}
        for name, value in params.items():
            new[name] = value.copy()
            new[name] -= lr * grads[name]
        return new

    def each(change: Any) -> Any:
        return lambda params, grads, lr: {name: change(params[name], grads[name], lr) for name in params}

    return Question(
        "`params` and `grads` are dicts of arrays with the same names. Return a new dict with the parameters after one"
        " step of gradient descent with the learning rate `lr`.",
        Code("step(params, grads, lr)", step, inputs, right=[with_a_loop]),
        "Each parameter moves against its own gradient, by the learning rate times as much.",
        [
            Mistake("uphill", "A step goes against the gradient.", each(lambda p, g, lr: p + lr * g)),
            Mistake(
                "learning rate forgotten",
                "A step is the learning rate times the gradient.",
                each(lambda p, g, lr: p - g),
            ),
            Mistake(
                "the step alone", "That is the step; return the parameters after it.", each(lambda p, g, lr: -lr * g)
            ),
            Mistake(
                "divided by the rate", "Multiply the gradient by the learning rate.", each(lambda p, g, lr: p - g / lr)
            ),
            Mistake(
                "sign alone",
                "The step is as long as the gradient says, not $\\pm$ the learning rate.",
                each(lambda p, g, lr: p - lr * np.sign(g)),
            ),
            Mistake(
                "weights scaled",
                "The learning rate scales the gradient, not the weights.",
                each(lambda p, g, lr: lr * p - g),
            ),
        ],
        ["One parameter first: $w - \\eta g$.", "Then all names of the dict."],
    )


@question("code-momentum", "The update of momentum", topic="code")
def code_momentum(draw: Draw) -> Question:
    """One step: v ← β v + g, w ← w − lr v."""
    inputs = [
        (
            draw.array(shape, -2, 2),
            draw.array(shape, -2, 2),
            draw.array(shape, -2, 2),
            draw.pick([0.01, 0.05, 0.1]),
            draw.pick([0.5, 0.8, 0.9]),
        )
        for shape in ((3,), (2, 4))
    ]

    def momentum_step(w: Any, g: Any, v: Any, lr: Any, beta: Any) -> Any:
        v = beta * v + g
        return w - lr * v, v

    def in_copies(w: Any, g: Any, v: Any, lr: Any, beta: Any) -> Any:
        w, v = w.copy(), v.copy()
        v *= beta
        v += g
        w -= lr * v
        return w, v

    def by_downslope(w: Any, g: Any, v: Any, lr: Any, beta: Any) -> Any:
        new, state = momentum(lr, beta).step(w, g, {"v": v}, t=2)
        return new, state["v"]

    def wrong(change: Any) -> Any:
        return lambda w, g, v, lr, beta: change(w, g, v, lr, beta)

    return Question(
        r"Write one step of momentum, $v \leftarrow \beta v + g$ and then $w \leftarrow w - \eta v$. Return `(w, v)`.",
        Code("momentum_step(w, g, v, lr, beta)", momentum_step, inputs, right=[in_copies, by_downslope]),
        "First the velocity keeps a part of itself and takes the gradient in, then the weights move along the new"
        " velocity.",
        [
            Mistake(
                "old velocity",
                "The weights move along the new velocity.",
                wrong(lambda w, g, v, lr, b: (w - lr * v, b * v + g)),
            ),
            Mistake(
                "dampened",
                r"The gradient is added whole, without $1 - \beta$.",
                wrong(lambda w, g, v, lr, b: (w - lr * (b * v + (1 - b) * g), b * v + (1 - b) * g)),
            ),
            Mistake(
                "rate inside the velocity",
                r"Here $\eta$ stands outside of $v$.",
                wrong(lambda w, g, v, lr, b: (w - b * v - lr * g, b * v + lr * g)),
            ),
            Mistake(
                "uphill",
                "A step goes against the velocity of gradients.",
                wrong(lambda w, g, v, lr, b: (w + lr * (b * v + g), b * v + g)),
            ),
            Mistake(
                "gradient subtracted",
                "The velocity takes the gradient in with a plus.",
                wrong(lambda w, g, v, lr, b: (w - lr * (b * v - g), b * v - g)),
            ),
            Mistake(
                "velocity not kept",
                "Return the new velocity: the next step needs it.",
                wrong(lambda w, g, v, lr, b: (w - lr * (b * v + g), v + 0.0)),
            ),
            Mistake(
                "Nesterov",
                r"That looks ahead once more, as Nesterov does; plain momentum moves along $v$.",
                wrong(lambda w, g, v, lr, b: (w - lr * (b * (b * v + g) + g), b * v + g)),
            ),
        ],
        ["Two lines: first $v$, then $w$.", "The second line uses the new $v$."],
    )


@question("code-adam", "The update of Adam", topic="code")
def code_adam(draw: Draw) -> Question:
    """One step with bias correction, at t = 1 and later."""
    inputs = []
    for shape, t in (((3,), 1), ((2, 3), 2), ((4,), 7)):
        w, g = draw.array(shape, -2, 2), draw.array(shape, -2, 2)
        m, v = (
            (draw.array(shape, -1, 1) / 10, draw.array(shape, 0.1, 1) / 100)
            if t > 1
            else (np.zeros(shape), np.zeros(shape))
        )
        inputs.append((w, g, m, v, t, draw.pick([0.01, 0.1])))

    def adam_step(
        w: Any, g: Any, m: Any, v: Any, t: Any, lr: Any, beta1: Any = 0.9, beta2: Any = 0.999, eps: Any = 1e-8
    ) -> Any:
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        return w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v

    def by_downslope(w: Any, g: Any, m: Any, v: Any, t: Any, lr: Any) -> Any:
        new, state = adam(lr).step(w, g, {"m": m, "v": v}, t)
        return new, state["m"], state["v"]

    return Question(
        r"Write one step of Adam with $\beta_1 = 0.9$, $\beta_2 = 0.999$, $\epsilon = 10^{-8}$. `t` is 1 in the first"
        r" step. Return `(w, m, v)` with the "
        "uncorrected `m` and `v`, which the next step needs.",
        Code("adam_step(w, g, m, v, t, lr)", adam_step, inputs, right=[by_downslope, _adam()]),
        r"$m \leftarrow \beta_1 m + (1 - \beta_1)g$, $v \leftarrow \beta_2 v + (1 - \beta_2)g^2$, $\hat{m} = m/(1 -"
        r" \beta_1^t)$, "
        r"$\hat{v} = v/(1 - \beta_2^t)$, $w \leftarrow w - \eta\,\hat{m}/(\sqrt{\hat{v}} + \epsilon)$.",
        [
            Mistake(
                "bias correction forgotten",
                r"$m$ and $v$ start at 0 and are too small at first: correct them.",
                _adam(correct=False),
            ),
            Mistake("t off by one", "The first step is $t = 1$ already.", _adam(shift=1)),
            Mistake("root forgotten", r"Divide by $\sqrt{\hat{v}}$, not by $\hat{v}$.", _adam(power=1.0)),
            Mistake("g for g²", "$v$ is the running mean of the squares.", _adam(square=False)),
            Mistake(
                "corrected forms kept",
                "Return `m` and `v` as they are before the correction.",
                _adam(keep_corrected=True),
            ),
            Mistake("betas swapped", r"$\beta_1$ belongs to $m$, $\beta_2$ to $v$.", _adam(betas=(0.999, 0.9))),
            Mistake("uphill", "A step goes against the gradient.", _adam(sign=-1.0)),
            Mistake("only m corrected", "Correct $v$ too.", _adam(correct_v=False)),
        ],
        ["Four lines: $m$, $v$, their corrected forms, $w$.", r"$\hat{m} = m/(1 - \beta_1^t)$."],
    )


def _adam(
    *,
    correct: bool = True,
    correct_v: bool = True,
    shift: int = 0,
    power: float = 0.5,
    square: bool = True,
    keep_corrected: bool = False,
    betas: tuple[float, float] = (0.9, 0.999),
    sign: float = 1.0,
) -> Any:
    """Adam with one of its parts changed."""
    beta1, beta2 = betas

    def step(w: Any, g: Any, m: Any, v: Any, t: int, lr: float) -> Any:
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * (g * g if square else np.abs(g))
        m_hat = m / (1 - beta1 ** (t + shift)) if correct else m
        v_hat = v / (1 - beta2 ** (t + shift)) if correct and correct_v else v
        new = w - sign * lr * m_hat / (v_hat**power + 1e-8)
        return (new, m_hat, v_hat) if keep_corrected else (new, m, v)

    return step
