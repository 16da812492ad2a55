"""All that can be chosen, read from the tables of the rooms, so that a new entry shows itself here by itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, get_args, get_type_hints

from downslope import data, nn, optim, surfaces
from downslope.lab import build, limits
from downslope.lab.sets import Facts
from downslope.runs.instrument import known as instruments
from downslope.views.list_payload import CatalogueView, EntryShown, SettingShown, TableShown

HIDDEN = ("data", "step", "run", "steps_read", "target", "factors", "shifts", "where", "rare")
LIMITS = {
    "layers": limits.MOST_LAYERS,
    "units": limits.MOST_UNITS,
    "steps": limits.MOST_STEPS,
    "surface steps": limits.MOST_SURFACE_STEPS,
    "formula characters": limits.MOST_FORMULA,
    "upload bytes": limits.MOST_UPLOAD,
    "points": limits.MOST_POINTS,
    "own sets": limits.MOST_SETS,
    "trainings": limits.MOST_TRAININGS,
    "rows of a synthetic set": build.MOST_ROWS,
}


def catalogue_view(own: Mapping[str, Facts], views: Mapping[str, str]) -> CatalogueView:
    """The payload. own: uploaded sets by id. views: what can be asked, id -> sentence."""
    sets = [EntryShown(id, (), facts.kind, facts.name, "", "", _own_settings(facts)) for id, facts in own.items()]
    tables = (
        TableShown("own data", tuple(sets)),
        *_tables(),
        TableShown("views", tuple(EntryShown(id, (), "", sentence, "", "", ()) for id, sentence in views.items())),
    )
    return CatalogueView("what can be chosen", tables, LIMITS, ())


def _own_settings(facts: Facts) -> tuple[SettingShown, ...]:
    usual = (SettingShown("held_out", "number", 0.2, (), False), SettingShown("seed", "whole", 0, (), False))
    if facts.kind == "points":
        return usual
    return (
        SettingShown("target", "word", facts.target, (), False),
        SettingShown("missing", "word", "stop", ("stop", "drop", "impute"), False),
        SettingShown("task", "word", None, ("classification", "regression"), False),
        SettingShown("drop_columns", "list", None, (), False),
        SettingShown("categories", "list", None, (), False),
        *usual,
    )


def warm() -> None:
    """Read the tables before somebody asks: the embedded sets take half a second of imports."""
    _tables()


@cache
def _tables() -> tuple[TableShown, ...]:
    return (
        _table("data sets", {**data.EMBEDDED, **data.SYNTHETIC}, kind=_kind_of_set),
        _table("corruptions", data.CORRUPTIONS),
        _table("activations", {name: each.function for name, each in nn.ACTIVATIONS.items()}, settings=False),
        _table("initialisers", nn.INITIALISERS, skip=2),
        _table("losses", nn.LOSSES, settings=False, kind=_kind_of_loss),
        _table("optimizers", {**optim.OPTIMIZERS, **_without(optim.METHODS)}, kind=_kind_of_rule, usual=_usual_rate),
        _table("schedules", _without(optim.SCHEDULES)),
        TableShown("surfaces", tuple(_surface(name, each) for name, each in _once(surfaces.SURFACES))),
        TableShown("instruments", tuple(map(_instrument, instruments().values()))),
    )


def _without(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in table.items() if name not in build.NOT_NESTED}


def _once(table: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Each entry under its own name; aliases stand with it."""
    seen: set[int] = set()
    for name, each in table.items():
        if id(each) not in seen:
            seen.add(id(each))
            yield name, each


def _table(
    name: str,
    table: Mapping[str, Any],
    *,
    skip: int = 0,
    settings: bool = True,
    kind: Callable[[Any], str] = lambda function: "",
    usual: Callable[[str, str], Any] = lambda entry, setting: None,
) -> TableShown:
    entries = []
    for _, function in _once(table):
        words = [word for word, other in table.items() if other is function]
        own = function.__name__ if function.__name__ in words else words[0]
        shown = _settings(function, skip, lambda setting, own=own: usual(own, setting)) if settings else ()  # type: ignore[misc]
        sentence, formula = _sentence(function)
        aliases = tuple(word for word in words if word != own)
        entries.append(EntryShown(own, aliases, kind(function), sentence, formula, "", shown))
    return TableShown(name, tuple(entries))


