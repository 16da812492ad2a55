"""Data, the rows of a step and the answers over a plane: what is drawn is what the network saw and says."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.data import corrupt
from downslope.errors import SettingError
from downslope.runs import Run
from downslope.views.boundary import MOST_UNITS, boundary_view
from downslope.views.data import data_view
from downslope.views.rows import rows_view
from downslope.views.text import text


@cache
def run(name: str = "moons", **options: Any) -> Run:
    data = ds.data.load(name)
    sizes = [data.train.x.shape[1], 6, data.n_outputs]
    return ds.train(ds.nn.mlp(sizes), data, optimizer=ds.optim.adam(0.02), batch_size=20, steps=40)


# --- data -------------------------------------------------------------------------------------------------------------


def test_points_stand_at_the_users_own_numbers() -> None:
    data = ds.data.load("wine")
    shown = data_view(data, "alcohol", "proline", most=10_000)
    assert (shown.first, shown.second) == ("alcohol", "proline")
    assert (shown.n_train, shown.n_held_out, len(shown.x)) == (len(data.train), len(data.held_out), 178)
    place = shown.rows.index(int(data.train.rows[7]))
    raw = data.raw_features(data.train.x)[7]
    assert shown.x[place] == pytest.approx(raw[data.features.index("alcohol")], rel=1e-4)
    assert shown.y[place] == pytest.approx(raw[data.features.index("proline")], rel=1e-4)
    assert sum(shown.held_out) == len(data.held_out)
    assert shown.counts == tuple(np.bincount(data.train.y).tolist())


def test_of_many_points_some_are_drawn_and_it_is_said() -> None:
    shown = data_view(ds.data.moons(n=3_000), most=100)
    assert len(shown.x) == len(shown.rows) == 100
    assert shown.events[0].text == "100 of 3,000 rows are drawn, evenly"


def test_rows_with_a_fault_are_marked_with_it() -> None:
    data = corrupt(ds.data.moons(n=100), "label_noise", rate=0.25)
    shown = data_view(data)
    marked = {row for row, fault in zip(shown.rows, shown.faults, strict=True) if fault}
    assert marked == set(data.touched[0].rows.tolist())
    assert shown.corruptions == ("label_noise",)


def test_of_images_the_two_liveliest_pixels_are_drawn_and_of_one_feature_the_target() -> None:
    digits, line = data_view(ds.data.digits()), data_view(ds.data.line())
    assert digits.first.startswith("pixel")
    assert line.second == ""
    assert line.y == line.target


def test_a_feature_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(SettingError, match="data-feature") as caught:
        data_view(ds.data.load("wine"), "alcohal")
    assert "Did you mean 'alcohol'" in caught.value.do


# --- rows -------------------------------------------------------------------------------------------------------------


def test_all_rows_of_a_step_have_one_gradient_together() -> None:
    step = run().at(12)
    shown = rows_view(run(), step, 64)
    assert shown.n == len(shown.rows) == 20
    assert sum(row.share or 0 for row in shown.rows) == pytest.approx(1, abs=1e-3)
    assert np.mean([row.loss or 0 for row in shown.rows]) == pytest.approx(step.loss, rel=1e-3)
    assert {row.row for row in shown.rows} == set(np.asarray(step.rows).tolist())
    assert sorted((row.share or 0 for row in shown.rows), reverse=True) == [row.share for row in shown.rows]


def test_a_row_is_shown_as_what_it_is() -> None:
    step = run("digits").at(3)
    first = rows_view(run("digits"), step, 1).rows[0]
    data = run("digits").data
    at = int(np.flatnonzero(data.train.rows == first.row)[0])
    np.testing.assert_allclose(np.array(first.values, float), data.train.x[at], rtol=1e-4)
    assert first.target == data.classes[int(data.train.y[at])]
    output = np.asarray(step.activations["output"])[first.place]
    assert first.predicted == data.classes[int(output.argmax())]
    assert len([line for line in text(rows_view(run("digits"), step, 1)).splitlines() if line.startswith("    ")]) >= 8


def test_a_number_to_be_predicted_is_in_the_users_unit() -> None:
    shown = rows_view(run("diabetes"), run("diabetes").at(3), 3)
    data = run("diabetes").data
    at = int(np.flatnonzero(data.train.rows == shown.rows[0].row)[0])
    assert float(shown.rows[0].target) == pytest.approx(float(data.raw_target(data.train.y[at])[0]), rel=1e-4)


def test_rows_that_stand_twice_in_a_step_are_two_rows() -> None:
    data = corrupt(ds.data.moons(n=50), "duplicates", rate=1.0)
    twice = ds.train(ds.nn.mlp([2, 3, 2]), data, optimizer=ds.optim.adam(0.01), batch_size=None, steps=2)
    shown = rows_view(twice, twice.at(1), 64)
    assert len({row.place for row in shown.rows}) == 64
    assert len({row.row for row in shown.rows}) < 64


def test_without_a_gradient_there_are_no_shares_and_it_is_said() -> None:
    still = run().fork(edit={"dense2.w": np.full((6, 2), np.nan)})
    shown = rows_view(still, still.at(41), 5)
    assert all(row.share is None for row in shown.rows)
    assert shown.rows[0].predicted == "not finite"
    assert shown.events[0].kind == "nan"


# --- answers over a plane ---------------------------------------------------------------------------------------------


def test_the_map_holds_what_the_network_answers_there() -> None:
    step = run().at(40)
    shown = boundary_view(run(), step, points=9)
    data = run().data
    point = np.array([[shown.x[3], shown.y[6]]])
    scales = np.array(data.feature_scales).T if data.feature_scales else np.array([[0.0, 0.0], [1.0, 1.0]])
    output = run().task.output(step.nested, step.carried.memory, (point - scales[0]) / scales[1])
    powers = np.exp(output - output.max())
    assert shown.z[6][3] == pytest.approx(float(powers[0, 1] / powers.sum()), rel=1e-3)
    assert (len(shown.x), len(shown.y), len(shown.z), len(shown.z[0])) == (9, 9, 9, 9)


def test_the_plane_holds_all_points_of_the_data() -> None:
    shown, drawn = boundary_view(run(), run().at(5)), data_view(run().data)
    assert shown.x[0] < min(x for x in drawn.x if x is not None)
    assert shown.y[-1] > max(y for y in drawn.y if y is not None)


def test_each_unit_has_its_map_and_a_dead_one_is_called_dead() -> None:
    dead = run().fork(edit={"dense1.w": np.zeros((2, 6)), "dense1.b": np.full(6, -1.0)})
    alive, shown = boundary_view(run(), run().at(5)), boundary_view(dead, dead.at(41))
    assert [(unit.layer, unit.unit) for unit in alive.units[:6]] == [("dense1", k) for k in range(6)]
    assert len(alive.units) == 8
    assert [unit.dead for unit in shown.units] == [True] * 6 + [False] * 2
    assert not all(unit.dead for unit in alive.units)


def test_more_units_than_can_be_shown_are_counted() -> None:
    shown = boundary_view(run(), run().at(5), units=3)
    assert (len(shown.units), shown.left_out) == (3, 5)
    assert boundary_view(run(), run().at(5), units=0).units == ()
    assert len(boundary_view(run(), run().at(5), units=10**6).units) <= MOST_UNITS


@pytest.mark.parametrize(("name", "shape"), [("line", (1, 200)), ("gaussians", (41, 41))])
def test_one_input_is_a_curve_and_numbers_are_in_the_users_unit(name: str, shape: tuple[int, int]) -> None:
    shown = boundary_view(run(name), run(name).at(40))
    assert (len(shown.z), len(shown.z[0])) == shape
    if name == "line":
        assert shown.second == ""
        assert shown.y == ()
        predicted = run(name).predict(np.array([[shown.x[100]]]))
        assert shown.z[0][100] == pytest.approx(float(predicted[0]), abs=0.1)


def test_of_several_classes_the_likeliest_is_told_and_how_sure_it_is() -> None:
    data = ds.data.gaussians(n=200, classes=3)
    three = ds.train(ds.nn.mlp([2, 8, 3]), data, optimizer=ds.optim.adam(0.05), steps=60)
    shown = boundary_view(three, three.at(60))
    assert {value for row in shown.z for value in row} == {0.0, 1.0, 2.0}
    assert all(1 / 3 <= value <= 1 for row in shown.sure for value in row if value is not None)
    assert "0 " in text(shown)


def test_more_than_two_inputs_are_refused_with_what_to_look_at() -> None:
    with pytest.raises(SettingError, match="boundary-inputs"):
        boundary_view(run("wine"), run("wine").at(3))


def test_answers_that_are_not_finite_are_counted_and_drawn_as_such() -> None:
    broken = run().fork(edit={"dense2.b[0]": float("inf")})
    shown = boundary_view(broken, broken.at(41))
    assert shown.not_finite == 41 * 41
    assert shown.events[0].kind == "nan"
