"""Conditions mean what Python means by them at every step, and read no more of a run than they need."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope.errors import SettingError
from downslope.runs.condition import Condition, parse
from downslope.runs.condition_evaluation import Evaluation
from downslope.runs.condition_grammar import MAX_DEPTH

NAMES = ["loss", "lr", "grad_norm", "weight_norm", "accuracy"]
INSTRUMENTS = ["dead_units", "saturation", "grad_norm"]
LAYERS = ["dense1", "dense2", "dense3"]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "conditions.md"
nan, inf = math.nan, math.inf


class Spy:
    """A run of made-up numbers that remembers what it was asked. Step t is at place t - 1 of every list."""

    names, instruments = NAMES, INSTRUMENTS

    def __init__(self, last: int = 150, **scalars: Any) -> None:
        self.last = last
        random = np.random.default_rng(0)
        self.scalars = {name: random.integers(-8, 9, last) / 4 for name in NAMES}
        self.scalars |= {name: np.array(values, float) for name, values in scalars.items()}
        self.layers = random.integers(0, 5, (last, len(LAYERS))) / 4
        self.asked: list[tuple[str, str | None, Mapping[str, Any]]] = []
        self.calls = 0
        self.loaded: list[int] = []  # steps whose scalars were asked for
        self.read: list[int] = []  # steps at which an instrument was read

    def scalar(self, name: str, steps: Any) -> Any:
        self.calls += 1
        self.loaded += steps.tolist()
        return self.scalars[name][self.places(steps)]

    def reading(self, id: str, target: str | None, settings: Mapping[str, Any], steps: Any) -> tuple[Any, list[str]]:
        self.asked.append((id, target, settings))
        self.read += steps.tolist()
        here = self.layers[self.places(steps)]
        if target == "nothing":
            return here[:, :0], []
        if target is not None:
            return here[:, LAYERS.index(target)], [target]
        return here, LAYERS

    def places(self, steps: Any) -> Any:
        assert steps.size, "nothing was asked for"
        assert np.all((steps >= 1) & (steps <= self.last)), "a step that does not exist"
        assert np.all(np.diff(steps) >= 0), "steps out of order"
        return steps - 1


def condition(text: str) -> Condition:
    return parse(text, NAMES, INSTRUMENTS)


def held(text: str, loss: Sequence[float]) -> list[int]:
    """The steps at which a condition holds, in a run of these losses."""
    steps: list[int] = condition(text).where(Spy(len(loss), loss=loss)).tolist()
    return steps


# --- it means what Python means by it, step by step -------------------------------------------------------------------


class Number:
    """A double under Python's operators that computes as NumPy's functions do; no comparison with NaN is true."""

    def __init__(self, value: Any) -> None:
        self.value = np.float64(value)

    def __add__(self, other: Number) -> Number:
        return Number(np.add(self.value, other.value))

    def __sub__(self, other: Number) -> Number:
        return Number(np.subtract(self.value, other.value))

    def __mul__(self, other: Number) -> Number:
        return Number(np.multiply(self.value, other.value))

    def __truediv__(self, other: Number) -> Number:
        return Number(np.divide(self.value, other.value))

    def __pow__(self, other: Number) -> Number:
        return Number(np.power(self.value, other.value))

    def __neg__(self) -> Number:
        return Number(-self.value)

    def __pos__(self) -> Number:
        return self

    def __lt__(self, other: Number) -> bool:
        return bool(self.value < other.value)

    def __le__(self, other: Number) -> bool:
        return bool(self.value <= other.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and bool(self.value == other.value)

    def __ne__(self, other: object) -> bool:
        return isinstance(other, Number) and bool(self.value < other.value or self.value > other.value)

    __hash__ = None  # type: ignore[assignment] # nothing keeps numbers in a set


def at_every_step(python: str, spy: Spy) -> list[bool]:
    """Python's own reading of a text that this file has made, one step at a time."""

    def over(name: str, x: Any, count: int, t: int) -> Number:
        before = [x(step).value for step in range(max(1, t - count), t)]
        return Number(getattr(np, name)(before) if before else nan)

    def change(x: Any, t: int) -> Number:
        return x(t) - x(t - 1) if t > 1 else Number(nan)

    def parts(name: str, t: int) -> Number:
        return Number(getattr(np, name)(spy.layers[t - 1]))

    words = {
        "n": Number,
        "over": over,
        "change": change,
        "parts": parts,
        "at": lambda name, t: Number(spy.scalars[name][t - 1]),
        "layer": lambda k, t: Number(spy.layers[t - 1, k]),
        "call": lambda name, x: Number(getattr(np, name)(x.value)),
        "test": lambda name, x: bool(getattr(np, name)(x.value)),
        "__builtins__": {},
    }
    with np.errstate(all="ignore"):
        return [bool(eval(python, words, {**words, "t": t})) for t in range(1, spy.last + 1)]


