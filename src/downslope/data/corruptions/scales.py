"""Faults of whole columns, in both parts alike: units that differ, means that are not 0, columns that say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from downslope.data.corruptions.change import changed, moments
from downslope.data.counter import named_stream, shuffled
from downslope.data.dataset import Data, FloatArray
from downslope.data.settings import number
from downslope.errors import SettingError, nearest

PerFeature: TypeAlias = Sequence[float] | Mapping[str, float]
"""One number for each feature, or feature name → number for some of them."""


def unscaled_features(
    data: Data,
    factors: PerFeature | None = None,
    shifts: PerFeature | None = None,
    spread: float | None = None,
    seed: int = 0,
) -> Data:
    """Every feature x becomes factor x + shift, in both parts, as if its unit and its zero were other ones.

    factors, shifts: see PerFeature; the others keep factor 1 and shift 0. spread: instead of factors, numbers from
    1 to ``spread`` in equal ratios, dealt to the features by the seed; 1000 if nothing is given at all.
    ``Data.raw_features`` still gives the user's units.

    In a run: two independent features with standard deviations 1 and s give the Hessian of the squared loss the
    condition number s², one feature with mean m beside a bias gives [[1 + m², m], [m, 1]]: gradient descent needs
    about condition number / 2 steps for each factor of e.

    Errors: SettingError ``data-factors``, ``data-out-of-range``, ``data-seed``.

    >>> from downslope.data import circles
    >>> unscaled_features(circles(), factors=(1, 1000)).train.x.std(axis=0).round().tolist()
    [1.0, 1017.0]
    """
    if factors is not None and spread is not None:
        raise _factors("factors", "factors and spread are both given", "Give factors=..., or spread=... to draw them.")
    if factors is None and shifts is None and spread is None:
        spread = 1000.0
    factor = _per_feature(data, factors, "factors", 1.0) if spread is None else _dealt(data, spread, seed)
    shift = _per_feature(data, shifts, "shifts", 0.0)
    if (factor == 0).any():
        name = data.features[int(np.flatnonzero(factor == 0)[0])]
        raise _factors("factors", f"the factor of '{name}' is 0", "Give another number; 0 would erase the feature.")
    touched = np.flatnonzero((factor != 1) | (shift != 0))
    if len(touched) == 0:
        return data
    train, held_out = (replace(part, x=part.x * factor + shift) for part in (data.train, data.held_out))
    scales = data.feature_scales or ((0.0, 1.0),) * len(factor)
    units = zip(scales, factor.tolist(), shift.tolist(), strict=True)
    names = [data.features[j] for j in touched]
    each = ", ".join(f"'{data.features[j]}' times {factor[j]:g} plus {shift[j]:g}" for j in touched[:6])
    more = "" if len(touched) <= 6 else f" and {len(touched) - 6} more"
    return changed(
        data,
        "unscaled_features",
        f"Unscaled features, in both parts: {each}{more}.",
        np.concatenate([train.rows, held_out.rows]),
        train=train,
        held_out=held_out,
        features=names,
        # x = (x' - shift) / factor, put into raw = scale x + mean.
        feature_scales=tuple((mean - c * scale / f, scale / f) for (mean, scale), f, c in units),
    )


def correlated_features(data: Data, correlation: float = 0.9) -> Data:
    """Every feature after the first is mixed with the first, in both parts: z_j becomes r z_0 + sqrt(1 - r²) z_j.

    z is the feature standardised by the training part, r the ``correlation``, from -1 to 1; mean and standard
    deviation stay as they were. Features that had nothing to do with the first then have the correlation r with it.

    In a run: for two of them the Hessian of the squared loss is [[1, r], [r, 1]], with the condition number (1 +
    |r|)/(1 - |r|), and no scaling of single features repairs it.

    Errors: SettingError ``data-out-of-range``.

    >>> from downslope.data import xor
    >>> round(float(np.corrcoef(correlated_features(xor(), 0.9).train.x.T)[0, 1]), 1)
    0.9
    """
    r = number(correlation, "correlation", -1, 1, why="it is a correlation coefficient", example=0.9)
    mean, deviation = moments(data.train.x)
    mixed = [j for j in range(1, len(data.features)) if deviation[j] > 0]
    if r == 0 or not mixed or deviation[0] == 0:
        return data

    def mix(x: FloatArray) -> FloatArray:
        first = (x[:, :1] - mean[0]) / deviation[0]
        out = x.copy()
        out[:, mixed] = mean[mixed] + r * first * deviation[mixed] + (1 - r * r) ** 0.5 * (x[:, mixed] - mean[mixed])
        return out

    train, held_out = (replace(part, x=mix(part.x)) for part in (data.train, data.held_out))
    said = f"Correlated features ({r:g}), in both parts: every feature was mixed with '{data.features[0]}'."
    rows = np.concatenate([train.rows, held_out.rows])
    names = [data.features[j] for j in mixed]
    return changed(data, "correlated_features", said, rows, train=train, held_out=held_out, features=names)


def _per_feature(data: Data, given: PerFeature | None, option: str, usual: float) -> FloatArray:
    """One finite number for each feature, shape (d,)."""
    names = data.features
    if given is None:
        return np.full(len(names), usual)
    if isinstance(given, Mapping):
        unknown = [name for name in given if name not in names]
        if unknown:
            raise _factors(option, f"there is no feature called {unknown[0]!r}", nearest(str(unknown[0]), names))
        values = [given.get(name, usual) for name in names]
    else:
        if not isinstance(given, Sequence | np.ndarray):
            raise _factors(option, f"{option} is {given!r}", f'Name the features: {option}={{"{names[0]}": 10}}.')
        values = list(given)
        if len(values) != len(names):
            what = f"{option} has {len(values)} numbers and {data.name} has {len(names)} features"
            raise _factors(option, what, f'Give one for each, or name some: {option}={{"{names[0]}": 10}}.')
    why = "every value of the feature goes through it"
    return np.array([number(value, option, -1e12, 1e12, why=why, example=10) for value in values])


def _dealt(data: Data, spread: float, seed: int) -> FloatArray:
    why = "it is how many times the largest factor is larger than the smallest"
    spread = number(spread, "spread", 1, 1e12, why=why, example=1000)
    d = len(data.features)
    places = shuffled(d, seed, stream=named_stream("unscaled_features"))
    return np.asarray(spread ** (places / (d - 1))) if d > 1 else np.array([spread])


def _factors(option: str, what: str, do: str) -> SettingError:
    why = "it must be clear by how much each feature is rescaled"
    return SettingError("data-factors", what, where=f"the argument {option}=", why=why, do=do)
