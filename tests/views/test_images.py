"""The pictures at the top of the README: the same bytes every time, light, and with words for who does not see them."""

from __future__ import annotations

import importlib.util
import xml.etree.ElementTree as ET
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features
from threadpoolctl import threadpool_info

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "images"
SVG = "{http://www.w3.org/2000/svg}"
ASKED = ["gradient-descent-steps", "backpropagation-flow"]


MEASURED = {"benchmark.svg", "growth.svg"}  # drawn by `make bench`, of figures that are never the same


@pytest.fixture(scope="module")
def draw() -> Any:
    spec = importlib.util.spec_from_file_location("draw", IMAGES / "draw.py")
    assert spec is not None and spec.loader is not None  # noqa: PT018 -- for the type checker
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drawn(draw: Any, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    draw.main(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def as_pinned() -> bool:
    """Whether what draws is what drew the pictures that are kept: the pinned versions, and BLAS for the same CPUs."""
    if not any(library.get("architecture") == "SkylakeX" for library in threadpool_info()):
        return False
    pins = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    return all(f"{name}=={version(name)} " in pins for name in ("matplotlib", "numpy", "pillow"))


@pytest.mark.slow
def test_a_drawing_is_the_same_bytes_as_the_pictures_that_are_kept(draw: Any, tmp_path: Path) -> None:
    found = drawn(draw, tmp_path / "a")
    kept = {path.name: path.read_bytes() for path in IMAGES.iterdir() if path.suffix in (".svg", ".avif", ".md")}
    kept = {name: content for name, content in kept.items() if name not in MEASURED}
    assert found.keys() == kept.keys()
    # Other versions draw other bytes: there it is a second drawing that must be the same.
    other = kept if as_pinned() else drawn(draw, tmp_path / "b")
    assert [name for name in found if found[name] != other[name]] == []


@pytest.mark.parametrize("name", ASKED)
def test_they_are_light_and_an_animation_has_a_frame_for_every_stage(name: str) -> None:
    assert (IMAGES / f"{name}.svg").stat().st_size <= 150_000
    if not features.check("avif"):
        pytest.skip("Pillow carries no AVIF on this platform")
    assert (IMAGES / f"{name}.avif").stat().st_size <= 150_000
    moving = IMAGES / f"{name}-animated.avif"
    assert moving.stat().st_size <= 600_000
    with Image.open(moving) as film, Image.open(IMAGES / f"{name}.avif") as still:
        assert film.n_frames == {"gradient-descent-steps": 21, "backpropagation-flow": 14}[name]  # type: ignore[attr-defined]  # of animated kinds
        assert film.size == still.size
        assert still.getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize("name", [*ASKED, "digits-loss"])
def test_every_svg_carries_its_text_alternative_and_loads_nothing(draw: Any, name: str) -> None:
    root = ET.parse(IMAGES / f"{name}.svg").getroot()
    title, words = draw.TEXTS[name]
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}desc") == words
    assert root.findtext(f"{SVG}title")
    links = [value for each in root.iter() for key, value in each.attrib.items() if key.endswith("href")]
    assert all(link.startswith("#") for link in links)
    assert words in (IMAGES / "README.md").read_text(encoding="utf-8")
    assert title in (IMAGES / "README.md").read_text(encoding="utf-8")


def test_the_numbers_of_the_text_alternatives_are_those_of_the_runs(draw: Any) -> None:
    small, right, large = draw.descent_steps.paths()
    words = draw.TEXTS["gradient-descent-steps"][1]
    for number in (f"{small.values[-1]:.2g}", "2.3e-7", f"{large.values[-1]:.2g}", f"{right.values[1]:.4g}"):
        assert number in words
    assert f"{right.values[-1]:.1e}" == "2.3e-07"
    assert "({:.3f}, {:.3f})".format(*right.points[1]) in words
    first, second = draw.worked_example()
    words = draw.TEXTS["backpropagation-flow"][1]
    for layer in first.layers:
        for unit in layer.units:
            assert f"{unit.value:.4g}" in words
            assert unit.error is None or f"{unit.error:.4g}" in words
    assert f"{first.loss:.4g}" in words
    assert second.loss < first.loss


def test_above_the_limit_of_the_rate_the_descent_diverges_and_below_it_does_not(draw: Any) -> None:
    small, right, large = draw.descent_steps.paths()
    limit = large.stability.limit
    assert [path.optimizer.lr < limit for path in (small, right, large)] == [True, True, False]
    assert limit == pytest.approx(2 / 4.8)  # λmax of 0.3 (x + y)² + 1.2 (x − y)² is 4 · 1.2
    for path in (small, right):
        assert (np.diff(path.values) < 0).all()
    assert large.values[-1] > large.values[0]