def both(a: tuple[str, str], sign: str, b: tuple[str, str]) -> tuple[str, str]:
    return f"{a[0]}{sign}{b[0]}", f"{a[1]}{sign}{b[1]}"


def wrapped(before: str, a: tuple[str, str], after: str, python: tuple[str, str]) -> tuple[str, str]:
    return f"{before}{a[0]}{after}", f"{python[0]}{a[1]}{python[1]}"


# Pairs: a text, and the same in Python with names, windows and numbers as calls. Brackets are rare on purpose.
SCALARS = st.sampled_from(NAMES).map(lambda name: (name, f"at('{name}',t)"))
NUMBERS = st.sampled_from(["0", "1", "2", "0.5", ".25", "3.", "1e-1"]).map(lambda text: (text, f"n({text})"))
READINGS = st.sampled_from(
    [
        ("max(dead_units)", "parts('max',t)"),
        ("mean(saturation)", "parts('mean',t)"),
        ("dead_units('dense2')", "layer(1,t)"),
    ]
)
STEP = st.just(("t", "n(t)"))


def larger(a: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
    over = st.sampled_from(["median", "mean", "max", "min", "std"])
    return (
        st.builds(both, a, st.sampled_from(["+", " - ", "*", " / ", "**", "*-"]), a)
        | a.map(lambda x: wrapped("-", x, "", ("-", "")))
        | a.map(lambda x: wrapped("(", x, ")", ("(", ")")))
        | st.builds(
            lambda f, x: wrapped(f"{f}(", x, ")", (f"call('{f}',", ")")), st.sampled_from(["abs", "log", "sqrt"]), a
        )
        | st.builds(
            lambda f, x, w: wrapped(f"{f}(", x, f", {w})", (f"over('{f}',lambda t:", f",{w},t)")),
            over,
            a,
            st.integers(1, 4),
        )
        | a.map(lambda x: wrapped("change(", x, ")", ("change(lambda t:", ",t)")))
    )


EXPRESSIONS = st.recursive(SCALARS | NUMBERS | READINGS | STEP, larger, max_leaves=5)
SIGNS = st.sampled_from(["<", " <= ", ">", " >= ", "==", " != "])
COMPARISONS = (
    st.builds(both, EXPRESSIONS, SIGNS, EXPRESSIONS)
    | st.builds(lambda a, s, b, r, c: both(both(a, s, b), r, c), EXPRESSIONS, SIGNS, EXPRESSIONS, SIGNS, EXPRESSIONS)
    | st.builds(
        lambda f, x: wrapped(f"{f}(", x, ")", (f"test('{f}',", ")")),
        st.sampled_from(["isnan", "isfinite"]),
        EXPRESSIONS,
    )
)


def joined(a: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
    return (
        st.builds(both, a, st.sampled_from([" and ", " or ", " and not ", " or not not "]), a)
        | a.map(lambda x: wrapped("not ", x, "", ("not ", "")))
        | a.map(lambda x: wrapped("(", x, ")", ("(", ")")))
    )


CONDITIONS = st.recursive(COMPARISONS, joined, max_leaves=4)
LOSSES = st.lists(st.sampled_from([0.0, 1.0, -0.5, 2.0, 1e300, nan, inf, -inf]), min_size=1, max_size=10)


@given(CONDITIONS, LOSSES, st.integers(1, 151), st.integers(0, 150))
def test_a_condition_means_what_python_means_by_it_at_each_step(
    pair: tuple[str, str], losses: list[float], start: int, length: int
) -> None:
    text, python = pair
    spy = Spy(150, loss=np.resize(losses, 150), accuracy=[nan] * 40 + [0.25] * 70 + [0.5] * 40)
    expected = np.array(at_every_step(python, spy))
    asked, stop = condition(text), start + length
    assert asked.values(spy, np.arange(1, 151)).tolist() == expected.tolist()
    some = np.arange(start, 151, 7)
    assert asked.values(spy, some).tolist() == expected[some - 1].tolist()
    steps = [t for t in range(start, min(stop, 151)) if expected[t - 1]]
    assert asked.where(spy, start, stop).tolist() == steps
    assert asked.first(spy, start, stop) == (steps[0] if steps else None)
    before = [t for t in range(1, start) if expected[t - 1]]
    assert asked.last(spy, start) == (before[-1] if before else None)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("-2**2 == -4", True),
        ("2**3**2 == 512", True),
        ("2**-1 == 0.5", True),
        ("1 - 2 - 3 == -4", True),
        ("8/4/2 == 1", True),
        ("2 + 3*4 == 14", True),
        ("(2 + 3)*4 == 20", True),
        ("--2 == 2", True),
        ("2 * -3 == -6", True),
        ("1 < 2 < 3", True),
        ("3 > 2 > 2", False),
        ("1 < 3 > 2", True),
        ("1 == 1 or 1 == 1 and 1 == 2", True),
        ("(1 == 1 or 1 == 1) and 1 == 2", False),
        ("not 1 == 2 and 1 == 2", False),
        ("not (1 == 2 and 1 == 2)", True),
        ("not 1 > 2", True),
        ("not not 1 > 2", False),
        ("1e-3 + 1E2 + .5 + 2. == 102.501", True),
        ("log10(100) + sqrt(4) + abs(-3) + log(exp(1)) == 8", True),
    ],
)
def test_how_strongly_each_sign_binds(text: str, holds: bool) -> None:
    assert held(text, loss=[1]) == [1] * holds


