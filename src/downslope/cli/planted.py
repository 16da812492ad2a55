"""What the reference shows of a mistake: the function in which its entry plants it, and the verdict."""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import Any

import numpy as np

from downslope.explain.check import check_gradients


def example(mistake: Any) -> str:
    """Doctest lines: the function whose gradient is wrong in this way, the check, and its verdict."""
    f, args, mine, settings = mistake.planted()
    with np.errstate(all="ignore"):
        verdict = check_gradients(f, *args, mine=mine, **settings)
    head, *body = textwrap.dedent(inspect.getsource(f)).strip().splitlines()
    name = f.__name__.lstrip("_")
    head = re.sub(r": Any|\s*-> Any", "", head).replace(f.__name__, name)  # every type in it is Any
    shown = [f"... {line}" for line in body if line.strip() and not line.strip().startswith('"""')]
    given = [name, *inspect.signature(f).parameters, "mine=mine", *(f"{word}={word}" for word in settings)]
    return "\n".join([f">>> {head}", *shown, f">>> print(check_gradients({', '.join(given)}))", str(verdict)])
