"""``downslope exercise``: all exercises with the progress, or one of them: question, hints, answer, solution."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from downslope.cli import rooms, which_run
from downslope.errors import SettingError

if TYPE_CHECKING:
    from downslope.exercises import Assigned

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope exercise[/cyan]

[cyan]downslope exercise chain-rule-3 --me anna[/cyan]

[cyan]downslope exercise chain-rule-3 --me anna --answer 0.5[/cyan]

[cyan]downslope exercise backpropagation-1 --me anna --answer "p1 = 0.7, p2 = 0.6, L = 0.2"[/cyan]

[cyan]downslope exercise code-softmax --me anna --answer my_softmax.py[/cyan]

Exit code: 0 if the answer is right, 1 if it is wrong, 2 if it cannot be read.
"""

WRONG = 1
_WIDEST = 100
_QUIT = ("q", "quit", "exit")


def exercise(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="An exercise, as chain-rule-3; none lists all of them.")
    ] = None,
    me: Annotated[str, typer.Option("--me", envvar="DOWNSLOPE_ME", help="Your name: the numbers are your own.")] = "",
    answer: Annotated[
        str | None, typer.Option("--answer", help="What to check; for a function a file: my.py, or my.py:function.")
    ] = None,
    hint: Annotated[bool, typer.Option("--hint", help="The next hint.")] = False,
    solution: Annotated[bool, typer.Option("--solution", help="The worked solution, after an attempt.")] = False,
    force: Annotated[bool, typer.Option("--force", help="With --solution: without an attempt too.")] = False,
    debug: which_run.Debug = False,
) -> int:
    """List the exercises, or do one: question, hints, answer, solution."""
    _keep_progress()
    if name is None:
        print(rooms.exercises.exercise(me=me))
        return 0
    ex = rooms.exercises.exercise(name, me)
    if hint:
        _show(ex.hint())
    if answer is not None:
        return _checked(ex, answer, force=force, solution=solution)
    if solution:
        _show(ex.solution(force=force))
    if not hint and not solution:
        _show(ex)
        if sys.stdin.isatty() and sys.stdout.isatty():
            return _asked(ex)
    return 0


def _checked(ex: Assigned, answer: str, *, solution: bool, force: bool) -> int:
    result = ex.check(_given(ex, answer))
    if result.outcome == "unread":
        raise SettingError(
            "exercise-answer",
            result.message.partition(": ")[2].rstrip("."),
            where=f"--answer '{answer}' to {ex.id}",
            why="it is no wrong answer: nothing could be compared",
            do=f"{ex.id} asks for {str(ex.asks).splitlines()[0]}.",
        )
    _show(result)
    if solution:
        _show(ex.solution(force=force))
    return 0 if result.right else WRONG


def _asked(ex: Assigned) -> int:
    """Answers, hints and the solution, until the answer is right or somebody has had enough."""
    print("\nType an answer, or: hint, solution, quit.")
    while True:
        try:
            typed = input("> ").strip()
        except EOFError:
            print()
            return WRONG
        try:
            if typed.casefold() in _QUIT:
                return WRONG
            if typed.casefold() in ("hint", "h", "?"):
                _show(ex.hint())
            elif typed.casefold() in ("solution", "s"):
                _show(ex.solution())
            elif typed:
                result = ex.check(_given(ex, typed))
                _show(result)
                if result.right:
                    return 0
        except SettingError as error:  # a solution before an attempt, a file that is not there
            print(f"{error.what}. {error.do}")


def _given(ex: Assigned, answer: str) -> Any:
    """The answer as it is typed; for an exercise in code, the function in the file that is named."""
    if ex.function is None:
        return answer
    place = answer if ":" in answer else f"{answer}:{ex.function}"
    return which_run.function(place, "--answer")


def _keep_progress() -> None:
    try:
        rooms.exercises.keep()
    except SettingError as error:  # a home that cannot be written to: the exercises are there all the same
        print(f"{error.what} ({error.where}).", file=sys.stderr)


def _show(thing: Any) -> None:
    """Plain text in lines of the terminal's width, in the words that one types; code stays as it is."""
    width = min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST)
    text = re.sub(r"^\.check\(.*$", "Then: --answer ..., --hint, --solution", str(thing), flags=re.MULTILINE)
    for line in re.sub(r"\.(hint|solution)\(\)", r"--\1", text).splitlines():
        is_code = line.startswith("    ")
        print(line if is_code else textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False))
