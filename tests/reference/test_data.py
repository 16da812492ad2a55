"""What data do to the loss: curvature from scale, mean and correlation; minima moved by outliers and wrong labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tests.reference.tools import Expect, newton

import downslope as ds
from downslope.optim import gradient_descent


def half_mse_hessian(X: Any) -> Any:
    """Of the loss ½ mean (X w − y)²: the targets do not matter for it."""
    y = np.arange(float(len(X)))
    return ds.hessian(lambda w: ds.nn.half_mse(X @ w, y))(np.zeros(X.shape[1]))


def test_correlated_features_make_a_ravine(expect: Expect) -> None:
    a, b = np.array([1.0, 1, -1, -1]), np.array([1.0, -1, 1, -1])  # standardised, uncorrelated
    kappas = {}
    for r in expect.inputs("data.corr")["r"]:
        hessian = half_mse_hessian(np.stack([a, r * a + (1 - r**2) ** 0.5 * b], axis=1))
        np.testing.assert_allclose(hessian, [[1, r], [r, 1]], atol=1e-15)
        low, high = np.linalg.eigvalsh(hessian)
        kappas[r] = high / low
    expect("data.corr", kappas)


def test_a_feature_far_from_zero_fights_with_the_bias(expect: Expect) -> None:
    m = expect.inputs("data.mean")["m"]
    hessian = half_mse_hessian(np.array([[m + 1.0, 1], [m - 1.0, 1]]))
    np.testing.assert_allclose(hessian, [[1 + m**2, m], [m, 1]], rtol=1e-14)
    expect("data.mean", np.linalg.cond(hessian))


def test_a_feature_a_thousand_times_larger_costs_two_million_steps(expect: Expect) -> None:
    X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])

    def slowest(X: Any) -> tuple[float, float]:
        """Condition number, and the factor that one step of the best rate leaves of the slowest direction."""
        low, high = np.linalg.eigvalsh(half_mse_hessian(X))
        w, _ = gradient_descent(lr=2 / (low + high)).step(1.0, ds.grad(lambda w: 0.5 * low * w**2)(1.0), {}, 1)
        return high / low, float(w)

    kappa, left = slowest(X * [1, 1000])
    expect("data.scale", {"kappa": kappa, "steps": np.log(100) / -np.log(left)})
    assert slowest(X) == (1, 0), "standardised, one step is enough"


def test_an_outlier_moves_the_mean_and_leaves_the_median(expect: Expect) -> None:
    values = np.array([1.0, 2, 3, 4, 100])
    losses: dict[str, Callable[[Any, Any], Any]] = {"mse": ds.nn.mse, "mae": ds.nn.mae, "huber": ds.nn.huber}

    def of_constant(loss: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
        return lambda x: loss(x * np.ones(5), values)

    minimisers = {}
    for name, loss in losses.items():
        slope = ds.trace(ds.grad(of_constant(loss)), 0.0)
        low, high = 0.0, 128.0
        while high - low > 1e-6:  # each loss is convex: its slope says on which side the minimum is
            middle = (low + high) / 2
            low, high = (low, middle) if slope(middle) > 0 else (middle, high)
        minimisers[name] = (low + high) / 2
    expect("data.outlier", minimisers)


def test_wrong_labels_bound_the_loss_and_the_logit(expect: Expect) -> None:
    def flipped(e: float) -> Callable[[Any], Any]:
        return lambda logit: ds.nn.softmax_cross_entropy(np.stack([0 * logit, logit])[None], np.array([[e, 1 - e]]))

    found = {}
    for e in expect.inputs("data.labelnoise")["e"]:
        loss = flipped(e)
        logit = newton(loss, 0.0, 12)[-1]
        found[e] = {"ce": ds.value_and_grad(loss)(logit)[0], "logit": logit}
    expect("data.labelnoise", found)


def test_a_memoriser_is_paid_for_every_held_out_row_that_leaked(expect: Expect) -> None:
    """It gives each row that it was trained on its label, and is right for seven of ten others."""
    rows, share, right = 50, 0.2, 0.7
    clean = ds.data.arrays(np.arange(250.0)[:, None], np.arange(250) % 2, held_out=rows / 250)
    assert len(clean.held_out) == rows

    def score(data: ds.data.Data) -> float:
        known = np.isin(data.held_out.rows, data.train.rows)
        guessed = np.cumsum(~known) % 10 < 10 * right
        return float(np.mean(known | guessed))

    assert score(clean) == right
    expect("data.leak", score(ds.data.corrupt(clean, "leakage", rate=share)))
