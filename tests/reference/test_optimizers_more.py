"""All other optimizers, schedules and clipping against PyTorch, optax, "Dive into Deep Learning" and the papers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect, descend

import downslope as ds
from downslope.optim import (
    Method,
    Optimizer,
    adabelief,
    adadelta,
    adafactor,
    adagrad,
    adam,
    adamax,
    adamw,
    adan,
    ademamix,
    adopt,
    amsgrad,
    clip_by_norm,
    dog,
    gradient_descent,
    lars,
    lbfgs,
    lion,
    momentum,
    nadam,
    nesterov,
    newton,
    novograd,
    prodigy,
    radam,
    rmsprop,
    rprop,
    schedule_free_sgd,
    schedules,
    shampoo,
    sign_sgd,
    sm3,
    yogi,
)
from downslope.optim.clip import norm
from downslope.optim.muon import newton_schulz


def visited(rule: Optimizer, given: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Parameters after each of the given gradients, and the states after them."""
    p, states, path = np.array(given["p0"]), [rule.init(np.array(given["p0"]))], []
    for t, g in enumerate(given["grads"], start=1):
        p, state = rule.step(p, np.array(g), states[-1], t)
        path.append(p)
        states.append(state)
    return path, states[1:]


# --- one given sequence of gradients ----------------------------------------------------------------------------------

SEQUENCES: dict[str, Optimizer] = {
    "torch.seq.SGD.lr=0.1.momentum=0.9.nesterov=True": nesterov(0.1, beta=0.9),
    "torch.seq.Adagrad.lr=0.1": adagrad(0.1),
    "torch.seq.Adagrad.lr=0.1.lr_decay=0.1.initial_accumulator_value=0.1": adagrad(0.1, lr_decay=0.1, initial=0.1),
    "torch.seq.Adadelta.lr=0.1.rho=0.95": adadelta(0.1, rho=0.95),
    "torch.seq.Adadelta.lr=1.0": adadelta(1.0),
    "torch.seq.RMSprop.lr=0.1": rmsprop(0.1),
    "torch.seq.RMSprop.lr=0.1.centered=True": rmsprop(0.1, centred=True),
    "torch.seq.Rprop.lr=0.1": rprop(0.1),
    "torch.seq.Adam.lr=0.1.amsgrad=True": amsgrad(0.1),
    "torch.seq.AdamW.lr=0.1.weight_decay=0.1": adamw(0.1, weight_decay=0.1),
    "torch.seq.Adamax.lr=0.1": adamax(0.1),
    "torch.seq.NAdam.lr=0.1": nadam(0.1),
    "torch.seq.NAdam.lr=0.1.weight_decay=0.1.decoupled_weight_decay=True": nadam(0.1, decoupled_weight_decay=0.1),
    "torch.seq.RAdam.lr=0.1": radam(0.1),
    "torch.seq.Adafactor.lr=0.1": adafactor(0.1),
    "optax.seq.sgd(.1,momentum=.9,nesterov)": nesterov(0.1, beta=0.9),
    "optax.seq.adagrad(.1)": adagrad(0.1, eps=1e-7, initial=0.1, eps_inside=True),
    "optax.seq.rmsprop(.1)": rmsprop(0.1, rho=0.9, eps_inside=True),
    "optax.seq.rmsprop(.1,decay=.99,eps_outside)": rmsprop(0.1, rho=0.99),
    "optax.seq.amsgrad(.1)": amsgrad(0.1, corrected=True),
    "optax.seq.adamax(.1)": adamax(0.1),
    "optax.seq.adam(.1,nesterov)": nadam(0.1, reduction=0),
    "optax.seq.nadam(.1)": nadam(0.1, reduction=0),
    "optax.seq.adabelief(.1)": adabelief(0.1),
    "optax.seq.yogi(.1)": yogi(0.1),
    "optax.seq.lion(.1,wd=0)": lion(0.1),
    "optax.seq.lion(.1,wd=.1)": lion(0.1, weight_decay=0.1),
    "optax.seq.lars(.1)": lars(0.1),
    "optax.seq.sign_sgd(.1)": sign_sgd(0.1),
    "optax.seq.adan(.1)": adan(0.1, ahead=1 - 0.92),
    "optax.seq.contrib.ademamix(.1)": ademamix(0.1),
    "optax.seq.contrib.adopt(.1)": adopt(0.1),
    "optax.seq.contrib.dog()": dog(),
    "optax.seq.contrib.prodigy(1.)": prodigy(1.0),
    "optax.seq.novograd(.1)": novograd(0.1),
    "optax.seq.sm3(.1)": sm3(0.1),
}


