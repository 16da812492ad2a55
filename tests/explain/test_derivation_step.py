"""A number of a training step: the rows of the data that made it, the layer's equations, and the optimizer's update."""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from functools import cache
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope import optim
from downslope.errors import DownslopeError
from downslope.explain.of_step import explain_step
from downslope.explain.records import Derivation

STEP = 4


def rules() -> dict[str, Any]:
    """Every optimizer and every wrapper and method, with settings that switch their parts on."""
    found: dict[str, Any] = {}
    for name, make in optim.OPTIMIZERS.items():
        needs_rate = inspect.signature(make).parameters["lr"].default is inspect.Parameter.empty
        found[name] = make(0.05) if needs_rate else make()
    within = optim.adam(0.01, weight_decay=0.1)
    return found | {
        "clip_by_norm": optim.clip_by_norm(within, 0.2),
        "clip_by_norm of lamb": optim.clip_by_norm(optim.lamb(0.01), 0.2),
        "clip_by_value": optim.clip_by_value(optim.momentum(0.01), 0.05),
        "accumulate": optim.accumulate(optim.adamw(0.01), 2),
        "ema": optim.ema(optim.adamw(0.01, weight_decay=0.5)),
        "schedule": optim.adam(optim.schedules.cosine(0.1, steps=10)),
        "sam": optim.sam(optim.momentum(0.1)),
        "lbfgs": optim.lbfgs(),
        "conjugate_gradient": optim.conjugate_gradient(),
        "newton": optim.newton(damping=1.0),
    }


RULES = rules()


@cache
def run_with(name: str, dtype: Any = np.float64, hidden: str = "tanh") -> Any:
    data = ds.data.iris()
    whole = name in ("lbfgs", "conjugate_gradient", "newton")
    size = len(data.train.x) if whole else 16
    model = ds.nn.mlp([4, 5, 3], hidden=hidden)
    return ds.train(model, data, optimizer=RULES[name], steps=STEP + 1, batch_size=size, seed=0, dtype=dtype)


def step(name: str = "adam", dtype: Any = np.float64, hidden: str = "tanh") -> Any:
    return run_with(name, dtype, hidden).at(STEP)


# --- the update -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("entry", ["dense1.w[1, 2]", "dense2.b[0]"])
def test_the_statements_of_the_update_end_in_the_true_new_weight(name: str, entry: str) -> None:
    at = step(name)
    derivation = at.explain(f"updates.{entry}")
    *_, new, change = derivation.update
    parameter, place = derivation.name, derivation.place
    assert change.value == at.updates[parameter][place] == derivation.value
    before = at.params[parameter][place]
    assert new.value == pytest.approx(before + at.updates[parameter][place], rel=1e-14, abs=1e-16)
    after = run_with(name).at(STEP + 1).params[parameter][place]
    assert new.value == pytest.approx(after, rel=1e-14, abs=1e-16)


@pytest.mark.parametrize("name", RULES)
def test_the_numbers_that_are_put_in_give_the_value_of_each_statement(name: str) -> None:
    compared = 0
    for e in step(name).explain("updates.dense2.w[2, 1]").update[:-1]:
        if not e.numbers or "L" in e.numbers:
            continue
        compared += 1
        assert e.value is not None
        largest = max(abs(float(word)) for word in re.findall(r"\d+\.?\d*(?:e[+-]?\d+)?", e.numbers))
        found = float(eval(e.numbers, {"np": np}))
        assert found == pytest.approx(e.value, rel=5e-3, abs=5e-4 * min(largest, 1.0)), e
    assert compared or name in ("lbfgs", "conjugate_gradient", "newton")


def test_the_moments_of_adam_are_those_that_it_remembers() -> None:
    at, after = step(), run_with("adam").at(STEP + 1)
    by_name = {e.text.partition(" = ")[0]: e for e in at.explain("dense1.w[1, 2]").update}
    assert by_name["m'"].value == after.optimizer_state["m"]["dense1.w"][1, 2]
    assert by_name["v'"].value == after.optimizer_state["v"]["dense1.w"][1, 2]
    g, m = at.grads["dense1.w"][1, 2], at.optimizer_state["m"]["dense1.w"][1, 2]
    assert by_name["m'"].numbers == f"0.9 * {_text(m)} + 0.1 * {_text(g)}"


