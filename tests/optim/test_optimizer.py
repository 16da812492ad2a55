"""What holds for every optimizer in the table: pure, restartable, traceable, of its parameters' type."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from downslope import optim
from downslope.autodiff import trace, value_and_grad
from downslope.errors import DownslopeError, SettingError, ShapeError
from downslope.optim import _stub
from downslope.optim.optimizer import optimizer

WRONG: Any = optim  # to call with what the type checker would refuse

ENTRIES = {name: optim.by_name(name, lr=0.1) for name in sorted(optim.OPTIMIZERS)}
AROUND = [
    optim.clip_by_norm(optim.adam(0.1), max_norm=0.5),
    optim.clip_by_norm(optim.muon(0.1), max_norm=0.5),
    optim.clip_by_value(optim.lion(0.1), limit=0.5),
    optim.accumulate(optim.momentum(0.1), steps=2),
    optim.accumulate(optim.clip_by_norm(optim.shampoo(0.1), max_norm=0.5), steps=2),
    optim.ema(optim.accumulate(optim.adam(0.1), steps=2), decay=0.9),
]
RULES = {**ENTRIES, **{str(rule): rule for rule in AROUND}}
NAMES = list(RULES)
TABLES = {**optim.OPTIMIZERS, **optim.WRAPPERS, **optim.METHODS}


def make(name: str) -> optim.Optimizer:
    return RULES[name]


def problem(dtype: Any = np.float64) -> tuple[Any, list[Any]]:
    """Nested parameters and the gradients of six steps."""
    rng = np.random.default_rng(0)

    def like() -> Any:
        return {
            "dense1": {"w": rng.normal(size=(3, 2)).astype(dtype), "b": rng.normal(size=2).astype(dtype)},
            "rest": [np.asarray(rng.normal(), dtype), (rng.normal(size=(2, 2, 3)).astype(dtype),)],
        }

    return like(), [like() for _ in range(6)]


def run(rule: optim.Optimizer, params: Any, grads: list[Any], state: Any = None, t: int = 1) -> tuple[Any, Any]:
    state = rule.init(params) if state is None else state
    for g in grads:
        params, state = rule.step(params, g, state, t)
        t += 1
    return params, state


def leaves(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in leaves(tree[key])]
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, list | tuple) else [tree]


def assert_equal(a: Any, b: Any) -> None:
    assert len(leaves(a)) == len(leaves(b))
    for x, y in zip(leaves(a), leaves(b), strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_changes_nothing_that_it_is_given(name: str) -> None:
    rule, (params, grads) = make(name), problem()
    params, state = run(rule, params, grads[:2])
    before = copy.deepcopy((params, grads, state))
    first = rule.step(params, grads[2], state, 3)
    assert_equal((params, grads, state), before)
    assert_equal(rule.step(params, grads[2], state, 3), first)


@pytest.mark.parametrize("name", NAMES)
def test_the_state_has_a_tree_like_the_parameters_for_each_name(name: str) -> None:
    """With arrays of the parameters' shapes where the rule is elementwise, so that it can be one flat vector too."""
    rule, (params, grads) = make(name), problem()
    start = rule.init(params)
    _, state = run(rule, params, grads)
    assert list(start) == list(state)
    for part in (*start.values(), *state.values()):
        assert list(part) == ["dense1", "rest"]
        assert isinstance(part["rest"], list)
        assert isinstance(part["rest"][1], tuple)
        assert len(leaves(part)) == len(leaves(params))
        if rule.elementwise:
            assert [np.shape(x) for x in leaves(part)] == [np.shape(x) for x in leaves(params)]
    assert [np.shape(x) for x in leaves(start)] == [np.shape(x) for x in leaves(state)]


@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_is_stopped_written_down_and_restored_goes_on_as_if_it_never_stopped(name: str) -> None:
    rule, (params, grads) = make(name), problem()
    straight = run(rule, params, grads)
    halfway = run(rule, params, grads[:3])
    restored = copy.deepcopy(halfway)
    for leaf, text in zip(leaves(restored), json.loads(json.dumps([x.tolist() for x in leaves(halfway)])), strict=True):
        if np.ndim(leaf):  # a scalar of NumPy cannot be written to
            leaf[...] = np.reshape(text, leaf.shape)
    assert_equal(run(rule, restored[0], grads[3:], restored[1], t=4), straight)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("t", [1, np.int64(3)])
