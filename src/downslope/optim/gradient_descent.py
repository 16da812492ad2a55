"""Gradient descent: a step straight down the gradient, as long as the gradient is large."""

from __future__ import annotations

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import not_negative, rate, switched_on


@optimizer("sgd")
def gradient_descent(lr: Rate, weight_decay: float = 0.0) -> Optimizer:
    r"""p ← p − lr · g, where g = dL/dp. Also found as ``sgd``: on mini-batches it is stochastic gradient descent.

    On a bowl with curvature λ each step multiplies the distance to the minimum by 1 − lr·λ: it converges for
    lr < 2/λ, swings for ever at 2/λ and diverges above. No state.

    lr: learning rate, above 0. weight_decay: coupled (L2): g ← g + weight_decay · p first, as if the loss had the
    penalty ½ · weight_decay · ‖p‖²; without a memory of gradients the decoupled kind would be the same. Errors:
    SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: A. Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées", 1847; stochastic:
    H. Robbins and S. Monro, "A Stochastic Approximation Method", 1951.
    Differs from PyTorch (``torch.optim.SGD``) and optax (``optax.sgd``) in nothing; momentum is a rule of its own here.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = gradient_descent(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.8000
    0.6400
    0.5120
    """
    weight_decay = not_negative("gradient_descent", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        g = g + weight_decay * p if weight_decay else g
        p = p - lr * g
        return p, {}

    settings = switched_on(weight_decay=weight_decay)
    return Optimizer("gradient_descent", rate("gradient_descent", lr), settings, start, update)


sgd = gradient_descent