def _text(value: float) -> str:
    text = f"{value:.4g}"
    return f"({text})" if value < 0 or "e" in text else text


def test_clipping_decay_and_the_schedule_are_statements_of_their_own() -> None:
    clipped = [e.text for e in step("clip_by_norm").explain("updates.dense1.w[1, 2]").update]
    assert any(text.startswith("factor = 0.2 / np.maximum(np.sqrt(") for text in clipped)
    assert any("0.1 * p" in text for text in clipped), "the coupled decay"
    scheduled = step("schedule")
    assert f"{scheduled.lr:g}" in scheduled.explain("updates.dense1.w[1, 2]").sentence
    assert scheduled.lr < 0.1


def test_the_update_of_a_float32_run_ends_in_its_weights_to_the_last_bit() -> None:
    at = step("adam", np.float32)
    new = at.explain("dense1.w[1, 2]").update[-2].value
    assert np.float32(new) == run_with("adam", np.float32).at(STEP + 1).params["dense1.w"][1, 2]


def test_an_optimizer_that_began_later_counts_its_own_steps() -> None:
    """After a fork with another rule, Adam's correction begins anew: at the first of its steps m / (1 - 0.9) is g."""
    fork = run_with("sgd").fork(at=2, optimizer=optim.adam(0.01)).train(2)
    at = fork.at(2)
    at._around = dataclasses.replace(at._around, clock=1)
    derivation = at.explain("updates.dense1.w[1, 2]")
    new, change = derivation.update[-2].value, derivation.value
    assert new == pytest.approx(at.params["dense1.w"][1, 2] + change, rel=1e-14)
    assert change == pytest.approx(-0.01 * np.sign(at.grads["dense1.w"][1, 2]), rel=1e-5)


# --- gradients, adjoints, activations ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["dense1.w[1, 2]", "grads.dense1.b[3]", "dense2.w[0, 2]", "errors.dense1.h[5, 2]", "errors.output[3, 1]"]
)
def test_the_value_is_what_the_step_says_and_its_parts_add_up(words: str) -> None:
    at = step()
    derivation = at.explain(words, most=1000)
    quantity = words if words.split(".")[0] in ("grads", "errors") else f"grads.{words}"
    assert derivation.value == pytest.approx(at.get(quantity), rel=1e-12)
    for level in derivation.levels:
        size = sum(abs(c.value) for c in level.contributions)
        assert level.others == 0
        assert abs(math.fsum(c.value for c in level.contributions) - level.value) <= 1e-12 * size


def test_the_parts_of_a_gradient_are_the_rows_own_gradients_by_their_row_in_the_data() -> None:
    at = step()
    derivation = at.explain("dense1.w[1, 2]", most=16)
    own = dict(zip(at.rows.tolist(), at.per_example_grads["dense1.w"][:, 1, 2] / 16, strict=True))
    found = {c.index: c.value for c in derivation.levels[0].contributions}
    assert found == pytest.approx(own, rel=1e-9)


def test_what_is_said_of_a_row_is_its_class_and_the_one_that_it_was_taken_for() -> None:
    at = step()
    classes = ds.data.iris().classes
    true = at.batch.y.argmax(axis=1) if at.batch.y.ndim == 2 else at.batch.y
    taken = at.activations["output"].argmax(axis=1)
    said = {c.index: c.note for c in at.explain("dense1.w[1, 2]", most=16).levels[0].contributions}
    assert len(said) == 16
    for b, row in enumerate(at.rows.tolist()):
        right = f"{classes[true[b]]}, seen as such"
        wrong = f"{classes[true[b]]} taken for {classes[taken[b]]}"
        assert said[row] == (right if true[b] == taken[b] else wrong)


