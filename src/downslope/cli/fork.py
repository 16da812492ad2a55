"""``downslope fork RUN --at STEP --lr ...``: the same past, another future; trained and compared at once."""

from __future__ import annotations

import contextlib
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from downslope.cli import ending, lazy, progress, recording, settings, which_run
from downslope.errors import SettingError

if TYPE_CHECKING:
    from downslope.runs import Run

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope fork digits-1 --at 1200 --lr 3e-4 --steps 500[/cyan]

[cyan]downslope fork last --at 100 --optimizer "momentum(lr=0.05)" --batch-size 64[/cyan]

[cyan]downslope fork last --at 500 --edit 'dense1.w[3, 2]=0' --edit dense2.b=0[/cyan]

[cyan]downslope fork digits-1 --at 600 --lr "cosine(0.01, 900)" --record long.run[/cyan]
"""

_CHANGE, _RESULT = "What is changed", "The result"


def _in(panel: str, *names: str, words: str, **more: Any) -> Any:
    return typer.Option(*names, help=words, rich_help_panel=panel, **more)


def fork(
    run: which_run.RunName,
    at: Annotated[
        int | None, typer.Option("--at", help="The first step that may differ (else after the last).")
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="How many to train (else up to RUN's last).")] = None,
    lr: Annotated[str | None, _in(_CHANGE, "--lr", words="Another rate: a number, or 'cosine(0.01, 900)'.")] = None,
    optimizer: Annotated[str | None, _in(_CHANGE, "--optimizer", words="Another rule, as for train.")] = None,
    batch_size: Annotated[str | None, _in(_CHANGE, "--batch-size", words="Rows of a mini-batch, or all.")] = None,
    seed: Annotated[int | None, _in(_CHANGE, "--seed", words="Another order of rows and other dropout.")] = None,
    data: Annotated[str | None, _in(_CHANGE, "--data", words="Other data for the same network.")] = None,
    target: Annotated[str | None, _in(_CHANGE, "--target", words="The column to predict, of --data.")] = None,
    edit: Annotated[
        list[str] | None, _in(_CHANGE, "--edit", words="A number in the parameters: 'dense1.w[3,2]=0'. Repeatable.")
    ] = None,
    stop_when: ending.StopWhen = None,
    record: Annotated[Path | None, _in(_RESULT, "--record", words="The new file (else the next in ./runs).")] = None,
    no_record: Annotated[bool, _in(_RESULT, "--no-record", words="Keep the fork in memory only.")] = False,
    quiet: which_run.Quiet = False,
    model: which_run.ModelFunction = None,
    loss: which_run.LossFunction = None,
    debug: which_run.Debug = False,
) -> int:
    """Branch off from RUN at a step, change something, train on, and compare the two futures."""
    into = recording.Recording(record, off=no_record)
    ending.check(stop_when)
    parent = which_run.opened(run, model, loss)
    changes = _changes(parent, lr, optimizer, batch_size, seed, _loaded(data, target, parent), edit or [])
    begin = parent.steps + 1 if at is None else at
    length = steps if steps is not None else max(parent.steps + 1 - begin, 0)
    if length < 1:
        raise SettingError(
            "train-length",
            f"--steps is {steps}" if steps is not None else "there is nothing to train: the fork begins after the end",
            where="the option --steps",
            why="a fork is trained for at least one step, so that there is something to compare",
            do="Give --steps 500, or an earlier --at.",
        )
    try:
        child = into.made(parent.name, lambda place: parent.fork(at=begin, record=place, **changes))
        with progress.shown(quiet) as report:
            child = child.train(length, stop_when=stop_when, progress=report)
        if not quiet:
            print(f"{child.summary()}\n\n{parent.compare(child).text()}\n\n{recording.told(child)}")
    except KeyboardInterrupt:
        print(f"Interrupted: what was recorded is in {into.path or 'memory, and gone'}.", file=sys.stderr)
        return ending.INTERRUPTED
    return ending.exit_code(child)


def _changes(
    run: Run,
    lr: str | None,
    optimizer: str | None,
    batch_size: str | None,
    seed: int | None,
    data: Any,
    edits: list[str],
) -> dict[str, Any]:
    """What ``run.fork`` takes, from the words of the options."""
    found: dict[str, Any] = {"seed": seed, "data": data, "edit": dict(map(_edit, edits))}
    if optimizer is not None:
        rate = None if lr is None else _rate(lr)
        if isinstance(rate, str):
            raise settings.written_out(optimizer)
        found["optimizer"] = settings.rule(optimizer, rate, None, [])
    elif lr is not None:
        found["lr"] = _rate(lr)
    if batch_size is not None:
        rows = len((data or run.data).train)
        found["batch_size"] = settings.rows_in_batch(batch_size, rows) or rows
    return found


def _rate(text: str) -> float | str:
    """A number, or the text of a schedule. Errors: SettingError ``cli-lr`` and those of the schedule's settings."""
    if "(" in text and isinstance(lazy.optim.from_text(text), lazy.optim.Schedule):
        return text
    with contextlib.suppress(ValueError):
        rate = float(text)
        if 0 < rate < math.inf:
            return rate
    raise SettingError(
        "cli-lr",
        f"--lr is '{text}'",
        where="the option --lr",
        why="the learning rate is a number above 0, or a schedule that gives one for each step",
        do="Give for example --lr 3e-4, or a schedule such as --lr 'cosine(0.01, 900)'.",
    )


def _edit(text: str) -> tuple[str, float]:
    place, _, value = text.rpartition("=")
    try:
        return place.strip(), float(value)
    except ValueError:
        raise SettingError(
            "cli-edit",
            f"--edit is '{text}'",
            where="the option --edit",
            why="it puts a number into one place of a parameter, or into all of it",
            do="Write --edit 'NAME[PLACE]=NUMBER', for example --edit 'dense1.w[3, 2]=0'.",
        ) from None


def _loaded(data: str | None, target: str | None, parent: Run) -> Any:
    return None if data is None else lazy.data.load(data, target, seed=parent.seed)
