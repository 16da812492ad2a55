"""``downslope ask RUN INSTRUMENT``: an instrument read over the past of a run, whether or not anybody logged it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from downslope.cli import lazy, table, which_run
from downslope.errors import DataError, SettingError

if TYPE_CHECKING:
    from downslope.runs import Reading

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope ask last dead_units --every 50[/cyan]

[cyan]downslope ask digits-1 grad_norm --target dense1 --steps 1:500:10[/cyan]

[cyan]downslope ask digits-1 sharpness --steps 1,100,900 --json[/cyan]

[cyan]downslope ask digits-1 update_ratio --plot out/update_ratio.svg[/cyan]

[cyan]downslope ask last --list[/cyan]
"""


def ask(
    run: which_run.RunName,
    instrument: Annotated[
        str | None, typer.Argument(metavar="INSTRUMENT", help="A word from --list; `downslope where` explains it.")
    ] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List the instruments, with what each tells.")] = False,
    every: Annotated[int | None, typer.Option("--every", help="Read at every so many steps.")] = None,
    steps: Annotated[
        str | None, typer.Option("--steps", help="Steps such as 5,7,9 or 1:500:10 (both ends included).")
    ] = None,
    target: Annotated[str | None, typer.Option("--target", help="One layer or parameter, such as dense2.")] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the instrument: NAME=VALUE. May be repeated.")
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw it into this .svg or .png file.")] = None,
    as_json: which_run.AsJson = False,
    quiet: which_run.Quiet = False,
    model: which_run.ModelFunction = None,
    loss: which_run.LossFunction = None,
    debug: which_run.Debug = False,
) -> int:
    """Read INSTRUMENT at steps of RUN; about a hundred of them, if none are named."""
    if list_all:
        print(_listing())
        return 0
    if instrument is None:
        raise SettingError(
            "cli-usage",
            "there is no instrument",
            where=f"downslope ask {run}",
            why="an instrument is the question",
            do=f"Give a name from `downslope ask {run} --list`, for example grad_norm.",
        )
    lazy.instrument.find(instrument)
    _check_plot(plot)
    asked = which_run.opened(run, model, loss)
    reading = asked.ask(
        instrument,
        steps=None if steps is None else numbers(steps, asked.steps),
        every=every,
        target=target,
        progress=_silent if quiet else None,
        **dict(map(_setting, setting or [])),
    )
    print(table.as_json(_record(reading)) if as_json else reading.text(max(table.width() - 40, 20)), flush=True)
    if plot is not None:
        _draw(reading, plot)
        if not (quiet or as_json):
            print(f"Drawn into {plot}.")
    return 0


def _silent(done: int, of: int) -> None:
    """Progress that nobody wants to see."""


def numbers(text: str, last: int) -> list[int]:
    """Step numbers: ``5,7,9``, ``1:500:10`` with both ends, ``-1`` the last one. Errors: SettingError ``cli-steps-of``.

    >>> numbers("1:9:4,-1", 100)
    [1, 5, 9, 100]
    """
    found: list[int] = []
    try:
        for part in text.split(","):
            ends = [int(word) if word.strip() else None for word in part.split(":")]
            if len(ends) == 1:
                found.append(int(part))
                continue
            start, stop, stride = (*ends, None, None)[:3] if len(ends) <= 3 else (None, None, 0)
            high = last if stop is None else stop if stop >= 0 else last + 1 + stop
            found += range(1 if start is None else start, high + 1, 1 if stride is None else stride)
    except ValueError:
        found = []
    if found:
        return [last + 1 + t if t < 0 else t for t in found]
    raise SettingError(
        "cli-steps-of",
        f"--steps is '{text}'",
        where="the option --steps",
        why="it names steps of the run, one by one or from : to : every",
        do=f"Write for example --steps 1,10,100 or --steps 1:{last}:{max(last // 10, 1)}.",
    )


def _setting(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip().isidentifier() or not value.strip():
        raise SettingError(
            "cli-set",
            f"--set is '{text}'",
            where="the option --set",
            why="it gives a setting of the instrument by its name",
            do="Write --set NAME=VALUE, for example --set samples=20; `downslope where` lists the settings.",
        )
    return name.strip(), _value(value.strip())


def _value(text: str) -> Any:
    """A whole number, a number, true or false; anything else is a word."""
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _listing() -> str:
    known = dict(sorted(lazy.instrument.known().items()))
    wide = max(map(len, known))
    return "\n".join(
        textwrap.fill(
            entry.sentence.replace("``", ""),
            table.width(),
            initial_indent=f"{name:<{wide}}  ",
            subsequent_indent=" " * (wide + 2),
            break_on_hyphens=False,
        )
        for name, entry in known.items()
    )


def _record(reading: Reading) -> dict[str, Any]:
    return {
        "id": reading.id,
        "target": reading.target,
        "settings": reading.settings,
        "unit": reading.unit,
        "steps": reading.steps,
        "parts": reading.parts,
        "axes": [{"name": axis.name, "unit": axis.unit, "labels": axis.labels} for axis in reading.axes],
        "values": reading.values,
        "facts": reading.facts,
    }


def _check_plot(path: Path | None) -> None:
    """Refuse before anything is computed what could not be drawn after it."""
    if path is None or (path.suffix in (".svg", ".png") and path.absolute().parent.is_dir()):
        return
    raise DataError(
        "cli-plot",
        f"--plot is '{path}'",
        where="the option --plot",
        why="a picture is a .svg or .png file in a directory that exists",
        do="Write for example --plot reading.svg.",
    )


def _draw(reading: Reading, path: Path) -> None:
    payload = lazy.views.reading_view(reading)
    figure: Any = lazy.plot.draw(payload).get_figure(root=True)
    lazy.plot.save(figure, path, title=payload.title, description=reading.text())