# --- windows and NaN, by hand -----------------------------------------------------------------------------------------


def test_a_window_is_the_steps_before_this_one_so_that_a_spike_does_not_hide_itself() -> None:
    assert held("loss > 2 * median(loss, 3)", loss=[1, 1, 1, 9, 1, 1]) == [4]
    assert held("loss > 2 * max(loss, 1)", loss=[1, 1, 9, 9, 1]) == [3]


def test_a_window_is_shorter_while_fewer_steps_exist_and_nan_before_the_first() -> None:
    losses = [4, 2, 6, 8, 1]
    assert held("isnan(mean(loss, 2))", loss=losses) == [1]
    assert held("mean(loss, 2) == 4", loss=losses) == [2, 4]
    assert held("mean(loss, 3) == 3", loss=losses) == [3]
    assert held("min(loss, 10) == 2", loss=losses) == [3, 4, 5]
    assert held("median(loss, 10) == 5", loss=losses) == [5]
    assert held("std(loss, 2) == 1", loss=losses) == [3, 5]  # of 4 and 2, of 6 and 8: of the population
    assert held("change(loss) == 2 or change(loss) == 4", loss=losses) == [3, 4]


def test_windows_inside_windows_reach_further_back() -> None:
    losses = [1, 2, 4, 8, 16, 32]
    assert held("max(mean(loss, 2), 2) == 6", loss=losses) == [6]  # (4 + 8) / 2, at step 5; NaN in the window before
    assert condition("max(mean(loss, 2), 3) > median(lr, 4) + change(change(loss))").lookback == 5
    assert condition("change(change(loss)) > 1").lookback == 2
    assert condition("loss > 1").lookback == 0


def test_no_comparison_with_nan_is_true_and_isnan_asks_for_it() -> None:
    losses = [1, nan, 2, inf]
    for sign in ("<", "<=", ">", ">=", "==", "!="):
        assert 2 not in held(f"loss {sign} 1", loss=losses)
        assert 2 not in held(f"loss {sign} loss", loss=losses)
    assert held("loss != 1", loss=losses) == [3, 4]
    assert held("not loss < 100", loss=losses) == [2, 4]
    assert held("isnan(loss)", loss=losses) == [2]
    assert held("not isfinite(loss)", loss=losses) == [2, 4]
    assert held("isnan(mean(loss, 2))", loss=losses) == [1, 3, 4]  # a window with NaN in it is NaN


def test_arithmetic_without_a_result_is_nan_or_infinite_and_no_warning() -> None:
    assert held("isnan(log(-loss)) and isnan(0 * loss / 0) and 1 / (0 * loss) > 1e308", loss=[1, 2]) == [1, 2]


# --- parts ------------------------------------------------------------------------------------------------------------


def test_parts_are_reduced_by_functions_of_one_argument_after_any_arithmetic() -> None:
    spy = Spy()
    for name in ("max", "min", "mean", "median", "std"):
        expected = getattr(np, name)(np.abs(spy.layers - 0.5) * spy.scalars["lr"][:, None], axis=1) > 0.3
        asked = condition(f"{name}(abs(dead_units - 0.5) * lr) > 0.3")
        assert asked.values(spy, np.arange(1, 151)).tolist() == expected.tolist()
    assert condition("max(dead_units - saturation) == 0").values(spy, [1, 2]).all()


