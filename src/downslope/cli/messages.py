"""Errors as the terminal shows them: four lines on stderr, in the words that one types instead of Python's."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence

import typer
from rich.console import Console
from rich.text import Text

from downslope.errors import DownslopeError, SettingError, nearest


def _option(found: re.Match[str]) -> str:
    return "--" + found[1].replace("_", "-")


_VALUES = "batch_size|epochs|held_out|lr|missing|optimizer|seed|steps|target|task"
# An argument inside of a call, "arrays(x, y, held_out=0)", is Python that is meant as Python.
_NOT_IN_A_CALL = r"(?<!\()(?<!, )"

SPELLINGS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r'\bdrop_columns=\("([^"]+)"[^)]*\)', r"--drop-column '\1'"),
    (r'\bcategories=\("?([^",)]+)"?,?\)', r"--category '\1'"),
    (r"\bdrop_columns\b=?", "--drop-column"),
    (r"\bcategories\b=?", "--category"),
    (r"\bpass standardise=False", "--raw"),
    (r"\bNone for all rows in every step", "--batch-size all"),
    (r"\btrain\((\w+)=[^)]*\)", lambda found: f"the option {_option(found)}"),
    (rf"\bthe argument ({_VALUES}|dtype)=", lambda found: f"the option {_option(found)}"),
    (r"\bthe argument (--[\w-]+)", r"the option \1"),
    (rf'\b({_VALUES})="([^"]+)"', lambda found: f"{_option(found)} {found[2]}"),
    (rf"{_NOT_IN_A_CALL}\b({_VALUES})=(?=[\w.-])", lambda found: f"{_option(found)} "),
)
"""How an argument is written in Python (a pattern) and on the command line."""


def as_typed(text: str) -> str:
    """The text of an error in the words of the command line.

    >>> as_typed('Choose: missing="drop" leaves 2 rows out, drop_columns=("age",) leaves columns out.')
    "Choose: --missing drop leaves 2 rows out, --drop-column 'age' leaves columns out."
    """
    for pattern, replacement in SPELLINGS:
        text = re.sub(pattern, replacement, text)
    return text


def show(text: str) -> None:
    """Print four lines to stderr, on a terminal with the first one in red. Nothing in them is read as markup."""
    if sys.stderr.isatty():
        heading, _, rest = text.partition("\n")
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(Text.assemble((heading, "bold red"), "\n", rest))
    else:
        print(text, file=sys.stderr)


def of_usage(error: typer.TyperException, words: Sequence[str]) -> DownslopeError:
    """What typer found wrong in the words of the command line, in four lines of ours."""
    typed = " ".join(["downslope", *words])
    context = getattr(error, "ctx", None)
    command = getattr(context, "command", None)
    options = [name for parameter in getattr(command, "params", ()) for name in parameter.opts if name[0] == "-"]
    if hasattr(error, "possibilities"):  # typer's class for unknown options has no public name
        name: str = getattr(error, "option_name", "")
        return SettingError(
            "cli-option-unknown",
            f"there is no option {name}",
            where=typed,
            why="an option that is silently ignored would do something else than what was asked for",
            do=nearest(name, [option for option in options if option.startswith("--")]),
        )
    if "No such command" in str(error):
        commands = getattr(command, "commands", {})
        wrong = next((word for word in words if not word.startswith("-")), "")
        return SettingError(
            "cli-command-unknown",
            f"there is no command '{wrong}'",
            where=typed,
            why="the first word says what to do",
            do=nearest(wrong, commands),
        )
    return _usage(error, typed, f"`{_help(context)}` lists what can be given, with examples.")


def _usage(error: typer.TyperException, typed: str, do: str) -> DownslopeError:
    return SettingError(
        "cli-usage",
        error.format_message().strip().rstrip(".").replace("\n", " "),
        where=typed,
        why="nothing was done: half of a command could be another command",
        do=do,
    )


def _help(context: object) -> str:
    return f"{getattr(context, 'command_path', 'downslope')} --help"
