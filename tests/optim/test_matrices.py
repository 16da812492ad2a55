"""Rules for whole arrays: the roots and bases that they are made of, and what algebra says about their steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope import optim
from downslope.optim.matrix_roots import inverse_root, orthogonal_basis
from downslope.optim.muon import orthogonalised


def random_matrix(seed: int, n: int, k: int) -> Any:
    return np.random.default_rng(seed).normal(size=(n, k))


SEEDS = st.integers(0, 2**32 - 1)


def first_step(rule: optim.Optimizer, g: Any, p: Any = None) -> Any:
    """How far and where the first step goes from p, or from 0."""
    p = np.zeros_like(g) if p is None else p
    return p - rule.step(p, g, rule.init(p), 1)[0]


@given(SEEDS, st.integers(1, 6), st.sampled_from([1, 2, 4]), st.floats(0, 7))
def test_the_roots_are_those_of_the_eigenvalues(seed: int, n: int, root: int, digits: float) -> None:
    turn = np.linalg.qr(random_matrix(seed, n, n))[0]
    values = np.geomspace(1, 10**-digits, n)
    found = inverse_root(turn @ np.diag(values) @ turn.T, root)
    expected = turn @ np.diag(values ** (-1 / root)) @ turn.T
    np.testing.assert_allclose(found, expected, atol=1e-13 * 10**digits * np.abs(expected).max())


@given(SEEDS, st.integers(1, 7), st.integers(0, 7))
def test_the_basis_is_orthogonal_and_makes_a_triangle_also_where_columns_depend_on_each_other(
    seed: int, n: int, rank: int
) -> None:
    a = random_matrix(seed, n, min(rank, n)) @ random_matrix(seed + 1, min(rank, n), n)
    q = orthogonal_basis(a)
    np.testing.assert_allclose(q.T @ q, np.eye(n), atol=1e-13)
    np.testing.assert_allclose(np.tril(q.T @ a, -1), 0, atol=1e-12 * max(1, np.abs(a).max()))


@given(SEEDS, st.integers(2, 5), st.integers(2, 5))
def test_muon_lifts_all_directions_to_nearly_the_same_length(seed: int, n: int, k: int) -> None:
    g = random_matrix(seed, n, k)
    left, values, right = np.linalg.svd(g, full_matrices=False)
    found = np.diag(left.T @ orthogonalised(g) @ right.T)
    usual = values / np.linalg.norm(g) > 0.01
    assert np.all((found[usual] > 0.65) & (found[usual] < 1.25))
    np.testing.assert_allclose(orthogonalised(g.T), orthogonalised(g).T, atol=1e-12)


def test_muon_takes_a_convolution_as_a_matrix_and_turns_with_its_gradient() -> None:
    g = np.random.default_rng(0).normal(size=(3, 2, 2, 2))
    rule = optim.muon(1.0)
    np.testing.assert_allclose(first_step(rule, g).reshape(3, 8), first_step(rule, g.reshape(3, 8)), rtol=1e-12)
    turn = np.linalg.qr(random_matrix(1, 3, 3))[0]
    flat = g.reshape(3, 8)
    np.testing.assert_allclose(first_step(rule, turn @ flat), turn @ first_step(rule, flat), atol=1e-12)


def test_muon_gives_vectors_to_adamw() -> None:
    g, p = np.array([1.0, -2.0]), np.array([3.0, 4.0])
    twin = optim.adamw(0.1 * 0.015, weight_decay=0.2 / 0.015)
    np.testing.assert_allclose(first_step(optim.muon(0.1, weight_decay=0.2), g, p), first_step(twin, g, p), rtol=1e-12)


def test_shampoo_divides_by_the_fourth_roots_of_what_it_has_seen() -> None:
    rule, p = optim.shampoo(0.1, eps=1e-3), random_matrix(0, 3, 4)
    state, L, R = rule.init(p), 1e-3 * np.eye(3), 1e-3 * np.eye(4)

    def fourth(a: Any) -> Any:
        values, vectors = np.linalg.eigh(a)
        return vectors @ np.diag(values**-0.25) @ vectors.T

    expected = p
    for t in range(1, 6):
        g = random_matrix(t, 3, 4)
        L, R = L + g @ g.T, R + g.T @ g
        expected = expected - 0.1 * fourth(L) @ g @ fourth(R)
        p, state = rule.step(p, g, state, t)
        np.testing.assert_allclose(p, expected, rtol=1e-9, atol=1e-11)


def test_soap_finds_the_directions_along_which_gradients_vary_independently() -> None:
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.normal(size=(n, n)))[0] for n in (3, 4))
    sizes = np.outer([9.0, 3.0, 1.0], [16.0, 8.0, 4.0, 2.0])
    rule = optim.soap(1e-3, beta2=0.99)
    p = np.zeros((3, 4))
    state = rule.init(p)
    for t in range(1, 400):
        p, state = rule.step(p, left @ (sizes * rng.normal(size=(3, 4))) @ right.T, state, t)
    for basis, truth in ((state["u"], left), (state["w"], right)):
        np.testing.assert_allclose(basis.T @ basis, np.eye(len(basis)), atol=1e-12)
        assert np.all(np.abs(np.diag(truth.T @ basis)) > 0.95)


def test_soap_without_turning_is_adam() -> None:
    soap, adam = optim.soap(0.1, largest=1), optim.adam(0.1, beta1=0.95, beta2=0.95)
    ours = theirs = random_matrix(0, 3, 4)
    state, twin = soap.init(ours), adam.init(theirs)
    for t in range(1, 10):
        g = random_matrix(t, 3, 4)
        ours, state = soap.step(ours, g, state, t)
        theirs, twin = adam.step(theirs, g, twin, t)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("rule", [optim.lamb(0.1), optim.lars(100.0, trust=1e-3, beta=0.0)], ids=str)
@given(seed=SEEDS, scale=st.floats(-6, 6))
def test_lamb_and_lars_move_every_array_by_the_same_part_of_its_length(
    rule: optim.Optimizer, seed: int, scale: float
) -> None:
    p, g = random_matrix(seed, 3, 4), 10**scale * random_matrix(seed + 1, 3, 4)
    assert np.linalg.norm(first_step(rule, g, p)) == pytest.approx(0.1 * np.linalg.norm(p))


def test_lamb_goes_where_adamw_goes() -> None:
    p, g = random_matrix(0, 3, 4), random_matrix(1, 3, 4)
    a = first_step(optim.lamb(0.1, weight_decay=0.3), g, p)
    b = first_step(optim.adamw(0.1, eps=1e-6, weight_decay=0.3), g, p)
    np.testing.assert_allclose(a / np.linalg.norm(a), b / np.linalg.norm(b), rtol=1e-9)


def test_sm3_is_never_bolder_than_adagrad() -> None:
    rule, p = optim.sm3(0.1), np.zeros((3, 4))
    state, total = rule.init(p), np.zeros((3, 4))
    for t in range(1, 10):
        g = random_matrix(t, 3, 4)
        total += g * g
        _, state = rule.step(p, g, state, t)
        assert np.all(np.minimum(state["row"], state["column"]) >= total * (1 - 1e-12))


@pytest.mark.parametrize(
    "rule", [optim.schedule_free_sgd(0.1, beta=0.0), optim.schedule_free_adamw(0.1, beta1=0.0)], ids=str
)
def test_a_schedule_free_average_is_the_mean_of_all_places(rule: optim.Optimizer) -> None:
    """With beta = 0 the parameters are z itself, and Polyak's average is their mean."""
    p = np.array([1.0, -2.0])
    state, visited = rule.init(p), []
    for t in range(1, 20):
        p, state = rule.step(p, p**3, state, t)
        visited.append(p)
        np.testing.assert_allclose(rule.for_evaluation(p, state), np.mean(visited, axis=0), rtol=1e-12)


def test_schedule_free_adamw_without_an_average_is_adamw_without_a_momentum() -> None:
    ours, twin = optim.schedule_free_adamw(0.1, beta1=0.0), optim.adamw(0.1, beta1=0.0, weight_decay=0.0)
    p = q = np.array([1.0, -2.0])
    state, theirs = ours.init(p), twin.init(q)
    for t in range(1, 20):
        p, state = ours.step(p, p**3, state, t)
        q, theirs = twin.step(q, q**3, theirs, t)
    np.testing.assert_allclose(p, q, rtol=1e-12)
