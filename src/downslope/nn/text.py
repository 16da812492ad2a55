"""From a model or a loss to its text and back: what a run's file needs, without pickle and without running anything."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from downslope.errors import SettingError
from downslope.nn.initialise import INITIALISERS
from downslope.nn.layers import LAYERS, Layer
from downslope.nn.losses import LOSSES, Loss
from downslope.nn.model import Model
from downslope.nn.table import Table

__all__ = ["as_text", "from_text", "loss_name", "loss_named"]


def as_text(model: Model) -> str:
    """The call that makes the model: every layer with its name, and with the settings that are not the usual ones.

    A function of ``INITIALISERS`` is written as a bare name, one with options as ``partial(normal, std=0.1)``. Errors:
    SettingError ``model-text`` for a setting without a text, such as an initialiser that is in no table.

    >>> from downslope.nn import mlp
    >>> as_text(mlp([64, 32, 10]))
    'Model((64,), (dense(32, "relu", name="dense1"), dense(10, name="dense2")))'
    """
    text = _written(model, "the model", INITIALISERS)
    # A layer of somebody else's may change its settings on the way in: better no text than that of another model.
    again = _written(from_text(text), "the model", INITIALISERS)
    if again != text:
        raise _unwritten(f"{text} makes another one: {again}", "the model")
    return text


def from_text(text: str) -> Model:
    """The model of :func:`as_text`. It is read, never run: calls and words of our tables, numbers, texts and tuples.

    It is equal to the one that was written, but for options: one ``partial`` is never equal to another, though both
    draw the same numbers. Errors: SettingError ``model-text``, ``unknown-name``, and those of the layers; ShapeError.

    >>> model = from_text('Model((64,), (dense(32, "relu"), dropout(0.3), dense(10, init=he_normal)))')
    >>> from_text(as_text(model)) == model
    True
    """
    made = _read(text, INITIALISERS)
    if isinstance(made, Model):
        return made
    raise _unread(text, "this is no Model(shape_in, layers)")


def loss_name(loss: Loss) -> str | None:
    """The name of a loss, ``"huber"``, with its options ``"partial(huber, delta=2.0)"``; None for one of your own.

    >>> from downslope.nn import mse
    >>> loss_name(mse)
    'mse'
    """
    try:
        return _written(loss, "the loss", LOSSES)
    except SettingError:
        return None


def loss_named(name: str) -> Loss:
    """The loss of :func:`loss_name`. Errors: SettingError ``model-text``, ``unknown-name``."""
    made = _read(name, LOSSES)
    if made in LOSSES.values() or (isinstance(made, partial) and made.func in LOSSES.values()):
        return made  # type: ignore[no-any-return]  # what was read may be anything
    raise _unread(name, "this is no loss")


# --- writing ----------------------------------------------------------------------------------------------------------


def _written(value: Any, where: str, words: Table[Any]) -> str:
    """The text of a model, a layer, a plain value or a function of the table ``words``. where: whose it is."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # repr() would take single quotes
    if value is None or isinstance(value, bool | int):
        return repr(value)
    if isinstance(value, float) and not np.isnan(value):
        return repr(value).replace("inf", "1e999")
    if isinstance(value, tuple):
        inside = ", ".join(_written(each, where, words) for each in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, Model):
        return f"Model({_written(value.shape_in, where, words)}, {_written(value.layers, where, words)})"
    if isinstance(value, Layer):
        return _written_layer(value, words)
    if isinstance(value, partial) and not value.args:
        options = [f"{key}={_written(option, where, words)}" for key, option in value.keywords.items()]
        return f"partial({', '.join([_written(value.func, where, words), *options])})"
    for word, function in words.items():
        if value is function:
            return word
    raise _unwritten(f"it holds {value!r}", where)


