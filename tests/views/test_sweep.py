"""The picture of many runs: every run is a dot, every mean is that of its runs, and what is not finite is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.runs.small import moons
from tests.views.tools import named

import downslope as ds
from downslope.errors import SettingError
from downslope.runs.many_table import Sweep
from downslope.views.plot.sweep import sweep as draw
from downslope.views.sweep import sweep_view
from downslope.views.text import text


def swept(**changes: Any) -> Sweep:
    settings: dict[str, Any] = {"optimizer": ds.optim.adam(), "steps": 12, "batch_size": 20, "seed": range(3)}
    return ds.train_many(ds.nn.mlp([2, 4, 2]), moons(), **{**settings, **changes})


def test_each_run_is_a_value_and_each_place_a_mean() -> None:
    table = swept(lr=[0.1, 0.001, 0.01], batch_size=[20, None])
    view = sweep_view(table)
    assert (view.x_label, view.y_label, view.is_log, view.words) == ("lr", "accuracy", True, ())
    assert [line.name for line in view.lines] == ["batch_size 20", "batch_size all"]
    assert [point.x for point in view.lines[0].points] == [0.001, 0.01, 0.1]
    shown = [np.array(point.values, float) for line in view.lines for point in line.points]
    np.testing.assert_array_equal(np.sort(np.concatenate(shown)), np.sort(table.column("accuracy")))
    for point, values in zip([point for line in view.lines for point in line.points], shown, strict=True):
        assert point.mean == pytest.approx(values.mean())
        assert point.spread == pytest.approx(values.std(ddof=1))


def test_words_have_places_of_their_own() -> None:
    view = sweep_view(swept(initialiser=["he", "zeros"], seed=[0]))
    assert view.words == ("he", "zeros")
    assert [point.x for point in view.lines[0].points] == [0.0, 1.0]
    assert [point.spread for point in view.lines[0].points] == [None, None]
    assert sweep_view(swept()).x_label == "seed"
    with pytest.raises(SettingError, match="sweep-along"):
        sweep_view(swept(), along="lr")
    with pytest.raises(SettingError, match="sweep-column"):
        sweep_view(swept(), "lossy")


def test_a_run_that_failed_leaves_its_place_without_a_mean_and_is_told() -> None:
    view = sweep_view(swept(lr=[0.01, 3e38]), "loss")
    good, bad = view.lines[0].points
    assert good.mean is not None
    assert bad.mean is None
    assert bad.values == (None, None, None)
    assert [event.count for event in view.events] == [3]
    figure: Any = draw(view).get_figure(root=True)
    words = [each.get_text() for each in figure.findobj(lambda each: hasattr(each, "get_text"))]
    assert any("3 of 6 runs" in text for text in words)


def test_a_run_that_failed_is_told_also_where_its_last_result_is_a_number() -> None:
    view = sweep_view(swept(lr=[0.01, 3e38]), "accuracy")
    assert [event.count for event in view.events] == [3]
    assert [bool(run.ended) for run in view.runs] == [False] * 3 + [True] * 3
    assert [run.values["loss"] is None for run in view.runs] == [False] * 3 + [True] * 3


def test_every_run_is_in_the_payload_with_its_course_and_its_place() -> None:
    table = swept(lr=[0.01, 0.1])
    view = sweep_view(table)
    assert view.places == tuple((row.settings["lr"], 0) for row in table.rows)
    assert (view.done, view.meant, view.state) == (6, 6, "done")
    for k, run in enumerate(view.runs):
        np.testing.assert_array_equal(table.losses(k)[np.array(run.course_steps) - 1], np.array(run.course, np.float32))
    assert "0.01" in text(view)
    assert all(f"{point.mean:.4g}" in text(view) for line in view.lines for point in line.points if point.mean)


def test_the_dots_of_the_picture_are_the_runs() -> None:
    table = swept(lr=[0.01, 0.1])
    ax = ds.plot.sweep(table, result="loss")
    dots = named(ax, "runs0")[0].get_xydata()
    np.testing.assert_array_equal(np.sort(dots[:, 1]), np.sort(table.column("loss")))
    assert ds.plot.sweep(sweep_view(table)).get_ylabel() == "accuracy"
    assert ax.get_xscale() == "log"
