"""Bad input: one clear message of four lines, exit code 2, nothing left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Refused = Callable[..., str]
Write = Callable[[str, str | bytes], Path]
Houses = Callable[..., str]

GAPS = {3: "", 7: "nan", 9: "inf", 11: ""}


def people(target: str) -> str:
    """Twenty rows with this text as every target."""
    return "age,score\n" + "".join(f"{20 + i},{target}\n" for i in range(20))


def test_a_missing_file_suggests_the_nearest(refused: Refused, write: Write, houses_csv: Path, tmp_path: Path) -> None:
    message = refused(
        "data-file-missing", "train", tmp_path / "huoses.csv", "--target", "price", "--out", tmp_path / "o"
    )
    assert "houses.csv" in message


@pytest.mark.parametrize("content", ["", "\n\n", "age,score\n"])
def test_an_empty_table_is_refused(refused: Refused, write: Write, tmp_path: Path, content: str) -> None:
    refused("data-empty", "train", write("a.csv", content), "--target", "score", "--out", tmp_path / "o")


def test_a_missing_target_suggests_the_nearest(refused: Refused, houses_csv: Path, tmp_path: Path) -> None:
    message = refused("data-target-missing", "train", houses_csv, "--target", "pric", "--out", tmp_path / "o")
    assert "Did you mean 'price'?" in message
    message = refused("data-target-not-named", "train", houses_csv, "--out", tmp_path / "o")
    assert "--target ..." in message


def test_a_constant_target_is_refused(refused: Refused, write: Write, tmp_path: Path) -> None:
    table = write("a.csv", people("1.5"))
    refused("data-target-constant", "train", table, "--target", "score", "--out", tmp_path / "o")


def test_one_class_is_refused(refused: Refused, write: Write, tmp_path: Path) -> None:
    refused("data-one-class", "train", write("a.csv", people("yes")), "--target", "score", "--out", tmp_path / "o")


def test_text_in_a_numeric_column_names_the_cell_and_the_options(
    refused: Refused, write: Write, house_table: Houses, tmp_path: Path
) -> None:
    table = write("a.csv", house_table(cells={5: "large"}))
    message = refused("data-text-in-number", "train", table, "--target", "price", "--out", tmp_path / "o")
    assert "'large' (line 7)" in message
    assert "--missing drop" in message
    assert "--drop-column 'size'" in message
    assert "drop_columns" not in message


def test_nan_and_infinite_cells_are_counted_and_the_choices_named(
    refused: Refused, write: Write, house_table: Houses, tmp_path: Path
) -> None:
    table = write("a.csv", house_table(cells=GAPS))
    for words in ([], ["--missing", "stop"]):
        message = refused("data-missing-cells", "train", table, "--target", "price", *words, "--out", tmp_path / "o")
        assert "4 of 120 rows" in message
        assert "--missing drop leaves those 4 rows out, --missing impute fills them" in message


def test_a_batch_of_more_rows_than_there_are_is_refused(refused: Refused, houses_csv: Path, tmp_path: Path) -> None:
    words = ("--target", "price", "--batch-size", "97", "--out", tmp_path / "o")
    assert "96" in refused("batch-size", "train", houses_csv, *words)


@pytest.mark.parametrize("lr", ["-0.1", "0", "nan", "inf"])
def test_a_learning_rate_that_is_no_number_above_0_is_refused(refused: Refused, tmp_path: Path, lr: str) -> None:
    refused("optimizer-rate", "train", "digits", "--lr", lr, "--out", tmp_path / "o")


@pytest.mark.parametrize(
    ("code", "words", "nearest"),
    [
        ("data-name-unknown", ["dgits"], "digits"),
        ("unknown-name", ["digits", "--optimizer", "adma"], "adam"),
        ("unknown-name", ["digits", "--activation", "rlu"], "relu"),
        ("unknown-name", ["digits", "--loss", "mes"], "mse"),
        ("optimizer-setting", ["digits", "--beta", "0.9"], "beta1"),
        ("optimizer-setting", ["digits", "--set", "bta1=0.9"], "beta1"),
        ("data-option-unknown", ["digits", "--target", "digit"], "It has its own target"),
        ("data-option-unknown", ["digits", "--missing", "drop"], "missing"),
        ("cli-dtype", ["digits", "--dtype", "float16"], "float64"),
    ],
)
def test_unknown_names_suggest_the_nearest(
    refused: Refused, tmp_path: Path, code: str, words: list[str], nearest: str
) -> None:
    assert nearest in refused(code, "train", *words, "--out", tmp_path / "o")


def test_unknown_words_for_a_table_suggest_the_nearest(refused: Refused, houses_csv: Path) -> None:
    table = ("train", houses_csv, "--target", "price")
    assert "'drop'" in refused("data-missing-option", *table, "--missing", "dorp")
    assert "'regression'" in refused("data-task", *table, "--task", "regresion")
    assert "'size'" in refused("data-column-unknown", *table, "--drop-column", "sizee")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("cli-hidden", ["--hidden", "32,x"]),
        ("cli-hidden", ["--hidden", "-3"]),
        ("cli-batch-size", ["--batch-size", "many"]),
        ("batch-size", ["--batch-size", "0"]),
        ("cli-set", ["--set", "eps"]),
        ("cli-two-lengths", ["--epochs", "2", "--steps", "3"]),
        ("train-length", ["--epochs", "0"]),
        ("train-length", ["--steps", "-5"]),
        ("data-held-out", ["--held-out", "1.5"]),
        ("data-seed", ["--seed", "-1"]),
        ("loss-shape", ["--loss", "mse"]),
        ("cli-usage", ["--epochs", "many"]),
        ("cli-usage", ["--lr"]),
    ],
)
def test_settings_out_of_range_are_refused(refused: Refused, tmp_path: Path, code: str, words: list[str]) -> None:
    refused(code, "train", "digits", "--out", tmp_path / "o", *words)


def test_unknown_options_and_commands_suggest_the_nearest(refused: Refused) -> None:
    assert "Did you mean '--optimizer'?" in refused("cli-option-unknown", "train", "digits", "--optimiser", "adam")
    assert "Did you mean 'train'?" in refused("cli-command-unknown", "trian", "digits")
    assert "downslope train --help" in refused("cli-usage", "train")
    refused("cli-usage", "train", "digits", "iris")


def test_the_text_of_an_error_is_not_read_as_markup(refused: Refused) -> None:
    assert "'[bold]x'" in refused("data-name-unknown", "train", "[bold]x")


@pytest.fixture
def houses_csv(write: Write, house_table: Houses) -> Path:
    return write("houses.csv", house_table())
