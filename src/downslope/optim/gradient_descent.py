"""Gradient descent: a step straight down the gradient, as long as the gradient is large."""

from __future__ import annotations

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.settings import rate


@optimizer("sgd")
def gradient_descent(lr: float) -> Optimizer:
    r"""p ← p − lr · g, where g = dL/dp. Also found as ``sgd``: on mini-batches it is stochastic gradient descent.

    On a bowl with curvature λ each step multiplies the distance to the minimum by 1 − lr·λ: it converges for
    lr < 2/λ, swings for ever at 2/λ and diverges above. No state.

    lr: learning rate, above 0. Errors: SettingError ``optimizer-rate``.

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

    def start(p: Array) -> State:
        return {}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        p = p - lr * g
        return p, {}

    return Optimizer("gradient_descent", rate("gradient_descent", lr), {}, start, update)


sgd = gradient_descent
