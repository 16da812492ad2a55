"""scikit-learn: ``MLPClassifier.fit``. Its regressor has no activation after the last layer, so there is no T."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.neural_network import MLPClassifier

from benchmarks.contender import Contender
from benchmarks.workloads import Workload

PACKAGES = ("scikit-learn",)


def fit(w: Workload, threads: int) -> Contender:
    """Several epochs a call, shuffled by scikit-learn; the epoch that is compared is in the common order.

    Start parameters cannot be given. One row is trained on first, which makes the arrays; they are then filled with the
    common start, and ``warm_start`` keeps them.
    """
    warnings.filterwarnings("ignore", category=UserWarning)  # it says that so few epochs have not converged
    settings: dict[str, Any] = {
        **{"hidden_layer_sizes": w.sizes[1:-1], "activation": w.hidden, "solver": w.rule, "alpha": 0.0},
        **{"batch_size": w.batch, "learning_rate_init": w.rate, "momentum": 0.0, "nesterovs_momentum": False},
        **{"tol": 0.0, "n_iter_no_change": 10**9, "warm_start": True, "shuffle": False},
    }
    model: Any = MLPClassifier(**settings)
    y = w.labels
    first_rows = w.rows(0).ravel()
    model.set_params(max_iter=1).fit(w.x[first_rows], y[first_rows])
    for k, (weights, bias) in enumerate(w.start()):
        model.coefs_[k][...] = weights
        model.intercepts_[k][...] = bias

    def run(first: int, count: int) -> None:
        rows = w.rows(first).ravel()
        model.set_params(max_iter=count, shuffle=count > 1).fit(w.x[rows], y[rows])

    return Contender(run, lambda: [w.loss(list(zip(model.coefs_, model.intercepts_, strict=True)))])
