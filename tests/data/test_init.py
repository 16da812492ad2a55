"""The room's door: light to open, and the same name always means the same thing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import downslope.data


def run_fresh(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_own_arrays_and_synthetic_sets_need_neither_polars_nor_scikit_learn() -> None:
    use = "d.arrays([[0.0], [1.0]], [0.5, 1.5], held_out=0); d.order(5, 0, 0); d.leakage(d.load('moons'))"
    loaded = run_fresh(f"import sys, downslope.data as d; {use}; print(*sys.modules)")
    assert not {"polars", "sklearn", "scipy", "pandas", "pyarrow"}.intersection(loaded)


def test_embedded_sets_do_not_need_polars_and_tables_do_not_need_scikit_learn() -> None:
    digits = run_fresh("import sys, downslope.data as d; d.digits(); print('polars.dataframe' in sys.modules)")
    table = run_fresh("import sys, downslope.data as d; d.lazy.read; print('sklearn' in sys.modules)")
    assert (digits, table) == (["False"], ["False"])


def test_importing_the_file_of_a_function_first_does_not_put_the_module_in_its_place() -> None:
    files_first = "import downslope.data.table, downslope.data.batches, downslope.data.corrupt, downslope.data as d"
    assert (
        run_fresh(f"{files_first}; print(callable(d.table), callable(d.batches), callable(d.corrupt))") == ["True"] * 3
    )


def test_every_listed_name_exists_and_others_are_attribute_errors() -> None:
    for name in dir(downslope.data):
        assert getattr(downslope.data, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'imagenet'"):
        _ = downslope.data.imagenet  # type: ignore[attr-defined]  # the point of the test
