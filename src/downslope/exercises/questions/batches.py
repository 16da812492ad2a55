"""Batches: steps an epoch, and how the noise of a gradient falls with the batch."""

from __future__ import annotations

import math

import numpy as np

from downslope.autodiff import grad
from downslope.data.batches import steps_per_epoch
from downslope.exercises.answer import Mistake
from downslope.exercises.draw import Draw
from downslope.exercises.numbers import Number, Numbers
from downslope.exercises.question import Question, question
from downslope.exercises.text import num


@question("batches-1", "How many updates?", topic="batches")
def batches_1(draw: Draw) -> Question:
    """ceil(n / B) · epochs."""
    n, size, epochs = draw.whole(300, 5000), draw.pick([16, 24, 32, 48, 50, 64, 100, 128]), draw.whole(2, 12)
    draw.need(n % size)
    truth = steps_per_epoch(n, size) * epochs
    steps = math.ceil(n / size)
    return Question(
        rf"A training set has {n} examples. With mini-batches of {size}, the smaller last one included, how many"
        rf" updates are made in {epochs} epochs?",
        Number(truth, digits=None),
        rf"${n} / {size} = {num(n / size)}$, so an epoch has {steps} mini-batches. {epochs} epochs: ${steps} \cdot"
        rf" {epochs} = {steps * epochs}$.",
        [
            Mistake("last batch dropped", "The smaller last mini-batch makes an update too.", n // size * epochs),
            Mistake("one epoch", "That is one epoch.", steps),
            Mistake("not rounded", "An epoch has a whole number of updates.", n / size * epochs),
            Mistake("rounded at the end", "Round up in each epoch, not at the end.", math.ceil(n * epochs / size)),
            Mistake("examples for updates", "A mini-batch makes one update, whatever its size.", n * epochs),
            Mistake("epochs alone", "There is one update for each mini-batch, not for each epoch.", epochs),
        ],
        ["How many mini-batches has one epoch?", "Round up."],
    )


@question("batches-2", "The noise of a mini-batch", topic="batches")
def batches_2(draw: Draw) -> Question:
    """σ / √B."""
    small = draw.pick([4, 8, 16, 25, 32])
    factor = draw.pick([2, 3, 4, 5, 9, 10, 16])
    noise = draw.nice(0.2, 4)
    truth = noise / math.sqrt(factor)
    return Question(
        rf"With mini-batches of {small} independent examples the gradient of a weight scatters with a standard"
        rf" deviation of ${num(noise)}$. With "
        rf"which standard deviation does it scatter with mini-batches of {small * factor}?",
        Number(truth),
        rf"The standard deviation of a mean of $B$ independent numbers falls as $1/\sqrt{{B}}$. $B$ grows by {factor}: "
        rf"${num(noise)} / \sqrt{{{factor}}} = {num(noise / math.sqrt(factor))}$.",
        [
            Mistake("as 1/B", r"The variance falls as $1/B$; the standard deviation is its root.", noise / factor),
            Mistake("unchanged", "A mean over more examples scatters less.", noise),
            Mistake("grows", "A mean over more examples scatters less, not more.", noise * math.sqrt(factor)),
            Mistake(
                "from one example",
                rf"${num(noise)}$ belongs to the batch of {small} already, not to one example.",
                noise / math.sqrt(small * factor),
            ),
            Mistake("grows as B", "A mean over more examples scatters less, not more.", noise * factor),
        ],
        ["It is a mean: how does the variance of a mean depend on the number of its terms?", r"$\sigma/\sqrt{B}$."],
    )


@question("batches-3", "A mean of means", topic="batches")
def batches_3(draw: Draw) -> Question:
    """The gradient of the whole set from two mini-batches of different size."""
    b1, b2 = draw.pick([8, 16, 32]), draw.pick([2, 4, 6])
    g1, g2 = draw.nice(-4, 4), draw.nice(-4, 4)
    draw.need(abs(g1 - g2) > 0.5)
    rows = np.concatenate([np.full(b1, g1), np.full(b2, g2)])
    truth = grad(lambda w: np.mean(w * rows))(1.0)
    both = (b1 * g1 + b2 * g2) / (b1 + b2)
    draw.need(abs(both) > 0.05)
    return Question(
        rf"An epoch has two mini-batches: one of {b1} examples with the mean gradient ${num(g1)}$, and the last one of"
        rf" {b2} examples with the "
        rf"mean gradient ${num(g2)}$. What is the `mean` gradient over all examples, and what is the `sum` over all"
        r" examples?",
        Numbers({"mean": truth, "sum": truth * (b1 + b2)}),
        rf"The sums are ${b1} \cdot ({num(g1)}) = {num(b1 * g1)}$ and ${b2} \cdot ({num(g2)}) = {num(b2 * g2)}$,"
        r" together "
        rf"${num(b1 * g1 + b2 * g2)}$. Divided by {b1 + b2} examples: ${num(both)}$.",
        [
            Mistake(
                "mean of the means",
                "The last mini-batch is smaller: its examples count no more than the others.",
                {"mean": (g1 + g2) / 2, "sum": both * (b1 + b2)},
            ),
            Mistake(
                "mean of the means, and its sum",
                "The last mini-batch is smaller: weigh the means by their sizes.",
                {"mean": (g1 + g2) / 2, "sum": (g1 + g2) / 2 * (b1 + b2)},
            ),
            Mistake(
                "sum of the means",
                "These are means of mini-batches: the sum over the examples is larger.",
                {"mean": both, "sum": g1 + g2},
            ),
            Mistake("swapped", "The mean is the smaller one.", {"mean": both * (b1 + b2), "sum": both}),
            Mistake("one batch only", "Both mini-batches count.", {"mean": g1, "sum": g1 * b1}),
        ],
        ["Go back from means to sums.", "Weigh each mean by the size of its mini-batch."],
    )
