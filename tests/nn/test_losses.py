"""Losses: their numbers and gradients, for logits of a thousand too, and targets that do not fit."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from tests.nn.tools import agree

from downslope import nn
from downslope.autodiff import check_gradients, grad, per_example, trace, value_and_grad
from downslope.errors import DownslopeError, ShapeError

Reference = dict[str, dict[str, Any]]
LOGITS = hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.floats(-1000, 1000))


def assert_close(found: Any, entry: dict[str, Any], expected: Any = None) -> None:
    expected = entry["expected"] if expected is None else expected
    np.testing.assert_allclose(found, expected, atol=entry["atol"], rtol=entry["rtol"])


def test_a_task_has_its_loss() -> None:
    assert nn.loss_for("classification") is nn.softmax_cross_entropy
    assert nn.loss_for("regression") is nn.mse


# --- mean squared error -----------------------------------------------------------------------------------------------


def test_mse_is_the_mean_over_all_numbers() -> None:
    p, y = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[0.0, 2.0], [3.0, 3.0]])
    assert nn.mse(p, y) == (1 + 0 + 0 + 4) / 4
    np.testing.assert_array_equal(grad(nn.mse)(p, y), 2 * (p - y) / 4)


def test_half_of_it_has_half_its_gradient(reference: Reference) -> None:
    entry = reference["convention.half"]
    p, y = np.array([[1.0], [2.0], [4.0]]), np.zeros((3, 1))
    half = grad(lambda p: np.sum((p - y) ** 2) / (2 * len(p)))(p)
    assert_close(grad(nn.mse)(p, y) / half, entry, np.full((3, 1), entry["expected"]["factor"]))


def test_mse_agrees_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    p, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    theirs = torch.tensor(p, requires_grad=True)
    loss = torch.nn.functional.mse_loss(theirs, torch.tensor(y))
    loss.backward()
    assert nn.mse(p, y) == pytest.approx(loss.item(), rel=1e-14)
    np.testing.assert_allclose(grad(nn.mse)(p, y), theirs.grad.numpy(), rtol=1e-12)


# --- cross-entropy ----------------------------------------------------------------------------------------------------


@given(LOGITS, st.data())
def test_cross_entropy_is_finite_and_its_gradient_is_softmax_minus_the_target(z: Any, data: st.DataObject) -> None:
    B, C = z.shape
    y = np.array(data.draw(st.lists(st.integers(0, C - 1), min_size=B, max_size=B)))
    one_hot = np.eye(C)[y]
    loss = nn.softmax_cross_entropy(z, y)
    assert 0 <= loss <= 2000 + math.log(C)
    assert nn.softmax_cross_entropy(z, one_hot) == pytest.approx(loss, rel=1e-12)
    expected = (nn.softmax(z) - one_hot) / B
    np.testing.assert_allclose(grad(nn.softmax_cross_entropy)(z, y), expected, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(grad(nn.softmax_cross_entropy)(z, one_hot), expected, rtol=1e-9, atol=1e-15)


def test_logits_of_a_thousand_and_of_minus_a_thousand() -> None:
    z = np.array([[1000.0, -1000.0, 0.0], [-1000.0, -1000.0, -1000.0], [-1000.0, 1000.0, -1000.0]])
    y = np.array([1, 2, 1])
    assert nn.softmax_cross_entropy(z, y) == pytest.approx((2000 + math.log(3) + 0) / 3, rel=1e-15)
    g = grad(nn.softmax_cross_entropy)(z, y)
    np.testing.assert_allclose(g, np.array([[1, -1, 0], [1 / 3, 1 / 3, -2 / 3], [0, 0, 0]]) / 3, atol=1e-16)


def test_cross_entropy_holds_logsumexp(reference: Reference) -> None:
    z = np.array([[1000.0, 1000.0]])
    assert_close(1000 + nn.softmax_cross_entropy(z, np.array([0])), reference["logsumexp.big"])


def test_a_network_that_knows_nothing_has_the_loss_log_c(reference: Reference) -> None:
    entry = reference["cs231n.init_loss"]
    for C, expected in zip(entry["inputs"]["C"], entry["expected"], strict=True):
        model = nn.mlp([5, 8, C], init="zeros")
        z = model(model.init(), np.ones((4, 5), np.float32))
        assert_close(nn.softmax_cross_entropy(z, np.arange(4) % C), entry, expected)
        assert nn.softmax_cross_entropy(z, np.arange(4) % C) == pytest.approx(math.log(C), rel=1e-6)


def test_label_smoothing(reference: Reference) -> None:
    entry = reference["label_smoothing.grad"]
    smoothed = partial(nn.softmax_cross_entropy, label_smoothing=entry["inputs"]["eps"])
    for y in (np.array([0]), np.eye(3)[[0]]):
        z = np.array([entry["inputs"]["logits"]])
        assert_close(smoothed(z, y), entry, entry["expected"]["loss"])
        assert_close(grad(smoothed)(z, y)[0], entry, entry["expected"]["grad"])


def test_soft_targets_as_in_label_smoothing(reference: Reference) -> None:
    entry = reference["label_smoothing.grad"]
    z, y = np.array([entry["inputs"]["logits"]]), np.array([entry["expected"]["target"]])
    assert_close(nn.softmax_cross_entropy(z, y), entry, entry["expected"]["loss"])
    assert_close(grad(nn.softmax_cross_entropy)(z, y)[0], entry, entry["expected"]["grad"])


@pytest.mark.parametrize("soft", [False, True])
def test_cross_entropy_agrees_with_pytorch(soft: bool) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    z = rng.normal(size=(7, 4)) * 10
    y: Any = rng.dirichlet(np.ones(4), size=7) if soft else rng.integers(0, 4, 7)
    theirs = torch.tensor(z, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(theirs, torch.tensor(y))
    loss.backward()
    assert nn.softmax_cross_entropy(z, y) == pytest.approx(loss.item(), rel=1e-13)
    np.testing.assert_allclose(grad(nn.softmax_cross_entropy)(z, y), theirs.grad.numpy(), rtol=1e-10, atol=1e-16)


def test_the_mean_of_the_gradients_of_all_examples_is_that_of_the_batch() -> None:
    rng = np.random.default_rng(0)
    w, x, y = rng.normal(size=(3, 4)), rng.normal(size=(6, 3)), rng.integers(0, 4, 6)

    def f(w: Any, x: Any, y: Any) -> Any:
        return nn.softmax_cross_entropy(x @ w, y)

    np.testing.assert_allclose(per_example(f)(w, x, y).mean(axis=0), grad(f)(w, x, y), rtol=1e-12)


# --- the other losses, against PyTorch and the books ------------------------------------------------------------------


def focal_by_its_definition(z: Any, y: Any, torch: Any) -> Any:
    log_p = torch.log_softmax(z, 1)[torch.arange(len(y)), y]
    return torch.mean(-((1 - torch.exp(log_p)) ** 2) * log_p)


TWINS: dict[str, Any] = {
    "mse": lambda z, y, f, torch: f.mse_loss(z, y),
    "half_mse": lambda z, y, f, torch: f.mse_loss(z, y) / 2,
    "mae": lambda z, y, f, torch: f.l1_loss(z, y),
    "huber": lambda z, y, f, torch: f.huber_loss(z, y),
    "bce_with_logits": lambda z, y, f, torch: f.binary_cross_entropy_with_logits(z, y),
    "softmax_cross_entropy": lambda z, y, f, torch: f.cross_entropy(z, y),
    "hinge": lambda z, y, f, torch: f.multi_margin_loss(z, y) * z.shape[1],
    "focal": lambda z, y, f, torch: focal_by_its_definition(z, y, torch),
}
NUMBERS = {"mse", "half_mse", "mae", "huber", "bce_with_logits"}


def test_every_loss_has_a_twin() -> None:
    assert {loss.__name__ for loss in nn.LOSSES.values()} == set(TWINS)


def targets(name: str, rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    if name in NUMBERS:
        return rng.random(shape) if name == "bce_with_logits" else rng.normal(size=shape)
    return rng.integers(0, shape[1], shape[0])


@pytest.mark.parametrize("name", TWINS)
def test_values_and_gradients_agree_with_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    z = rng.normal(size=(7, 4)) * 3
    y = targets(name, rng, z.shape)
    given = torch.tensor(y)
    agree(lambda z: nn.LOSSES[name](z, y), lambda z: TWINS[name](z, given, torch.nn.functional, torch), z, atol=1e-15)


@pytest.mark.parametrize("name", ["softmax_cross_entropy", "bce_with_logits", "hinge"])
def test_logits_of_plus_and_minus_a_thousand_agree_with_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    z = np.array([[1000.0, -1000, 0], [-1000, -1000, -1000], [0, 0, 1000], [1000, 1000, -1000]])
    y: Any = np.array([1, 2, 2, 0])
    y = np.eye(3)[y] if name in NUMBERS else y
    given = torch.tensor(y)
    agree(lambda z: nn.LOSSES[name](z, y), lambda z: TWINS[name](z, given, torch.nn.functional, torch), z, atol=1e-15)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_focal_loss_is_stable_and_right_far_out(gamma: float) -> None:
    focal = partial(nn.focal, gamma=gamma)
    z, y = np.array([[1000.0, -1000, 0], [-1000, -1000, 1000]]), np.array([1, 2])
    assert focal(z, y) == pytest.approx(1000, rel=1e-15)  # half of the examples has the loss 2000
    np.testing.assert_allclose(grad(focal)(z, y), np.array([[0.5, -0.5, 0], [0, 0, 0]]), atol=1e-15)
    z = np.array([[3.0, -1, 0], [-2, 1, 2]])
    assert check_gradients(lambda z: focal(z, y), z)


def test_focal_loss_with_gamma_0_is_cross_entropy_and_takes_one_hots() -> None:
    z, y = np.random.default_rng(0).normal(size=(5, 3)), np.array([0, 1, 2, 1, 0])
    assert nn.focal(z, y, gamma=0) == pytest.approx(nn.softmax_cross_entropy(z, y), rel=1e-14)
    for loss in (nn.focal, nn.hinge):
        assert loss(z, np.eye(3)[y]) == pytest.approx(loss(z, y), rel=1e-14)
        np.testing.assert_allclose(grad(loss)(z, np.eye(3)[y]), grad(loss)(z, y), rtol=1e-12, atol=1e-16)


def test_the_published_hinge_loss(reference: Reference) -> None:
    entry = reference["cs231n.svm_loss"]
    z, y = np.array([entry["inputs"]["s"]], float), np.array([entry["inputs"]["y"]])
    assert_close(nn.hinge(z, y, margin=entry["inputs"]["delta"]), entry)
    np.testing.assert_array_equal(grad(partial(nn.hinge, margin=10))(z, y), [[-1, 0, 1]])


def test_the_published_binary_cross_entropy(reference: Reference) -> None:
    entry = reference["bce.grad"]
    z, y = np.array([entry["inputs"]["z"]]), np.array([entry["inputs"]["t"]])
    assert_close(nn.bce_with_logits(z, y), entry, entry["expected"]["loss"])
    assert_close(grad(nn.bce_with_logits)(z, y), entry, [entry["expected"]["grad"]])
    assert nn.LOSSES["bce"] is nn.bce_with_logits


def test_the_published_huber_loss(reference: Reference) -> None:
    entry = reference["huber.grad"]
    for key, r in (("a", 0.5), ("b", 3.0), ("c", -3.0)):
        value, slope = value_and_grad(nn.huber)(np.array([r]), np.zeros(1))
        assert_close(np.array([value, slope[0]]), entry, entry["expected"][key])


@given(st.floats(0.01, 100), st.floats(-1000, 1000))
def test_huber_for_any_delta_cuts_the_gradient_off(delta: float, r: float) -> None:
    value, slope = value_and_grad(partial(nn.huber, delta=delta))(np.array([r]), np.zeros(1))
    assert value == pytest.approx(r * r / 2 if abs(r) <= delta else delta * (abs(r) - delta / 2), rel=1e-12, abs=1e-300)
    assert slope[0] == pytest.approx(np.clip(r, -delta, delta), rel=1e-12)


def test_half_mse_is_half_of_mse() -> None:
    p, y = np.random.default_rng(0).normal(size=(2, 5, 3))
    assert nn.half_mse(p, y) == pytest.approx(nn.mse(p, y) / 2, rel=1e-15)
    np.testing.assert_allclose(grad(nn.half_mse)(p, y), (p - y) / p.size, rtol=1e-13)


def test_at_their_kinks() -> None:
    zero = np.zeros((1, 2))
    np.testing.assert_array_equal(grad(nn.mae)(zero, zero), zero)
    np.testing.assert_array_equal(grad(nn.hinge)(np.array([[1.0, 0.0]]), np.array([0])), zero)
    np.testing.assert_array_equal(grad(nn.huber)(np.array([1.0, -1.0]), np.zeros(2)), [0.5, -0.5])
    np.testing.assert_array_equal(grad(nn.bce_with_logits)(zero, zero), [[0.25, 0.25]])


@pytest.mark.parametrize("name", sorted(nn.LOSSES))
def test_every_loss_stands_in_the_scope_loss_and_takes_lists_for_targets(name: str) -> None:
    output = np.array([[0.5, 2.0], [1.0, -1.0]])
    target = [[0.0, 1.0], [1.0, 0.0]]
    found = nn.LOSSES[name](output, target)
    assert found == nn.LOSSES[name](output, np.array(target, int)) == nn.LOSSES[name](output, np.array(target))
    nodes = trace(nn.LOSSES[name], output, np.array(target)).nodes
    assert {node.scope for node in nodes if node.inputs} == {"loss"}
    assert nodes[-1].name == "loss"


@pytest.mark.parametrize("name", sorted(nn.LOSSES))
@pytest.mark.parametrize("kind", [np.float32, np.int64, np.bool_])
def test_float32_stays_float32_whatever_type_the_ones_and_zeros_have(name: str, kind: Any) -> None:
    output, target = np.array([[0.5, 2.0]], np.float32), np.array([[0, 1]]).astype(kind)
    assert nn.LOSSES[name](output, target).dtype == np.float32
    assert trace(nn.LOSSES[name], output, target).nodes[-1].dtype == np.float32


Z = np.zeros((3, 2))


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (lambda: nn.mse(np.ones((3, 1)), np.ones(3)), "loss-shape", "p of shape (3, 1) meet targets y of shape (3,)"),
        (lambda: grad(nn.mse)(np.ones((3, 1)), np.ones(3)), "loss-shape", "y[:, None]"),
        (lambda: nn.softmax_cross_entropy(Z, np.array([0, 1])), "loss-shape", "z of shape (3, 2) meet y of shape (2,)"),
        (lambda: nn.softmax_cross_entropy(Z, np.eye(3)), "loss-shape", "meet y of shape (3, 3)"),
        (lambda: nn.softmax_cross_entropy(Z, np.array([[0], [1], [0]])), "loss-shape", "Give y[:, 0]"),
        (lambda: nn.softmax_cross_entropy(Z[0], np.array([0, 1])), "loss-shape", "z of shape (2,)"),
        (
            lambda: nn.softmax_cross_entropy(Z, np.array([0, 1, 2])),
            "loss-labels",
            "label y[2] is 2, and z has 2 columns",
        ),
        (lambda: nn.softmax_cross_entropy(Z, np.array([0, -1, 1])), "loss-labels", "label y[1] is -1"),
        (lambda: nn.softmax_cross_entropy(Z, np.array([0.0, 1, 1])), "loss-labels", "and type float64"),
        (lambda: grad(nn.softmax_cross_entropy)(Z, np.ones(3)), "loss-labels", "Give y.astype(int)"),
        (lambda: nn.softmax_cross_entropy(Z, np.ones((3, 2))), "loss-labels", "row y[0] sums to 2"),
        (lambda: nn.softmax_cross_entropy(Z, np.array([[2, -1]] * 3)), "loss-labels", "with -1 as its smallest number"),
        (lambda: nn.softmax_cross_entropy(Z, Z * np.nan), "loss-labels", "row y[0] sums to nan"),
        (lambda: nn.mse(np.ones((3, 2)), np.array([0, 1, 0])), "loss-shape", "give their one-hot: np.eye(2)[y]"),
        (lambda: nn.bce_with_logits(Z, np.array([0, 1, 0])), "loss-shape", "outputs p of shape (3, 2)"),
        (lambda: nn.bce_with_logits(Z, Z + 2), "loss-labels", "a target is 2"),
        (lambda: nn.bce_with_logits(Z, Z - 1), "loss-labels", "Give (y + 1) / 2 if they are -1 and 1"),
        (lambda: nn.bce_with_logits(Z, Z * np.nan), "loss-labels", "a target is nan"),
        (lambda: nn.hinge(Z, np.array([0, 1, 2])), "loss-labels", "label y[2] is 2, and z has 2 columns"),
        (lambda: nn.hinge(Z, np.full((3, 2), 0.5)), "loss-labels", "row y[0] spreads over several classes"),
        (lambda: nn.focal(Z, np.eye(2)[[0, 1]]), "loss-shape", "meet y of shape (2, 2)"),
        (lambda: nn.focal(Z, np.array([0, 1, 0]), gamma=-1), "loss-setting", "gamma is -1"),
        (lambda: nn.huber(Z, Z, delta=0), "loss-setting", "delta is 0"),
        (lambda: nn.hinge(Z, np.array([0, 1, 0]), margin=-1), "loss-setting", "margin is -1"),
        (
            lambda: nn.softmax_cross_entropy(Z, np.array([0, 1, 0]), label_smoothing=1.1),
            "loss-setting",
            "label_smoothing is 1.1",
        ),
        (lambda: nn.loss_for("clasification"), "unknown-name", "Did you mean 'classification'?"),
        (lambda: nn.LOSSES.find("mes"), "unknown-name", "Did you mean 'mse'?"),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], code: str, words: str) -> None:
    with pytest.raises(DownslopeError) as error:
        call()
    assert error.value.code == code
    assert isinstance(error.value, ShapeError) == (code == "loss-shape")
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
