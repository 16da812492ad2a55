"""Dropout: how much it keeps, the same mask on every replay; and activations as layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from downslope import nn
from downslope.autodiff import grad, trace
from downslope.errors import DownslopeError

RARE = 1e-6
ONES = np.ones((40, 250))


def masked(p: float = 0.5, seed: int = 0, t: int = 1, place: int = 1, x: Any = ONES) -> Any:
    return nn.dropout(p).train({}, {}, x, seed, t, place)[0]


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_the_share_that_is_kept_is_within_binomial_bounds(p: float) -> None:
    kept = int(np.count_nonzero(masked(p)))
    low, high = stats.binom.ppf([RARE / 2, 1 - RARE / 2], ONES.size, 1 - p)
    assert low <= kept <= high
    assert set(np.unique(masked(p))) == {0.0, 1 / (1 - p)}


def test_the_mean_over_many_steps_is_the_input() -> None:
    x = np.array([[1.0, -2.0, 3.0]])
    mean = np.mean([masked(0.3, t=t, x=x) for t in range(1, 5001)], axis=0)
    spread = np.abs(x) * np.sqrt(0.3 / 0.7 / 5000)
    assert (np.abs(mean - x) < stats.norm.ppf(1 - RARE / 2) * spread).all()


def test_the_mask_follows_from_seed_step_and_place() -> None:
    np.testing.assert_array_equal(masked(), masked())
    np.testing.assert_array_equal(masked(x=ONES.astype(np.float32)), masked())
    others = [masked(seed=1), masked(t=2), masked(place=2), masked(seed=2**64 - 1), masked(t=2**53)]
    columns = [m.ravel() for m in (masked(), *others)]
    correlations = np.corrcoef(columns)[np.triu_indices(len(columns), 1)]
    assert abs(correlations).max() < stats.norm.ppf(1 - RARE / 2) / np.sqrt(ONES.size)


def test_every_dialect_replays_every_step() -> None:
    model = nn.Model((6,), (nn.dropout(0.5), nn.residual(nn.dropout(0.5), nn.dense(6)), nn.dropout(0.2)))
    params, x = model.init(), np.ones((3, 6), np.float32)
    graph = trace(lambda params, x, t: model.train(params, {}, x, 7, t)[0], params, x, 1)
    for t in (1, 2, 2**24 + 1, 1):  # a float32 has no 2**24 + 1
        expected = model.train(params, {}, x, 7, t)[0]
        for evaluate in (graph, graph.program(), graph.program("in place")):
            np.testing.assert_allclose(evaluate(params, x, t), expected, rtol=1e-6)
    assert (graph(params, x, 1) != graph(params, x, 2)).any()


def test_no_two_dropouts_of_a_model_share_a_mask() -> None:
    drops = tuple(nn.dropout(0.5) for _ in range(3))
    block = nn.sequential(*drops, nn.sequential(*drops), nn.residual(*drops, shortcut=nn.dropout(0.5)))
    model = nn.Model((500,), (*drops, block, block.named("again")))
    nodes = trace(lambda x, t: model.train({}, {}, x, 0, t)[0], np.ones((1, 500)), 1).nodes
    places = [node.attrs["place"] for node in nodes if node.primitive.name == "random_uniform"]
    assert len(places) == 3 + 2 * (3 + 3 + 4) == len(set(places))


def test_the_adjoint_goes_where_the_signal_went() -> None:
    g = grad(lambda x: np.sum(nn.dropout(0.5).train({}, {}, x, 0, 1)[0]))(ONES)
    np.testing.assert_array_equal(g, masked())


def test_inference_and_p_0_leave_x_as_it_is() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3))
    assert nn.dropout(0.5)({}, x) is x
    assert nn.dropout(0).train({}, {}, x, 0, 1)[0] is x


def test_a_nan_is_not_hidden() -> None:
    assert np.isnan(masked(x=np.full((10, 10), np.nan))).all()


def test_an_activation_as_a_layer() -> None:
    x = np.linspace(-2, 2, 6).reshape(2, 3)
    np.testing.assert_array_equal(nn.activate("gelu")({}, x), nn.gelu(x))
    assert nn.Model((3,), (nn.activate("relu"), nn.dense(1))).init().keys() == {"dense1"}


WRONG: Any = nn


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (lambda: nn.dropout(1.0), "layer-setting", "p is 1.0"),
        (lambda: nn.dropout(-0.1), "layer-setting", "from 0 to below 1"),
        (lambda: WRONG.dropout("half"), "layer-setting", "p is 'half'"),
        (lambda: nn.dropout(float("nan")), "layer-setting", "p is nan"),
        (lambda: nn.activate("gleu"), "unknown-name", "Did you mean 'gelu'?"),
        (lambda: masked(seed=-1), "random-word", "seed of random numbers is -1"),
        (lambda: masked(t=-1), "random-word", "the step t of random numbers is -1"),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], code: str, words: str) -> None:
    with pytest.raises(DownslopeError) as error:
        call()
    assert error.value.code == code
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