def _sentence(function: Any) -> tuple[str, str]:
    """The first paragraph of the docstring: a sentence, or the formula where a rule begins with it."""
    paragraphs = [_plain(each) for each in (inspect.getdoc(function) or "").split("\n\n")]
    if "←" not in paragraphs[0] and not paragraphs[0].startswith("h = "):
        return paragraphs[0], ""
    module = inspect.getmodule(function)
    subject, colon, about = (inspect.getdoc(module) or "").partition("\n")[0].partition(": ")
    if colon and subject.replace(" ", "").lower() == function.__name__.replace("_", ""):
        return about[:1].upper() + about[1:], paragraphs[0]
    return (paragraphs[1] if len(paragraphs) > 1 else ""), paragraphs[0]


def _plain(text: str) -> str:
    """Without the marks of docstrings: ``x`` and :func:`mse` are x and mse."""
    return re.sub(r":\w+:`~?([^`]*)`|``([^`]*)``", lambda found: found[1] or found[2], " ".join(text.split()))


def _settings(function: Any, skip: int, usual: Callable[[str], Any]) -> tuple[SettingShown, ...]:
    try:
        hints = get_type_hints(function)
    except (NameError, TypeError):  # named for type checkers alone
        hints = {}
    shown = []
    for name, parameter in list(inspect.signature(function).parameters.items())[skip:]:
        if name in HIDDEN or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        needed = parameter.default is parameter.empty
        default = usual(name) if needed else parameter.default
        default = list(default) if isinstance(default, tuple) else default
        shown.append(
            SettingShown(
                name, _kind(hints.get(name), default), default, _choices(hints.get(name)), needed and default is None
            )
        )
    return tuple(shown)


def _kind(hint: Any, default: Any) -> Any:
    if isinstance(default, bool) or hint is bool:
        return "switch"
    if isinstance(default, str) or hint is str or _choices(hint):
        return "word"
    if isinstance(default, list):
        return "list"
    return "whole" if hint is int or (hint is None and isinstance(default, int)) else "number"


def _choices(hint: Any) -> tuple[str, ...]:
    found = get_args(hint)
    return tuple(found) if found and all(isinstance(word, str) for word in found) else ()


def _usual_rate(rule: str, setting: str) -> float | None:
    return build.USUAL_RATES.get(rule, 0.1) if setting == "lr" else None


def _kind_of_set(function: Any) -> str:
    return "regression" if function.__name__ in ("diabetes", "line", "sine") else "classification"


def _kind_of_loss(function: Any) -> str:
    return "regression" if function.__module__.endswith("regression_losses") else "classification"


def _kind_of_rule(function: Any) -> str:
    return "with line search" if function.__name__ in optim.METHODS else ""


def _surface(name: str, surface: Any) -> EntryShown:
    words = tuple(word for word, other in surfaces.SURFACES.items() if other is surface and word != surface.name)
    return EntryShown(
        surface.name,
        words,
        "quadratic" if surface.is_quadratic else "noisy" if surface.noise else "",
        surface.teaches,
        surface.formula,
        surface.latex,
        (
            SettingShown("lr", "number", surface.lr, (), False),
            SettingShown("start", "list", list(surface.start), (), False),
        ),
    )


def _instrument(entry: Any) -> EntryShown:
    shown = []
    for name, parameter in entry.settings.items():
        if name in HIDDEN:
            continue
        default = None if parameter.default is parameter.empty else parameter.default
        shown.append(SettingShown(name, _kind(None, default), default, (), False))
    sentence, settings = _plain(entry.sentence), tuple(shown)
    return EntryShown(entry.id, (), entry.kind, sentence, "", entry.formula, settings, entry.cost, _plain(entry.blind))
