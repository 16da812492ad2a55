"""Each rule against PyTorch, published numbers and what algebra says about it on a bowl."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from downslope import optim
from downslope.autodiff import grad

Reference = dict[str, dict[str, Any]]


def descend(rule: optim.Optimizer, p: Any, gradient: Any, steps: int) -> list[Any]:
    """The parameters before the first and after each step."""
    p, state, path = np.asarray(p, float), rule.init(np.asarray(p, float)), [np.asarray(p, float)]
    for t in range(1, steps + 1):
        p, state = rule.step(p, gradient(p), state, t)
        path.append(p)
    return path


def assert_close(found: Any, entry: dict[str, Any], expected: Any = None) -> None:
    expected = entry["expected"] if expected is None else expected
    np.testing.assert_allclose(found, expected, atol=entry["atol"], rtol=entry["rtol"])


# --- published sequences ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id_", "rule"),
    [
        ("torch.seq.SGD.lr=0.1", optim.by_name("sgd", lr=0.1)),
        ("optax.seq.sgd(.1)", optim.gradient_descent(0.1)),
        ("optax.seq.sgd(.1,momentum=.9)", optim.momentum(0.1, beta=0.9)),
    ],
)
def test_five_given_gradients_lead_to_the_published_parameters(
    reference: Reference, id_: str, rule: optim.Optimizer
) -> None:
    entry = reference[id_]
    grads = iter(np.array(entry["inputs"]["grads"]))
    assert_close(descend(rule, entry["inputs"]["p0"], lambda p: next(grads), 5)[1:], entry)


@pytest.mark.parametrize(
    ("id_", "rule"),
    [
        ("d2l.ill.gd.lr0.4", optim.gradient_descent(0.4)),
        ("d2l.ill.gd.lr0.6", optim.gradient_descent(0.6)),
        ("d2l.ill.momentum.b0.25", optim.momentum(0.6, beta=0.25)),
        ("d2l.ill.momentum.b0.5", optim.momentum(0.6, beta=0.5)),
        ("torch.ill.mom.6_.5", optim.momentum(0.6, beta=0.5)),
        ("torch.ill.adam.4", optim.adam(0.4)),
        ("ill.adam", optim.adam(0.4)),
    ],
)
def test_twenty_steps_down_the_narrow_bowl(reference: Reference, id_: str, rule: optim.Optimizer) -> None:
    entry = reference[id_]
    slope = grad(lambda p: 0.1 * p[0] ** 2 + 2 * p[1] ** 2)
    end = descend(rule, entry["inputs"]["x0"], slope, entry["inputs"]["steps"])[-1]
    expected = entry["expected"]
    assert_close(end, entry, list(expected.values()) if isinstance(expected, dict) else expected)


def test_one_dimension_as_in_dive_into_deep_learning(reference: Reference) -> None:
    entry = reference["d2l.gd1d.lr0.05"]
    assert_close(descend(optim.gradient_descent(0.05), 10, grad(lambda x: x**2), 10)[-1], entry)
    entry = reference["d2l.xcos.gd2"]
    slope = grad(lambda x: x * np.cos(0.15 * np.pi * x))
    assert_close(descend(optim.gradient_descent(2), 10, slope, 10)[-1], entry)


# --- gradient descent and momentum on a bowl --------------------------------------------------------------------------


@given(lr=st.floats(1e-3, 3), curvature=st.floats(1e-2, 10), x=st.floats(-10, 10).filter(lambda x: abs(x) > 1e-3))
def test_gradient_descent_on_a_bowl_shrinks_the_distance_by_one_minus_lr_times_curvature(
    lr: float, curvature: float, x: float
) -> None:
    path = descend(optim.gradient_descent(lr), x, lambda p: curvature * p, 5)
    factor = 1 - lr * curvature
    np.testing.assert_allclose(path, [x * factor**t for t in range(6)], rtol=1e-9, atol=1e-9 * abs(x))


def test_gradient_descent_lands_swings_or_diverges(reference: Reference) -> None:
    entry = reference["gd.stability"]
    curvature, x0 = entry["inputs"]["l"], entry["inputs"]["x0"]
    one, swing, diverge = (
        descend(optim.gradient_descent(lr), x0, lambda p: curvature * p, 20) for lr in entry["inputs"]["lr"]
    )
    assert_close(one[1], entry, entry["expected"]["one"])
    assert_close([abs(x) for x in swing], entry, [entry["expected"]["osc"]] * 21)
    assert_close(abs(diverge[20]), entry, entry["expected"]["div"])


def test_the_way_off_a_saddle_takes_a_time_that_grows_with_the_logarithm(reference: Reference) -> None:
    entry = reference["saddle.escape"]
    slope = grad(lambda p: p[0] ** 2 - p[1] ** 2)
    for k, steps in entry["expected"].items():
        path = descend(optim.gradient_descent(0.1), [1.0, 10.0 ** -int(k)], slope, math.ceil(steps))
        assert path[-2][1] < 1 <= path[-1][1]


def spectral_radius(rule: optim.Optimizer, curvature: float) -> float:
    """Factor by which a rule shrinks the error on a bowl in the long run: its step is a matrix acting on (p, state)."""
    names = list(rule.init(0.0))
    rows = []
    for row in np.eye(1 + len(names)):
        state = {name: float(x) for name, x in zip(names, row[1:], strict=True)}
        p, state = rule.step(float(row[0]), curvature * float(row[0]), state, 1)
        rows.append([p, *(state[name] for name in names)])
    return float(np.abs(np.linalg.eigvals(np.array(rows))).max())


@pytest.mark.parametrize("eigenvalues", ["l0.01_1", "l1_10", "l1_100"])
def test_the_best_rate_of_gradient_descent(reference: Reference, eigenvalues: str) -> None:
    entry = reference[f"distill.{eigenvalues}.gd"]
    rule = optim.gradient_descent(entry["expected"]["alpha"])
    for curvature in (entry["inputs"]["l1"], entry["inputs"]["ln"]):
        assert_close(spectral_radius(rule, curvature), entry, entry["expected"]["rate"])


@pytest.mark.parametrize("eigenvalues", ["l0.01_1", "l0.2_4", "l1_10", "l1_100"])
def test_the_best_rate_of_momentum(reference: Reference, eigenvalues: str) -> None:
    entry = reference[f"distill.{eigenvalues}.mom"]
    rule = optim.momentum(entry["expected"]["alpha"], entry["expected"]["beta"])
    radii = [spectral_radius(rule, curvature) for curvature in (entry["inputs"]["l1"], entry["inputs"]["ln"])]
    assert_close(max(radii), entry, entry["expected"]["rate"])


def test_momentum_is_stable_up_to_two_plus_two_beta(reference: Reference) -> None:
    entry = reference["distill.stability"]
    for beta, limit in zip(entry["inputs"]["beta"], entry["expected"], strict=True):
        assert spectral_radius(optim.momentum(limit * (1 - 1e-4), beta), 1.0) < 1
        assert spectral_radius(optim.momentum(limit, beta), 1.0) == pytest.approx(1, abs=1e-9)
        assert spectral_radius(optim.momentum(limit * (1 + 1e-4), beta), 1.0) > 1


def test_momentum_is_damped_critically_or_turns_at_the_rate_of_the_root_of_beta(reference: Reference) -> None:
    entry = reference["distill.critical_beta"]
    alpha, lam = entry["inputs"]["alpha"], entry["inputs"]["lam"]
    rule = optim.momentum(alpha, beta=(1 - math.sqrt(alpha * lam)) ** 2)
    assert_close(spectral_radius(rule, lam), entry)
    entry = reference["distill.complex_rate"]
    rule = optim.momentum(entry["inputs"]["alpha"], beta=entry["inputs"]["beta"])
    assert_close(spectral_radius(rule, entry["inputs"]["lam"]), entry)


def test_on_a_steady_slope_momentum_takes_steps_one_over_one_minus_beta_times_as_long(reference: Reference) -> None:
    entry = reference["d2l.eff_lr"]
    for beta, factor in entry["expected"].items():
        rule = optim.momentum(1.0, beta=float(beta))
        p, before, state = 0.0, 0.0, rule.init(0.0)
        for t in range(1, 25_000):  # after n steps beta**n of it is missing
            before, (p, state) = p, rule.update(1.0, state, p, t, 1.0)
        assert before - p == pytest.approx(factor, rel=entry["rtol"])


def test_without_momentum_momentum_is_gradient_descent() -> None:
    slope = grad(lambda p: np.sum(p**4))
    np.testing.assert_array_equal(
        descend(optim.momentum(0.01, beta=0), [1.0, -2.0], slope, 9), descend(optim.sgd(0.01), [1.0, -2.0], slope, 9)
    )


# --- Adam -------------------------------------------------------------------------------------------------------------


def algorithm_1(grads: Any, p: Any, lr: float, beta1: float, beta2: float, eps: float) -> Any:
    """Kingma and Ba 2015, Algorithm 1, line by line."""
    m = v = np.zeros_like(p)
    for t, g in enumerate(grads, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        p = p - lr * m_hat / (np.sqrt(v_hat) + eps)
    return p


@given(
    grads=hnp.arrays(np.float64, st.tuples(st.integers(1, 30), st.just(3)), elements=st.floats(-1e6, 1e6)),
    lr=st.floats(1e-6, 1),
    beta1=st.floats(0, 0.999),
    beta2=st.floats(0, 0.9999),
    eps=st.floats(1e-12, 1),
)
def test_the_faster_order_is_algorithm_1_of_the_paper(
    grads: Any, lr: float, beta1: float, beta2: float, eps: float
) -> None:
    queue = iter(grads)
    found = descend(optim.adam(lr, beta1, beta2, eps), np.zeros(3), lambda p: next(queue), len(grads))[-1]
    expected = algorithm_1(grads, np.zeros(3), lr, beta1, beta2, eps)
    # Each step rounds at the size of its own step. None is longer than lr * (1 - beta1) / sqrt(1 - beta2) or lr,
    # but for the corrections at the start (section 2.1 of the paper), which 1 / (1 - beta1) bounds generously.
    longest = lr / math.sqrt(1 - beta2) / (1 - beta1)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13 * len(grads) * longest)


@given(hnp.arrays(np.float64, 4, elements=st.floats(1e-4, 1e8)), hnp.arrays(np.bool_, 4), st.floats(1e-6, 10))
def test_the_first_step_of_adam_is_lr_times_the_sign_whatever_the_scale(size: Any, negative: Any, lr: float) -> None:
    g = np.where(negative, -size, size)
    p, _ = optim.adam(lr).step(np.zeros(4), g, optim.adam(lr).init(np.zeros(4)), 1)
    np.testing.assert_allclose(p, -lr * np.sign(g), rtol=2e-4)  # eps / |g| is 1e-4 at most here
    np.testing.assert_allclose(p, -lr * g / (abs(g) + 1e-8), rtol=1e-12)


@given(st.floats(1e-3, 1e3))
def test_adam_does_not_feel_the_scale_of_the_loss(factor: float) -> None:
    slope = grad(lambda p: np.sum(p**4))
    one = descend(optim.adam(0.1, eps=1e-30), [1.0, -2.0], slope, 10)
    scaled = descend(optim.adam(0.1, eps=1e-30), [1.0, -2.0], lambda p: factor * slope(p), 10)
    np.testing.assert_allclose(scaled, one, rtol=1e-9)


def test_a_zero_gradient_leaves_adam_where_it_is() -> None:
    np.testing.assert_array_equal(descend(optim.adam(), [1.0, -2.0], np.zeros_like, 5), [[1.0, -2.0]] * 6)


def test_without_its_corrections_adam_would_begin_too_fast(reference: Reference) -> None:
    entry = reference["adam.ratio"]
    rule, p, ratios = optim.adam(), 0.0, [0.0]
    state = rule.init(p)
    for t in range(1, 1001):
        p, state = rule.step(p, 1.0, state, t)
        ratios.append(state["m"] / math.sqrt(state["v"]))  # both are 1 once corrected
    for key in ("t1", "t12", "t100", "t1000"):
        assert_close(ratios[int(key[1:])], entry, entry["expected"][key])
    assert int(np.argmax(ratios)) == entry["expected"]["peak"]


def test_adam_walks_to_the_worst_point_of_the_counter_example_of_reddi(reference: Reference) -> None:
    entry = reference["adam.reddi"]
    C, T = entry["inputs"]["C"], entry["inputs"]["T"]
    rule = optim.adam(0.1, beta1=0.0, beta2=1 / (1 + C**2))
    x = 0.0
    state = rule.init(x)
    for t in range(1, T + 1):
        x, state = rule.step(x, C if t % 3 == 1 else -1.0, state, t, lr=0.1 / math.sqrt(t))
        x = min(max(x, -1.0), 1.0)
    assert_close(x, entry, entry["expected"]["adam"])
