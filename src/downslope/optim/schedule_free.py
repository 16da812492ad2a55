"""Schedule-free learning: no schedule and no last step, because the average of all steps is always ready."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate, switched_on


@optimizer()
def schedule_free_sgd(lr: Rate, beta: float = 0.9, weight_decay: float = 0.0, power: float = 2.0) -> Optimizer:
    """z ← z − lr · g;  x ← (1−c) · x + c · z;  p ← (1−beta) · z + beta · x, where g = dL/dp and c = lr² / Σ lr².

    z walks as gradient descent does, x is the mean of its places, and gradients are taken at p between the two. The
    rate stays large to the end, and yet x arrives as with a schedule that ends at 0. c is 1/t while lr is constant; a
    warm-up counts less. p is what is trained; **evaluate with x**: ``rule.for_evaluation(params, state)``.

    lr: learning rate, above 0. beta: part of x in p, in [0, 1); 0 is Polyak and Ruppert's averaging. weight_decay:
    coupled (L2): g ← g + weight_decay · p first. power: of lr in c. State: z and x, and w, the sum in c, one number
    that is held once for each parameter so that the rule stays elementwise. Errors: SettingError ``optimizer-rate``,
    ``optimizer-setting``.

    Source: A. Defazio et al., "The Road Less Scheduled", 2024.
    Differs from PyTorch in that it has none. Differs from optax (``optax.contrib.schedule_free_sgd``) and from the
    authors' package, while lr is not constant, in c: here the lr of each step counts, there the largest so far.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = schedule_free_sgd(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.8000
    0.7120
    0.6310
    """
    beta, power = fraction("schedule_free_sgd", "beta", beta), not_negative("schedule_free_sgd", "power", power)
    weight_decay = not_negative("schedule_free_sgd", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {"z": np.copy(p), "x": np.copy(p), "w": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        g = g + weight_decay * p if weight_decay else g
        w = state["w"] + lr**power
        c = lr**power / w
        z = state["z"] - lr * g
        x = (1 - c) * state["x"] + c * z
        p = (1 - beta) * z + beta * x
        return p, {"z": z, "x": x, "w": w}

    settings = {"beta": beta, **switched_on(weight_decay=weight_decay), "power": power}
    lr = rate("schedule_free_sgd", lr)
    return Optimizer("schedule_free_sgd", lr, settings, start, update, kept=lambda p, state: state["x"])


@optimizer()
def schedule_free_adamw(
    lr: Rate = 2.5e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    power: float = 2.0,
) -> Optimizer:
    """z ← z − lr · (g / (√v̂ + eps) + weight_decay·p);  x ← (1−c)·x + c·z;  p ← (1−beta1)·z + beta1·x; c = lr² / Σ lr².

    v ← beta2·v + (1−beta2)·g²;  v̂ = v / (1 − beta2^t);  g = dL/dp. AdamW without a momentum of its own: x does that
    work. p is what is trained; **evaluate with x**: ``rule.for_evaluation(params, state)``.

    lr: learning rate, above 0. beta1: part of x in p, beta2: part of v that is kept, in [0, 1). eps: above 0.
    weight_decay: decoupled, of the parameters p. power: of lr in c. State: z, x, v, and w, the sum in c, one number
    that is held once for each parameter. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: A. Defazio et al., "The Road Less Scheduled", 2024, Algorithm 1.
    Differs from PyTorch in that it has none. Differs from the authors' package and from optax
    (``optax.contrib.schedule_free_adamw``) while lr is not constant, as ``schedule_free_sgd`` does.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = schedule_free_adamw(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9000
    0.8480
    0.7968
    """
    name = "schedule_free_adamw"
    beta1, beta2 = fraction(name, "beta1", beta1), fraction(name, "beta2", beta2)
    eps, power = positive(name, "eps", eps), not_negative(name, "power", power)
    weight_decay = not_negative(name, "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {"z": np.copy(p), "x": np.copy(p), "v": np.zeros_like(p), "w": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        v = beta2 * state["v"] + (1 - beta2) * (g * g)
        w = state["w"] + lr**power
        c = lr**power / w
        z = state["z"] - lr * (g / (np.sqrt(v / (1 - beta2**t)) + eps) + weight_decay * p)
        x = (1 - c) * state["x"] + c * z
        p = (1 - beta1) * z + beta1 * x
        return p, {"z": z, "x": x, "v": v, "w": w}

    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay, "power": power}
    return Optimizer(name, rate(name, lr), settings, start, update, kept=lambda p, state: state["x"])
