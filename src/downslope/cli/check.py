"""``downslope check FILE.py``: is the gradient in a file of one's own right, and if not, which mistake is it?"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from downslope.cli import lazy, lines, which_run
from downslope.cli.own_file import OwnFile
from downslope.errors import SettingError, nearest

EXAMPLES = """\
[bold]FILE.py[/bold] is a program of your own, and is run. It defines

[cyan]loss(params, x, y)[/cyan]: one number, of arguments of any names;

[cyan]gradient(params, x, y)[/cyan]: its gradient by the first of them;

[cyan]params[/cyan], [cyan]x[/cyan] and [cyan]y[/cyan] themselves, or [cyan]arguments[/cyan]: a tuple of all, or a function that returns one.

With --update it defines [cyan]update(params, grads, state, t, lr)[/cyan], which returns (new params, new state) and is called for several steps: state is None at first, t counts from 1. [cyan]params[/cyan] and [cyan]grads[/cyan] of the file are taken, or an array of shape (3, 2).

[bold]Examples[/bold]

[cyan]downslope check backprop.py[/cyan]

[cyan]downslope check backprop.py --loss cross_entropy --gradient my_gradient[/cyan]

[cyan]downslope check two_layers.py --by w1,w2[/cyan]

[cyan]downslope check my_adam.py --update "adam(lr=0.01)"[/cyan]

Exit code: 0 if it is right, 1 if it is wrong or cannot be told, 2 if there is nothing to check.
"""  # noqa: E501  # a line break here would be one on the screen

WRONG = 1
_COLOURS = {"right": "bold green", "wrong": "bold red"}
_GRADIENT = "A gradient"


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.py", help="A program of your own; it is run.")],
    loss: Annotated[
        str | None,
        typer.Option("--loss", help="The function that returns one number (loss).", rich_help_panel=_GRADIENT),
    ] = None,
    gradient: Annotated[
        str | None,
        typer.Option(
            "--gradient", help="The function that returns its gradient (gradient).", rich_help_panel=_GRADIENT
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            help="Arguments it is the gradient by, as w,b: a tuple then; else the first.",
            rich_help_panel=_GRADIENT,
        ),
    ] = None,
    update: Annotated[
        str | None,
        typer.Option(
            "--update",
            metavar="RULE",
            help="Compare update(...) with this optimizer, as adam or adam(lr=0.01).",
            rich_help_panel="An optimizer",
        ),
    ] = None,
    debug: which_run.Debug = False,
) -> int:
    """Check a gradient that you wrote, or an optimizer's update, and name the mistake where it is wrong."""
    if update is not None and (loss, gradient, by) != (None, None, None):
        raise _no_update(
            "it was given with --loss, --gradient or --by", "Check gradient and update one after the other."
        )
    rule = None if update is None else _rule(update)
    own = OwnFile(file)
    if rule is None:
        verdict = _checked_gradient(own, loss or "loss", gradient or "gradient", by)
    else:
        verdict = _checked_update(own, rule)
    first, *rest = str(verdict).splitlines()
    lines.show([(first, _COLOURS.get(verdict.verdict, "bold yellow")), *((line, "") for line in rest)])
    return 0 if verdict else WRONG


# --- a gradient -------------------------------------------------------------------------------------------------------


def _checked_gradient(own: OwnFile, loss: str, gradient: str, by: str | None) -> Any:
    f = own.function(loss, "--loss", "(params, x, y)")
    mine = own.function(gradient, "--gradient", "(params, x, y)")
    arguments = _arguments(own, f, loss)
    own.takes(loss, f, arguments)
    own.takes(gradient, mine, arguments)
    numbers = 0 if by is None else tuple(_number(word.strip(), f, loss) for word in by.split(","))
    if isinstance(numbers, tuple) and len(numbers) == 1:  # one argument, one gradient, and no tuple
        numbers = numbers[0]
    with own.running(), np.errstate(all="ignore"):  # what overflows is seen in the verdict
        return lazy.check.check_gradients(f, *arguments, argnums=numbers, mine=mine)


def _arguments(own: OwnFile, f: Any, name: str) -> tuple[Any, ...]:
    """Where the gradient is checked: ``arguments`` of the file, or what has the names of the loss's arguments."""
    given = own.names.get("arguments")
    if callable(given):
        own.takes("arguments", given, ())
        with own.running():
            given = given()
    if given is not None:
        if isinstance(given, tuple | list):
            return tuple(given)
        raise own.lacks(
            f"arguments is of type {type(given).__name__}, and no tuple",
            "Write arguments = (params, x, y), with a comma after a single one, or a function that returns it.",
        )
    found = []
    wanted = _positional(f)
    for parameter in wanted:
        if parameter.name in own.names:
            found.append(own.names[parameter.name])
        elif parameter.default is parameter.empty:
            missing = ", ".join(p.name for p in wanted if p.default is p.empty and p.name not in own.names)
            raise own.lacks(
                f"it says nothing of the arguments of {name}: {missing}",
                f"Define {missing} in the file; or arguments = (...), a tuple of all; or arguments() that returns it.",
            )
        else:  # its own default is taken, and those behind it
            break
    if not found:
        raise own.lacks(f"{name} names no arguments", "Write arguments = (params, x, y) in the file.")
    return tuple(found)


def _positional(f: Any) -> list[inspect.Parameter]:
    try:
        known = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p for p in known if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _number(word: str, f: Any, name: str) -> int:
    known = [p.name for p in _positional(f)]
    if word in known:
        return known.index(word)
    raise SettingError(
        "cli-check-by",
        f"{name} has no argument '{word}'",
        where="the option --by",
        why="a gradient is taken by some of the arguments of the loss",
        do=nearest(word, known),
    )


# --- an optimizer -----------------------------------------------------------------------------------------------------


def _checked_update(own: OwnFile, rule: Any) -> Any:
    mine = own.function("update", "", "(params, grads, state, t, lr)")
    own.takes("update", mine, ("params", "grads", "state", "t", "lr"))
    given = [name for name in ("params", "grads") if name in own.names]
    if len(given) == 1:
        raise own.lacks(f"of params and grads it defines {given[0]} alone", "Define both, or neither.")
    rng = np.random.default_rng(0)
    point: Mapping[str, Any] = own.names if given else {name: rng.normal(size=(3, 2)) for name in ("params", "grads")}
    with own.running(), np.errstate(all="ignore"):
        return lazy.updates.check_update(rule, point["params"], point["grads"], mine=mine)


def _rule(text: str) -> Any:
    """The rule that is meant, with the settings that it has by itself."""
    rule = lazy.optim.from_text(text if "(" in text else f"{text}()")
    if not isinstance(rule, lazy.optim.Optimizer):
        raise _no_update(
            f"{rule.name} makes no step from a gradient alone", "Name an optimizer: adam, adamw, momentum ..."
        )
    return rule


def _no_update(what: str, do: str) -> SettingError:
    return SettingError(
        "cli-check-update",
        what,
        where="the option --update",
        why="the step of an optimizer, update(params, grads, state, t, lr), is compared with that of a known rule",
        do=do,
    )
