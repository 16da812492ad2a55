"""``downslope compare RUN OTHER``: the first step at which two runs differ, and how far they drift apart."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from downslope.cli import table, which_run

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope compare digits-1 digits-2[/cyan]

[cyan]downslope compare digits-1 last --every 10 --json[/cyan]
"""


def compare(
    run: which_run.RunName,
    other: Annotated[
        str,
        typer.Argument(metavar="OTHER", help="The other run, named in the same way.", autocompletion=which_run.names),
    ],
    every: Annotated[
        int | None, typer.Option("--every", min=1, help="Compare the parameters at every so many steps (about 40).")
    ] = None,
    as_json: which_run.AsJson = False,
    model: which_run.ModelFunction = None,
    loss: which_run.LossFunction = None,
    debug: which_run.Debug = False,
) -> int:
    """Say where RUN and OTHER part, by which settings, and how far apart they end."""
    here, there = (which_run.opened(word, model, loss) for word in (run, other))
    found = here.compare(there, every)
    print(table.as_json(dataclasses.asdict(found)) if as_json else found.text())
    return 0
