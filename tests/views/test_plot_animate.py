"""Animations of descents: a frame for a step, small files, and only what moves changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.views.tools import view

from downslope.views.plot.animate import MOST_FRAMES, animation, endings


def test_a_gif_of_100_steps_is_small_has_a_frame_for_each_and_moves(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    payload = view("rosenbrock", "adam(lr=0.1)", steps=100)
    steps = animation(payload, tmp_path / "a.gif", progress=lambda done, total: told.append((done, total)))
    assert steps == list(range(101))
    assert told[-1] == (101, 101)
    assert (tmp_path / "a.gif").stat().st_size < 2_000_000
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 101  # type: ignore[attr-defined]  # of animated kinds
        first = np.asarray(film.convert("RGB"), int)
        film.seek(100)
        last = np.asarray(film.convert("RGB"), int)
    changed = np.abs(last - first).max(axis=2) > 60
    assert 0.001 < changed.mean() < 0.1  # the path, the curve and the words; not the map


def test_a_long_descent_has_120_frames_of_which_the_last_is_its_end(tmp_path: Path) -> None:
    steps = animation(view("bowl", "gradient_descent(lr=0.001)", steps=5000), tmp_path / "a.gif")
    assert (len(steps), steps[0], steps[-1]) == (MOST_FRAMES, 0, 5000)
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == MOST_FRAMES  # type: ignore[attr-defined]  # of animated kinds


@pytest.mark.skipif("avif" not in endings(), reason="Pillow carries no AVIF on this platform")
def test_an_animated_avif_is_far_smaller_than_the_gif(tmp_path: Path) -> None:
    payload = view("himmelblau", "adam(lr=0.3)", steps=12)
    for ending in ("gif", "avif"):
        assert len(animation(payload, tmp_path / f"a.{ending}")) == 13
    with Image.open(tmp_path / "a.avif") as film:
        assert (film.n_frames, film.format) == (13, "AVIF")  # type: ignore[attr-defined]  # of animated kinds
    assert 3 * (tmp_path / "a.avif").stat().st_size < (tmp_path / "a.gif").stat().st_size
