"""``downslope at RUN STEP NAME``: any number of any step, replayed exactly: a gradient, a weight, an activation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from downslope.cli import lazy, table, which_run
from downslope.errors import DataError, SettingError

if TYPE_CHECKING:
    from downslope.runs import Run, Step

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope at digits-1 1234[/cyan]

[cyan]downslope at digits-1 1234 'grads.dense1.w[3, 2]'[/cyan]

[cyan]downslope at last last activations.dense1 --npy h.npy[/cyan]

[cyan]downslope at last 10 loss --json[/cyan]
"""

_HEAD = 40  # numbers of an array that are shown in full


def at(
    run: which_run.RunName,
    step: Annotated[
        str, typer.Argument(metavar="STEP", help="A number, or first, last, or next: the one that would come.")
    ],
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="loss, grads, grads.dense1.w[3,2], dense1.w ...; without it all names."),
    ] = None,
    npy: Annotated[Path | None, typer.Option("--npy", help="Write the array into this .npy file.")] = None,
    as_json: which_run.AsJson = False,
    model: which_run.ModelFunction = None,
    loss: which_run.LossFunction = None,
    debug: which_run.Debug = False,
) -> int:
    """Show NAME at STEP of RUN, replayed from the nearest snapshot: nothing needs to have been logged."""
    opened = which_run.opened(run, model, loss)
    found = opened.at(number(step, opened))
    if name is None:
        _refuse_npy(npy, "no name is given", "Name one array, for example grads.dense1.w.")
        with np.errstate(all="ignore"):
            rows = [row for quantity in lazy.step.QUANTITIES if quantity != "hvp" for row in _known(found, quantity)]
        words = f"Step {found.t} of {opened.steps}, {len(found.rows)} rows\n\n{table.columns(rows)}"
        print(table.as_json(dict(rows)) if as_json else words)
        return 0
    with np.errstate(all="ignore"):
        value = found.get(name)
    if npy is not None:
        _write(npy, value, name)
    if as_json:
        print(table.as_json({"step": found.t, "name": name, "value": _named(value)}))
    else:
        print("\n".join(_text(name, value)))
    return 0


def number(word: str, run: Run, where: str = "STEP") -> int:
    """The number of a step that was typed as a number or as a word. Errors: SettingError ``run-step``."""
    named = {"first": 1, "last": max(run.steps, 1), "next": run.steps + 1}
    try:
        return named[word] if word in named else int(word)
    except ValueError:
        raise SettingError(
            "run-step",
            f"there is no step '{word}'",
            where=where,
            why=f"{run.steps} steps were taken: 1 is the first, {run.steps} the last",
            do=f"Give a number from 1 to {run.steps}, or one of the words {', '.join(named)}.",
        ) from None


# --- everything that a step knows -------------------------------------------------------------------------------------


def _known(step: Step, quantity: str) -> Iterator[tuple[str, str]]:
    """Name, and shape or value, of everything under one word."""
    if quantity == "per_example_grads":  # as many numbers as parameters for each row: not computed for a list
        for name, value in step.params.items():
            yield f"{quantity}.{name}", f"{(len(step.rows), *np.shape(value))} {value.dtype}"
        return
    value = _named(getattr(step, quantity))
    for name, one in _leaves(value, quantity):
        yield name, _shape(one)


def _named(value: Any) -> Any:
    """A pair of arrays by its words."""
    return value._asdict() if hasattr(value, "_asdict") else value


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _leaves(one, f"{name}.{key}")
    else:
        yield name, value


def _shape(value: Any) -> str:
    if np.ndim(value) == 0:
        return _one(value)
    array = np.asarray(value)
    return f"{array.shape} {array.dtype}"


def _one(value: Any) -> str:
    """A single number with all its digits."""
    plain = value.item() if isinstance(value, np.generic | np.ndarray) else value
    # float32 digits for a float32: 0.1 and not 0.10000000149011612
    return str(value) if isinstance(value, np.floating) else repr(plain)


# --- one of it --------------------------------------------------------------------------------------------------------


def _text(name: str, value: Any) -> Iterator[str]:
    value = _named(value)
    if isinstance(value, Mapping):
        yield table.columns([[path, _shape(one)] for path, one in _leaves(value, name)])
    elif np.ndim(value) == 0:
        yield f"{name} = {_one(value)}"
    else:
        array = np.asarray(value)
        yield f"{name}: {array.shape} {array.dtype}"
        if array.dtype.kind == "f":
            yield f"  {_range(array)}"
        words = np.array2string(array, threshold=_HEAD, edgeitems=2, max_line_width=table.width() - 2, precision=5)
        yield from (f"  {line}" for line in words.splitlines())


def _range(array: Any) -> str:
    """Least, largest and mean of the finite numbers, and how many are not."""
    sound = array[np.isfinite(array)].astype(float)
    bad = array.size - sound.size
    words = (
        f"min {sound.min():.5g}, max {sound.max():.5g}, mean {sound.mean():.5g}" if sound.size else "no finite number"
    )
    troubled = f", {int(np.isnan(array).sum())} NaN and {int(np.isinf(array).sum())} infinite" if bad else ""
    return words + troubled


def _write(path: Path, value: Any, name: str) -> None:
    if isinstance(_named(value), Mapping):
        names = ", ".join(leaf for leaf, _ in _leaves(_named(value), name))
        _refuse_npy(path, f"{name} is several arrays", f"Name one of them: {names}.")
    try:
        with path.open("wb") as file:
            np.save(file, np.asarray(value), allow_pickle=False)
    except OSError as error:
        _refuse_npy(path, f"it cannot be written: {(error.strerror or str(error)).lower()}", "Give another path.")


def _refuse_npy(path: Path | None, what: str, do: str) -> None:
    if path is not None:
        raise DataError("cli-npy", what, where=f"--npy {path}", why="an .npy file holds one array", do=do)
