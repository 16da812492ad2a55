"""What ``ds.show`` makes of anything that can be shown: the views, the first answers, a picture, and words."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

import downslope as ds
from downslope import views
from downslope.errors import SettingError
from downslope.lab import front_end
from downslope.lab.protocol import Failure, Query, key
from downslope.lab.show import show
from downslope.lab.still import Still
from downslope.lab.subject import subject
from downslope.runs import Run
from downslope.views.payload import DescentView, QuadraticView, TimelineView

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of ipywidgets, without a kernel


@pytest.fixture(scope="module")
def run() -> Run:
    net = ds.nn.mlp([4, 5, 3], hidden="tanh")
    made: Run = ds.train(net, ds.data.iris(), optimizer=ds.optim.adam(1e-2), batch_size=16, epochs=3, seed=0)
    return made


SHOWN: dict[str, tuple[str, Callable[[Run], Any]]] = {
    "a run": ("timeline", lambda run: run),
    "a step": ("network", lambda run: run.at(3)),
    "a reading": ("reading", lambda run: run.ask("grad_norm", every=5)),
    "a derivation": ("derivation", lambda run: run.at(3).explain("dense1.w[1, 2]")),
    "a descent": ("descent", lambda run: ds.descend("bowl", ds.optim.momentum(lr=0.1), steps=5)),
    "descents": ("descent", lambda run: [ds.descend("bowl", ds.optim.adam(lr=lr), steps=5) for lr in (0.1, 0.2)]),
    "a surface": ("surface", lambda run: ds.surfaces.bowl),
    "a race": ("race", lambda run: ds.race("bowl", [ds.optim.adam(lr=0.1), ds.optim.momentum(lr=0.1)], budget=10)),
    "a table of runs": (
        "sweep",
        lambda run: ds.train_many(
            ds.nn.mlp([4, 3, 3]), ds.data.iris(), optimizer=ds.optim.adam(), lr=[0.01, 0.1], seed=range(2), steps=8
        ),
    ),
    "a payload": ("loss_curve", lambda run: views.loss_curve(run)),
}


@pytest.mark.parametrize("what", SHOWN)
def test_what_can_be_shown_has_a_view_a_picture_and_words(what: str, run: Run) -> None:
    view, make = SHOWN[what]
    about = subject(make(run))
    assert about.views[0] == view
    still = Still(about)
    data, metadata = still.bundle()
    assert still.png.startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == data["text/plain"] == repr(still)
    assert len(repr(still).splitlines()) > 1


def test_a_reading_over_steps_has_a_cursor_over_them(run: Run) -> None:
    assert subject(run.ask("histogram", of="grads", every=5)).steps == max(range(1, run.steps + 1, 5))
    assert subject(run.ask("spectrum", steps=[3], products=5, vectors=1)).steps == 0  # one step is no axis


def test_what_cannot_be_shown_is_refused_with_what_can() -> None:
    with pytest.raises(SettingError, match=r"a int cannot be shown.*\[show-what\]"):
        show(7)


def test_the_first_picture_of_a_run_needs_no_asking(run: Run) -> None:
    about = subject(run)
    answers = about.answers
    assert list(answers) == [key(Query("timeline", run.name))]
    assert isinstance(next(iter(answers.values())), TimelineView)


def test_a_descent_is_asked_anew_at_another_rate_from_the_same_start() -> None:
    path = ds.descend("ill_conditioned_bowl", ds.optim.momentum(lr=0.1), start=(1.0, 2.0), steps=20)
    about = subject(path)
    other = about.ask(Query("descent", args={"lr": 0.2}))
    assert isinstance(other, DescentView)
    again = ds.descend("ill_conditioned_bowl", ds.optim.momentum(lr=0.2), start=(1.0, 2.0), steps=20)
    assert other.paths[0].points[-1] == tuple(again.points[-1].tolist())
    model = about.ask(Query("quadratic", args={"point": [0.5, 0.5]}))
    assert isinstance(model, QuadraticView)
    assert model.curvatures[1] == pytest.approx(path.surface.lambda_max, rel=1e-4)


def test_a_step_shown_alone_says_that_the_run_is_needed_for_the_rest(run: Run) -> None:
    with pytest.raises(SettingError, match="show-alone"):
        subject(run.at(2)).ask(Query("timeline", "step 2"))


# --- the widget -------------------------------------------------------------------------------------------------------


@pytest.fixture
def built() -> None:
    pytest.importorskip("anywidget")
    if not front_end.is_built():
        pytest.skip("the front end has not been built: `make web`")


@pytest.mark.usefixtures("built")
def test_the_widget_answers_a_question_and_refuses_in_four_lines(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    widget: Any = show(run)
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(widget, "send", sent.append)
    widget._heard(widget, {"id": 1, "ask": {"view": "network", "run": run.name, "step": 3}}, [])
    widget._heard(widget, {"id": 2, "ask": {"view": "nonsense"}}, [])
    widget._heard(widget, {"id": 3, "ask": 7}, [])
    widget._heard(widget, {"id": 4, "library": "katex"}, [])
    widget._heard(widget, "nonsense", [])
    assert [each["id"] for each in sent] == [1, 2, 3, 4]
    assert sent[0]["answer"]["type"] == "network"
    assert msgspec.convert(sent[1]["failure"], Failure).code == "lab-view"
    assert msgspec.convert(sent[2]["failure"], Failure).code == "lab-bug"
    assert "katex" in sent[3]["library"]


@pytest.mark.usefixtures("built")
def test_the_first_picture_comes_with_what_draws_it(run: Run) -> None:
    """The kernel may be busy with the next cell when the widget is there."""
    widget: Any = show(run)
    assert list(widget.start["libraries"]) == ["uplot"]
    descent: Any = show(ds.descend("bowl", ds.optim.gradient_descent(lr=0.1), steps=3))
    assert descent.start["libraries"] == {}


@pytest.mark.usefixtures("built")
def test_one_bundle_holds_the_widget_the_picture_and_the_words(run: Run) -> None:
    widget: Any = show(run)
    data, metadata = widget._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
    assert data["image/png"]
    assert data["text/plain"] == repr(widget)
    assert metadata["image/png"]["width"] > 100


def test_without_the_front_end_the_picture_is_shown_and_says_what_is_missing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_end, "is_built", lambda: False)
    shown: Any = show(run)
    data, _ = shown._repr_mimebundle_()
    assert "make web" in data["text/plain"]
    assert data["image/png"]


def test_a_run_in_the_last_line_of_a_cell_shows_its_views(monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[object] = []
    notebook = SimpleNamespace(display=SimpleNamespace(display=published.append))
    monkeypatch.setitem(sys.modules, "IPython", cast("ModuleType", notebook))
    run = ds.train(ds.nn.mlp([4, 3]), ds.data.iris(), optimizer=ds.optim.adam(0.01), steps=5)
    run._ipython_display_()
    (made,) = published
    assert repr(made) == repr(ds.show(run)) == repr(run._display_())
