"""Published numbers that instruments give at steps whose gradients and curvatures are planted.

Sources: McCandlish et al. 2018; Cohen et al. 2021 and 2022.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.instruments.bowls import bowl, facts, rows_of
from tests.reference.tools import Expect

from downslope.instruments.edge import edge
from downslope.instruments.noise_scale import noise_scale


def test_what_the_noise_scale_predicts_for_batches_below_and_above_it(expect: Expect) -> None:
    """Two rows m ± 1: the noise is 2 and |G|² is m² − 1, so B / B_simple is m² − 1."""
    found: dict[float, Any] = {}
    for ratio in expect.inputs("noise_scale")["ratio"]:
        m = (1 + ratio) ** 0.5
        told = noise_scale(rows_of([m - 1], [m + 1])).facts
        found[ratio] = {"steps": told["steps"], "examples": told["examples"], "lr": told["rate"]}
    expect("noise_scale", found)


def test_the_edge_of_stability_of_each_rule(expect: Expect) -> None:
    beta = expect.inputs("eos.adam38")["beta"]
    rules = {
        "gd": facts("gradient_descent"),
        "hb": facts("momentum", beta=beta),
        "ema": facts("momentum", beta=beta, dampening=beta),
        "nesterov": facts("nesterov", beta=beta),
    }
    limits = {name: edge(bowl(np.eye(2), rule=rule, lr=0.01)).facts["limit"] * 0.01 for name, rule in rules.items()}
    expect("eos.adam38", limits)
    adam = bowl(np.eye(2), rule=facts("adam", beta1=beta, beta2=0.999, eps=1e-8), lr=0.01)
    adam.optimizer_state = {"v": adam.params}
    expect("eos.adam38", {**limits, "ema": edge(adam).facts["limit"] * 0.01})
