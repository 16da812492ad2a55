"""Texts of errors in the words of the command line."""

from __future__ import annotations

import warnings

import pytest

from downslope.cli.messages import as_typed, warnings_shown


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
        ("record='x.run'", "--record x.run"),
        ("give it again: ds.load(path, model=net)", "give it again: --model MODULE:net"),
        ("where: load('runs/a.run')", "where: runs/a.run"),
        ("run.at(-3)", "step -3 of the run"),
        ("step.get('grads.w[0]')", "the name grads.w[0]"),
        ("fork(edit={'w[9]': ...})", "--edit 'w[9]=...'"),
        ("run.fork(at=7, lr=...).train(9)", "`downslope fork RUN --at 7 --lr ... --steps 9`"),
        ("look at it by run.ask('histogram'), or", "look at it by `downslope ask RUN histogram`, or"),
        ("give another name, or force=True to write", "give another name with --out, or --force to write"),
    ],
)  # fmt: skip
def test_arguments_are_spelt_as_options(python: str, typed: str) -> None:
    assert as_typed(python) == typed


@pytest.mark.parametrize(
    "text", ["arrays(x, y, held_out=0)", "adam(lr=-1.0)", "momentum(lr=0.1, beta=2.0)", "seed is -1"]
)
def test_python_that_is_meant_as_python_stays(text: str) -> None:
    assert as_typed(text) == text


def test_a_warning_of_ours_looks_like_an_error_and_others_are_left_alone(capfd: pytest.CaptureFixture[str]) -> None:
    with warnings_shown():
        warnings.warn("a part is damaged  [run-file-damaged]\n  where: load('a.run')", UserWarning, stacklevel=1)
        with pytest.raises(UserWarning, match="of somebody else"):  # an error, as all warnings are under test
            warnings.warn("of somebody else", UserWarning, stacklevel=1)
    assert capfd.readouterr().err == "a part is damaged  [run-file-damaged]\n  where: a.run\n"
