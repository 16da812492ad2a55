"""Every vector function within a few units in the last place of the truth, and right at the edges of the numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from tests.autodiff.compile.machine.tools import evaluated, needs_machine

from downslope.nn import erf

pytestmark = needs_machine

# Function -> units in the last place. The truth is NumPy's in extended precision, where the platform has one.
BOUNDS: dict[str, float] = {
    "exp": 1, "exp2": 1, "expm1": 2, "log": 1, "log1p": 2, "log2": 2, "log10": 3, "sqrt": 0.51, "cbrt": 1.5,
    "sin": 2, "cos": 2, "tan": 3, "arcsin": 4, "arccos": 4, "arctan": 3, "sinh": 3, "cosh": 3, "tanh": 3,
    "arcsinh": 2, "arccosh": 3, "arctanh": 3, "rint": 0, "floor": 0, "ceil": 0, "trunc": 0, "sign": 0, "absolute": 0,
}  # fmt: skip
BOUNDS_OF_TWO: dict[str, float] = {"power": 2, "hypot": 2, "arctan2": 4, "maximum": 0, "minimum": 0, "divide": 0.51}
TYPES = (np.float32, np.float64)
PLAIN = st.floats(-1e6, 1e6).map(lambda y: y if abs(y) > 1e-3 else 0.0)
EXTENDED = np.finfo(np.longdouble).nmant > 52


def edges(dtype: Any) -> Any:
    facts = np.finfo(dtype)
    near = [
        facts.tiny,
        facts.tiny / 8,
        facts.max,
        facts.eps,
        1 + facts.eps,
        0.5,
        1.0,
        2.0,
        3.0,
        88.7,
        103.9,
        709.7,
        745.0,
    ]
    return np.array([0.0, *near, np.inf, np.nan, -0.0, *(-x for x in near), -np.inf], dtype)


def numbers(dtype: Any) -> Any:
    """Numbers of all sizes, and the edges."""
    rng, facts = np.random.default_rng(0), np.finfo(dtype)
    sizes = np.exp(rng.uniform(math.log(facts.tiny), math.log(facts.max) - 1, 1500)) * rng.choice([-1, 1], 1500)
    parts = [rng.normal(size=1500) * scale for scale in (1, 10, 300)]
    return np.concatenate([edges(dtype), *(x.astype(dtype) for x in (*parts, sizes, rng.uniform(-1, 1, 1500)))])


def units(found: Any, truth: Any) -> Any:
    """Distance in units of the last place; 0 where both are the same NaN or infinity, or both smaller than normal."""
    facts, rounded = np.finfo(found.dtype), truth.astype(found.dtype)
    same = (found == rounded) | (np.isnan(found) & np.isnan(rounded))
    flushed = (np.abs(rounded) <= facts.tiny) & (np.abs(found) <= facts.tiny)
    unit = np.spacing(np.maximum(np.abs(rounded), facts.tiny)).astype(np.longdouble)
    distance = np.abs(found.astype(np.longdouble) - truth) / unit
    distance = np.where(np.isfinite(found) == np.isfinite(rounded), distance, np.inf)
    return np.where((same & ~np.isfinite(rounded)) | flushed, 0, np.where(np.isnan(distance), np.inf, distance))


def assert_close(name: str, found: Any, truth: Any, bound: float, *given: Any) -> None:
    bound = bound if EXTENDED or found.dtype == np.float32 else bound + 1  # NumPy's own error counts too
    far = units(found, truth)
    worst = int(np.argmax(far))
    at = [x[worst] for x in given]
    assert far[worst] <= bound, f"{name}{at} = {found[worst]!r}, truth {truth[worst]!r}: {far[worst]:.1f} units"


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", BOUNDS)
@np.errstate(all="ignore")
def test_a_function_is_within_its_bound_everywhere(name: str, dtype: Any) -> None:
    f: Callable[[Any], Any] = getattr(np, name)
    x = numbers(dtype)
    if name in ("sin", "cos", "tan"):
        x = x[~(np.abs(x) > 1e8) | ~np.isfinite(x)]
    (found,) = evaluated(f, x)
    assert_close(name, found, f(x.astype(np.longdouble)), BOUNDS[name], x)


@pytest.mark.parametrize("dtype", TYPES)
@np.errstate(all="ignore")
def test_the_error_function_is_within_four_units(dtype: Any) -> None:
    x = numbers(dtype)
    (found,) = evaluated(erf, x)
    truth = np.array([math.erf(v) for v in x.tolist()])
    assert_close("erf", found, truth.astype(np.longdouble), 4, x)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", BOUNDS_OF_TWO)
@np.errstate(all="ignore")
def test_a_function_of_two_numbers_too(name: str, dtype: Any) -> None:
    f: Callable[[Any, Any], Any] = getattr(np, name)
    rng = np.random.default_rng(1)
    x, y = (grid.ravel() for grid in np.meshgrid(edges(dtype), edges(dtype)))
    x = np.concatenate([x, rng.normal(size=2000), np.exp(rng.normal(size=2000) * 6)]).astype(dtype)
    y = np.concatenate([y, rng.normal(size=2000) * 5, rng.normal(size=2000) * 8]).astype(dtype)
    (found,) = evaluated(f, x, y)
    assert_close(name, found, f(x.astype(np.longdouble), y.astype(np.longdouble)), BOUNDS_OF_TWO[name], x, y)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    "base", [0.9, 0.999, 0.5, 1.0, 1.0000001, 2.0, 10.0, 3e-38, 3e38, 1e-300, 1e300, 0.0, -2.0, math.inf]
)
@np.errstate(all="ignore")
def test_a_power_of_a_number_that_is_written_down_is_as_close(base: float, dtype: Any) -> None:
    rng = np.random.default_rng(2)
    y = np.concatenate([edges(dtype), np.arange(1, 3000), rng.normal(size=2000) * 8]).astype(dtype)
    (found,) = evaluated(lambda y: base**y, y)
    truth = np.longdouble(dtype(base)) ** y.astype(np.longdouble)
    assert_close(f"{base}**", found, truth, BOUNDS_OF_TWO["power"], y)


@given(hnp.arrays(np.float64, 33, elements=PLAIN), hnp.arrays(np.float64, 33, elements=PLAIN))
@np.errstate(all="ignore")
def test_division_rounded_down_and_what_is_left_are_numpys(x: Any, y: Any) -> None:
    left, down = evaluated(lambda x, y: [x % y, x // y], x, y)
    np.testing.assert_array_equal(left, x % y)
    np.testing.assert_array_equal(down, x // y)


@np.errstate(all="ignore")
def test_whole_numbers_divide_as_in_numpy_also_by_zero() -> None:
    x = np.array([5, -5, 5, -5, 0, 7, -(2**63), -(2**63), 12])
    y = np.array([3, 3, -3, -3, 0, 0, -1, 1, -4])
    left, down = evaluated(lambda x, y: [x % y, x // y], x, y)
    assert (left.tolist(), down.tolist()) == ((x % y).tolist(), (x // y).tolist())


def test_a_logarithm_of_sums_is_stable_for_large_numbers() -> None:
    x, y = np.array([1000.0, -1000.0, 0.0, np.inf, -np.inf]), np.array([1000.0, -1001.0, 40.0, 1.0, -np.inf])
    (found,) = evaluated(np.logaddexp, x, y)
    np.testing.assert_allclose(found, np.logaddexp(x, y), rtol=1e-15)


@pytest.mark.parametrize("dtype", TYPES)
def test_results_below_the_normal_numbers_are_zero_and_such_operands_count(dtype: Any) -> None:
    tiny = np.finfo(dtype).tiny
    x = np.array([tiny / 4, tiny, -tiny / 2], dtype)
    half, log, doubled = evaluated(lambda x: [x * dtype(0.5), np.log(np.abs(x)), x * dtype(8)], x)
    assert half.tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(log, np.log(np.abs(x.astype(np.longdouble))).astype(dtype), rtol=1e-6)
    assert doubled.tolist() == (x * dtype(8)).tolist()
