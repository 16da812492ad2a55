"""Recurrent layers: the same step for each element of a sequence, with a state h that goes from step to step.

The loop runs while tracing, so the graph holds every step, and backpropagation through it is backpropagation through
time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from downslope.autodiff import scope
from downslope.nn.activations import ACTIVATIONS, Array, sigmoid
from downslope.nn.initialise import INITIALISERS, Initialiser, Shape, Values, orthogonal, zeros
from downslope.nn.layers import (
    Layer,
    Parameter,
    Params,
    Start,
    initialiser_for,
    layer,
    misfit,
    part,
    size,
    wrong_example,
)

__all__ = ["GRU", "LSTM", "RNN", "gru", "lstm", "rnn"]

Carry = tuple[Array, ...]


@dataclass(frozen=True)
class Recurrent(Layer):
    """What all three share: a step over (x_t, what is carried), and the loop. The state h is the first that is carried.

    blocks: how many matrices stand side by side in w, u and b. carried: how many arrays go from step to step.
    """

    n_out: int
    last: bool = False
    initialiser: Start = None
    blocks: ClassVar[int] = 1
    carried: ClassVar[int] = 1

    def parameters(self, shape_in: Shape) -> dict[str, Parameter]:
        """w (n_in, blocks · n_out), u (n_out, blocks · n_out), b (blocks · n_out,)."""
        if len(shape_in) != 2:
            raise wrong_example(self.name, shape_in, "sequences (T, n_in)")
        wide = self.blocks * self.n_out
        return {
            "w": ((shape_in[1], wide), side_by_side(initialiser_for(self.initialiser), self.blocks)),
            "u": ((self.n_out, wide), side_by_side(orthogonal, self.blocks)),
            "b": ((wide,), zeros),
        }

    def shape_out(self, shape_in: Shape) -> Shape:
        """(T, n_in) -> (T, n_out), or (n_out,) with ``last``."""
        if len(shape_in) != 2:
            raise wrong_example(self.name, shape_in, "sequences (T, n_in)")
        return (self.n_out,) if self.last else (shape_in[0], self.n_out)

    def step(self, params: Params, x: Array, carry: Carry) -> Carry:
        """One element x (B, n_in) of the sequences: what is carried on."""
        raise NotImplementedError

    def run(self, params: Params, x: Array, carry: Carry | None = None) -> tuple[list[Array], Carry]:
        """All states h (B, n_out), one for each step, and what is carried out of the last one.

        carry: what comes in to the first step, zeros if None. Cutting backpropagation off (truncated BPTT) is a
        ``stop_gradient`` on what one call carries out before the next call takes it in.
        """
        for key in ("w", "u", "b"):
            part(params, key, self.name)
        n_in = np.shape(params["w"])[0]
        if np.ndim(x) != 3 or np.shape(x)[2] != n_in:
            raise misfit(
                self.name,
                x,
                f"its w has shape {np.shape(params['w'])}",
                why="x holds sequences: (examples, steps, numbers), and w has a row for each number",
                do=f"Give x of shape (B, T, {n_in}); x[:, :, None] makes sequences of single numbers.",
            )
        if carry is None:
            carry = (np.zeros((np.shape(x)[0], self.n_out), x.dtype),) * self.carried
        states = []
        with scope(self.name):
            for t in range(np.shape(x)[1]):
                carry = self.step(params, x[:, t], carry)
                states.append(carry[0])
        return states, carry

    def __call__(self, params: Params, x: Array) -> Array:
        """x (B, T, n_in) -> all states (B, T, n_out), or the last one (B, n_out). ShapeError ``layer-shape``."""
        states, _ = self.run(params, x)
        if self.last:
            return states[-1]
        with scope(self.name):
            h = np.stack(states, axis=1)
        return h  # noqa: RET504 -- the graph takes its names from these variables


def side_by_side(draw: Initialiser, blocks: int) -> Initialiser:
    """Draws each gate's matrix by itself: its fans are its own, not those of all gates together."""

    def drawn(rng: np.random.Generator, shape: Shape) -> Values:
        return np.concatenate([draw(rng, (shape[0], shape[1] // blocks)) for _ in range(blocks)], axis=1)

    return drawn


@dataclass(frozen=True)
class RNN(Recurrent):
    """h_t = activation(x_t @ w + h_(t−1) @ u + b). Made by :func:`rnn`."""

    activation: str = "tanh"
    kind: ClassVar[str] = "rnn"

    @property
    def about(self) -> str:
        """Its activation."""
        return self.activation

    def step(self, params: Params, x: Array, carry: Carry) -> Carry:
        """One step."""
        w, u, b = params["w"], params["u"], params["b"]
        (h,) = carry
        z = x @ w + h @ u + b
        h = ACTIVATIONS.find(self.activation).function(z)
        return (h,)


@layer([3], (4, 2), refuses=(5, 4, 7))
def rnn(n_out: int, activation: str = "tanh", last: bool = False, init: Start = None, name: str | None = None) -> RNN:
    """A recurrent layer: h_t = activation(x_t @ w + h_(t−1) @ u + b), with h_0 = 0.

    n_out: numbers in the state. last: give the last state alone, to classify a sequence. init: of w, Xavier if None; u
    starts orthogonal, so that states keep their length. Parameters: w (n_in, n_out), u (n_out, n_out), b (n_out,).
    Differs from PyTorch's ``nn.RNN`` in having one bias (PyTorch adds two), in the shapes of the matrices and in the
    start values. Source: J. Elman, "Finding Structure in Time", 1990. Errors: SettingError ``layer-size``,
    ``unknown-name``.

    >>> params = {"w": np.eye(1), "u": np.eye(1), "b": np.zeros(1)}
    >>> rnn(1, "identity")(params, np.array([[[1.0], [2.0], [3.0]]])).ravel()
    array([1., 3., 6.])
    """
    ACTIVATIONS.find(activation)
    return RNN(_units("rnn", n_out, init), last, init, activation, name=name or "")


def _units(what: str, n_out: int, init: Start) -> int:
    if init is not None and not callable(init):
        INITIALISERS.find(init)
    return size(n_out, "n_out", f"{what}({n_out!r})")


@dataclass(frozen=True)
class LSTM(Recurrent):
    """Long short-term memory: a state h and a cell c that gates write to and read from. Made by :func:`lstm`."""

    kind: ClassVar[str] = "lstm"
    blocks: ClassVar[int] = 4
    carried: ClassVar[int] = 2

    def parameters(self, shape_in: Shape) -> dict[str, Parameter]:
        """As :class:`Recurrent`, with b = 1 for the forget gate."""
        found = super().parameters(shape_in)

        def forget(rng: np.random.Generator, shape: Shape) -> Values:
            b = np.zeros(shape)
            b[self.n_out : 2 * self.n_out] = 1
            return b

        return found | {"b": (found["b"][0], forget)}

    def step(self, params: Params, x: Array, carry: Carry) -> Carry:
        """One step."""
        w, u, b = params["w"], params["u"], params["b"]
        h, c = carry
        z = x @ w + h @ u + b
        z_i, z_f, z_a, z_o = np.split(z, 4, axis=-1)
        i, f, a, o = sigmoid(z_i), sigmoid(z_f), np.tanh(z_a), sigmoid(z_o)
        c = f * c + i * a
        h = o * np.tanh(c)
        return h, c


@layer([3], (4, 2), refuses=(5, 4, 7))
def lstm(n_out: int, last: bool = False, init: Start = None, name: str | None = None) -> LSTM:
    """Long short-term memory: c_t = f · c_(t−1) + i · a, h_t = o · tanh(c_t), with h_0 = c_0 = 0.

    z = x_t @ w + h_(t−1) @ u + b holds four blocks, in PyTorch's order: i = σ(z_i) what is written, f = σ(z_f) what is
    kept, a = tanh(z_a) the new content, o = σ(z_o) what is shown. Along c the adjoint is only multiplied by f, so it
    does not vanish where f is near 1. n_out, last, init: as for :func:`rnn`. Parameters: w (n_in, 4 · n_out), u (n_out,
    4 · n_out), b (4 · n_out,), which starts with 1 for f, so that the cell remembers (R. Jozefowicz et al., 2015), and
    0 elsewhere. Differs from PyTorch's ``nn.LSTM`` as :func:`rnn` does. Source: S. Hochreiter and J. Schmidhuber, "Long
    Short-Term Memory", 1997; with the forget gate of F. Gers et al., 2000. Errors: SettingError ``layer-size``.
    """
    return LSTM(_units("lstm", n_out, init), last, init, name=name or "")


@dataclass(frozen=True)
class GRU(Recurrent):
    """Gated recurrent unit: the state is a mixture of the old one and a candidate. Made by :func:`gru`."""

    kind: ClassVar[str] = "gru"
    blocks: ClassVar[int] = 3

    def parameters(self, shape_in: Shape) -> dict[str, Parameter]:
        """As :class:`Recurrent`, and c (n_out,), the bias beside h @ u in the candidate."""
        return super().parameters(shape_in) | {"c": ((self.n_out,), zeros)}

    def step(self, params: Params, x: Array, carry: Carry) -> Carry:
        """One step."""
        w, u, b, c = params["w"], params["u"], params["b"], part(params, "c", self.name)
        (h,) = carry
        x_r, x_k, x_a = np.split(x @ w + b, 3, axis=-1)
        h_r, h_k, h_a = np.split(h @ u, 3, axis=-1)
        r, k = sigmoid(x_r + h_r), sigmoid(x_k + h_k)
        a = np.tanh(x_a + r * (h_a + c))
        h = (1 - k) * a + k * h
        return (h,)


@layer([3], (4, 2), refuses=(5, 4, 7))
def gru(n_out: int, last: bool = False, init: Start = None, name: str | None = None) -> GRU:
    """Gated recurrent unit: h_t = (1 − k) · a + k · h_(t−1), with h_0 = 0.

    The blocks of w, u and b, in PyTorch's order: r = σ(x_t @ w_r + h @ u_r + b_r) what of the past the candidate sees,
    k = σ(x_t @ w_k + h @ u_k + b_k) what is kept, a = tanh(x_t @ w_a + b_a + r · (h @ u_a + c)) the candidate. n_out,
    last, init: as for :func:`rnn`. Parameters: w (n_in, 3 · n_out), u (n_out, 3 · n_out), b (3 · n_out,), c (n_out,).
    As in PyTorch and cuDNN r is applied after the product with u; the source applies it before. Differs from ``nn.GRU``
    as :func:`rnn` does. Source: K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014.
    Errors: SettingError ``layer-size``.
    """
    return GRU(_units("gru", n_out, init), last, init, name=name or "")
