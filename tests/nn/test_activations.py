"""Activations: right far out too, with the derivative that the books give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats
from tests.nn.tools import agree

from downslope import nn
from downslope.autodiff import check_gradients, grad, jacobian, trace

Reference = dict[str, dict[str, Any]]
NAMES = sorted(nn.ACTIVATIONS)


def assert_close(found: Any, entry: dict[str, Any], expected: Any = None) -> None:
    expected = entry["expected"] if expected is None else expected
    np.testing.assert_allclose(found, expected, atol=entry["atol"], rtol=entry["rtol"])


def slope(name: str, z: Any) -> Any:
    """The derivative of an activation that acts on each number alone."""
    return grad(lambda z: np.sum(nn.ACTIVATIONS[name].function(z)))(np.asarray(z))


def pytorchs(name: str) -> Any:
    """PyTorch's function of the same meaning."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    others = {
        "softmax": lambda z: torch.softmax(z, -1),
        "identity": lambda z: z,
        "linear": lambda z: z,
        "gelu_tanh": lambda z: functional.gelu(z, approximate="tanh"),
        "swish": functional.silu,
        # PyTorch's own threshold of 20 is 2e-9 off
        "softplus": lambda z: functional.softplus(z, threshold=40),
    }
    return others.get(name) or getattr(torch, name, None) or getattr(functional, name)


