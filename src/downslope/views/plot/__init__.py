"""Pictures: everything that can be shown, drawn by matplotlib into an Axes, in one style, and saved as SVG or PNG.

Each function takes what users hold (a run, a step, a reading, a derivation, a descent ...) or its payload, an Axes or
None, and returns the Axes. ``draw`` takes any of them; ``animate`` writes a GIF, an AVIF or an MP4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from downslope import views
from downslope.errors import SettingError
from downslope.explain.records import Derivation
from downslope.runs import Run
from downslope.runs.reading import Reading
from downslope.runs.step import Step
from downslope.views import payload as kinds
from downslope.views.layers import KINDS as LAYERS, layers_view
from downslope.views.plot.animate import animation as _animation
from downslope.views.plot.bars import bars
from downslope.views.plot.confusion import confusion as _confusion
from downslope.views.plot.course import course
from downslope.views.plot.curve import curve
from downslope.views.plot.derivation import derivation as _derivation
from downslope.views.plot.descent import descent as _descent
from downslope.views.plot.flow import Colour, flow as _flow
from downslope.views.plot.flow_film import flow_animation as _flow_animation, network_steps
from downslope.views.plot.heat import heat, histogram
from downslope.views.plot.heights import heights as _heights
from downslope.views.plot.layers import layers as _layers
from downslope.views.plot.loss_curve import loss_curve as _loss_curve
from downslope.views.plot.picture import picture
from downslope.views.plot.plane import plane
from downslope.views.plot.race import race as _race
from downslope.views.plot.residuals import residuals as _residuals
from downslope.views.plot.style import save
from downslope.views.plot.surface import surface as _surface
from downslope.views.plot.sweep import sweep as _sweep
from downslope.views.plot.timeline import timeline as _timeline
from downslope.views.shown import payload_of
from downslope.views.sweep import sweep_view
from downslope.views.sweep_payload import SweepView

__all__ = [
    "animate",
    "confusion",
    "derivation",
    "descent",
    "draw",
    "flow",
    "heights",
    "layers",
    "loss_curve",
    "picture",
]
__all__ += ["race", "reading", "residuals", "save", "slice", "surface", "sweep", "timeline"]

PAINTERS: dict[type, Callable[..., Axes]] = {
    kinds.LossCurve: _loss_curve,
    kinds.ConfusionMatrix: _confusion,
    kinds.Residuals: _residuals,
    kinds.SurfaceView: _surface,
    kinds.DescentView: _descent,
    kinds.RaceView: _race,
    kinds.CourseView: course,
    kinds.BarsView: bars,
    kinds.HeatView: heat,
    kinds.CurveView: curve,
    kinds.HistogramView: histogram,
    kinds.SliceView: plane,
    kinds.TimelineView: _timeline,
    kinds.NetworkView: _flow,
    kinds.SweepView: _sweep,
    kinds.DerivationView: _derivation,
}
"""The painter of each kind of payload: it takes the payload, an Axes or None, and dark=."""


def draw(shown: Any, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Anything that can be shown, into ``ax`` or a figure of its own.

    shown: a Run (as its time line), a Step (as its network), a Reading (as fits), a Derivation, a surface, a descent or
    a list of them, a race, or a payload. Errors: SettingError ``view-unknown``, ``view-unpainted``.
    """
    payload = payload_of(shown)
    painter = PAINTERS.get(type(payload))
    if painter is None:
        raise SettingError(
            "view-unpainted",
            f"a {type(payload).__name__} is not drawn by matplotlib",
            where="ds.plot.draw",
            why="some views are interactive only: their picture would hold too little",
            do="show it in the lab or in a notebook cell, or print its text form",
        )
    return painter(payload, ax, dark=dark)


