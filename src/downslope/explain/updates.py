"""Is this optimizer step right, and if not: which mistake gives exactly these parameters?

The rule's own update is the truth. A rule that is known here by name (adam, adamw, momentum, nesterov, rmsprop,
adagrad, gradient_descent) is written out once more with a switch for every mistake; any other rule is still tried with
mistakes that need no look inside: another t, another sign, decay in the wrong place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol, TypeAlias

import numpy as np

from downslope.autodiff import tree
from downslope.errors import SettingError, ShapeError
from downslope.explain.update_mistakes import UPDATE_MISTAKES, UpdateMistake
from downslope.explain.update_rules import AROUND, FORMULAS, USUAL, Step

Array: TypeAlias = Any
State: TypeAlias = dict[str, Any]
STEPS = 4  # of a function, so many steps are compared: at t = 1 many mistakes do not show
SHOWN = 3


class Rule(Protocol):
    """What is needed of an optimizer; ``downslope.optim`` makes them."""

    @property
    def name(self) -> str:
        """The function that made it."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Its hyperparameters besides the rate."""

    @property
    def update(self) -> Callable[[Array, State, Array, Any, Any], tuple[Array, State]]:
        """``(g, state, p, t, lr) -> (new p, new state)`` for one array."""

    def init(self, params: Any) -> dict[str, Any]:
        """The state before the first step."""

    def step(self, params: Any, grads: Any, state: Mapping[str, Any], t: Any, lr: Any = None) -> tuple[Any, State]:
        """Parameters and state after step t."""

    def rate(self, t: int) -> float:
        """The learning rate of step t."""