def test_a_reading_of_one_part_is_a_number() -> None:
    spy = Spy()
    expected = np.flatnonzero(spy.layers[:, 2] > 0.5) + 1
    assert condition("dead_units('dense3') > 0.5").where(spy).tolist() == expected.tolist()


def test_targets_and_settings_reach_the_instrument_as_they_are_written() -> None:
    spy = Spy()
    condition("dead_units(target=\"dense2\", k=3, eps=-1e-3, kind='mean') > 2 or saturation('dense1') > 2").values(
        spy, [7]
    )
    assert spy.asked == [
        ("dead_units", "dense2", {"k": 3, "eps": -1e-3, "kind": "mean"}),
        ("saturation", "dense1", {}),
    ]
    assert isinstance(spy.asked[0][2]["k"], int)


def test_a_name_that_is_recorded_costs_no_reading_unless_it_is_written_as_one() -> None:
    assert condition("grad_norm > 1").reads == ()
    assert condition("max(grad_norm()) > 1 or grad_norm('dense1') > 1 or max(saturation) > 1").reads == (
        "grad_norm",
        "saturation",
    )


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        (
            "loss > -9 and dead_units > 0.3",
            15,
            "dead_units has 3 parts (dense1, dense2, dense3), and one number is needed",
        ),
        ("0.3 < dead_units(k=2)", 7, "Write max(dead_units(k=2)) for the largest"),
        ("dead_units * 2 > 0.3", 1, "or name one of them: dead_units('dense1')."),
        ("mean(1 + dead_units, 5) > 1 or t < 9", 10, "dead_units has 3 parts"),
        (
            "max(dead_units + saturation('nothing')) > 1",
            18,
            "saturation('nothing') has 0 parts, and the parts before it",
        ),
        ("max(dead_units('nothing')) > 1", 5, "has 0 parts, and max needs at least one"),
        ("isnan(change(dead_units))", 14, "dead_units has 3 parts"),
    ],
)
def test_several_parts_where_one_number_is_needed_are_named(text: str, at: int, said: str) -> None:
    with pytest.raises(SettingError) as raised:
        condition(text).where(Spy())
    assert raised.value.code == "condition-parts"
    first, shown, caret = raised.value.where.splitlines()
    assert first == f"character {at} of the condition"
    assert shown[caret.index("^") :] == text[at - 1 :][:30]
    assert said in str(raised.value)


# --- it reads no more than it needs -----------------------------------------------------------------------------------


def test_behind_a_cheap_test_an_instrument_is_read_only_where_the_test_passed() -> None:
    spy = Spy()
    passed = (np.flatnonzero(spy.scalars["loss"] > 1) + 1).tolist()
    assert 5 < len(passed) < 100
    condition("loss > 1 and max(dead_units) > 9").where(spy)
    assert spy.read == passed
    spy = Spy()
    condition("loss > 1 or max(dead_units) > 9").where(spy)
    assert spy.read == [t for t in range(1, 151) if t not in passed]
    spy = Spy()
    condition("1 < loss < max(dead_units)").where(spy)
    assert spy.read == passed


@pytest.mark.parametrize(
    "text",
    [
        "max(dead_units) > 2 * median(max(dead_units), 20) and max(dead_units) > 9",
        "max(max(mean(dead_units), 5), 3) > max(dead_units) + 9 or change(max(dead_units)) > 9",
    ],
)
def test_no_step_is_read_twice_whatever_windows_ask_for(text: str) -> None:
    forwards, backwards = Spy(), Spy()
    assert condition(text).first(forwards) is None
    assert condition(text).last(backwards, 151) is None
    for spy in (forwards, backwards):
        assert len(spy.read) > 50
        assert sorted(spy.read) == sorted(set(spy.read))


def test_a_search_stops_soon_after_it_has_found() -> None:
    spy = Spy()
    spy.layers[:] = 0
    spy.layers[[9, 99]] = 1
    asked = condition("max(dead_units) > 0.5")
    assert asked.first(spy) == 10
    assert max(spy.read) <= 2 * 10
    spy.read.clear()
    assert asked.last(spy, 151) == 100
    assert min(spy.read) >= 150 - 2 * 51
    spy = Spy(100_000, loss=[0] * 49 + [1] + [0] * 99_950)
    assert condition("loss > 0.5").first(spy) == 50
    assert len(spy.loaded) <= 100


