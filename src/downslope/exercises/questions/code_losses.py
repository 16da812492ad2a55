"""Code: a softmax that does not overflow, and the gradients of two losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.exercises.answer import Mistake
from downslope.exercises.code import Code
from downslope.exercises.draw import Draw
from downslope.exercises.question import Question, question
from downslope.nn import softmax as downslopes_softmax, softmax_cross_entropy


@question("code-softmax", "A softmax that does not overflow", topic="code")
def code_softmax(draw: Draw) -> Question:
    """Row by row, also for logits of a thousand."""
    small, large = draw.array((4, 3), -3, 3), draw.array((2, 5), 500, 1500, 0)
    one = draw.array((1, 4), -900, -600, 0)

    def softmax(z: Any) -> Any:
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def by_rows(z: Any) -> Any:
        return np.array([np.exp(row - np.logaddexp.reduce(row)) for row in z])

    def through_logarithms(z: Any) -> Any:
        return np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))

    return Question(
        "Write the softmax of each row of `z`, shape `(B, C)`, so that it also works for logits as large as 1000.",
        Code(
            "softmax(z)", softmax, [(small,), (large,), (one,)], right=[by_rows, through_logarithms, downslopes_softmax]
        ),
        "Shifting all logits of a row by the same number changes nothing, because it cancels between numerator and"
        " denominator. Shifted by its largest, no exponential is above 1, and the sum is at least 1.",
        [
            Mistake(
                "overflow",
                "`exp(1000)` is infinite: subtract the largest logit of the row first.",
                lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
            ),
            Mistake(
                "summed over the batch",
                "Each row is an example of its own: sum along axis 1.",
                lambda z: _shifted(z) / _shifted(z).sum(axis=0, keepdims=True),
            ),
            Mistake(
                "summed over everything",
                "Each row is an example of its own: sum along axis 1, and keep that axis.",
                lambda z: _shifted(z) / _shifted(z).sum(),
            ),
            Mistake("not normalised", "Divide by the sum of the row.", _shifted),
            Mistake(
                "largest of everything",
                "Subtract the largest of each row: beside a large row, a small one would underflow.",
                lambda z: _by_row(np.exp(z - z.max() - 700)),
            ),
            Mistake("softmax twice", "One softmax is enough.", lambda z: _by_row(np.exp(_by_row(_shifted(z))))),
            Mistake("logarithm left", "That is the logarithm of the softmax.", lambda z: np.log(_by_row(_shifted(z)))),
        ],
        [
            "What happens if you add the same number to all logits of a row?",
            "Subtract `z.max(axis=1, keepdims=True)` first.",
        ],
    )


def _shifted(z: Any) -> Any:
    return np.exp(z - z.max(axis=1, keepdims=True))


def _by_row(e: Any) -> Any:
    return e / e.sum(axis=1, keepdims=True)


@question("code-cross-entropy", "The gradient of softmax and cross-entropy", topic="code")
def code_cross_entropy(draw: Draw) -> Question:
    """(downslopes_softmax(z) − one-hot) / B."""
    inputs = [(draw.array((size, 4), -3, 3), np.array([draw.whole(0, 3) for _ in range(size)])) for size in (3, 5)]

    def cross_entropy_gradient(z: Any, y: Any) -> Any:
        e = np.exp(z - z.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        p[np.arange(len(y)), y] -= 1
        return p / len(y)

    def with_one_hot(z: Any, y: Any) -> Any:
        return (downslopes_softmax(z) - np.eye(z.shape[1])[y]) / len(z)

    def example_by_example(z: Any, y: Any) -> Any:
        rows = [downslopes_softmax(row[None])[0] - np.eye(len(row))[label] for row, label in zip(z, y, strict=True)]
        return np.stack(rows) / len(y)

    def wrong(change: Any) -> Any:
        return lambda z, y: change(z, np.eye(z.shape[1])[y], downslopes_softmax(z), len(z))

    return Question(
        "The loss is the mean over the batch of the softmax cross-entropy: `z` are logits, shape `(B, C)`, and `y`"
        " labels from 0 to C − 1, shape `(B,)`. Write its gradient with respect to `z`.",
        Code(
            "cross_entropy_gradient(z, y)",
            cross_entropy_gradient,
            inputs,
            right=[with_one_hot, example_by_example],
            loss=softmax_cross_entropy,
        ),
        "The gradient of one example is its probabilities, minus 1 at the right class. The loss is a mean, so it is"
        " divided by the batch size.",
        [
            Mistake(
                "sum for mean",
                "The loss is a mean over the batch: divide by its size.",
                wrong(lambda z, y, p, n: p - y),
            ),
            Mistake("target forgotten", "Subtract 1 at the right class.", wrong(lambda z, y, p, n: p / n)),
            Mistake(
                "y − p", "The gradient is $p - y$: the sign is turned around.", wrong(lambda z, y, p, n: (y - p) / n)
            ),
            Mistake(
                "p − y without softmax",
                "Take the probabilities, not the logits.",
                wrong(lambda z, y, p, n: (z - y) / n),
            ),
            Mistake(
                "mean over the classes too",
                "The mean is over the examples alone.",
                wrong(lambda z, y, p, n: (p - y) / p.size),
            ),
            Mistake(
                "only the right class",
                "All logits of an example get a gradient.",
                wrong(lambda z, y, p, n: (p - 1) * y / n),
            ),
            Mistake(
                "softmax twice", "One softmax is enough.", wrong(lambda z, y, p, n: (downslopes_softmax(p) - y) / n)
            ),
            Mistake(
                "softmax's slope once more",
                "$p - y$ has the slope of the softmax in it.",
                wrong(lambda z, y, p, n: (p - y) * p * (1 - p) / n),
            ),
        ],
        ["First for one example: probabilities minus one-hot.", "Then for the mean of the batch."],
    )


@question("code-mse", "The gradient of linear regression", topic="code")
def code_mse(draw: Draw) -> Question:
    """dL/dw and dL/db of the mean squared error."""
    inputs = [
        (draw.array((n,), -2, 2), draw.nice(-1, 1), draw.array((size, n), -3, 3), draw.array((size,), -5, 5))
        for size, n in ((4, 3), (6, 2))
    ]

    def loss(w: Any, b: Any, x: Any, y: Any) -> Any:
        return np.mean((x @ w + b - y) ** 2)

    def mse_gradient(w: Any, b: Any, x: Any, y: Any) -> Any:
        g = 2 * (x @ w + b - y) / len(y)
        return x.T @ g, g.sum()

    def by_means(w: Any, b: Any, x: Any, y: Any) -> Any:
        error = x @ w + b - y
        return [2 * np.mean(error[:, None] * x, axis=0), 2 * error.mean()]

    def with_loops(w: Any, b: Any, x: Any, y: Any) -> Any:
        dw, db = np.zeros(len(w)), 0.0
        for row, target in zip(x, y, strict=True):
            error = sum(wi * xi for wi, xi in zip(w, row, strict=True)) + b - target
            dw, db = dw + 2 * error * row, db + 2 * error
        return dw / len(y), db / len(y)

    def wrong(change: Any) -> Any:
        return lambda w, b, x, y: change(x, x @ w + b - y, len(y))

    return Question(
        "Linear regression predicts `x @ w + b`, with `x` of shape `(B, n)`, `w` `(n,)`, a number `b` and targets `y`"
        " `(B,)`. The loss is $L = \\frac{1}{B} \\sum (xw + b - y)^2$. Write its gradient and return `(dw, db)`.",
        Code("mse_gradient(w, b, x, y)", mse_gradient, inputs, right=[by_means, with_loops], loss=loss, argnums=(0, 1)),
        r"The gradient by the prediction is $g = \frac{2}{B}(xw + b - y)$, shape `(B,)`. It passes on to $w$ over the"
        r" examples, `x.T @ g`, and to "
        "$b$, which every example uses, as the sum `g.sum()`.",
        [
            Mistake(
                "sum for mean",
                "The loss is a mean over the batch: divide by its size.",
                wrong(lambda x, d, n: (2 * x.T @ d, 2 * d.sum())),
            ),
            Mistake(
                "factor 2 lost",
                "The derivative of the square has a factor 2.",
                wrong(lambda x, d, n: (x.T @ d / n, d.sum() / n)),
            ),
            Mistake(
                "y − p",
                "Inside the square stands the prediction minus the target.",
                wrong(lambda x, d, n: (-2 * x.T @ d / n, -2 * d.sum() / n)),
            ),
            Mistake(
                "bias gradient not averaged",
                "Divide the gradient of the bias too.",
                wrong(lambda x, d, n: (2 * x.T @ d / n, 2 * d.sum())),
            ),
            Mistake(
                "bias gradient not summed",
                "One bias is used by all examples: its gradient is a sum.",
                wrong(lambda x, d, n: (2 * x.T @ d / n, 2 * d / n)),
            ),
            Mistake(
                "squares kept",
                "The square goes away with the derivative.",
                wrong(lambda x, d, n: (2 * x.T @ d**2 / n, 2 * (d**2).sum() / n)),
            ),
            Mistake(
                "mean twice",
                "You divided by the batch size twice.",
                wrong(lambda x, d, n: (2 * x.T @ d / n**2, 2 * d.sum() / n**2)),
            ),
        ],
        ["First the gradient by the predictions, one number an example.", "`x.T @ g` has the shape of `w`."],
    )
