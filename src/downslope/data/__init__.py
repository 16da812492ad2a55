"""Data to train on: embedded and synthetic sets, the user's arrays and tables, faults on purpose, and batches.

``import downslope.data`` costs NumPy only. The embedded sets (scikit-learn) and the table reader (polars) are
loaded when they are first used; see lazy.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from downslope.data import lazy
from downslope.data.arrays import arrays
from downslope.data.batches import batch_at, batches, order, steps_per_epoch
from downslope.data.catalogue import load
from downslope.data.corrupt import CORRUPTIONS, corrupt
from downslope.data.corruptions.cells import missing_values, outliers
from downslope.data.corruptions.copies import duplicates, leakage
from downslope.data.corruptions.labels import imbalance, label_noise
from downslope.data.corruptions.scales import correlated_features, unscaled_features
from downslope.data.dataset import Data, Split, Touched, split_rows
from downslope.data.synthetic import SYNTHETIC, circles, gaussians, line, moons, sine, spirals, xor
from downslope.data.table import table

if TYPE_CHECKING:
    from downslope.data.embedded import EMBEDDED, breast_cancer, diabetes, digits, iris, wine

__all__ = [
    "CORRUPTIONS",
    "EMBEDDED",
    "SYNTHETIC",
    "Data",
    "Split",
    "Touched",
    "arrays",
    "batch_at",
    "batches",
    "breast_cancer",
    "circles",
    "correlated_features",
    "corrupt",
    "diabetes",
    "digits",
    "duplicates",
    "gaussians",
    "imbalance",
    "iris",
    "label_noise",
    "leakage",
    "line",
    "load",
    "missing_values",
    "moons",
    "order",
    "outliers",
    "sine",
    "spirals",
    "split_rows",
    "steps_per_epoch",
    "table",
    "unscaled_features",
    "wine",
    "xor",
]


# The functions named after their files (arrays, batches, corrupt, table) must be bound here at once: a later import of
# such a file would otherwise put the module in the function's place. Only names without a file of their own can wait.
# Hidden from type checkers, which would take any misspelt name for one of these.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in __all__:
            return getattr(lazy.embedded, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
