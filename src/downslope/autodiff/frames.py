"""Whose line is this, and what is the result called there? Read from the running frames, so at a prompt too."""

from __future__ import annotations

import dis
import itertools
import sys
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType

import numpy as np

from downslope.autodiff.graph import SourceLine

# Frames of the engine itself and of NumPy are passed over; layers and optimizers count as a user's code.
_ENGINE = (str(Path(__file__).parent), str(Path(np.__file__).parent), "<__array_function__")


@lru_cache(maxsize=4096)
def _is_engine(file: str) -> bool:
    return file.startswith(_ENGINE)


@lru_cache(maxsize=4096)
def _stores(code: CodeType) -> dict[int, str]:
    """Offset of an instruction -> the variable that takes its result; ``""`` where the result is returned."""
    instructions = [i for i in dis.get_instructions(code) if i.opname != "CACHE"]
    stores: dict[int, str] = {}
    for current, after in itertools.pairwise(instructions):
        # While a call runs, its frame may point at the call or at one of the cache entries behind it.
        places = range(current.offset, after.offset, 2)
        if after.opname.startswith("STORE_") and "ATTR" not in after.opname and "SUBSCR" not in after.opname:
            # Python 3.13 stores two variables with one instruction and names both.
            name = after.argval[0] if isinstance(after.argval, tuple) else after.argval
            stores |= dict.fromkeys(places, str(name))
        elif after.opname == "RETURN_VALUE":
            stores |= dict.fromkeys(places, "")
    return stores


def user_frame() -> FrameType | None:
    """The innermost frame that is not the engine's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_engine(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def describe(frame: FrameType | None) -> tuple[str, SourceLine | None]:
    """The name that the user gives to the value computed right now ("" if none), and the line.

    ``h = np.tanh(z)`` names its result h. A helper that returns the value is followed to its caller, once it returns
    the very result: ``h = layer(x)``.
    """
    if frame is None:
        return "", None
    line = SourceLine(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
    name: str | None = None
    caller: FrameType | None = frame
    for _ in range(8):
        if caller is None or _is_engine(caller.f_code.co_filename):
            break
        name = _stores(caller.f_code).get(caller.f_lasti)
        if name != "":
            break
        caller = caller.f_back
    return name or "", line


def where(frame: FrameType | None) -> str:
    """``loss.py:12: z = x @ w`` for an error message."""
    if frame is None:
        return "an unknown line"
    line = SourceLine(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
    return f"{line.file}:{line.line} in {line.function}" + (f": {line.text}" if line.text else "")
