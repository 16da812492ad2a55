"""What stands behind an option: words and numbers as typed, turned into what training takes, or refused."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from downslope.cli import lazy
from downslope.errors import SettingError, nearest

if TYPE_CHECKING:
    from downslope.optim import Method, Optimizer

LEARNING_RATES = {"adam": 0.005, "gradient_descent": 0.02, "momentum": 0.01}
"""Without --lr: what trains every embedded set, the regression too. An optimizer that is not listed has its own
default, or none."""

BATCH_SIZE = 32
DTYPES = ("float32", "float64")


def hidden_layers(text: str | None, rows: int) -> list[int]:
    """Units of each hidden layer: "32,16" is two of them, "0" none; None chooses by the number of training rows.

    One layer with about a unit for six rows, a power of two from 32 to 256: small tables are not learned by heart, and
    the digits (1438 rows, 256 units) come out above 96.5 % whatever the seed. Errors: SettingError ``cli-hidden``.

    >>> hidden_layers(None, 1438), hidden_layers("32,16", 0), hidden_layers("0", 0)
    ([256], [32, 16], [])
    """
    if text is None:
        return [min(max(2 ** round(math.log2(max(rows, 1) / 6)), 32), 256)]
    sizes = [part.strip() for part in text.split(",")]
    if sizes == ["0"]:
        return []
    if all(size.isascii() and size.isdecimal() and int(size) > 0 for size in sizes):
        return [int(size) for size in sizes]
    raise SettingError(
        "cli-hidden",
        f"--hidden is '{text}'",
        where="the option --hidden",
        why="it gives the number of units of each hidden layer",
        do="Give whole numbers with commas between them, for example --hidden 32,16, or --hidden 0 for none.",
    )


def rows_in_batch(text: str | None, rows: int) -> int | None:
    """The batch size for ``rows`` training rows; None is all of them. Errors: SettingError ``cli-batch-size``.

    Without the option it is 32, or all rows of a smaller set; a size that was asked for is never changed.
    """
    if text is None:
        return min(BATCH_SIZE, rows)
    if text.strip().lower() == "all":
        return None
    try:
        return int(text)
    except ValueError:
        raise SettingError(
            "cli-batch-size",
            f"--batch-size is '{text}'",
            where="the option --batch-size",
            why="it is how many rows a step looks at",
            do="Give a whole number, for example --batch-size 32, or --batch-size all.",
        ) from None


def rule(name: str, lr: float | None, beta: float | None, settings: list[str]) -> Optimizer | Method:
    """The optimizer of this name with what was given; or the one that is written out, ``adam(lr=cosine(0.01, 900))``.

    Errors: SettingError ``cli-set``, ``cli-written-out`` and those of its room.
    """
    if "(" in name:
        if lr is not None or beta is not None or settings:
            raise written_out(name)
        written = lazy.optim.from_text(name)
        if isinstance(written, lazy.optim.Schedule):
            raise SettingError(
                "cli-written-out",
                f"--optimizer is '{name}', which is a schedule",
                where="the option --optimizer",
                why="a schedule says how large the steps are, not how they are made of gradients",
                do=f"Give it to an optimizer as its lr: adam(lr={name}).",
            )
        return written
    given: dict[str, float] = {}
    made = lazy.optim.OPTIMIZERS.get(name)
    usual = LEARNING_RATES.get(getattr(made, "__name__", ""))
    if lr is not None or usual is not None:
        given["lr"] = usual if lr is None else lr  # type: ignore[assignment]  # one of the two is not None
    if beta is not None:
        given["beta"] = beta
    for setting in settings:
        key, value = _setting(setting)
        given[key] = value
    if name in lazy.optim.METHODS:
        method: Method = lazy.optim.METHODS.make(name, **given)
        return method
    return lazy.optim.by_name(name, **given)


def written_out(name: str) -> SettingError:
    """The error ``cli-written-out``: settings beside an optimizer that holds its own."""
    return SettingError(
        "cli-written-out",
        f"--optimizer is '{name}', and --lr, --beta or --set is given as well",
        where="the option --optimizer",
        why="an optimizer that is written out holds all its settings",
        do="Put the setting between the brackets, or give the name alone.",
    )


def _setting(text: str) -> tuple[str, float]:
    key, _, value = text.partition("=")
    try:
        return key.strip(), float(value)
    except ValueError:
        raise SettingError(
            "cli-set",
            f"--set is '{text}'",
            where="the option --set",
            why="it gives a hyperparameter of the optimizer, which is a number with a name",
            do="Write --set NAME=NUMBER, for example --set beta2=0.99.",
        ) from None


def float_type(name: str) -> str:
    """``name`` if it is a type of numbers to train with. Errors: SettingError ``cli-dtype``."""
    if name in DTYPES:
        return name
    raise SettingError(
        "cli-dtype",
        f"--dtype is '{name}'",
        where="the option --dtype",
        why="training needs floating-point numbers of enough digits",
        do=nearest(name, DTYPES),
    )


def length(epochs: int | None, steps: int | None) -> None:
    """Refuse two lengths at once. Errors: SettingError ``cli-two-lengths``."""
    if epochs is None or steps is None:
        return
    raise SettingError(
        "cli-two-lengths",
        f"--epochs {epochs} and --steps {steps} are both given",
        where="the options --epochs and --steps",
        why="both say how long to train, an epoch being as many steps as there are batches",
        do="Leave one of them out.",
    )