def test_only_the_windows_of_the_steps_that_are_asked_for_are_loaded() -> None:
    spy = Spy()
    condition("loss > median(loss, 3)").values(spy, [50, 52, 100])
    assert sorted(set(spy.loaded)) == [*range(47, 53), *range(97, 101)]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_scalar_test_at_the_front_sifts_a_long_run_and_readings_still_come_in_small_blocks(backwards: bool) -> None:
    spy = Spy(100_000, loss=np.arange(100_000) // 100)
    spy.layers[:] = 1
    asked = condition("loss == 500 and max(dead_units) > 0.5")
    assert (asked.last(spy, 100_001) if backwards else asked.first(spy)) == (50_100 if backwards else 50_001)
    assert len(spy.read) == 1
    assert spy.calls < 20


def test_the_last_bit_does_not_depend_on_how_many_steps_are_asked_at_once() -> None:
    random = np.random.default_rng(1)
    loss, layers = random.normal(size=2000), random.normal(size=(2000, 40))
    alone = {  # each number by itself, compared with == below
        "mean(loss, 50)": [nan] + [np.mean(loss[max(0, t - 51) : t - 1]) for t in range(2, 2001)],
        "std(loss, 50)": [nan] + [np.std(loss[max(0, t - 51) : t - 1]) for t in range(2, 2001)],
        "exp(loss)": [np.exp(x) for x in loss],
        "mean(dead_units * loss)": [np.mean(row * x) for row, x in zip(layers, loss, strict=True)],
    }
    for text, numbers in alone.items():
        spy = Spy(2000, loss=loss, lr=numbers)
        spy.layers = layers
        asked = condition(f"{text} == lr or isnan(lr)")
        assert asked.values(spy, np.arange(1, 2001)).all()
        assert all(asked.values(spy, [t])[0] for t in range(1, 2001, 13))
        assert asked.where(spy, 30).size == 1971


def test_a_long_search_keeps_only_the_readings_that_it_may_need_again() -> None:
    asked = condition("max(dead_units) > 9 + median(max(dead_units), 20)")
    for order in (range(1, 1000, 10), range(991, 0, -10)):
        evaluation = Evaluation(Spy(1000), asked.text, asked.lookback)
        for low in order:
            evaluation.holds(asked.tree, np.arange(low, low + 10))
            assert sum(len(rows) for rows in evaluation.kept.values()) <= 20 + 10


def test_ranges_are_cut_to_the_steps_that_exist() -> None:
    spy = Spy(10)
    asked = condition("t > 0")
    assert asked.where(spy, -5, 99).tolist() == list(range(1, 11))
    assert asked.last(spy, 99) == 10
    assert asked.last(spy, 1) is None
    assert asked.first(spy, 11) is None
    assert asked.where(spy, 5, 5).tolist() == []
    assert asked.values(spy, []).tolist() == []
    assert asked.first(Spy(0)) is None


# --- the text ---------------------------------------------------------------------------------------------------------


def test_what_is_as_large_as_allowed_is_evaluated() -> None:
    deep = "-abs(1 * " * MAX_DEPTH + "loss" + ")" * MAX_DEPTH
    assert held(f"{deep} == -2", loss=[1, -2]) == [2]
    assert held("2**" * MAX_DEPTH + "0 > loss", loss=[1]) == [1]
    for chain in ("+".join(["loss"] * 190) + " == 190", "not " * 200 + "loss > 0", "-" * 900 + "loss > 0"):
        assert held(chain, loss=[1]) == [1]
    assert held(" and ".join(["loss > 0"] * 70) + " or loss > 0", loss=[1]) == [1]


def test_a_condition_is_its_text() -> None:
    asked = condition("loss > 2 * median(loss, 20)")
    assert str(asked) == "loss > 2 * median(loss, 20)"
    assert asked == parse(str(asked), NAMES, INSTRUMENTS)
    assert len({asked, condition("loss>1")}) == 2


def test_the_examples_on_the_page_are_conditions() -> None:
    page = DOCS.read_text(encoding="utf-8")
    (block,) = re.findall(r"```text\n(.*?)```", page, flags=re.S)
    examples = [line.partition("#")[0].strip() for line in block.splitlines()]
    assert len(examples) >= 8
    for text in examples:
        assert condition(text).where(Spy(600)).size < 600, text