@pytest.mark.parametrize("id", SEQUENCES)
def test_the_parameters_after_each_of_five_gradients(expect: Expect, id: str) -> None:
    expect(id, visited(SEQUENCES[id], expect.inputs(id))[0])


@pytest.mark.parametrize("id", ["schedulefree.sgd", "optax.seq.contrib.schedule_free_sgd(.1)"])
def test_schedule_free_gradient_descent_and_its_average(expect: Expect, id: str) -> None:
    rule = schedule_free_sgd(0.1)
    path, states = visited(rule, expect.inputs(id))
    averages = [rule.for_evaluation(p, state) for p, state in zip(path, states, strict=True)]
    train, evaluate = ("y", "x") if id == "schedulefree.sgd" else ("params", "eval")
    expect(id, {train: path, evaluate: averages})


def test_optax_takes_the_steps_of_rprop_one_call_late(expect: Expect) -> None:
    """Each of its moves is ours of one call before; none where the gradient has turned since that was looked at."""
    given = expect.inputs("optax.seq.rprop(.1)")
    path, states = visited(rprop(0.1), given)
    start = np.array(given["p0"])
    moves = np.diff([start, *path], axis=0)
    p, late = start, []
    for t, g in enumerate(given["grads"]):
        turned = t > 0 and np.array(g) * states[t - 1]["g"] < 0
        p = p + np.where(turned, 0.0, moves[t - 1] if t else 0.0)
        late.append(p)
    expect("optax.seq.rprop(.1)", late)


# --- twenty steps in the ill-conditioned bowl -------------------------------------------------------------------------

RAVINES: dict[str, Callable[[dict[str, Any]], Optimizer]] = {
    "d2l.ill.adagrad.lr0.4": lambda given: adagrad(given["lr"], eps=given["eps"], eps_inside=True),
    "d2l.ill.adagrad.lr2": lambda given: adagrad(given["lr"], eps=given["eps"], eps_inside=True),
    "d2l.ill.rmsprop": lambda given: rmsprop(given["lr"], rho=given["gamma"], eps=given["eps"], eps_inside=True),
    "torch.ill.nesterov.4_.5": lambda given: nesterov(given["lr"], beta=given["momentum"]),
    "torch.ill.adagrad.4": lambda given: adagrad(given["lr"]),
    "torch.ill.adadelta1": lambda given: adadelta(given["lr"]),
    "torch.ill.rmsprop.4_.9": lambda given: rmsprop(given["lr"], rho=given["alpha"]),
    "torch.ill.rprop.4": lambda given: rprop(given["lr"]),
    "torch.ill.adamax.4": lambda given: adamax(given["lr"]),
    "torch.ill.radam.4": lambda given: radam(given["lr"]),
}


@pytest.mark.parametrize("id", RAVINES)
def test_twenty_steps_in_a_ravine(expect: Expect, id: str) -> None:
    given = expect.inputs(id)
    bowl = lambda x: 0.1 * x[0] ** 2 + 2 * x[1] ** 2  # noqa: E731 -- a user's formula
    end = descend(RAVINES[id](given), bowl, np.array(given["x0"], float), given["steps"])[-1]
    expect(id, dict(zip(("x1", "x2"), end, strict=True)) if id.startswith("d2l") else end)


# --- weight decay, coupled and not ------------------------------------------------------------------------------------


def one_step(rule: Optimizer, p: float, g: float) -> Any:
    return rule.step(p, g, rule.init(p), 1)


def test_on_a_flat_loss_decay_shrinks_a_weight_and_a_penalty_makes_adam_take_a_whole_step(expect: Expect) -> None:
    decoupled = one_step(adamw(0.1, weight_decay=0.01), 1.0, 0.0)[0]
    coupled = one_step(adam(0.1, weight_decay=0.01), 1.0, 0.0)[0]
    expect("adamw.vs.l2", {"adamw": decoupled, "adam_l2": coupled})
    expect("torch.wd.adamw", decoupled)
    expect("torch.wd.adam", coupled)


