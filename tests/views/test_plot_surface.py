"""Pictures of surfaces: the map, and what is known of it."""

from __future__ import annotations

import numpy as np
from tests.views.tools import named

from downslope import surfaces
from downslope.views import surface_view
from downslope.views.plot import surface


def test_known_minima_are_stars_where_they_are() -> None:
    ax = surface(surface_view(surfaces.by_name("himmelblau")))
    (stars,) = named(ax, "minima")
    np.testing.assert_allclose(stars.get_offsets(), [m.point for m in surfaces.by_name("himmelblau").minima])
    assert not named(surface(surface_view(surfaces.by_name("saddle"))), "minima")


def test_a_map_is_to_scale_unless_its_domain_is_long() -> None:
    for domain, aspect in ((((-1, 1), (-2, 2)), 1.0), (((-9, 9), (-1, 1)), "auto")):
        ax = surface(surface_view(surfaces.formula("x + y", domain)))
        assert ax.get_aspect() == aspect
        assert (ax.get_xlim(), ax.get_ylim()) == domain


def test_a_map_with_places_without_a_value_says_what_blank_means() -> None:
    assert surface(surface_view(surfaces.formula("log(x)"))).get_xlabel() == "x     (blank: no finite value)"
    assert surface(surface_view(surfaces.formula("x"))).get_xlabel() == "x"
