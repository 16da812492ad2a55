"""``downslope report RUN``: a run as one page that opens from disk, to be passed on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from downslope.cli import lazy, which_run

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope report digits-1[/cyan]

[cyan]downslope report last --out digits.html --steps 120[/cyan]

[cyan]downslope report last --number 'dense1.w[3, 2]' --number 'dense2.b[0]'[/cyan]
"""


def report(
    run: which_run.RunName,
    out: Annotated[Path | None, typer.Option("--out", help="The file; RUN.html if not given.")] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=2, help="How many steps it holds; 60, or those that fit in a megabyte."),
    ] = None,
    number: Annotated[
        list[str] | None,
        typer.Option("--number", metavar="NUMBER", help="A number that is derived at each of them; may be repeated."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    quiet: which_run.Quiet = False,
    model: which_run.ModelFunction = None,
    loss: which_run.LossFunction = None,
    debug: which_run.Debug = False,
) -> int:
    """Write RUN as one interactive page that needs no network, no Python and no Downslope."""
    opened = which_run.opened(run, model, loss)
    place = out or Path(f"{which_run.find(run).stem}.html")
    lazy.report.report(
        opened, place, steps=steps, numbers=number or None, force=force, progress=_nothing if quiet else None
    )
    if not quiet:
        print(f"Written to {place}: {place.stat().st_size / 1e6:.2f} MB; open it in any browser.")
    return 0


def _nothing(done: int, of: int) -> None:
    """No progress."""
