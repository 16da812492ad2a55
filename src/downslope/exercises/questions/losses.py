"""Losses: softmax, cross-entropy and its gradient, the chance level, squared error as mean or sum."""

from __future__ import annotations

import math

import numpy as np

from downslope.autodiff import grad
from downslope.exercises.answer import Mistake
from downslope.exercises.arrays import Values
from downslope.exercises.draw import Draw
from downslope.exercises.numbers import Number
from downslope.exercises.question import Question, question
from downslope.exercises.text import matrix, num
from downslope.nn import mse, softmax, softmax_cross_entropy


@question("losses-1", "Softmax of three logits", topic="losses")
def losses_1(draw: Draw) -> Question:
    """exp(z) over its sum."""
    z = draw.array((3,), -2, 2)
    draw.need(len(set(z)) == 3 and abs(z.sum()) > 0.3)
    truth = softmax(z[None])[0]
    e = np.exp(z)
    return Question(
        rf"What are the probabilities $\mathrm{{softmax}}(z)$ of the logits $z = {matrix(z)}$?",
        Values(truth, relative=2e-3),
        rf"$e^z = {matrix(e)}$, their sum is ${num(e.sum())}$: $p = {matrix(e / e.sum())}$.",
        [
            Mistake(
                "exponential forgotten",
                "Logits may be negative: first the exponential, then divide by the sum.",
                z / z.sum(),
            ),
            Mistake("not normalised", "Probabilities add up to 1: divide by the sum.", e),
            Mistake("a sigmoid of each", "The sigmoid knows two classes; here three compete.", 1 / (1 + np.exp(-z))),
            Mistake(
                "softmax twice",
                "One softmax is enough: you took it of the probabilities again.",
                np.exp(e / e.sum()) / np.exp(e / e.sum()).sum(),
            ),
            Mistake("divided by the largest", "Divide by the sum, not by the largest.", e / e.max()),
            Mistake(
                "sign of the logits", "The largest logit has the largest probability.", np.exp(-z) / np.exp(-z).sum()
            ),
            Mistake("powers of 2", "The base is e, not 2.", 2.0**z / (2.0**z).sum()),
        ],
        ["Exponentials make all numbers positive.", "Then divide each by their sum."],
    )


@question("losses-2", "The cross-entropy of one example", topic="losses")
def losses_2(draw: Draw) -> Question:
    """−ln p of the right class."""
    z = draw.array((3,), -2, 2)
    draw.need(len(set(z)) == 3)
    y = draw.whole(0, 2)
    truth = softmax_cross_entropy(z[None], np.array([y]))
    p = np.exp(z) / np.exp(z).sum()
    right = -math.log(p[y])
    return Question(
        rf"A classifier has the logits $z = {matrix(z)}$ for the classes 0, 1, 2. The right class is {y}. What is the "
        r"cross-entropy loss (natural logarithm)?",
        Number(truth),
        rf"$p = \mathrm{{softmax}}(z) = {matrix(p)}$; the right class has $p_{y} = {num(p[y])}$, and "
        rf"$L = -\ln {num(p[y])} = {num(right)}$.",
        [
            Mistake("log10 for ln", "That is the logarithm to base 10: take the natural one.", -math.log10(p[y])),
            Mistake("log2 for ln", "That is the logarithm to base 2, in bits: take the natural one.", -math.log2(p[y])),
            Mistake("minus forgotten", "A loss is not negative: there is a minus before the logarithm.", -right),
            Mistake("class counted from 1", "Classes are counted from 0.", -math.log(p[(y - 1) % 3])),
            Mistake("probability for loss", "That is the probability; the loss is $-\\ln$ of it.", p[y]),
            Mistake(
                "all classes summed", "Only the right class counts: all other targets are 0.", float(-np.log(p).sum())
            ),
            Mistake(
                "softmax twice",
                "One softmax is enough: you took it of the probabilities again.",
                float(np.log(np.exp(p).sum()) - p[y]),
            ),
        ],
        ["First the softmax.", r"$L = -\ln p_y$."],
    )


