"""Numbers as they are sent to a page: five digits, and None for what JSON cannot hold."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import example, given, strategies as st

from downslope.views.thin import or_none
from downslope.views.values import all_in_short, in_short

numbers = st.floats() | st.floats(-1, 1) | st.integers(-(10**6), 10**6).map(float)


@given(st.lists(numbers, max_size=20))
@example([0.0, -0.0, 9.99996, 0.999995, 99999.5, 12345.5, 0.5, 1e22, 1e23, 5e-324, 1.7e308, math.nan, -math.inf])
def test_many_at_once_have_five_digits_and_are_the_nearest_such_numbers(values: list[float]) -> None:
    for value, found in zip(values, all_in_short(np.array(values)), strict=True):
        if not math.isfinite(value):
            assert found is None
            continue
        assert found is not None
        assert float(f"{found:.5g}") == found
        one = in_short(value)
        assert one is not None
        # Half way between two of them, to rounding, either is near.
        assert found == one or abs(abs(found - value) - abs(one - value)) <= 1e-10 * abs(value)


@given(st.lists(numbers, max_size=20))
def test_what_is_not_finite_is_none_and_all_else_is_as_it_was(values: list[float]) -> None:
    assert or_none(np.array(values, float)) == tuple(v if math.isfinite(v) else None for v in values)
