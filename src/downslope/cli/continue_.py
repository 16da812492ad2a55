"""``downslope continue RUN``: go on training, bit for bit as if the run had been longer from the start."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from downslope.cli import ending, progress, settings, which_run

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope continue last --steps 500[/cyan]

[cyan]downslope continue digits-1 --epochs 5 --stop-when "accuracy > 0.98"[/cyan]
"""


def continue_(
    run: which_run.RunName,
    steps: Annotated[int | None, typer.Option("--steps", help="How many more (else what was left to do).")] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", help="Epochs, instead of --steps.")] = None,
    stop_when: ending.StopWhen = None,
    quiet: which_run.Quiet = False,
    model: which_run.ModelFunction = None,
    loss: which_run.LossFunction = None,
    debug: which_run.Debug = False,
) -> int:
    """Go on training RUN in its own file, with all its settings."""
    settings.length(epochs, steps)
    ending.check(stop_when)
    before = which_run.opened(run, model, loss)
    if steps is None and epochs is None:
        steps = max(before.file.meta("until", 0) - before.steps, 0) or None
    try:
        with progress.shown(quiet) as report:
            after = before.train(steps, epochs=epochs, stop_when=stop_when, progress=report)
    except KeyboardInterrupt:
        print(f"Interrupted: what was recorded is in {before.path}.", file=sys.stderr)
        return ending.INTERRUPTED
    if not quiet:
        print(after.summary())
    return ending.exit_code(after)