# --- single steps and single numbers ----------------------------------------------------------------------------------


def test_one_step_of_lion(expect: Expect) -> None:
    w, state = one_step(lion(1e-3, beta1=0.9, beta2=0.99, weight_decay=0.1), 1.0, 0.5)
    expect("lion.step", {"w": w, "m": state["m"]})


def test_the_counter_example_to_adam(expect: Expect) -> None:
    given = expect.inputs("adam.reddi")
    C, ends = given["C"], {}
    slopes = [ds.grad(lambda x: C * x), ds.grad(lambda x: -x)]
    for name, rule in (("adam", adam), ("amsgrad", amsgrad)):
        descent = rule(0.1, beta1=0.0, beta2=1 / (1 + C**2))
        x: Any = 0.0
        state = descent.init(x)
        for t in range(1, given["T"] + 1):
            x, state = descent.step(x, slopes[t % 3 != 1](x), state, t, lr=0.1 / math.sqrt(t))
            x = min(max(x, -1.0), 1.0)
        ends[name] = x
    expect("adam.reddi", ends)


def test_a_gradient_that_is_clipped_keeps_its_direction(expect: Expect) -> None:
    given = expect.inputs("clip.norm")
    g, zeros = np.array(given["g"], float), np.zeros(3)
    rule = clip_by_norm(gradient_descent(1.0), max_norm=given["max"])
    clipped = -rule.step(zeros, g, {}, 1)[0]
    expect("clip.norm", {"norm": norm([g]), "g": clipped})


# --- matrices ---------------------------------------------------------------------------------------------------------


def stretched(s: float) -> float:
    """What Muon's five steps make of one singular value."""
    return float(newton_schulz(np.array([[s]]))[0, 0])


def test_what_muon_makes_of_singular_values(expect: Expect) -> None:
    expect("muon.ns", {s: stretched(s) for s in expect.inputs("muon.ns")["s"]})
    bands = {}
    for name, least in (("full", 0.01), ("upper", 0.1)):
        values = np.diag(newton_schulz(np.diag(np.linspace(least, 1, 500))))
        bands[name] = [values.min(), values.max()]
    for s in np.linspace(0.01, 1, 5):  # each number of a diagonal by itself
        assert min(bands["full"]) <= stretched(float(s)) <= max(bands["full"])
    expect("muon.band", bands)


def test_the_first_step_of_shampoo_is_the_polar_factor(expect: Expect) -> None:
    G = np.array(expect.inputs("shampoo.polar")["G"])
    rule, zeros = shampoo(1.0, eps=0.0), np.zeros((2, 2))
    p, _ = rule.step(zeros, G, rule.init(zeros), 1)
    expect("shampoo.polar", -p)


def test_adafactor_remembers_a_matrix_by_its_rows_and_columns(expect: Expect) -> None:
    G = np.array(expect.inputs("adafactor.factored")["G"])
    zeros = np.zeros_like(G)
    rule = adafactor(1.0, clip=1e9)
    p, state = rule.step(zeros, G, rule.init(zeros), 1)  # at t = 1 the means are those of the first gradient alone
    rows, columns = state["row"] * G.shape[1], state["column"] * G.shape[0]
    V = (1e-3 * G / -p) ** 2  # p = −eps2 · G / √V, as p starts at 0
    expect("adafactor.factored", {"R": rows[:, 0], "C": columns[0], "V": V})


# --- rates on bowls ---------------------------------------------------------------------------------------------------


def rate(rule: Optimizer, curvature: float, lr: float) -> float:
    """By what factor the distance shrinks at each step in the long run: the largest eigenvalue of a step's Jacobian."""

    def step(z: Any) -> Any:
        x, state = z[0], {name: z[i] for i, name in enumerate(rule.init(0.0), start=1)}
        x, state = rule.step(x, ds.grad(lambda x: 0.5 * curvature * x**2)(x), state, 2, lr)
        return np.stack([x, *state.values()])

    jacobian = ds.jacobian(step, mode="forward")(np.zeros(1 + len(rule.init(0.0))))
    return float(np.abs(np.linalg.eigvals(jacobian)).max())


