"""``downslope notebook [CHAPTER]``: opens the course in JupyterLab: the main notebook, or one of its chapters."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from downslope.cli import places
from downslope.errors import DataError, SettingError, nearest

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope notebook[/cyan]

[cyan]downslope notebook --list[/cyan]

[cyan]downslope notebook 3_backpropagation[/cyan]

[cyan]downslope notebook --copy my-course[/cyan]

The notebook is opened in the folder where you are: a copy is put there first, unless there is one already.
"""

MAIN = "Backpropagation_and_GradientDescent"
PACKAGED = places.PACKAGE / "notebooks"
"""Where an installed package keeps the course; in a checkout it is at the top and in notebooks/."""


def notebook(
    chapter: Annotated[
        str | None, typer.Argument(metavar="CHAPTER", help="A chapter; none is the main notebook.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the notebooks, and open none.")] = False,
    copy: Annotated[
        Path | None, typer.Option("--copy", metavar="DIR", help="Put the copy, or all with --all, into this folder.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="With --copy: the main notebook and every chapter.")] = False,
    browser: Annotated[bool, typer.Option(help="Open the browser; without it the address is printed.")] = True,
    port: Annotated[int | None, typer.Option("--port", help="JupyterLab's port.", min=1, max=65535)] = None,
) -> int:
    """Open the course in JupyterLab: gradient descent and backpropagation, step by step."""
    there = notebooks()
    if list_:
        print("\n".join(there))
        return 0
    name = (chapter or MAIN).removesuffix(".ipynb")
    if name not in there:
        raise SettingError(
            "unknown-name",
            f"there is no notebook called '{name}'",
            where=f"downslope notebook {chapter}",
            why="a chapter is opened by the name of its file",
            do=nearest(name, there),
        )
    if copy is not None or all_:
        folder = copy or Path()
        for each in there if all_ else [name]:
            print(placed(there[each], folder))
        return 0
    command = jupyter()  # what is missing is said before a copy is made
    is_at_home = places.CHECKOUT and Path.cwd().is_relative_to(places.CHECKOUT)
    file = there[name] if is_at_home else placed(there[name], Path())
    return subprocess.call([*command, str(file), *([] if browser else ["--no-browser"]), *_port(port)])


def notebooks() -> dict[str, Path]:
    """Name -> file of every notebook, the main one first. Errors: DataError ``notebook-missing``."""
    folders = (places.CHECKOUT, places.CHECKOUT / "notebooks") if places.CHECKOUT else (PACKAGED, PACKAGED / "chapters")
    main, chapters = folders[0] / f"{MAIN}.ipynb", sorted(folders[1].glob("*.ipynb"))
    if not main.is_file():
        raise DataError(
            "notebook-missing",
            "the notebook is not there",
            where=str(main),
            why="the course comes with the package, as files beside its code",
            do="Install the package again, or take the notebook from the repository.",
        )
    return {file.stem: file for file in (main, *chapters)}


def placed(file: Path, folder: Path) -> Path:
    """A copy of the file in the folder, where answers may be written; one that is there already is left as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / file.name
    if not target.exists():
        shutil.copyfile(file, target)
    return target


def jupyter() -> list[str]:
    """The command that opens a notebook. Errors: SettingError ``notebook-jupyter``."""
    for package in ("jupyterlab", "notebook"):
        if find_spec(package) is not None:
            return [sys.executable, "-m", package]
    raise SettingError(
        "notebook-jupyter",
        "JupyterLab is not installed here",
        where=sys.executable,
        why="a notebook is shown and run by Jupyter, which is not part of Downslope",
        do="pip install 'downslope[notebook]', or open a copy (downslope notebook --copy .) in VS Code or Colab.",
    )


def _port(port: int | None) -> list[str]:
    return [] if port is None else [f"--port={port}"]
