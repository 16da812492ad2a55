"""From a run back to the settings that the page's fields show: those with which the lab would train the same again.

What a field cannot show (a convolution, a plug-in's loss, a rule around another one) gives no settings at all rather
than nearly the same ones: every answer is made again by build.py, and compared with the run.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from downslope import data as datasets, nn, optim
from downslope.data import Data
from downslope.errors import DownslopeError
from downslope.lab import build
from downslope.lab.settings import Choice, DataChoice, Settings
from downslope.runs import Run
from downslope.runs.file import RunFile
from downslope.runs.segment import Segment

CHOICE = "lab data"  # key in the run's file: what was chosen, where the data themselves cannot tell


def keep(file: RunFile, made: Data, choice: DataChoice) -> None:
    """Write down which choice a run's data came from: points say nothing of the noise that they were drawn with."""
    file.set_meta(CHOICE, {"hash": made.hash, "choice": msgspec.to_builtins(choice)})


def settings_of(run: Run, own: Collection[str]) -> Settings | None:
    """What the run trains with at its end; None where the fields cannot show it. own: ids of uploaded sets."""
    try:
        found = _found(run, own)
        return found if found is not None and _is_same(found, run.segments[-1]) else None
    except (DownslopeError, msgspec.ValidationError, TypeError, LookupError):  # no such field, or a file of others
        return None


def _found(run: Run, own: Collection[str]) -> Settings | None:
    segment = run.segments[-1]
    task, choice = segment.task, _data(run, own)
    if choice is None or segment.plateau is not None or not isinstance(task.model, nn.Model):
        return None
    told = {
        **_network(task.model),
        **_rule(segment.rule),
        "data": choice,
        "loss": None if task.loss is nn.loss_for(run.data.task) else nn.loss_name(task.loss),
        "batch_size": None if segment.batch_size == len(task.x) else segment.batch_size,
        "steps": max(1, int(run.file.meta("until", run.steps))),
        "seed": task.seed,
        "dtype": task.dtype.name,
        "dialect": segment.dialect,
    }
    return msgspec.convert(msgspec.to_builtins(told), Settings)


def _is_same(settings: Settings, segment: Segment) -> bool:
    task = segment.task
    again = build.training(settings, task.data)
    return bool(
        again["optimizer"] == segment.rule
        and (again["loss"] or nn.loss_for(task.data.task)) is task.loss
        and nn.as_text(again["model"]) == nn.as_text(task.model)
    )


def _data(run: Run, own: Collection[str]) -> DataChoice | None:
    known = {*datasets.SYNTHETIC, *datasets.EMBEDDED}
    kept = run.file.meta(CHOICE)
    if kept and kept["hash"] == run.data.hash:
        choice = msgspec.convert(kept["choice"], DataChoice)
        return choice if choice.name in known or choice.name in own else None
    usual = run.data.name in known and datasets.load(run.data.name).hash == run.data.hash
    return DataChoice(run.data.name) if usual else None


def _network(model: nn.Model) -> dict[str, Any]:
    """The fields of the layers, if they are such as the lab puts together; else some that make another model."""
    layers: list[Any] = list(model.layers)
    dense = [each for each in layers if each.kind == "dense"]
    bent = [each.activation for each in layers[:-1] if getattr(each, "activation", "identity") != "identity"]
    between = [each.kind for each in layers if each.kind in ("batch_norm", "layer_norm")]
    return {
        "hidden": tuple(each.n_out for each in dense[:-1]),
        "activation": bent[0] if bent else "identity" if dense[:-1] else Settings().activation,
        "initialiser": _start(dense[-1].initialiser) if dense else None,
        "normalise": between[0] if between else "none",
        "dropout": next((each.p for each in layers if each.kind == "dropout"), 0.0),
    }


def _start(given: Any) -> Choice | None:
    if given is None:
        return None
    function, options = (given.func, given.keywords) if isinstance(given, partial) else (given, {})
    name = next((word for word, known in nn.INITIALISERS.items() if function in (word, known)), repr(function))
    return Choice(name, dict(options))


def _rule(rule: Any) -> dict[str, Any]:
    clip, schedule = None, None
    if rule.name == "clip_by_norm":
        clip, rule = rule.settings["max_norm"], replace(rule.inner, lr=rule.lr)
    lr = rule.lr
    if isinstance(lr, optim.Schedule):
        given = dict(lr.settings)
        lr, schedule = given.pop("lr", None), Choice(lr.name, given)
    table: Mapping[str, Any] = optim.METHODS if rule.name in optim.METHODS else optim.OPTIMIZERS
    known = inspect.signature(table[rule.name]).parameters if rule.name in table else {}
    usual = {name: parameter.default for name, parameter in known.items()}
    settings = {name: value for name, value in rule.settings.items() if name not in usual or value != usual[name]}
    decay = next((rule.settings[word] for word in build.DECAYS if word in rule.settings), 0.0)
    if decay:  # in a field of its own, also where it is the rule's usual one
        settings = {name: value for name, value in settings.items() if name not in build.DECAYS}
    first = {} if lr is None else {"lr": lr}
    return {
        "optimizer": Choice(rule.name, {**first, **settings}),
        "schedule": schedule,
        "clip": clip,
        "weight_decay": decay,
    }
