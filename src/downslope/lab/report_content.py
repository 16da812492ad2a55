"""What a report holds: which questions are asked of a run beforehand, at which steps, about which numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from downslope.errors import DownslopeError
from downslope.lab.answer import answer
from downslope.lab.protocol import Query, key
from downslope.lab.source import OneRun
from downslope.runs import Run
from downslope.runs.many_table import Sweep
from downslope.views.list_payload import TextView
from downslope.views.sweep import sweep_view
from downslope.views.text import text

ONCE = ("timeline", "loss_curve", "layers", "confusion", "residuals")
"""Views of the whole run; those that do not fit it (a confusion matrix of a regression) are left out."""
AT_STEPS = ("network", "rows")
AT_LAST = ("program", "graph")
"""Asked at the last step alone: they hardly change from step to step."""
ORDER = (
    "timeline",
    "network",
    "derivation",
    "layers",
    "rows",
    "loss_curve",
    "confusion",
    "residuals",
    "program",
    "graph",
)
DIGITS = 6  # of each number: more cannot be seen, and they are most of the file
MOST_CHOSEN = 4  # weights that are derived where nobody names them

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Content:
    """views: in their order on the page. steps: those whose numbers are in it, ascending. numbers: those derived.

    answers: by the key of their question. left_out: what could not be answered, in words.
    """

    views: tuple[str, ...]
    steps: tuple[int, ...]
    numbers: tuple[str, ...]
    answers: dict[str, Any]
    left_out: tuple[str, ...]


def steps_of(run: Run, most: int) -> tuple[int, ...]:
    """At most ``most`` steps: the first and the last, half of the others evenly, half closer to the beginning."""
    if run.steps <= most:
        return tuple(range(1, run.steps + 1))
    even = np.linspace(1, run.steps, max(most - most // 2, 2))
    early = np.geomspace(1, run.steps, max(most // 2, 2))
    return tuple(sorted({int(step) for step in np.rint(np.concatenate((even, early)))}))


def chosen_numbers(run: Run) -> tuple[str, ...]:
    """Of each array of weights the number with the largest gradient at the last step, the first few arrays."""
    found = []
    for name, gradient in run.at(run.steps).grads.items():
        values = np.abs(np.asarray(gradient, np.float64))
        if values.ndim > 1 and values.size:
            place = np.unravel_index(int(np.argmax(np.where(np.isfinite(values), values, np.inf))), values.shape)
            found.append(f"{name}[{', '.join(str(int(k)) for k in place)}]")
    return tuple(found[:MOST_CHOSEN])


def gathered(
    run: Run, steps: Sequence[int], numbers: Sequence[str], known: frozenset[str], progress: Progress
) -> Content:
    """All answers. known: ids of views that the front end can draw. progress: how many questions are answered, of all.

    Errors: those of ``run.at``; a question that cannot be answered is left out, and said.
    """
    source, answers, left_out = OneRun(run), {}, []
    views = set()
    asked = list(_questions(run, steps, numbers, known))
    for k, query in enumerate(asked):
        progress(k, len(asked))
        try:
            payload = answer(source, query)
        except DownslopeError as error:
            if query.view not in ("confusion", "residuals"):
                left_out.append(f"{query.view}: {error.what}")
            continue
        answers[key(query)] = rounded(msgspec.to_builtins(payload))
        answers[key(_in_words(query))] = msgspec.to_builtins(TextView(payload.title, query.view, text(payload), ()))
        views.add(query.view)
    progress(len(asked), len(asked))
    shown = tuple(each for each in ORDER if each in views)
    return Content(shown, tuple(steps), tuple(numbers), answers, tuple(dict.fromkeys(left_out)))


def _questions(run: Run, steps: Sequence[int], numbers: Sequence[str], known: frozenset[str]) -> Iterator[Query]:
    for view in ONCE:
        if view in known:
            yield Query(view, run.name)
    for step in steps:
        for view in AT_STEPS:
            if view in known:
                yield Query(view, run.name, step)
        if "derivation" in known:
            yield from (Query("derivation", run.name, step, {"words": words}) for words in numbers)
    for view in AT_LAST:
        if view in known and steps:
            yield Query(view, run.name, steps[-1])


def of_table(table: Sweep) -> tuple[Content, str]:
    """Of a table of many runs: every result along every setting; and the usual one in words."""
    usual, answers = sweep_view(table), dict[str, Any]()
    for result in (None, *usual.columns):
        for along in (None, *usual.varied):
            asked = {name: word for name, word in (("result", result), ("along", along)) if word is not None}
            query, payload = Query("sweep", args=asked), sweep_view(table, result, along)
            answers[key(query)] = rounded(msgspec.to_builtins(payload))
            answers[key(_in_words(query))] = msgspec.to_builtins(TextView(payload.title, "sweep", text(payload), ()))
    return Content(("sweep",), (), (), answers, ()), text(usual)


def _in_words(query: Query) -> Query:
    """The question for the text form, as the page asks it."""
    return Query("text", query.run, query.step, {"view": query.view, **({"args": query.args} if query.args else {})})


def rounded(value: Any) -> Any:
    """The same with numbers of six digits."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return value