@pytest.mark.parametrize("lr", [None, 0.1, np.float64(0.1)])
def test_float32_stays_float32(name: str, t: int, lr: float | None) -> None:
    rule, (params, grads) = make(name), problem(np.float32)
    after = rule.step(params, grads[0], rule.init(params), t, lr)
    assert {np.asarray(x).dtype for x in leaves(after)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_traced_step_is_the_same_step(name: str, dtype: Any) -> None:
    rule, (params, grads) = make(name), problem(dtype)
    params, state = run(rule, params, grads[:2])
    graph = trace(rule.step, params, grads[2], state, 3, 0.1)
    expected = rule.step(params, grads[2], state, 3, 0.1)
    found = graph(params, grads[2], state, 3, 0.1)
    for x, y in zip(leaves(found), leaves(expected), strict=True):
        assert np.asarray(x).dtype == dtype
        rounding = 4 * float(np.finfo(dtype).eps)
        np.testing.assert_allclose(x, y, rtol=rounding, atol=rounding)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_can_be_traced_together_with_the_gradient_that_it_takes(name: str) -> None:
    """Loss, gradient and update of one flat float32 vector (of its parts, where shapes matter) as one program."""
    rule, (params, _) = make(name), problem(np.float32)

    def loss(params: Any) -> Any:
        return sum(np.sum((x - 1.5) ** 2) for x in leaves(params))

    def flat(params: Any) -> Any:
        return np.concatenate([np.ravel(x) for x in leaves(params)])

    p = flat(params) if rule.elementwise else params

    def step(p: Any, state: Any, t: Any, lr: Any) -> Any:
        value, g = value_and_grad(loss)(p)
        return value, *rule.step(p, g, state, t, lr)

    state = rule.init(p)
    program = trace(step, p, state, 1, 0.1)
    for t in (1, 2, 3):
        expected, found = step(p, state, t, 0.1), program(p, state, t, 0.1)
        for x, y in zip(leaves(found), leaves(expected), strict=True):
            assert np.asarray(x).dtype == np.float32
            np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-6)
        _, p, state = found


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_finds_the_minimum_of_a_bowl_at_some_rate(name: str) -> None:
    """At one at least of the rates from a thousandth to a thousand, falling to 0, the loss becomes a thousandth."""
    rule, start = make(name), {"w": np.array([[1.0, -0.5], [0.25, 2.0]]), "b": np.array([1.0, -1.0])}
    curvature = {"w": np.array([[1.0, 2.0], [3.0, 1.5]]), "b": np.array([1.0, 4.0])}

    def loss(p: Any) -> float:
        return sum(float(np.sum(curvature[key] * p[key] ** 2)) for key in p)

    def end(lr: float) -> float:
        p, state, slope = start, rule.init(start), optim.schedules.cosine(lr, steps=240)
        for t in range(1, 241):
            grads = {key: 2 * curvature[key] * p[key] for key in p}
            p, state = rule.step(p, grads, state, t, slope(t))
            if not loss(p) < 1e6:
                return np.inf
        return loss(rule.for_evaluation(p, state))

    assert any(end(10.0**k) < 1e-3 * loss(start) for k in (-0.5, -1, 0, -1.5, 0.5, -2, 1, 2, 3, -3))


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_that_is_called_elementwise_may_see_all_parameters_as_one_vector(name: str) -> None:
    rule, (params, grads) = make(name), problem()

    def flat(tree: Any) -> Any:
        return np.concatenate([np.ravel(x) for x in leaves(tree)])

    nested = run(rule, params, grads)
    one = run(rule, flat(params), [flat(g) for g in grads])
    if rule.elementwise:
        # not bit by bit: a sum over one vector is rounded in another order than the sum of sums
        np.testing.assert_allclose(flat(nested[0]), one[0], rtol=1e-13)
        for name_of_state in nested[1]:
            np.testing.assert_allclose(flat(nested[1][name_of_state]), one[1][name_of_state], rtol=1e-13)
    else:
        assert not np.allclose(flat(nested[0]), one[0], rtol=1e-6), "it could say that it is elementwise"


@pytest.mark.parametrize("name", NAMES)
def test_only_a_rule_that_says_so_looks_across_arrays(name: str) -> None:
    rule, (params, grads) = make(name), problem()
    grads = grads[:1] * 50  # steady and many, until Prodigy has something to tell from
    after = run(rule, params, grads)[0]
    louder = [{**g, "rest": [100 * g["rest"][0], (100 * g["rest"][1][0],)]} for g in grads]
    same = all(
        np.array_equal(x, y)
        for x, y in zip(leaves(after["dense1"]), leaves(run(rule, params, louder)[0]["dense1"]), strict=True)
    )
    assert same is not rule.across


