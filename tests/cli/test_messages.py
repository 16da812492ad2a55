"""Texts of errors in the words of the command line."""

from __future__ import annotations

import pytest

from downslope.cli.messages import as_typed


@pytest.mark.parametrize(
    ("python", "typed"),
    [
        ('task="regression" reads it the other way', "--task regression reads it the other way"),
        ("Say which: target=... Did you mean", "Say which: --target ... Did you mean"),
        ('drop_columns=("a", "b") leaves columns out', "--drop-column 'a' leaves columns out"),
        ("shorten drop_columns; or categories=(name,).", "shorten --drop-column; or --category 'name'."),
        ("the argument held_out=", "the option --held-out"),
        ("the argument drop_columns=", "the option --drop-column"),
        ("train(batch_size=...)", "the option --batch-size"),
        ("from 1 to 9, or None for all rows in every step", "from 1 to 9, or --batch-size all"),
        ("for example held_out=0.2.", "for example --held-out 0.2."),
        ("or pass standardise=False.", "or --raw."),
    ],
)  # fmt: skip
def test_arguments_are_spelt_as_options(python: str, typed: str) -> None:
    assert as_typed(python) == typed


@pytest.mark.parametrize(
    "text", ["arrays(x, y, held_out=0)", "adam(lr=-1.0)", "momentum(lr=0.1, beta=2.0)", "seed is -1"]
)
def test_python_that_is_meant_as_python_stays(text: str) -> None:
    assert as_typed(text) == text
