"""Start values: of the published size, from the seed and the layer's place alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from downslope import nn
from downslope.errors import DownslopeError
from downslope.nn.initialise import inside
from downslope.streams import Stream

Reference = dict[str, dict[str, Any]]
SHAPE = (200, 100)
DRAWN = {
    "normal": ("normal", 1e-4),
    "uniform": ("uniform", 0.05**2 / 3),
    "lecun_normal": ("normal", 1 / 200),
    "lecun_uniform": ("uniform", 1 / 200),
    "he_normal": ("normal", 2 / 200),
    "he_uniform": ("uniform", 2 / 200),
    "xavier_normal": ("normal", 2 / 300),
    "xavier_uniform": ("uniform", 2 / 300),
}
# A right initialiser fails each of these bounds for one seed in a million. The seed is fixed: no chance is left.
RARE = 1e-6


def test_every_initialiser_is_held_to_its_distribution_below() -> None:
    assert {f.__name__ for f in nn.INITIALISERS.values()} == {*DRAWN, "zeros", "constant", "orthogonal"}
    assert nn.INITIALISERS["xavier"] is nn.xavier is nn.xavier_uniform
    assert nn.INITIALISERS["he"] is nn.he is nn.he_normal
    assert nn.INITIALISERS["lecun"] is nn.lecun is nn.lecun_normal


@pytest.mark.parametrize("name", DRAWN)
def test_the_variance_is_the_published_one(name: str) -> None:
    kind, variance = DRAWN[name]
    w = nn.INITIALISERS[name](nn.generator(0, 1), SHAPE)
    assert w.shape == SHAPE
    sum_of_squares, n = float(np.sum(w**2)) / variance, w.size
    if kind == "normal":  # then it is chi-square distributed with n degrees of freedom
        low, high = stats.chi2.ppf([RARE / 2, 1 - RARE / 2], n)
    else:  # the squares of a uniform variable of variance 1 have mean 1 and variance 4/5
        low, high = stats.norm.ppf([RARE / 2, 1 - RARE / 2], n, math.sqrt(0.8 * n))
    assert low < sum_of_squares < high
    assert abs(w.mean()) < stats.norm.ppf(1 - RARE / 2) * math.sqrt(variance / n)


@pytest.mark.parametrize("name", DRAWN)
def test_the_shape_of_the_distribution(name: str) -> None:
    kind, variance = DRAWN[name]
    w = nn.INITIALISERS[name](nn.generator(0, 1), SHAPE).ravel()
    bound = math.sqrt(3 * variance)
    exact = stats.norm(0, math.sqrt(variance)) if kind == "normal" else stats.uniform(-bound, 2 * bound)
    assert stats.kstest(w, exact.cdf).pvalue > RARE
    assert kind == "normal" or abs(w).max() <= bound


@pytest.mark.parametrize("name", DRAWN)
def test_the_bounds_above_would_catch_a_variance_that_is_a_tenth_off(name: str) -> None:
    variance = DRAWN[name][1]
    w = nn.INITIALISERS[name](nn.generator(0, 1), SHAPE)
    low, high = stats.chi2.ppf([RARE / 2, 1 - RARE / 2], w.size)  # the wider of the two bounds
    for wrong in (variance / 1.1, variance * 1.1):
        assert not low < float(np.sum(w**2)) / wrong < high


@given(st.integers(2, 300), st.integers(1, 300), st.floats(0.1, 10))
def test_he_and_xavier_for_any_fans_and_gain(n_in: int, n_out: int, gain: float) -> None:
    rng = nn.generator(7, 1)
    bound = gain * math.sqrt(6 / (n_in + n_out))
    unit = nn.generator(7, 1).uniform(-1, 1, (n_in, n_out))
    np.testing.assert_allclose(nn.xavier_uniform(rng, (n_in, n_out), gain), bound * unit, rtol=1e-12, atol=1e-15)
    normal = nn.generator(7, 1).standard_normal((n_in, n_out))
    found = nn.he_normal(nn.generator(7, 1), (n_in, n_out), gain)
    np.testing.assert_allclose(found, gain / math.sqrt(n_in) * normal, rtol=1e-12)


@pytest.mark.parametrize("shape", [(6, 6), (8, 3), (3, 8), (3, 3, 4, 5), (2, 2, 2, 30)])
@pytest.mark.parametrize("gain", [1.0, math.sqrt(2)])
def test_orthogonal_matrices_keep_lengths(shape: tuple[int, ...], gain: float) -> None:
    w = nn.orthogonal(nn.generator(0, 1), shape, gain)
    assert w.shape == shape
    flat = w.reshape(-1, shape[-1])
    inner = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
    np.testing.assert_allclose(inner, gain**2 * np.eye(len(inner)), atol=1e-13)


def test_every_orthogonal_matrix_is_equally_likely() -> None:
    """Then each element of an n x n matrix has variance 1/n, and the trace mean 0; without the signs it has not."""
    rng = nn.generator(0, 1)
    many = np.array([nn.orthogonal(rng, (3, 3)) for _ in range(4000)])
    spread = stats.norm.ppf(1 - RARE / 2) / math.sqrt(len(many))
    assert abs(many.mean(axis=0)).max() < spread * math.sqrt(1 / 3)
    assert abs(np.trace(many, axis1=1, axis2=2).mean()) < spread


def test_constants() -> None:
    rng = nn.generator(0, 1)
    np.testing.assert_array_equal(nn.constant(rng, (2, 3), 0.5), np.full((2, 3), 0.5))
    np.testing.assert_array_equal(nn.constant(rng, (2,)), np.ones(2))
    assert not nn.zeros(rng, (2, 3)).any()


def test_an_option_is_set_with_a_partial() -> None:
    model = nn.mlp([300, 300, 1], init=partial(nn.normal, std=0.5))
    assert model.init()["dense1"]["w"].std() == pytest.approx(0.5, rel=0.02)


def test_places_inside_of_blocks_are_all_different() -> None:
    places = [inside(0, k) for k in range(1, 50)]
    assert places == list(range(1, 50))
    for some in (slice(0, 49), slice(49, 149)):  # blocks, and blocks inside of them
        places += [inside(place, k) for place in places[some] for k in range(20)]
    assert len(set(places)) == len(places)
    assert max(places) < 2**63


def test_he_for_784_inputs(reference: Reference) -> None:
    entry = reference["init.he"]
    shape = (entry["inputs"]["fan_in"], 256)
    drawn = nn.generator(0, 1).standard_normal(shape)
    np.testing.assert_allclose(nn.he_normal(nn.generator(0, 1), shape), entry["expected"]["he_std"] * drawn, rtol=1e-12)
    np.testing.assert_allclose(
        nn.he_normal(nn.generator(0, 1), shape, gain=1.0), entry["expected"]["lecun_std"] * drawn, rtol=1e-12
    )
    largest = abs(nn.he_uniform(nn.generator(0, 1), shape)).max()
    bound = entry["expected"]["he_bound"]
    assert bound * (1 - 1e-4) < largest <= bound + entry["atol"]  # the largest of 200,704 numbers comes close


def test_pytorchs_linear_is_he_uniform_with_another_gain(reference: Reference) -> None:
    entry = reference["init.torch_linear"]
    shape = (entry["inputs"]["fan_in"], 256)
    w = nn.he_uniform(nn.generator(0, 1), shape, gain=math.sqrt(1 / 3))
    bound = entry["expected"]["bound"]
    assert bound * (1 - 1e-4) < abs(w).max() <= bound + entry["atol"]
    spread = stats.norm.ppf(1 - RARE / 2) * math.sqrt(0.8 / w.size)
    assert float(np.mean(w**2)) == pytest.approx(entry["expected"]["var"], rel=spread)


def test_weights_of_size_one_explode_with_the_depth_and_those_of_size_lecun_do_not(reference: Reference) -> None:
    n = reference["init.depth_explosion"]["inputs"]["n"]
    growth = reference["init.depth_explosion"]["expected"]
    x = nn.generator(1, 9).standard_normal((20, n))
    # gain √n undoes the division by √fan_in, so that w is N(0, 1)
    for gain, factor in ((math.sqrt(n), growth), (1.0, 1.0)):
        h = x
        for place in (1, 2):
            h = nn.dense(n)({"w": nn.he_normal(nn.generator(0, place), (n, n), gain), "b": np.zeros(n)}, h)
        assert (h.std() / x.std()) ** 0.5 == pytest.approx(factor, rel=0.05)


def test_relu_layers_keep_the_size_of_signals_with_he_and_lose_it_without() -> None:
    x = nn.generator(1, 9).standard_normal((100, 400))
    sizes = {}
    for gain in (math.sqrt(2), 1.0):
        h = x
        for place in range(1, 11):
            h = nn.relu(h @ nn.he_normal(nn.generator(0, place), (400, 400), gain))
        sizes[gain] = float(np.mean(h**2))
    assert 0.5 < sizes[math.sqrt(2)] < 2
    assert sizes[1.0] / sizes[math.sqrt(2)] == pytest.approx(0.5**10)


# --- which numbers are drawn ------------------------------------------------------------------------------------------


def test_the_numbers_depend_on_the_seed_and_the_place_and_nothing_else() -> None:
    def draw(seed: int, place: int) -> Any:
        return nn.he_normal(nn.generator(seed, place), (50, 40)).ravel()

    np.testing.assert_array_equal(draw(3, 2), draw(3, 2))
    seen = [draw(seed, place) for seed in (0, 1, 2**64 - 1) for place in (1, 2, 3)]
    correlations = np.corrcoef(seen)[np.triu_indices(len(seen), 1)]
    assert abs(correlations).max() < stats.norm.ppf(1 - RARE / 2) / math.sqrt(seen[0].size)


def test_a_layer_starts_alike_whatever_the_other_layers_are() -> None:
    a, b = nn.mlp([6, 5, 4, 3]), nn.mlp([6, 5, 4, 3, 2], hidden="tanh", init="he")
    for name in ("dense1", "dense2"):
        np.testing.assert_array_equal(a.init(seed=5)[name]["w"], b.init(seed=5)[name]["w"])


def test_start_values_share_no_random_words_with_the_order_of_the_data() -> None:
    assert len({Stream.START, Stream.SPLIT, Stream.ORDER, Stream.DROPOUT}) == 4
    words = [np.random.Philox(key=np.array([0, s], np.uint64)).random_raw(1000) for s in (Stream.SPLIT, Stream.ORDER)]
    drawn = nn.generator(0, 1).bit_generator.random_raw(1000)
    assert not set(drawn.tolist()) & set(np.concatenate(words).tolist())


def test_float32_and_float64_start_with_the_same_numbers() -> None:
    model = nn.mlp([10, 5, 2])
    single, double = model.init(4, np.float32), model.init(4, np.float64)
    for name in single:
        assert single[name]["w"].dtype == single[name]["b"].dtype == np.float32
        assert double[name]["w"].dtype == double[name]["b"].dtype == np.float64
        np.testing.assert_array_equal(single[name]["w"], double[name]["w"].astype(np.float32))
        assert not double[name]["b"].any()


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (lambda: nn.generator(-1, 1), "init-seed", "the seed of the start values is -1"),
        (lambda: nn.mlp([2, 1]).init(2**64), "init-seed", "from 0 to 2**64 - 1"),
        (lambda: nn.mlp([2, 1]).init(0.5), "init-seed", "is 0.5"),  # type: ignore[arg-type]  # that is the point
        (lambda: nn.he_normal(nn.generator(0, 1), (3,)), "init-shape", "a weight of shape (3,) has no fan"),
        (lambda: nn.mlp([2, 1]).init(0, np.int64), "init-dtype", "parameters of type int64"),
        (lambda: nn.dense(2).init(0, (2,), bool), "init-dtype", "parameters of type bool"),
        (lambda: nn.mlp([2, 1], init="hee"), "unknown-name", "Did you mean 'he'?"),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], code: str, words: str) -> None:
    with pytest.raises(DownslopeError) as error:
        call()
    assert error.value.code == code
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