@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_in_the_number_where_it_arose(name: str) -> None:
    """And no rule drops it, nor goes on with half a gradient: where all numbers act together, all become NaN."""
    rule = make(name)
    p, _ = run(rule, np.ones(3), [np.array([1.0, np.nan, 1.0])] + [np.ones(3)] * 5)
    assert np.isnan(p).tolist() in ([False, True, False], [True] * 3)
    assert not (np.isnan(p).all() and rule.elementwise and not rule.across)


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_an_optimizer_makes_it_again(name: str) -> None:
    rule = make(name)
    for again in (optim.from_text(str(rule)), eval(str(rule), dict(TABLES))):  # eval: only here, on a text of our own
        assert again == rule
        assert hash(again) == hash(rule)
        assert again != dataclasses.replace(rule, lr=0.2)
    assert optim.from_text(str(dataclasses.replace(rule, lr=0.2))) == dataclasses.replace(rule, lr=0.2)
    if rule.inner is None:
        assert optim.by_name(rule.name, lr=rule.lr, **rule.settings) == rule


def test_the_text_shows_every_setting() -> None:
    assert str(optim.adam(1e-3)) == "adam(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-08)"
    assert repr(WRONG.sgd(np.float32(0.5))) == "gradient_descent(lr=0.5)"


@pytest.mark.parametrize("name", ENTRIES)
def test_the_rate_may_be_a_schedule(name: str) -> None:
    falling = optim.schedules.exponential(0.1, factor=0.5)
    rule, (params, grads) = dataclasses.replace(make(name), lr=falling), problem()
    assert [rule.rate(t) for t in (1, 2, 3)] == [0.1, 0.05, 0.025]
    assert [make(name).rate(t) for t in (1, 2)] == [0.1, 0.1]
    p, state = params, rule.init(params)
    for t, g in enumerate(grads[:3], start=1):
        p, state = rule.step(p, g, state, t, falling(t))
    assert_equal(run(rule, params, grads[:3])[0], p)
    assert optim.by_name(name, lr=falling) == rule
    assert optim.from_text(str(rule)) == rule


def test_the_rate_of_one_step_may_be_another() -> None:
    p, _ = optim.gradient_descent(0.1).step(1.0, 2.0, {}, 1, lr=0.25)
    assert p == 0.5
    assert dataclasses.replace(optim.gradient_descent(0.1), lr=0.25).step(1.0, 2.0, {}, 1)[0] == 0.5


def test_no_parameters_need_no_state() -> None:
    rule = optim.adam()
    assert rule.init({}) == {}
    assert rule.step({}, {}, {}, 1) == ({}, {})


# --- the table --------------------------------------------------------------------------------------------------------


def test_a_function_becomes_an_entry_by_its_decorator_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for table in ("tiny", "sign_descent"):
        monkeypatch.setitem(optim.OPTIMIZERS, table, optim.sgd)
        monkeypatch.delitem(optim.OPTIMIZERS, table)

    @optimizer("tiny")
    def sign_descent(lr: float) -> optim.Optimizer:
        return optim.Optimizer("sign_descent", lr, {}, lambda p: {}, lambda g, s, p, t, lr: (p - lr * np.sign(g), {}))

    assert optim.by_name("tiny", lr=0.5).step(1.0, -3.0, {}, 1)[0] == 1.5
    assert optim.by_name("sign_descent", lr=0.5).name == "sign_descent"
    optimizer("tiny")(sign_descent)  # a cell that runs a second time

    def adam() -> optim.Optimizer:
        return optim.adam()

    with pytest.raises(SettingError, match="there is an optimizer called 'adam' already") as error:
        optimizer()(adam)
    assert error.value.code == "name-taken"


def test_editors_know_every_entry() -> None:
    assert _stub.PATH.read_text(encoding="utf-8") == _stub.text(), "run python -m downslope.optim._stub"
    for name, function in TABLES.items():
        assert getattr(optim, name) is function
        assert name in optim.__all__


def test_an_entry_needs_its_file_alone_also_for_the_type_checker() -> None:
    """The stub answers for names that it does not list: `optim.newest(0.1)` is no error before it is written again."""
    stub = ast.parse(_stub.PATH.read_text(encoding="utf-8"))
    assert [node.name for node in stub.body if isinstance(node, ast.FunctionDef)] == ["__getattr__"]


