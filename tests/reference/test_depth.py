"""What depth does to signals and gradients: vanishing, exploding, residual paths and start values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect, descend, relative_error

import downslope as ds
from downslope.optim import gradient_descent


def test_the_slope_of_tanh_far_from_zero_is_nearly_nothing(expect: Expect) -> None:
    expect("d2l.tanh4", ds.grad(np.tanh)(float(expect.inputs("d2l.tanh4")["x"])))


def test_a_sigmoid_passes_at_most_a_quarter_and_so_a_weight_of_four_is_needed(expect: Expect) -> None:
    z = np.linspace(-8, 8, 1601)
    peaks = {}
    for name, f in (("sig", ds.nn.sigmoid), ("tanh", ds.nn.tanh)):
        slopes = ds.grad(lambda z, f=f: np.sum(f(z)))(z)
        assert z[np.argmax(slopes)] == pytest.approx(0, abs=1e-12)
        peaks[name] = ds.grad(f)(0.0)
        assert slopes.max() <= peaks[name]
    expect("nielsen.sigmoid_max", peaks | {"w": 1 / peaks["sig"]})


def test_a_chain_of_sigmoids_at_their_steepest_keeps_a_quarter_a_layer(expect: Expect) -> None:
    def chain(depth: int) -> Callable[[Any], Any]:
        def layers(x: Any) -> Any:
            for _ in range(depth):
                x = ds.nn.sigmoid(x - 0.5)  # the bias puts each one at its steepest point
            return x

        return layers

    found = {n: ds.grad(chain(n))(0.5) for n in expect.inputs("vanish.025")["n"]}
    expect("vanish.025", found)
    assert relative_error(list(found.values()), [0.25**n for n in found]) < 1e-12


def test_a_residual_path_carries_the_derivative_through_fifty_layers(expect: Expect) -> None:
    def layer(x: Any) -> Any:
        return 0.1 * (ds.nn.sigmoid(x) - 0.5)

    def plain(x: Any) -> Any:
        for _ in range(50):
            x = layer(x)
        return x

    def residual(x: Any) -> Any:
        for _ in range(50):
            x = x + layer(x)
        return x

    found = {"skip": ds.grad(residual)(0.0), "plain": ds.grad(plain)(0.0)}
    expect("resid.depth", found)
    published = expect.entries["resid.depth"]["expected"]
    assert relative_error([found[k] for k in published], list(published.values())) < 1e-12


def test_a_saturated_neuron_learns_late(expect: Expect) -> None:
    given = expect.inputs("nielsen.neuron")

    def cost(p: Any) -> Any:
        return 0.5 * (ds.nn.sigmoid(p["w"] * 1.0 + p["b"]) - 0.0) ** 2

    found = {}
    for name, w, b in (("a", 0.6, 0.9), ("b", 2.0, 2.0)):
        path = descend(gradient_descent(lr=given["lr"]), cost, {"w": w, "b": b}, given["epochs"])
        found[f"{name}0"], found[name] = (float(ds.nn.sigmoid(p["w"] + p["b"])) for p in (path[0], path[-1]))
    expect("nielsen.neuron", found)


class Extremes:
    """A random generator that always draws the size of its distribution: one standard deviation, or the bound."""

    def standard_normal(self, shape: tuple[int, ...]) -> Any:
        return np.ones(shape)

    def uniform(self, low: float, high: float, shape: tuple[int, ...]) -> Any:
        assert low == -high
        return np.full(shape, high)


def size(initialiser: Any, fan_in: int, **settings: float) -> float:
    drawn = initialiser(Extremes(), (fan_in, 256), **settings)
    assert drawn.shape == (fan_in, 256)
    return float(drawn[0, 0])


def test_the_spread_of_start_values(expect: Expect) -> None:
    fan_in = expect.inputs("init.he")["fan_in"]
    expect(
        "init.he",
        {
            "he_std": size(ds.nn.he_normal, fan_in),
            "he_bound": size(ds.nn.he_uniform, fan_in),
            "lecun_std": size(ds.nn.lecun_normal, fan_in),
        },
    )


def test_torchs_linear_layer_is_he_uniform_with_a_smaller_gain(expect: Expect) -> None:
    bound = size(ds.nn.he_uniform, expect.inputs("init.torch_linear")["fan_in"], gain=(1 / 3) ** 0.5)
    expect("init.torch_linear", {"bound": bound, "var": bound**2 / 3})


def test_random_draws_have_that_spread() -> None:
    """The sizes above are those of a stand-in generator; the real one agrees with them within its sampling error."""
    rng = ds.nn.generator(seed=0, place=1)
    for initialiser in (ds.nn.he_normal, ds.nn.he_uniform):
        drawn = initialiser(rng, (784, 256))
        assert drawn.std() == pytest.approx((2 / 784) ** 0.5, rel=0.01)
        assert abs(drawn.mean()) < 5 * drawn.std() / drawn.size**0.5


def test_weights_of_variance_one_let_the_signal_explode(expect: Expect) -> None:
    """The root mean square over all inputs grows by the Frobenius norm of the layer's matrix over the root of n."""
    n = expect.inputs("init.depth_explosion")["n"]
    layer = ds.nn.dense(n, init=lambda rng, shape: rng.choice([-1.0, 1.0], shape))
    params = layer.init(0, (n,), np.float64)
    rows = layer(params, np.eye(n))  # what it makes of the unit vectors
    expect("init.depth_explosion", np.linalg.norm(rows) / n**0.5)


def test_the_gains_of_the_activations(expect: Expect) -> None:
    expect("torch.gain.tanh", ds.nn.gain("tanh"))
    expect("torch.gain.leaky_relu", ds.nn.gain("leaky_relu"))
    gains = {name: ds.nn.gain(name) for name in ("linear", "tanh", "relu", "selu")}
    expect("init.gains", gains | {"leaky": ds.nn.gain("leaky_relu")})
    assert ds.nn.gain("sigmoid") == ds.nn.gain("linear")
