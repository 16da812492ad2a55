"""Object code of tests goes to a folder of their own, not to the user's cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: Any) -> Iterator[None]:
    """One folder for the whole session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOWNSLOPE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
