"""NaN watch: a number that stops being finite at a known place is found there, before all that it reaches."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from downslope import data, nn, optim
from downslope.errors import SettingError
from downslope.instruments.nan_watch import ORDER, producer
from downslope.runs.instrument import find
from downslope.runs.step import LayerFacts, Step, unknown

nan_watch = find("nan_watch").read


def places(step: Step) -> dict[str, float]:
    found = nan_watch(step, per="place")
    return dict(zip(found.axes[0].labels, found.values.tolist(), strict=True))


def test_a_healthy_step_has_none_and_no_producer(step: Any) -> None:
    assert nan_watch(step) == dict.fromkeys(ORDER, 0.0)
    assert producer(step) is None
    for path, count in places(step).items():
        assert count == 0
        if not path.startswith("batch."):
            step.get(path)


def test_a_weight_that_overflows_is_told_from_what_it_reaches(walking: Callable[..., Any]) -> None:
    model = nn.mlp([64, 8, 10])
    params = model.init(0, np.float64)
    params["dense2"]["w"][3, 5] = math.inf
    with np.errstate(all="ignore"):
        step = walking(model, data.digits(), optim.adam(), params=params, steps=1)[0]
        assert producer(step) == "params.dense2.w"
        found = nan_watch(step)
    assert found["params"] == 1
    assert found["batch"] == found["optimizer_state"] == 0
    assert found["loss"] == 1
    assert min(found[quantity] for quantity in ("activations", "errors", "grads", "updates")) > 0


def test_a_node_that_overflows_by_itself_is_the_producer(walking: Callable[..., Any]) -> None:
    def model(params: Any, x: Any) -> Any:
        z = (x * x) @ params["w"]
        e = np.exp(z)  # the numbers are finite until here
        p = e / np.sum(e, axis=1, keepdims=True)
        return p @ params["v"]

    params = {"w": np.full((4, 3), 1e3), "v": np.ones((3, 3))}
    with np.errstate(all="ignore"):
        step = walking(model, data.iris(), optim.gradient_descent(0.1), params=params, steps=1)[0]
        assert producer(step) == "activations.e"
    assert places(step)["activations.z"] == 0


def test_a_layers_inner_values_stand_before_its_output_and_before_the_next_layer(scene: Callable[[str], Any]) -> None:
    names = [path for path in places(scene("conv net float64")[-1]) if path.startswith("activations.")]
    order = [name.removeprefix("activations.").partition(".")[0] for name in names]
    layers = list(dict.fromkeys(order))
    assert layers[:6] == ["conv1", "batch_norm1", "dropout1", "flatten1", "dense1", "dense2"]
    assert sorted(order, key=layers.index) == order
    assert names.index("activations.dense1.z") < names.index("activations.dense1")


def test_errors_are_read_from_the_back(hand_made: type[Step]) -> None:
    layers = {name: LayerFacts(name, "dense", "relu") for name in ("dense1", "dense2")}
    fine, bad = np.zeros(2), np.array([0.0, math.nan])
    tensors = {"dense1": bad, "dense2": bad}
    step: Any = hand_made(  # type: ignore[call-arg]
        layers=layers,
        params={"w": fine},
        optimizer_state={"m": {"w": fine}, "count": 3},
        batch=(fine, np.array([1, 2])),
        activations={"dense1": fine, "dense2": fine},
        loss=0.0,
        errors=tensors,
        grads={"w": bad},
        updates={"w": fine},
    )
    assert producer(step) == "errors.dense2"
    assert nan_watch(step)["errors"] == 2


def test_a_state_that_overflowed_earlier_is_not_blamed_on_the_update(hand_made: type[Step]) -> None:
    fine = {"w": np.zeros(2)}
    step: Any = hand_made(  # type: ignore[call-arg]
        params=fine,
        optimizer_state={"v": {"w": np.array([math.inf, 1.0])}},
        batch=(np.zeros(2), np.zeros(2)),
        activations={},
        errors={},
        loss=1.0,
        grads=fine,
        updates={"w": np.full(2, math.nan)},
    )
    assert producer(step) == "optimizer_state.v.w"


def test_what_a_step_does_not_know_is_nan_and_hides_nothing_else(hand_made: type[Step]) -> None:
    class Half(hand_made):  # type: ignore[misc, valid-type]
        @property
        def errors(self) -> Any:
            raise unknown("errors", self.t, "nobody kept them")

    tensors = {"w": np.array([1.0, math.inf])}
    step: Any = Half(
        params={"w": np.zeros(2)},
        optimizer_state={},
        batch=(np.zeros(2), np.zeros(2)),
        activations={},
        loss=1.0,
        grads=tensors,
        updates=tensors,
    )
    assert math.isnan(nan_watch(step)["errors"])
    assert nan_watch(step)["grads"] == 1
    assert producer(step) == "grads.w"


def test_another_division_is_refused(hand_made: type[Step]) -> None:
    with pytest.raises(SettingError, match="instrument-value"):
        nan_watch(hand_made(), per="layer")
