"""An exponential moving average of the weights: calmer than the weights of any one step, and often better."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State
from downslope.optim.settings import fraction
from downslope.optim.wrapper import around, wrapper


@wrapper()
def ema(optimizer: Optimizer, decay: float = 0.999) -> Optimizer:
    """average ← decay · average + (1 − decay) · p after each step; the training itself is not changed.

    At a constant rate, mini-batches keep weights moving around a minimum; their mean is nearer to it. The average looks
    back over about 1 / (1 − decay) steps and starts at the start parameters. Read it with
    ``rule.for_evaluation(params, state)``, or as ``state["average"]``.

    optimizer: the rule that trains. decay: part of the average that is kept, in [0, 1). State: the inner rule's, and
    average. Errors: SettingError ``optimizer-setting``, ``optimizer-inner``, ``optimizer-wrapped-twice``.

    Source: B. Polyak and A. Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992 (equal weights);
    in this form: the Adam paper, section 7.2.
    Differs from PyTorch (``swa_utils.AveragedModel`` with ``get_ema_multi_avg_fn(decay)``), which starts from the
    parameters after the first step. Differs from optax (``optax.ema``), which averages updates, not weights.

    >>> from downslope.optim import gradient_descent
    >>> rule = ema(gradient_descent(lr=1.0), decay=0.5)
    >>> w, state = 0.0, rule.init(0.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, -1.0, state, t)
    ...     print(float(w), float(rule.for_evaluation(w, state)))
    1.0 0.5
    2.0 1.25
    3.0 2.125
    """
    decay = fraction("ema", "decay", decay)

    def together(
        gs: list[Array], states: list[State], ps: list[Array], t: Any, lr: Any
    ) -> tuple[list[Array], list[State]]:
        averages = [state["average"] for state in states]
        inner = [{name: x for name, x in state.items() if name != "average"} for state in states]
        new_ps, after = optimizer.advance(gs, inner, ps, t, lr)
        means = [decay * average + (1 - decay) * p for average, p in zip(averages, new_ps, strict=True)]
        return new_ps, [{**state, "average": mean} for state, mean in zip(after, means, strict=True)]

    return around(
        optimizer,
        "ema",
        {"decay": decay},
        together,
        more=lambda p: {"average": np.copy(p)},
        kept=lambda p, state: state["average"],
    )
