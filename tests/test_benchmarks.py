"""The benchmarks: nobody is timed who trains something else, and who is missing is said to be."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks import downslope_general, downslope_steps, measure, numpy_by_hand, numpy_naive, picture, sweeps
from benchmarks.__main__ import extrapolated, listed, main
from benchmarks.child import environment
from benchmarks.contenders import OURS, PRODUCTS, SCAN, TABLE, Entry, two
from benchmarks.general import GENERAL
from benchmarks.goals import judged
from benchmarks.growth import cliffs
from benchmarks.machine_facts import facts
from benchmarks.measure import Pace, disagreement, measured
from benchmarks.workloads import RATES, SWEEP, M, S, T, Workload

from downslope.optim import adam

QUICK = Pace(0.002, 1)
HAND = Entry("by hand", "numpy_by_hand:by_hand", "numpy", ("T",))


def quiet(text: str) -> None:
    """Progress that nobody reads."""


def loss_after_an_epoch(made: Any, w: Workload) -> float:
    contender = made(w, 1)
    contender.run(0, 1)
    return float(contender.result()[0])


@pytest.mark.slow
def test_the_smoke_form_compares_times_and_judges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, drawn = tmp_path / "figures.json", tmp_path / "ratios.svg"
    found = main(["--smoke", "--json", str(file), "--picture", str(drawn)])
    assert json.loads(file.read_text()) == found
    times = {name: each["best"] for name, each in found["steps"]["T"].items()}
    assert min(times[OURS], times["NumPy by hand"]) > 0
    assert all(each["best"] <= each["median"] for each in found["steps"]["T"].values())
    verdicts = {row["what"]: row for row in found["goals"]}
    assert "JAX, lax.scan: not selected" in verdicts[f"T: {OURS} / {SCAN}"]["missing"]
    assert "compile of S" in capsys.readouterr().out
    assert "naive NumPy" in drawn.read_text()
    assert str(Path.home()) not in file.read_text()


# --- the same work ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("w", [T, S, M], ids=lambda w: w.name)
@pytest.mark.parametrize(
    "made",
    [
        downslope_steps.machine_code,
        downslope_steps.in_place,
        downslope_steps.train,
        numpy_by_hand.by_hand,
    ],
    ids=lambda made: made.__name__,
)
def test_contenders_come_as_far_as_the_naive_one(w: Workload, made: Any) -> None:
    way = w.loss(w.start()) - loss_after_an_epoch(numpy_naive.naive, w)
    assert way > 0
    naive = loss_after_an_epoch(numpy_naive.naive, w)
    assert abs(loss_after_an_epoch(made, w) - naive) < measure.TOLERANCE * way


def other_order(w: Workload) -> Workload:
    """Mini-batches of the second epoch first."""
    found = replace(w)
    found.__dict__["_orders"] = w._orders[1:]
    return found


@pytest.mark.parametrize("w", [T, S], ids=lambda w: w.name)
@pytest.mark.parametrize(
    "changed",
    [
        lambda w: replace(w, rate=w.rate * 1.002),
        lambda w: replace(w, rate=w.rate * 0.998),
        lambda w: replace(w, most=w.steps - 1),
        lambda w: replace(w, batch=w.batch + 1),
        other_order,
    ],
    ids=["higher rate", "lower rate", "a step less", "larger batches", "other order"],
)
def test_other_work_is_refused(w: Workload, changed: Any) -> None:
    cheat = numpy_by_hand.by_hand(changed(w), 1)
    cheat.run(0, 1)
    assert cheat.result is not None
    found: dict[str, dict[str, Any]] = {
        "first": {"result": [loss_after_an_epoch(numpy_by_hand.by_hand, w)]},
        "honest": {"result": [loss_after_an_epoch(numpy_naive.naive, w)]},
        "cheat": {"result": cheat.result()},
    }
    disagreement(found, w)
    assert "error" not in found["honest"]
    assert found["cheat"]["error"].startswith("trains something else: its loss after")


@pytest.mark.parametrize("result", [[float("nan")], ["nan"], [1.0, 2.0], []], ids=str)
def test_a_result_that_is_no_number_or_of_another_shape_is_refused(result: list[Any]) -> None:
    found: dict[str, dict[str, Any]] = {"first": {"result": [0.4]}, "odd": {"result": result}}
    disagreement(found, T)
    assert "error" in found["odd"]


@pytest.mark.parametrize("name", list(GENERAL))
def test_what_is_no_plain_network_has_the_same_losses_in_both_dialects(name: str) -> None:
    both = [downslope_general.general(GENERAL[name], 1), downslope_general.in_place(GENERAL[name], 1)]
    for contender in both:
        contender.run(0, 2)
    losses = [contender.result() for contender in both if contender.result]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    assert len(set(losses[0])) > 1


@pytest.mark.slow
def test_a_sweep_in_machine_code_is_that_of_numpy_and_its_copies_differ() -> None:
    found = []
    for made in (sweeps.machine_code, sweeps.batched):
        contender = made(SWEEP, 2)
        contender.run(0, 2)  # the second begins where the first did
        assert contender.result is not None
        found.append(contender.result())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4)
    assert len(set(found[0])) == len(RATES)


# --- who is timed, and who is not -------------------------------------------------------------------------------------

PLANTED = """
import os, time
from dataclasses import replace
from benchmarks import numpy_by_hand
from benchmarks.contender import Contender

