"""Shapes: where each transpose stands, the sum over the batch, and what broadcasting leaves to be undone."""

from __future__ import annotations

import numpy as np

from downslope.autodiff import grad
from downslope.exercises.answer import Mistake
from downslope.exercises.arrays import Values
from downslope.exercises.choice import Choice
from downslope.exercises.draw import Draw
from downslope.exercises.question import Question, question
from downslope.exercises.text import matrix, plus

_PRODUCTS = {
    "x.T @ g": "`x.T @ g`",
    "g @ x.T": "`g @ x.T`",
    "g.T @ x": "`g.T @ x`",
    "x @ g": "`x @ g`",
    "g @ W.T": "`g @ W.T`",
    "W.T @ g": "`W.T @ g`",
    "x * g": "`x * g`",
}


@question("shapes-1", "Which product is the gradient?", topic="shapes")
def shapes_1(draw: Draw) -> Question:
    """dL/dW or dL/dx of z = x W, by shapes."""
    batch, n, m = draw.pick([8, 16, 32, 64]), draw.pick([3, 5, 7, 10]), draw.pick([2, 4, 6, 12])
    of_weights = draw.pick([True, False])
    arrays = {"x": np.ones((batch, n)), "W": np.ones((n, m))}
    gradients = grad(lambda both: np.sum(both["x"] @ both["W"]))(arrays)
    wanted = "W" if of_weights else "x"
    shape = gradients[wanted].shape
    right = "x.T @ g" if of_weights else "g @ W.T"
    hints = {
        "x.T @ g": rf"`x.T @ g` has the shape $({n}, {m})$: that is the gradient of $W$.",
        "g @ W.T": rf"`g @ W.T` has the shape $({batch}, {n})$: that is the gradient of $x$.",
        "g.T @ x": rf"`g.T @ x` has the shape $({m}, {n})$: it would be transposed.",
        "g @ x.T": rf"`g @ x.T` needs equal inner lengths, and they are {m} and {n}.",
        "x @ g": rf"`x @ g` needs equal inner lengths, and they are {n} and {batch}.",
        "W.T @ g": rf"`W.T @ g` needs equal inner lengths, and they are {n} and {batch}.",
        "x * g": "An elementwise product sums over nothing.",
    }
    return Question(
        rf"A layer computes $z = xW$ for a batch of {batch} examples: $x$ has the shape $({batch}, {n})$, $W$ the"
        r" shape "
        rf"$({n}, {m})$. `g` is $dL/dz$. Which product is $dL/d{wanted}$?",
        Choice({key: _PRODUCTS[key] for key in draw.shuffled(_PRODUCTS)}, right),
        rf"A gradient has the shape of what it belongs to, here ${shape}$. `g` has the shape $({batch}, {m})$, so the "
        rf"product is `{right}`: ${_shapes(right, batch, n, m)} \to {shape}$.",
        [Mistake(f"{key} for {right}", hints[key], key) for key in _PRODUCTS if key != right],
        [
            "A gradient has the shape of what it belongs to.",
            "The length that vanishes in the product is the one that is summed over.",
        ],
    )


def _shapes(product: str, batch: int, n: int, m: int) -> str:
    known = {"x": (batch, n), "x.T": (n, batch), "g": (batch, m), "W.T": (m, n)}
    left, _, right = product.partition(" @ ")
    return rf"{known[left]} \cdot {known[right]}"


@question("shapes-2", "The gradient of a weight matrix", topic="shapes")
def shapes_2(draw: Draw) -> Question:
    """xᵀ g with numbers."""
    x, g = draw.array((3, 2), -4, 4, 0), draw.array((3, 2), -4, 4, 0)
    truth = grad(lambda w: np.sum((x @ w) * g))(np.zeros((2, 2)))
    right = x.T @ g
    draw.need(not np.allclose(right, right.T))
    return Question(
        rf"$z = xW$ with three examples, $x = {matrix(x)}$, and $dL/dz = {matrix(g)}$. What is $dL/dW$?",
        Values(truth),
        rf"$dL/dW = x^\top\, dL/dz$, the sum over the examples: ${matrix(x.T)} \cdot {matrix(g)} = {matrix(right)}$.",
        [
            Mistake("transposed", r"That is $g^\top x$: the inputs of $W$ are its rows.", right.T),
            Mistake(
                "mean over the examples",
                "The mean over the batch is in $dL/dz$ already: here the examples are added.",
                right / 3,
            ),
            Mistake("one example only", "All examples count: their gradients are added.", np.outer(x[0], g[0])),
            Mistake("elementwise", r"Each entry is a sum over the examples, $\sum_b x_{bi}\, g_{bj}$.", (x * g)[:2]),
            Mistake("x with itself", r"The second factor is $dL/dz$.", x.T @ x),
            Mistake("sign", "Nothing is subtracted here.", -right),
        ],
        ["Which shape must it have?", r"$dL/dW_{ij} = \sum_b x_{bi}\, g_{bj}$."],
    )


@question("shapes-3", "The gradient of a bias", topic="shapes")
def shapes_3(draw: Draw) -> Question:
    """The sum of dL/dz over the batch."""
    g = draw.array((3, 3), -5, 5, 0)
    x, w = draw.array((3, 2), -3, 3, 0), draw.array((2, 3), -3, 3, 0)
    truth = grad(lambda b: np.sum((x @ w + b) * g))(np.zeros(3))
    right = g.sum(axis=0)
    draw.need(np.any(right))
    return Question(
        rf"$z = xW + b$ with three examples (rows) and three units (columns), and $dL/dz = {matrix(g)}$. What is"
        r" $dL/db$?",
        Values(truth),
        rf"$b_j$ was added in every row, so its gradient is the sum over the rows: "
        rf"$({', '.join(f'{int(a)} {plus(b)} {plus(c)}' for a, b, c in g.T)}) = {matrix(right)}$.",
        [
            Mistake(
                "sum over the units", "You summed over the units; $b$ has one number for each of them.", g.sum(axis=1)
            ),
            Mistake(
                "mean over the batch",
                "The mean over the batch is in $dL/dz$ already: here it is the sum.",
                g.mean(axis=0),
            ),
            Mistake("not summed", "$b$ was broadcast over the examples: its gradient is summed over them.", g),
            Mistake("all summed to one number", "Each unit has its own bias.", np.full(3, g.sum())),
            Mistake("one example only", "All examples count.", g[0]),
            Mistake(
                "number of examples", "That would be the gradient of a loss that is the sum of $z$.", np.full(3, 3.0)
            ),
        ],
        ["How often is each $b_j$ used?", "Sum over the axis along which it was broadcast."],
    )
