"""From settings as they come from the page to a model, data and an optimizer, through the tables of the rooms."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from downslope import data as datasets, nn, optim, surfaces
from downslope.data import Data
from downslope.errors import SettingError, nearest
from downslope.lab import limits
from downslope.lab.settings import Changes, Choice, DataChoice, Settings

MOST_ROWS = 100_000  # of a synthetic set
NOT_NESTED = ("total", "chain", "sam")  # they take other rules, which a choice of one name cannot hold
USUAL_RATES = {"gradient_descent": 0.1, "momentum": 0.05, "nesterov": 0.05, "lars": 1.0, "schedule_free_sgd": 0.5}
"""Of optimizers that have no default: what is tried first."""
DECAYS = ("weight_decay", "decoupled_weight_decay")  # what rules call the pull of the weights to 0


def data(choice: DataChoice, own: Callable[[str, Mapping[str, Any]], Data | None]) -> Data:
    """The data set of a choice, with its faults. own: an uploaded set by its id, None where there is none.

    Errors: SettingError, DataError; those of the sets.
    """
    made = own(choice.name, choice.settings)
    if made is None:
        # Never the path of a file: a page says which sets it means, not which files. The synthetic ones first, because
        # looking into the embedded ones loads scikit-learn.
        if choice.name not in datasets.SYNTHETIC and choice.name not in datasets.EMBEDDED:
            raise SettingError(
                "data-name-unknown",
                f"there is no data set called {choice.name!r}",
                where="the data of the settings",
                why="a name stands for an embedded, a synthetic or an uploaded set",
                do=nearest(choice.name, [*datasets.EMBEDDED, *datasets.SYNTHETIC]),
            )
        n = choice.settings.get("n", 0)
        if isinstance(n, int | float) and n > MOST_ROWS:
            raise limit("n", n, MOST_ROWS, "points are drawn anew for each run, and a page shows some thousand of them")
        options: dict[str, Any] = dict(choice.settings)
        made = datasets.load(choice.name, **options)
    for each in choice.corruptions:
        made = datasets.corrupt(made, each.name, **each.settings)
    return made


def warm() -> None:
    """Load what reads the embedded sets, which takes longer than a small training, while nobody waits for it."""
    assert datasets.EMBEDDED


def limit(name: str, given: object, most: int, why: str) -> SettingError:
    """A number above what the lab takes."""
    return SettingError(
        "lab-limit",
        f"{name} is {given}",
        where="the lab",
        why=why,
        do=f"give at most {most:,}; in Python, and with `downslope train`, there is no such limit",
    )


def training(settings: Settings, made: Data) -> dict[str, Any]:
    """Arguments of ``train`` and ``begin`` for these settings. made: their data.

    Errors: SettingError ``unknown-name``, ``optimizer-...``, ``lab-setting``.
    """
    return {
        "model": model(settings, made),
        "data": made,
        "optimizer": optimizer(
            settings.optimizer,
            steps=settings.steps,
            schedule=settings.schedule,
            clip=settings.clip,
            weight_decay=settings.weight_decay,
        ),
        "loss": loss(settings.loss),
        "batch_size": None if settings.batch_size is None else min(settings.batch_size, len(made.train)),
        "steps": settings.steps,
        "seed": settings.seed,
        "dtype": settings.dtype,
        "dialect": settings.dialect,
    }


def model(settings: Settings, made: Data) -> nn.Model:
    """Dense layers with what stands between them. Errors: SettingError ``unknown-name``, ``lab-setting``."""
    start = initialiser(settings.initialiser)
    layers: list[Any] = []
    for units in settings.hidden:
        if settings.normalise == "none":
            layers.append(nn.dense(units, settings.activation, start))
        else:
            between = nn.batch_norm() if settings.normalise == "batch_norm" else nn.layer_norm()
            own = start or nn.ACTIVATIONS.find(settings.activation).start
            layers += [nn.dense(units, "identity", own), between, nn.activate(settings.activation)]
        if settings.dropout:
            layers.append(nn.dropout(settings.dropout))
    layers.append(nn.dense(made.n_outputs, "identity", start))
    return nn.Model((made.train.x.shape[1],), tuple(layers))


def initialiser(choice: Choice | None) -> Any:
    """A name, or a function with its settings put in; None where the activation decides."""
    if choice is None:
        return None
    function = nn.INITIALISERS.find(choice.name)
    known = list(inspect.signature(function).parameters)[2:]
    _check_known(choice, known, "initialiser")
    return partial(function, **choice.settings) if choice.settings else choice.name


def loss(name: str | None) -> Any:
    """A loss of the table, None for the usual one. Errors: SettingError ``unknown-name``."""
    return None if name is None else nn.LOSSES.find(name)


def optimizer(
    choice: Choice,
    *,
    steps: int,
    schedule: Choice | None = None,
    clip: float | None = None,
    weight_decay: float = 0.0,
) -> Any:
    """A rule with its settings. A name may also be a text, ``adam(lr=cosine(0.1, steps=100))``, which is never run.

    steps: the length of a schedule that is not given one. Errors: SettingError ``unknown-name``, ``optimizer-...``,
    ``lab-setting``.
    """
    if "(" in choice.name:
        rule: Any = optim.from_text(choice.name)
        if isinstance(rule, optim.Schedule):
            raise _setting(
                f"{choice.name} is a schedule", "an optimizer makes steps of gradients, by a rate", "name one"
            )
    else:
        rule = _named(choice, weight_decay)
    if schedule is not None:
        rule = replace(rule, lr=_schedule(schedule, rule.lr, steps))
    return rule if clip is None else optim.WRAPPERS.make("clip_by_norm", optimizer=rule, max_norm=clip)


def _named(choice: Choice, weight_decay: float) -> Any:
    table: Any = optim.METHODS if choice.name in optim.METHODS else optim.OPTIMIZERS
    given: dict[str, Any] = dict(choice.settings)
    if choice.name in table:
        name = table[choice.name].__name__
        known = inspect.signature(table[choice.name]).parameters
        if name in NOT_NESTED:
            raise _setting(
                f"{name} is a rule around another one", "a choice names one rule", f"write {name}(adam(0.01))"
            )
        if known["lr"].default is inspect.Parameter.empty:
            given.setdefault("lr", USUAL_RATES.get(name, 0.1))
        decay = next((word for word in DECAYS if word in known), None)
        if weight_decay and decay is None:
            why = "the pull of the weights to 0 is a part of the optimizer's own formula"
            raise _setting(f"{name} knows no weight decay", why, "set it to 0, or choose adamw or gradient_descent")
        if weight_decay and decay:
            given[decay] = weight_decay
    return table.make(choice.name, **given)


def _schedule(choice: Choice, lr: Any, steps: int) -> Any:
    if choice.name in NOT_NESTED:
        why = "a choice names one schedule"
        raise _setting(f"{choice.name} joins other schedules", why, "write it into the optimizer's name as text")
    given: dict[str, Any] = dict(choice.settings)
    if choice.name in optim.SCHEDULES:
        known = inspect.signature(optim.SCHEDULES[choice.name]).parameters
        usual = {"lr": lr, "steps": steps, "every": max(1, steps // 3), "first": max(1, steps // 7), "size": 64}
        usual |= {"warm_up": max(1, steps // 10), "decay": max(1, steps // 5), "factor": 0.999}
        if choice.name == "inverse_time":  # a rate's fall a step, where wsd has a number of steps
            usual["decay"] = 10 / steps
        for name, parameter in known.items():
            if parameter.default is inspect.Parameter.empty and name not in given and name in usual:
                given[name] = usual[name]
    return optim.SCHEDULES.make(choice.name, **given)


def changed_model(now: nn.Model, activation: str | None, dropout: float | None) -> nn.Model | None:
    """The same layers with another activation between them, or other dropout; None where nothing is asked for."""
    if activation is None and dropout is None:
        return None
    layers: list[Any] = []
    found = False
    for place, each in enumerate(now.layers):
        layer: Any = each
        last = place == len(now.layers) - 1
        if activation is not None and not last and getattr(layer, "activation", "identity") != "identity":
            layer = replace(layer, activation=activation)
        if dropout is not None and layer.kind == "dropout":
            layer, found = replace(layer, p=dropout), True
        layers.append(layer)
    if dropout and not found:
        why = "a layer more is another model, whose numbers would not be those of the run"
        raise _setting(
            "the model has no dropout", why, "begin a new run with a dropout above 0; it can be changed then"
        )
    return nn.Model(now.shape_in, tuple(layers))


def changes(
    asked: Changes, now: Any, steps: int, own: Callable[[str, Mapping[str, Any]], Data | None]
) -> dict[str, Any]:
    """Arguments for ``run.fork`` and ``Paced.change``. now: the segment that the changes follow on."""
    found: dict[str, Any] = {}
    if asked.optimizer is not None:
        found["optimizer"] = optimizer(
            asked.optimizer,
            steps=steps,
            schedule=asked.schedule,
            clip=asked.clip,
            weight_decay=asked.weight_decay or 0.0,
        )
        if asked.lr is not None:
            found["optimizer"] = replace(found["optimizer"], lr=asked.lr)
    elif asked.lr is not None:
        found["lr"] = asked.lr
    if asked.optimizer is None and (asked.schedule or asked.clip is not None or asked.weight_decay is not None):
        why = "they are parts of an optimizer, which is made anew with all of its settings"
        raise _setting("a schedule, a clip or a weight decay is given alone", why, "give the optimizer with it")
    if (other := changed_model(now.task.model, asked.activation, asked.dropout)) is not None:
        found["model"] = other
    if asked.data is not None:
        found["data"] = data(asked.data, own)
    if asked.batch_size is not None:
        rows = len((found.get("data") or now.task.data).train)
        found["batch_size"] = rows if asked.batch_size == "all" else min(asked.batch_size, rows)
    if asked.seed is not None:
        found["seed"] = asked.seed
    if asked.edit:
        found["edit"] = dict(asked.edit)
    if not found:
        raise _setting("nothing is changed", "a change names a setting", "give one, such as lr")
    return found


def surface(name: str | None, formula: str | None, domain: Sequence[float] | None = None) -> surfaces.Surface:
    """A surface of the table, or of a typed formula, which is parsed and never run.

    Errors: SettingError ``unknown-name``, ``formula-...``, ``lab-limit``, ``lab-setting``.
    """
    if formula is not None:
        if len(formula) > limits.MOST_FORMULA:
            why = "a formula is read by eye, and computed at ten thousand points at once"
            raise limit("the formula's length", len(formula), limits.MOST_FORMULA, why)
        if domain is None:
            return surfaces.formula(formula)
        left, right, bottom, top = domain
        return surfaces.formula(formula, domain=((left, right), (bottom, top)))
    return surfaces.by_name(name or "rosenbrock")


def _check_known(choice: Choice, known: Sequence[str], kind: str) -> None:
    for name in choice.settings:
        if name not in known:
            do = nearest(name, known) if known else "leave it out"
            raise _setting(f"the {kind} {choice.name} has no setting {name!r}", "it would change nothing", do)


def _setting(what: str, why: str, do: str) -> SettingError:
    return SettingError("lab-setting", what, where="the settings of the lab", why=why, do=do)
