"""Every published number is either computed by a test of this folder or waits here, with the reason: never both."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.reference.tools import Expect, differences

REASONS: dict[str, list[str]] = {
    "needs Adagrad (issue 3)": [
        "d2l.ill.adagrad.lr0.4",
        "d2l.ill.adagrad.lr2",
        "optax.seq.adagrad(.1)",
        "torch.ill.adagrad.4",
        "torch.seq.Adagrad.lr=0.1",
        "torch.seq.Adagrad.lr=0.1.lr_decay=0.1.initial_accumulator_value=0.1",
    ],
    "needs Adadelta (issue 3)": [
        "torch.ill.adadelta1",
        "torch.seq.Adadelta.lr=0.1.rho=0.95",
        "torch.seq.Adadelta.lr=1.0",
    ],
    "needs RMSprop (issue 3)": [
        "d2l.ill.rmsprop",
        "optax.seq.rmsprop(.1)",
        "optax.seq.rmsprop(.1,decay=.99,eps_outside)",
        "torch.ill.rmsprop.4_.9",
        "torch.seq.RMSprop.lr=0.1",
        "torch.seq.RMSprop.lr=0.1.centered=True",
    ],
    "needs Rprop (issue 3)": ["optax.seq.rprop(.1)", "torch.ill.rprop.4", "torch.seq.Rprop.lr=0.1"],
    "needs Nesterov's momentum (issue 3)": [
        "eos.adam38",
        "nesterov.l0.01_1",
        "nesterov.l0.2_4",
        "nesterov.l1_100",
        "nesterov_std.l0.2_4",
        "nesterov_std.l1_10",
        "optax.seq.sgd(.1,momentum=.9,nesterov)",
        "torch.ill.nesterov.4_.5",
        "torch.seq.SGD.lr=0.1.momentum=0.9.nesterov=True",
    ],
    "needs AMSGrad (issue 3)": ["adam.reddi", "optax.seq.amsgrad(.1)", "torch.seq.Adam.lr=0.1.amsgrad=True"],
    "needs AdamW (issue 3)": ["adamw.vs.l2", "torch.seq.AdamW.lr=0.1.weight_decay=0.1", "torch.wd.adamw"],
    "needs Adamax (issue 3)": ["optax.seq.adamax(.1)", "torch.ill.adamax.4", "torch.seq.Adamax.lr=0.1"],
    "needs NAdam (issue 3)": [
        "optax.seq.adam(.1,nesterov)",
        "optax.seq.nadam(.1)",
        "torch.seq.NAdam.lr=0.1",
        "torch.seq.NAdam.lr=0.1.weight_decay=0.1.decoupled_weight_decay=True",
    ],
    "needs RAdam (issue 3)": ["torch.ill.radam.4", "torch.seq.RAdam.lr=0.1"],
    "needs AdaBelief (issue 3)": ["optax.seq.adabelief(.1)"],
    "needs Yogi (issue 3)": ["optax.seq.yogi(.1)"],
    "needs Lion (issue 3)": ["lion.step", "optax.seq.lion(.1,wd=.1)", "optax.seq.lion(.1,wd=0)"],
    "needs LARS (issue 3)": ["optax.seq.lars(.1)"],
    "needs SignSGD (issue 3)": ["optax.seq.sign_sgd(.1)"],
    "needs Adafactor (issue 3)": ["adafactor.factored", "torch.seq.Adafactor.lr=0.1"],
    "needs Muon (issue 3)": ["muon.band", "muon.ns"],
    "needs Shampoo (issue 3)": ["shampoo.polar"],
    "needs schedule-free SGD (issue 3)": ["optax.seq.contrib.schedule_free_sgd(.1)", "schedulefree.sgd"],
    "needs L-BFGS (issue 3)": ["torch.lbfgs.rosen"],
    "needs an optimizer that issue 3 does not list": [
        "optax.seq.adan(.1)",
        "optax.seq.contrib.ademamix(.1)",
        "optax.seq.contrib.adopt(.1)",
        "optax.seq.contrib.dog()",
        "optax.seq.contrib.prodigy(1.)",
        "optax.seq.novograd(.1)",
        "optax.seq.sm3(.1)",
    ],
    "needs learning-rate schedules (issue 3)": ["schedule.cosine_warmup", "schedule.misc", "schedule.noam"],
    "needs clipping (issue 3)": ["clip.norm"],
    "needs leaky relu and selu (issue 3)": ["init.gains", "torch.gain.leaky_relu"],
    "needs conv2d and pooling layers (issue 3)": ["vgg16.activations", "vgg16.counts"],
    "needs duplicates as a corruption of data (issue 3)": ["data.leak"],
    "needs the surfaces (issue 3)": [
        "testfn.ackley",
        "testfn.booth",
        "testfn.bukin6",
        "testfn.easom",
        "testfn.goldstein_price",
        "testfn.griewank",
        "testfn.himmelblau",
        "testfn.levi13",
        "testfn.mccormick",
        "testfn.rastrigin",
        "testfn.six_hump_camel",
        "testfn.sphere",
        "testfn.three_hump_camel",
        "testfn.zakharov",
    ],
    "needs the instrument of the gradient noise scale (issue 4)": ["noise_scale"],
    "needs the roofline of a machine (issue 6)": ["roofline.ridge"],
    "needs laws of scale beside the measured training time (issue 6)": [
        "chinchilla.loss",
        "chinchilla.opt",
        "gpt3.flops",
    ],
    "needs sampling with replacement, where an epoch here is a permutation; no issue plans it": ["sgd.coverage"],
    "needs 16-bit and 8-bit floating-point numbers, and the memory of mixed precision; no issue plans them": [
        "fp.limits",
        "fp.stall",
        "zero.bytes",
    ],
    "needs the alternatives to backpropagation (evolution strategies, forward gradients, SPSA); no issue plans them": [
        "alt.es_quadratic",
        "alt.forward_grad",
        "alt.spsa_cost",
    ],
    "needs the maximal update parametrisation; no issue plans it": ["mup.lr"],
}

WAITING = {id: reason for reason, ids in REASONS.items() for id in ids}
"""Id -> what it waits for."""


def compared() -> set[str]:
    """The text constants of this folder's tests, but for those that only ask for an entry's inputs."""
    here = Path(__file__)
    texts: set[str] = set()
    for file in here.parent.glob("test_*.py"):
        if file != here:
            texts.update(constants(ast.parse(file.read_text(encoding="utf-8"))))
    return texts


def constants(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    asks_only = isinstance(node, ast.Call) and ast.unparse(node.func) in ("expect.inputs", "arrays")
    asks_only |= isinstance(node, ast.Subscript) and ast.unparse(node.value) == "expect.entries"
    for child in () if asks_only else ast.iter_child_nodes(node):
        yield from constants(child)


def test_every_published_number_is_computed_or_waits(reference: dict[str, dict[str, Any]]) -> None:
    missing = set(reference) - compared() - set(WAITING)
    assert not missing, "no test computes these, and they do not wait for a later part either"


def test_nothing_waits_that_is_computed() -> None:
    assert not compared() & set(WAITING), "take these off the list of those that wait"


def test_what_waits_is_published_and_waits_once(reference: dict[str, dict[str, Any]]) -> None:
    assert set(WAITING) <= set(reference)
    assert sum(map(len, REASONS.values())) == len(WAITING)


# --- the comparison itself --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0 + 2e-9, 1.0),
        (float("nan"), 1.0),
        ([1.0], [1.0, 2.0]),
        ([1.0, 2.1], [1.0, 2.0]),
        ({"a": 1.0}, {"a": 1.0, "b": 2.0}),
        ({"a": 1.0, "b": 2.1}, {"a": 1.0, "b": 2.0}),
        ({0.5: [1.0, 3.0]}, {"0.5": [1.0, 2.0]}),
        ("sum", "mean"),
    ],
)
def test_a_difference_is_seen(value: Any, expected: Any) -> None:
    assert list(differences(value, expected, atol=1e-9, rtol=0.0))


def test_a_tolerance_is_a_sum_of_both(reference: dict[str, dict[str, Any]]) -> None:
    assert not list(differences(102.0, 100.0, atol=1.0, rtol=0.01))
    assert list(differences(102.1, 100.0, atol=1.0, rtol=0.01))
    with pytest.raises(AssertionError, match=r"mazur\.E: 0\.3, published is 0\.298371109"):
        Expect(reference)("mazur.E", 0.3)
