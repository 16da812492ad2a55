"""The layers of a run: each quantity is the reading of its instrument, and what no unit can be is refused in words."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from downslope import nn, optim
from downslope.data import iris, moons
from downslope.errors import DownslopeError
from downslope.lab.answer import answer
from downslope.lab.args import LayersArgs
from downslope.lab.protocol import Query
from downslope.lab.source import OneRun
from downslope.runs import Run, train
from downslope.views import reading_view
from downslope.views.layers import KINDS, UNITS, layers_view
from downslope.views.payload import HistogramView


def trained(activation: str) -> Run:
    return train(nn.mlp([4, 5, 3], activation), iris(), optimizer=optim.momentum(0.1), batch_size=30, steps=12, seed=0)


@pytest.fixture(scope="module")
def run() -> Run:
    return trained("relu")


def test_each_quantity_is_what_its_instrument_tells(run: Run) -> None:
    shown = layers_view(run, steps=[1, 6, 12])
    assert shown == tuple(reading_view(run.ask(id, [1, 6, 12], **settings)) for id, settings in KINDS.values())
    (dead,) = layers_view(run, ["dead_units"], [1, 6, 12])
    assert dead == reading_view(run.ask("dead_units", [1, 6, 12]))


def test_arrays_that_have_no_room_are_named_and_can_be_asked_for_alone() -> None:
    deep = train(
        nn.mlp([4, *[3] * 6, 3], "tanh"), iris(), optimizer=optim.momentum(0.1), batch_size=30, steps=3, seed=0
    )
    (shown,) = layers_view(deep, ["params"], [1, 3])
    assert isinstance(shown, HistogramView)
    assert [panel.name for panel in shown.panels] + list(shown.left_out) == list(deep.at(1).params)
    name = shown.left_out[-1]
    (alone,) = layers_view(deep, ["params"], [1, 3], name)
    assert isinstance(alone, HistogramView)
    assert ([panel.name for panel in alone.panels], alone.left_out) == ([name], ())


def test_a_page_can_ask_for_each_of_them_and_for_no_other(run: Run) -> None:
    assert set(get_args(get_type_hints(LayersArgs)["of"])) == {*KINDS, *UNITS}
    with pytest.raises(DownslopeError) as caught:
        layers_view(run, ["gradients"])
    assert caught.value.code == "unknown-name"


@pytest.mark.parametrize(("activation", "of"), [("relu", "saturation"), ("tanh", "dead_units")])
def test_units_that_cannot_be_so_are_refused_with_a_way_out(activation: str, of: str) -> None:
    with pytest.raises(DownslopeError) as caught:
        layers_view(trained(activation), [of])
    assert caught.value.code == "instrument-nothing"
    assert "ask" in caught.value.do


def test_a_race_from_the_surfaces_own_start_is_the_one_from_that_point() -> None:
    source = OneRun(train(nn.mlp([2, 2, 2], "tanh"), moons(n=20), optimizer=optim.momentum(0.1), batch_size=8, steps=1))
    asked = {"optimizers": [{"name": "momentum", "settings": {"lr": 0.01}}], "surface": "bowl", "budget": 20}
    start = answer(source, Query("surface", args={"surface": "bowl"})).start  # type: ignore[union-attr]  # a SurfaceView
    own = answer(source, Query("race", args={**asked, "start": "own"}))
    assert own == answer(source, Query("race", args={**asked, "start": list(start)}))
    assert own != answer(source, Query("race", args=asked))
