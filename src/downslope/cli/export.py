"""``downslope export RUN --to FORMAT``: what was recorded of every step, for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from downslope.cli import which_run
from downslope.errors import SettingError, nearest

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope export digits-1 --to parquet --out digits.parquet[/cyan]

[cyan]downslope export last --to tensorboard --out logs/[/cyan]

[cyan]downslope export last --to mlflow[/cyan]
"""

FORMATS = ("parquet", "tensorboard", "mlflow")


def export(
    run: which_run.RunName,
    to: Annotated[str, typer.Option("--to", help=f"One of {', '.join(FORMATS)}.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File (RUN.parquet), directory (RUN-tensorboard) or experiment of MLflow."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    quiet: which_run.Quiet = False,
    model: which_run.ModelFunction = None,
    loss: which_run.LossFunction = None,
    debug: which_run.Debug = False,
) -> int:
    """Write the recorded numbers of RUN in the format of another tool."""
    if to not in FORMATS:
        raise SettingError(
            "cli-format",
            f"--to is '{to}'",
            where="the option --to",
            why="it says for which tool the numbers are written",
            do=nearest(to, FORMATS),
        )
    opened = which_run.opened(run, model, loss)
    name = which_run.find(run).stem
    if to == "mlflow":
        said = f"Written to MLflow as run {opened.to_mlflow(None if out is None else str(out))}."
    elif to == "parquet":
        place = out or Path(f"{name}.parquet")
        opened.to_parquet(place, force=force)
        said = f"Written to {place}: {opened.steps} steps."
    else:
        place = out or Path(f"{name}-tensorboard")
        opened.to_tensorboard(place, force=force)
        said = f"Written to {place}; `tensorboard --logdir {place}` shows it."
    if not quiet:
        print(said)
    return 0
