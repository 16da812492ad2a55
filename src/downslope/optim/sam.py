"""SAM: the gradient is taken at the worst point nearby, so that the run ends where the surroundings are low too."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.errors import SettingError
from downslope.optim.method import Evaluate, Hessian, Method, method
from downslope.optim.optimizer import Array, Optimizer, State
from downslope.optim.settings import positive, switch, switched_on


@method()
def sam(optimizer: Optimizer, rho: float = 0.05, adaptive: bool = False) -> Method:
    """e = rho · g / ‖g‖;  the optimizer's step from p, with the gradient at p + e, where g = ∇f(p).

    p + e is, to first order, the highest point within rho of p: the flatter of two minima attracts more. Each step
    costs two gradients.

    optimizer: the rule that takes the step. rho: radius, above 0. adaptive: measure distances in units of |p|,
    e = rho · p² g / ‖p g‖, so that the scale of a layer does not matter (ASAM; rho about ten times as large). State:
    that of the optimizer. It can be traced. Errors: SettingError ``optimizer-setting``, ``optimizer-inner``.

    Source: P. Foret et al., "Sharpness-Aware Minimization for Efficiently Improving Generalization", 2021; adaptive:
    J. Kwon et al., 2021.
    Differs from PyTorch in that it has none. Differs from optax (``optax.contrib.sam``) in that both gradients belong
    to one step, on the same mini-batch; there they are two calls.

    Three steps down w⁴, whose gradient is 4w³:

    >>> from downslope.optim import gradient_descent
    >>> rule = sam(gradient_descent(lr=0.1), rho=0.05)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state, evaluations = rule.step(lambda w: (w**4, 4 * w**3), w, state, t)
    ...     print(f"{w:.4f}", evaluations)
    0.5369 2
    0.4561 2
    0.4042 2
    """
    if not isinstance(optimizer, Optimizer):
        raise SettingError(
            "optimizer-inner",
            f"sam is given {optimizer!r}",
            where="sam(optimizer, ...)",
            why="it says where the gradient is taken; an optimizer makes a step of it",
            do="Give an optimizer first, for example sam(momentum(0.1)).",
        )
    rho, adaptive = positive("sam", "rho", rho), switch("sam", "adaptive", adaptive)

    def advance(
        f: Evaluate, p: Array, state: State, t: Any, lr: Any, hessian: Hessian | None
    ) -> tuple[Array, State, int]:
        _, g = f(p)
        uphill, scaled = (p * p * g, p * g) if adaptive else (g, g)
        length = np.sqrt(np.sum(scaled * scaled))
        _, g = f(p + rho * uphill / np.where(length == 0, 1.0, length))
        ps, states = optimizer.advance([g], [state], [p], t, lr)
        return ps[0], states[0], 2

    settings = {"rho": rho, **switched_on(adaptive=adaptive)}
    return Method("sam", optimizer.lr, settings, optimizer.start, advance, traces=True, inner=optimizer)