def other_rate(w, threads):
    return numpy_by_hand.by_hand(replace(w, rate=1.01 * w.rate), threads)

def breaks(w, threads):
    raise RuntimeError("no library in " + "/".join(["", "opt", "secret", "place", "lib.so"]))

def sleeps(w, threads):
    time.sleep(60)

def leaves(w, threads):
    honest = numpy_by_hand.by_hand(w, threads)
    return Contender(lambda first, count: honest.run(first, count) if first < 2 else os._exit(3), honest.result)

def prints(w, threads):
    print("a package that talks")
    return numpy_by_hand.by_hand(w, threads)
"""


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Contenders of a package that is written for the test."""
    folder = tmp_path / "planted"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "contenders.py").write_text(PLANTED)
    places = [str(tmp_path), "src", "."]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))
    monkeypatch.chdir(Path(__file__).resolve().parent.parent)
    return lambda name, **more: Entry(name, f"planted.contenders:{name}", "planted", ("T",), **more)


@pytest.mark.slow
def test_a_contender_that_trains_something_else_is_an_error_and_has_no_time(planted: Any) -> None:
    found = measured([HAND, planted("other_rate"), planted("prints")], "T", QUICK, quiet)
    assert "best" not in found["other_rate"]
    assert found["other_rate"]["error"].startswith("trains something else: its loss after 50 steps is 0.46")
    assert found["by hand"]["best"] > 0
    assert found["prints"]["best"] > 0


@pytest.mark.slow
def test_a_contender_that_fails_is_said_and_the_others_are_timed(planted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "IMPORTS", 0.0)  # so that each waits for its own patience
    entries = [HAND, planted("breaks"), planted("sleeps", patience=1.0), planted("leaves")]
    found = measured(entries, "T", QUICK, quiet)
    assert found["breaks"] == {"skipped": "RuntimeError: no library in lib.so"}
    assert found["sleeps"] == {"skipped": "no answer within 1 s"}
    assert found["leaves"]["error"] == "it ended with exit status 3"
    assert "best" not in found["leaves"]
    assert found["by hand"]["best"] > 0


def test_a_peer_that_is_not_installed_is_said_to_be() -> None:
    found = measured([replace(HAND, name="peer", package="no_such_package")], "T", QUICK, quiet)
    assert found == {"peer": {"skipped": "no_such_package is not installed"}}


def test_every_contender_is_listed_with_whether_it_is_here() -> None:
    lines = "\n".join(listed())
    assert all(entry.name in lines for entry in TABLE)


@pytest.mark.parametrize("arguments", [["--only", "XL"], ["--peers", "tensorflow"]])
def test_unknown_parts_and_peers_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2
    assert "is none of" in capsys.readouterr().err


