"""The error function: as accurate as Python's own, on arrays, with its derivatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope.autodiff import grad, hessian, trace
from downslope.autodiff.primitives.special import erf


def off_by(x: Any, dtype: Any = np.float64) -> float:
    """The largest error in units in the last place of the right value, rounded to the type."""
    x = np.asarray(x, dtype)
    right = np.array([math.erf(float(v)) for v in x])
    return float(np.max(np.abs(erf(x) - right) / np.spacing(np.abs(right).astype(dtype)).astype(float)))


def test_it_is_within_3_units_in_the_last_place() -> None:
    x = np.linspace(-7, 7, 200_001)
    assert off_by(x) <= 3
    assert off_by(np.nextafter([1.0, -1, 6, -6], 0)) <= 3
    assert off_by([1.0, -1, 6, -6]) <= 3


def test_float32_stays_float32_within_4_units() -> None:
    x = np.linspace(-5, 5, 20_001, dtype=np.float32)
    assert erf(x).dtype == np.float32
    assert off_by(x, np.float32) <= 4


@given(st.floats(-1e308, 1e308))
def test_it_is_pythons_for_every_number(x: float) -> None:
    assert erf(np.array([x]))[0] == pytest.approx(math.erf(x), rel=1e-15, abs=5e-324)
    assert erf(-x) == -erf(x)


def test_zeros_infinities_and_nan() -> None:
    found = erf(np.array([0.0, -0.0, np.inf, -np.inf, np.nan]))
    np.testing.assert_array_equal(found, [0, 0, 1, -1, np.nan])
    assert math.copysign(1, found[1]) == -1
    assert erf(1) == pytest.approx(math.erf(1))
    assert erf(np.zeros((0, 3))).shape == (0, 3)
    assert erf(np.ones((2, 3))).shape == (2, 3)


def test_its_derivatives_are_those_of_the_bell_curve() -> None:
    for x in (-2.0, -0.3, 0.0, 1.0, 4.0):
        bell = 2 / math.sqrt(math.pi) * math.exp(-(x**2))
        assert grad(erf)(x) == pytest.approx(bell, rel=1e-14)
        assert hessian(erf)(np.array(x)) == pytest.approx(-2 * x * bell, rel=1e-14)


def test_the_printed_program_runs_with_numpy_alone() -> None:
    graph = trace(erf, np.linspace(-2, 2, 5))
    names: dict[str, Any] = {"np": np}
    exec(str(graph.program()), names)
    x = np.linspace(-2, 2, 5)
    np.testing.assert_allclose(names["erf"](x), erf(x), rtol=1e-15)
