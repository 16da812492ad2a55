"""What every test shares: how hard hypothesis looks for counter-examples, and the reference values.

jaxtyping's import hook is left out on purpose: it would check annotations only, and src has none of its kind
(jaxtyping is no run dependency), so it would slow every import down and find nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from downslope.autodiff.legal import require_legal
from downslope.autodiff.trace import CHECKS

REFERENCE = Path(__file__).parent / "reference" / "reference_values.json"

# No deadline: the first call of anything traces and compiles, and says nothing about the second.
# In CI the examples are the same every time, so that a red build is the fault of its change.
settings.register_profile("default", deadline=None, max_examples=50, derandomize=bool(os.environ.get("CI")))
settings.register_profile("thorough", deadline=None, max_examples=2000)  # HYPOTHESIS_PROFILE=thorough make test
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Every graph that any test makes has the legal form, between all stages.
CHECKS.append(require_legal)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes a minute or more is begun first, so that no worker is left with it at the end: notebooks are slow."""
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker("slow")
    items.sort(key=lambda item: (item.path.suffix != ".ipynb", "whole_bank" not in item.name))


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Machine code of tests goes to a folder of their own, not to the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOWNSLOPE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def reference() -> dict[str, dict[str, Any]]:
    """Published numbers, recomputed independently: id -> entry with ``inputs``, ``expected``, ``atol`` and ``rtol``.

    ``expected`` holds within ``atol + rtol * |expected|``.
    """
    entries = json.loads(REFERENCE.read_text(encoding="utf-8"))["entries"]
    return {entry["id"]: entry for entry in entries}
