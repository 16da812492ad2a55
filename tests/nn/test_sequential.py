"""Blocks: names that nest with dots, sums around a shortcut, and PyTorch's numbers for a small residual network."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.nn.tools import agree, leaves

from downslope import nn
from downslope.autodiff import trace, tree, value_and_grad
from downslope.errors import DownslopeError

RNG = np.random.default_rng(0)
BLOCK = nn.sequential(nn.dense(4, "tanh"), nn.residual(nn.dense(4, "relu"), nn.dense(4)))


def test_names_nest_with_dots_in_the_parameters_and_in_the_graph() -> None:
    model = nn.Model((3,), (BLOCK, nn.dense(2, name="out")))
    params, x = model.init(), np.ones((5, 3), np.float32)
    names = tree.flatten(params)[1]
    assert names == [
        f"{name}.{key}"
        for name in ("sequential1.dense1", "sequential1.residual1.dense1", "sequential1.residual1.dense2", "out")
        for key in ("w", "b")
    ]
    nodes = trace(model, params, x).nodes
    assert [node.scope for node in nodes if node.primitive.name == "matmul"] == [n[:-2] for n in names[::2]]
    assert model.n_parameters == sum(p.size for p in leaves(params)) == 3 * 4 + 4 + 2 * (4 * 4 + 4) + 4 * 2 + 2


def test_a_residual_adds_and_a_sequence_is_the_composition() -> None:
    params, x = BLOCK.init(0, (3,), np.float64), RNG.normal(size=(5, 3))
    first, inner = BLOCK.layers
    h = first(params["dense1"], x)
    rest = nn.sequential(nn.dense(4, "relu"), nn.dense(4))
    np.testing.assert_allclose(BLOCK(params, x), h + rest(params["residual1"], h), rtol=1e-13)
    np.testing.assert_allclose(inner(params["residual1"], h), BLOCK(params, x), rtol=1e-13)


def test_the_adjoint_passes_a_residual_undamped() -> None:
    """A deep stack whose layers do nothing is the identity; without the shortcuts it is 0."""
    blocks = [nn.residual(nn.dense(4, init="zeros")) for _ in range(50)]
    model = nn.Model((4,), tuple(blocks))
    x = RNG.normal(size=(2, 4))
    g = value_and_grad(lambda x: np.sum(model(model.init(0, np.float64), x)))(x)[1]
    np.testing.assert_array_equal(g, np.ones((2, 4)))


def resnet() -> nn.Model:
    return nn.Model(
        (2, 6, 6),
        (
            nn.conv2d(3, 3, padding=1),
            nn.residual(
                nn.conv2d(4, 3, "relu", stride=2, padding=1),
                nn.conv2d(4, 3, padding=1),
                shortcut=nn.conv2d(4, 1, stride=2),
            ),
            nn.activate("relu"),
            nn.average_pool(3),
            nn.flatten(),
            nn.dense(2),
        ),
    )


def test_a_small_residual_network_agrees_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    model = resnet()
    params, x = model.init(0, np.float64), RNG.normal(size=(3, 2, 6, 6))
    values, names, spec = tree.flatten(params)

    def theirs(x: Any, *values: Any) -> Any:
        p = dict(zip(names, values, strict=True))

        def conv(x: Any, name: str, **options: Any) -> Any:
            w = p[f"{name}.w"].permute(3, 2, 0, 1)
            return torch.nn.functional.conv2d(x, w, p[f"{name}.b"], **options)

        h = conv(x, "conv1", padding=1)
        inner = conv(torch.relu(conv(h, "residual1.conv1", stride=2, padding=1)), "residual1.conv2", padding=1)
        h = torch.relu(inner + conv(h, "residual1.shortcut", stride=2))
        return h.mean(dim=(2, 3)) @ p["dense1.w"] + p["dense1.b"]

    agree(lambda x, *v: model(tree.unflatten(spec, list(v)), x), theirs, x, *values, atol=1e-12)


def test_state_and_masks_are_threaded_through_blocks() -> None:
    inner = nn.residual(nn.batch_norm(), nn.dropout(0.5), shortcut=nn.batch_norm())
    model = nn.Model((3,), (nn.sequential(nn.batch_norm(name="first"), inner), nn.dense(1)))
    params, state, x = model.init(), model.start_state(), RNG.normal(size=(8, 3)).astype(np.float32)
    assert tree.flatten(state)[1] == [
        f"sequential1.{name}.{key}"
        for name in ("first", "residual1.batch_norm1", "residual1.shortcut")
        for key in ("mean", "var")
    ]
    _, new = model.train(params, state, x, 0, 1)
    assert tree.flatten(new)[1] == tree.flatten(state)[1]
    first, before = new["sequential1"]["first"], state["sequential1"]["first"]
    assert (first["mean"] != before["mean"]).all()
    np.testing.assert_allclose(new["sequential1"]["residual1"]["shortcut"]["var"], 0.9 + 0.1 * 8 / 7, rtol=1e-4)
    assert (model.train(params, state, x, 0, 1)[0] != model.train(params, state, x, 0, 2)[0]).any()
    model(params, x, new)


def test_start_values_of_blocks_differ_from_block_to_block() -> None:
    block = nn.sequential(nn.dense(3), nn.dense(3))
    params = nn.Model((3,), (block, block)).init(0, np.float64)
    drawn = [layer["w"] for part in params.values() for layer in part.values()]
    assert len({w.tobytes() for w in drawn}) == 4


def test_blocks_are_equal_printed_and_sent_to_other_processes() -> None:
    model = resnet()
    assert pickle.loads(pickle.dumps(model)) == model == resnet()
    lines = str(model).splitlines()
    assert lines[2].split() == ["residual1", "3x6x6", "->", "4x3x3", "276", "conv,", "conv"]
    assert "residual1 conv, conv" in repr(model)


X = np.ones((5, 3))


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (lambda: nn.sequential(), "model-empty", "there are no layers"),
        (
            lambda: nn.sequential(nn.dense(1, name="a"), nn.dense(1, name="a")),
            "layer-name",
            "two layers are called 'a'",
        ),
        (lambda: nn.sequential(nn.relu), "layer-kind", "is not a layer"),  # type: ignore[arg-type]  # that is the point
        (lambda: nn.Model((3,), (nn.residual(nn.dense(4)),)), "layer-shape", "adds (4,) from its layers and (3,)"),
        (
            lambda: nn.residual(nn.dense(4)).evaluate({"dense1": nn.dense(4).init(0, (3,))}, {}, X),
            "layer-shape",
            "(5, 4)",
        ),
        (lambda: BLOCK(BLOCK.init(0, (3,)), np.ones((5, 2))), "layer-shape", "layer sequential.dense1 is given x"),
        (
            lambda: BLOCK({"dense1": BLOCK.init(0, (3,))["dense1"]}, X),
            "model-params",
            "the parameters of sequential lack 'residual1'",
        ),
        (
            lambda: BLOCK(BLOCK.init(0, (3,)) | {"residual1": {"dense1": {}}}, X),
            "model-params",
            "the parameters of sequential.residual1.dense1 lack 'w'",
        ),
        (
            lambda: nn.Model((3,), (nn.sequential(nn.flatten(), nn.max_pool(2)),)),
            "layer-shape",
            "sequential1.max_pool1",
        ),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], code: str, words: str) -> None:
    with pytest.raises(DownslopeError) as error:
        call()
    assert error.value.code == code
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