@pytest.mark.parametrize("name", NAMES)
def test_values_and_derivatives_agree_with_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    z = np.array([[-1000.0, -30, -3, -1e-3, 0], [1e-3, 0.5, 3, 30, 1000]])
    weights = np.random.default_rng(0).normal(size=z.shape)
    theirs = torch.tensor(z, requires_grad=True)
    h = pytorchs(name)(theirs)
    (h * torch.tensor(weights)).sum().backward()
    function = nn.ACTIVATIONS[name].function
    np.testing.assert_allclose(function(z), h.detach().numpy(), rtol=1e-12, atol=1e-14)
    found = grad(lambda z: np.sum(weights * function(z)))(z)
    np.testing.assert_allclose(found, theirs.grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_agree_with_pytorch_everywhere(name: str) -> None:
    z = np.random.default_rng(1).normal(size=(20, 5)) * 4
    agree(nn.ACTIVATIONS[name].function, pytorchs(name), z, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_and_curvatures_agree_with_finite_differences(name: str) -> None:
    z, weights = np.array([-2.1, -0.4, 0.3, 1.7]), np.array([0.7, -1.3, 0.4, 1.1])

    def f(z: Any) -> Any:
        return np.sum(weights * nn.ACTIVATIONS[name].function(z) ** 2)

    assert check_gradients(f, z)
    assert check_gradients(lambda z: np.sum(weights * grad(f)(z)), z)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_shape_and_the_type_stay(name: str, dtype: Any) -> None:
    z = np.linspace(-2, 2, 6, dtype=dtype).reshape(2, 3)
    function = nn.ACTIVATIONS[name].function
    assert function(z).dtype == dtype
    assert function(z).shape == z.shape
    node = trace(function, z).nodes[-1]
    assert (node.dtype, node.shape) == (dtype, z.shape)


def test_sigmoid_is_right_for_a_thousand_without_a_warning() -> None:
    np.testing.assert_array_equal(nn.sigmoid(np.array([-1000.0, 0.0, 1000.0])), [0, 0.5, 1])
    np.testing.assert_array_equal(slope("sigmoid", [-1000.0, 0.0, 1000.0]), [0, 0.25, 0])


@given(st.floats(-700, 700))
def test_sigmoid_is_its_definition(z: float) -> None:
    exact = 1 / (1 + np.exp(-z))
    assert nn.sigmoid(np.array(z)) == pytest.approx(exact, abs=2.3e-16)
    assert slope("sigmoid", z) == pytest.approx(exact * (1 - exact), abs=2.3e-16)


def test_relu_takes_the_derivative_0_at_its_kink() -> None:
    np.testing.assert_array_equal(slope("relu", [-1.0, -0.0, 0.0, 1.0]), [0, 0, 0, 1])


@pytest.mark.parametrize(
    ("name", "at_0"),
    [
        ("leaky_relu", 0.01),
        ("elu", 1.0),
        ("selu", 1.6732632423543772 * 1.0507009873554805),
        ("gelu", 0.5),
        ("silu", 0.5),
    ],
)
def test_the_derivative_at_0(name: str, at_0: float) -> None:
    np.testing.assert_allclose(slope(name, [-0.0, 0.0]), at_0, rtol=1e-15)


def test_options_are_arguments_and_a_partial_makes_an_activation_of_them() -> None:
    z = np.array([-2.0, 3.0])
    np.testing.assert_array_equal(nn.leaky_relu(z, slope=0.1), [-0.2, 3])
    np.testing.assert_allclose(nn.elu(z, alpha=2.0), [2 * np.expm1(-2), 3])


def test_gelu_is_z_times_the_normal_distribution_and_its_approximation_is_near() -> None:
    z = np.linspace(-6, 6, 2001)
    np.testing.assert_allclose(nn.gelu(z), z * stats.norm.cdf(z), rtol=0, atol=1e-15)
    assert 4e-4 < abs(nn.gelu(z) - nn.gelu_tanh(z)).max() < 5e-4


def test_selu_with_lecuns_start_values_keeps_signals_normalised() -> None:
    h = np.random.default_rng(0).normal(size=(500, 300))
    for place in range(1, 31):
        layer = nn.dense(300, "selu")
        h = layer(layer.init(0, (300,), np.float64, place), h)
    assert abs(h.mean()) < 0.1
    assert 0.8 < h.std() < 1.2


@given(st.lists(st.floats(-1000, 1000), min_size=1, max_size=6), st.floats(-1000, 1000))
def test_softmax_gives_probabilities_that_a_common_shift_does_not_change(z: list[float], shift: float) -> None:
    p = nn.softmax(np.array(z))
    assert (p >= 0).all()
    assert p.sum() == pytest.approx(1)
    np.testing.assert_allclose(nn.softmax(np.array(z) + shift), p, rtol=1e-9, atol=1e-300)


def test_softmax_as_published(reference: Reference) -> None:
    for z in ([1000.0, 1001.0, 1002.0], [0.0, 1.0, 2.0]):
        assert_close(nn.softmax(np.array(z)), reference["softmax.overflow"])
    entry = reference["cs231n.softmax_temp"]
    for key, z in entry["inputs"].items():
        assert_close(nn.softmax(np.array(z, float)), entry, entry["expected"][key])


def test_the_jacobian_of_softmax(reference: Reference) -> None:
    entry = reference["softmax.jac"]
    z = np.array(entry["inputs"]["logits"])
    found = jacobian(nn.softmax)(z)
    assert_close(found, entry)
    p = nn.softmax(z)
    np.testing.assert_allclose(found, np.diag(p) - np.outer(p, p), atol=1e-15)


def test_the_steepest_slopes_of_sigmoid_and_tanh(reference: Reference) -> None:
    entry = reference["nielsen.sigmoid_max"]
    assert_close(slope("sigmoid", 0.0), entry, entry["expected"]["sig"])
    assert_close(slope("tanh", 0.0), entry, entry["expected"]["tanh"])
    assert_close(slope("tanh", 4.0), reference["d2l.tanh4"])
    z = np.linspace(-5, 5, 1001)
    assert slope("sigmoid", z).max() == entry["expected"]["sig"]
    assert slope("tanh", z).max() == entry["expected"]["tanh"]


def test_a_chain_of_sigmoids_damps_the_gradient_at_best_fourfold_a_layer(reference: Reference) -> None:
    entry = reference["vanish.025"]
    layer = nn.dense(1, "sigmoid")
    # b = -1/2 brings z back to 0, where sigmoid is steepest, at every layer but the first
    centred = {"w": np.eye(1), "b": np.array([-0.5])}
    for n, expected in entry["expected"].items():

        def chain(x: Any, n: int = int(n)) -> Any:
            for _ in range(n):
                x = layer(centred, x)
            return np.sum(x)

        assert_close(grad(chain)(np.array([[0.5]])), entry, [[expected]])


def test_the_gains(reference: Reference) -> None:
    entry = reference["init.gains"]
    names = {"leaky": "leaky_relu"}
    for name, expected in entry["expected"].items():
        assert_close(nn.gain(names.get(name, name)), entry, expected)
    assert_close(nn.gain("tanh"), reference["torch.gain.tanh"])
    assert_close(nn.gain("leaky_relu"), reference["torch.gain.leaky_relu"])
    assert nn.gain("sigmoid") == nn.gain("identity") == 1.0


@pytest.mark.parametrize("name", ["linear", "relu", "sigmoid", "tanh", "leaky_relu", "selu"])
def test_the_gains_are_those_of_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    assert nn.gain(name) == pytest.approx(torch.nn.init.calculate_gain(name), rel=1e-15)
