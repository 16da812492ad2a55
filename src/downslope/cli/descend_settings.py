"""What stands behind the options of ``downslope descend``: surface, rate, optimizer and race, as typed, or refused."""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.cli import rooms, settings
from downslope.errors import SettingError, nearest

if TYPE_CHECKING:
    from downslope.surfaces import Race, Surface

RUNS = 8
MOST_TUNED = 1000  # steps by which a rate is chosen, of a longer descent the first
_VARIABLES = ("x", "y", "e", "pi")


def surface(text: str, domain: str | None, start: str | None) -> Surface:
    """The surface of this name, or of this formula, with the domain and the start that were typed."""
    more: dict[str, Any] = {}
    if domain is not None:
        left, right, bottom, top = _numbers(domain, 4, "--domain", "-3,3,-3,3")
        if not (left < right and bottom < top):
            raise _wrong_numbers(domain, "--domain", "each minimum lies below its maximum", "-3,3,-3,3")
        more["domain"] = ((left, right), (bottom, top))
    if start is not None:
        more["start"] = tuple(_numbers(start, 2, "--start", "-1.5,2"))
    if re.fullmatch(r"[A-Za-z_]\w*", text.strip()) and text.strip() not in _VARIABLES:
        known: Surface = rooms.surfaces.by_name(text.strip())
        return dataclasses.replace(known, **more)
    name = textwrap.shorten(text.strip(), 40, placeholder="…")
    made: Surface = rooms.surfaces.formula(text, **more, name=name if len(text.strip()) <= 40 else "formula")
    return made


def _numbers(text: str, count: int, option: str, example: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if len(found) == count and np.isfinite(found).all():
        return found
    raise _wrong_numbers(text, option, f"{count} finite numbers with commas between them are needed", example)


def _wrong_numbers(text: str, option: str, why: str, example: str) -> SettingError:
    return SettingError(
        "cli-numbers", f"{option} is '{text}'", where=f"the option {option}", why=why, do=f"Write {option} {example}."
    )


def count(steps: int, race: str | None) -> int:
    """The steps or, in a race, the gradient evaluations. Errors: SettingError ``cli-steps``."""
    most = 1_000_000 if race is None else 100_000
    if 1 <= steps <= most:
        return steps
    raise SettingError(
        "cli-steps",
        f"--steps is {steps}",
        where="the option --steps",
        why="every step is computed and kept, and at least one is needed for a path",
        do=f"Give a whole number from 1 to {most:,}, for example --steps 100.",
    )


def rate(text: str) -> float | None:
    """The learning rate; None for auto. Errors: SettingError ``cli-lr``."""
    if text.strip().lower() == "auto":
        return None
    try:
        return float(text)
    except ValueError:
        raise SettingError(
            "cli-lr",
            f"--lr is '{text}'",
            where="the option --lr",
            why="the learning rate is a number, by which the gradient is multiplied at each step",
            do="Give a number above 0, for example --lr 0.01, or auto.",
        ) from None


def rule(text: str, rate: float | None, given: list[str], ground: Surface) -> tuple[Any, bool]:
    """The optimizer that was named, and whether its rate is still to be chosen."""
    optim, word = rooms.optim, text.strip()
    if "(" in word:
        if given:
            raise SettingError(
                "cli-set",
                f"--set is given beside '{word}'",
                where="the options --optimizer and --set",
                why="the settings of an optimizer that is written as a call stand in its brackets",
                do="Write all of them there, for example --optimizer 'momentum(lr=0.01, beta=0.5)'.",
            )
        made = optim.from_text(word)
        return (made if rate is None else at_rate(made, rate)), False
    table = next((table for table in (optim.OPTIMIZERS, optim.METHODS) if word in table), None)
    if table is None:
        raise SettingError(
            "unknown-name",
            f"there is no optimizer called '{word}'",
            where="the name of the optimizer",
            why="a word stands for one of the rules in downslope.optim",
            do=nearest(word, [*optim.OPTIMIZERS, *optim.METHODS]),
        )
    chosen = dict(settings._setting(each) for each in given)
    takes = inspect.signature(table[word]).parameters
    if "lr" in takes and "lr" not in chosen:
        if rate is not None or takes["lr"].default is inspect.Parameter.empty:
            chosen["lr"] = ground.lr if rate is None else rate
        return table.make(word, **chosen), rate is None and table is optim.OPTIMIZERS
    return table.make(word, **chosen), False


def at_rate(rule: Any, rate: Any) -> Any:
    """The same rule with another rate."""
    return dataclasses.replace(rule, lr=rate) if dataclasses.is_dataclass(rule) and not isinstance(rule, type) else rule


def with_rate(rule: Any, is_open: bool, ground: Surface, steps: int, seed: int) -> tuple[Any, tuple[str, ...]]:
    """The rule with the rate that auto stands for, and a note on where that comes from."""
    if not is_open:
        return rule, ()
    if rule.name == "gradient_descent":
        told = f"note: lr = {ground.lr:g} is the surface's own rate for gradient descent; --lr sets another"
        return at_rate(rule, ground.lr), (told,)
    budget = min(steps + 1, MOST_TUNED)
    tried = rooms.surfaces.race(ground, [rule], starts=[ground.start], seeds=[seed], budget=budget, tune=True)
    (entrant,) = tried.entrants
    best = (
        f"note: lr = {entrant.lr:g} is the best of {len(entrant.tried)} rates tried over {budget - 1:,} steps from here"
    )
    return at_rate(rule, entrant.lr), (f"{best}; --lr sets another",)


def raced(ground: Surface, text: str, rate: float | None, steps: int, seed: int, starts: Any) -> Race:
    """The race of the optimizers that were named; with rates that were stated, or all of them tuned."""
    words = [word.strip() for word in re.split(r",(?![^(]*\))", text) if word.strip()]
    stated = [word for word in words if "lr=" in word.replace(" ", "")]
    if len(words) < 2:
        raise race_refused(f"--race names {len(words) or 'no'} optimizer{'s' * (not words)}", text)
    if stated and len(stated) < len(words) and rate is None:
        raise race_refused(f"--race states a rate for {len(stated)} of {len(words)} optimizers", text)
    rules = [rule(word, rate, [], ground)[0] for word in words]
    tune = rate is None and not stated
    result: Race = rooms.surfaces.race(
        ground, rules, starts=starts, seeds=range(seed, seed + RUNS), budget=steps, tune=tune
    )
    return result


def race_refused(what: str, text: str) -> SettingError:
    """The error ``cli-race``. what: what is wrong with the words of the command."""
    return SettingError(
        "cli-race",
        what,
        where=f"--race {text}",
        why="a race is fair if several optimizers, with settings of their own, get their rates in the same way",
        do="Name two or more, all with their rate or none: --race adam,momentum or 'adam(lr=0.1),momentum(lr=0.01)'.",
    )
