"""A step of training: everything that is known at it, by its mathematical name, computed when it is asked for.

The list is closed. Instruments are written against it, so one instrument serves our own runs, live or replayed, and
PyTorch's and Keras' trainings that are watched; whoever makes Steps computes these quantities and no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from downslope.errors import SettingError, nearest

Array = Any  # a NumPy array, or a PyTorch tensor where a training of PyTorch is watched
Tensors = Mapping[str, Array]  # name ("dense1.w") -> array

QUANTITIES: dict[str, str] = {
    "params": "name -> array: the parameters before the update, at which the gradient is taken",
    "grads": "name -> array like the parameter: dloss/dparameter over the mini-batch",
    "updates": "name -> array like the parameter: what the optimizer added to it, new minus old",
    "activations": "name -> (B, ...): what each layer, and each named value inside it, computed going forward",
    "errors": "name -> like the activation: its adjoint dloss/dactivation, the error signal going backward",
    "batch": "(x, y): the mini-batch as the model saw it, x (B, ...), y (B, ...) or (B,)",
    "rows": "(B,): which rows of the source the mini-batch holds, counted from 0",
    "loss": "the loss of the mini-batch, before the update",
    "losses": "(B,): the loss of each row; their mean is the loss",
    "per_example_grads": "name -> (B, ...): the gradient of each row's loss; their mean is the gradient",
    "hvp": "v -> H v: the Hessian of this mini-batch's loss times a direction, name -> array both",
    "optimizer_state": "name (m, v ...) -> array, or name -> array like the parameters: remembered before the update",
    "lr": "the learning rate of this step",
}


class Batch(NamedTuple):
    """A mini-batch: x (B, ...) and y (B, ...) or (B,)."""

    x: Array
    y: Array


@dataclass(frozen=True)
class LayerFacts:
    """What is known of a layer without any number.

    kind: "dense", "conv" ...; "" for a named value of a plain function. activation: "relu", "tanh" ...; "identity"
    where there is none. parameters: names of its own. flops: of one step, forward and backward; None where nobody
    counts them.
    """

    name: str
    kind: str
    activation: str
    parameters: tuple[str, ...] = ()
    flops: tuple[int, int] | None = None


@dataclass(frozen=True)
class OptimizerFacts:
    """What is known of the rule without any number of this step: its name, its settings, and its text."""

    name: str
    settings: Mapping[str, Any]
    text: str


class Step:
    """Everything known at step ``t`` (1 is the first). Each quantity of ``QUANTITIES`` is an attribute.

    Beside them stand facts that need no computing. layers: name -> :class:`LayerFacts`, in the order of the forward
    pass; ``activations[name]`` is that layer's output, and ``activations["output"]`` the last one's. task:
    "classification" or "regression". optimizer: :class:`OptimizerFacts`. previous: the step before, None at the first
    one. ``loss_at(params)`` is the loss of this same mini-batch at other parameters (name -> array; those left out stay
    as they are).

    A quantity that the maker of a Step cannot know raises SettingError ``step-quantity``, which says why.
    """

    t: int
    task: str
    layers: Mapping[str, LayerFacts]
    optimizer: OptimizerFacts

    params: Tensors
    grads: Tensors
    updates: Tensors
    activations: Tensors
    errors: Tensors
    batch: Batch
    rows: Array
    loss: float
    losses: Array
    per_example_grads: Tensors
    optimizer_state: Mapping[str, Any]
    lr: float

    @property
    def previous(self) -> Step | None:
        """The step before this one, None if there is none or nobody kept it."""
        return None

    def hvp(self, v: Tensors) -> Tensors:
        """Hessian of this mini-batch's loss times the direction v."""
        raise unknown("hvp", self.t, "whoever made this step cannot differentiate twice")

    def loss_at(self, params: Tensors) -> float:
        """The loss of this mini-batch at other parameters."""
        raise unknown("loss_at", self.t, "whoever made this step cannot evaluate the loss elsewhere")

    def get(self, path: str) -> Any:
        """A quantity by its words: ``grads``, ``grads.dense1.w``, ``activations.dense1.h``, ``loss``, and with places
        ``grads.dense1.w[3, 2]``; a bare ``dense1.w`` is the parameter.

        Errors: SettingError ``step-name``, ``step-place``.
        """
        words, _, places = path.strip().partition("[")
        quantity, _, name = words.strip().partition(".")
        if quantity not in QUANTITIES:
            quantity, name = ("params", words.strip()) if words.strip() in self.params else (quantity, name)
        if quantity not in QUANTITIES or quantity == "hvp":
            raise _no_such(path, quantity, [q for q in QUANTITIES if q != "hvp"] + list(self.params))
        value = getattr(self, quantity)
        if name:
            found = value
            while isinstance(found, Mapping) and name and name not in found and "." in name:  # optimizer_state.m.w
                first, _, rest = name.partition(".")
                if first not in found:
                    break
                found, name = found[first], rest
            if not isinstance(found, Mapping) or name not in found:
                raise _no_such(path, name, list(found) if isinstance(found, Mapping) else [])
            value = found[name]
        return _entry(value, "[" + places, path) if places else value

    def __repr__(self) -> str:
        return f"<Step {self.t}: {', '.join(QUANTITIES)}>"


def unknown(quantity: str, t: int, why: str) -> SettingError:
    """SettingError ``step-quantity``: this maker of Steps does not know that."""
    return SettingError(
        "step-quantity",
        f"{quantity} of step {t} is not known",
        where=f"step.{quantity}",
        why=why,
        do="ask another instrument, or train it as a run of ds.train, where everything can be replayed",
    )


def _no_such(path: str, word: str, known: list[str]) -> SettingError:
    return SettingError(
        "step-name",
        f"a step has nothing called {word!r}",
        where=f"step.get({path!r})",
        why="a step knows a fixed list of quantities, and the names of parameters and layers in them",
        do=nearest(word, known) if known else "leave the part after the first word out",
    )


def _entry(value: Any, places: str, path: str) -> Any:
    """One entry: ``[3, 2]``; negative places count from the end."""
    try:
        at = tuple(int(word) for word in places.strip().removeprefix("[").removesuffix("]").split(","))
        return value[at]
    except (ValueError, IndexError, TypeError):
        shape = tuple(getattr(value, "shape", ()))
        raise SettingError(
            "step-place",
            f"{places} is no place in an array of shape {shape}",
            where=f"step.get({path!r})",
            why="places are whole numbers, one for each axis at most, counted from 0",
            do=f"use from {[0] * len(shape)} to {[n - 1 for n in shape]}" if shape else "leave the brackets out",
        ) from None