@pytest.mark.parametrize("name", TABLES)
def test_every_docstring_gives_formula_source_differences_and_a_run(name: str) -> None:
    text = inspect.getdoc(TABLES[name]) or ""
    assert "←" in text.splitlines()[0] or " = " in text.splitlines()[0]
    words = " ".join(text.split())
    for part in ("Source: ", "Differs from PyTorch", "Errors: ", ">>> rule = "):
        assert part in words
    for setting in inspect.signature(TABLES[name]).parameters:
        assert setting in words
    for decay in {"weight_decay", "decoupled_weight_decay"} & set(inspect.signature(TABLES[name]).parameters):
        assert "coupled (L2)" in words or "decoupled" in words, decay


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [float("nan"), "much", -1])
@pytest.mark.parametrize("name", TABLES)
def test_no_setting_of_any_entry_takes_what_has_no_meaning(name: str, wrong: Any) -> None:
    """NaN, a text and a number below 0: each is refused with its value, not carried on until something is NaN."""
    signature = inspect.signature(TABLES[name]).parameters
    needed = {"optimizer": optim.sgd(0.1), "lr": 0.1, "max_norm": 1.0, "limit": 1.0, "steps": 2}
    sound = {key: value for key, value in needed.items() if key in signature}
    TABLES[name](**sound)
    for setting in signature:
        with pytest.raises(SettingError) as error:
            TABLES[name](**{**sound, setting: wrong})
        assert error.value.code in ("optimizer-rate", "optimizer-setting", "optimizer-inner")
        assert repr(wrong) in str(error.value)
        assert len(str(error.value).splitlines()) == 4


W = {"w": np.ones(2), "b": np.ones(1)}
ADAM = optim.adam()
STATE = ADAM.init(W)


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (lambda: optim.adam(-0.001), "optimizer-rate", "the learning rate is -0.001"),
        (lambda: optim.sgd(0), "optimizer-rate", "gradient_descent(lr=0)"),
        (lambda: optim.momentum(float("nan")), "optimizer-rate", "the learning rate is nan"),
        (lambda: optim.momentum(float("inf")), "optimizer-rate", "the learning rate is inf"),
        (lambda: WRONG.adam("0.1"), "optimizer-rate", "the learning rate is '0.1'"),
        (lambda: WRONG.adam(None), "optimizer-rate", "the learning rate is None"),
        (lambda: optim.adam(True), "optimizer-rate", "the learning rate is True"),
        (lambda: WRONG.adam([0.1]), "optimizer-rate", "the learning rate is [0.1]"),
        (lambda: WRONG.adam(1j), "optimizer-rate", "the learning rate is 1j"),
        (lambda: optim.momentum(0.1, beta=1), "optimizer-setting", "beta is 1"),
        (lambda: optim.momentum(0.1, beta=-0.1), "optimizer-setting", "momentum(beta=-0.1)"),
        (lambda: optim.adam(beta1=float("nan")), "optimizer-setting", "beta1 is nan"),
        (lambda: optim.adam(beta2=1.5), "optimizer-setting", "beta2 is 1.5"),
        (lambda: optim.adam(eps=0), "optimizer-setting", "eps is 0"),
        (lambda: optim.adam(eps=float("inf")), "optimizer-setting", "eps is inf"),
        (lambda: optim.by_name("adm"), "unknown-name", "Did you mean 'adam'?"),
        (lambda: optim.by_name("adam", beta=0.9), "optimizer-setting", "Known: beta1, beta2, eps, lr, weight_decay."),
        (lambda: optim.by_name("sgd"), "optimizer-setting", "sgd needs lr"),
        (lambda: ADAM.step(W, {"w": np.ones(2)}, STATE, 1), "optimizer-tree", "grads lacks 'b'"),
        (lambda: ADAM.step(W, {**W, "c": 1.0}, STATE, 1), "optimizer-tree", "grads has also 'c'"),
        (lambda: ADAM.step(W, W, {"m": W, "v": {}}, 1), "optimizer-tree", "state['v'] lacks 'w' and 1 more"),
        (lambda: ADAM.step([1.0], (1.0,), {}, 1), "optimizer-tree", "nested in other containers"),
        (lambda: ADAM.step(W, W, {"m": W}, 1), "optimizer-state", "the state has 'm', and 'v' is needed"),
        (lambda: ADAM.step(W, W, {}, 1), "optimizer-state", "the state has no names"),
        (lambda: ADAM.step(W, W, STATE, 0), "optimizer-step", "step 0 is asked for"),
        (lambda: ADAM.step(W, {"w": np.ones(2), "b": 1.0}, STATE, 1), "optimizer-shape", "b has shape (1,)"),
        (lambda: ADAM.step(np.ones(2), np.ones(3), {}, 1), "optimizer-shape", "its gradient (3,)"),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], code: str, words: str) -> None:
    with pytest.raises(DownslopeError) as error:
        call()
    assert error.value.code == code
    assert isinstance(error.value, ShapeError if code == "optimizer-shape" else SettingError)
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
