"""``downslope note RUN TEXT``: a remark that stays with the run, in its file."""

from __future__ import annotations

from typing import Annotated

import typer

from downslope.cli import which_run
from downslope.errors import SettingError

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope note last "with the cleaned labels"[/cyan]

[cyan]downslope note digits-1 "the loss jumps here" --step 412[/cyan]

`downslope show RUN` lists the notes.
"""


def note(
    run: which_run.RunName,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The remark.")],
    step: Annotated[int | None, typer.Option("--step", help="The step that it is about.")] = None,
    quiet: which_run.Quiet = False,
    model: which_run.ModelFunction = None,
    loss: which_run.LossFunction = None,
    debug: which_run.Debug = False,
) -> int:
    """Write the remark TEXT into the file of RUN."""
    if not text.strip():
        raise SettingError(
            "cli-usage",
            "the note is empty",
            where=f"downslope note {run}",
            why="a note is what you want to remember of a run",
            do="Write it in quotation marks.",
        )
    opened = which_run.opened(run, model, loss)
    if step is not None:
        opened.at(step)
    opened.note(text, step)
    if not quiet:
        print(f"Noted in {opened.path}{'' if step is None else f' at step {step}'}.")
    return 0