def test_softmax_and_cross_entropy_are_one_factor_that_can_be_opened() -> None:
    at = step()
    derivation = at.explain("errors.output[3, 1]")
    (only,) = derivation.levels
    z = at.activations["output"][3]
    p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    y = at.batch.y[3, 1] if at.batch.y.ndim == 2 else float(at.batch.y[3] == 1)
    assert only.text.startswith("(p[3, 1] - y[3, 1]) / B = (")
    assert derivation.value == pytest.approx((p[1] - y) / 16, rel=1e-12)
    opened = derivation.open("loss")
    assert opened.value == derivation.value
    assert len(opened.levels) > 1
    assert {f.rule for level in opened.levels for f in level.factors} & {"log", "exp", "sum", "subtract"}


def test_a_regression_says_target_and_prediction_and_keeps_its_loss_open() -> None:
    run = ds.train(
        ds.nn.mlp([10, 4, 1], hidden="relu"),
        ds.data.diabetes(),
        optimizer=optim.momentum(0.1),
        steps=3,
        batch_size=8,
        seed=0,
    )
    derivation = run.at(2).explain("dense2.b[0]", most=8)
    at = run.at(2)
    notes = {c.index: c.note for c in derivation.levels[0].contributions}
    for b, row in enumerate(at.rows.tolist()):
        assert notes[row] == f"target {at.batch.y[b, 0]:.4g}, predicted {at.activations['output'][b, 0]:.4g}"
    assert "1/8" in "".join(f.text for level in derivation.levels for f in level.factors)


def test_a_relu_on_the_way_is_said_to_be_on_or_off() -> None:
    at = step("adam", np.float64, "relu")
    gradients = np.abs(at.grads["dense1.w"])
    place = np.unravel_index(gradients.argmax(), gradients.shape)
    derivation = at.explain(f"dense1.w[{place[0]}, {place[1]}]")
    second = derivation.levels[1]
    assert second.text == f"({second.of} > 0)"
    z = at.activations["dense1.z"][tuple(map(int, second.of.partition("[")[2].strip("]").split(",")))]
    assert second.factors[0].value == float(z > 0)
    assert f"where unit {place[1]} of dense1.z is {'on' if z > 0 else 'off'}" in derivation.sentence


def test_a_layer_that_mixes_more_than_once_is_one_level_until_it_is_opened() -> None:
    layers = (ds.nn.dense(6, "tanh"), ds.nn.batch_norm(), ds.nn.dense(3))
    run = ds.train(
        ds.nn.Model((4,), layers),
        ds.data.iris(),
        optimizer=optim.momentum(0.1),
        steps=3,
        batch_size=16,
        seed=0,
        dtype=np.float64,
    )
    at = run.at(3)
    derivation = at.explain("dense1.w[1, 2]", most=100)
    through = [level for level in derivation.levels if level.layer == "batch_norm1"]
    assert [level.by for level in through] == ["row"], "each row's statistics reach every row"
    opened = derivation.open("batch_norm1")
    assert sum(level.layer == "batch_norm1" for level in opened.levels) > 1
    for one in (derivation, opened):
        assert one.value == pytest.approx(at.grads["dense1.w"][1, 2], rel=1e-12)
        for level in one.levels:
            assert math.fsum(c.value for c in level.contributions) == pytest.approx(level.value, rel=1e-9, abs=1e-15)


def test_an_activation_is_shown_by_its_place_and_by_its_row() -> None:
    at = step()
    derivation = at.explain("activations.dense1.h[5, 2]", most=100)
    assert derivation.value == at.activations["dense1.h"][5, 2]
    assert f"place 5 is row {at.rows[5]}" in derivation.title
    terms = derivation.levels[-1]
    x, w = at.batch.x, at.params["dense1.w"]
    expected = sorted([*(x[5] * w[:, 2]), at.params["dense1.b"][2]])
    assert sorted(c.value for c in terms.contributions) == pytest.approx(expected)


# --- layers and whole arrays ------------------------------------------------------------------------------------------


