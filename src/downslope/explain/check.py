"""Is this gradient right, and if not: which mistake gives exactly these numbers?

First the honest check against finite differences (``autodiff/check.py``), which never calls a right gradient wrong.
Only a gradient that it calls wrong is searched: the right backward pass is changed, one known mistake after the other
(``explain/mistakes``), until the numbers agree to 9 digits.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.autodiff.check import check_gradients as against_differences
from downslope.autodiff.derivatives import per_example
from downslope.autodiff.trace import argument_names, leaf_names, trace
from downslope.autodiff.verdict import GradientCheck
from downslope.errors import DownslopeError
from downslope.explain.diagnosis import Diagnosis, Slip, Suspect
from downslope.explain.kinks import is_other_choice
from downslope.explain.mistakes.fitting import Fit
from downslope.explain.mistakes.scene import Scene
from downslope.explain.mistakes.search import Search
from downslope.explain.mistakes.tape import Array, Tape
from downslope.explain.patterns import patterns

MOST_ROWS = 2_000_000  # numbers of per-example gradients that are worth computing


def check_gradients(
    f: Callable[..., Any],
    *args: Any,
    argnums: int | Sequence[int] = 0,
    mine: Any = None,
    directions: int = 5,
    seed: int = 0,
    rtol: float | None = None,
    previous: Any = None,
    lr: float | None = None,
) -> Diagnosis:
    """Compare a gradient of ``f`` at ``args`` with finite differences; where it is wrong, find the mistake.

    f: a plain NumPy function that returns one number. argnums: which arguments are differentiated. mine: the gradient
    to check, as arrays in the structure of the argument (a tuple of them for several argnums), as a dict by name that
    may leave parameters out, or as a function of ``args`` that returns either; None checks Downslope's own. A shape
    that is wrong is a mistake to be found like others. rtol: relative error that passes, 1e-7 for float64 and 1e-3 for
    float32 if None. Finite differences are made in float64, whatever the type of the arguments.

    Some mistakes need more than the gradient: previous, the gradient of the mini-batch before, like mine, for gradients
    that were not cleared; lr, the learning rate of the user's own update, for errors that are handed back through
    updated weights (solved for if None).

    The result is true where nothing wrong was found; ``suspects`` holds the mistakes that give exactly these numbers,
    to 1e-9 (float32: to rounding). Raises ShapeError where structures differ, or a shape that no mistake explains;
    SettingError for arguments that are not floating-point.

    >>> def loss(w, x, y):
    ...     return np.mean((x @ w - y) ** 2)
    >>> w, x, y = np.array([1.0, 2.0]), np.eye(3, 2), np.array([0.0, 0.0, 3.0])
    >>> print(check_gradients(loss, w, x, y, mine=lambda w, x, y: x.T @ (x @ w - y) / 3))
    wrong: w[0] is given as 0.333333333, 0.5 times the slope of f, 0.666666667 ± 2e-13
      checked: all elements and 5 random directions; the gradient is float64
      slope test: a central difference's error levels off at 0.5 of it
    the mistake:
      1. w: a factor 2 is missing
         chain rule: the adjoint of subtract(..., y) = the adjoint of square(...) * 2 * subtract(..., y)
         code: return np.mean((x @ w - y) ** 2)
         the numbers agree to the last digit
    """
    settings: dict[str, Any] = {"directions": directions, "seed": seed, "rtol": rtol}
    if mine is None:
        return _diagnosis(against_differences(f, *args, argnums=argnums, **settings))
    point = _Parameters(f, args, argnums)
    given = point.matched(mine(*tree.map_tree(_copied, args)) if callable(mine) else mine)
    if given is None:  # another structure: the check's own error says so
        return _diagnosis(against_differences(f, *args, argnums=argnums, mine=mine, **settings))
    bent = [k for k, g in given.items() if np.shape(g) != point.shapes[k]]
    is_whole = len(given) == len(point.names) and not bent
    if is_whole:
        narrow = callable(mine) and point.eps > np.finfo(np.float64).eps
        whole = mine if narrow else point.tree([given[k] for k in range(len(given))])
        found = against_differences(f, *args, argnums=argnums, mine=whole, **settings)
    else:
        found = point.partly({k: g for k, g in given.items() if k not in bent}, settings)
    if found.verdict != "wrong" and not bent:
        return _diagnosis(found)
    before = point.matched(previous) if previous is not None else None
    diagnosis = _searched(point, found, given, before, lr)
    if bent and not diagnosis.suspects:
        against_differences(f, *args, argnums=argnums, mine=point.filled(given), **settings)  # raises, naming the shape
    if not bent:
        return diagnosis
    shapes = tuple(
        f"the gradient of {point.names[k]} has shape {np.shape(given[k])}, not {point.shapes[k]}" for k in bent
    )
    return dataclasses.replace(diagnosis, verdict="wrong", shapes=shapes)


def _copied(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf


def _diagnosis(check: GradientCheck, **more: Any) -> Diagnosis:
    return Diagnosis(**{f.name: getattr(check, f.name) for f in dataclasses.fields(check)}, **more)


class _Parameters:
    """The leaves of the differentiated arguments, by number: their names and shapes, and where they stand."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], argnums: int | Sequence[int]) -> None:
        self.f, self.args, self.argnums = f, args, argnums
        self.numbers = [n % len(args) for n in ((argnums,) if isinstance(argnums, int) else argnums)]
        leaves, paths, self.spec = tree.flatten(args)
        names = leaf_names(args, argument_names(f, len(args)))
        owner = [n for n, arg in enumerate(args) for _ in tree.flatten(arg)[0]]
        self.leaves = leaves
        self.places = [k for n in self.numbers for k, own in enumerate(owner) if own == n]
        self.names = [names[k] for k in self.places]
        first = 1 if isinstance(argnums, int) else 0
        self.paths = [".".join(paths[k].split(".")[first:]) for k in self.places]
        self.shapes = [np.shape(leaves[k]) for k in self.places]
        own = tuple(args[n] for n in self.numbers)
        self.structure = tree.flatten(own[0] if isinstance(argnums, int) else own)[2]
        types = [np.asarray(leaves[k]).dtype for k in self.places]
        self.eps = max((float(np.finfo(t).eps) for t in types if t.kind == "f"), default=2.0**-52)

    def matched(self, given: Any) -> dict[int, Any] | None:
        """Arrays by the number of their leaf; of a dict, those that it has. None where the structure is another."""
        try:
            arrays = [np.asarray(x) for x in tree.flatten_like(self.structure, given)]
            return dict(enumerate(arrays)) if all(x.dtype.kind in "fiub" for x in arrays) else None
        except ValueError:
            if not isinstance(given, Mapping):
                return None
        found: dict[int, Any] = {}
        leaves, paths, _ = tree.flatten(given)
        for leaf, path in zip(leaves, paths, strict=True):
            if path not in self.paths and path not in self.names:
                return None
            found[self.paths.index(path) if path in self.paths else self.names.index(path)] = np.asarray(leaf)
        return found or None

    def tree(self, leaves: list[Any]) -> Any:
        """Leaves in the structure of the arguments."""
        return tree.unflatten(self.structure, leaves)

    def filled(self, given: Mapping[int, Any]) -> Any:
        """Zeros where no gradient was given."""
        return self.tree([given.get(k, np.zeros(shape)) for k, shape in enumerate(self.shapes)])

    def partly(self, given: Mapping[int, Any], settings: dict[str, Any]) -> GradientCheck:
        """The check of some of the gradients alone."""
        if not given:
            return GradientCheck("wrong", None, 0, sum(math.prod(s) for s in self.shapes), 0, "float64", None, math.nan)

        def part(some: dict[str, Any]) -> Any:
            leaves = list(self.leaves)
            for k in given:
                leaves[self.places[k]] = some[self.names[k]]
            return self.f(*tree.unflatten(self.spec, leaves))

        at = {self.names[k]: self.leaves[self.places[k]] for k in given}
        return against_differences(part, at, mine={self.names[k]: g for k, g in given.items()}, **settings)

    def wide(self) -> tuple[Any, ...]:
        """The arguments in float64."""
        wide: tuple[Any, ...] = tree.unflatten(self.spec, [_upcast(leaf) for leaf in self.leaves])
        return wide


