"""Faults of the target's classes: wrong labels, and a class that becomes rare."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from downslope.data.corruptions.change import changed, dice, drawn, hit, need_classes
from downslope.data.dataset import Data, Split
from downslope.data.settings import number
from downslope.errors import SettingError, nearest


def label_noise(data: Data, rate: float = 0.1, seed: int = 0) -> Data:
    """Training rows, a share ``rate`` of them, get another class, each of the others equally likely.

    In a run: the training loss of an honest model cannot fall below the entropy of the noise (for two classes
    H(rate), with the best logit ln((1 - rate)/rate)); a loss below it means that the network learns the wrong
    labels by heart.

    Source: C. Zhang et al., "Understanding deep learning requires rethinking generalization", 2017. Errors:
    DataError ``data-needs-classes``; SettingError ``data-out-of-range``, ``data-seed``.

    >>> from downslope.data import moons
    >>> len(label_noise(moons(), rate=0.1).touched[0].rows)
    40
    """
    need_classes(data, "label_noise", 'To spoil numbers use outliers(data, rate=..., where="target").')
    train, classes = data.train, len(data.classes)
    where = hit(data, "label_noise", len(train), rate, seed)
    if len(where) == 0:
        return data
    y = train.y.copy()
    jump = dice(data, "label_noise", len(where), seed) % np.uint64(classes - 1)
    y[where] = (y[where] + 1 + jump.astype(np.int64)) % classes
    said = f"Label noise (rate {rate:g}, seed {seed}): {len(where)} of {len(train)} training rows got another class."
    return changed(data, "label_noise", said, train.rows[where], train=replace(train, y=y))


def imbalance(data: Data, ratio: float = 10.0, rare: str | None = None, seed: int = 0) -> Data:
    """Training rows of one class are taken out until the largest other class has ``ratio`` times as many.

    rare: the name of the class that becomes rare, the last of ``data.classes`` if None. Data that is as uneven
    already comes back as it is, so ``ratio=1`` changes nothing where the classes are equal.

    In a run: with two classes, always saying the common one is right for a share ratio/(ratio + 1) of the training
    rows, so a good accuracy there can hide that the rare class is never found. The held-out part keeps its
    proportions and tells.

    Errors: DataError ``data-needs-classes``; SettingError ``data-class-unknown``, ``data-out-of-range``,
    ``data-seed``.

    >>> from downslope.data import moons
    >>> import numpy as np
    >>> np.bincount(imbalance(moons(), ratio=10).train.y)
    array([200,  20])
    """
    need_classes(data, "imbalance", "Use a set with classes, or cut the number into classes first.")
    train = data.train
    chosen = _class_index(data, rare)
    counts = np.bincount(train.y.astype(np.int64), minlength=len(data.classes))
    largest = int(np.delete(counts, chosen).max())
    why = f"the largest other class has {largest} training rows, and the rare one keeps at least one"
    ratio = number(ratio, "ratio", 1, max(largest, 1), why=why, example=min(10, largest))
    mine = np.flatnonzero(train.y == chosen)
    surplus = max(len(mine) - max(round(largest / ratio), 1), 0)
    out = mine[drawn(data, "imbalance", len(mine), surplus, seed)]
    if len(out) == 0:
        return data
    keep = np.setdiff1d(np.arange(len(train)), out)
    name, left = data.classes[chosen], len(mine) - len(out)
    said = (
        f"Imbalance (ratio {ratio:g}, seed {seed}): {len(out)} of {len(mine)} training rows of the class '{name}' were "
        f"taken out; {left} are left against {largest} of the largest class."
    )
    thinned = Split(train.x[keep], train.y[keep], train.rows[keep])
    return changed(data, "imbalance", said, train.rows[out], train=thinned)


def _class_index(data: Data, rare: str | None) -> int:
    if rare is None:
        return len(data.classes) - 1
    if rare in data.classes:
        return data.classes.index(rare)
    raise SettingError(
        "data-class-unknown",
        f"{data.name} has no class called {rare!r}",
        where="the argument rare=",
        why="it names the class that becomes rare",
        do=nearest(str(rare), data.classes),
    )
