"""Which run is meant: a path, a name in runs/ or ``last``; and opening it, with functions that a file cannot hold."""

from __future__ import annotations

import os
import pkgutil
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from downslope.cli import lazy
from downslope.errors import SettingError, nearest

if TYPE_CHECKING:
    from downslope.runs import Run
    from downslope.runs.file import RunFile

RUNS = Path("runs")
"""Where runs are recorded, and looked for, in the current directory."""


def names() -> list[str]:
    """What RUN may be in this directory; for the shell that completes it too."""
    return [*sorted(path.stem for path in RUNS.glob("*.run")), "last"]


RunName: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A path, a name in ./runs such as digits-1, or last: the newest.", autocompletion=names
    ),
]
_FUNCTIONS = "A run of functions of your own"
ModelFunction: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODULE:FUNCTION",
        help="The plain function that was trained; FILE.py:FUNCTION works too.",
        rich_help_panel=_FUNCTIONS,
    ),
]
LossFunction: TypeAlias = Annotated[
    str | None,
    typer.Option("--loss", metavar="MODULE:FUNCTION", help="The loss of your own.", rich_help_panel=_FUNCTIONS),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="As JSON; NaN and infinities as words.")]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, and no more than the answer.")]
Debug: TypeAlias = Annotated[bool, typer.Option("--debug", help="On a bug of Downslope, print the traceback.")]


def find(word: str) -> Path:
    """The file of the run that is meant. Errors: SettingError ``cli-run-unknown``."""
    for path in (Path(word), RUNS / f"{word}.run", RUNS / word, Path(f"{word}.run")):
        if path.is_file():
            return path
    known = names()[:-1]
    if word == "last" and known:
        return Path(lazy.glance.glances(RUNS)[-1].path)
    raise SettingError(
        "cli-run-unknown",
        f"there is no run '{word}'" if known or word != "last" else "there is no run yet",
        where=f"RUN, looked for as a path and in {RUNS.absolute()}",
        why="a run is given by the path of its file, by its name in ./runs, or by the word last",
        do=nearest(Path(word).stem, known)
        if known
        else "`downslope train digits` records one; or give the path of a .run file.",
    )


def opened(word: str, model: str | None = None, loss: str | None = None) -> Run:
    """The run that is meant, to be asked. model, loss: ``module:function``.

    Errors: SettingError ``cli-run-unknown``, ``cli-function``; RunFileError as for ``ds.load``.
    """
    path = find(word)
    run: Run = lazy.runs.load(path, model=function(model, "--model"), loss=function(loss, "--loss"))
    return run


def file_of(word: str) -> RunFile:
    """The file of the run that is meant, without its data and model. Errors: as for :func:`find`; RunFileError."""
    found: RunFile = lazy.file.RunFile.open(find(word))
    return found


def function(text: str | None, option: str) -> Any:
    """What ``module:function`` or ``file.py:function`` names: the user's own code, run because the user asks for it.

    Errors: SettingError ``cli-function``.
    """
    if text is None:
        return None
    place, colon, name = text.rpartition(":")
    here = os.getcwd()
    if here not in sys.path:  # the installed command looks beside itself, and not in the directory of the user
        sys.path.insert(0, here)
    try:
        if not colon:
            raise ValueError("there is no colon in it")
        found = runpy.run_path(place)[name] if place.endswith(".py") else pkgutil.resolve_name(text)
        if not callable(found):
            raise TypeError(f"it is of type {type(found).__name__}, and cannot be called")
    except Exception as error:  # the module is the user's own, and may do anything
        raise SettingError(
            "cli-function",
            f"{option} is '{text}': {type(error).__name__}: {error}".splitlines()[0],
            where=f"the option {option}",
            why="a run file holds no code, so the function that was trained is imported from where it is written",
            do=f"Write {option} MODULE:FUNCTION for a module of this directory, or {option} FILE.py:FUNCTION.",
        ) from None
    return found
