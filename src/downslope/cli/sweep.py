"""``downslope sweep``: many short trainings with different settings and seeds, and the table of what came of them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from downslope.cli import ending, lazy, settings, table as tables, which_run

if TYPE_CHECKING:
    from downslope.runs.many_table import Sweep

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope sweep digits --lr 1e-4,1e-3,1e-2 --seeds 5[/cyan]

[cyan]downslope sweep houses.csv --target price --optimizer adam --optimizer momentum --lr 0.001,0.01[/cyan]

[cyan]downslope sweep moons --lr "0.01,cosine(0.1, 300)" --batch-size 8,32,all --epochs 10 --by held_out_loss[/cyan]

[cyan]downslope sweep iris --initialiser he,xavier,zeros --record sweeps/iris[/cyan]
"""

_DATA, _NET, _RULE, _LENGTH, _RESULT = "The data", "The network", "What is tried", "How long", "The result"


def _in(panel: str, *names: str, words: str, **more: Any) -> Any:
    return typer.Option(*names, help=words, rich_help_panel=panel, **more)


def sweep(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="digits, iris, wine, breast_cancer, diabetes, or the path of a .csv, .tsv or .parquet file.",
        ),
    ],
    target: Annotated[str | None, _in(_DATA, "--target", words="The column to predict.")] = None,
    task: Annotated[
        str | None, _in(_DATA, "--task", words="classification or regression; else the target says.")
    ] = None,
    missing: Annotated[
        str | None, _in(_DATA, "--missing", words="Unusable cells: stop and list them, drop the row, or impute.")
    ] = None,
    held_out: Annotated[float, _in(_DATA, "--held-out", words="The part of the rows to judge by.")] = 0.2,
    hidden: Annotated[
        str | None,
        _in(_NET, "--hidden", words="Units of each hidden layer, such as 32,16; 0 for none; else one layer."),
    ] = None,
    activation: Annotated[str, _in(_NET, "--activation", words="Of the hidden layers.")] = "relu",
    dtype: Annotated[str, _in(_NET, "--dtype", words="float32 or float64.")] = "float32",
    lr: Annotated[
        str | None, _in(_RULE, "--lr", words="Learning rates or schedules, with commas between them.")
    ] = None,
    optimizer: Annotated[
        list[str] | None, _in(_RULE, "--optimizer", words="A name, or written out (adam). May be repeated.")
    ] = None,
    batch_size: Annotated[
        str | None, _in(_RULE, "--batch-size", words="Rows a step, such as 8,32,all, with commas between them.")
    ] = None,
    initialiser: Annotated[
        str | None, _in(_RULE, "--initialiser", words="Names of initialisers, with commas between them.")
    ] = None,
    seeds: Annotated[int, _in(_RULE, "--seeds", words="How many seeds, from 0 on: one alone says little.", min=1)] = 5,
    epochs: Annotated[int | None, _in(_LENGTH, "--epochs", words="Passes over the training rows (20).")] = None,
    steps: Annotated[int | None, _in(_LENGTH, "--steps", words="Steps, instead of --epochs.")] = None,
    dialect: Annotated[str, _in(_LENGTH, "--dialect", words="machine, which all runs share; or in place.")] = "machine",
    workers: Annotated[
        int | None, _in(_LENGTH, "--workers", words="Runs at a time (one for each core).", min=1)
    ] = None,
    by: Annotated[
        str | None, _in(_RESULT, "--by", words="The column to sort by, such as held_out_loss (accuracy or R²).")
    ] = None,
    record: Annotated[
        Path | None, _in(_RESULT, "--record", words="A folder in which each run gets a file (else none is kept).")
    ] = None,
    as_json: which_run.AsJson = False,
    quiet: which_run.Quiet = False,
    debug: which_run.Debug = False,
) -> int:
    """Train on DATA with every combination of settings and seeds, and compare what comes of them."""
    settings.length(epochs, steps)
    settings.float_type(dtype)
    rates = None if lr is None else [_rate(part) for part in parts(lr)]
    rules = [_rule(name, rates) for name in optimizer or ["adam"]]
    options = {"task": task, "missing": missing}
    found = lazy.data.load(
        data, target, held_out=held_out, seed=0, **{k: v for k, v in options.items() if v is not None}
    )
    rows = len(found.train)
    sizes = [len(found.features), *settings.hidden_layers(hidden, rows), found.n_outputs]
    axes: dict[str, Any] = {"optimizer": rules if len(rules) > 1 else rules[0], "seed": range(seeds)}
    if rates is not None:
        axes["lr"] = rates
    if initialiser is not None:
        axes["initialiser"] = parts(initialiser)
    sizes_of_batch = [settings.rows_in_batch(part, rows) for part in (parts(batch_size) if batch_size else [None])]
    axes["batch_size"] = sizes_of_batch if len(sizes_of_batch) > 1 else sizes_of_batch[0]
    _require_column(by, [name for name, value in axes.items() if isinstance(value, list | range)], found.task)
    with np.errstate(all="ignore"):
        done = lazy.many.train_many(
            lazy.nn.mlp(sizes, activation), found, **axes, epochs=epochs, steps=steps, dtype=dtype, dialect=dialect,
            workers=workers, record=record, progress=(lambda *_: None) if quiet else None,
        )  # fmt: skip
    if not len(done):
        print("Interrupted before the first run was done.", file=sys.stderr)
        return ending.INTERRUPTED
    _tell(done, by, record, as_json=as_json, quiet=quiet)
    if len(done) < done.meant:
        return ending.INTERRUPTED
    return int(all(row.ended for row in done.rows))


def _require_column(by: str | None, varied: list[str], task: str) -> None:
    """Refuse before training what the table will not have."""
    metrics = ["accuracy"] if task == "classification" else ["rmse", "r2"]
    known = [*varied, "loss", "held_out_loss", *metrics, "steps", "seconds", "ended"]
    if by is not None and by not in known:
        raise lazy.many.no_column(by, known, f"the option --by {by}")


def _tell(done: Sweep, by: str | None, record: Path | None, *, as_json: bool, quiet: bool) -> None:
    best = done.sorted(by)
    if as_json:
        told = [{name: row.value(name) for name in ("number", *done.columns)} for row in best.rows]
        print(tables.as_json({"data": best.cases[0].task.data.name, "seconds": done.seconds, "runs": told}))
        return
    print(best)
    if quiet:
        return
    print(f"\n{done.picture(by, width=tables.width() - 1)}")
    first = best.rows[0]
    chosen = ", ".join(f"{name} {value}" for name, value in first.settings.items())
    print(f"\nThe best by {by or done.usual} is run {first.number}: {chosen}.")
    if record is not None:
        print(f"Recorded in {record}: `downslope show {record / f'{first.number:03d}.run'}` looks into it.")


def parts(text: str) -> list[str]:
    """What stands between the commas; those in brackets belong to a schedule.

    >>> parts("0.01, cosine(0.1, 300)")
    ['0.01', 'cosine(0.1, 300)']
    """
    return [part.strip() for part in re.split(r",(?![^(]*\))", text)]


def _rate(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _rule(name: str, rates: list[float | str] | None) -> Any:
    """The optimizer of a name; its own rate is replaced where rates are given."""
    if "(" in name or rates is None:
        return settings.rule(name, None, None, [])
    return settings.rule(name, next((rate for rate in rates if isinstance(rate, float)), 1.0), None, [])
