"""The recipes work as they stand: each writes one file into a copy of the package, and the entry is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")

# Run inside of the copy: what each entry says about itself, and a use of each.
PROBE = """
import doctest, importlib, json, sys
import numpy as np, downslope as ds
from downslope.cli import entries, places

sys.path.insert(0, sys.argv[1])
import pages

known = entries.everything()
links = pages.Links(known)
found = {}
for word in sys.argv[2:]:
    (entry,) = entries.find(word, known)
    found[word] = {"record": entry.record(), "page": pages.page(entry, links)}
    module = ".".join(entry.file.relative_to(places.PACKAGE.parent).with_suffix("").parts)
    tried = doctest.testmod(importlib.import_module(module))
    found[word]["doctests"] = [tried.attempted, tried.failed]

data = ds.data.load("stripes", count=3)
net = ds.nn.Model((2,), (ds.nn.scale(), ds.nn.dense(16, "tanh"), ds.nn.dense(2)))
run = ds.train(net, data, optimizer=ds.optim.power_sign(0.05), epochs=20, seed=0)
print(json.dumps({
    "found": found,
    "loss": [float(run.loss[:10].mean()), float(run.loss[-10:].mean())],
    "scale_moved": bool((np.asarray(run.params["scale1"]["w"]) != 1).any()),
    "slope": float(ds.grad(np.logaddexp2)(1.0, 3.0)),
    "minimum": [float(ds.surfaces.egg_crate(0, 0)), *map(float, ds.surfaces.egg_crate.gradient((0, 0)))],
}))
"""


@dataclass(frozen=True)
class Recipe:
    """A heading of the page, and the file that it writes or adds to."""

    title: str
    path: str
    is_new: bool
    code: str


def recipes(page: str) -> list[Recipe]:
    found = []
    for title, body in re.findall(r"^## (Add .*?)$(.*?)(?=^## |\Z)", page, flags=re.MULTILINE | re.DOTALL):
        block = r"^```\{code-block\} python\n:caption: (a new file, |at the end of )(\S+)\n\n(.*?)^```$"
        files = re.findall(block, body, flags=re.MULTILINE | re.DOTALL)
        assert len(files) == 1, f"{title!r} touches {len(files)} files"
        how, path, code = files[0]
        found.append(Recipe(title, path, how.startswith("a new"), code))
    return found


RECIPES = recipes(PAGE)
WORDS = {
    "Add an optimizer": "power_sign",
    "Add a layer": "scale",
    "Add a primitive": "logaddexp2",
    "Add a surface": "egg_crate",
    "Add a data set": "stripes",
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with every recipe followed."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "docs/errors.md"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    for recipe in RECIPES:
        file = root / recipe.path
        assert file.is_file() != recipe.is_new, f"{recipe.title!r}: {recipe.path}"
        with file.open("a", encoding="utf-8") as out:
            out.write(recipe.code if recipe.is_new else f"\n\n{recipe.code}")
    return root


def python(copy: Path, *arguments: str) -> str:
    path = {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1", "PATH": ""}
    done = subprocess.run([sys.executable, *arguments], cwd=copy, env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def seen(copy: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(python(copy, "-c", PROBE, str(ROOT / "docs" / "_ext"), *WORDS.values()))
    return answer


def test_there_is_a_recipe_for_each_kind_of_entry() -> None:
    assert [recipe.title for recipe in RECIPES] == list(WORDS)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_where_finds_the_entry_in_the_one_file_that_was_touched(
    recipe: Recipe, seen: dict[str, Any], copy: Path
) -> None:
    word = WORDS[recipe.title]
    record = seen["found"][word]["record"]
    assert record["kind"] == recipe.title.partition(" ")[2].partition(" ")[2]
    assert Path(record["file"]) == (copy / recipe.path).resolve()
    assert word in Path(record["file"]).read_text(encoding="utf-8").splitlines()[record["line"] - 1]
    assert record["sentence"] or record["formula"]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_the_entry_has_its_page(recipe: Recipe, seen: dict[str, Any]) -> None:
    word = WORDS[recipe.title]
    page = seen["found"][word]["page"]
    assert f"# {word.replace('_', chr(92) + '_')}" in page
    assert recipe.path in page


def test_what_the_optimizer_says_is_read_by_its_fixed_words(seen: dict[str, Any]) -> None:
    record = seen["found"]["power_sign"]["record"]
    assert record["formula"][0] == "m ← beta · m + (1 − beta) · g"
    assert record["settings"]["lr"] == "learning rate, above 0."
    assert record["source"].startswith("I. Bello et al.")
    assert record["differs"] == ["from the paper in having no decay of the exponent."]


def test_the_examples_in_the_recipes_are_right(seen: dict[str, Any]) -> None:
    for word in ("power_sign", "scale", "stripes"):
        attempted, failed = seen["found"][word]["doctests"]
        assert attempted
        assert not failed


def test_the_new_optimizer_trains_the_new_layer_on_the_new_data(seen: dict[str, Any]) -> None:
    first, last = seen["loss"]
    assert last < 0.5 * first
    assert seen["scale_moved"]


def test_the_new_primitive_has_the_slope_of_its_algebra(seen: dict[str, Any]) -> None:
    assert seen["slope"] == pytest.approx(2**1 / (2**1 + 2**3), rel=1e-12)
    assert seen["found"]["logaddexp2"]["record"]["derivative"]


def test_the_new_surface_is_lowest_where_it_says(seen: dict[str, Any]) -> None:
    assert seen["minimum"] == [0.0, 0.0, 0.0]


def test_the_new_primitive_keeps_the_contract_of_the_table(copy: Path) -> None:
    for name in ("conftest.py", "autodiff/test_primitives.py", "reference/reference_values.json"):
        (copy / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / name, copy / "tests" / name)
    mine = "logaddexp2 and not torch and not jax"  # one other library is enough, and is imported in a moment
    told = python(copy, "-m", "pytest", "tests", "-q", "-c", "/dev/null", "-p", "no:cacheprovider", "-k", mine)
    assert int(re.findall(r"(\d+) passed", told)[0]) >= 10