@dataclass(frozen=True)
class UpdateCheck:
    """The verdict on an optimizer step. It is true where the step is right.

    verdict: "right" or "wrong". suspects: mistakes that give exactly these parameters, one or two together, the
    likeliest first. worst: the parameter that is furthest off, with the number given, the right one and its place.
    steps: how many were compared.
    """

    verdict: str
    worst: str
    suspects: tuple[tuple[UpdateMistake, ...], ...]
    steps: int
    pattern: str = ""

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Ids of the likeliest explanation; empty where there is none."""
        return tuple(m.id for m in self.suspects[0]) if self.suspects else ()

    def __bool__(self) -> bool:
        return self.verdict == "right"

    def __str__(self) -> str:
        steps = f"{self.steps} step{'s' if self.steps > 1 else ''}"
        if self:
            return f"right: the parameters after {steps} are those of the rule"
        lines = [f"wrong: {self.worst}"]
        if not self.suspects:
            return "\n".join(
                [*lines, "no known mistake gives these numbers", *([f"  {self.pattern}"] if self.pattern else [])]
            )
        more = "" if len(self.suspects) == 1 else f" ({len(self.suspects)} explanations fit, the likeliest first)"
        lines.append(f"the mistake{'s' if len(self.suspects[0]) > 1 else ''}{more}:")
        for n, suspect in enumerate(self.suspects[:SHOWN], 1):
            lines.append(f"  {n}. " + "\n   and ".join(f"{m.sentence}\n     update: {m.rule}" for m in suspect))
        return "\n".join(lines)


def check_update(
    rule: Rule,
    params: Any,
    grads: Any,
    state: Mapping[str, Any] | None = None,
    t: int = 1,
    lr: float | Callable[[int], float] | None = None,
    *,
    mine: Any,
) -> UpdateCheck:
    """Compare an optimizer step of one's own with that of ``rule``; where it is wrong, find the mistake.

    rule: an optimizer of ``downslope.optim``. params, grads: arrays, or trees of them. state: that of the rule before
    step t; that of the first step if None. t: counts from 1. lr: of this step, or a function of t; the rule's own if
    None. mine: the new parameters after this one step; or a function ``(params, grads, state, t, lr) -> (new params,
    new state)``, which is followed over several steps with different gradients, because at t = 1 many mistakes give the
    same numbers: its state is its own, None (or ``state``, if given) before the first step. Errors: ShapeError
    ``update-shape``, SettingError ``update-mine``, and those of ``rule.step``.
    """
    run = _Run(rule, params, grads, state, t, lr, STEPS if callable(mine) else 1)
    given = run.own(mine) if callable(mine) else [run.matched(mine)]
    right = run.followed(frozenset())
    if run.is_same(given, right):
        return UpdateCheck("right", "", (), run.steps)
    fits = run.fits(given)
    return UpdateCheck(
        "wrong", run.worst(given, right), tuple(fits), run.steps, "" if fits else run.pattern(given, right)
    )


class _Run:
    """A few steps from one point, which the rule, the user and every mistake take alike."""

    def __init__(
        self,
        rule: Rule,
        params: Any,
        grads: Any,
        state: Mapping[str, Any] | None,
        t: int,
        lr: float | Callable[[int], float] | None,
        steps: int,
    ) -> None:
        self.rule, self.params, self.t, self.given_lr, self.steps = rule, params, t, lr, steps
        self.leaves, self.paths, self.spec = tree.flatten(params)
        rng = np.random.default_rng(0)
        first = tree.flatten_like(self.spec, grads)
        self.grads = [first]
        for _ in range(steps - 1):  # other gradients of the same size, so that every memory shows
            self.grads.append([np.asarray(g) * rng.uniform(0.3, 1.5, np.shape(g)) * rng.choice([-1, 1]) for g in first])
        self.first = None if state is None else dict(state)
        begin = rule.init(params) if state is None else state
        columns = {name: tree.flatten_like(self.spec, values) for name, values in begin.items()}
        self.start: list[State] = [{name: c[k] for name, c in columns.items()} for k in range(len(self.leaves))]
        types = [np.asarray(p).dtype for p in self.leaves]
        self.eps = max((float(np.finfo(d).eps) for d in types if d.kind == "f"), default=2.0**-52)

    def lr(self, t: int) -> float:
        """The learning rate of a step."""
        if self.given_lr is None:
            return self.rule.rate(t)
        return float(self.given_lr(t) if callable(self.given_lr) else self.given_lr)

    def own(self, mine: Callable[..., Any]) -> list[list[Array]]:
        """The user's parameters after every step."""
        params, state, found = self.params, self.first, []
        for k, grads in enumerate(self.grads):
            t = self.t + k
            made = mine(params, tree.unflatten(self.spec, list(grads)), state, t, self.lr(t))
            if not (isinstance(made, tuple) and len(made) == 2):
                raise SettingError(
                    "update-mine",
                    f"the function returned {type(made).__name__} where a pair is expected",
                    where="check_update(..., mine=...)",
                    why="it is followed over several steps, so it has to hand on what it remembers",
                    do="return (new params, new state); the state may be None",
                )
            params, state = made
            found.append(self.matched(params))
        return found

    def matched(self, params: Any) -> list[Array]:
        """Leaves of new parameters, checked against the old."""
        try:
            leaves = [np.asarray(x) for x in tree.flatten_like(self.spec, params)]
        except ValueError:
            leaves = []
        wrong = [n for n, x, p in zip(self.paths, leaves, self.leaves, strict=False) if np.shape(x) != np.shape(p)]
        if len(leaves) != len(self.leaves) or wrong:
            raise ShapeError(
                "update-shape",
                f"the new parameters differ in structure or shape{' at ' + wrong[0] if wrong and wrong[0] else ''}",
                where="check_update(..., mine=...)",
                why="an update changes numbers, never the nesting or the shape of the parameters",
                do="return parameters like those that came in",
            )
        return leaves

    def followed(self, wrong: frozenset[str], settings: Mapping[str, Any] | None = None) -> list[list[Array]]:
        """Parameters after every step, with some mistakes made all along, or with other settings."""
        leaves, states, found = list(self.leaves), list(self.start), []
        for k, grads in enumerate(self.grads):
            t = self.t + k
            with np.errstate(all="ignore"):
                if wrong or settings:
                    pairs = [
                        self._one(g, s, p, t, wrong, settings) for g, s, p in zip(grads, states, leaves, strict=True)
                    ]
                    leaves, states = [p for p, _ in pairs], [s for _, s in pairs]
                else:
                    leaves, states = self._right(leaves, grads, states, t)
            found.append([np.asarray(p) for p in leaves])
        return found

    def _right(self, leaves: list[Array], grads: Sequence[Array], states: list[State], t: int) -> Any:
        names = states[0] if states else {}
        columns = {n: tree.unflatten(self.spec, [s[n] for s in states]) for n in names}
        params, gradients = tree.unflatten(self.spec, leaves), tree.unflatten(self.spec, list(grads))
        after, state = self.rule.step(params, gradients, columns, t, self.lr(t))
        columns = {n: tree.flatten_like(self.spec, values) for n, values in state.items()}
        return tree.flatten_like(self.spec, after), [
            {n: c[k] for n, c in columns.items()} for k in range(len(self.leaves))
        ]

    def _one(
        self, g: Array, state: State, p: Array, t: int, wrong: frozenset[str], others: Mapping[str, Any] | None
    ) -> tuple[Array, State]:
        """One array, one step, by the rule with mistakes."""
        settings, lr = {**self.rule.settings, **(others or {})}, self.lr(t)
        for id, change in AROUND.items():
            if id in wrong:
                g, t, lr = change(g, t, lr)
        decay = float(settings.get("weight_decay", 0.0))
        write = FORMULAS.get(self.rule.name)
        if write is None or (wrong <= set(AROUND) and not others):
            try:
                new, after = self.rule.update(g, state, p, t, lr)
            except ZeroDivisionError:  # 1 - beta**0, where t is counted from 0
                return np.full(np.shape(p), np.nan), state
            return new, dict(after)
        return write(Step(g, dict(state), p, t, lr, settings, decay, wrong))

    # --- comparing ----------------------------------------------------------------------------------------------------

    def is_same(self, a: list[list[Array]], b: list[list[Array]]) -> bool:
        """Whether two courses are the same but for rounding, relative to how far they move."""
        for k, (some, others) in enumerate(zip(a, b, strict=True)):
            for n, (x, y) in enumerate(zip(some, others, strict=True)):
                moved = float(np.max(np.abs(y - np.asarray(self.leaves[n])), initial=0.0))
                size = float(np.max(np.abs(self.leaves[n]), initial=0.0))
                allowed = 1e4 * self.eps * moved + 8 * (k + 1) * self.eps * max(size, moved)
                both = np.isfinite(x) & np.isfinite(y)
                if (
                    not np.array_equal(np.isfinite(x), np.isfinite(y))
                    or np.max(np.abs(x - y)[both], initial=0.0) > allowed
                ):
                    return False
        return True

    def worst(self, given: list[list[Array]], right: list[list[Array]]) -> str:
        """The number that is furthest off, in the first step that is wrong."""
        for k, (some, others) in enumerate(zip(given, right, strict=True)):
            if not self.is_same([some], [others]):
                off = [np.nan_to_num(np.abs(x - y), nan=np.inf) for x, y in zip(some, others, strict=True)]
                n = int(np.argmax([np.max(o, initial=0.0) for o in off]))
                at = np.unravel_index(int(np.argmax(off[n])), np.shape(off[n]))
                place = f"[{', '.join(map(str, map(int, at)))}]" if at else ""
                name = self.paths[n] or "the parameter"
                step = f" after step {self.t + k}"
                mine, true = float(some[n][at]), float(others[n][at])
                return f"{name}{place} is given as {mine:.9g}{step}, the rule gives {true:.9g}"
        return "the courses differ by little more than rounding"

    def pattern(self, given: list[list[Array]], right: list[list[Array]]) -> str:
        """What can be said of a step that no mistake explains."""
        start = [np.asarray(p) for p in self.leaves]
        mine = np.concatenate([np.ravel(x - p) for x, p in zip(given[0], start, strict=True)])
        true = np.concatenate([np.ravel(x - p) for x, p in zip(right[0], start, strict=True)])
        c = float(np.dot(mine, true) / max(float(np.dot(true, true)), 1e-300))
        if np.max(np.abs(mine - c * true), initial=0.0) <= 1e-6 * np.max(np.abs(mine), initial=0.0):
            return f"the first step is {c:.6g} times the right one"
        cosine = float(np.dot(mine, true) / max(float(np.linalg.norm(mine) * np.linalg.norm(true)), 1e-300))
        return f"the first step has a cosine of {cosine:.6f} with the right one"

    def fits(self, given: list[list[Array]]) -> list[tuple[UpdateMistake, ...]]:
        """Single mistakes that fit, else pairs, the commonest first."""
        known = [m for m in UPDATE_MISTAKES if m.id in AROUND or self.rule.name in FORMULAS]
        right = self.followed(frozenset())
        for size in (1, 2):
            found = []
            for some in combinations(known, size):
                made = self.followed(frozenset(m.id for m in some))
                if self.is_same(made, given) and not self.is_same(made, right):
                    found.append(some)
            found += self._settings(given) if size == 1 else []
            if found:
                return sorted(found, key=lambda some: sum(m.common for m in some))
        return []

    def _settings(self, given: list[list[Array]]) -> list[tuple[UpdateMistake, ...]]:
        """Steps whose formula is right with another usual value of one setting."""
        found: list[tuple[UpdateMistake, ...]] = []
        for name, value in self.rule.settings.items() if self.rule.name in FORMULAS else ():
            for other in USUAL.get(name, ()):
                if other != value and self.is_same(self.followed(frozenset(), {name: other}), given):
                    sentence = f"{name} is {other:g} and not {value:g}."
                    found.append((UpdateMistake("setting", sentence, f"{name} = {value:g} in {self.rule}", 3),))
        return found