def _upcast(leaf: Any) -> Any:
    array = np.asarray(leaf)
    return leaf if array.dtype.kind != "f" or type(leaf) is float else array.astype(np.float64)[()]


def _searched(
    point: _Parameters,
    found: GradientCheck,
    given: Mapping[int, Any],
    before: Mapping[int, Any] | None,
    lr: float | None,
) -> Diagnosis:
    """The mistakes that explain a wrong gradient, or what can be said of it."""
    args = point.wide()
    try:
        graph = trace(point.f, *args)
        tape = Tape(graph, args, [graph.inputs[k] for k in point.places])
    except DownslopeError as error:
        return _diagnosis(
            found, patterns=(f"the search reads the traced function, and it cannot be traced: {error.what}",)
        )
    eps = max([point.eps, *(float(np.finfo(g.dtype).eps) for g in given.values() if g.dtype.kind == "f")])
    is_wide = eps < 1e-15
    scene = Scene(
        tape,
        dict(zip(tape.leaves, point.names, strict=True)),
        {tape.leaves[k]: np.asarray(g, dtype=np.float64) for k, g in given.items()},
        rtol=1e-9 if is_wide else min(200 * eps, 0.01),
        floor=1e-13 if is_wide else 20 * eps,
        lr=lr,
        previous={tape.leaves[k]: np.asarray(g, dtype=np.float64) for k, g in before.items()} if before else None,
        per_example=lambda: _rows(point, args, tape),
    )
    at_kink = bool(found.kinks) or (found.worst is not None and found.worst.slope.is_kink)
    if at_kink and (not scene.wrong or is_other_choice(scene)):
        note = "several numbers have a kink here; the gradient takes one of the two slopes for each, which is right"
        return _diagnosis(dataclasses.replace(found, verdict="kink"), patterns=(note,))
    if not scene.wrong:
        note = "it agrees with what Downslope derives from f; finite differences of f say something else"
        return _diagnosis(found, patterns=(note,))
    suspects = tuple(_suspect(scene, fit) for fit in Search(scene).fits())
    wrong = tuple(scene.names[k] for k in scene.mine if k in scene.wrong)
    return _diagnosis(found, suspects=suspects, patterns=() if suspects else tuple(patterns(scene)), wrong=wrong)


def _suspect(scene: Scene, fit: Fit) -> Suspect:
    slips = []
    for edit, c in fit.edits:
        names = tuple(scene.names[k] for k in scene.mine if k in edit.leaves and k in scene.wrong)
        slips.append(Slip(edit.mistake, edit.detail(c) or "", edit.rule, names, scene.line(edit.node)))
    return Suspect(tuple(slips), fit.distance)


def _rows(point: _Parameters, args: tuple[Any, ...], tape: Tape) -> dict[int, Array] | None:
    """The gradient of every example; None where the examples are not the first axes of the other arguments."""
    others = [np.shape(x)[:1] for n, arg in enumerate(args) if n not in point.numbers for x in tree.flatten(arg)[0]]
    if len(set(others)) != 1 or others[0] in ((), (1,)) or others[0][0] * sum(map(math.prod, point.shapes)) > MOST_ROWS:
        return None
    try:
        rows = per_example(point.f, point.argnums)(*args)
    except (DownslopeError, ValueError):  # f asks for the size of the batch, or does not take one example alone
        return None
    structure = tree.flatten_like(point.structure, rows)
    return dict(zip(tape.leaves, structure, strict=True))