@question("losses-3", "The gradient of the cross-entropy", topic="losses")
def losses_3(draw: Draw) -> Question:
    """softmax(z) − one-hot."""
    z = draw.array((3,), -2, 2)
    draw.need(len(set(z)) == 3)
    y = draw.whole(0, 2)
    truth = grad(lambda z: softmax_cross_entropy(z, np.array([y])))(z[None])[0]
    p = np.exp(z) / np.exp(z).sum()
    one_hot = np.eye(3)[y]
    return Question(
        rf"For one example with the logits $z = {matrix(z)}$ and the right class {y} (of 0, 1, 2), what is the gradient"
        r" of the softmax "
        r"cross-entropy with respect to $z$?",
        Values(truth),
        rf"$dL/dz = \mathrm{{softmax}}(z) - y$ with $y = {matrix(one_hot)}$: ${matrix(p)} - {matrix(one_hot)} ="
        rf" {matrix(p - one_hot)}$.",
        [
            Mistake("target forgotten", "Subtract 1 at the right class: its logit should rise.", p),
            Mistake("y − p", "The gradient is $p - y$: against it the right logit rises.", one_hot - p),
            Mistake("p − y without softmax", "Take the probabilities, not the logits.", z - one_hot),
            Mistake("the wrong target row", "Classes are counted from 0.", p - np.eye(3)[(y - 1) % 3]),
            Mistake(
                "with respect to p",
                "That is the gradient with respect to the probabilities: the softmax is missing.",
                -one_hot / p,
            ),
            Mistake("mean over the classes", "The mean is over examples, and here is one.", (p - one_hot) / 3),
            Mistake(
                "softmax's slope once more", "$p - y$ has the slope of the softmax in it.", (p - one_hot) * p * (1 - p)
            ),
        ],
        ["The numbers of this gradient add up to 0.", "$dL/dz = p - y$ with a one-hot $y$."],
    )


@question("losses-4", "The gradient of a mean of squares", topic="losses")
def losses_4(draw: Draw) -> Question:
    """2 (p − y) / n."""
    n = draw.pick([3, 4, 5])
    p, y = draw.array((n,), -4, 4, 0), draw.array((n,), -4, 4, 0)
    draw.need(np.abs(p - y).sum() > 2 and len(set(np.abs(p - y))) > 1)
    truth = grad(lambda p: mse(p, y[:, None]))(p[:, None])[:, 0]
    d = p - y
    return Question(
        rf"Predictions $p = {matrix(p)}$, targets $y = {matrix(y)}$, and $L = \frac{{1}}{{{n}}} \sum_i (p_i - y_i)^2$."
        r" What is $dL/dp$?",
        Values(truth),
        rf"$dL/dp_i = \frac{{2}}{{{n}}}(p_i - y_i)$, with $p - y = {matrix(d)}$: ${matrix(2 * d / n)}$.",
        [
            Mistake("sum for mean", rf"The loss is a mean: divide by {n}.", 2 * d),
            Mistake("factor 2 lost", "The derivative of the square has a factor 2.", d / n),
            Mistake("error for gradient", rf"Both are missing: the 2 of the square and the {n} of the mean.", d),
            Mistake("y − p", "Inside the square stands $p - y$: the sign is turned around.", -2 * d / n),
            Mistake("mean twice", rf"You divided by {n} twice.", 2 * d / n**2),
            Mistake("squares kept", "The square goes away with the derivative.", 2 * d**2 / n),
        ],
        ["Look at one $p_i$ alone.", "The mean stays, the square becomes a factor 2."],
    )


@question("losses-5", "The loss at chance level", topic="losses")
def losses_5(draw: Draw) -> Question:
    """ln C."""
    classes = draw.whole(3, 200, without=[10])
    truth = softmax_cross_entropy(np.zeros((1, classes)), np.array([0]))
    right = math.log(classes)
    return Question(
        rf"A new classifier for {classes} classes gives all of them the same probability. Which cross-entropy (natural"
        r" logarithm) should "
        "the first step show, if all is well?",
        Number(truth),
        rf"The right class has $p = 1/{classes}$, so $L = -\ln(1/{classes}) = \ln {classes} = {num(right)}$.",
        [
            Mistake("log2 for ln", "That is the loss in bits: take the natural logarithm.", math.log2(classes)),
            Mistake("log10 for ln", "That is the logarithm to base 10: take the natural one.", math.log10(classes)),
            Mistake("minus forgotten", "A loss is not negative: there is a minus before the logarithm.", -right),
            Mistake("probability for loss", "That is the probability; the loss is $-\\ln$ of it.", 1 / classes),
            Mistake("entropy of two classes", "With two classes it would be that: count the classes.", math.log(2)),
        ],
        ["Which probability does the right class have?", rf"$L = -\ln p$ with $p = 1/{classes}$."],
    )
