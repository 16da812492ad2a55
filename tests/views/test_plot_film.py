"""Animations of a network's flow, and three kinds of file: frames in the order of a step, errors before any work."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.views.test_network import worked

import downslope as ds
from downslope.errors import SettingError
from downslope.views.plot import encoder, film, flow_film

FORMS = ["gif", pytest.param("avif", marks=pytest.mark.skipif("avif" not in film.endings(), reason="no AVIF here"))]


@pytest.mark.parametrize("form", FORMS)
def test_one_step_is_a_frame_for_each_stage_and_light(form: str, tmp_path: Path) -> None:
    path = ds.plot.animate(worked(), tmp_path / f"a.{form}")
    assert path.stat().st_size < 300_000
    with Image.open(path) as moving:
        frames = []
        for k in range(moving.n_frames):  # type: ignore[attr-defined]  # of animated kinds
            moving.seek(k)
            frames.append(np.asarray(moving.convert("RGB"), int))
    assert len(frames) == 7
    changed = [float((np.abs(b - a).max(axis=2) > 60).mean()) for a, b in pairwise(frames)]
    assert all(0 < part < 0.1 for part in changed)  # something moves, and what stands still does not flicker


def test_a_run_shows_three_of_its_steps_with_the_same_units_in_all_of_them() -> None:
    run = ds.train(ds.nn.mlp([64, 20, 10]), ds.data.digits(), optimizer=ds.optim.adam(0.01), steps=40)
    found = flow_film.network_steps(run)
    assert [view.step for view in found] == [1, 6, 40]
    units = [[[unit.place for unit in layer.units] for layer in view.layers] for view in found]
    assert units[0] == units[1] == units[2]
    assert [view.step for view in flow_film.network_steps(run, steps=[2, 3])] == [2, 3]


@pytest.mark.parametrize("n", [1, 2, 3, 900])
def test_the_chosen_steps_are_of_the_run_and_end_with_its_last(n: int) -> None:
    steps = flow_film.chosen_steps(n)
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1]) == (1, n)
    assert len(steps) == min(n, 3)


def test_an_mp4_holds_each_frame_for_its_pause(tmp_path: Path) -> None:
    package = pytest.importorskip("imageio_ffmpeg")
    frames = [Image.new("RGB", (41, 31), colour) for colour in ("#d55e00", "#0072b2")]
    film.write(frames, tmp_path / "a.mp4", [500, 1000])
    command = [package.get_ffmpeg_exe(), "-i", str(tmp_path / "a.mp4"), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    read = subprocess.run(command, capture_output=True, check=True).stdout
    moving = np.frombuffer(read, np.uint8).reshape(-1, 30, 40, 3)  # H.264 takes even numbers
    assert len(moving) == 1.5 * film.A_SECOND
    shown = moving.mean(axis=(1, 2))
    is_orange = [bool(red > blue) for red, _, blue in shown]
    assert is_orange == [True] * 10 + [False] * 20


def test_a_folder_that_does_not_exist_is_said_by_ffmpeg(tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg")
    with pytest.raises(SettingError, match="No such file"):
        film.write([Image.new("RGB", (40, 30))] * 2, tmp_path / "none" / "a.mp4", [50, 50])


@pytest.mark.parametrize("name", ["a.webm", "a"])
def test_another_ending_is_refused_before_a_frame_is_drawn(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="animation-ending"):
        ds.plot.animate(worked(), tmp_path / name, progress=lambda *_: pytest.fail("a frame was drawn"))


def test_an_mp4_without_its_package_is_refused_with_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Any:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(encoder, "import_module", missing)
    with pytest.raises(SettingError, match="pip install imageio-ffmpeg") as refused:
        ds.plot.animate(worked(), tmp_path / "a.mp4", progress=lambda *_: pytest.fail("a frame was drawn"))
    assert refused.value.code == "animation-package"


def test_what_does_not_move_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="view-unpainted"):
        ds.plot.animate(ds.surfaces.by_name("bowl"), tmp_path / "a.gif")


def test_a_list_of_descents_moves_too(tmp_path: Path) -> None:
    paths = [ds.descend("bowl", ds.optim.gradient_descent(rate), steps=4) for rate in (0.1, 0.4)]
    with Image.open(ds.plot.animate(paths, tmp_path / "a.gif")) as moving:
        assert moving.n_frames == 5  # type: ignore[attr-defined]  # of animated kinds


@pytest.mark.skipif("avif" not in film.endings(), reason="Pillow carries no AVIF on this platform")
def test_an_avif_holds_no_date_and_still_moves(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("#d55e00", "#0072b2", "#007a5a")]
    film.write(frames, tmp_path / "a.avif", [100, 200, 300])
    written = (tmp_path / "a.avif").read_bytes()
    for name in (b"mvhd", b"tkhd", b"mdhd"):
        at = written.index(name)
        assert not any(written[at + 8 : at + (24 if written[at + 4] else 16)])
    with Image.open(tmp_path / "a.avif") as moving:
        assert moving.n_frames == 3  # type: ignore[attr-defined]  # of animated kinds
        moving.seek(2)
        red, green, _ = moving.convert("RGB").getpixel((5, 5))  # type: ignore[misc]  # three numbers
        assert green > red
