"""Code: back through a relu, and through a network of two layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.autodiff import grad
from downslope.exercises.answer import Mistake
from downslope.exercises.code import Code
from downslope.exercises.draw import Draw
from downslope.exercises.question import Question, question
from downslope.nn import relu


@question("code-relu", "Back through a relu", topic="code")
def code_relu(draw: Draw) -> Question:
    """g where z > 0."""
    inputs = [(draw.array(shape, -3, 3), draw.array(shape, -3, 3)) for shape in ((3, 4), (6,))]
    for z, _ in inputs:
        draw.need((z > 0).sum() >= 2 and (z < 0).sum() >= 2)

    def relu_backward(z: Any, g: Any) -> Any:
        return g * (z > 0)

    def with_where(z: Any, g: Any) -> Any:
        return np.where(z > 0, g, 0.0)

    def with_a_copy(z: Any, g: Any) -> Any:
        back = g.copy()
        back[z <= 0] = 0
        return back

    return Question(
        "In the forward pass `h = np.maximum(z, 0)`. Backwards arrives `g`, which is $dL/dh$ and has the shape of `z`."
        " Return $dL/dz$.",
        Code(
            "relu_backward(z, g)",
            relu_backward,
            inputs,
            right=[with_where, with_a_copy],
            loss=lambda z, g: np.sum(relu(z) * g),
        ),
        "The slope of a relu is 1 where $z > 0$ and 0 elsewhere, so `g` passes where the unit was on.",
        [
            Mistake("mask forgotten", "A unit that is off passes nothing back.", lambda z, g: g + 0.0),
            Mistake("mask from the wrong side", "The relu passes where $z > 0$.", lambda z, g: g * (z < 0)),
            Mistake(
                "mask of g",
                "The mask is that of the forward pass: where $z > 0$, not where $g > 0$.",
                lambda z, g: g * (g > 0),
            ),
            Mistake(
                "relu of g",
                "The mask is that of the forward pass: where $z > 0$ and $g$ of any sign.",
                lambda z, g: g * (g > 0) * (z > 0),
            ),
            Mistake("h for the mask", "The slope of the relu is 0 or 1, not $h$.", lambda z, g: g * relu(z)),
            Mistake("z for the mask", "The slope of the relu is 0 or 1, not $z$.", lambda z, g: g * z),
            Mistake(
                "g forgotten",
                "That is the slope of the relu: multiply by what arrives from behind.",
                lambda z, g: 1.0 * (z > 0),
            ),
        ],
        ["What is the slope of a relu on each side of 0?", "Multiply `g` by it, number by number."],
    )


@question("code-backward", "The backward pass of two layers", topic="code")
def code_backward(draw: Draw) -> Question:
    """tanh, then a linear layer, mean squared error."""
    inputs = [_network(draw, batch, n, units, m) for batch, n, units, m in ((4, 3, 3, 3), (5, 2, 4, 1))]

    def gradients(params: Any, x: Any, y: Any) -> Any:
        h = np.tanh(x @ params["w1"] + params["b1"])
        p = h @ params["w2"] + params["b2"]
        g_p = 2 * (p - y) / y.size
        g_z = g_p @ params["w2"].T * (1 - h**2)
        return {"w1": x.T @ g_z, "b1": g_z.sum(axis=0), "w2": h.T @ g_p, "b2": g_p.sum(axis=0)}

    def example_by_example(params: Any, x: Any, y: Any) -> Any:
        total = {name: np.zeros_like(value) for name, value in params.items()}
        for row, target in zip(x, y, strict=True):
            h = np.tanh(row @ params["w1"] + params["b1"])
            g = 2 * (h @ params["w2"] + params["b2"] - target) / y.size
            back = params["w2"] @ g * (1 - h * h)
            parts = {"w1": np.outer(row, back), "b1": back, "w2": np.outer(h, g), "b2": g}
            total = {name: total[name] + parts[name] for name in total}
        return total

    return Question(
        "A network computes `h = tanh(x @ w1 + b1)` and `p = h @ w2 + b2`; the loss is the mean of `(p - y)**2` over"
        " all numbers. `params` is a dict of `w1`, `b1`, `w2`, `b2`. Return the gradient as a dict with the same"
        " names.",
        Code("gradients(params, x, y)", gradients, inputs, right=[example_by_example, grad(_loss)], loss=_loss),
        "Backwards, step by step: `g_p` is the slope of the loss; `w2` gets `h.T @ g_p`, `b2` the sum of `g_p` over the"
        " batch; `g_p @ w2.T` brings it back to `h`, the slope of tanh, `1 - h**2`, brings it to `z`; then the first"
        " layer as the second one.",
        [
            Mistake("tanh′ forgotten", "Where did the slope of the tanh go?", _wrong(slope=lambda z, h: 1.0)),
            Mistake(
                "σ′ for tanh′",
                "$h(1 - h)$ is the slope of the sigmoid; that of tanh is $1 - h^2$.",
                _wrong(slope=lambda z, h: h * (1 - h)),
            ),
            Mistake(
                "tanh′ at h and not at z",
                "$1 - h^2$ with $h = \\tanh z$ is the slope already.",
                _wrong(slope=lambda z, h: 1 - np.tanh(h) ** 2),
            ),
            Mistake(
                "sum for mean", "The loss is a mean over all numbers: divide by `y.size`.", _wrong(scale=lambda y: 2.0)
            ),
            Mistake(
                "mean over the examples alone",
                "The mean is over all numbers of `y`, not over its rows alone.",
                _wrong(scale=lambda y: 2.0 / len(y)),
            ),
            Mistake(
                "factor 2 lost", "The derivative of the square has a factor 2.", _wrong(scale=lambda y: 1.0 / y.size)
            ),
            Mistake("y − p", "Inside the square stands $p - y$.", _wrong(scale=lambda y: -2.0 / y.size)),
            Mistake(
                "bias averaged over the batch",
                "The mean is in `g_p` already: a bias gets the sum over the batch.",
                _wrong(bias=np.mean),
            ),
            Mistake("new instead of old weights", "Go back with the weights of the forward pass.", _wrong(step=0.1)),
        ],
        [
            "Write the forward pass first, and keep `h`.",
            "Each gradient has the shape of its parameter.",
            "From `p` back to `h`: `g_p @ w2.T`.",
        ],
    )


def _network(draw: Draw, batch: int, n: int, units: int, m: int) -> tuple[Any, ...]:
    params = {"w1": draw.array((n, units), -1, 1), "b1": draw.array((units,), -0.5, 0.5)}
    params |= {"w2": draw.array((units, m), -1, 1), "b2": draw.array((m,), -0.5, 0.5)}
    return params, draw.array((batch, n), -1.5, 1.5), draw.array((batch, m), -2, 2)


def _loss(params: Any, x: Any, y: Any) -> Any:
    h = np.tanh(x @ params["w1"] + params["b1"])
    return np.mean((h @ params["w2"] + params["b2"] - y) ** 2)


def _wrong(
    slope: Any = lambda z, h: 1 - h**2, scale: Any = lambda y: 2.0 / y.size, bias: Any = np.sum, step: float = 0.0
) -> Any:
    """The backward pass with one of its parts replaced."""

    def gradients(params: Any, x: Any, y: Any) -> Any:
        z = x @ params["w1"] + params["b1"]
        h = np.tanh(z)
        g_p = scale(y) * (h @ params["w2"] + params["b2"] - y)
        back = params["w2"] - step * h.T @ g_p
        g_z = g_p @ back.T * slope(z, h)
        return {"w1": x.T @ g_z, "b1": bias(g_z, axis=0), "w2": h.T @ g_p, "b2": bias(g_p, axis=0)}

    return gradients
