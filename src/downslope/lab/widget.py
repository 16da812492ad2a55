"""The widget of a notebook: interactive views, and a picture of the first one for wherever no kernel is.

A saved notebook keeps two outputs: the picture, with its words, which GitHub, nbconvert and readers without a kernel
show; and the widget. Where the widget lives it hides the picture before it, because it shows the same and more.
"""

from __future__ import annotations

import sys
from typing import Any

import anywidget
import msgspec
import traitlets

from downslope.errors import DownslopeError
from downslope.lab import front_end
from downslope.lab.protocol import Failure, Query, bug, failure
from downslope.lab.still import Still
from downslope.lab.subject import Subject
from downslope.views.payload import Payload

AT_ONCE = ("uplot",)
"""Libraries that are sent with the first numbers, so that their picture is there while the kernel is busy."""
AGAIN = "An interactive view stands here while the notebook's kernel runs: run this cell again to use it."


class Shown(anywidget.AnyWidget):
    """A widget of some views. ``print`` gives the text form of the first one."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    start = traitlets.Dict().tag(sync=True)

    def __init__(self, about: Subject) -> None:
        self._still = Still(about)
        self._about = about
        views = [each for each in about.views if each in front_end.views()]
        super().__init__(
            _esm=front_end.text(front_end.MODULE),
            _css=front_end.text(front_end.STYLE),
            start={
                "views": views,
                "run": about.run,
                "steps": about.steps,
                "state": about.state,
                "answers": {asked: msgspec.to_builtins(each) for asked, each in about.answers.items()},
                "still": [0, 0],
                "libraries": {name: front_end.library(name) for name in AT_ONCE if name in front_end.needed(views)},
            },
        )
        self.on_msg(self._heard)

    def __repr__(self) -> str:
        return repr(self._still)

    def _heard(self, _: Any, content: Any, buffers: Any) -> None:
        """A question of the page, or the name of a library that a view needs."""
        if not isinstance(content, dict):
            return
        id = content.get("id")
        try:
            if "library" in content:
                self.send({"id": id, "library": front_end.library(str(content["library"]))})
                return
            answer = self.answer(msgspec.convert(content.get("ask"), Query))
            self.send({"id": id, "answer": msgspec.to_builtins(answer)})
        except DownslopeError as error:
            self._refuse(id, failure(error))
        except Exception as error:  # shown in the view's frame; a traceback here would go to no cell
            self._refuse(id, bug(error, "a widget of ds.show"))

    def answer(self, query: Query) -> Payload:
        """The answer to a question of a view. Errors: those of what is asked."""
        return self._about.ask(query)

    def _refuse(self, id: Any, what: Failure) -> None:
        self.send({"id": id, "failure": msgspec.to_builtins(what)})

    # --- in the notebook -----------------------------------------------------------------------------------------

    def _repr_mimebundle_(self, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget, the picture and the words in one, for front ends that choose among them."""
        live = super()._repr_mimebundle_(**more)
        data, words = self._still.bundle()
        if live is None:
            return data, words
        found, facts = live if isinstance(live, tuple) else (live, {})
        return {**found, **data}, {**facts, **words}

    def _ipython_display_(self) -> None:
        # Two outputs rather than one with both forms: a notebook that is opened again, or was executed without a
        # front end, takes the widget's form of an output that has one, and shows nothing where no kernel answers.
        ipython: Any = sys.modules["IPython"]
        if not hasattr(ipython.get_ipython(), "kernel"):
            print(self)  # IPython in a terminal
            return
        publish = ipython.display.display
        data, words = self._still.bundle()
        self.start = {**self.start, "still": list(self._still.size)}
        publish(data, raw=True, metadata=words)
        live = super()._repr_mimebundle_()
        found, facts = live if isinstance(live, tuple) else (live or {}, {})
        publish({**found, "text/plain": AGAIN}, raw=True, metadata=facts)
