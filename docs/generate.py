"""Write the generated pages of docs/: so far docs/map.md, what each source file is for, in the order of the flow.

``python docs/generate.py`` writes them; with ``--check`` it writes nothing and fails when one of them is stale.
Only the standard library is needed.
"""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "downslope"

# A run flows through the rooms from top to bottom, and inside a room through the files named here. Files and rooms that
# are not named follow in alphabetical order, so that a new file needs no entry.
FLOW: dict[str, tuple[str, ...]] = {
    "autodiff": (
        "graph",
        "primitive",
        "primitives",
        "tracer",
        "trace",
        "backpropagate",
        "program",
        "compile",
        "forward",
        "derivatives",
        "finite_differences",
        "check",
        "verdict",
        "cost",
    ),
    "optim": (),
    "nn": ("layers", "losses", "initialise"),
    "data": (),
    "surfaces": (),
    "runs": (
        "task",
        "segment",
        "step_program",
        "walk",
        "train",
        "training",
        "run",
        "recorder",
        "file",
        "layout",
        "scalars",
        "snapshots",
        "facts",
        "load",
        "replay",
        "history",
        "probe",
        "step",
        "replayed",
        "instrument",
        "reading",
        "ask",
        "condition",
        "condition_text",
        "condition_grammar",
        "condition_evaluation",
        "source",
        "cursor",
        "fork",
        "compare",
    ),
    "instruments": (),
    "explain": (
        "derivation",
        "of_step",
        "unfolding",
        "local",
        "paths",
        "forward_terms",
        "reverse",
        "tensors",
        "layers",
        "update_steps",
        "update_text",
        "sentence",
        "records",
        "check",
        "diagnosis",
        "mistakes",
        "patterns",
        "updates",
    ),
    "exercises": (
        "draw",
        "question",
        "questions",
        "reading",
        "answer",
        "numbers",
        "arrays",
        "choice",
        "trial",
        "code",
        "assigned",
        "journal",
        "overview",
        "export",
    ),
    "watch": (),
    "views": ("payload",),
    "lab": (),
    "cli": (),
}

HEAD = """\
# Map of the source

Each room is a stage that a run flows through, from top to bottom. Each line is the first docstring line of its file,
put here by `make docs-map`: edit the docstring, not this page.
"""


def first_line(file: Path) -> str:
    """First line of the module's docstring."""
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"), str(file)))
    if not text:
        raise SystemExit(f"{file}: no docstring at the top, so docs/map.md cannot say what the file is for")
    return text.splitlines()[0]


def in_flow(folder: Path, order: tuple[str, ...]) -> list[Path]:
    """Files and sub-packages of a folder: those named in ``order`` first, then the others by name."""
    items = [p for p in folder.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()]
    place = {name: i for i, name in enumerate(order)}
    return sorted((p for p in items if p.name != "__init__.py"), key=lambda p: (place.get(p.stem, len(order)), p.stem))


def entries(folder: Path, order: tuple[str, ...], depth: int = 0) -> Iterator[str]:
    """One list item per file of a folder, those of its sub-packages indented beneath it."""
    for item in in_flow(folder, order):
        file = item / "__init__.py" if item.is_dir() else item
        name = f"{item.name}/" if item.is_dir() else item.name
        yield f"{'  ' * depth}- [`{name}`](../{file.relative_to(ROOT).as_posix()}): {first_line(file)}"
        if item.is_dir():
            yield from entries(item, (), depth + 1)


def map_page() -> str:
    """The text of docs/map.md."""
    everything = in_flow(SOURCE, tuple(FLOW))
    parts = [HEAD]
    for room in (p for p in everything if p.is_dir()):
        listed = "\n".join(entries(room, FLOW.get(room.name, ())))
        parts.append(f"## {room.name}\n\n{first_line(room / '__init__.py')}\n" + (f"\n{listed}\n" if listed else ""))
    shared = [SOURCE / "__init__.py", *(p for p in everything if p.is_file())]
    listed = "\n".join(
        f"- [`{p.name}`](../{p.relative_to(ROOT).as_posix()}): {first_line(p)}" for p in shared if p.is_file()
    )
    parts.append(f"## Beside the rooms\n\n{listed}\n")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` compare them; the exit code is 1 when one is stale."""
    stale = False
    for name, text in {"map.md": map_page()}.items():
        page = ROOT / "docs" / name
        old = page.read_text(encoding="utf-8") if page.is_file() else ""
        if old == text:
            continue
        if "--check" in arguments:
            stale = True
            print(f"docs/{name} is stale; `make docs-map` writes it anew. What would change:")
            print(
                "\n".join(
                    difflib.unified_diff(
                        old.splitlines(), text.splitlines(), "committed", "generated", lineterm="", n=0
                    )
                )
            )
        else:
            page.write_text(text, encoding="utf-8")
            print(f"docs/{name} written")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
