"""Errors as the terminal shows them: four lines on stderr, in the words that one types instead of Python's."""

from __future__ import annotations

import contextlib
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence

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
    # Runs: what is asked of an object in Python is a command of its own here.
    (r"\brecord='([^']*)'", r"--record \1"),
    (r" with it: ds\.load\(path\)\.train\(steps\)", " with it: `downslope continue RUN --steps N`"),
    (r"\bor record=True to record in memory", "or --no-record to keep it in memory"),
    (r"\bds\.load\(path, (model|loss)=(\w+)\)", r"--\1 MODULE:\2"),
    (r"\brecord=True records in memory", "--no-record keeps it in memory"),
    (r"\bload\(path\)", "the run file"),
    (r"\brun\.to_(\w+)\([^)]*\)", r"downslope export RUN --to \1"),
    (r"\bgive another name, or force=True\b", "give another name with --out, or --force"),
    (r"\bload\('([^']*)'\)", r"\1"),
    (r"\brun\.at\((-?\d+)\)", r"step \1 of the run"),
    (r"\bstep\.get\((['\"])(.*?)\1\)", r"the name \2"),
    (r"\bask\(\.\.\., steps=\.\.\., every=\.\.\.\)", "the options --steps and --every"),
    (r"\bsteps= and every=", "--steps and --every"),
    (r"\bevery=(?=-?\d)", "--every "),
    (r"\brun\.ask\('(\w+)'\)", r"`downslope ask RUN \1`"),
    (r"\bask\('(\w+)', (\w+)=(\.\.\.|'[^']*')\)", r"`downslope ask RUN \1`, \2"),
    (r"\bfork\(edit=\{'([^']*)': \.\.\.\}\)", r"--edit '\1=...'"),
    (r"\bexplain\((['\"])(.*?)\1\)", r"the words \2"),
    (r"\bderivation\.open\((['\"])(.*?)\1\)", r"--open '\2'"),
    (r"\bcheck_gradients\(\.\.\., mine=\.\.\.\)", "what the gradient returned"),
    (r"\bcheck_update\(\.\.\., mine=\.\.\.\)", "what update returned"),
    (r"\bfor several argnums\b", "for several arguments in --by"),
    (r"\bout of argnums\b", "out of --by"),
    (r"\bask with a larger depth=", "ask with a larger --depth"),
    (r"\brun\.fork\(at=(\d+), lr=\.\.\.\)\.train\((\d+)\)", r"`downslope fork RUN --at \1 --lr ... --steps \2`"),
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


@contextlib.contextmanager
def warnings_shown() -> Iterator[None]:
    """Inside, a warning of ours (four lines with a code, about a damaged file or a replay) looks like our errors."""
    usual = warnings.showwarning

    def shown(message: Warning | str, category: type[Warning], *place: object, **more: object) -> None:
        if _OURS.match(str(message)):
            show(as_typed(str(message)))
        else:
            usual(message, category, *place, **more)  # type: ignore[arg-type]  # handed on as they came

    with warnings.catch_warnings():
        warnings.filterwarnings("always", _OURS.pattern)
        warnings.showwarning = shown
        yield


_OURS = re.compile(r"[^\n]*  \[run-[a-z-]+\]\n")


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
