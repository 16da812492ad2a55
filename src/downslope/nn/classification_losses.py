"""Losses of logits against classes: cross-entropies, hinge and focal loss; none of them overflows."""

from __future__ import annotations

import math

import numpy as np

from downslope.autodiff import scope, stop_gradient
from downslope.autodiff.tracer import Tracer
from downslope.nn.activations import Array
from downslope.nn.losses import class_target, loss, number_target, setting, wrong_labels

__all__ = ["bce_with_logits", "focal", "hinge", "softmax_cross_entropy"]


@loss(default_for="classification")
def softmax_cross_entropy(z: Array, y: Array, label_smoothing: float = 0.0) -> Array:
    """Mean over the batch of −log of the probability that softmax(z) gives to the right class.

    z: logits (B, C). y: labels (B,), whole numbers from 0 to C − 1; or a row of probabilities for each example (B, C),
    such as a one-hot. label_smoothing: ε; the target becomes (1 − ε) · y + ε / C, so that no logit is pulled to
    infinity (C. Szegedy et al., "Rethinking the Inception Architecture", 2015). −log softmax(z)_y = log Σ_j e^s_j − s_y
    with s = z − max z: no overflow, and log never sees 0. dL/dz = (softmax(z) − y) / B, with y as a one-hot. Chance
    level is log C. Differs from PyTorch's ``cross_entropy`` in having no weights, and in refusing rows of y that do not
    sum to 1. Errors: ShapeError ``loss-shape``; SettingError ``loss-setting``, and ``loss-labels`` where y is not
    traced and can be looked at.

    >>> float(softmax_cross_entropy(np.array([[1000.0, 0.0]]), np.array([1])))
    1000.0
    """
    eps = setting(label_smoothing, 0, 1, "label_smoothing", "softmax_cross_entropy(label_smoothing=...)")
    with scope("loss"):
        y, is_labels = class_target(z, y, "softmax_cross_entropy")
        top = stop_gradient(np.max(z, axis=1, keepdims=True))
        s = z - top
        e = np.exp(s)
        total = np.sum(e, axis=1)
        picked = s[np.arange(np.shape(z)[0]), y] if is_labels else np.sum(y * s, axis=1)
        if eps:
            picked = (1 - eps) * picked + eps * np.mean(s, axis=1)
        loss = np.mean(np.log(total) - picked)
    return loss  # noqa: RET504 -- the graph takes its names from these variables


@loss("bce")
def bce_with_logits(z: Array, y: Array) -> Array:
    """Binary cross-entropy of independent yes/no targets: the mean of log(1 + e^z) − z · y. dL/dz = (σ(z) − y) / count.

    z, y: logits and targets from 0 (no) to 1 (yes) of one and the same shape. log(1 + e^z) is computed without
    overflow, and its derivative σ(z) without cancellation. Also found as ``bce``. As PyTorch's
    ``binary_cross_entropy_with_logits``. Errors: ShapeError ``loss-shape``; SettingError ``loss-labels``, where y is
    not traced and can be looked at.

    >>> float(bce_with_logits(np.array([1000.0, -1000.0]), np.array([1, 0])))
    0.0
    """
    with scope("loss"):
        y = number_target(z, y, "bce_with_logits")
        if not isinstance(y, Tracer) and not ((y >= 0) & (y <= 1)).all():
            wrong = y[~((y >= 0) & (y <= 1))]
            raise wrong_labels(
                f"a target is {wrong[0]:g}",
                "bce_with_logits",
                why="a target is the probability of yes: 0, 1, or between them",
                do="Give (y + 1) / 2 if they are -1 and 1; for labels of several classes take softmax_cross_entropy.",
            )
        loss = np.mean(np.logaddexp(0, z) - z * y)
    return loss  # noqa: RET504 -- the graph takes its names from these variables


@loss()
def hinge(z: Array, y: Array, margin: float = 1.0) -> Array:
    """Multi-class hinge loss, the SVM's: mean over the batch of Σ max(0, z_j − z_y + margin) over the wrong classes j.

    z: scores (B, C). y: labels (B,), or a one-hot (B, C). At its kinks the derivative is taken as 0. Differs from
    PyTorch's ``multi_margin_loss``, which divides the sum by C. Source: J. Weston and C. Watkins, "Support Vector
    Machines for Multi-Class Pattern Recognition", 1999. Errors: as :func:`softmax_cross_entropy`.

    >>> float(hinge(np.array([[13.0, -7.0, 11.0]]), np.array([0]), margin=10))
    8.0
    """
    margin = setting(margin, 0, math.inf, "margin", "hinge(margin=...)")
    with scope("loss"):
        right, wrong = _right_and_wrong(z, y, "hinge")
        over = np.maximum(z - right + margin, 0)
        loss = np.mean(np.sum(np.where(wrong, over, 0.0), axis=1))
    return loss  # noqa: RET504 -- the graph takes its names from these variables


@loss()
def focal(z: Array, y: Array, gamma: float = 2.0) -> Array:
    """Mean over the batch of −(1 − p)^gamma · log p, with p = softmax(z)_y: what is right already counts for little.

    z: logits (B, C). y: labels (B,), or a one-hot (B, C). gamma: 0 is :func:`softmax_cross_entropy`. 1 − p is taken
    from the other classes' log-sum-exp, so that it does not cancel. PyTorch has no such loss; torchvision's is that of
    independent yes/no targets, with weights. Source: T.-Y. Lin et al., "Focal Loss for Dense Object Detection", 2017.
    Errors: as :func:`softmax_cross_entropy`.

    >>> round(float(focal(np.array([[0.0, 0.0]]), np.array([1]))), 4)  # (1/2)² · log 2
    0.1733
    """
    gamma = setting(gamma, 0, math.inf, "gamma", "focal(gamma=...)")
    with scope("loss"):
        right, wrong = _right_and_wrong(z, y, "focal")
        total = _logsumexp(z)
        log_p = right - total
        others = _logsumexp(np.where(wrong, z, -1e30))
        weight = np.exp(gamma * (others - total))
        loss = -np.mean(weight * log_p)
    return loss  # noqa: RET504 -- the graph takes its names from these variables


def _right_and_wrong(z: Array, y: Array, where: str) -> tuple[Array, Array]:
    """The score of the right class (B, 1), and which scores (B, C) are those of wrong classes."""
    y, is_labels = class_target(z, y, where, one_hot=True)
    if is_labels:
        right = z[np.arange(np.shape(z)[0]), y][:, None]
        wrong = np.arange(np.shape(z)[1]) != y[:, None]
    else:
        right = np.sum(y * z, axis=1, keepdims=True)
        wrong = y == 0
    return right, wrong


def _logsumexp(z: Array) -> Array:
    """log Σ_j e^z_j over the last axis, kept as (B, 1): the largest is taken out first."""
    top = stop_gradient(np.max(z, axis=1, keepdims=True))
    return top + np.log(np.sum(np.exp(z - top), axis=1, keepdims=True))
