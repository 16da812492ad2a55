"""`import downslope` costs NumPy and little more. No clock here (`make bench` has it): the tests name the causes."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "hypothesis",
    "jax",
    "keras",
    "llvmlite",
    "matplotlib",
    "numba",
    "pandas",
    "PIL",
    "polars",
    "pyarrow",
    "pytest",
    "rich",
    "scipy",
    "sklearn",
    "tensorflow",
    "torch",
    "typer",
)


def loaded_by(program: str) -> set[str]:
    """Top-level names in ``sys.modules`` after a program has run in a fresh interpreter."""
    listing = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", f"{program}\n{listing}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{program!r} fails in a fresh interpreter:\n{done.stderr}"
    return set(done.stdout.splitlines()[-1].split())


def test_the_listing_sees_a_heavy_module() -> None:
    assert "rich" in loaded_by("import rich")


def test_importing_downslope_loads_numpy_and_nothing_heavy() -> None:
    loaded = loaded_by("import downslope")
    assert "downslope" in loaded
    assert not loaded.intersection(HEAVY)


def test_a_first_gradient_loads_nothing_heavy() -> None:
    loaded = loaded_by("import downslope as ds; assert ds.grad(lambda x: x * x)(3.0) == 6.0")
    assert "numpy" in loaded
    assert not loaded.intersection(HEAVY)
