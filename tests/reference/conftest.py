"""The fixture that every test of this folder speaks through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.reference.tools import Expect


@pytest.fixture
def expect(reference: dict[str, dict[str, Any]], request: pytest.FixtureRequest) -> Iterator[Expect]:
    """``expect("mazur.E", value)``: the published number, within its own tolerance. A test that asks nothing fails."""
    asked, failed_before = Expect(reference), request.session.testsfailed
    yield asked
    if request.session.testsfailed == failed_before:
        assert asked.used, "this test compares nothing with a published number"
