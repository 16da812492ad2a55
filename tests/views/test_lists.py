"""Runs side by side, the runs of a folder, and a surface near a point."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

import downslope as ds
from downslope.runs import Run
from downslope.views.compare import compare_view
from downslope.views.quadratic import quadratic_view
from downslope.views.runs import runs_view
from downslope.views.text import text
from downslope.views.where import where_view


@cache
def run(steps: int = 30) -> Run:
    net = ds.nn.mlp([2, 4, 2], hidden="tanh")
    return ds.train(net, ds.data.moons(n=100), optimizer=ds.optim.adam(0.02), batch_size=20, steps=steps)


def test_a_run_and_its_fork_part_where_the_fork_was_made() -> None:
    fork = run().fork(at=11, lr=0.5).train(20)
    shown = compare_view(run(), fork, 1, names=("here", "there"))
    assert shown.first == 11
    assert [(each.name, each.here != each.there) for each in shown.settings] == [("optimizer", True)]
    assert shown.distance[0] == 0
    assert shown.steps[0] == 11
    moved = fork.at(13).params["dense1.w"].astype(float) - run().at(13).params["dense1.w"].astype(float)
    others = [fork.at(13).params[n].astype(float) - run().at(13).params[n].astype(float) for n in fork.at(13).params]
    assert np.linalg.norm(moved) > 0
    assert shown.distance[2] == pytest.approx(np.sqrt(sum(float((a**2).sum()) for a in others)))
    assert shown.loss_there[2] == pytest.approx(fork.loss[12])
    assert shown.title in text(shown)


def test_equal_runs_are_called_equal() -> None:
    again = run().fork(at=31)
    shown = compare_view(run(), again)
    assert shown.first is None
    assert "all 30 shared steps are the same" in text(shown)


def test_runs_of_other_shapes_have_no_distance_and_it_is_said() -> None:
    other = ds.train(ds.nn.mlp([2, 3, 2]), ds.data.moons(n=100), optimizer=ds.optim.adam(0.02), steps=10)
    shown = compare_view(run(), other)
    assert set(shown.distance) == {None}
    assert "no distance" in shown.events[0].text


def test_a_folder_lists_its_runs_with_what_they_are(tmp_path: Path) -> None:
    run().save(tmp_path / "one.run")
    ds.load(tmp_path / "one.run").fork(at=11, lr=0.5, record=tmp_path / "two.run").train(5).file.close()
    (tmp_path / "three.run").write_bytes(b"nothing that was recorded" * 100)
    (tmp_path / "other.txt").write_text("not a run")
    shown = runs_view(tmp_path, live={"one"})
    by_name = {each.name: each for each in shown.runs}
    assert shown.total == 3
    assert set(by_name) == {"one", "two", "three"}
    assert (by_name["one"].steps, by_name["one"].live, by_name["two"].live) == (30, True, False)
    assert (by_name["two"].parent, by_name["two"].parent_step) == ("one", 11)
    assert by_name["two"].about == "lr 0.02 -> 0.5"
    assert by_name["three"].state == "damaged"
    assert [event.kind for event in shown.events] == ["damaged"]
    assert by_name["one"].course[0] == pytest.approx(run().loss[0], rel=1e-4)
    assert by_name["one"].course[-1] == pytest.approx(run().loss[-1], rel=1e-4)
    assert "a fork of one at step 11" in text(shown)


def test_of_many_runs_the_newest_are_listed_and_the_rest_counted(tmp_path: Path) -> None:
    for k in range(4):
        run(3).save(tmp_path / f"run-{k}.run")
    shown = runs_view(tmp_path, most=2)
    assert (len(shown.runs), shown.total) == (2, 4)
    assert shown.events[0].text == "the newest 2 of 4 runs are listed"


def test_the_model_of_a_quadratic_surface_is_the_surface() -> None:
    bowl = ds.surfaces.by_name("ill_conditioned_bowl")
    shown = quadratic_view(bowl, (1.0, -2.0))
    assert shown.curvatures == tuple(bowl.eigenvalues((0.0, 0.0)))
    assert bowl.lambda_max is not None
    assert shown.limit is not None
    assert shown.limit == pytest.approx(2 / bowl.lambda_max)
    np.testing.assert_allclose(np.array(shown.newton, float), bowl.minima[0].point, atol=1e-9)
    below, above = (
        ds.surfaces.descend(bowl, ds.optim.gradient_descent(f * shown.limit), steps=300) for f in (0.99, 1.01)
    )
    assert below.values[-1] < bowl.value((1.0, -2.0)) < above.values[-1]


def test_where_a_surface_curves_down_no_rate_is_stable() -> None:
    saddle = quadratic_view(ds.surfaces.by_name("saddle"), (0.0, 0.0))
    assert saddle.curvatures[0] is not None
    assert saddle.curvatures[0] < 0
    assert saddle.newton == (None, None)
    hill = quadratic_view(ds.surfaces.formula("-(x**2) - y**2"), (1.0, 1.0))
    assert hill.limit is None
    assert "curves down in every direction" in hill.sentence


def test_where_there_are_no_numbers_it_says_so() -> None:
    shown = quadratic_view(ds.surfaces.formula("log(x) + y"), (-1.0, 0.0))
    assert shown.value is None
    assert shown.not_finite > 0
    assert shown.events[0].kind == "nan"
    assert "no model" in shown.sentence or shown.limit is None


def test_what_a_word_stands_for_takes_what_is_known_of_it() -> None:
    shown = where_view(
        {"id": "adam", "kind": "optimizer", "file": "adam.py", "line": 3, "settings": {"lr": "the rate"}}
    )
    assert (shown.title, shown.settings, shown.line) == ("adam: optimizer", (("lr", "the rate"),), 3)
    assert "adam.py:3" in text(shown)
