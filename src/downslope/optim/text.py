"""From the text of an optimizer, a method or a schedule back to it: what a run's file and the command line need."""

from __future__ import annotations

import ast
import inspect
from typing import Any

from downslope.errors import SettingError, nearest
from downslope.optim.method import METHODS, Method
from downslope.optim.optimizer import OPTIMIZERS, Optimizer
from downslope.optim.schedule import SCHEDULES, Schedule
from downslope.optim.table import Table
from downslope.optim.wrapper import WRAPPERS

TABLES: tuple[Table[Any], ...] = (OPTIMIZERS, WRAPPERS, METHODS, SCHEDULES)


def from_text(text: str) -> Optimizer | Method | Schedule:
    """What ``str()`` wrote, made again: calls by name with numbers, words and further calls, and nothing else.

    The text is read, never run. Errors: SettingError ``optimizer-text``, ``unknown-name``, and those of the functions.

    >>> rule = from_text("clip_by_norm(adam(lr=cosine(0.1, steps=100)), max_norm=1)")
    >>> rule
    clip_by_norm(optimizer=adam(lr=cosine(lr=0.1, steps=100, end=0.0), beta1=0.9, beta2=0.999, eps=1e-08), max_norm=1.0)
    >>> from_text(str(rule)) == rule
    True
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _refused(text, "this is no call with matching brackets") from None
    made = _made(tree, text)
    if isinstance(made, Optimizer | Method | Schedule):
        return made
    raise _refused(text, "this is a plain value")


def _made(node: ast.expr, text: str) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        table = next((table for table in TABLES if node.func.id in table), None)
        if table is None:
            raise SettingError(
                "unknown-name",
                f"there is no optimizer, method or schedule called {node.func.id!r}",
                where=f"the text {text!r}",
                why="a word stands for one of the rules in downslope.optim",
                do=nearest(node.func.id, [name for table in TABLES for name in table]),
            )
        names = list(inspect.signature(table[node.func.id]).parameters)
        if len(node.args) > len(names) or any(word.arg is None for word in node.keywords):
            raise _refused(text, f"{node.func.id} takes {', '.join(names)}")
        given = {name: _made(value, text) for name, value in zip(names, node.args, strict=False)}
        for word in node.keywords:
            if word.arg in given:
                raise _refused(text, f"{word.arg} is given twice")
            given[str(word.arg)] = _made(word.value, text)
        return table.make(node.func.id, **given)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return -value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        first, second = _made(node.left, text), _made(node.right, text)
        if isinstance(first, Schedule) and isinstance(second, Schedule):
            return first + second
    raise _refused(text, f"{ast.unparse(node)!r} is neither a number nor a call by name")


def _refused(text: str, what: str) -> SettingError:
    return SettingError(
        "optimizer-text",
        f"{text!r} cannot be read: {what}",
        where="the text of an optimizer",
        why="it is read and not run, so that a run's file can never run a program",
        do="Write a name with its settings, for example adam(lr=0.001, beta1=0.9).",
    )
