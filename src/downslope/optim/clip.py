"""Clipping: no gradient longer, or no part of it larger, than a limit, so that one wild batch cannot ruin a run."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State
from downslope.optim.settings import positive
from downslope.optim.wrapper import around, wrapper


def norm(gs: list[Array]) -> Array:
    """The length of all arrays together, as one long vector.

    >>> float(norm([np.array([3.0, 4.0]), np.array(12.0)]))
    13.0
    """
    return np.sqrt(sum(np.sum(g * g) for g in gs))


@wrapper()
def clip_by_norm(optimizer: Optimizer, max_norm: float) -> Optimizer:
    """g ← g · min(1, max_norm / ‖g‖) before each step, where ‖g‖ is the length of all gradients together.

    The direction stays; only a step that would be too long is shortened. All parameters count together, so they must
    come in one call of ``step``, as a tree or as one flat vector.

    optimizer: the rule that gets the clipped gradients. max_norm: above 0. Errors: SettingError ``optimizer-setting``,
    ``optimizer-inner``.

    Source: R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks", 2013.
    Differs from PyTorch (``clip_grad_norm_``), which divides by ‖g‖ + 1e-6, so that its result is shorter than max_norm
    by one part in a million; from optax (``optax.clip_by_global_norm``) in nothing. A gradient of infinite length
    becomes NaN in all three.

    >>> from downslope.optim import gradient_descent
    >>> rule = clip_by_norm(gradient_descent(lr=1.0), max_norm=1.0)
    >>> rule.step([np.zeros(2), 0.0], [np.array([3.0, 4.0]), 12.0], {}, 1)[0]
    [array([-0.23076923, -0.30769231]), np.float64(-0.9230769230769231)]
    """
    max_norm = positive("clip_by_norm", "max_norm", max_norm)

    def together(
        gs: list[Array], states: list[State], ps: list[Array], t: Any, lr: Any
    ) -> tuple[list[Array], list[State]]:
        factor = max_norm / np.maximum(norm(gs), max_norm)
        return optimizer.advance([factor * g for g in gs], states, ps, t, lr)

    return around(optimizer, "clip_by_norm", {"max_norm": max_norm}, together, across=True)


@wrapper()
def clip_by_value(optimizer: Optimizer, limit: float) -> Optimizer:
    """g ← min(limit, max(−limit, g)) before each step, number by number.

    The direction changes: (3, 4, 12) with limit 2 becomes (2, 2, 2). An infinite gradient becomes the limit.

    optimizer: the rule that gets the clipped gradients. limit: above 0. Errors: SettingError ``optimizer-setting``,
    ``optimizer-inner``.

    Source: T. Mikolov, "Statistical Language Models Based on Neural Networks", 2012.
    Differs from PyTorch (``clip_grad_value_``) and optax (``optax.clip``) in nothing.

    >>> from downslope.optim import gradient_descent
    >>> rule = clip_by_value(gradient_descent(lr=1.0), limit=2.0)
    >>> rule.step(np.zeros(3), np.array([3.0, -4.0, 1.0]), {}, 1)[0]
    array([-2.,  2., -1.])
    """
    limit = positive("clip_by_value", "limit", limit)

    def together(
        gs: list[Array], states: list[State], ps: list[Array], t: Any, lr: Any
    ) -> tuple[list[Array], list[State]]:
        return optimizer.advance([np.clip(g, -limit, limit) for g in gs], states, ps, t, lr)

    return around(optimizer, "clip_by_value", {"limit": limit}, together)