@pytest.mark.parametrize(
    "id", ["nesterov.l0.01_1", "nesterov.l0.2_4", "nesterov.l1_100", "nesterov_std.l0.2_4", "nesterov_std.l1_10"]
)
def test_the_rate_of_nesterov(expect: Expect, id: str) -> None:
    given = expect.inputs(id)
    rule = nesterov(given["alpha"], beta=given["beta"])
    curvatures = np.linspace(given["l1"], given["ln"], 101)
    measured = max(rate(rule, float(curvature), given["alpha"]) for curvature in curvatures)
    root = math.sqrt(given["ln"] / given["l1"])
    promised = 1 - 1 / root if id.startswith("nesterov_std") else 1 - 2 / math.sqrt(3 * root**2 + 1)
    expect(id, {"rate": promised, "measured": measured})


def test_how_sharp_a_minimum_may_be(expect: Expect) -> None:
    """The largest curvature times rate at which each rule still converges, found by bisection."""
    beta = expect.inputs("eos.adam38")["beta"]
    rules = {
        "gd": gradient_descent(1.0),
        "hb": momentum(1.0, beta=beta),
        "ema": momentum(1.0, beta=beta, dampening=beta),
        "nesterov": nesterov(1.0, beta=beta),
    }
    limits = {}
    for name, rule in rules.items():
        low, high = 0.1, 100.0
        while high - low > 1e-9 * high:
            middle = (low + high) / 2
            low, high = (middle, high) if rate(rule, 1.0, middle) < 1 else (low, middle)
        limits[name] = low
    expect("eos.adam38", limits)


# --- schedules --------------------------------------------------------------------------------------------------------


def test_a_warm_up_and_then_a_cosine(expect: Expect) -> None:
    given = expect.inputs("schedule.cosine_warmup")
    W, T = given["W"], given["T"]
    both = schedules.chain(schedules.warm_up(1.0, W), schedules.cosine(1.0, T - W), at=W)
    expect("schedule.cosine_warmup", {t: both(t + 1) for t in (0, 4, 9, 10, 32, 55, 77, 100)})


def test_the_schedule_of_the_transformer(expect: Expect) -> None:
    given = expect.inputs("schedule.noam")
    one = schedules.noam(given["d"], warm_up=given["W"])
    expect("schedule.noam", {t: one(t) for t in (1, 1000, 4000, 16000, 100000)})


def test_four_schedules_at_one_step(expect: Expect) -> None:
    given = expect.inputs("schedule.misc")
    four = {
        "step": schedules.step(1.0, every=30, factor=0.1),
        "exp": schedules.exponential(1.0, factor=0.95),
        "inv": schedules.inverse_time(1.0, decay=0.1),
        "poly": schedules.polynomial(1.0, steps=given["T"], power=0.9),
    }
    expect("schedule.misc", {name: one(given["t"] + 1) for name, one in four.items()})


# --- methods ----------------------------------------------------------------------------------------------------------


def rosenbrock(p: Any) -> Any:
    return 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2


def methodical(rule: Method, f: Any, start: Any, steps: int) -> list[Any]:
    slope, curvature = ds.value_and_grad(f), ds.hessian(f)
    p, state, path = start, rule.init(start), [start]
    for t in range(1, steps + 1):
        p, state, _ = rule.step(slope, p, state, t, hessian=curvature)
        path.append(p)
    return path


def test_lbfgs_in_the_valley_of_rosenbrock(expect: Expect) -> None:
    start = np.array(expect.inputs("torch.lbfgs.rosen")["x0"], float)
    expect("torch.lbfgs.rosen", methodical(lbfgs(), rosenbrock, start, 45)[-1])


def test_newtons_own_steps_in_the_valley_of_rosenbrock(expect: Expect) -> None:
    path = methodical(newton(pure=True), rosenbrock, np.array([-1.2, 1.0]), 4)
    expect("newton.rosenbrock", [rosenbrock(p) for p in path])


def test_newton_may_climb_and_half_its_step_does_not(expect: Expect) -> None:
    given = expect.inputs("d2l.newton.xcos")
    f = lambda x: np.sum(x * np.cos(0.15 * np.pi * x))  # noqa: E731 -- a user's formula
    ends = {}
    for name, lr in (("full", 1.0), ("half", 0.5)):
        ends[name] = methodical(newton(lr, pure=True), f, np.array([float(given["x0"])]), given["steps"])[-1][0]
    expect("d2l.newton.xcos", ends)