def _written_layer(layer: Layer, words: Table[Any]) -> str:
    name, parameters = _maker(layer)
    parts: list[str] = []
    by_place = True
    for key, parameter in parameters.items():
        value, where = getattr(layer, _field(key)), f"the setting {key} of layer {layer.name}"
        if parameter.kind is parameter.VAR_POSITIONAL:
            parts += [_written(each, where, words) for each in value]
        elif _is_usual(value, parameter.default):
            by_place = False
        else:
            required = parameter.default is parameter.empty
            by_place = by_place and (required or key == "activation") and parameter.kind is not parameter.KEYWORD_ONLY
            parts.append(("" if by_place else f"{key}=") + _written(value, where, words))
    return f"{name}({', '.join(parts)})"


def _is_usual(value: Any, usual: Any) -> bool:
    """Whether a setting is what its function takes by itself. The usual 1 of a window is kept as (1, 1)."""
    # By repr, so that 1, 1.0 and True are three, and 0.0 and -0.0 two.
    plain = isinstance(usual, bool | int | float | str)
    return value is usual or (plain and repr(value) in (repr(usual), repr((usual, usual))))


def _maker(layer: Layer) -> tuple[str, Mapping[str, inspect.Parameter]]:
    """Name and parameters of the function that makes layers of this class, with a parameter for each of its fields."""
    fields = {field.name for field in dataclasses.fields(layer) if field.init}
    for name, entry in LAYERS.items():
        parameters = inspect.signature(entry.function).parameters
        if {_field(key) for key in parameters} == fields and type(entry.function(*entry.settings)) is type(layer):
            return name, parameters
    kept = ", ".join(sorted(fields))
    raise _unwritten(f"no entry of nn.LAYERS makes a {type(layer).__name__} of its {kept}", f"layer {layer.name}")


def _field(parameter: str) -> str:
    """Where a layer keeps what its function was given: under the same name, but ``init`` is a method of layers."""
    return "initialiser" if parameter == "init" else parameter


# --- reading ----------------------------------------------------------------------------------------------------------


def _read(text: str, words: Table[Any]) -> Any:
    text = text.strip()
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _unread(text, "this is no call with matching brackets") from None
    return _made(tree, text, words)


def _made(node: ast.expr, text: str, words: Table[Any]) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _called(node.func.id, node, text, words)
    if isinstance(node, ast.Name):
        return words.find(node.id)
    if isinstance(node, ast.Tuple):
        return tuple(_made(each, text, words) for each in node.elts)
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool | int | float | str)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return -value
    raise _unread(text, f"{ast.get_source_segment(text, node)!r} is no layer, initialiser, number, text or tuple")


def _called(name: str, call: ast.Call, text: str, words: Table[Any]) -> Any:
    makers: dict[str, Callable[..., Any]] = {"Model": Model, "partial": _with_options}
    function = makers[name] if name in makers else LAYERS.find(name).function
    placed = [_made(value, text, words) for value in call.args]
    named = {word.arg: _made(word.value, text, words) for word in call.keywords if word.arg is not None}
    if len(named) < len(call.keywords):
        raise _unread(text, f"a setting of {name} is given twice, or without a name")
    try:
        return function(*placed, **named)
    except (TypeError, LookupError) as error:  # too many settings, or a number where a tuple belongs
        raise _unread(text, f"{name}{inspect.signature(function)} was refused: {error}") from None


def _with_options(function: Callable[..., Any], /, **options: Any) -> partial[Any]:
    inspect.signature(function).bind_partial(**options)
    return partial(function, **options)


# --- errors -----------------------------------------------------------------------------------------------------------


def _unwritten(what: str, where: str) -> SettingError:
    return SettingError(
        "model-text",
        f"the model has no text: {what}",
        where=where,
        why="a run's file holds the model as text, and a function is known there by its name in a table alone",
        do="Enter your function with its decorator: @initialiser() of downslope.nn.initialise, @layer(...) of "
        "downslope.nn.layers with one field for each setting.",
    )


def _unread(text: str, what: str) -> SettingError:
    return SettingError(
        "model-text",
        f"the text of a model or a loss cannot be read: {what}",
        where=repr(text if len(text) <= 200 else f"{text[:200]} ..."),
        why="it is read and not run, so that a run's file can never run a program",
        do='Write calls with plain settings, for example Model((64,), (dense(32, "relu"), dense(10))).',
    )
