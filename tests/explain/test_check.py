"""check_gradients with the search: the right mistake is named, and a right gradient is never called wrong."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.explain.bank import ALL, NETS, Case, Made, Plain, Residual, Shares, Unrolled, cases

import downslope as ds
from downslope.autodiff import check
from downslope.autodiff.verdict import GradientCheck
from downslope.errors import ShapeError
from downslope.explain import Diagnosis, check_gradients

Functions = Callable[..., Any]


# --- the bank is right where nothing is wrong -------------------------------------------------------------------------


@pytest.mark.parametrize("place", NETS)
def test_a_backward_pass_of_the_bank_without_a_switch_is_right(place: str) -> None:
    made = Made(NETS[place], 3)
    assert check_gradients(made.loss, made.params, made.x, made.y, mine=made.gradient(), directions=2)


@pytest.mark.parametrize("made", [Residual(1), Unrolled(1)])
def test_so_are_those_of_forks(made: Any) -> None:
    assert check_gradients(made.loss, made.params, made.x, made.y, mine=made.gradient())


def test_and_those_of_plain_functions() -> None:
    shares, plain = Shares(1), Plain(1)
    assert check_gradients(shares.loss, shares.w, shares.x, shares.y, mine=shares.gradient())
    assert check_gradients(plain.loss, plain.v, mine=plain.gradient())


# --- the right mistake ------------------------------------------------------------------------------------------------


def found_at(case: Case) -> int | None:
    """At which place of the list the mistake that was made stands, None if it is not there."""
    found = check_gradients(case.f, *case.args, mine=case.mine, directions=1, **case.more)
    wanted = sorted(case.mistakes)
    return next((n for n, s in enumerate(found.suspects) if sorted(s.mistakes) == wanted), None)


def shares_found(some: list[Case]) -> tuple[float, float, list[str]]:
    with pytest.MonkeyPatch.context() as patch:
        # That it is wrong, a direction and two elements tell too; how the search begins is the same.
        patch.setattr(check, "ELEMENTS", 2)
        places = [(case.name, found_at(case)) for case in some]
    first = sum(n == 0 for _, n in places) / len(places)
    three = sum(n is not None and n < 3 for _, n in places) / len(places)
    return first, three, [f"{name}: {n}" for name, n in places if n != 0]


def is_in_the_sample(number: int) -> bool:
    """Each switch in a network or two."""
    return number % 14 == 4


def test_the_right_mistake_is_listed_first() -> None:
    """A sample of the bank. All others are in the slow test below."""
    first, three, missed = shares_found([case for n, case in enumerate(cases()) if is_in_the_sample(n)])
    assert first >= 0.95, missed
    assert three >= 0.99, missed


@pytest.mark.slow
def test_in_the_whole_bank_it_is_first_in_95_of_100_and_among_three_in_99() -> None:
    others = [case for n, case in enumerate(cases()) if not is_in_the_sample(n)]
    assert len(others) >= 300
    first, three, missed = shares_found(others)
    assert first >= 0.95, missed
    assert three >= 0.99, missed


# --- a right gradient is never called wrong ---------------------------------------------------------------------------


def right_ones(numbers: range) -> list[tuple[str, Functions, tuple[Any, ...], Any]]:
    """Right gradients at awkward points: float32, z at exactly 0, ties in a maximum."""
    found: list[tuple[str, Functions, tuple[Any, ...], Any]] = []
    for n in numbers:
        place = ALL[n % len(ALL)]
        kind = ("float32", "kink", "tie")[n // len(ALL) % 3]
        made = Made(NETS[place], 5000 + n)
        args: tuple[Any, ...] = (made.params, made.x, made.y)
        if kind == "kink":
            if made.net.norm:  # a bias before a norm moves nothing: there the shift brings z to 0
                made.params["scale1"][:] = 0.0
                made.params["shift1"][:2] = 0.0
            else:
                made.params["w1"][:, :2] = 0.0
                made.params["b1"][:2] = 0.0
        if kind == "tie":
            rng = np.random.default_rng(n)
            w, x = np.round(rng.normal(size=(4, 3))), np.round(rng.normal(size=(5, 4)))
            found.append((f"tie {n}", tie, (w, x), tie_gradient(w, x)))
            continue
        mine = made.gradient()
        if kind == "float32":
            args = tuple(_narrow(a) for a in args)
            mine = {k: g.astype(np.float32) for k, g in mine.items()}
        found.append((f"{kind} {place} {n}", made.loss, args, mine))
    return found


def _narrow(arg: Any) -> Any:
    return {k: v.astype(np.float32) for k, v in arg.items()} if isinstance(arg, dict) else arg.astype(np.float32)


def tie(w: Any, x: Any) -> Any:
    """The largest of three scores, where whole numbers make several equal."""
    return np.mean(np.max(x @ w, axis=1))


def tie_gradient(w: Any, x: Any) -> Any:
    """The first of the largest takes all, as torch.max(dim) has it."""
    z = x @ w
    return x.T @ (np.eye(z.shape[1])[np.argmax(z, axis=1)] / len(x))


@pytest.mark.parametrize("written", ["maximum", "where", "product", "abs"])
@pytest.mark.parametrize("at_zero", [0.0, 0.5, 1.0])
def test_where_many_examples_sit_on_a_kink_every_usual_choice_is_right(written: str, at_zero: float) -> None:
    """z = 0 for all examples of a unit: its gradient need not lie between the slopes of both sides."""
    rng = np.random.default_rng(2)
    w, x, g = rng.normal(size=(4, 3)), rng.normal(size=(9, 4)), rng.normal(size=(9, 3))
    w[:, 1] = 0
    ways: dict[str, Functions] = {
        "maximum": lambda z: np.maximum(z, 0),
        "where": lambda z: np.where(z > 0, z, 0),
        "product": lambda z: z * (z >= 0),
        "abs": lambda z: (z + np.abs(z)) / 2,
    }
    relu = ways[written]
    if at_zero == 0.5 and written in ("where", "product"):
        return  # the code itself says 0 or 1
    z = x @ w
    mine = x.T @ (g * np.where(z == 0, at_zero, z > 0))
    found = check_gradients(lambda w: np.sum(g * relu(x @ w)), w, mine=mine)
    assert found.verdict == "kink", found
    assert check_gradients(lambda w: np.sum(g * relu(x @ w)), w, mine=-mine).verdict == "wrong"


def false_alarms(numbers: range) -> list[str]:
    return [
        f"{name}: {found}"
        for name, f, args, mine in right_ones(numbers)
        if (found := check_gradients(f, *args, mine=mine, directions=2)).verdict == "wrong"
    ]


def test_right_gradients_in_float32_at_kinks_and_ties_are_not_called_wrong() -> None:
    assert not false_alarms(range(42))


@pytest.mark.slow
def test_neither_are_three_hundred_of_them() -> None:
    assert not false_alarms(range(42, 300))


# --- what a user may give ---------------------------------------------------------------------------------------------


def case(place: str = "tanh classes", wrong: str = "", at: int = 0) -> tuple[Made, Any]:
    made = Made(NETS[place], 11)
    return made, made.gradient({wrong} if wrong else frozenset(), at)  # type: ignore[arg-type]


def test_a_diagnosis_offers_what_a_gradient_check_offers() -> None:
    made, mine = case(wrong="sign")
    found = check_gradients(made.loss, made.params, made.x, made.y, mine=mine)
    assert isinstance(found, GradientCheck)
    assert not found
    assert found.verdict == "wrong"
    assert found.worst is not None
    assert found.worst.ratio == pytest.approx(-1)
    right = check_gradients(made.loss, made.params, made.x, made.y)
    assert isinstance(right, Diagnosis)
    assert right
    assert not right.suspects
    assert not right.patterns
    assert ds.check_gradients is check_gradients


def test_some_parameters_are_enough_by_name_or_nested() -> None:
    made, mine = case(wrong="transposed", at=1)
    args = (made.params, made.x, made.y)
    found = check_gradients(made.loss, *args, mine={"w1": mine["w1"]})
    assert found.mistakes == ("transposed",)
    assert found.wrong == ("w1",)
    assert check_gradients(made.loss, *args, mine={"b2": mine["b2"]})
    net = ds.nn.mlp([4, 5, 3], hidden="tanh")
    params, x, y = net.init(0, dtype=np.float64), np.linspace(-1, 1, 24).reshape(6, 4), np.array([0, 1, 2, 0, 1, 2])
    loss = lambda p, x, y: ds.nn.softmax_cross_entropy(net(p, x), y)  # noqa: E731
    right = ds.grad(loss)(params, x, y)
    nested = check_gradients(loss, params, x, y, mine={"dense1": {"w": -right["dense1"]["w"]}})
    named = check_gradients(loss, params, x, y, mine={"dense1.w": -right["dense1"]["w"]})
    assert nested.mistakes == named.mistakes == ("sign",)
    assert nested.suspects[0].slips[0].parameters == ("dense1.w",)


def test_a_function_may_give_them_and_may_spoil_its_arguments() -> None:
    made, _ = case(wrong="sign")

    def mine(params: Any, x: Any, y: Any) -> Any:
        x *= 0
        return {"b2": -made.gradient()["b2"]}

    before = made.x.copy()
    assert check_gradients(made.loss, made.params, made.x, made.y, mine=mine).mistakes == ("sign",)
    np.testing.assert_array_equal(made.x, before)


def test_data_that_a_function_closes_over_are_data_too() -> None:
    made, mine = case("relu classes", wrong="wrong-targets")
    found = check_gradients(lambda params: made.loss(params, made.x, made.y), made.params, mine=mine)
    assert found.mistakes == ("wrong-targets",)


@pytest.mark.parametrize("place", ["tanh classes", "relu deep", "sigmoid numbers", "tanh norm", "tanh penalty"])
@pytest.mark.parametrize("wrong", ["sign", "not-averaged", "halved", "wrong-targets", "transposed"])
def test_float32_is_searched_too(place: str, wrong: str) -> None:
    made, mine = case(place, wrong)
    args = tuple(_narrow(a) for a in (made.params, made.x, made.y))
    found = check_gradients(made.loss, *args, mine={k: g.astype(np.float32) for k, g in mine.items()})
    assert found.mistakes == (wrong,)


def test_the_rate_of_an_update_that_came_too_early_is_found() -> None:
    made, mine = case("tanh deep numbers")
    mine = made.gradient({"new-weights"}, lr=0.125)
    for lr in (None, 0.125):
        found = check_gradients(made.loss, made.params, made.x, made.y, mine=mine, lr=lr)
        assert found.mistakes == ("new-weights",)
        assert "lr = 0.125" in found.suspects[0].slips[0].sentence


def test_several_mistakes_that_each_explain_one_gradient_are_listed_together() -> None:
    made, mine = case()
    mine |= {"w1": -mine["w1"], "b1": 2 * mine["b1"], "w2": mine["w2"].T}
    found = check_gradients(made.loss, made.params, made.x, made.y, mine=mine)
    assert sorted(found.mistakes) == ["doubled", "sign", "transposed"]
    assert {slip.mistake: slip.parameters for slip in found.suspects[0].slips} == {
        "sign": ("w1",),
        "doubled": ("b1",),
        "transposed": ("w2",),
    }


def test_of_several_that_fit_the_fewest_and_commonest_come_first() -> None:
    x = np.array([0.3, -0.8])
    found = check_gradients(lambda x: np.mean(x**2), x, mine=2 * x)  # a factor 2: of the square, or 1/n with n = 2
    assert found.mistakes == ("not-averaged",)
    assert {s.mistakes for s in found.suspects} >= {("not-averaged",), ("doubled",)}
    assert "2 explanations fit" in str(found) or len(found.suspects) > 2


def torch_like(params: Any, x: Any, y: Any) -> Any:
    """Weights (n_out, n_in), as in PyTorch; half of the summed squares, divided by the examples."""
    (u, b), (v, c) = params
    h = 1 / (1 + np.exp(-(x @ u.T + b)))
    z = h @ v.T + c
    return 0.5 * np.sum((z - y) ** 2) / len(x)


@pytest.mark.parametrize(
    ("wrong", "id"),
    [
        ("not divided", "not-averaged"),
        ("y - z", "sign"),
        ("u turned", "transposed"),
        ("v turned", "transpose-missing"),
        ("new v", "new-weights"),
        ("no slope", "derivative-forgotten"),
        ("slope at h", "derivative-at-activation"),
        ("h", "activation-for-derivative"),
    ],
)
def test_weights_that_are_transposed_in_the_forward_pass_are_read_as_well(wrong: str, id: str) -> None:
    rng = np.random.default_rng(8)
    params = [(rng.normal(size=(5, 5)), rng.normal(size=5)), (rng.normal(size=(5, 5)), rng.normal(size=5))]
    x, y = rng.normal(size=(7, 5)), rng.normal(size=(7, 5))
    (u, b), (v, c) = params
    h = 1 / (1 + np.exp(-(x @ u.T + b)))
    g = (h @ v.T + c - y) / (1 if wrong == "not divided" else 7) * (-1 if wrong == "y - z" else 1)
    dv = g.T @ h
    at_h = 1 / (1 + np.exp(-h))
    slope: Any = {"no slope": 1.0, "slope at h": at_h * (1 - at_h), "h": h}.get(wrong, h * (1 - h))
    g_z = g @ (v - 0.1 * dv if wrong == "new v" else v.T if wrong == "v turned" else v) * slope
    du = g_z.T @ x
    mine = [(du.T if wrong == "u turned" else du, g_z.sum(axis=0)), (dv, g.sum(axis=0))]
    found = check_gradients(torch_like, params, x, y, mine=mine)
    assert found.mistakes == (id,)
    if wrong == "v turned":
        assert "is computed with v.T and not with v" in str(found) or "params.1.0.T and not with params.1.0" in str(
            found
        )


# --- shapes -----------------------------------------------------------------------------------------------------------


def test_a_wrong_shape_is_a_mistake_to_be_found() -> None:
    made, mine = case(wrong="not-summed", at=1)
    found = check_gradients(made.loss, made.params, made.x, made.y, mine=mine)
    assert found.mistakes == ("not-summed",)
    assert str(found).startswith("wrong: the gradient of b1 has shape (7, 6), not (6,)")


def test_a_shape_that_no_mistake_explains_is_an_error_that_names_it() -> None:
    made, mine = case()
    with pytest.raises(ShapeError, match=r"the gradient of b1 has shape \(2, 2\)") as error:
        check_gradients(made.loss, made.params, made.x, made.y, mine=mine | {"b1": np.ones((2, 2))})
    assert error.value.code == "check-shape"


def test_so_is_another_structure() -> None:
    made, mine = case()
    with pytest.raises(ShapeError) as error:
        check_gradients(made.loss, made.params, made.x, made.y, mine={"nobody": mine["w1"]})
    assert error.value.code == "check-structure"


# --- the text ---------------------------------------------------------------------------------------------------------


def test_the_text_names_parameter_mistake_chain_rule_line_and_match() -> None:
    def loss(w: Any, x: Any, y: Any) -> Any:
        z = x @ w
        h = np.tanh(z)
        return np.mean((h - y) ** 2)

    w, x, y = np.array([0.4, -0.3]), np.array([[0.5, 1.0], [-0.7, 0.2], [1.1, -0.4]]), np.array([0.1, 0.9, -0.5])
    text = str(check_gradients(loss, w, x, y, mine=2 * x.T @ (np.tanh(x @ w) - y) / 3))
    assert "1. w: the derivative of h is left out" in text
    assert "chain rule: g_z = g_h * (1 - h**2), with h = σ(z)" in text
    assert "test_check.py:" in text
    assert "h = np.tanh(z)" in text
    assert "the numbers agree to" in text


PATTERNS: list[tuple[str, Callable[[Any], Any], str]] = [
    ("a factor", lambda g: 1.7 * g, "a constant factor 1.7"),
    ("one row", lambda g: g + np.eye(4)[:, 3:] * 0.31, "wrong in row 3 only"),
    ("one column", lambda g: g + np.eye(4)[2] * 0.31, "wrong in column 2 only"),
    ("one number", lambda g: g + 0.31 * np.outer(np.eye(4)[1], np.eye(4)[2]), "wrong in row 1 only"),
    ("not finite", lambda g: np.where(g == g.max(), np.nan, g), "1 of 16 numbers are not finite"),
    ("transposed, scaled", lambda g: 1.3 * g.T, "the transpose times 1.3"),
    ("an offset", lambda g: g + 0.123, "a constant 0.123 is added to every number"),
    ("absolute", np.abs, "the sizes are right, the sign is wrong in"),
    ("squared", lambda g: g**2, "the square of what is right"),
    ("upside down", lambda g: g[::-1], "the right numbers in another order"),
    ("rows scaled", lambda g: g * np.array([[1.0], [1.1], [1.2], [1.3]]), "each row has its own factor: 1, 1.1, 1.2,"),
    ("random", lambda g: np.cos(np.arange(16.0).reshape(4, 4) ** 2), "no pattern; its cosine"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "spoil", "said"), PATTERNS, ids=[p[0] for p in PATTERNS])
def test_an_unknown_mistake_is_called_unknown_with_its_pattern(name: str, spoil: Any, said: str) -> None:
    rng = np.random.default_rng(4)
    w, x, y = rng.normal(size=(4, 4)), rng.normal(size=(6, 4)), rng.normal(size=(6, 4))

    def loss(w: Any, x: Any, y: Any) -> Any:
        return np.mean((np.tanh(x @ w) - y) ** 2)

    found = check_gradients(loss, w, x, y, mine=spoil(ds.grad(loss)(w, x, y)))
    assert not found.suspects
    assert found.mistakes == ()
    assert "no known mistake" in str(found)
    assert said in str(found)


@pytest.mark.parametrize("place", ["tanh classes", "relu deep", "tanh penalty", "relu dropout deep"])
def test_random_numbers_are_no_mistake(place: str) -> None:
    """An explanation is evidence: with a random gradient none may fit by chance."""
    made = Made(NETS[place], 31)
    rng = np.random.default_rng(31)
    for name in ("w1", f"b{made.layers}"):
        mine = made.gradient()
        mine[name] = rng.normal(size=mine[name].shape) * np.abs(mine[name]).max()
        assert not check_gradients(made.loss, made.params, made.x, made.y, mine=mine, directions=1).suspects


@pytest.mark.parametrize("c", [0.83, 1.37, -0.21, 5.3, 17.0])
def test_one_number_alone_is_no_evidence_for_a_number_that_was_solved_for(c: float) -> None:
    assert not check_gradients(
        lambda x: np.tanh(x) ** 2, 0.7, mine=c * 2 * math.tanh(0.7) / math.cosh(0.7) ** 2
    ).suspects


def test_it_says_which_gradients_are_right() -> None:
    made, mine = case()
    mine = copy.deepcopy(mine)
    mine["w1"][2] += 0.2
    text = str(check_gradients(made.loss, made.params, made.x, made.y, mine=mine))
    assert "b1, w2 and b2 are right: the mistake lies on the way to w1 alone" in text


def test_a_function_that_cannot_be_traced_is_checked_and_not_searched() -> None:
    found = check_gradients(lambda x: math.exp(x), 0.5, mine=1.0)
    assert found.verdict == "wrong"
    assert "it cannot be traced" in str(found)


@pytest.mark.parametrize("mine", [{"a": 1.0}, lambda w, x: {"a": 1.0}, "text"])
def test_what_is_no_array_at_all_is_another_structure(mine: Any) -> None:
    for w in (np.ones(3), np.float64(2.0)):
        with pytest.raises(ShapeError, match="check-structure"):
            check_gradients(lambda w, x: np.sum((x * w) ** 2), w, np.ones((2, 3)), mine=mine)
