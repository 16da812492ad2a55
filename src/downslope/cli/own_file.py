"""A Python file of the user's own, run because the user asks for it: its names, and its errors by its own lines."""

from __future__ import annotations

import contextlib
import inspect
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from downslope.cli.places import PACKAGE
from downslope.errors import DataError, DownslopeError, SettingError, nearest

_MOST_LINES = 4


class OwnFile:
    """The file, which is run once, with its folder as the first place that it imports from.

    names: everything that it defines. Errors: DataError ``cli-check-file``, SettingError ``cli-check-raised``.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix != ".py" or not path.is_file():
            there = sorted(file.name for file in path.parent.glob("*.py"))
            raise DataError(
                "cli-check-file",
                f"{path} is no Python file" if path.exists() else f"there is no file {path}",
                where=f"FILE.py, looked for in {Path.cwd()}",
                why="the functions that are checked are taken from a file that can be run",
                do=nearest(path.name, there) if there else "Give the path of a file that ends with .py.",
            )
        self.path = path
        folder = str(path.absolute().parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        with self.running():
            self.names: dict[str, Any] = runpy.run_path(str(path))

    def function(self, name: str, option: str, takes: str) -> Callable[..., Any]:
        """A function by its name. option: how another name is given. Errors: SettingError ``cli-check-names``."""
        found = self.names.get(name)
        if callable(found):
            return found  # type: ignore[no-any-return]  # checked by hand
        own = [n for n, f in self.names.items() if inspect.isfunction(f) and f.__code__.co_filename == str(self.path)]
        write = f"Write def {name}{takes}: ..."
        other = f"; or name another with {option}. {nearest(name, own)}" if own and option else "."
        raise self.lacks(
            f"{name} is no function" if name in self.names else f"it defines no function {name}", write + other
        )

    def takes(self, name: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Refuse a function that cannot be called with so many arguments. Errors: SettingError ``cli-check-names``."""
        try:
            inspect.signature(function).bind(*arguments)
        except TypeError as error:
            given = f"{len(arguments)} argument{'s' * (len(arguments) != 1)}"
            raise self.lacks(f"{name} cannot be called with {given}: {error}", f"Let {name} take {given}.") from None
        except ValueError:  # a builtin that does not say what it takes
            return

    def lacks(self, what: str, do: str) -> SettingError:
        """The error that says what the file must define."""
        return SettingError(
            "cli-check-names",
            what,
            where=str(self.path),
            why="functions, and the arguments that they are called with, come from this file by their names",
            do=do,
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Inside, what is raised by the file's own code is told by its own lines; a bug of ours stays one."""
        try:
            yield
        except DownslopeError:
            raise
        except (Exception, SystemExit) as error:
            frames = traceback.extract_tb(error.__traceback__)
            if not isinstance(error, SystemExit) and Path(frames[-1].filename).is_relative_to(PACKAGE):
                raise
            raise self._raised(error, frames) from None

    def _raised(self, error: BaseException, frames: traceback.StackSummary) -> SettingError:
        own = [f"{_short(f.filename)}:{f.lineno} in {f.name}: {f.line}" for f in frames if self._is_own(f.filename)]
        if isinstance(error, SyntaxError) and error.filename:
            own.append(f"{_short(error.filename)}:{error.lineno}: {(error.text or '').strip()}")
        said = (error.msg if isinstance(error, SyntaxError) else str(error)).strip().splitlines() or [""]
        return SettingError(
            "cli-check-raised",
            f"your program raised {type(error).__name__}{': ' if said[0] else ''}{said[0]}",
            where="\n         ".join(own[-_MOST_LINES:] or [str(self.path)]),
            why="what stops before it returns has no numbers to compare",
            do=f"Mend it where the last line says, and try it with `python {self.path}`.",
        )

    def _is_own(self, filename: str) -> bool:
        file = Path(filename).resolve()
        return (
            not filename.startswith("<")
            and file.is_relative_to(self.path.absolute().resolve().parent)
            and not file.is_relative_to(PACKAGE)
            and "site-packages" not in file.parts
        )


def _short(filename: str) -> str:
    """From the current directory on, where it lies below it."""
    file = Path(filename)
    return str(file.relative_to(Path.cwd())) if file.is_absolute() and file.is_relative_to(Path.cwd()) else str(file)
