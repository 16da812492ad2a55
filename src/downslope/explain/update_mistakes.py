"""The mistakes that are made in an optimizer's step: one entry for each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UpdateMistake:
    """A kind of mistake in an optimizer's step. rule: the line of the update as it should be. common: 1 the most."""

    id: str
    sentence: str
    rule: str
    common: int


_M = "m̂ = m / (1 - beta1^t), v̂ = v / (1 - beta2^t), p ← p - lr m̂ / (√v̂ + eps)"
UPDATE_MISTAKES: tuple[UpdateMistake, ...] = (
    UpdateMistake(
        "uphill",
        "The step is added, not subtracted: it goes uphill.",
        "p ← p - lr · step",
        1,
    ),
    UpdateMistake(
        "t-too-small",
        "t is one too small: it was counted from 0.",
        "the first step is t = 1",
        1,
    ),
    UpdateMistake(
        "t-too-large",
        "t is one too large.",
        "the first step is t = 1",
        2,
    ),
    UpdateMistake(
        "t-stays",
        "t does not move on: every step is taken for the first.",
        "t = 1, 2, 3 ...",
        3,
    ),
    UpdateMistake(
        "correction-forgotten",
        "The bias correction is forgotten.",
        _M,
        1,
    ),
    UpdateMistake(
        "correction-m-forgotten",
        "The bias correction of m is forgotten.",
        _M,
        2,
    ),
    UpdateMistake(
        "correction-v-forgotten",
        "The bias correction of v is forgotten.",
        _M,
        2,
    ),
    UpdateMistake(
        "correction-stored",
        "The corrected m̂ and v̂ are stored, and corrected again.",
        _M,
        3,
    ),
    UpdateMistake(
        "correction-added",
        "v is corrected for its start, which this rule does not do.",
        "v ← rho v + (1 - rho) g²",
        4,
    ),
    UpdateMistake(
        "eps-place",
        "eps stands on the other side of the root.",
        "√v + eps and √(v + eps) are different rules",
        2,
    ),
    UpdateMistake(
        "eps-before-correction",
        "eps is added before v is corrected.",
        _M,
        3,
    ),
    UpdateMistake(
        "eps-forgotten",
        "eps is forgotten.",
        "p ← p - lr g / (√v + eps)",
        3,
    ),
    UpdateMistake(
        "root-forgotten",
        "The root of v is forgotten.",
        "p ← p - lr g / (√v + eps)",
        3,
    ),
    UpdateMistake(
        "not-squared",
        "v collects g and not g².",
        "v ← beta2 v + (1 - beta2) g²",
        4,
    ),
    UpdateMistake(
        "betas-exchanged",
        "beta1 and beta2 are exchanged.",
        "m ← beta1 m + (1 - beta1) g",
        4,
    ),
    UpdateMistake(
        "one-minus-beta",
        "The factor 1 - beta of the new gradient is forgotten.",
        "m ← beta m + (1 - beta) g",
        3,
    ),
    UpdateMistake(
        "dampening",
        "The gradient is dampened by 1 - beta from the second step on, or a dampening is missing.",
        "v ← beta v + (1 - dampening) g, with v = g at first",
        2,
    ),
    UpdateMistake(
        "dampening-first",
        "The velocity is a running mean: every gradient is dampened by 1 - beta.",
        "v ← beta v + g",
        1,
    ),
    UpdateMistake(
        "rate-inside",
        "The learning rate is inside of the velocity: with another rate the old steps keep theirs.",
        "v ← beta v + g, p ← p - lr v",
        2,
    ),
    UpdateMistake(
        "rate-twice",
        "The gradient is multiplied by the learning rate before it is handed over.",
        "p ← p - lr · step",
        4,
    ),
    UpdateMistake(
        "velocity-forgotten",
        "The velocity is not remembered.",
        "v ← beta v + g",
        2,
    ),
    UpdateMistake(
        "old-velocity",
        "The step uses what was remembered before this gradient came in.",
        "first v, then p",
        3,
    ),
    UpdateMistake(
        "nesterov-plain",
        "This is momentum without the look ahead.",
        "p ← p - lr (g + beta v)",
        2,
    ),
    UpdateMistake(
        "nesterov-old",
        "The look ahead uses the velocity before this gradient.",
        "p ← p - lr (g + beta v), with the new v",
        3,
    ),
    UpdateMistake(
        "centre-forgotten",
        "The square of the mean is not subtracted.",
        "p ← p - lr g / (√(v - m²) + eps)",
        3,
    ),
    UpdateMistake(
        "sum-forgotten",
        "Earlier squares are not summed up.",
        "v ← v + g²",
        3,
    ),
    UpdateMistake(
        "t-in-decay",
        "The rate's decay counts from t and not from t - 1.",
        "lr / (1 + (t - 1) lr_decay)",
        3,
    ),
    UpdateMistake(
        "decay-coupling",
        "Weight decay is in the wrong place: in the gradient (L2) where it should be on the weights, or the reverse.",
        "decoupled: p ← (1 - lr · decay) p; coupled: g ← g + decay · p",
        1,
    ),
    UpdateMistake(
        "decay-forgotten",
        "Weight decay is forgotten.",
        "g ← g + decay · p, or p ← (1 - lr · decay) p",
        2,
    ),
    UpdateMistake(
        "decay-without-lr",
        "Decoupled weight decay is not multiplied by the learning rate.",
        "p ← (1 - lr · decay) p",
        3,
    ),
    UpdateMistake(
        "decay-sign",
        "Weight decay has the wrong sign.",
        "g ← g + decay · p",
        4,
    ),
    UpdateMistake(
        "gradient-doubled",
        "The gradient is twice too large.",
        "p ← p - lr · step",
        5,
    ),
    UpdateMistake(
        "gradient-halved",
        "The gradient is half of what it should be.",
        "p ← p - lr · step",
        5,
    ),
)
