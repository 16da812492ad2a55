"""``downslope runs``: the runs of a directory as a table; a damaged file is a row that says so."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from downslope.cli import lazy, table, which_run
from downslope.errors import DataError, SettingError, nearest

if TYPE_CHECKING:
    from downslope.runs.glance import Glance

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope runs[/cyan]

[cyan]downslope runs --sort metric[/cyan]

[cyan]downslope runs experiments/ --json[/cyan]
"""

SORTS = ("age", "name", "data", "steps", "loss", "metric", "size", "state")
HEADS = ["name", "data", "model", "optimizer", "steps", "loss", "held out", "state", "size", "age", "parent"]
_NUMBERS = [HEADS.index(head) for head in ("steps", "size", "age")]


def runs(
    directory: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="Where the .run files are.")] = which_run.RUNS,
    sort: Annotated[str, typer.Option("--sort", help=f"By {', '.join(SORTS)}.")] = "age",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round: newest or largest first.")] = False,
    as_json: which_run.AsJson = False,
    debug: which_run.Debug = False,
) -> int:
    """List the runs of DIRECTORY, the newest last."""
    if sort not in SORTS:
        raise SettingError(
            "cli-sort",
            f"--sort is '{sort}'",
            where="the option --sort",
            why="runs are put in order by one of their columns",
            do=nearest(sort, SORTS),
        )
    if not directory.is_dir() and directory != which_run.RUNS:
        raise DataError(
            "cli-directory-missing",
            f"there is no directory {directory}",
            where="downslope runs DIRECTORY",
            why="runs are listed from the files of a directory",
            do="Give a directory with .run files; without one it is ./runs. For a single file: `downslope show FILE`.",
        )
    found = sorted(lazy.glance.glances(directory), key=lambda run: _key(run, sort), reverse=reverse)
    if as_json:
        print(table.as_json([record(run) for run in found]))
    elif found:
        print(table.columns([HEADS, *(_row(run) for run in found)], _NUMBERS))
    else:
        print(f"There is no run in {directory} yet: `downslope train digits` records one in ./{which_run.RUNS}.")
    return 0


def _key(run: Glance, sort: str) -> Any:
    """Of equal ones the newer is later; what is not a number comes first."""
    value: Any = {
        "age": run.began,
        "name": run.name,
        "data": run.data,
        "steps": run.steps,
        "loss": run.loss[1],
        "metric": run.metric[1],
        "size": run.size,
        "state": run.state,
    }[sort]
    return (not (isinstance(value, float) and math.isnan(value)), value if value == value else 0.0, run.began, run.name)


def _row(run: Glance) -> list[str]:
    if run.state == "damaged" and not run.steps:
        return [run.name, *[""] * 6, f"damaged: {run.why}", table.size(run.size), age(run.began), ""]
    return [
        run.name,
        run.data,
        run.model,
        in_short(run.optimizer),
        f"{run.steps}",
        f"{number(run.loss[0])} → {number(run.loss[1])}" if run.steps else "",
        metric(*run.metric),
        run.state if run.state != "not finished" else f"not finished, {run.steps / max(run.until, 1):.0%}",
        table.size(run.size),
        age(run.began),
        parent(run),
    ]


def record(run: Glance) -> dict[str, Any]:
    """All that is known, as plain values."""
    return {
        "name": run.name,
        "path": str(run.path),
        "state": run.state,
        "why": run.why,
        "data": run.data,
        "model": run.model,
        "optimizer": run.optimizer,
        "steps": run.steps,
        "until": run.until,
        "first_loss": run.loss[0],
        "last_loss": run.loss[1],
        "metric": run.metric[0],
        "held_out": run.metric[1],
        "size": run.size,
        "began": run.began,
        "parent": run.parent,
    }


# --- words, for `downslope show` too --------------------------------------------------------------------------------


def number(value: float) -> str:
    """Four digits; a question mark where it is not known."""
    return "?" if math.isnan(value) else f"{value:.4g}"


def metric(name: str, value: float) -> str:
    """``accuracy 97.2%``, ``R² 0.4512``; empty where nothing was held out."""
    if not name:
        return ""
    return f"accuracy {value:.1%}" if name == "accuracy" else f"{name.replace('r2', 'R²')} {value:.4g}"


def parent(run: Glance) -> str:
    """``digits-1 at 100`` for a fork."""
    if not run.parent:
        return ""
    path = run.parent["path"]
    return f"{Path(path).name.removesuffix('.run') if path else 'in memory'} at {run.parent['step']}"


def in_short(rule: str) -> str:
    """The rule with its first setting, which is the rate.

    >>> in_short("adam(lr=0.001, beta1=0.9)"), in_short("clip_by_norm(adam(lr=0.1, beta1=0.9), 1)")
    ('adam(lr=0.001)', 'clip_by_norm(adam(lr=0.1))')
    """
    depth, kept, dropped = 0, "", 0
    for sign in rule:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and not dropped:
            dropped = depth
        elif dropped and sign == ")" and depth < dropped:
            dropped = 0
        if not dropped:
            kept += sign
    return kept


def age(began: float) -> str:
    """How long ago, in its largest unit.

    >>> age(time.time() - 7300)
    '2 h'
    """
    seconds = max(time.time() - began, 0.0)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