def reading(shown: Reading | kinds.ReadingView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """What an instrument told: ``ds.plot.reading(run.ask("dead_units"))``."""
    return draw(shown, ax, dark=dark)


def slice(shown: Reading | kinds.SliceView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """The loss over a plane through the parameters: ``ds.plot.slice(run.ask("loss_slice", steps=[40]))``."""
    return draw(shown, ax, dark=dark)


def layers(
    shown: Run | Reading | Sequence[Reading],
    ax: Axes | None = None,
    *,
    of: str | Sequence[str] = tuple(LAYERS),
    steps: Any = None,
    dark: bool = False,
) -> Axes:
    """The layers of a run over time, one picture below the other: gradients, weights, updates and activations as
    histograms over decades of size, zeros and what is not finite apart, and the update ratio with its healthy band.

    shown: a Run, or readings, such as those of ``run.ask("histogram", of="grads")``. of: which of "grads", "params",
    "updates", "activations", "update_ratio" are shown of a run, steps: at which steps, as in ``run.ask``. ax: for one
    alone. Errors: SettingError ``unknown-name``, ``layers-axes``.
    """
    if isinstance(shown, Run):
        payloads: Sequence[Any] = layers_view(shown, [of] if isinstance(of, str) else of, steps)
    else:
        payloads = [payload_of(each) for each in ([shown] if isinstance(shown, Reading) else shown)]
    return _layers(payloads, draw, ax, dark=dark)


def surface(shown: Any, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """A surface of ``ds.surfaces`` as a contour map with its known minima."""
    return draw(shown, ax, dark=dark)


def descent(shown: Any, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """A descent, or a list of descents of one surface: ``ds.plot.descent(ds.descend("bowl", ds.optim.adam(0.1)))``."""
    return draw(shown, ax, dark=dark)


def heights(shown: Any, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """The value at each step of a descent, or of a list of them."""
    return _heights(payload_of(shown), ax, dark=dark)


def race(shown: Any, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """A race of optimizers: ``ds.plot.race(ds.race("rosenbrock", [...]))``."""
    return draw(shown, ax, dark=dark)


def sweep(
    shown: Any, ax: Axes | None = None, *, result: str | None = None, along: str | None = None, dark: bool = False
) -> Axes:
    """Many runs, a setting against how well they did: ``ds.plot.sweep(ds.train_many(..., lr=[...]))``.

    shown: the table, or a payload. result: a column of it, along: the setting that goes to the right, as for
    :func:`downslope.views.sweep.sweep_view`. Errors: SettingError ``sweep-column``, ``sweep-along``.
    """
    return _sweep(shown if isinstance(shown, SweepView) else sweep_view(shown, result, along), ax, dark=dark)


def derivation(shown: Derivation | kinds.DerivationView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Where a number comes from, sum by sum: ``ds.plot.derivation(run.at(3).explain("dense1.w[3, 2]"))``."""
    return draw(shown, ax, dark=dark)


def animate(
    shown: Any,
    path: str | Path,
    *,
    steps: Iterable[int] | None = None,
    row: int | None = None,
    dark: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write what moves to a file that ends in .gif, .avif or .mp4 (for which imageio-ffmpeg must be installed).

    shown: a descent or a list of them, step by step; a Step, or a Run, of which ``steps`` are shown (three if None), as
    the flow of the network: forward, loss, backward, update. row: of the mini-batch, for the flow. progress: is told
    how many frames are drawn, and of how many. Errors: SettingError ``animation-ending``, ``animation-package``,
    ``view-unknown``, ``view-unpainted``.
    """
    file = Path(path)
    if isinstance(shown, Run | Step):
        _flow_animation(network_steps(shown, steps, row), file, dark=dark, progress=progress)
        return file
    payload = payload_of(shown)
    if isinstance(payload, kinds.NetworkView):
        _flow_animation([payload], file, dark=dark, progress=progress)
    elif isinstance(payload, kinds.DescentView):
        _animation(payload, file, dark=dark, progress=progress)
    else:
        raise SettingError(
            "view-unpainted",
            f"a {type(payload).__name__} does not move",
            where="ds.plot.animate",
            why="descents and the flow of a network are animated",
            do="give a descent, a run or a step of it",
        )
    return file


def timeline(shown: Run | kinds.TimelineView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """The recorded numbers of a run, its snapshots, and what happened when."""
    return draw(shown, ax, dark=dark)


def flow(
    shown: Step | kinds.NetworkView,
    ax: Axes | None = None,
    *,
    row: int | None = None,
    dark: bool = False,
    colour: Colour = "gradient",
    stage: int | None = None,
) -> Axes:
    """One step of a network: values going forward, the loss, error signals coming back, gradients and the update.

    shown: ``run.at(t)``, ``views.one_step(...)`` for a network written by hand, or a payload. row: one row of the
    mini-batch, by its place. colour: what the edges are coloured by, "gradient", "weight" or "update". stage: how far
    the step has come (0 the inputs, then layer by layer forward, the loss, layer by layer backward, the update); None
    shows all of it. Errors: SettingError ``network-row``, ``flow-colour``.
    """
    payload = views.network_view(shown, row) if isinstance(shown, Step) else shown
    return _flow(payload, ax, dark=dark, colour=colour, stage=stage)


def loss_curve(shown: Run | kinds.LossCurve, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """The loss over the steps of a run."""
    return draw(views.loss_curve(shown) if isinstance(shown, Run) else shown, ax, dark=dark)


def confusion(shown: Run | kinds.ConfusionMatrix, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Which classes a run takes for which others, on the rows that it was judged by."""
    return draw(views.confusion(shown) if isinstance(shown, Run) else shown, ax, dark=dark)


def residuals(shown: Run | kinds.Residuals, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Target minus prediction, of the rows that a run was judged by."""
    return draw(views.residuals(shown) if isinstance(shown, Run) else shown, ax, dark=dark)
