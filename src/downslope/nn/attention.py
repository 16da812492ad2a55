"""Attention: each element of a sequence takes a weighted mean of the others, with weights that depend on both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from downslope.autodiff import scope
from downslope.errors import ShapeError
from downslope.nn.activations import Array, softmax
from downslope.nn.initialise import INITIALISERS, Shape, zeros
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

__all__ = ["MultiHeadAttention", "attention", "attention_weights", "multi_head_attention"]

HIDDEN = -1e30
"""The score of a key that may not be seen. Not minus infinity: a row of nothing else would become NaN."""


def attention_weights(q: Array, k: Array, causal: bool = False, mask: Any = None) -> Array:
    """softmax(q @ kᵀ / √d) over the keys: how much of each key's value every query takes. Rows sum to 1.

    q: queries (..., T, d). k: keys (..., S, d). causal: query t sees the keys 0 to t alone. mask: true where a query
    may see a key, of a shape that broadcasts to (..., T, S). The weights are (..., T, S). A query that may see nothing
    weighs all keys alike, where PyTorch gives NaN. Errors: ShapeError ``attention-shape``.
    """
    if min(np.ndim(q), np.ndim(k)) < 2 or np.shape(q)[-1] != np.shape(k)[-1]:
        raise _wrong_shapes(
            f"queries q of shape {np.shape(q)} meet keys k of shape {np.shape(k)}", "q and k end in (T, d)"
        )
    z = q @ np.swapaxes(k, -1, -2) / math.sqrt(np.shape(q)[-1])
    if causal:
        past = np.tril(np.ones(np.shape(z)[-2:], bool))
        mask = past if mask is None else np.logical_and(mask, past)
    if mask is not None:
        z = np.where(mask, z, HIDDEN)
    return softmax(z)


def attention(q: Array, k: Array, v: Array, causal: bool = False, mask: Any = None) -> Array:
    """Scaled dot-product attention: softmax(q @ kᵀ / √d) @ v, a mean of the values for each query.

    q: queries (..., T, d). k: keys (..., S, d). v: values (..., S, e). causal, mask: as for :func:`attention_weights`.
    The result is (..., T, e). Without √d the scores of long vectors would be large, and softmax flat. As PyTorch's
    ``scaled_dot_product_attention`` with a boolean mask. Source: A. Vaswani et al., "Attention Is All You Need", 2017.
    Errors: ShapeError ``attention-shape``.

    >>> q, v = np.zeros((2, 1)), np.array([[1.0], [3.0]])
    >>> attention(q, q, v, causal=True).ravel()
    array([1., 2.])
    """
    a = attention_weights(q, k, causal, mask)
    if np.ndim(v) < 2 or np.shape(k)[-2] != np.shape(v)[-2]:
        raise _wrong_shapes(
            f"keys k of shape {np.shape(k)} meet values v of shape {np.shape(v)}", "each key has a value"
        )
    return a @ v


def _wrong_shapes(what: str, why: str) -> ShapeError:
    return ShapeError(
        "attention-shape",
        what,
        where="attention(q, k, v)",
        why=f"a score is a product over the last axis, and the axis before it counts the elements: {why}",
        do="Give q (..., T, d), k (..., S, d) and v (..., S, e).",
    )


@dataclass(frozen=True)
class MultiHeadAttention(Layer):
    """Several attentions beside each other, each over its own projection. Made by :func:`multi_head_attention`."""

    n_heads: int
    causal: bool = False
    initialiser: Start = None
    kind: ClassVar[str] = "attention"

    @property
    def about(self) -> str:
        """Its heads."""
        return f"{self.n_heads} heads{', causal' if self.causal else ''}"

    def parameters(self, shape_in: Shape) -> dict[str, Parameter]:
        """wq, wk, wv, wo (d, d) and bq, bk, bv, bo (d,)."""
        d = self.shape_out(shape_in)[1]
        draw = initialiser_for(self.initialiser)
        return {f"w{p}": ((d, d), draw) for p in "qkvo"} | {f"b{p}": ((d,), zeros) for p in "qkvo"}

    def shape_out(self, shape_in: Shape) -> Shape:
        """(T, d) stays."""
        if len(shape_in) != 2 or shape_in[1] % self.n_heads:
            raise wrong_example(self.name, shape_in, f"sequences (T, d) with a d that its {self.n_heads} heads divide")
        return shape_in

    def __call__(self, params: Params, x: Array) -> Array:
        """x (B, T, d) -> h (B, T, d): every element attends to its own sequence. Errors: ShapeError ``layer-shape``."""
        return self.attend(params, x, x, self.causal)

    def attend(self, params: Params, x: Array, memory: Array, causal: bool = False, mask: Any = None) -> Array:
        """x (B, T, d) attends to memory (B, S, d): queries from x, keys and values from memory."""
        p = {name: part(params, name, self.name) for kind in "wb" for name in (f"{kind}{c}" for c in "qkvo")}
        d = np.shape(p["wq"])[0]
        for given in (x, memory):
            if np.ndim(given) != 3 or np.shape(given)[2] != d:
                raise misfit(
                    self.name,
                    given,
                    f"its wq has shape {np.shape(p['wq'])}",
                    why="x holds sequences: (examples, elements, numbers), and wq has a row for each number",
                    do=f"Give x of shape (B, T, {d}).",
                )
        with scope(self.name):
            q = self._heads(x @ p["wq"] + p["bq"])
            k = self._heads(memory @ p["wk"] + p["bk"])
            v = self._heads(memory @ p["wv"] + p["bv"])
            a = attention_weights(q, k, causal, mask)
            together = np.reshape(np.swapaxes(a @ v, 1, 2), np.shape(x))
            h = together @ p["wo"] + p["bo"]
        return h  # noqa: RET504 -- the graph takes its names from these variables

    def _heads(self, x: Array) -> Array:
        """(B, T, d) -> (B, heads, T, d / heads)."""
        B, T, d = np.shape(x)
        return np.swapaxes(np.reshape(x, (B, T, self.n_heads, d // self.n_heads)), 1, 2)


@layer([2, True], (3, 4), refuses=(5, 3, 7))
def multi_head_attention(
    n_heads: int, causal: bool = False, init: Start = None, name: str | None = None
) -> MultiHeadAttention:
    """Self-attention with several heads: h = concat(head_1 ... head_n) @ wo + bo, each head an :func:`attention`.

    Head i takes its share of d / n_heads numbers of q = x @ wq + bq, k = x @ wk + bk and v = x @ wv + bv. n_heads: a
    number that divides d. causal: element t sees the elements 0 to t alone, as a language model needs it. init: of the
    matrices, Xavier if None. Parameters: wq, wk, wv, wo (d, d), bq, bk, bv, bo (d,). For another sequence to attend to
    there is the method ``attend``. Differs from PyTorch's ``nn.MultiheadAttention`` in keeping the three projections
    apart. Source: as :func:`attention`. Errors: SettingError ``layer-size``; ShapeError ``layer-shape``.
    """
    if init is not None and not callable(init):
        INITIALISERS.find(init)
    return MultiHeadAttention(
        size(n_heads, "n_heads", f"multi_head_attention({n_heads!r})"), causal, init, name=name or ""
    )