def test_what_distorts_is_taken_out_of_the_environment_and_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=/somewhere/private")
    given = environment(replace(HAND, threads=2), "caches")
    assert "OPENBLAS_CORETYPE" not in given
    assert "XLA_FLAGS" not in given
    assert given["OMP_NUM_THREADS"] == given["OPENBLAS_NUM_THREADS"] == "2"
    recorded = facts()["taken out of the environment"]
    assert recorded["OPENBLAS_CORETYPE"] == "Haswell"
    assert recorded["XLA_FLAGS"] == "(a path)"


# --- goals and pictures -----------------------------------------------------------------------------------------------


def figures(**best: float) -> dict[str, Any]:
    found = {name.replace("_", " "): {"best": value} for name, value in best.items()}
    machine = {"cores": 2, "processor": "a CPU"}
    return {"machine": machine, "steps": {"M": {OURS: {"best": 100.0}, two(OURS): {"best": 60.0}, **found}}}


@pytest.mark.parametrize(
    ("products", "verdict"), [(100.0, "reached"), (90.0, "met"), (50.0, "missed")], ids=["reached", "met", "missed"]
)
def test_a_goal_is_reached_met_or_missed(products: float, verdict: str) -> None:
    row = judged(figures(matrix_products_alone=products))[0]
    assert row["what"] == f"M: {OURS} / {PRODUCTS}"
    assert row["value"] == 100 / products
    assert row["verdict"] == verdict


def test_a_goal_without_its_yardstick_says_what_is_missing() -> None:
    found = figures()
    found["steps"]["M"][SCAN] = {"skipped": "jax is not installed"}
    row = next(row for row in judged(found) if SCAN in row["what"])
    assert row["missing"] == f"{SCAN}: jax is not installed"
    assert "verdict" not in row


def test_the_picture_has_a_dot_and_a_word_for_each_contender_and_says_them_all() -> None:
    many = figures(**{f"peer_{k}": 100.0 + k for k in range(12)}, naive_NumPy=1e5)
    ax = picture.ratios(many)
    dots = {line.get_gid() for line in ax.get_lines()}
    names = {f"peer {k}" for k in range(12)} | {"naive NumPy"}
    assert names <= dots
    assert names | {"Downslope"} <= {text.get_text() for text in ax.texts}
    assert all(name in picture.in_words(many) for name in names)
    assert "naive NumPy 1e+03" in picture.in_words(many)


def test_a_cliff_is_found_where_time_grows_faster_than_flops() -> None:
    times = {"width 8": (1.0, 100), "width 16": (2.0, 200), "width 32": (9.0, 400)}
    points = {name: {"flops": n, "contenders": {OURS: {"best": t}}} for name, (t, n) in times.items()}
    assert cliffs({"points": points}) == ["width 32: 4.5 times the time for 2.0 times the FLOPs"]


def test_the_workloads_are_those_of_the_table() -> None:
    assert [(w.sizes, w.batch, w.rule) for w in (T, S, M)] == [
        ((2, 8, 8, 1), 10, "sgd"),
        ((64, 32, 10), 32, "adam"),
        ((64, 256, 256, 10), 128, "adam"),
    ]
    assert downslope_steps.rule_of(S).settings == adam(1e-3).settings


def test_micrograd_on_the_digits_is_extrapolated_and_said_to_be() -> None:
    # 88 weights and 10 rows against 2,368 and 32: 86 times as many products
    assert extrapolated(5_000.0) == "extrapolated from T by weights times rows: 430,545 µs a step"


def test_who_may_be_further_apart_says_why_and_is_still_refused_for_other_work() -> None:
    apart = [entry for entry in TABLE if entry.tolerance is not None]
    assert all(entry.differs for entry in apart)
    way = T.loss(T.start()) - (ours := loss_after_an_epoch(numpy_by_hand.by_hand, T))
    for share, refused in ((3e-4, False), (5e-4, True)):
        found: dict[str, dict[str, Any]] = {
            "first": {"result": [ours]},
            "known": {"result": [ours + share * way], "tolerance": 4e-4},
            "other": {"result": [ours + share * way]},
        }
        disagreement(found, T)
        assert ("error" in found["known"]) == refused
        assert "error" in found["other"]
