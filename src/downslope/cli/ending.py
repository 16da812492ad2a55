"""How a training ends: at a condition, at a NaN, by Ctrl-C or at its last step; and the exit code that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from downslope.cli import lazy, messages

if TYPE_CHECKING:
    from downslope.runs import Run

STOPPED_AT_NAN, INTERRUPTED = 1, 130

StopWhen: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--stop-when",
        metavar="CONDITION",
        help="End with the first step at which it holds: 'loss > 2 * median(loss, 20)'.",
        rich_help_panel="How long",
    ),
]


def check(stop_when: str | None) -> None:
    """Refuse before anything is recorded a condition that cannot be read. Errors: as for ``run.first``."""
    if stop_when is not None:
        steps = [name for name, entry in lazy.instrument.known().items() if entry.over == "step"]
        lazy.condition.parse(stop_when, (*lazy.layout.SCALARS, *lazy.history.METRICS), steps)


def was_interrupted(run: Run) -> bool:
    """Whether Ctrl-C ended it."""
    return bool(run.stopped and run.stopped.startswith("interrupted"))


def exit_code(run: Run) -> int:
    """0, 1 at a NaN (which is told here), 130 after Ctrl-C."""
    if run.failure is not None:
        messages.show(messages.as_typed(run.failure.text))
        return STOPPED_AT_NAN
    return INTERRUPTED if was_interrupted(run) else 0
