"""Data sets of one's own: tables and drawn points that came from the page, kept in the lab's folder."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from downslope import data as datasets
from downslope.data import Data
from downslope.errors import DataError, DownslopeError, SettingError, nearest
from downslope.lab import build, limits
from downslope.lab.commands import UploadPoints, UploadTable

PLACE = "data"  # the folder in the lab's folder
FIRST_LINE = 100_000  # characters of a header


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands beside a set: its name as it came, its kind, and the column to predict of a table."""

    name: str
    kind: str
    target: str = ""


class Sets:
    """The sets in ``folder``/data. An id is the name of a file that is there; no other word leads to a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / PLACE

    def known(self) -> dict[str, Facts]:
        """Id -> facts of every set, by id."""
        found = {}
        for path in sorted(self.folder.glob("*.json")):
            with contextlib.suppress(OSError, msgspec.DecodeError):
                found[path.stem] = msgspec.json.decode(path.read_bytes(), type=Facts)
        return found

    def find(self, id: str, settings: Mapping[str, Any]) -> Data | None:
        """The set with this id, None if there is none. settings: target, missing, held_out ... of a table; held_out and
        seed of points. Errors: DataError, SettingError.
        """
        facts = self.known().get(id)
        if facts is None:
            return None
        if facts.kind == "points":
            return self._points(id, facts, settings)
        options = {name: value for name, value in settings.items() if value is not None}
        options.setdefault("target", facts.target)
        path = next(
            (self.folder / f"{id}{end}" for end in (".csv", ".tsv") if (self.folder / f"{id}{end}").is_file()), None
        )
        if path is None:
            raise _lost(id)
        try:
            # The file may go, and the run stays: it is to have no origin, so that a copy travels inside its file.
            return replace(datasets.load(path, name=id, **options), origin={})
        except DownslopeError as error:
            raise _as_uploaded(error, path, facts.name) from None

    def _points(self, id: str, facts: Facts, settings: Mapping[str, Any]) -> Data:
        try:
            found = json.loads((self.folder / f"{id}.points").read_text(encoding="utf-8"))
            x, y = np.array(found["x"], np.float64), [f"class {k}" for k in found["y"]]
        except (OSError, ValueError, KeyError, TypeError):
            raise _lost(id) from None
        for word in settings:
            if word not in ("held_out", "seed"):
                raise SettingError(
                    "data-option-unknown",
                    f"drawn points have no option {word!r}",
                    where=facts.name,
                    why="an option that is silently ignored would train on other data than was meant",
                    do=nearest(word, ("held_out", "seed")),
                )
        return datasets.arrays(x, y, features=("x1", "x2"), target="class", name=id, **settings)

    # --- keeping -------------------------------------------------------------------------------------------------

    def keep_table(self, upload: UploadTable) -> tuple[str, tuple[str, ...]]:
        """Keep a table if it can be trained on: its id, and what its reading has to say. Errors: DataError."""
        size = len(upload.text.encode("utf-8", "replace"))
        if size > limits.MOST_UPLOAD:
            raise too_large(size)
        if not upload.text.strip():
            raise _empty(upload.name)
        ending = ".tsv" if upload.name.lower().endswith((".tsv", ".tab")) else ".csv"
        target = upload.target or _last_column(upload.text, ending)

        def write(id: str) -> None:
            (self.folder / f"{id}{ending}").write_text(upload.text, encoding="utf-8", newline="", errors="replace")

        return self._keep(Facts(upload.name, "table", target), write)

    def keep_points(self, upload: UploadPoints) -> tuple[str, tuple[str, ...]]:
        """Keep drawn points. Errors: DataError ``data-shapes`` and those of ``data.arrays``."""
        if len(upload.x) != len(upload.y):
            raise DataError(
                "data-shapes",
                f"there are {len(upload.x)} points and {len(upload.y)} classes",
                where=upload.name,
                why="each point needs one class",
                do="send as many of the one as of the other",
            )
        text = json.dumps({"x": upload.x, "y": upload.y})
        return self._keep(
            Facts(upload.name, "points"),
            lambda id: (self.folder / f"{id}.points").write_text(text, encoding="utf-8") and None,
        )

    def _keep(self, facts: Facts, write: Any) -> tuple[str, tuple[str, ...]]:
        known = self.known()
        if len(known) >= limits.MOST_SETS:
            raise build.limit("the number of own data sets", len(known) + 1, limits.MOST_SETS, "they fill the folder")
        id = _free_id(facts.name, {*known, *datasets.EMBEDDED, *datasets.SYNTHETIC})
        try:
            self.folder.mkdir(exist_ok=True)
            write(id)
            (self.folder / f"{id}.json").write_bytes(msgspec.json.encode(facts))
        except OSError as error:
            self.remove(id)
            raise _unwritable(self.folder, error) from None
        try:
            made = self.find(id, {})
        except DownslopeError:
            self.remove(id)
            raise
        return id, () if made is None else tuple(made.notes)

    def remove(self, id: str) -> None:
        """Take a set out of the folder. Errors: none where it is not there."""
        if re.fullmatch(r"[\w-]+", id):
            for ending in (".json", ".csv", ".tsv", ".points"):
                with contextlib.suppress(OSError):
                    os.remove(self.folder / f"{id}{ending}")

    def delete(self, id: str) -> None:
        """The same for one that must be there. Errors: SettingError ``lab-set``."""
        known = self.known()
        if id not in known:
            raise SettingError(
                "lab-set",
                f"there is no own data set {id[:100]!r}",
                where=f"the folder {self.folder}",
                why="only what was uploaded or drawn here can be deleted",
                do=nearest(id, known) if known else "there is none to delete",
            )
        self.remove(id)


def too_large(size: int) -> DataError:
    """An upload above the limit."""
    return DataError(
        "lab-upload-size",
        f"the table has {size / 2**20:.1f} MiB",
        where="an upload to the lab",
        why=f"the lab takes tables up to {limits.MOST_UPLOAD / 2**20:.0f} MiB through the page",
        do="train on the file itself: `downslope train table.csv --target COLUMN --record runs/table-1.run`; "
        "the lab shows that run like its own",
    )


def _last_column(text: str, ending: str) -> str:
    """The name in the last place of the header: what is predicted where nobody says otherwise."""
    header = text.lstrip("\ufeff").partition("\n")[0][:FIRST_LINE].rstrip("\r")
    separators = ["\t"] if ending == ".tsv" else [",", ";", "\t"]
    separator = next((sign for sign in separators if sign in header), separators[0])
    return header.rpartition(separator)[2].strip().strip('"')


def _free_id(name: str, taken: set[str]) -> str:
    stem = re.sub(r"\.(csv|tsv|tab|txt)$", "", name.replace("\\", "/").rpartition("/")[2], flags=re.IGNORECASE)
    word = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:40] or "own"
    number, id = 2, word
    while id in taken:
        id, number = f"{word}-{number}", number + 1
    return id


def _as_uploaded(error: DownslopeError, path: Path, name: str) -> DownslopeError:
    """The same error in the words of the page, where the file has the name that it was dropped with."""

    def told(text: str) -> str:
        return text.replace(str(path.absolute()), name).replace(str(path), name).replace(path.name, name)

    return type(error)(error.code, told(error.what), where=told(error.where), why=error.why, do=told(error.do))


def _empty(name: str) -> DataError:
    return DataError(
        "data-empty",
        "the table is empty",
        where=name,
        why="there is nothing to learn from",
        do="paste a header line and at least ten rows",
    )


def _lost(id: str) -> DataError:
    return DataError(
        "lab-set-lost",
        f"the data set {id} cannot be read any more",
        where=f"{PLACE}/{id} in the lab's folder",
        why="its file was taken away or changed by hand",
        do="upload it again; runs that were trained on it keep their own copy",
    )


def _unwritable(folder: Path, error: OSError) -> DataError:
    return DataError(
        "lab-folder",
        f"{folder} cannot be written: {error.strerror or error}",
        where="an upload to the lab",
        why="data sets of one's own are kept in the folder that the lab was opened on",
        do="make room, or open the lab on a folder that can be written to: `downslope lab DIR`",
    )
