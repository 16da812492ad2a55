"""Schedules: constant, step, exponential, 1/t, polynomial, cosine, warm restarts, warm-up, one-cycle, Noam, WSD.

Steps are counted from 1, as everywhere here: ``schedule(1)`` is the rate of the first step. PyTorch's schedulers count
from 0, so that their rate after n calls of ``scheduler.step()`` is ``schedule(n + 1)``. Every number is a number of
steps; for epochs multiply by the steps of one epoch.
"""

from __future__ import annotations

import math

from downslope.errors import SettingError
from downslope.optim.schedule import Schedule, schedule
from downslope.optim.settings import between, not_negative, number, positive, whole


@schedule()
def constant(lr: float) -> Schedule:
    """lr at every step: what a plain number means, for sums and chains.

    >>> constant(0.1)(1)
    0.1
    """
    lr = number("constant", lr)
    return Schedule("constant", {"lr": lr}, lambda t: lr)


@schedule()
def step(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """lr · factor^n, where n = (t−1) // every is how often ``every`` steps have passed: stairs.

    Source: A. Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", 2012 (by hand).
    Differs from PyTorch (``StepLR``) in nothing.

    >>> [round(step(1.0, every=2)(t), 3) for t in (1, 2, 3, 5)]
    [1.0, 1.0, 0.1, 0.01]
    """
    lr, every, factor = number("step", lr), whole("step", "every", every), positive("step", "factor", factor)
    return Schedule("step", {"lr": lr, "every": every, "factor": factor}, lambda t: lr * factor ** ((t - 1) // every))


@schedule()
def exponential(lr: float, factor: float) -> Schedule:
    """lr · factor^(t−1).

    Differs from PyTorch (``ExponentialLR``) in nothing.

    >>> [exponential(1.0, factor=0.5)(t) for t in (1, 2, 3)]
    [1.0, 0.5, 0.25]
    """
    lr, factor = number("exponential", lr), positive("exponential", "factor", factor)
    return Schedule("exponential", {"lr": lr, "factor": factor}, lambda t: lr * factor ** (t - 1))


@schedule()
def inverse_time(lr: float, decay: float, power: float = 1.0) -> Schedule:
    """lr / (1 + decay · (t−1))^power: 1/t as Robbins and Monro ask: its sum is infinite, that of its squares is not.

    power = 0.5 falls like 1/√t. Source: H. Robbins and S. Monro, "A Stochastic Approximation Method", 1951.

    >>> [inverse_time(1.0, decay=1.0)(t) for t in (1, 2, 4)]
    [1.0, 0.5, 0.25]
    """
    lr, decay = number("inverse_time", lr), not_negative("inverse_time", "decay", decay)
    power = positive("inverse_time", "power", power)
    settings = {"lr": lr, "decay": decay, "power": power}
    return Schedule("inverse_time", settings, lambda t: lr / (1 + decay * (t - 1)) ** power)


@schedule()
def polynomial(lr: float, steps: int, power: float = 1.0, end: float = 0.0) -> Schedule:
    """end + (lr − end) · (1 − (t−1)/steps)^power, then end: power 1 is a straight line.

    Differs from PyTorch (``PolynomialLR``) in that end may be above 0.

    >>> [polynomial(1.0, steps=4)(t) for t in (1, 3, 5, 9)]
    [1.0, 0.5, 0.0, 0.0]
    """
    lr, steps = number("polynomial", lr), whole("polynomial", "steps", steps)
    power, end = positive("polynomial", "power", power), not_negative("polynomial", "end", end)
    settings = {"lr": lr, "steps": steps, "power": power, "end": end}
    return Schedule("polynomial", settings, lambda t: end + (lr - end) * (1 - min(t - 1, steps) / steps) ** power)


@schedule()
def cosine(lr: float, steps: int, end: float = 0.0) -> Schedule:
    """end + (lr − end) · (1 + cos(π · (t−1)/steps)) / 2, then end: flat at both ends, steepest in the middle.

    Source: I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.
    Differs from PyTorch (``CosineAnnealingLR``), whose rate rises again after ``steps``.

    >>> [round(cosine(1.0, steps=4)(t), 4) for t in (1, 2, 3, 5, 9)]
    [1.0, 0.8536, 0.5, 0.0, 0.0]
    """
    lr, steps, end = number("cosine", lr), whole("cosine", "steps", steps), not_negative("cosine", "end", end)
    return Schedule(
        "cosine", {"lr": lr, "steps": steps, "end": end}, lambda t: _half_wave(lr, end, min(t - 1, steps) / steps)
    )


@schedule()
def warm_restarts(lr: float, first: int, growth: int = 1, end: float = 0.0) -> Schedule:
    """A cosine from lr towards end over ``first`` steps, again and again, each ``growth`` times as long as the last.

    Source: I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.
    Differs from PyTorch (``CosineAnnealingWarmRestarts(T_0=first, T_mult=growth, eta_min=end)``) in nothing.

    >>> [round(warm_restarts(1.0, first=2, growth=2)(t), 4) for t in (1, 2, 3, 4, 5, 7)]
    [1.0, 0.5, 1.0, 0.8536, 0.5, 1.0]
    """
    lr, end = number("warm_restarts", lr), not_negative("warm_restarts", "end", end)
    first, growth = whole("warm_restarts", "first", first), whole("warm_restarts", "growth", growth)

    def rule(t: int) -> float:
        done, length = t - 1, first
        if growth == 1:
            return _half_wave(lr, end, done % length / length)
        while done >= length:
            done, length = done - length, length * growth
        return _half_wave(lr, end, done / length)

    return Schedule("warm_restarts", {"lr": lr, "first": first, "growth": growth, "end": end}, rule)


@schedule()
def warm_up(lr: float, steps: int) -> Schedule:
    """lr · t/steps for the first ``steps`` steps, then lr: a straight rise that ends at lr in step number ``steps``.

    Adam's v and batch statistics are still wrong then, and the loss is steepest. Follow it by any other:
    ``chain(warm_up(0.1, 10), cosine(0.1, 90), at=10)``. Source: P. Goyal et al., "Accurate, Large Minibatch SGD", 2017.
    PyTorch's ``LinearLR(start_factor=1/steps, total_iters=steps - 1)`` is the same.

    >>> [warm_up(1.0, steps=4)(t) for t in (1, 2, 4, 9)]
    [0.25, 0.5, 1.0, 1.0]
    """
    lr, steps = number("warm_up", lr), whole("warm_up", "steps", steps)
    return Schedule("warm_up", {"lr": lr, "steps": steps}, lambda t: lr * min(t, steps) / steps)


@schedule()
def one_cycle(lr: float, steps: int, rise: float = 0.3, first: float = 25.0, last: float = 1e4) -> Schedule:
    """Up from lr/first to lr over the part ``rise`` of all steps, then down to lr/first/last, both as half a cosine.

    The high rates in the middle act against overfitting; the run must end when the schedule does, and it stays at its
    last rate if it does not. rise: between 0 and 1.

    Source: L. Smith and N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning
    Rates", 2018.
    Differs from PyTorch (``OneCycleLR``) in that momentum does not cycle, and that a step too many is no error.

    >>> [round(one_cycle(1.0, steps=11)(t), 4) for t in (1, 2, 3, 4, 7, 11)]
    [0.04, 0.4223, 0.9603, 0.9797, 0.5306, 0.0]
    """
    lr, steps = number("one_cycle", lr), whole("one_cycle", "steps", steps)
    rise = between("one_cycle", "rise", rise, 0, 1)
    first, last = positive("one_cycle", "first", first), positive("one_cycle", "last", last)
    top = rise * steps - 1

    def rule(t: int) -> float:
        at = min(t - 1, steps - 1)
        if at <= top:
            return _half_wave(lr / first, lr, at / top if top else 1.0)
        return _half_wave(lr, lr / first / last, (at - top) / (steps - 1 - top))

    settings = {"lr": lr, "steps": steps, "rise": rise, "first": first, "last": last}
    return Schedule("one_cycle", settings, rule)


@schedule()
def noam(size: int, warm_up: int, factor: float = 1.0) -> Schedule:
    """factor · size^(−½) · min(t^(−½), t · warm_up^(−3/2)): a straight rise, then 1/√t; the peak is at t = warm_up.

    size: of the model's vectors (512 in the paper). Source: A. Vaswani et al., "Attention Is All You Need", 2017,
    section 5.3.

    >>> [f"{noam(512, warm_up=4000)(t):.2e}" for t in (1, 4000, 16000)]
    ['1.75e-07', '6.99e-04', '3.49e-04']
    """
    size, warm_up = whole("noam", "size", size), whole("noam", "warm_up", warm_up)
    factor = positive("noam", "factor", factor)
    settings = {"size": size, "warm_up": warm_up, "factor": factor}
    return Schedule("noam", settings, lambda t: factor * size**-0.5 * min(t**-0.5, t * warm_up**-1.5))


@schedule()
def wsd(lr: float, steps: int, warm_up: int, decay: int, end: float = 0.0) -> Schedule:
    """Warm-up, stable, decay: t/warm_up · lr, then lr, then over the last ``decay`` steps a straight line to end.

    The stable part can be made longer afterwards: only the decay need be run again. Source: S. Hu et al., "MiniCPM:
    Unveiling the Potential of Small Language Models with Scalable Training Strategies", 2024.

    >>> [wsd(1.0, steps=10, warm_up=2, decay=4)(t) for t in (1, 2, 6, 7, 9, 11)]
    [0.5, 1.0, 1.0, 1.0, 0.5, 0.0]
    """
    lr, steps = number("wsd", lr), whole("wsd", "steps", steps)
    warm_up, decay = whole("wsd", "warm_up", warm_up), whole("wsd", "decay", decay)
    end = not_negative("wsd", "end", end)
    if warm_up + decay > steps:
        raise SettingError(
            "optimizer-setting",
            f"warm_up={warm_up} and decay={decay} are longer than steps={steps}",
            where="wsd(steps, warm_up, decay)",
            why="both are parts of all steps, one at the beginning and one at the end",
            do=f"Give more steps, or shorter parts: at most {steps} together.",
        )

    def rule(t: int) -> float:
        if t <= warm_up:
            return lr * t / warm_up
        into = min(max(0, t - 1 - (steps - decay)), decay)
        return end + (lr - end) * (1 - into / decay)

    return Schedule("wsd", {"lr": lr, "steps": steps, "warm_up": warm_up, "decay": decay, "end": end}, rule)


@schedule()
def total(first: Schedule, second: Schedule) -> Schedule:
    """The sum of two schedules, also written ``first + second``.

    >>> (constant(1.0) + exponential(1.0, factor=0.5))(2)
    1.5
    """
    _schedules("total", first, second)
    return Schedule("total", {"first": first, "second": second}, lambda t: first(t) + second(t))


@schedule()
def chain(first: Schedule, second: Schedule, at: int) -> Schedule:
    """first for ``at`` steps, then second, which begins with its own step 1.

    PyTorch's ``SequentialLR(milestones=[at])`` is the same.

    >>> [round(chain(warm_up(1.0, 2), cosine(1.0, 2), at=2)(t), 4) for t in (1, 2, 3, 4, 5)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    _schedules("chain", first, second)
    at = whole("chain", "at", at)
    settings = {"first": first, "second": second, "at": at}
    return Schedule("chain", settings, lambda t: first(t) if t <= at else second(t - at))


def _half_wave(high: float, low: float, part: float) -> float:
    return low + (high - low) * (1 + math.cos(math.pi * part)) / 2


def _schedules(name: str, *given: Schedule) -> None:
    for one in given:
        if not isinstance(one, Schedule):
            raise SettingError(
                "optimizer-setting",
                f"{name} is given {one!r}",
                where=f"{name}(first, second)",
                why="it combines two schedules, each of which knows its rate at every step",
                do="Give two schedules; a plain number becomes one by constant(0.1).",
            )
