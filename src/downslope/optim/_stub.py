"""What editors and type checkers know of this room: ``python -m downslope.optim._stub`` writes ``__init__.pyi``.

It lists every entry of the tables with its own signature. A new entry that is not listed yet is known too, by the last
line of the stub, only without its signature: so a new file is all that an entry needs.
"""

from __future__ import annotations

from pathlib import Path

from downslope.optim.method import METHODS
from downslope.optim.optimizer import OPTIMIZERS
from downslope.optim.wrapper import WRAPPERS

PATH = Path(__file__).with_name("__init__.pyi")

HEAD = """\
# Written by `python -m downslope.optim._stub`; a test says when it is stale.
# ruff: noqa: I001 -- what is always there comes first

from typing import Any

from downslope.optim import schedules as schedules
from downslope.optim.method import METHODS as METHODS, Method as Method
from downslope.optim.optimizer import OPTIMIZERS as OPTIMIZERS, Optimizer as Optimizer, by_name as by_name
from downslope.optim.plateau import Plateau as Plateau
from downslope.optim.schedule import SCHEDULES as SCHEDULES, Schedule as Schedule
from downslope.optim.text import from_text as from_text
from downslope.optim.wrapper import WRAPPERS as WRAPPERS
"""

TAIL = """
def __getattr__(name: str) -> Any: ...  # an entry that is newer than this file
"""


def text() -> str:
    """The stub for the tables as they are."""
    entries = {**OPTIMIZERS, **WRAPPERS, **METHODS}
    own = sorted((f.__module__, name) for name, f in entries.items() if f.__module__.startswith("downslope.optim."))
    return HEAD + "".join(f"from {module} import {name} as {name}\n" for module, name in own) + TAIL


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
