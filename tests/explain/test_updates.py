"""check_update: own optimizer steps, written by hand here, against the rules; each usual mistake is named."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from downslope import optim
from downslope.errors import SettingError, ShapeError
from downslope.explain import check_update
from downslope.explain.update_mistakes import UPDATE_MISTAKES

RNG = np.random.default_rng(7)
PARAMS = {"w": RNG.normal(size=(3, 2)), "b": RNG.normal(size=2)}
GRADS = {"w": RNG.normal(size=(3, 2)), "b": RNG.normal(size=2)}
Mine = Callable[..., Any]


def each(one: Callable[..., Any]) -> Callable[..., Any]:
    """A step of one array as a step of a dict of arrays."""

    def mine(params: Any, grads: Any, state: Any, t: int, lr: float, **wrong: Any) -> Any:
        made = {k: one(params[k], grads[k], None if state is None else state[k], t, lr, **wrong) for k in params}
        return {k: p for k, (p, _) in made.items()}, {k: s for k, (_, s) in made.items()}

    return mine


@each
def adam(
    p: Any, g: Any, s: Any, t: int, lr: float, beta1: float = 0.9, beta2: float = 0.99, eps: float = 1e-3,
    m_corrected: bool = True, v_corrected: bool = True, inside: bool = False, later: int = 0, l2: float = 0.0,
    decay: float = 0.0, plain_decay: float = 0.0, sign: int = 1, root: bool = True, kept: float = 1.0,
) -> Any:  # fmt: skip
    m, v = (0 * p, 0 * p) if s is None else s
    g = g + l2 * p
    m = beta1 * m + ((1 - beta1) if kept else 1) * g
    v = beta2 * v + ((1 - beta2) if kept else 1) * g * g
    t = t + later
    m_hat = m / (1 - beta1**t) if m_corrected else m
    v_hat = v / (1 - beta2**t) if v_corrected else v
    below = v_hat + eps if not root else np.sqrt(v_hat + eps) if inside else np.sqrt(v_hat) + eps
    return p * (1 - lr * decay - plain_decay) - sign * lr * m_hat / below, (m, v)


@each
def momentum(
    p: Any, g: Any, s: Any, t: int, lr: float, beta: float = 0.9, dampening: float = 0.0, first: bool = False,
    inside: bool = False, nesterov: bool = False, old: bool = False, l2: float = 0.0, forget: bool = False,
) -> Any:  # fmt: skip
    g = g + l2 * p
    before = 0 * p if s is None or forget else s
    push = g if t == 1 and not first else (1 - dampening) * g
    if inside:
        v = beta * before + lr * push
        return p - v, v
    v = beta * before + push
    used = before if old else v
    return p - lr * (g + beta * v if nesterov else used), v


@each
def rmsprop(
    p: Any, g: Any, s: Any, t: int, lr: float, rho: float = 0.9, eps: float = 1e-3, inside: bool = False,
    corrected: bool = False, root: bool = True, summed: bool = False, old: bool = False,
) -> Any:  # fmt: skip
    before = 0 * p if s is None else s
    v = before + g * g if summed else rho * before + (1 - rho) * g * g
    used = before if old else v
    used = used / (1 - rho**t) if corrected else used
    return p - lr * g / (used + eps if not root else np.sqrt(used + eps) if inside else np.sqrt(used) + eps), v


ADAM = optim.adam(lr=0.05, beta2=0.99, eps=1e-3)
ADAMW = optim.adamw(lr=0.05, beta2=0.99, eps=1e-3, weight_decay=0.1)
MOMENTUM = optim.momentum(lr=0.05)
NESTEROV = optim.nesterov(lr=0.05)
RMSPROP = optim.rmsprop(lr=0.05, rho=0.9, eps=1e-3)
ADAGRAD = optim.adagrad(lr=0.05, eps=1e-3)

RIGHT: list[tuple[Any, Mine]] = [
    (ADAM, adam),
    (ADAMW, partial(adam, decay=0.1)),
    (optim.adam(lr=0.05, beta2=0.99, eps=1e-3, weight_decay=0.1), partial(adam, l2=0.1)),
    (MOMENTUM, momentum),
    (optim.momentum(lr=0.05, dampening=0.9), partial(momentum, dampening=0.9)),
    (NESTEROV, partial(momentum, nesterov=True)),
    (RMSPROP, rmsprop),
    (ADAGRAD, partial(rmsprop, summed=True)),
    (optim.gradient_descent(lr=0.05), partial(momentum, forget=True)),
]

WRONG: list[tuple[str, Any, Mine]] = [
    ("correction-forgotten", ADAM, partial(adam, m_corrected=False, v_corrected=False)),
    ("correction-m-forgotten", ADAM, partial(adam, m_corrected=False)),
    ("correction-v-forgotten", ADAM, partial(adam, v_corrected=False)),
    ("t-too-large", ADAM, partial(adam, later=1)),
    ("t-too-large", ADAMW, partial(adam, later=1, decay=0.1)),
    ("eps-place", ADAM, partial(adam, inside=True)),
    ("eps-place", ADAMW, partial(adam, inside=True, decay=0.1)),
    ("eps-place", RMSPROP, partial(rmsprop, inside=True)),
    ("eps-place", ADAGRAD, partial(rmsprop, summed=True, inside=True)),
    ("eps-forgotten", ADAM, partial(adam, eps=0.0)),
    ("eps-forgotten", RMSPROP, partial(rmsprop, eps=0.0)),
    ("eps-forgotten", ADAGRAD, partial(rmsprop, summed=True, eps=0.0)),
    ("root-forgotten", ADAM, partial(adam, root=False)),
    ("root-forgotten", RMSPROP, partial(rmsprop, root=False)),
    ("one-minus-beta", ADAM, partial(adam, kept=0.0)),
    ("betas-exchanged", ADAM, partial(adam, beta1=0.99, beta2=0.9)),
    ("uphill", ADAM, partial(adam, sign=-1)),
    ("decay-coupling", ADAMW, partial(adam, l2=0.1)),
    ("decay-coupling", optim.adam(lr=0.05, beta2=0.99, eps=1e-3, weight_decay=0.1), partial(adam, decay=0.1)),
    ("decay-forgotten", ADAMW, adam),
    ("decay-without-lr", ADAMW, partial(adam, plain_decay=0.1)),
    ("dampening", MOMENTUM, partial(momentum, dampening=0.9)),
    ("dampening-first", MOMENTUM, partial(momentum, dampening=0.9, first=True)),
    ("dampening", optim.momentum(lr=0.05, dampening=0.9), momentum),
    ("velocity-forgotten", MOMENTUM, partial(momentum, forget=True)),
    ("old-velocity", MOMENTUM, partial(momentum, old=True)),
    ("nesterov-plain", NESTEROV, momentum),
    ("old-velocity", RMSPROP, partial(rmsprop, old=True)),
    ("correction-added", RMSPROP, partial(rmsprop, corrected=True)),
    ("decay-forgotten", optim.momentum(lr=0.05, weight_decay=0.1), momentum),
]


@pytest.mark.parametrize(("rule", "mine"), RIGHT, ids=[str(rule) for rule, _ in RIGHT])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_right_step_is_right(rule: Any, mine: Mine, dtype: Any) -> None:
    params, grads = ({k: v.astype(dtype) for k, v in tree.items()} for tree in (PARAMS, GRADS))
    found = check_update(rule, params, grads, mine=mine)
    assert found, found
    assert str(found) == "right: the parameters after 4 steps are those of the rule"


@pytest.mark.parametrize(("id", "rule", "mine"), WRONG, ids=[f"{id} in {rule.name}" for id, rule, _ in WRONG])
def test_every_mistake_is_named_first(id: str, rule: Any, mine: Mine) -> None:
    found = check_update(rule, PARAMS, GRADS, mine=mine)
    assert not found
    assert found.mistakes == (id,)
    entry = next(m for m in UPDATE_MISTAKES if m.id == id)
    assert entry.sentence in str(found)
    assert entry.rule in str(found)


@pytest.mark.parametrize(
    ("rule", "mine", "said"),
    [
        (ADAM, partial(adam, eps=1e-5), "eps is 1e-05 and not 0.001."),
        (ADAM, partial(adam, beta2=0.999), "beta2 is 0.999 and not 0.99."),
        (MOMENTUM, partial(momentum, beta=0.95), "beta is 0.95 and not 0.9."),
        (RMSPROP, partial(rmsprop, rho=0.99), "rho is 0.99 and not 0.9."),
    ],
)
def test_another_setting_is_told_from_a_mistake_in_the_formula(rule: Any, mine: Mine, said: str) -> None:
    found = check_update(rule, PARAMS, GRADS, mine=mine)
    assert found.mistakes == ("setting",)
    assert said in str(found)


def test_two_mistakes_are_found_together() -> None:
    found = check_update(ADAM, PARAMS, GRADS, mine=partial(adam, inside=True, m_corrected=False))
    assert sorted(found.mistakes) == ["correction-m-forgotten", "eps-place"]


def test_the_rate_inside_of_the_velocity_shows_when_the_rate_changes() -> None:
    falling: Any = optim.from_text("step(lr=0.1, every=2, factor=0.5)")
    rule = optim.momentum(lr=falling)
    found = check_update(rule, PARAMS, GRADS, mine=partial(momentum, inside=True))
    assert found.mistakes == ("rate-inside",)
    constant = check_update(MOMENTUM, PARAMS, GRADS, mine=partial(momentum, inside=True))
    assert constant  # the same numbers, as long as the rate stays


def test_one_step_from_a_state_of_the_rule_is_enough_for_many() -> None:
    params, state = PARAMS, ADAM.init(PARAMS)
    for t in (1, 2, 3):
        params, state = ADAM.step(params, GRADS, state, t)
    right, _ = ADAM.step(params, GRADS, state, 4)
    assert check_update(ADAM, params, GRADS, state, 4, mine=right)
    late, _ = ADAM.step(params, GRADS, state, 5)
    assert check_update(ADAM, params, GRADS, state, 4, mine=late).mistakes == ("t-too-large",)
    again, _ = ADAM.step(params, GRADS, state, 1)
    assert check_update(ADAM, params, GRADS, state, 4, mine=again).mistakes == ("t-stays",)


def test_counting_from_zero_gives_nan_in_adam_and_is_recognised() -> None:
    with np.errstate(all="ignore"):
        found = check_update(ADAM, PARAMS, GRADS, mine=partial(adam, later=-1))
    assert found.mistakes == ("t-too-small",)


def test_a_rule_without_a_formula_of_its_own_is_still_tried_with_what_needs_no_look_inside() -> None:
    rule = optim.lion(lr=0.01)

    def mine(params: Any, grads: Any, state: Any, t: int, lr: float) -> Any:
        return rule.step(params, grads, rule.init(params) if state is None else state, t, -lr)

    assert check_update(rule, PARAMS, GRADS, mine=mine).mistakes == ("uphill",)


def test_an_unknown_mistake_is_called_unknown() -> None:
    found = check_update(ADAM, PARAMS, GRADS, mine={k: p - 0.3 * GRADS[k] ** 3 for k, p in PARAMS.items()})
    assert not found.suspects
    assert "no known mistake gives these numbers" in str(found)
    scaled = {k: p + 1.7 * (q - p) for (k, p), q in zip(PARAMS.items(), _after(ADAM).values(), strict=True)}
    assert "the first step is 1.7 times the right one" in str(check_update(ADAM, PARAMS, GRADS, mine=scaled))


def _after(rule: Any) -> Any:
    return rule.step(PARAMS, GRADS, rule.init(PARAMS), 1)[0]


def test_what_cannot_be_compared_is_an_error() -> None:
    with pytest.raises(ShapeError) as shape:
        check_update(ADAM, PARAMS, GRADS, mine={"w": PARAMS["w"].T, "b": PARAMS["b"]})
    assert shape.value.code == "update-shape"
    assert "at w" in str(shape.value)
    with pytest.raises(SettingError) as pair:
        check_update(ADAM, PARAMS, GRADS, mine=lambda p, g, s, t, lr: p)
    assert pair.value.code == "update-mine"
