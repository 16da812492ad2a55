"""``downslope descend``: down a surface step by step, in numbers, in words and in pictures; or a race of optimizers."""

from __future__ import annotations

import dataclasses
import shutil
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from downslope.cli import descend_settings as typed, lazy, output, rooms
from downslope.errors import DataError, SettingError

if TYPE_CHECKING:
    from downslope.surfaces import Path as Way, Race

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope descend rosenbrock --optimizer adam --lr 0.01[/cyan]

[cyan]downslope descend ill_conditioned_bowl --lr 0.55 --out out/bowl --animate gif[/cyan]

[cyan]downslope descend "sin(x)*y + x**2" --domain -3,3,-3,3 --optimizer momentum[/cyan]

[cyan]downslope descend himmelblau --race adam,momentum,rmsprop --out out/race[/cyan]

[cyan]downslope descend --list[/cyan]
"""

MARK = "Downslope descent of "
"""How the summary begins: by it we know a directory of ours."""
OURS = ("descent.svg", "descent.png", "descent.gif", "descent.avif", "race.svg", "race.png", "summary.txt")
_WIDEST = 120
_WAY, _RULE, _RACE, _RESULT = "The way", "The optimizer", "A race", "The result"


def _in(panel: str, *names: str, words: str, **more: Any) -> Any:
    return typer.Option(*names, help=words, rich_help_panel=panel, **more)


def descend(
    surface: Annotated[
        str | None,
        typer.Argument(metavar="SURFACE", help="A name from --list, or a formula such as 'sin(x)*y + x**2'."),
    ] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List the surfaces, with what each teaches.")] = False,
    start: Annotated[str | None, _in(_WAY, "--start", words="X,Y; else the surface's own.")] = None,
    steps: Annotated[int, _in(_WAY, "--steps", words="How many; in a race, gradient evaluations.")] = 100,
    domain: Annotated[
        str | None, _in(_WAY, "--domain", words="XMIN,XMAX,YMIN,YMAX of the map (formula: -5,5,-5,5).")
    ] = None,
    seed: Annotated[int, _in(_WAY, "--seed", words="Of the noise, and of the starts of a race.")] = 0,
    optimizer: Annotated[
        str | None,
        _in(_RULE, "--optimizer", words="A name (gradient_descent), or 'momentum(lr=0.01, beta=0.5)'."),
    ] = None,
    lr: Annotated[
        str, _in(_RULE, "--lr", words="The learning rate; auto is the surface's own, or the best of a few tried.")
    ] = "auto",
    setting: Annotated[
        list[str] | None, _in(_RULE, "--set", words="Any other hyperparameter: NAME=NUMBER. May be repeated.")
    ] = None,
    race: Annotated[
        str | None, _in(_RACE, "--race", words="Optimizers with commas between them, under the same conditions.")
    ] = None,
    out: Annotated[Path | None, _in(_RESULT, "--out", words="A directory for the pictures and a summary.")] = None,
    animate: Annotated[str | None, _in(_RESULT, "--animate", words="gif or avif: the descent as it goes.")] = None,
    rows: Annotated[int, _in(_RESULT, "--rows", min=1, max=1000, words="First steps to print.")] = 10,
    dark: Annotated[bool, _in(_RESULT, "--dark", words="Pictures on dark paper.")] = False,
    debug: Annotated[bool, _in(_RESULT, "--debug", words="On a bug of Downslope, print the traceback.")] = False,
) -> int:
    """Go down SURFACE step by step, and say what happened."""
    if list_all:
        print(_listing())
        return 0
    if surface is None:
        raise SettingError(
            "cli-usage",
            "there is no surface",
            where="downslope descend",
            why="a descent needs something to go down on",
            do="Give a name from `downslope descend --list`, or a formula such as 'x**2 + 3*y**2'.",
        )
    _check_place(out, animate)
    ground = typed.surface(surface, domain, start)
    count, rate = typed.count(steps, race), typed.rate(lr)
    if race is None:
        rule, told = typed.with_rate(
            *typed.rule(optimizer or "gradient_descent", rate, setting or [], ground), ground, count, seed
        )
        way = rooms.surfaces.descend(ground, rule, steps=count, seed=seed)
        ways, result = [dataclasses.replace(way, notes=(*told, *way.notes))], None
    else:
        if optimizer is not None or setting:
            raise typed.race_refused("--race and --optimizer or --set are both given", race)
        result = typed.raced(ground, race, rate, count, seed, [ground.start] if start else None)
        rules = [typed.at_rate(each.optimizer, each.lr) for each in result.ranking]  # colours as in the race
        ways = [rooms.surfaces.descend(ground, rule, steps=max(count - 1, 1), seed=seed) for rule in rules]
    return _tell(ways, result, out, rows=rows, animate=animate, dark=dark)


# --- what is told and written -----------------------------------------------------------------------------------------


def _tell(ways: list[Way], race: Race | None, out: Path | None, *, rows: int, animate: str | None, dark: bool) -> int:
    view = lazy.views.descent_view(*ways)
    width = min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)
    raced = None if race is None else lazy.views.race_view(race)
    parts = [lazy.text.descent(view, width, rows if race is None else 0)]
    parts += [lazy.text.race(raced)] if raced is not None else []
    text = "\n\n".join(parts)
    print(text, flush=True)  # before it is written: a full disk must not take the result with it
    if out is not None:
        folder: Path = out

        def fill(aside: Path) -> None:
            ax = lazy.plot.descent(view, dark=dark)
            _save(ax, aside / "descent", view.title, lazy.text.descent(view))
            if raced is not None:
                _save(lazy.plot.race(raced, dark=dark), aside / "race", raced.title, lazy.text.race(raced))
            if animate is not None:
                lazy.animate.animation(view, aside / f"descent.{animate}", dark=dark, progress=_Frames())
            (aside / "summary.txt").write_text(f"{MARK}{view.title}\n\n{text}\n", encoding="utf-8")

        names = output.write(folder, fill)
        for name in set(OURS) - set(names):  # of an earlier descent
            (folder / name).unlink(missing_ok=True)
        print(f"\nWritten to {out}: {', '.join(names)}")
    print(f"\nNext, try {_next(ways, race, out)}.")
    return 0


def _save(ax: Any, path: Path, title: str, words: str) -> None:
    for ending in (".svg", ".png"):
        lazy.plot.save(ax.get_figure(root=True), path.with_suffix(ending), title=title, description=words)


class _Frames:
    """How many frames are drawn, once it has taken a second: in place on a terminal, four lines in a log."""

    def __init__(self) -> None:
        self.began, self.quarter = time.monotonic(), 0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() < self.began + 1:
            return
        if sys.stderr.isatty():
            end = "\r\033[K" if done == total else ""
            print(f"\rframe {done} of {total}{end}", end="", file=sys.stderr, flush=True)
        elif done * 4 // total > self.quarter:
            self.quarter = done * 4 // total
            print(f"frame {done} of {total}", file=sys.stderr, flush=True)


def _next(ways: list[Way], race: Race | None, out: Path | None) -> str:
    """The first thing that this descent suggests to try."""
    way = ways[0]
    name = way.surface.name if way.surface.name.isidentifier() else "formula"
    if out is None:
        return f"--out out/{name} to draw the picture, and --animate gif to see it move"
    if race is not None:
        return "--start X,Y: one start can turn the order around"
    rate = way.optimizer.lr
    word, limit = way.verdict.word, None if way.stability is None else way.stability.limit
    if word == "diverged" and way.values[-1] < way.values[0]:
        return "--start X,Y: from this start downhill has no end"
    if isinstance(rate, int | float) and word in ("diverged", "oscillates"):
        if limit is not None and rate >= limit:
            return f"--lr {0.9 * limit:.3g}, just below the limit {limit:.4g}"
        return f"--lr {rate / 5:.3g}, a fifth of the learning rate"
    if word == "still moving":
        return f"--steps {10 * way.steps}: it was still moving"
    return "--race gradient_descent,momentum,adam, to compare it with others"


def _listing() -> str:
    known = {surface.name: surface for surface in rooms.surfaces.SURFACES.values()}
    wide = max(map(len, known))
    width = min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)
    return "\n".join(
        textwrap.fill(
            each.teaches, width, initial_indent=f"{each.name:<{wide}}  ", subsequent_indent=" " * (wide + 2),
            break_on_hyphens=False,
        )
        for each in known.values()
    )  # fmt: skip


def _check_place(out: Path | None, animate: str | None) -> None:
    """Refuse before anything is computed what could not be written after it."""
    if animate is not None and (out is None or animate not in lazy.animate.endings()):
        kinds = " or ".join(lazy.animate.endings())
        mp4 = "; MP4 needs an encoder that Downslope does not carry" if animate == "mp4" else ""
        raise SettingError(
            "cli-animate",
            f"--animate {animate} is given without --out" if out is None else f"--animate is '{animate}'",
            where="the option --animate",
            why=f"an animation is a file of the kind {kinds} in the directory of --out{mp4}",
            do="Write for example --animate gif --out out/descent.",
        )
    if out is None:
        return
    output.check(out, force=True)
    summary = out / "summary.txt"
    inside = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
    if inside and not (summary.is_file() and summary.read_text("utf-8", errors="replace").startswith(MARK)):
        raise DataError(
            "out-not-empty",
            f"the directory holds files that are not from an earlier descent: {', '.join(inside[:3])}"
            + (f" and {len(inside) - 3} more" if len(inside) > 3 else ""),
            where=f"--out {out}",
            why="files of the same names would be overwritten",
            do="Give another directory; it is made if it does not exist.",
        )