def test_the_four_equations_of_a_layer_hold_for_the_numbers_of_the_step() -> None:
    at = step()
    derivation = at.explain("dense1")
    output, own, bias, weight = derivation.equations
    g_out, g_z = at.errors["dense2.z"], at.errors["dense1.z"]
    assert output.text == "g_dense2.z = (softmax(dense2.z) - y) / B"
    assert own.text.startswith("g_dense1.z = (g_dense2.z @ dense2.w.T) * ")
    np.testing.assert_allclose(
        (g_out @ at.params["dense2.w"].T) * (1 - at.activations["dense1.h"] ** 2), g_z, rtol=1e-12
    )
    assert bias.text == "g_dense1.b = np.sum(g_dense1.z, axis=0)"
    assert weight.text == "g_dense1.w = x.T @ g_dense1.z"
    truths = (g_out, g_z, at.grads["dense1.b"], at.grads["dense1.w"])
    for equation, truth in zip(derivation.equations, truths, strict=True):
        assert equation.shape == truth.shape
        assert equation.norm == pytest.approx(np.linalg.norm(truth), rel=1e-12)
    assert "(4, 16) @ (16, 5) = (4, 5)" in weight.note, "why the transpose stands there"
    assert "(16, 3) @ (3, 5) = (16, 5)" in own.note


def test_all_layers_together_say_the_output_once() -> None:
    texts = [e.text for e in step().explain().equations]
    assert len(texts) == len(set(texts)) == 1 + 2 + 3
    assert texts[0].startswith("g_dense2.z")


def test_other_layers_show_their_statements_and_a_plain_function_its_program() -> None:
    layers = (ds.nn.dense(6, "tanh"), ds.nn.batch_norm(), ds.nn.dense(3))
    run = ds.train(
        ds.nn.Model((4,), layers), ds.data.iris(), optimizer=optim.momentum(0.1), steps=2, batch_size=16, seed=0
    )
    at = run.at(2)
    norms = {e.text.partition(" = ")[0]: e.norm for e in at.explain("batch_norm1").equations}
    assert norms["g_batch_norm1_w"] == pytest.approx(np.linalg.norm(at.grads["batch_norm1.w"]), rel=1e-5)

    def linear(params: Any, x: Any) -> Any:
        return x @ params["w"]

    plain = ds.train(
        linear,
        ds.data.iris(),
        params={"w": np.zeros((4, 3))},
        optimizer=optim.momentum(0.1),
        steps=2,
        batch_size=16,
        seed=0,
    ).at(1)
    assert any(e.text.startswith("g_w = x.T @ ") for e in plain.explain().equations)


def test_a_whole_gradient_is_its_statements_in_order() -> None:
    texts = [e.text for e in step().explain("dense1.w").equations]
    assert texts[-1].startswith("g_dense1_w = x.T @ ")
    assert texts.index(next(t for t in texts if t.startswith("h = "))) < texts.index(
        next(t for t in texts if t.startswith("g_h = "))
    )


# --- forms and errors -------------------------------------------------------------------------------------------------


def test_a_notebook_gets_formulas_and_a_terminal_lines() -> None:
    derivation: Derivation = step().explain("dense1.w[1, 2]")
    assert derivation._repr_latex_().startswith("$$")
    assert derivation.sentence in derivation._repr_markdown_()
    assert max(map(len, str(derivation).splitlines())) <= 120


@pytest.mark.parametrize(
    ("words", "code", "remedy"),
    [
        ("dense1.v[1, 2]", "explain-name", "dense1.w"),
        ("dens1", "explain-name", "dense1"),
        ("errors.dense9.h[0, 0]", "explain-name", "dense1.h"),
        ("dense1.w[9, 2]", "explain-place", "[0, 0] to [3, 4]"),
        ("activations.dense1.h[5]", "explain-place", "[15, 4]"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(words: str, code: str, remedy: str) -> None:
    with pytest.raises(DownslopeError) as wrong:
        step().explain(words)
    assert wrong.value.code == code
    assert remedy in str(wrong.value)


def test_the_method_is_the_function() -> None:
    assert step().explain("dense1.w[1, 2]") == explain_step(step(), "dense1.w[1, 2]")
