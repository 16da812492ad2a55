"""Small runs that several tests look into."""

from __future__ import annotations

from functools import cache
from typing import Any

import downslope as ds
from downslope.runs import Run


@cache
def moons() -> Any:
    """Two half moons, 120 rows of which 96 are trained on."""
    return ds.data.load("moons", n=120)


def trained(steps: int = 60, **changes: Any) -> Run:
    """A tanh network on the half moons, with Adam and mini-batches of 20: five steps an epoch, the last one smaller."""
    settings: dict[str, Any] = {"optimizer": ds.optim.adam(0.02), "batch_size": 20, "steps": steps, "seed": 3}
    return ds.train(ds.nn.mlp([2, 6, 2], hidden="tanh"), moons(), **{**settings, **changes})
