"""The built front end: the module that all hosts load, its style sheet, and the heavy libraries beside it.

It is written in TypeScript in web/, built by the package's build hook, and carried by wheels and source archives.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from downslope.errors import SettingError

STATIC = Path(__file__).parent / "static"
MODULE, STYLE = "downslope.js", "downslope.css"
OF_THE_LAB = "lab.js"
LIBRARIES = {
    "dagre": {"graph"},
    "katex": {"derivation", "graph", "program", "surface"},
    "uplot": {"compare", "layers", "loss_curve", "race", "reading", "slice", "sweep", "timeline"},
}
"""The heavy libraries, and the views that draw with them. Any view may be asked for its formula: these show one."""


def text(name: str) -> str:
    """One of its files. Errors: SettingError ``front-end-missing``."""
    path = STATIC / name
    if not path.is_file():
        raise SettingError(
            "front-end-missing",
            f"the front end has not been built: there is no {name}",
            where=str(STATIC),
            why="interactive views are drawn by a TypeScript module, which a fresh checkout does not hold",
            do="Run `make web` in the checkout (it brings its own node and needs a network once). Pictures "
            "(ds.plot), the terminal and everything else work without it.",
        )
    return path.read_text(encoding="utf-8")


def is_built() -> bool:
    """Whether widgets and reports can be made."""
    return all((STATIC / name).is_file() for name in (MODULE, STYLE, "built.json"))


@cache
def views() -> frozenset[str]:
    """Ids of the views that it can draw. Errors: SettingError ``front-end-missing``."""
    facts: dict[str, Any] = json.loads(text("built.json"))
    return frozenset(facts["views"])


def needed(shown: Collection[str]) -> list[str]:
    """The libraries that these views draw with."""
    return [name for name, views in LIBRARIES.items() if not views.isdisjoint(shown)]


def library(name: str) -> str:
    """The module of a heavy library, which a notebook asks for by its name. Errors: SettingError as above."""
    known = [path.stem for path in STATIC.glob("*.js") if path.name not in (MODULE, OF_THE_LAB)]
    if name not in known:  # never the path of a file: a page says which library it means
        raise SettingError(
            "front-end-missing",
            f"there is no library {name[:40]!r} in the front end",
            where=str(STATIC),
            why="a view asks for what only some views need by its name",
            do=f"There are {', '.join(sorted(known)) or 'none; run `make web` in the checkout'}.",
        )
    return text(f"{name}.js")
