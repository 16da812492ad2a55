"""Surfaces: losses of two numbers to go down on, the user's own formula, and what happens on the way.

Every file of the room is read, and what it enters with ``@surface(...)`` becomes a name here: ``surfaces.rosenbrock``.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

from downslope.surfaces.descend import Path, descend
from downslope.surfaces.entrant import Entrant
from downslope.surfaces.formula import formula
from downslope.surfaces.race import Race, race
from downslope.surfaces.stability import Stability, stability
from downslope.surfaces.surface import Minimum, Surface
from downslope.surfaces.table import SURFACES, by_name
from downslope.surfaces.verdict import Verdict

if TYPE_CHECKING:  # for editors and type checkers, which do not run the loop below; a test keeps the two alike
    from downslope.surfaces.bowls import (
        bowl as bowl,
        ill_conditioned_bowl as ill_conditioned_bowl,
        rotated_bowl as rotated_bowl,
    )
    from downslope.surfaces.flat_and_steep import (
        absolute as absolute,
        cliff as cliff,
        monkey_saddle as monkey_saddle,
        plateau as plateau,
        saddle as saddle,
    )
    from downslope.surfaces.many_minima import (
        ackley as ackley,
        branin as branin,
        bukin6 as bukin6,
        easom as easom,
        goldstein_price as goldstein_price,
        griewank as griewank,
        himmelblau as himmelblau,
        levy as levy,
        rastrigin as rastrigin,
        six_hump_camel as six_hump_camel,
        styblinski_tang as styblinski_tang,
    )
    from downslope.surfaces.network import two_weights as two_weights
    from downslope.surfaces.stochastic import noisy_bowl as noisy_bowl
    from downslope.surfaces.valleys import (
        beale as beale,
        booth as booth,
        matyas as matyas,
        mccormick as mccormick,
        narrow_ravine as narrow_ravine,
        rosenbrock as rosenbrock,
        three_hump_camel as three_hump_camel,
        zakharov as zakharov,
    )

    levi13 = levy
    sphere = bowl

for _file in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_file.name}")
globals().update(SURFACES)

__all__ = [
    "SURFACES",
    "Entrant",
    "Minimum",
    "Path",
    "Race",
    "Stability",
    "Surface",
    "Verdict",
    "by_name",
    "descend",
    "formula",
    "race",
    "stability",
]
__all__ += list(SURFACES)
