"""The command line as a whole: its commands, its exit codes, and that no traceback ever reaches a user.

Exit codes: 0 done, 1 the run stopped at a NaN (of ``first``: it held nowhere; of ``check`` and ``exercise``: it is
wrong), 2 bad input, 70 a bug of Downslope, 130 Ctrl-C.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from downslope import __version__
from downslope.cli import (
    ask,
    at,
    check,
    compare,
    continue_,
    descend,
    exercise,
    explain,
    export,
    first,
    fork,
    lab,
    messages,
    note,
    notebook,
    report,
    runs,
    show,
    sweep,
    train,
    where,
)
from downslope.errors import DownslopeError

BAD_INPUT, BUG, INTERRUPTED = 2, 70, 130

app = typer.Typer(
    name="downslope",
    help="See, question and master how neural networks are trained.",
    epilog=train.EXAMPLES,
    rich_markup_mode="rich",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    # A traceback is printed by main() alone, and without the values of variables: they may be somebody's data.
    pretty_exceptions_enable=False,
)
_TRAIN, _LOOK, _KEEP, _LEARN = "Train", "Ask a recorded run", "Keep and pass on", "Learn"
for _name, _panel, _file in (
    ("train", _TRAIN, train),
    ("sweep", _TRAIN, sweep),
    ("continue", _TRAIN, continue_),
    ("fork", _TRAIN, fork),
    ("descend", _TRAIN, descend),
    ("lab", _LOOK, lab),
    ("runs", _LOOK, runs),
    ("show", _LOOK, show),
    ("ask", _LOOK, ask),
    ("at", _LOOK, at),
    ("first", _LOOK, first),
    ("compare", _LOOK, compare),
    ("note", _KEEP, note),
    ("export", _KEEP, export),
    ("report", _KEEP, report),
    ("explain", _LEARN, explain),
    ("check", _LEARN, check),
    ("exercise", _LEARN, exercise),
    ("notebook", _LEARN, notebook),
    ("where", "Look up", where),
):
    _command = getattr(_file, _file.__name__.rpartition(".")[2])
    app.command(_name, epilog=_file.EXAMPLES, rich_help_panel=_panel)(_command)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"downslope {__version__}")
        raise typer.Exit


@app.callback()
def _all_commands(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit. arguments: without the program's name; None takes those of the process."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_guarded(words))


def _guarded(words: list[str]) -> int:
    try:
        code = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `| head`, has gone: nobody is left to be told. The descriptor is closed quietly, or the
        # interpreter would complain about it at its very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _run(words: list[str]) -> int:
    try:
        with messages.warnings_shown():
            code = typer.main.get_command(app).main(words, prog_name="downslope", standalone_mode=False)
    except DownslopeError as error:
        messages.show(messages.as_typed(str(error)))
        return BAD_INPUT
    except typer.TyperException as error:
        messages.show(str(messages.of_usage(error, words)))
        return BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        print("Interrupted before there was anything to keep.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        return _bug(error, words)
    if code == INTERRUPTED:
        print("Interrupted.", file=sys.stderr)
    return int(code or 0)


def _bug(error: Exception, words: list[str]) -> int:
    # Read from the words themselves: whatever failed may have been the very reading of the options.
    if "--debug" in words or os.environ.get("DOWNSLOPE_DEBUG", "0") not in ("", "0"):
        traceback.print_exc()
    first = (str(error).strip().splitlines() or [""])[0]
    print(
        f"This is a bug of Downslope, not of your input: {type(error).__name__}: {first}. "
        "Please report it with what `--debug` prints.",
        file=sys.stderr,
    )
    return BUG
