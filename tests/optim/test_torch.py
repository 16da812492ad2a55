"""Every rule, schedule and wrapper that PyTorch has too: the same numbers, in float64, over 25 steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from downslope import optim
from downslope.optim import schedules
from downslope.optim.schedule import Schedule

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    """PyTorch keeps NAdam's product of momenta in its default type, which would round it to 7 digits."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


ALL: dict[str, Any] = {"weight_decay": 0.1, "eps": 1e-3}
BETAS = {"betas": (0.8, 0.9), "lr": 0.1}
OURS: dict[str, Any] = {"lr": 0.1, "beta1": 0.8, "beta2": 0.9}
TWINS = [
    (optim.gradient_descent(0.1), "SGD", {"lr": 0.1}),
    (optim.gradient_descent(0.1, weight_decay=0.1), "SGD", {"lr": 0.1, "weight_decay": 0.1}),
    (optim.momentum(0.1), "SGD", {"lr": 0.1, "momentum": 0.9}),
    (optim.momentum(0.02, beta=0.5), "SGD", {"lr": 0.02, "momentum": 0.5}),
    (
        optim.momentum(0.1, dampening=0.3, weight_decay=0.1),
        "SGD",
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
    ),
    (optim.nesterov(0.1), "SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    (
        optim.nesterov(0.02, beta=0.5, weight_decay=0.1),
        "SGD",
        {"lr": 0.02, "momentum": 0.5, "nesterov": True, "weight_decay": 0.1},
    ),
    (optim.adagrad(), "Adagrad", {}),
    (
        optim.adagrad(0.1, lr_decay=0.1, initial=0.1, **ALL),
        "Adagrad",
        {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.1, **ALL},
    ),
    (optim.adadelta(), "Adadelta", {}),
    (optim.adadelta(0.5, rho=0.95, **ALL), "Adadelta", {"lr": 0.5, "rho": 0.95, **ALL}),
    (optim.rmsprop(), "RMSprop", {}),
    (optim.rmsprop(0.1, centred=True), "RMSprop", {"lr": 0.1, "centered": True}),
    (
        optim.rmsprop(0.1, rho=0.9, momentum=0.5, centred=True, **ALL),
        "RMSprop",
        {"lr": 0.1, "alpha": 0.9, "momentum": 0.5, "centered": True, **ALL},
    ),
    (optim.rprop(), "Rprop", {}),
    (
        optim.rprop(0.1, shrink=0.3, grow=1.5, smallest=1e-3, largest=1.0),
        "Rprop",
        {"lr": 0.1, "etas": (0.3, 1.5), "step_sizes": (1e-3, 1.0)},
    ),
    (optim.adam(), "Adam", {}),
    (optim.adam(**OURS, **ALL), "Adam", {**BETAS, **ALL}),
    (optim.adam(0.01, beta1=0.0), "Adam", {"lr": 0.01, "betas": (0.0, 0.999)}),
    (optim.amsgrad(), "Adam", {"amsgrad": True}),
    (optim.amsgrad(**OURS, **ALL), "Adam", {"amsgrad": True, **BETAS, **ALL}),
    (optim.adamw(), "AdamW", {}),
    (optim.adamw(**OURS, **ALL), "AdamW", {**BETAS, **ALL}),
    (optim.adamax(), "Adamax", {}),
    (optim.adamax(**OURS, **ALL), "Adamax", {**BETAS, **ALL}),
    (optim.nadam(), "NAdam", {}),
    (optim.nadam(momentum_decay=0.1, **OURS, **ALL), "NAdam", {"momentum_decay": 0.1, **BETAS, **ALL}),
    (optim.nadam(decoupled_weight_decay=0.1), "NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    (optim.radam(), "RAdam", {}),
    (optim.radam(**OURS, **ALL), "RAdam", {**BETAS, **ALL}),
    (optim.radam(beta2=0.5), "RAdam", {"betas": (0.9, 0.5)}),
    (optim.radam(decoupled_weight_decay=0.1), "RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    (optim.adafactor(), "Adafactor", {"weight_decay": 0.0}),
    (
        optim.adafactor(0.1, decay=0.5, eps1=1e-3, eps2=1e-2, clip=1.5, weight_decay=0.1),
        "Adafactor",
        {"lr": 0.1, "beta2_decay": -0.5, "eps": (1e-3, 1e-2), "d": 1.5, "weight_decay": 0.1},
    ),
    (optim.muon(0.001, weight_decay=0.1), "Muon", {}),
    (
        optim.muon(0.1, beta=0.8, nesterov=False, steps=3),
        "Muon",
        {"lr": 0.1, "momentum": 0.8, "nesterov": False, "ns_steps": 3, "weight_decay": 0.0},
    ),
]


@pytest.mark.parametrize(("rule", "twin", "settings"), TWINS, ids=str)
def test_twenty_five_steps_agree(
    rule: optim.Optimizer, twin: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Muon's products are made in 16 bits by PyTorch; here it is made to keep all 64, or two digits would agree
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    rng = np.random.default_rng(1)
    # gradients of very different sizes, some of them zero: that is where eps and its place matter
    scale = 10.0 ** rng.integers(-9, 3, size=(4, 3)) * (rng.random((4, 3)) > 0.1)
    params = {"w": rng.normal(size=(4, 3)), "b": rng.normal(size=(3, 5) if twin == "Muon" else 3)}
    theirs = {name: torch.tensor(p, requires_grad=True) for name, p in params.items()}
    twin_rule = getattr(torch.optim, twin)(list(theirs.values()), **settings)
    state = rule.init(params)
    for t in range(1, 26):
        grads = {"w": rng.normal(size=(4, 3)) * scale, "b": rng.normal(size=params["b"].shape)}
        params, state = rule.step(params, grads, state, t)
        for name, p in theirs.items():
            p.grad = torch.tensor(grads[name])
        twin_rule.step()
        for name, p in theirs.items():
            np.testing.assert_allclose(params[name], p.detach().numpy(), rtol=1e-12, atol=1e-12)


# --- L-BFGS -----------------------------------------------------------------------------------------------------------


def test_the_directions_of_lbfgs_agree_over_twenty_five_steps() -> None:
    rng = np.random.default_rng(2)
    half = rng.normal(size=(6, 6))
    matrix, target = half @ half.T + np.eye(6), rng.normal(size=6)

    def f(p: Any) -> Any:
        return 0.5 * p @ matrix @ p - target @ p + 0.1 * np.sum(p**4), matrix @ p - target + 0.4 * p**3

    theirs = torch.zeros(6, requires_grad=True)
    twin = torch.optim.LBFGS([theirs], lr=0.1, max_iter=1, history_size=5, tolerance_grad=0, tolerance_change=0)
    a, b = torch.tensor(matrix), torch.tensor(target)

    def closure() -> Any:
        twin.zero_grad()
        loss = 0.5 * theirs @ a @ theirs - b @ theirs + 0.1 * (theirs**4).sum()
        loss.backward()
        return loss

    rule, p = optim.lbfgs(0.1, memory=5, search="none"), np.zeros(6)
    state = rule.init(p)
    for t in range(1, 26):
        p, state, evaluations = rule.step(f, p, state, t)
        twin.step(closure)
        np.testing.assert_allclose(p, theirs.detach().numpy(), rtol=1e-12, atol=1e-12)
        assert evaluations == 1


def test_lbfgs_needs_no_more_evaluations_than_pytorchs_down_the_valley_of_rosenbrock() -> None:
    def f(p: Any) -> Any:
        x, y = p
        slope = np.array([-400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)])
        return 100 * (y - x**2) ** 2 + (1 - x) ** 2, slope

    theirs, calls = torch.tensor([-1.2, 1.0], requires_grad=True), 0
    twin = torch.optim.LBFGS([theirs], max_iter=100, line_search_fn="strong_wolfe", tolerance_grad=1e-6)

    def closure() -> Any:
        nonlocal calls
        calls += 1
        twin.zero_grad()
        loss = 100 * (theirs[1] - theirs[0] ** 2) ** 2 + (1 - theirs[0]) ** 2
        loss.backward()
        return loss

    twin.step(closure)
    goal = max(f(theirs.detach().numpy())[0], 1e-16)
    rule, p, ours, t = optim.lbfgs(), np.array([-1.2, 1.0]), 0, 0
    state = rule.init(p)
    while f(p)[0] > goal:
        t += 1
        assert t < 100
        p, state, evaluations = rule.step(f, p, state, t)
        ours += evaluations
    assert ours <= 1.2 * calls


# --- schedules --------------------------------------------------------------------------------------------------------

SCHEDULERS = [
    (schedules.step(0.1, every=7, factor=0.5), "StepLR", {"step_size": 7, "gamma": 0.5}),
    (schedules.exponential(0.1, factor=0.9), "ExponentialLR", {"gamma": 0.9}),
    (schedules.polynomial(0.1, steps=20), "PolynomialLR", {"total_iters": 20}),
    (schedules.polynomial(0.1, steps=20, power=2), "PolynomialLR", {"total_iters": 20, "power": 2.0}),
    (schedules.cosine(0.1, steps=30), "CosineAnnealingLR", {"T_max": 30}),
    (schedules.cosine(0.1, steps=30, end=0.01), "CosineAnnealingLR", {"T_max": 30, "eta_min": 0.01}),
    (schedules.warm_restarts(0.1, first=7), "CosineAnnealingWarmRestarts", {"T_0": 7}),
    (
        schedules.warm_restarts(0.1, first=4, growth=2, end=0.01),
        "CosineAnnealingWarmRestarts",
        {"T_0": 4, "T_mult": 2, "eta_min": 0.01},
    ),
    (schedules.warm_up(0.1, steps=8), "LinearLR", {"start_factor": 1 / 8, "total_iters": 7}),
    (schedules.one_cycle(0.1, steps=30), "OneCycleLR", {"max_lr": 0.1, "total_steps": 30}),
    (
        schedules.one_cycle(0.1, steps=31, rise=0.5, first=10.0, last=100.0),
        "OneCycleLR",
        {"max_lr": 0.1, "total_steps": 31, "pct_start": 0.5, "div_factor": 10.0, "final_div_factor": 100.0},
    ),
    (schedules.inverse_time(0.1, decay=0.5), "LambdaLR", {"lr_lambda": lambda n: 1 / (1 + 0.5 * n)}),
]


def rates(make: Any, steps: int) -> list[float]:
    """What a scheduler of PyTorch sets for each step."""
    rule = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
    scheduler, found = make(rule), []
    for _ in range(steps):
        found.append(float(rule.param_groups[0]["lr"]))
        rule.step()
        scheduler.step()
    return found


def told(value: object) -> str:
    """An id that does not change from process to process: some settings are functions."""
    return "" if isinstance(value, dict) else str(value)


@pytest.mark.parametrize(("ours", "theirs", "settings"), SCHEDULERS, ids=told)
def test_thirty_rates_agree(ours: Schedule, theirs: str, settings: dict[str, Any]) -> None:
    expected = rates(lambda rule: getattr(torch.optim.lr_scheduler, theirs)(rule, **settings), 29)
    np.testing.assert_allclose([ours(t) for t in range(1, 30)], expected, rtol=1e-12, atol=1e-16)


@pytest.mark.filterwarnings("ignore:The epoch parameter")  # PyTorch's own, from inside its SequentialLR
def test_a_warm_up_before_a_cosine_agrees() -> None:
    def make(rule: Any) -> Any:
        parts = [
            torch.optim.lr_scheduler.LinearLR(rule, start_factor=1 / 5, total_iters=4),
            torch.optim.lr_scheduler.CosineAnnealingLR(rule, T_max=20),
        ]
        return torch.optim.lr_scheduler.SequentialLR(rule, parts, milestones=[5])

    ours = schedules.chain(schedules.warm_up(0.1, 5), schedules.cosine(0.1, 20), at=5)
    np.testing.assert_allclose([ours(t) for t in range(1, 26)], rates(make, 25), rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("larger_is_better", [False, True])
@pytest.mark.parametrize("cooldown", [0, 3])
def test_the_plateau_agrees(larger_is_better: bool, cooldown: int) -> None:
    rng = np.random.default_rng(3)
    metrics = np.repeat(rng.random(20), 5)[rng.permutation(100)].cumsum() % 1.0
    rule = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        rule,
        mode="max" if larger_is_better else "min",
        factor=0.5,
        patience=2,
        threshold=0.01,
        cooldown=cooldown,
        min_lr=0.01,
    )
    ours = optim.Plateau(1.0, 0.5, 2, 0.01, cooldown, 0.01, larger_is_better)
    state = ours.start()
    for metric in metrics:
        theirs.step(metric)
        state = ours.update(state, float(metric))
        assert state["rate"] == pytest.approx(rule.param_groups[0]["lr"], rel=1e-12)
    assert state["rate"] == 0.01


# --- clipping ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0.1, 10.0])
def test_clipping_agrees_but_for_the_part_in_a_million(size: float) -> None:
    rng = np.random.default_rng(4)
    grads = {"w": size * rng.normal(size=(3, 2)), "b": size * rng.normal(size=4)}
    zeros = {name: np.zeros_like(g) for name, g in grads.items()}

    def clipped(rule: optim.Optimizer) -> Any:
        after = rule.step(zeros, grads, rule.init(zeros), 1)[0]
        return {name: -p for name, p in after.items()}

    def theirs(clip: Any) -> Any:
        tensors = {name: torch.zeros(g.shape) for name, g in grads.items()}
        for name, tensor in tensors.items():
            tensor.grad = torch.tensor(grads[name])
        clip(list(tensors.values()))
        return {name: tensor.grad.numpy() for name, tensor in tensors.items()}

    by_norm = theirs(lambda tensors: torch.nn.utils.clip_grad_norm_(tensors, 1.5))
    by_value = theirs(lambda tensors: torch.nn.utils.clip_grad_value_(tensors, 0.5))
    for name in grads:
        found = clipped(optim.clip_by_norm(optim.sgd(1.0), max_norm=1.5))[name]
        np.testing.assert_allclose(found, by_norm[name], rtol=1e-6)
        np.testing.assert_array_equal(clipped(optim.clip_by_value(optim.sgd(1.0), limit=0.5))[name], by_value[name])
