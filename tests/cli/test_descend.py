"""``downslope descend``: what it says, what it writes, and how it refuses."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from downslope import surfaces
from downslope.cli import descend as room

Call = Callable[..., Any]
Refused = Callable[..., str]
PICTURE = ["descent.png", "descent.svg", "summary.txt"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_first_steps_what_happened_and_the_picture(downslope: Call, tmp_path: Path) -> None:
    words = ("rosenbrock", "--optimizer", "adam", "--lr", "0.01", "--rows", 3, "--out", tmp_path / "new" / "o")
    done = downslope("descend", *words)
    assert done.code == 0
    assert done.err == ""
    lines = done.out.splitlines()
    assert lines[0] == "rosenbrock: 100 (y − x²)² + (1 − x)²"
    assert "A curved, flat valley" in lines[1]
    assert "adam(lr=0.01, beta1=0.9, beta2=0.999, eps=1e-08), 100 steps from (-1.2, 1)" in lines
    steps = [line.split() for line in lines if line.split()[:1] in (["0"], ["1"], ["2"], ["3"], ["100"])]
    assert [row[0] for row in steps[:4]] == ["0", "1", "2", "100"]
    assert steps[1][1:6] == ["-1.19", "1.01", "21.288", "-197.68", "-81.22"]
    assert "  still moving: in the last 10 steps" in done.out
    assert names(tmp_path / "new" / "o") == PICTURE
    summary = (tmp_path / "new" / "o" / "summary.txt").read_text(encoding="utf-8")
    assert summary.startswith("Downslope descent of adam(lr=0.01) on rosenbrock: still moving\n")
    assert done.out.partition("\n\nWritten to ")[0] in summary


def test_on_a_bowl_the_exact_limit_is_told_and_the_next_rate_is_below_it(downslope: Call, tmp_path: Path) -> None:
    done = downslope("descend", "ill_conditioned_bowl", "--lr", 0.55, "--out", tmp_path / "o")
    assert "lr must stay below 2/λmax = 2/4 = 0.5, and lr = 0.55 is above it" in done.out
    assert "diverged at step 15" in done.out
    assert "Next, try --lr 0.45, just below the limit 0.5." in done.out


def test_where_downhill_has_no_end_no_smaller_rate_is_advised(downslope: Call, tmp_path: Path) -> None:
    done = downslope("descend", "saddle", "--steps", 200, "--out", tmp_path / "o")
    assert "Next, try --start X,Y: from this start downhill has no end." in done.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["bowl"], "lr = 0.1 is the surface's own rate for gradient descent"),
        (["rosenbrock", "--optimizer", "adam"], "is the best of 13 rates tried over 100 steps"),
        (["bowl", "--optimizer", "momentum(lr=0.05, beta=0.5)"], "momentum(lr=0.05, beta=0.5), 100 steps"),
        (["bowl", "--optimizer", "lbfgs"], "lbfgs(lr=1.0"),
        (["bowl", "--optimizer", "momentum", "--lr", "0.05", "--set", "beta=0.5"], "momentum(lr=0.05, beta=0.5)"),
        (["bowl", "--start", "-1.5,-2"], "100 steps from (-1.5, -2)"),
        (["bowl", "--domain", "-9,9,-1,1"], "x from -9 to 9, y from -1 (below) to 1"),
        (["sin(x)*y + x**2", "--domain", "-3,3,-3,3"], "x from -3 to 3"),
        (["--", "-exp(-x**2 - y**2)"], "-exp(-x**2 - y**2)\n"),
        (["x"], "from -5 to 5"),
    ],
)
def test_surface_start_domain_rate_and_settings_are_what_was_typed(
    downslope: Call, words: list[str], told: str
) -> None:
    done = downslope("descend", *words)
    assert done.code == 0
    assert told in done.out


def test_the_list_names_every_surface_with_what_it_teaches(downslope: Call) -> None:
    told = " ".join(downslope("descend", "--list").out.split())
    for surface in surfaces.SURFACES.values():
        assert f"{surface.name} {surface.teaches}" in told


def test_a_race_is_told_as_a_table_and_drawn(downslope: Call, tmp_path: Path) -> None:
    words = ("--race", "gradient_descent,momentum,adam", "--steps", 40, "--dark", "--out", tmp_path / "o")
    done = downslope("descend", "booth", *words)
    assert done.code == 0
    assert "race on booth: 40 gradient evaluations for each of 8 runs" in done.out
    assert done.out.count("tuned, 4,160") == 3  # 13 rates, 8 runs, 40 evaluations
    assert names(tmp_path / "o") == sorted([*PICTURE, "race.png", "race.svg"])
    table = [line.split("(")[0].split()[0] for line in done.out.splitlines() if "tuned, " in line]
    ways = [line.split("(")[0] for line in done.out.splitlines() if ", 39 steps from" in line]
    assert ways == table  # the lowest first, in both pictures in the same colours
    stated = downslope("descend", "booth", "--race", "adam(lr=0.1), momentum(lr=0.01, beta=0.5)", "--start", "1,1")
    assert "for each of 1 run\n" in stated.out
    assert stated.out.count("stated") == 2


def test_an_animation_is_written_and_goes_with_the_next_descent(downslope: Call, tmp_path: Path) -> None:
    words = ("descend", "bowl", "--steps", 4, "--out", tmp_path)
    assert downslope(*words, "--animate", "gif").code == 0
    assert names(tmp_path) == sorted([*PICTURE, "descent.gif"])
    with Image.open(tmp_path / "descent.gif") as film:
        assert film.n_frames == 5  # type: ignore[attr-defined]  # of animated kinds
    assert downslope(*words).code == 0
    assert names(tmp_path) == PICTURE  # the film of the descent before would be a lie


def test_the_same_command_writes_the_same_picture(downslope: Call, tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        downslope("descend", "noisy_bowl", "--seed", seed, "--out", tmp_path / name)
    a, b, c = ((tmp_path / name / "descent.svg").read_bytes() for name in "abc")
    assert a == b
    assert a != c  # other noise


def test_progress_is_told_once_drawing_takes_longer_than_a_second(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = iter([0.0, 0.5, 2.0, 2.1, 2.2])
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    frames = room._Frames()
    for done in (30, 60, 61, 101):
        frames(done, 101)
    assert capsys.readouterr().err.splitlines() == ["frame 60 of 101", "frame 101 of 101"]


def test_through_the_installed_door_help_has_examples_and_loads_nothing_slow() -> None:
    program = (
        "import sys; from downslope.cli import main\ntry: main(['descend', '--help'])\nfinally: print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "downslope descend rosenbrock --optimizer adam --lr 0.01" in done.stdout
    loaded = done.stdout.split()
    assert not {"matplotlib", "PIL", "downslope.surfaces", "downslope.optim"}.intersection(loaded)


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words", "told"),
    [
        ("unknown-name", ["rosenbrok"], "Did you mean 'rosenbrock'?"),
        ("unknown-name", ["bowl", "--optimizer", "rmsprp"], "Did you mean 'rmsprop'?"),
        ("unknown-name", ["bowl", "--optimizer", "lbgfs"], "Did you mean 'lbfgs'?"),
        ("cli-usage", [], "downslope descend --list"),
        ("cli-lr", ["bowl", "--lr", "large"], "--lr is 'large'"),
        ("optimizer-rate", ["bowl", "--lr", "-1"], "-1.0"),
        ("optimizer-rate", ["bowl", "--lr", "nan"], "nan"),
        ("cli-numbers", ["bowl", "--start", "1"], "--start -1.5,2"),
        ("cli-numbers", ["bowl", "--start", "1,inf"], "2 finite numbers"),
        ("cli-numbers", ["x*y", "--domain", "3,-3,0,1"], "each minimum lies below its maximum"),
        ("cli-numbers", ["x*y", "--domain", "1,2,3"], "4 finite numbers"),
        ("cli-steps", ["bowl", "--steps", "0"], "from 1 to 1,000,000"),
        ("cli-steps", ["bowl", "--steps", "200000", "--race", "adam,momentum"], "from 1 to 100,000"),
        ("cli-animate", ["bowl", "--animate", "gif"], "without --out"),
        ("cli-race", ["bowl", "--race", "adam"], "names 1 optimizer "),
        ("cli-race", ["bowl", "--race", "adam,momentum", "--optimizer", "adam"], "both given"),
        ("cli-race", ["bowl", "--race", "adam(lr=0.1),momentum"], "a rate for 1 of 2"),
        ("race-optimizers", ["bowl", "--race", "adam,adam"], "twice"),
        ("cli-set", ["bowl", "--set", "beta"], "NAME=NUMBER"),
        ("cli-set", ["bowl", "--optimizer", "adam(lr=0.1)", "--set", "beta1=0.5"], "in its brackets"),
        ("optimizer-setting", ["bowl", "--set", "beta=0.5"], "no setting 'beta'"),
        ("optimizer-text", ["bowl", "--optimizer", "adam(lr=0.1"], "adam(lr=0.1"),
        ("descend-seed", ["bowl", "--seed", "-1"], "the seed is -1"),
        ("cli-usage", ["bowl", "--rows", "0"], "--rows"),
        ("formula-nowhere", ["log(x)", "--domain", "-3,-1,0,1"], "x from -3 to -1"),
    ],
)
def test_bad_input_is_refused_in_four_lines(refused: Refused, code: str, words: list[str], told: str) -> None:
    assert told in refused(code, "descend", *words)


def test_a_formula_that_cannot_be_read_keeps_the_caret_under_its_character(downslope: Call) -> None:
    done = downslope("descend", "sin(x)*y + x**2 + tanhh(x)")
    assert done.code == 2
    lines = done.err.splitlines()
    assert lines[0].endswith("[formula-name]")
    assert lines[2].index("tanhh") == lines[3].index("^")
    assert [line[:9] for line in lines if line[:2] == "  " and line[2] != " "] == [
        "  where: ",
        "  why:   ",
        "  do:    ",
    ]


def test_an_animation_of_a_kind_that_is_not_here_says_which_are(refused: Refused, tmp_path: Path) -> None:
    message = refused("cli-animate", "descend", "bowl", "--animate", "mp4", "--out", tmp_path / "o")
    assert "MP4 needs an encoder that Downslope does not carry" in message


def test_a_directory_with_files_of_others_or_of_a_training_run_is_left_alone(refused: Refused, tmp_path: Path) -> None:
    for name, content in (("notes.txt", "mine"), ("summary.txt", "Downslope run of digits\n")):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_text(content, encoding="utf-8")
        message = refused("out-not-empty", "descend", "bowl", "--out", folder)
        assert name in message
        assert (folder / name).read_text(encoding="utf-8") == content
