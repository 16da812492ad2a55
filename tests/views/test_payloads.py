"""Payloads as data: nothing is lost on the way from a run to what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope import surfaces
from downslope.data import digits
from downslope.nn import mlp
from downslope.optim import adam, gradient_descent
from downslope.runs import train
from downslope.views import (
    Payload,
    confusion,
    descent_view,
    loss_curve,
    race_view,
    residuals,
    surface_view,
)
from downslope.views.text import text
from downslope.views.thin import extremes, not_finite_events

MakeRun = Callable[..., Any]
NAN, INF = float("nan"), float("inf")

VALUES = st.lists(st.floats(width=32) | st.sampled_from([NAN, INF, -INF]), min_size=1, max_size=120)


# --- thinning ---------------------------------------------------------------------------------------------------------


@given(values=VALUES, buckets=st.integers(1, 30))
def test_each_bucket_keeps_its_lowest_its_highest_and_a_sign_of_what_is_not_finite(
    values: list[float], buckets: int
) -> None:
    series = np.array(values)
    kept = extremes(series, buckets)
    assert len(kept) <= max(3 * buckets + 2, len(values) if len(values) <= 2 * buckets else 0)
    assert (kept[0], kept[-1]) == (0, len(values) - 1)
    edges = np.linspace(0, len(values), buckets + 1).astype(int)
    for start, stop in pairwise(edges):
        whole, part = series[start:stop], series[kept[(kept >= start) & (kept < stop)]]
        assert np.isfinite(whole).all() == np.isfinite(part).all()
        if np.isfinite(whole).any():
            whole, part = whole[np.isfinite(whole)], part[np.isfinite(part)]
            assert (part.min(), part.max()) == (whole.min(), whole.max())


@given(values=VALUES)
def test_events_count_every_value_that_is_not_finite(values: list[float]) -> None:
    series = np.array(values)
    events = not_finite_events(series, np.arange(len(series)), "loss")
    assert sum(event.count for event in events) == (~np.isfinite(series)).sum()
    assert len(events) <= 13


# --- the loss curve ---------------------------------------------------------------------------------------------------


def test_a_short_run_is_shown_whole_and_counts_its_steps_from_1(with_loss: MakeRun) -> None:
    shown = loss_curve(with_loss([3.0, 2.0, 1.0], metrics={"step": [2, 3], "held_out_loss": [2.5, 1.5]}))
    assert (shown.steps, shown.loss) == ((1, 2, 3), (3.0, 2.0, 1.0))
    assert (shown.held_out_steps, shown.held_out_loss) == ((2, 3), (2.5, 1.5))
    assert shown.smoothed == ()
    assert shown.events == ()


def test_a_spike_of_one_step_in_a_million_is_kept_and_does_not_move_the_median(with_loss: MakeRun) -> None:
    loss = np.ones(1_000_000)
    loss[654_321] = 1e6
    shown = loss_curve(with_loss(loss))
    assert dict(zip(shown.steps, shown.loss, strict=True))[654_322] == 1e6
    assert len(shown.steps) <= 1002
    assert set(shown.smoothed) == {1.0}


def test_nan_and_infinity_are_gaps_and_events_not_dropped(with_loss: MakeRun) -> None:
    loss = np.ones(5000)
    loss[10], loss[100:103] = INF, NAN
    shown = loss_curve(with_loss(loss))
    told = {event.step: (event.kind, event.count) for event in shown.events}
    assert told == {11: ("infinite", 1), 101: ("nan", 3)}
    assert shown.not_finite == 4
    assert dict(zip(shown.steps, shown.loss, strict=True))[11] is None


def test_the_end_of_a_run_that_failed_or_was_interrupted_is_an_event(with_loss: MakeRun) -> None:
    failure = SimpleNamespace(step=3, node="g_w", operation="exp")
    (nan, failed) = loss_curve(with_loss([1, 2, NAN], failure=failure, stopped="not finite at step 3")).events
    assert (nan.kind, nan.step, failed.kind, failed.step) == ("nan", 3, "failure", 3)
    assert "exp (g_w)" in failed.text
    (stopped,) = loss_curve(with_loss([1, 2], stopped="interrupted after step 2 of 9")).events
    assert (stopped.kind, stopped.step) == ("stopped", 2)


# --- the confusion matrix ---------------------------------------------------------------------------------------------


@given(pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_counts_sum_to_the_rows_and_the_diagonal_to_the_right_ones(pairs: list[tuple[int, int]]) -> None:
    true, predicted = zip(*pairs, strict=True)
    data = SimpleNamespace(
        name="made",
        task="classification",
        target="kind",
        classes=("a", "b", "c", "d"),
        held_out=Sized(x=np.zeros((len(true), 1)), y=np.array(true)),
    )
    run: Any = SimpleNamespace(data=data, params={}, predict=lambda _: np.array(predicted))
    shown = confusion(run)
    assert shown.n == sum(map(sum, shown.counts)) == len(pairs)
    assert shown.right == sum(a == b for a, b in pairs)
    assert [sum(row) for row in shown.counts] == [true.count(k) for k in range(4)]
    assert sum(count for count, _, _ in shown.mistakes()) == shown.n - shown.right


class Sized(SimpleNamespace):
    """Rows with a length."""

    def __len__(self) -> int:
        return len(self.y)


def test_accuracy_is_the_metric_of_the_run_itself() -> None:
    run = train(mlp([64, 16, 10]), digits(), optimizer=adam(5e-3), epochs=2)
    shown = confusion(run)
    assert shown.right / shown.n == pytest.approx(run.metrics["accuracy"][-1])
    assert shown.part == "held-out"


def test_with_nothing_held_out_the_training_rows_are_judged_and_said_to_be() -> None:
    run = train(mlp([64, 16, 10]), digits(held_out=0), optimizer=adam(5e-3), steps=5)
    shown = confusion(run)
    assert (shown.part, shown.n) == ("training", 1797)


def test_predictions_from_parameters_that_are_nan_are_said_to_mean_nothing(classified: MakeRun) -> None:
    run = classified([0, 1], [0, 0], 2)
    run.params = {"dense1": {"w": np.array([1.0, NAN]), "b": [np.zeros(2)]}}
    (event,) = confusion(run).events
    assert event.count == 1
    assert event.text.startswith("1 of 4 parameters are NaN")


# --- residuals --------------------------------------------------------------------------------------------------------


def test_residuals_are_in_the_unit_of_the_target_and_keep_their_rows(measured: MakeRun) -> None:
    shown = residuals(measured([10.0, 20.0, 30.0, 40.0], [11.0, 18.0, 30.0, 40.0]))
    assert (shown.target, shown.predicted) == ((10, 20, 30, 40), (11, 18, 30, 40))
    assert shown.rows == (100, 101, 102, 103)
    assert shown.rmse == pytest.approx((5 / 4) ** 0.5)
    assert shown.mae == pytest.approx(3 / 4)
    assert shown.r2 == pytest.approx(1 - 5 / 500)
    assert (shown.quantiles[0], shown.quantiles[3], shown.quantiles[-1]) == (-1, 0, 2)


def test_a_prediction_that_is_nan_is_counted_and_left_out_of_the_scores_only(measured: MakeRun) -> None:
    shown = residuals(measured([1.0, 2.0, 3.0], [1.0, NAN, 4.0]))
    assert shown.predicted == (1.0, None, 4.0)
    assert (shown.n, shown.not_finite) == (3, 1)
    assert shown.rmse == pytest.approx(0.5**0.5)
    assert "1 of 3 predictions" in shown.events[0].text
    nothing = residuals(measured([1.0, 2.0], [NAN, INF]))
    assert (nothing.rmse, nothing.r2, nothing.quantiles) == (None, None, ())


def test_a_large_set_is_thinned_but_the_worst_row_stays_and_scores_are_of_all(measured: MakeRun) -> None:
    target = np.zeros(50_000)
    predicted = np.resize([1.0, -1.0], 50_000)
    predicted[33_333], predicted[44_444] = 100.0, NAN
    shown = residuals(measured(target, predicted))
    assert len(shown.rows) <= 2000
    assert {33_433, 44_544} <= set(shown.rows)
    assert shown.rmse == pytest.approx(((49_998 + 100**2) / 49_999) ** 0.5)


# --- as JSON ----------------------------------------------------------------------------------------------------------


def test_every_payload_survives_json_with_its_kind_and_has_words(
    with_loss: MakeRun, classified: MakeRun, measured: MakeRun
) -> None:
    rules = [gradient_descent(0.01), adam(1e-3)]
    payloads: list[tuple[Payload, str]] = [
        (loss_curve(with_loss([1.0, NAN, INF])), "made: loss over 3 steps"),
        (confusion(classified([0, 1], [1, 1], 2)), "1 of 2 held-out rows right"),
        (residuals(measured([1.0, 2.0], [NAN, 2.0])), "price minus its prediction"),
        (surface_view(surfaces.formula("log(x)")), "log(x)"),
        (descent_view(surfaces.descend("rosenbrock", rules[0], steps=50)), "diverged at step"),  # ends in infinity
        (race_view(surfaces.race("bowl", rules, budget=5)), "race on bowl: 5 gradient evaluations"),
    ]
    for payload, told in payloads:
        words = msgspec.json.encode(payload)
        assert b"NaN" not in words.replace(b"NaN or", b"").replace(b"is NaN", b"").replace(b"are NaN", b"")
        assert msgspec.json.decode(words, type=Payload) == payload
        assert told in text(payload)
