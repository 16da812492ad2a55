"""The cases of a sweep: what each run needs, checked; runs that share something share it from here on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.data.counter import checked_word
from downslope.optim import Method, Optimizer
from downslope.runs import facts
from downslope.runs.many_settings import with_initialiser
from downslope.runs.many_walk import Case, Judge
from downslope.runs.segment import MACHINE, Segment
from downslope.runs.step_graph import rule_key
from downslope.runs.task import Task
from downslope.runs.train import rows_in_batch, steps_meant


class Cases:
    """Makes cases. shared: the arguments of ``ds.train`` that hold for all of them.

    Models, starts and optimizers are told apart by their identity; the settings keep them alive meanwhile.
    """

    def __init__(self, shared: Mapping[str, Any]) -> None:
        self.shared = shared
        self.models: dict[Hashable, Any] = {}
        self.judges: dict[int, tuple[Judge, bool]] = {}
        self.tasks: dict[tuple[int, int], Task] = {}
        self.kinds: dict[Hashable, int] = {}
        self.kind_of: dict[int, int] = {}
        self.nestings: dict[int, Hashable] = {id(None): None}

    def made(self, settings: Sequence[dict[str, Any]], labels: Sequence[dict[str, Any]]) -> list[Case]:
        """A case for each of the settings. labels: of those that vary. Errors: those of ``ds.train``."""
        return [self.case(k, *each) for k, each in enumerate(zip(settings, labels, strict=True))]

    def case(self, number: int, setting: dict[str, Any], label: dict[str, Any]) -> Case:
        """One of them."""
        seed, params, batch_size = setting["seed"], setting["params"], setting["batch_size"]
        model, (rule, kind) = self.model(setting), self.rule(setting)
        task, judge, draws = self.task(model, seed)
        rows = rows_in_batch(batch_size, len(task.x))
        if id(params) not in self.nestings:
            self.nestings[id(params)] = _nesting(task.start(params))
        takeover = 0 if self.shared["dialect"] == MACHINE else None
        segment = Segment(1, task, rule, rows, threads=self.shared["threads"], takeover=takeover)
        until = steps_meant(self.shared["steps"], self.shared["epochs"], segment.steps_per_epoch)
        own = {"model": model, "optimizer": rule, "batch_size": batch_size, "params": params, "seed": seed}
        key = (id(model), kind, rows, self.nestings[id(params)]), seed if draws else None
        return Case(number, {**self.shared, **own}, label, task, segment, until, key, judge)

    def model(self, setting: Mapping[str, Any]) -> Any:
        """The model, with the initialiser that is asked for."""
        model, initialiser = setting["model"], setting["initialiser"]
        if initialiser is None:
            return model
        key = id(model), initialiser
        if key not in self.models:
            self.models[key] = with_initialiser(model, initialiser)
        return self.models[key]

    def rule(self, setting: Mapping[str, Any]) -> tuple[Optimizer | Method, int]:
        """The optimizer at its rate; and a number that is the same for all that differ in their rate alone."""
        rule = setting["optimizer"]
        if id(rule) not in self.kind_of:
            self.kind_of[id(rule)] = self.kinds.setdefault(rule_key(rule), len(self.kinds))
        kind = self.kind_of[id(rule)]
        return (rule if setting["lr"] is None else facts.with_rate(rule, setting["lr"])), kind

    def task(self, model: Any, seed: int) -> tuple[Task, Judge, bool]:
        """The task under a seed, who judges it, and whether its steps depend on the seed."""
        if id(model) not in self.judges:
            task = Task(model, self.shared["data"], self.shared["loss"], seed, self.shared["dtype"])
            self.judges[id(model)] = Judge(task), task.draws
        judge, draws = self.judges[id(model)]
        if (id(model), seed) not in self.tasks:
            checked_word(seed, "seed")
            self.tasks[id(model), seed] = judge.task.with_seed(seed)
        return self.tasks[id(model), seed], judge, draws


def _nesting(params: Any) -> Hashable:
    leaves, names, spec = tree.flatten(params)
    return spec, tuple(names), tuple(np.shape(leaf) for leaf in leaves)
