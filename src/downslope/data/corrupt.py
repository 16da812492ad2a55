"""Faults by their names: what real data suffers from, put into good data in a known dose, with the truth kept.

Each is a pure function of the data, its settings and the seed. It changes the training part only (the two that rescale
or mix columns change both parts), keeps the row ids, returns the data itself at strength 0, says in ``Data.notes`` what
it did, and keeps in ``Data.touched`` which rows and columns it did it to. They can be applied one after another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from downslope.data.corruptions.cells import missing_values, outliers
from downslope.data.corruptions.copies import duplicates, leakage
from downslope.data.corruptions.labels import imbalance, label_noise
from downslope.data.corruptions.scales import correlated_features, unscaled_features
from downslope.data.dataset import Data
from downslope.data.settings import check_options
from downslope.errors import SettingError, nearest

CORRUPTIONS: dict[str, Callable[..., Data]] = {
    "label_noise": label_noise,
    "imbalance": imbalance,
    "outliers": outliers,
    "missing_values": missing_values,
    "unscaled_features": unscaled_features,
    "correlated_features": correlated_features,
    "duplicates": duplicates,
    "leakage": leakage,
}
"""Name on the command line → function. A new corruption is one function and one entry."""


def corrupt(data: Data, corruption: str, **settings: Any) -> Data:
    """``data`` with one corruption, by its name in CORRUPTIONS; settings: those of that function.

    Errors: SettingError ``data-corruption-unknown``, ``data-option-unknown``, and those of the function.

    >>> from downslope.data import moons
    >>> data = corrupt(moons(), "label_noise", rate=0.1, seed=0)
    >>> data = corrupt(data, "leakage", rate=0.5)
    >>> [touched.corruption for touched in data.touched]
    ['label_noise', 'leakage']
    """
    if corruption not in CORRUPTIONS:
        raise SettingError(
            "data-corruption-unknown",
            f"there is no corruption called {corruption!r}",
            where="the name of the corruption",
            why="each name stands for one known fault",
            do=nearest(str(corruption), CORRUPTIONS),
        )
    check_options(settings, CORRUPTIONS[corruption], f"the corruption {corruption!r}")
    return CORRUPTIONS[corruption](data, **settings)
