"""The sets that scikit-learn carries inside itself: nothing is downloaded, the same bytes everywhere.

Loaded lazily (see lazy.py) because importing scikit-learn takes about a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import datasets  # type: ignore[import-untyped, unused-ignore]  # scikit-learn ships no types

from downslope.data.dataset import Data
from downslope.data.prepare import assemble, split_for


def digits(held_out: float = 0.2, seed: int = 0) -> Data:
    """1797 handwritten digits, 8 x 8 pixels from 0 to 1, ten classes.

    x: (n, 64), ink of each pixel / 16, not standardised (a third of the border pixels is always blank). Source: E.
    Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998; its test part, as scikit-learn
    carries it.

    >>> digits().n_outputs
    10
    """
    bunch = datasets.load_digits()
    return _classification(
        "digits", bunch, "digit", held_out, seed, scale=16.0, note="Pixels divided by 16, to run from 0 to 1."
    )


def iris(held_out: float = 0.2, seed: int = 0) -> Data:
    """150 iris flowers, 4 lengths in cm (standardised), three species. Source: R. A. Fisher, 1936.

    >>> iris().classes
    ('setosa', 'versicolor', 'virginica')
    """
    return _classification("iris", datasets.load_iris(), "species", held_out, seed)


def wine(held_out: float = 0.2, seed: int = 0) -> Data:
    """178 wines, 13 chemical measurements (standardised), three cultivars. Source: M. Forina et al., UCI, 1991."""
    return _classification("wine", datasets.load_wine(), "cultivar", held_out, seed)


def breast_cancer(held_out: float = 0.2, seed: int = 0) -> Data:
    """569 tumours, 30 measurements of cell nuclei (standardised), malignant or benign.

    Source: W. Wolberg et al., UCI, 1995.
    """
    return _classification("breast_cancer", datasets.load_breast_cancer(), "diagnosis", held_out, seed)


def diabetes(held_out: float = 0.2, seed: int = 0) -> Data:
    """442 patients, 10 measurements, the progression of the disease after a year (25 to 346): regression.

    Features and target standardised. The raw measurements are taken (``scaled=False``): scikit-learn's default
    scales them over all rows, held-out ones included. Source: B. Efron et al., "Least Angle Regression", 2004.
    """
    bunch = datasets.load_diabetes(scaled=False)
    y = np.asarray(bunch.target, dtype=np.float64)
    return assemble(
        name="diabetes",
        task="regression",
        x=np.asarray(bunch.data, dtype=np.float64),
        y=y,
        rows=np.arange(len(y), dtype=np.int64),
        parts=split_for("regression", y, held_out, seed),
        features=tuple(bunch.feature_names),
        target="progression",
        where="the embedded set 'diabetes'",
        standardise=(True,) * len(bunch.feature_names),
        standardise_target=True,
        notes=("Features and target standardised by the training part.",),
    )


def _classification(
    name: str,
    bunch: Any,
    target: str,
    held_out: float,
    seed: int,
    *,
    scale: float | None = None,
    note: str = "Features standardised by the training part.",
) -> Data:
    """scale: divide by it instead of standardising."""
    y = np.asarray(bunch.target, dtype=np.int64)
    x = np.asarray(bunch.data, dtype=np.float64)
    images = getattr(bunch, "images", None)
    return assemble(
        name=name,
        task="classification",
        x=x if scale is None else x / scale,
        y=y,
        rows=np.arange(len(y), dtype=np.int64),
        parts=split_for("classification", y, held_out, seed),
        features=tuple(str(feature) for feature in bunch.feature_names),
        target=target,
        where=f"the embedded set '{name}'",
        classes=tuple(str(word) for word in bunch.target_names),
        standardise=(scale is None,) * x.shape[1],
        image_shape=None if images is None else (images.shape[1], images.shape[2]),
        notes=(note,),
    )


EMBEDDED: dict[str, Callable[..., Data]] = {
    "digits": digits,
    "iris": iris,
    "wine": wine,
    "breast_cancer": breast_cancer,
    "diabetes": diabetes,
}
"""Name on the command line → function. A new set is one function and one entry."""
