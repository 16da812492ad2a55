"""``ds.show(x)``: the interactive view of anything that can be shown, or its picture and what is missing."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from downslope.lab import front_end, lazy
from downslope.lab.still import Still
from downslope.lab.subject import subject

if TYPE_CHECKING:
    from downslope.lab.widget import Shown

NOT_BUILT = "This is a picture only: the interactive view has not been built. Run `make web` in the checkout."
NO_WIDGETS = "This is a picture only: interactive views need anywidget. Run `pip install 'downslope[notebook]'`."


def show(shown: Any) -> Shown | Still:
    """The interactive view of a run, a step, a reading, a derivation, a surface, a descent or several in a list, a
    race, or a payload.

    In a notebook the last line of a cell shows it; ``print`` gives its text form. Where something is missing for it,
    the picture alone is shown, and says what. Errors: SettingError ``show-what``.
    """
    about = subject(shown)
    if not front_end.is_built():
        return Still(about, NOT_BUILT)
    if find_spec("anywidget") is None:
        return Still(about, NO_WIDGETS)
    made: Shown = lazy.widget.Shown(about)
    return made


def displayed(shown: Any) -> None:
    """Show it in the notebook that asks: what an object does that stands in the last line of a cell."""
    notebook: Any = sys.modules["IPython"]
    notebook.display.display(show(shown))
