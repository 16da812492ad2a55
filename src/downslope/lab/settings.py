"""Settings of a training as the page gives them: data, layers, the rule that learns; and what may change on the way."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from downslope.lab.limits import MOST_LAYERS, Name, Steps, Text, Units


class Choice(Struct, frozen=True, omit_defaults=True):
    """An entry of a table of the catalogue, and its settings by name; those left out have their defaults."""

    name: Name
    settings: dict[Name, bool | int | float | Text | None] = {}


class DataChoice(Struct, frozen=True, omit_defaults=True):
    """What is trained on. name: an embedded or synthetic set, or the id of an uploaded one.

    settings: those of the set (n, noise, held_out, seed ...); of an uploaded table target, missing, held_out ... as
    ``ds.data.table`` has them. corruptions: faults that are put in on purpose, one after another.
    """

    name: Name
    settings: dict[Name, bool | int | float | Text | list[Text] | None] = {}
    corruptions: Annotated[tuple[Choice, ...], Meta(max_length=8)] = ()


class Settings(Struct, frozen=True, omit_defaults=True):
    """All that a training of the lab depends on: the same settings, the same run.

    hidden: units of each hidden layer. activation: of all of them. initialiser: of all weights, with its settings
    ({"std": 1} of normal); None is the one that suits the activation. normalise: a layer after each hidden product.
    dropout: the part of each hidden layer that is left out, 0 for none. loss: None is softmax cross-entropy for classes
    and mean squared error for numbers. schedule: decides the rate instead of the optimizer's lr, which becomes its
    highest rate; a length in steps that is left out is that of the whole training. clip: the greatest norm of the
    gradient. weight_decay: strength of the pull of all parameters to 0, where the optimizer knows one. batch_size: None
    is all rows in every step. steps: at which the training ends by itself. seed: of start parameters, batch order and
    dropout. dialect: of the program that trains, as of ``ds.train``. name: of the run's file, made from the data's name
    if "".
    """

    data: DataChoice = DataChoice("moons")
    hidden: Annotated[tuple[Units, ...], Meta(max_length=MOST_LAYERS)] = (8, 8)
    activation: Name = "tanh"
    initialiser: Choice | None = None
    normalise: Literal["none", "batch_norm", "layer_norm"] = "none"
    dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    loss: Name | None = None
    optimizer: Choice = Choice("adam", {"lr": 0.01})
    schedule: Choice | None = None
    clip: Annotated[float, Meta(gt=0)] | None = None
    weight_decay: Annotated[float, Meta(ge=0)] = 0.0
    batch_size: Annotated[int, Meta(ge=1)] | None = 32
    steps: Steps = 20_000
    seed: Annotated[int, Meta(ge=0, le=2**53)] = 0
    dtype: Literal["float32", "float64"] = "float32"
    dialect: Literal["auto", "in place", "machine"] = "auto"
    name: Annotated[str, Meta(max_length=60, pattern=r"^[^/\\\x00-\x1f]*$")] = ""


class Changes(Struct, frozen=True, omit_defaults=True):
    """What becomes different, the weights staying as they are; None leaves a setting alone.

    lr: the same optimizer at another rate, which goes on with what it remembers; another optimizer begins afresh, with
    all of its settings. schedule, clip, weight_decay: as in Settings; they belong to the optimizer, which must then be
    given too. activation: of the hidden layers. dropout: only where the model has such layers. edit: numbers to put
    into parameters, by their address: {"dense1.w[3, 2]": 0.0}.
    """

    optimizer: Choice | None = None
    lr: Annotated[float, Meta(gt=0)] | None = None
    schedule: Choice | None = None
    clip: Annotated[float, Meta(gt=0)] | None = None
    weight_decay: Annotated[float, Meta(ge=0)] | None = None
    batch_size: Annotated[int, Meta(ge=1)] | Literal["all"] | None = None
    activation: Name | None = None
    dropout: Annotated[float, Meta(ge=0, lt=1)] | None = None
    seed: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    data: DataChoice | None = None
    edit: Annotated[dict[Text, float], Meta(max_length=256)] = {}
