"""The value of a condition at many steps at once, reading no more of the run than the answer needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from downslope.runs.condition_text import Node, fail

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

WINDOW_NUMBERS = 2**20  # of the windows that lie in memory at once

_COMPUTE: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
    "negative": np.negative,
    **{name: getattr(np, name) for name in ("abs", "exp", "log", "log10", "sqrt", "isnan", "isfinite")},
    **{name: getattr(np, name) for name in ("max", "mean", "median", "min", "std")},
}
_COMPARE: dict[str, Callable[..., Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": lambda a, b: (a < b) | (a > b),  # False for NaN, like the others
}


class Source(Protocol):
    """What a condition is asked of: a recorded run, or one that is training. Steps are numbered from 1."""

    @property
    def names(self) -> Sequence[str]:
        """Per-step scalars and held-out metrics."""

    @property
    def instruments(self) -> Sequence[str]:
        """Ids of the instruments that can be read."""

    @property
    def last(self) -> int:
        """Number of the last step that exists."""

    def scalar(self, name: str, steps: IntArray) -> FloatArray:
        """One number for each of the steps, which are sorted; a metric is the one last known, NaN before the first."""

    def reading(
        self, id: str, target: str | None, settings: Mapping[str, Any], steps: IntArray
    ) -> tuple[FloatArray, Sequence[str]]:
        """Values of shape (steps, ...) and the labels of the parts of one step."""


class _Value(NamedTuple):
    """Numbers of shape (steps, parts). node: what they are the value of. labels: of the parts; none of a number."""

    array: FloatArray
    node: Node
    labels: tuple[str, ...] = ()


class Evaluation:
    """One question to a source, asked block by block. Keeps the readings that the next block may need again.

    text: of the condition, for errors. lookback: of the whole condition.
    """

    def __init__(self, source: Source, text: str, lookback: int) -> None:
        self.source, self.text, self.lookback = source, text, lookback
        self.kept: dict[Any, dict[int, FloatArray]] = {}
        self.labels: dict[Any, tuple[str, ...]] = {}

    def holds(self, node: Node, steps: IntArray) -> BoolArray:
        """Whether the node holds at each of the steps. Blocks are asked in order, upwards or downwards."""
        if steps.size:
            low, high = int(steps[0]) - self.lookback, int(steps[-1])
            for rows in self.kept.values():
                for step in [step for step in rows if not low <= step <= high]:
                    del rows[step]
        with np.errstate(all="ignore"):
            return self.truth(node, steps)

    def truth(self, node: Node, steps: IntArray) -> BoolArray:
        """Each part of a chain is evaluated only at the steps that the parts before it left open."""
        if node.kind == "not":
            return ~self.truth(node.parts[0], steps)
        if node.kind == "test":
            tested: BoolArray = _COMPUTE[node.name](self.number(node.parts[0], steps))
            return tested
        if node.kind == "compare":
            return self.compare(node, steps)
        decided = node.kind == "or"  # the value of a part that settles the whole
        result = np.full(steps.shape, not decided)
        for part in node.parts:
            is_open = np.flatnonzero(result != decided)
            result[is_open] = self.truth(part, steps[is_open])
        return result

    def compare(self, node: Node, steps: IntArray) -> BoolArray:
        """Whether every comparison of a chain holds."""
        open_ones = np.arange(len(steps))
        left = self.number(node.parts[0], steps)
        for sign, part in zip(node.signs, node.parts[1:], strict=True):
            right = self.number(part, steps[open_ones])
            holds = _COMPARE[sign](left, right)
            open_ones, left = open_ones[holds], right[holds]
        result = np.zeros(steps.shape, bool)
        result[open_ones] = True
        return result

    def number(self, node: Node, steps: IntArray) -> FloatArray:
        """One number for each step, shape (n,); an error if there are several."""
        value = self.value(node, steps)
        if value.array.shape[1] != 1:
            self.fail_parts(value, "one number is needed here")
        return value.array[:, 0]

    def value(self, node: Node, steps: IntArray) -> _Value:
        """The numbers of a node at each step: one, or one for each part of the reading in it."""
        if not steps.size:
            return _Value(np.empty((0, 1)), node)
        if node.kind == "number":
            return _Value(np.full((len(steps), 1), node.value), node)
        if node.kind == "step":
            return _Value(steps.astype(np.float64)[:, None], node)
        if node.kind == "scalar":
            return _Value(np.array(self.source.scalar(node.name, steps), np.float64)[:, None], node)
        if node.kind == "reading":
            return self.reading(node, steps)
        if node.kind == "over steps":
            return _Value(self.over_steps(node, steps)[:, None], node)
        if node.kind == "change":
            return _Value(self.change(node, steps)[:, None], node)
        if node.kind == "over parts":
            value = self.value(node.parts[0], steps)
            if not value.array.shape[1]:
                self.fail_parts(value, f"{node.name} needs at least one")
            return _Value(_COMPUTE[node.name](value.array, axis=1, keepdims=True), node)
        return self.part_by_part(node, [self.value(part, steps) for part in node.parts])

    def part_by_part(self, node: Node, values: list[_Value]) -> _Value:
        """Arithmetic: a number with a number, a number with each part, or the same parts with each other."""
        several = [value for value in values if value.array.shape[1] != 1]
        for value in several[1:]:
            if (value.labels, value.array.shape) != (several[0].labels, several[0].array.shape):
                self.fail_parts(value, "the parts before it are others")
        first, *others = values
        if node.kind == "call":
            return first._replace(array=_COMPUTE[node.name](first.array))
        result = first.array
        for sign, value in zip(node.signs, others, strict=True):
            result = _COMPUTE[sign](result, value.array)
        return (several or values)[0]._replace(array=result)

    def reading(self, node: Node, steps: IntArray) -> _Value:
        """A reading at each step: shape (n, parts). What has been read for an earlier block is not read again."""
        key = node.name, node.target, node.settings
        rows = self.kept.setdefault(key, {})
        missing = np.array([step for step in np.unique(steps) if int(step) not in rows], np.int64)
        if missing.size:
            array, labels = self.source.reading(node.name, node.target, dict(node.settings), missing)
            self.labels[key] = tuple(str(label) for label in labels)
            array = np.asarray(array, np.float64).reshape(len(missing), -1)
            rows.update(zip(missing.tolist(), array, strict=True))
        return _Value(np.stack([rows[step] for step in steps.tolist()]), node, self.labels[key])

    def over_steps(self, node: Node, steps: IntArray) -> FloatArray:
        """A function of the ``window`` steps before each step, or of as many as there are; NaN where there are none."""
        compute, window = _COMPUTE[node.name], node.window
        starts = np.maximum(steps - window, 1)
        needed = _union(starts, steps)
        numbers = self.number(node.parts[0], needed)
        places = np.searchsorted(needed, starts)
        result = np.full(steps.shape, np.nan)
        for i in np.flatnonzero((starts < steps) & (steps - starts < window)):
            result[i] = compute(numbers[places[i] : places[i] + steps[i] - starts[i]])
        full = np.flatnonzero(steps - starts == window)
        at_once = max(WINDOW_NUMBERS // window, 1)
        for some in (full[i : i + at_once] for i in range(0, len(full), at_once)):
            # the rows are copied out: a sum along a view may round otherwise, depending on how many steps are asked
            result[some] = compute(sliding_window_view(numbers, window)[places[some]], axis=1)
        return result

    def change(self, node: Node, steps: IntArray) -> FloatArray:
        """x at a step less x at the step before it; NaN at step 1."""
        needed = _union(np.maximum(steps - 1, 1), steps + 1)
        numbers = self.number(node.parts[0], needed)
        places = np.searchsorted(needed, steps)
        return np.where(steps > 1, numbers[places] - numbers[places - 1], np.nan)

    def fail_parts(self, value: _Value, need: str) -> NoReturn:
        """Raise ``condition-parts``, pointing at the reading."""
        node, labels = value.node, value.labels
        count = value.array.shape[1]
        named = ", ".join(labels[:8]) + (f" and {count - 8:,} more" if count > 8 else "")
        one = f", or name one of them: {node.name}({labels[0]!r})" if labels and node.target is None else ""
        do = f"Write max({node.text}) for the largest (min, mean, median and std go too){one}."
        fail(
            "condition-parts",
            f"{node.text} has {count:,} parts" + (f" ({named})" if labels else "") + f", and {need}",
            self.text,
            node.at,
            "which of them is meant, or whether all of them, changes the answer",
            do if count else "Name a target of which it has a reading.",
        )


def _union(starts: IntArray, stops: IntArray) -> IntArray:
    """The steps that lie in any of the ranges starts[i] .. stops[i] - 1, which are sorted; each once."""
    if not starts.size:
        return starts
    low, count = starts[0], int(stops[-1] - starts[0]) + 1
    covered = np.cumsum(np.bincount(starts - low, minlength=count) - np.bincount(stops - low, minlength=count))
    union: IntArray = low + np.flatnonzero(covered)
    return union
