"""Start values: the variance of a sum, He and Xavier, and what many layers do to a gradient."""

from __future__ import annotations

import math

from downslope.autodiff import grad
from downslope.exercises.answer import Mistake
from downslope.exercises.draw import Draw
from downslope.exercises.numbers import Number, Numbers
from downslope.exercises.question import Question, question
from downslope.exercises.text import num, par
from downslope.nn import fans, gain, sigmoid


@question("start-values-1", "How large is a sum of many terms?", topic="start values")
def start_values_1(draw: Draw) -> Question:
    """std z = std w · std x · √n."""
    n = draw.pick([50, 64, 100, 128, 200, 256, 400, 512, 784])
    std_w, std_x = draw.pick([0.01, 0.02, 0.05, 0.1, 0.5, 1.0]), draw.pick([0.5, 1.0, 1.5, 2.0, 3.0])
    right = std_w * std_x * math.sqrt(n)
    return Question(
        rf"$z = \sum_i w_ix_i$ has {n} terms. The weights are independent with mean 0 and standard deviation"
        rf" ${num(std_w)}$, the inputs with mean 0 "
        rf"and standard deviation ${num(std_x)}$. What is the standard deviation of $z$?",
        Number(right),
        rf"Variances of independent terms add up: ${n} \cdot {num(std_w)}^2 \cdot {num(std_x)}^2 = {num(right**2)}$."
        rf" Its root is ${num(right)}$.",
        [
            Mistake("variance for standard deviation", "That is the variance; take its root.", right**2),
            Mistake("n for √n", "Variances add up, not standard deviations.", std_w * std_x * n),
            Mistake("sum for mean", r"A sum grows with the number of its terms.", std_w * std_x / math.sqrt(n)),
            Mistake("one term", "That is one term; how large is the sum of all?", std_w * std_x),
            Mistake("inputs forgotten", "The inputs have a size too.", std_w * math.sqrt(n)),
        ],
        ["What is the variance of one term?", "Variances of independent terms add up."],
    )


@question("start-values-2", "He and Xavier", topic="start values")
def start_values_2(draw: Draw) -> Question:
    """Standard deviations by the fans."""
    n_in, n_out = draw.pick([20, 50, 64, 100, 256, 400, 784]), draw.pick([10, 30, 32, 128, 300, 512])
    fan_in, fan_out = fans((n_in, n_out))
    truth = {"he": gain("relu") / math.sqrt(fan_in), "xavier": math.sqrt(2 / (fan_in + fan_out))}
    he, xavier = math.sqrt(2 / n_in), math.sqrt(2 / (n_in + n_out))
    return Question(
        rf"A layer has {n_in} inputs and {n_out} outputs. Which standard deviation do its weights get by He's rule for"
        r" relu (`he`, by the inputs), and "
        "which by Xavier's (`xavier`)?",
        Numbers(truth),
        rf"He: $\sqrt{{2 / {n_in}}} = {num(he)}$. Xavier: $\sqrt{{2 / ({n_in} + {n_out})}} = {num(xavier)}$.",
        [
            Mistake(
                "outputs for inputs",
                "He's rule counts what is summed: the inputs.",
                {"he": math.sqrt(2 / n_out), "xavier": xavier},
            ),
            Mistake(
                "variance for standard deviation",
                "Those are the variances; take their roots.",
                {"he": 2 / n_in, "xavier": 2 / (n_in + n_out)},
            ),
            Mistake(
                "gain of relu forgotten",
                "The relu sets half of the signal to 0: He's variance is twice $1/n$.",
                {"he": math.sqrt(1 / n_in), "xavier": xavier},
            ),
            Mistake("swapped", "Xavier's rule is the one with both fans.", {"he": xavier, "xavier": he}),
            Mistake(
                "mean of the fans forgotten",
                "Xavier's variance is 1 over the mean of both fans.",
                {"he": he, "xavier": math.sqrt(1 / (n_in + n_out))},
            ),
            Mistake(
                "bound for standard deviation",
                "Those are the bounds of a uniform distribution; the standard deviation is asked for.",
                {"he": math.sqrt(6 / n_in), "xavier": math.sqrt(6 / (n_in + n_out))},
            ),
        ],
        [
            "Both rules keep the variance of the signals from layer to layer.",
            r"He: variance $2/n_{\text{in}}$. Xavier: $2/(n_{\text{in}} + n_{\text{out}})$.",
        ],
    )


@question("start-values-3", "What is left of the gradient", topic="start values")
def start_values_3(draw: Draw) -> Question:
    """(w σ′)ᴸ through a chain of sigmoid units."""
    layers, w = draw.whole(4, 12), draw.nice(0.5, 3.5, without=[0, 1, 2])

    # z stays 0 in every layer, where the slope of the sigmoid is largest.
    def chain(x: float) -> float:
        for _ in range(layers):
            x = w * (sigmoid(x) - 0.5)
        return x

    truth = grad(chain)(0.0)
    return Question(
        rf"A signal passes {layers} layers, each $h \leftarrow w\,(\sigma(h) - 0.5)$ with one unit and $w = {num(w)}$,"
        r" and is 0 all the way, where the "
        r"sigmoid is steepest. By which factor is a gradient multiplied on its way back through all of them?",
        Number(truth),
        rf"The sigmoid is never steeper than $\sigma'(0) = 1/4$. Each layer multiplies by $w/4 = {num(w / 4)}$, all"
        r" together by "
        rf"${par(w / 4)}^{{{layers}}} = {num((w / 4) ** layers)}$.",
        [
            Mistake("σ′ forgotten", "Each layer also multiplies by the slope of the sigmoid.", w**layers),
            Mistake("weights forgotten", "Each layer also multiplies by its weight.", 0.25**layers),
            Mistake("added for multiplied", "Slopes along a chain are multiplied.", layers * w / 4),
            Mistake("σ for σ′", r"$\sigma(0) = 1/2$; its slope there is $1/4$.", (w / 2) ** layers),
            Mistake("one layer too few", "Count the layers: that is one less.", (w / 4) ** (layers - 1)),
            Mistake("one layer too many", "Count the layers: that is one more.", (w / 4) ** (layers + 1)),
        ],
        ["What does one layer do to the gradient?", r"$\sigma'(0) = 1/4$."],
    )
