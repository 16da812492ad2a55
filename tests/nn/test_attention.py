"""Attention: PyTorch's numbers, a published backward pass, and no look into the future."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.nn.tools import agree, close

from downslope import nn
from downslope.autodiff import grad, vjp
from downslope.errors import DownslopeError

Reference = dict[str, dict[str, Any]]
RNG = np.random.default_rng(0)


def test_causal_attention_as_published(reference: Reference) -> None:
    entry = reference["backprop.attention.causal"]
    q, k, v, given = (np.array(entry["inputs"][name]) for name in ("q", "k", "v", "UA"))
    expected = entry["expected"]
    close(nn.attention_weights(q, k, causal=True), entry, expected["A"])
    found, pullback = vjp(lambda q, k, v: nn.attention(q, k, v, causal=True), q, k, v)
    close(found, entry, expected["O"])
    for back, name in zip(pullback(given), ("dq", "dk", "dv"), strict=True):
        close(back, entry, expected[name])


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_attention_agrees_with_pytorch(causal: bool, masked: bool) -> None:
    torch = pytest.importorskip("torch")
    q, k, v = (RNG.normal(size=(2, 3, n, d)) for n, d in ((4, 5), (6, 5), (6, 2)))
    mask = RNG.random((4, 6)) < 0.7
    mask[:, 0] = True
    allowed = mask & np.tril(np.ones((4, 6), bool)) if causal else mask

    def theirs(q: Any, k: Any, v: Any) -> Any:
        attend = torch.nn.functional.scaled_dot_product_attention
        if masked:
            return attend(q, k, v, torch.tensor(allowed))
        return attend(q, k, v, is_causal=causal)

    agree(lambda q, k, v: nn.attention(q, k, v, causal, mask if masked else None), theirs, q, k, v)


@pytest.mark.parametrize("causal", [False, True])
def test_multi_head_attention_agrees_with_pytorch(causal: bool) -> None:
    torch = pytest.importorskip("torch")
    d, heads, T = 6, 3, 4
    layer = nn.multi_head_attention(heads, causal)
    params = {name: RNG.normal(size=shape) for name, shape in layer.shapes((T, d)).items()}
    module = torch.nn.MultiheadAttention(d, heads, batch_first=True, dtype=torch.float64)

    def theirs(x: Any, *values: Any) -> Any:
        p = dict(zip(params, values, strict=True))
        own = {
            "in_proj_weight": torch.cat([p["wq"], p["wk"], p["wv"]], dim=1).T,
            "in_proj_bias": torch.cat([p["bq"], p["bk"], p["bv"]]),
            "out_proj.weight": p["wo"].T,
            "out_proj.bias": p["bo"],
        }
        hidden = torch.triu(torch.ones(T, T, dtype=torch.bool), 1) if causal else None
        options = {"attn_mask": hidden, "need_weights": False}
        return torch.func.functional_call(module, own, (x, x, x), options)[0]

    x = RNG.normal(size=(2, T, d))
    agree(lambda x, *values: layer(dict(zip(params, values, strict=True)), x), theirs, x, *params.values(), atol=1e-12)


def test_a_causal_head_does_not_see_the_future() -> None:
    layer = nn.multi_head_attention(2, causal=True)
    params, x = layer.init(0, (5, 4), np.float64), RNG.normal(size=(1, 5, 4))
    for t in range(5):
        g = grad(lambda x, t=t: np.sum(layer(params, x)[:, t]))(x)
        assert (g[:, t + 1 :] == 0).all()
        assert (g[:, : t + 1] != 0).any()


def test_scores_of_a_thousand_do_not_overflow() -> None:
    q = 1000 * RNG.normal(size=(3, 2))
    a = nn.attention_weights(q, q, causal=True)
    np.testing.assert_allclose(a.sum(axis=-1), 1, rtol=1e-12)
    assert np.isfinite(grad(lambda q: np.sum(nn.attention(q, q, q, causal=True)))(q)).all()


def test_another_sequence_can_be_attended_to() -> None:
    layer = nn.multi_head_attention(2)
    params, x, memory = layer.init(0, (3, 4), np.float64), RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 7, 4))
    assert layer.attend(params, x, memory).shape == x.shape
    np.testing.assert_allclose(layer.attend(params, x, x), layer(params, x), rtol=1e-13)
    first = np.arange(7) < 3
    only = layer.attend(params, x, memory[:, :3])
    np.testing.assert_allclose(layer.attend(params, x, memory, mask=first), only, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (
            lambda: nn.attention(np.ones((3, 2)), np.ones((3, 4)), np.ones((3, 1))),
            "attention-shape",
            "q of shape (3, 2)",
        ),
        (lambda: nn.attention(np.ones(2), np.ones(2), np.ones((1, 1))), "attention-shape", "q of shape (2,)"),
        (
            lambda: nn.attention(np.ones((3, 2)), np.ones((4, 2)), np.ones((3, 1))),
            "attention-shape",
            "v of shape (3, 1)",
        ),
        (lambda: nn.Model((5, 4), (nn.multi_head_attention(3),)), "layer-shape", "with a d that its 3 heads divide"),
        (lambda: nn.multi_head_attention(0), "layer-size", "n_heads is 0"),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], code: str, words: str) -> None:
    with pytest.raises(DownslopeError) as error:
        call()
    assert error.value.code == code
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
