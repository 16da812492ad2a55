"""Answers that are functions: run here, in the kernel of the person who wrote them, and judged by what they return."""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.exercises.answer import Answer, Judgement, Mistake
from downslope.exercises.reading import Unread
from downslope.exercises.trial import Arguments, Function, Tried, difference, same, shape, short, tried
from downslope.explain import check_gradients


@dataclass(frozen=True)
class Ran:
    """A function with what it did with each input."""

    function: Function
    outcomes: tuple[Tried, ...]


@dataclass(frozen=True)
class Code(Answer):
    """A function. signature: as in ``def``, with its name. truth: the right one. inputs: argument tuples to try it on.

    right: other ways to write it, for the tests. loss: a function of the same arguments; then the answer is its
    gradient with respect to the arguments ``argnums``, and ``check_gradients`` looks at a wrong one. trial:
    ``(function, arguments) -> result``, where one call is not enough. fault: for functions with many right results,
    ``(arguments, result) -> the name of the mistake`` or "", instead of a comparison with the truth.
    """

    signature: str
    truth: Any
    inputs: Sequence[Arguments]
    right: Sequence[Function] = ()
    loss: Function | None = None
    argnums: int | tuple[int, ...] = 0
    trial: Callable[[Function, Arguments], Any] = lambda function, arguments: function(*arguments)
    fault: Callable[[Arguments, Any], str] | None = None

    @property
    def name(self) -> str:
        """The function's name in the question."""
        return self.signature.partition("(")[0].strip()

    def asks(self) -> str:
        """The head of the function."""
        return (
            f"a function; its arguments stay as they are\n\n```python\ndef {self.signature}:\n    ...\n```\n\n"
            f"It is tried on {len(self.inputs)} inputs."
        )

    def example(self) -> str:
        """The function itself."""
        return self.name

    def read(self, given: Any) -> Ran:
        """What the function does with each input."""
        if not callable(given):
            what = "there is no answer (None)" if given is None else f"a {type(given).__name__} is no function"
            raise Unread(f"{what}: define {self.name}, and give it without brackets")
        return Ran(given, tuple(self._outcome(given, arguments) for arguments in self.inputs))

    def agrees(self, value: Ran, other: Ran, slack: float = 1.0) -> bool:
        """The same numbers from every input; with ``fault``, the same one or none."""
        if self.fault is not None:
            return self._fault(value) == self._fault(other)
        return all(same(a, b, slack) for a, b in zip(value.outcomes, other.outcomes, strict=True))

    def verdict(self, value: Ran, mistakes: Sequence[Mistake]) -> Judgement:
        """As for every answer; a function that stops or returns something else is told so first."""
        for arguments, outcome in zip(self.inputs, value.outcomes, strict=True):
            if outcome.problem:
                return Judgement("wrong", f"With {self._input(arguments)} {outcome.problem}")
        return super().verdict(value, mistakes)

    def difference(self, value: Ran, true: Ran) -> str:
        """The first input that differs and how; for a gradient also what check_gradients says."""
        for arguments, mine, right in zip(self.inputs, value.outcomes, true.outcomes, strict=True):
            if not same(mine, right):
                told = f"With {self._input(arguments)}: {difference(mine, right)}"
                is_finite = all(np.all(np.isfinite(x)) for x in mine.numbers.values())
                return f"{told}\n\n{self._checked(value.function, arguments) if is_finite else ''}".strip()
        return ""

    def _fault(self, ran: Ran) -> str:
        """The first mistake that shows in a result."""
        assert self.fault is not None
        each = zip(self.inputs, ran.outcomes, strict=True)
        found = (outcome.problem or self.fault(arguments, outcome.returned) for arguments, outcome in each)
        return next(filter(None, found), "")

    def _outcome(self, function: Function, arguments: Arguments) -> Tried:
        found = tried(function, arguments, self.trial)
        if self.fault is None and not found.problem and not found.numbers:
            return Tried(problem=f"it returns {short(found.returned)}, and numbers are asked for.")
        return found

    def _input(self, arguments: Arguments) -> str:
        """``z of shape (4, 3), y of shape (4,)``: what an input looks like."""
        names = self.signature.partition("(")[2].rstrip(")").split(", ")
        return ", ".join(f"`{name}` {shape(argument)}" for name, argument in zip(names, arguments, strict=False))

    def _checked(self, function: Function, arguments: Arguments) -> str:
        if self.loss is None:
            return ""
        try:
            found = check_gradients(self.loss, *copy.deepcopy(arguments), argnums=self.argnums, mine=function)
        except Exception:  # it only adds to what is known already: the answer is wrong
            return ""
        return f"```text\n{found}\n```"

    def right_styles(self) -> list[Any]:
        """The reference, and the other ways that the exercise states."""
        return [self.truth, *self.right]

    def wrong_styles(self) -> list[Any]:
        """Functions that return nothing, nonsense or nothing that ends well, and things that are no function."""

        def stops(*arguments: Any) -> Any:
            raise ZeroDivisionError("division by zero")

        def changes(*arguments: Any) -> Any:
            result = self.truth(*copy.deepcopy(arguments))
            _spoil(arguments)
            return result

        def nothing(*arguments: Any) -> Any:
            return None

        def text(*arguments: Any) -> Any:
            return "0"

        def nan(*arguments: Any) -> Any:
            return tree.map_tree(lambda x: np.asarray(x, float) * np.nan, self.truth(*copy.deepcopy(arguments)))

        return [stops, changes, nothing, text, nan, lambda: 0, None, "", 3.0, self.name]


def _spoil(arguments: Arguments) -> None:
    """Write into the first array among the arguments."""
    for leaf in tree.flatten(arguments)[0]:
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f":
            leaf += 1.0
            return
    raise ValueError("no array to write into")


def source(function: Function) -> str:
    """The program of a function, without annotations; "" where there is none."""
    try:
        program = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # a lambda in the middle of a line
        return ""
    for node in ast.walk(program):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    return ast.unparse(program)
