"""``downslope lab [RUN|DIR]``: the lab, a page in the browser on which networks and surfaces are trained and asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from downslope.cli import lazy, rooms, which_run
from downslope.errors import SettingError

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope lab[/cyan]

[cyan]downslope lab digits-1[/cyan]

[cyan]downslope lab experiments --port 8800[/cyan]

[cyan]downslope lab --no-browser[/cyan]

The page is for this computer alone: the address that is printed holds a token, and the lab listens on 127.0.0.1 only.
From another computer it is reached through ssh: ssh -L 8765:127.0.0.1:8765 HOST
"""


def lab(
    run_or_dir: Annotated[
        str | None,
        typer.Argument(metavar="[RUN|DIR]", help="A run to show first, or a folder of runs; ./runs if left out."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", help="The port; the first free one from 8765 on if left out.", min=1, max=65535),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the browser; without it the address is printed.")] = True,
    debug: which_run.Debug = False,
) -> int:
    """Open the lab: train networks and go down surfaces in the browser, step by step, and look into every run."""
    folder, opened = place(run_or_dir)
    lazy.serve.serve(folder, opened=opened, port=port, browser=browser, look_up=look_up, say=_say)
    return 0


def place(word: str | None) -> tuple[Path, str | None]:
    """The folder of the runs, and the run that is shown first.

    Errors: SettingError ``lab-folder``, ``cli-run-unknown``.
    """
    if word is None:
        try:
            which_run.RUNS.mkdir(exist_ok=True)
        except OSError as error:
            raise _no_folder(f"./runs cannot be made: {error.strerror or error}") from None
        return which_run.RUNS.resolve(), None
    path = Path(word).expanduser()
    if path.is_dir():
        return path.resolve(), None
    if word.endswith(("/", "\\")) or (not path.suffix and path.parent != Path()):
        raise _no_folder(f"there is no folder {word}")
    found = which_run.find(word).resolve()
    return found.parent, found.name.removesuffix(".run")


def look_up(id: str) -> list[dict[str, Any]]:
    """What ``downslope where`` knows of a word, with the source code of it."""
    known = rooms.entries.everything()
    found = rooms.entries.find(id, known)
    return [{**entry.record(), "file": entry.place.rpartition(":")[0], "code": entry.code} for entry in found]


def _say(text: str) -> None:
    print(text, flush=True)


def _no_folder(what: str) -> SettingError:
    return SettingError(
        "lab-folder",
        what,
        where="downslope lab",
        why="the lab shows the runs of one folder, and keeps new ones there",
        do="give a folder that is there, or none for ./runs",
    )
