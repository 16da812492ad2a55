"""Backpropagation by hand: the 2-2-2 network of M. Mazur's worked example (2015) with own numbers, and a relu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.autodiff import grad
from downslope.exercises.answer import Mistake
from downslope.exercises.arrays import Values
from downslope.exercises.draw import Draw
from downslope.exercises.numbers import Number, Numbers
from downslope.exercises.question import Question, question
from downslope.exercises.text import matrix, num, par, plus
from downslope.nn import relu, sigmoid
from downslope.optim import gradient_descent

Params = dict[str, Any]


def _loss(params: Params, x: Any, y: Any) -> Any:
    """Half the squared error, summed over both outputs."""
    p = _output(params, x)
    return 0.5 * np.sum((p - y) ** 2)


def _output(params: Params, x: Any) -> Any:
    return sigmoid(params["v"] @ sigmoid(params["w"] @ x + params["b"]) + params["c"])


@dataclass(frozen=True)
class _Network:
    """Its numbers and, computed by hand, its forward pass and error signals. w, v: rows are units."""

    params: Params
    x: Any
    y: Any
    text: str

    @classmethod
    def drawn(cls, draw: Draw) -> _Network:
        x = np.array([draw.nice(0.05, 0.5, 2), draw.nice(0.05, 0.5, 2)])
        w, v = draw.array((2, 2), 0.1, 0.9, 2), draw.array((2, 2), 0.1, 0.9, 2)
        b, c = draw.nice(0.1, 0.6, 2), draw.nice(0.1, 0.6, 2)
        y = np.array([draw.nice(0.01, 0.2, 2), draw.nice(0.7, 0.99, 2)])
        text = (
            rf"Two inputs $x = ({num(x[0])}, {num(x[1])})$ lead to two hidden units and two outputs, all with the"
            r" sigmoid: "
            rf"$h_1 = \sigma(w_1x_1 + w_2x_2 + b)$, $h_2 = \sigma(w_3x_1 + w_4x_2 + b)$, "
            rf"$p_1 = \sigma(w_5h_1 + w_6h_2 + c)$, $p_2 = \sigma(w_7h_1 + w_8h_2 + c)$, with "
            + ", ".join(rf"$w_{i + 1} = {num(value)}$" for i, value in enumerate([*w.ravel(), *v.ravel()]))
            + rf", $b = {num(b)}$, $c = {num(c)}$. The targets are $y = ({num(y[0])}, {num(y[1])})$, and "
            r"$L = \frac{1}{2}(p_1 - y_1)^2 + \frac{1}{2}(p_2 - y_2)^2$."
        )
        return cls({"w": w, "b": b, "v": v, "c": c}, x, y, text)

    @property
    def h(self) -> Any:
        return _sigma(self.params["w"] @ self.x + self.params["b"])

    @property
    def p(self) -> Any:
        return _sigma(self.params["v"] @ self.h + self.params["c"])

    @property
    def d(self) -> Any:
        """dL/dz of the outputs."""
        return (self.p - self.y) * self.p * (1 - self.p)

    def forward(self) -> str:
        """The forward pass in numbers, for who starts behind it."""
        h, p = self.h, self.p
        return (
            rf"The forward pass gives $h_1 = {num(h[0])}$, $h_2 = {num(h[1])}$, $p_1 = {num(p[0])}$, $p_2 ="
            rf" {num(p[1])}$."
        )


def _sigma(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


@question("backpropagation-1", "The 2-2-2 network: forward", topic="backpropagation")
def backpropagation_1(draw: Draw) -> Question:
    """Hidden units, outputs and the loss."""
    net = _Network.drawn(draw)
    truth = _output(net.params, net.x)
    loss = float(_loss(net.params, net.x, net.y))
    h, p, v = net.h, net.p, net.params["v"]
    linear = v @ (net.params["w"] @ net.x + net.params["b"]) + net.params["c"]
    half = 0.5 * (p - net.y) ** 2

    def answer(p: Any, loss: float) -> dict[str, float]:
        return {"p1": p[0], "p2": p[1], "L": loss}

    def with_loss(p: Any) -> dict[str, float]:
        return answer(p, float(0.5 * np.sum((p - net.y) ** 2)))

    return Question(
        f"{net.text} Compute $p_1$, $p_2$ and $L$: `p1`, `p2` and `L`.",
        Numbers(answer(truth, loss), digits=4),
        rf"$h_1 = \sigma({num(net.params['w'][0] @ net.x + net.params['b'])}) = {num(h[0])}$ and $h_2 = {num(h[1])}$."
        r" Then "
        rf"$p_1 = \sigma({num(v[0, 0])} \cdot {num(h[0])} {plus(v[0, 1])} \cdot {num(h[1])} {plus(net.params['c'])}) = "
        rf"{num(p[0])}$ and $p_2 = {num(p[1])}$. $L = {num(half[0])} {plus(half[1])} = {num(half.sum())}$.",
        [
            Mistake("half forgotten", r"There is a $\frac{1}{2}$ before each square.", answer(p, 2 * loss)),
            Mistake(
                "σ of the hidden units forgotten", "The hidden units have a sigmoid too.", with_loss(_sigma(linear))
            ),
            Mistake(
                "σ of the outputs forgotten", "The outputs have a sigmoid too.", with_loss(v @ h + net.params["c"])
            ),
            Mistake("mean for sum", "The two halves are added, not averaged.", answer(p, loss / 2)),
            Mistake(
                "weights transposed",
                "$w_6$ leads from $h_2$ to $p_1$, and $w_7$ from $h_1$ to $p_2$.",
                with_loss(_sigma(v.T @ h + net.params["c"])),
            ),
            Mistake("bias forgotten", "Add the bias $c$ before the sigmoid.", with_loss(_sigma(v @ h))),
        ],
        ["From left to right: $h_1$, $h_2$, then $p_1$, $p_2$, then $L$.", "Keep six digits on the way."],
    )


@question("backpropagation-2", "The 2-2-2 network: a weight of the output", topic="backpropagation")
def backpropagation_2(draw: Draw) -> Question:
    """dL/dw5."""
    net = _Network.drawn(draw)
    truth = grad(_loss)(net.params, net.x, net.y)["v"][0, 0]
    h, p, y = net.h, net.p, net.y
    error, slope = p[0] - y[0], p[0] * (1 - p[0])
    return Question(
        f"{net.text} {net.forward()} What is $\\partial L/\\partial w_5$, the weight from $h_1$ to $p_1$?",
        Number(truth),
        rf"$w_5$ acts on $p_1$ alone. $\partial L/\partial p_1 = p_1 - y_1 = {num(error)}$, the sigmoid gives "
        rf"$p_1(1 - p_1) = {num(slope)}$, and $\partial z/\partial w_5 = h_1 = {num(h[0])}$. Their product is "
        rf"${num(error * slope * h[0])}$.",
        [
            Mistake("σ′ forgotten", "Where did the slope of the output's sigmoid go?", error * h[0]),
            Mistake("y − p", "The error is $p - y$, not $y - p$.", -error * slope * h[0]),
            Mistake("the other hidden unit", "$w_5$ comes from $h_1$.", error * slope * h[1]),
            Mistake("the other output", "$w_5$ leads to $p_1$.", net.d[1] * h[0]),
            Mistake("h forgotten", r"The last factor is $\partial z/\partial w_5$.", error * slope),
            Mistake("factor 2", r"The $\frac{1}{2}$ takes the 2 of the square away.", 2 * error * slope * h[0]),
        ],
        ["Which output does $w_5$ act on?", "Three factors: error, slope of the sigmoid, input of the weight."],
    )


@question("backpropagation-3", "The 2-2-2 network: a weight of the hidden layer", topic="backpropagation")
def backpropagation_3(draw: Draw) -> Question:
    """dL/dw1, over both outputs."""
    net = _Network.drawn(draw)
    truth = grad(_loss)(net.params, net.x, net.y)["w"][0, 0]
    h, v, d, x = net.h, net.params["v"], net.d, net.x
    back, slope = float(v[:, 0] @ d), h[0] * (1 - h[0])
    new = v - 0.5 * np.outer(d, h)
    return Question(
        f"{net.text} {net.forward()} What is $\\partial L/\\partial w_1$, the weight from $x_1$ to $h_1$?",
        Number(truth),
        rf"The error signals of the outputs are $\delta = (p - y)\,p\,(1 - p)$: $\delta_1 = {num(d[0])}$, $\delta_2 = "
        rf"{num(d[1])}$. $h_1$ feels both: ${num(v[0, 0])} \cdot {par(d[0])} {plus(v[1, 0])} \cdot {par(d[1])} ="
        rf" {num(back)}$. "
        rf"Its own sigmoid gives $h_1(1 - h_1) = {num(slope)}$, and the input of $w_1$ is $x_1 = {num(x[0])}$. The"
        r" product is "
        rf"${num(back * slope * x[0])}$.",
        [
            Mistake(
                "one way lost", "$h_1$ acts on both outputs: two ways lead back to it.", v[0, 0] * d[0] * slope * x[0]
            ),
            Mistake(
                "σ′ of the hidden layer forgotten", "Where did the slope of the hidden unit's sigmoid go?", back * x[0]
            ),
            Mistake(
                "σ′ of the output forgotten",
                "The error signal of an output has the slope of its sigmoid in it.",
                float(v[:, 0] @ (net.p - net.y)) * slope * x[0],
            ),
            Mistake(
                "transpose forgotten",
                "From the outputs to $h_1$ lead $w_5$ and $w_7$, not $w_5$ and $w_6$.",
                float(v[0] @ d) * slope * x[0],
            ),
            Mistake(
                "new weights used",
                "Go back with the weights of the forward pass: nothing is updated before all gradients are there.",
                float(new[:, 0] @ d) * slope * x[0],
            ),
            Mistake("x forgotten", r"The last factor is $\partial z/\partial w_1 = x_1$.", back * slope),
            Mistake("y − p", "The error is $p - y$, not $y - p$.", -back * slope * x[0]),
        ],
        [
            "First the error signals of both outputs.",
            "Bring them back to $h_1$ over $w_5$ and $w_7$, and add.",
            "Then the slope of $h_1$ and the input of $w_1$.",
        ],
    )


@question("backpropagation-4", "The 2-2-2 network: after one step", topic="backpropagation")
def backpropagation_4(draw: Draw) -> Question:
    """w5 and the shared bias c after a step of gradient descent."""
    net = _Network.drawn(draw)
    lr = draw.pick([0.2, 0.4, 0.5, 0.8])
    rule = gradient_descent(lr)
    new, _ = rule.step(net.params, grad(_loss)(net.params, net.x, net.y), rule.init(net.params), t=1)
    w5, c, d, g = net.params["v"][0, 0], net.params["c"], net.d, net.d[0] * net.h[0]
    return Question(
        f"{net.text} {net.forward()} Both outputs share the bias $c$. One step of gradient descent with learning rate "
        f"${num(lr)}$: what are $w_5$ (`w5`) and $c$ (`c`) after it?",
        Numbers({"w5": new["v"][0, 0], "c": new["c"]}, digits=4),
        rf"$\delta_1 = (p_1 - y_1)\,p_1(1 - p_1) = {num(d[0])}$ and $\delta_2 = {num(d[1])}$. $w_5 \leftarrow"
        rf" {num(w5)} - "
        rf"{num(lr)} \cdot \delta_1h_1 = {num(w5)} - {num(lr)} \cdot {par(g)} = {num(w5 - lr * g)}$. The bias gets the"
        r" sum: "
        rf"$c \leftarrow {num(c)} - {num(lr)} \cdot ({num(d[0])} {plus(d[1])}) = {num(c - lr * d.sum())}$.",
        [
            Mistake(
                "bias from one output",
                "$c$ acts on both outputs: their error signals are added.",
                {"w5": w5 - lr * g, "c": c - lr * d[0]},
            ),
            Mistake(
                "mean for sum",
                "The error signals of the shared bias are added, not averaged.",
                {"w5": w5 - lr * g, "c": c - lr * d.mean()},
            ),
            Mistake("uphill", "A step goes against the gradient.", {"w5": w5 + lr * g, "c": c + lr * d.sum()}),
            Mistake(
                "learning rate forgotten",
                "A step is the learning rate times the gradient.",
                {"w5": w5 - g, "c": c - d.sum()},
            ),
            Mistake(
                "h forgotten",
                "The gradient of a weight has its input as a factor.",
                {"w5": w5 - lr * d[0], "c": c - lr * d.sum()},
            ),
            Mistake("bias unchanged", "Biases learn too.", {"w5": w5 - lr * g, "c": c}),
        ],
        ["The error signals $\\delta$ of both outputs come first.", "A bias has the input 1."],
    )


@question("backpropagation-5", "Back through a relu", topic="backpropagation")
def backpropagation_5(draw: Draw) -> Question:
    """dL/dW of the first layer for one example, with one unit off."""
    x, w, v = draw.array((2,), -3, 3, 0), draw.array((2, 3), -2, 2, 0), draw.array((3,), -3, 3, 0)
    z = x @ w
    draw.need((z > 0).sum() == 2 and (z < 0).sum() == 1 and len(set(np.abs(v))) > 1)
    truth = grad(lambda w: np.sum(relu(x @ w) * v))(w)
    mask = (z > 0).astype(float)
    right = np.outer(x, v * mask)
    return Question(
        rf"$z = xW$, $h = \max(z, 0)$ and $L = h \cdot v$ with $x = {matrix(x)}$, $W = {matrix(w)}$ and $v ="
        rf" {matrix(v)}$. "
        r"What is $dL/dW$?",
        Values(truth),
        rf"$z = {matrix(z)}$, so the relu lets through ${matrix(mask)}$. $dL/dh = v$, $dL/dz = v \odot"
        rf" {matrix(mask)} = "
        rf"{matrix(v * mask)}$, and $dL/dW = x^\top\, dL/dz = {matrix(right)}$.",
        [
            Mistake("relu's mask forgotten", "A unit that is off passes no gradient back.", np.outer(x, v)),
            Mistake("mask from the wrong side", "The relu passes where $z > 0$.", np.outer(x, v * (1 - mask))),
            Mistake("h for the mask", "The slope of the relu is 0 or 1, not $h$.", np.outer(x, v * z * mask)),
            Mistake(
                "sum for outer product",
                "Each weight has its own input: $dL/dW_{ij} = x_i\\, dL/dz_j$.",
                np.outer(np.ones(2), v * mask),
            ),
            Mistake("mask of v", "The mask is where $z > 0$, not where $v > 0$.", np.outer(x, v * (v > 0))),
            Mistake("transposed", "$dL/dW$ has the shape of $W$.", right.T),
        ],
        ["Compute $z$ first: which units are on?", r"$dL/dW = x^\top\, dL/dz$."],
    )
