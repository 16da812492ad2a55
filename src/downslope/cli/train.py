"""``downslope train``: from a table or an embedded set to a trained network, its score and what that score is worth."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from downslope.cli import ending, keep, lazy, output, progress, recording, settings, summary

if TYPE_CHECKING:
    from downslope.runs import Run
    from downslope.runs.baselines import Baselines

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope train digits --out out/digits[/cyan]

[cyan]downslope train houses.csv --target price[/cyan]

[cyan]downslope train houses.csv --target price --missing drop[/cyan]

[cyan]downslope train iris --optimizer gradient_descent --batch-size all[/cyan]

[cyan]downslope train moons --optimizer "clip_by_norm(adam(lr=cosine(0.01, 900)), 1)"[/cyan]

[cyan]downslope train digits --stop-when "accuracy > 0.97" --record digits.run[/cyan]
"""

_DATA, _NET, _RULE, _LENGTH, _RESULT = "The data", "The network", "Gradient descent", "How long", "The result"


def _in(panel: str, *names: str, words: str, **more: Any) -> Any:
    return typer.Option(*names, help=words, rich_help_panel=panel, **more)


def train(
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
        str | None,
        _in(_DATA, "--missing", words="Unusable cells: stop and list them (default), drop the row, or impute."),
    ] = None,
    drop_column: Annotated[
        list[str] | None, _in(_DATA, "--drop-column", words="Leave a column out. May be repeated.")
    ] = None,
    category: Annotated[
        list[str] | None, _in(_DATA, "--category", words="A column of codes, not of numbers. May be repeated.")
    ] = None,
    raw: Annotated[bool, _in(_DATA, "--raw", words="Do not standardise the columns.")] = False,
    held_out: Annotated[float, _in(_DATA, "--held-out", words="The part of the rows to judge by.")] = 0.2,
    hidden: Annotated[
        str | None,
        _in(_NET, "--hidden", words="Units of each hidden layer, such as 32,16; 0 for none; else one layer."),
    ] = None,
    activation: Annotated[str, _in(_NET, "--activation", words="Of the hidden layers.")] = "relu",
    loss: Annotated[str | None, _in(_NET, "--loss", words="softmax_cross_entropy or mse; else the task says.")] = None,
    dtype: Annotated[str, _in(_NET, "--dtype", words="float32 or float64.")] = "float32",
    optimizer: Annotated[
        str, _in(_RULE, "--optimizer", words="The rule: a name, or written out, adam(lr=cosine(0.01, 900)).")
    ] = "adam",
    lr: Annotated[float | None, _in(_RULE, "--lr", words="The learning rate (adam: 0.005).")] = None,
    beta: Annotated[float | None, _in(_RULE, "--beta", "--momentum", words="Of --optimizer momentum.")] = None,
    setting: Annotated[
        list[str] | None, _in(_RULE, "--set", words="Any other hyperparameter: NAME=NUMBER. May be repeated.")
    ] = None,
    batch_size: Annotated[
        str | None,
        _in(_RULE, "--batch-size", words="Rows a step; 1 is stochastic, all is batch gradient descent (32)."),
    ] = None,
    dialect: Annotated[
        str,
        _in(_LENGTH, "--dialect", words="in place; machine: compiled first, faster; auto: the one, later the other."),
    ] = "auto",
    epochs: Annotated[int | None, _in(_LENGTH, "--epochs", words="Passes over the training rows (20).")] = None,
    steps: Annotated[int | None, _in(_LENGTH, "--steps", words="Steps, instead of --epochs.")] = None,
    stop_when: ending.StopWhen = None,
    seed: Annotated[int, _in(_LENGTH, "--seed", words="Fixes the split, the start values and the order.")] = 0,
    record: Annotated[
        Path | None, _in(_RESULT, "--record", words="The run file (else runs/DATA-1.run, the next free number).")
    ] = None,
    no_record: Annotated[bool, _in(_RESULT, "--no-record", words="Keep the run in memory only.")] = False,
    out: Annotated[
        Path | None, _in(_RESULT, "--out", words="A directory for pictures, parameters, program and summary.")
    ] = None,
    force: Annotated[bool, _in(_RESULT, "--force", words="Use --out also beside files of others.")] = False,
    no_baselines: Annotated[bool, _in(_RESULT, "--no-baselines", words="Train nothing for comparison.")] = False,
    quiet: Annotated[bool, _in(_RESULT, "--quiet", "-q", words="No progress and no summary.")] = False,
    debug: Annotated[bool, _in(_RESULT, "--debug", words="On a bug of Downslope, print the traceback.")] = False,
) -> int:
    """Train a network on DATA and say how good it is."""
    settings.length(epochs, steps)
    settings.float_type(dtype)
    if out is not None:
        output.check(out, force=force)
    into = recording.Recording(record, off=no_record)
    ending.check(stop_when)
    rule = settings.rule(optimizer, lr, beta, setting or [])
    loss_function = None if loss is None else lazy.nn.LOSSES.find(loss)
    options = {
        "task": task,
        "missing": missing,
        "drop_columns": drop_column,
        "categories": category,
        "standardise": False if raw else None,
    }
    try:
        found = lazy.data.load(
            data, target, held_out=held_out, seed=seed, **{k: v for k, v in options.items() if v is not None}
        )
        rows = len(found.train)
        sizes = [len(found.features), *settings.hidden_layers(hidden, rows), found.n_outputs]
        with progress.shown(quiet) as report, np.errstate(all="ignore"):
            training: dict[str, Any] = {
                "optimizer": rule,
                "loss": loss_function,
                "batch_size": settings.rows_in_batch(batch_size, rows),
                "epochs": epochs,
                "steps": steps,
                "seed": seed,
                "dtype": dtype,
                "dialect": dialect,
                "stop_when": stop_when,
                "progress": report,
            }
            net = lazy.nn.mlp(sizes, activation)
            run = into.made(found.name, lambda place: lazy.runs.train(net, found, record=place, **training))
        # What overflows is an event in the views and a failure of the run; NumPy's warnings would be a third voice.
        with np.errstate(all="ignore"):
            return _finish(run, out, quiet=quiet, compare=not no_baselines)
    except KeyboardInterrupt:
        kept = into.path is not None and into.path.exists()
        print(
            f"Interrupted: {f'the steps so far are in {into.path}' if kept else 'nothing was written'}.",
            file=sys.stderr,
        )
        return ending.INTERRUPTED


def _finish(run: Run, out: Path | None, *, quiet: bool, compare: bool) -> int:
    """Compare, tell, write; the exit code."""
    interrupted = False
    baselines: Baselines | None = None
    if compare and run.stopped is None and not (quiet and out is None) and len(run.data.held_out):
        try:
            baselines = run.baselines()
        except KeyboardInterrupt:
            interrupted = True
        except ValueError as error:  # scikit-learn's answer to numbers that run away, when ours did not
            print(f"No comparison with scikit-learn: {str(error).splitlines()[0]}", file=sys.stderr)
    drawn = keep.payloads(run)
    text = summary.summary(run, drawn, baselines)
    # Told before it is written: a full disk must not take the result with it.
    if not quiet:
        print(text, flush=True)
    if out is not None:
        names = output.write(out, lambda folder: keep.fill(folder, run, drawn, text))
        if not quiet:
            print(f"\nWritten to {out}: {', '.join(names)}")
    if not quiet:
        print(f"\n{recording.told(run)}\nNext, try {summary.next_try(run, kept=out is not None)}.")
    return ending.INTERRUPTED if interrupted else ending.exit_code(run)
