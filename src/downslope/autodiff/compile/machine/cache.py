"""Object code that is kept on disk: found again by what it was made from, and never run unless it is what was kept.

An entry is one file, named by the hash of everything that the code depends on. It begins with a digest of its name and
content; a file that does not fit it (cut short, changed, of another format) counts as missing and is written anew.
Files are written beside and renamed, so that several processes never see half of one. What was not used for longest
goes first. Without a directory that can be written, everything else works all the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

FORMAT = b"downslope machine code 1\n"
LIMIT = 64 * 2**20  # bytes of all entries together
_ENDING = ".code"


def directory() -> Path:
    """Where entries are kept: DOWNSLOPE_CACHE, or a folder of the user's cache."""
    if given := os.environ.get("DOWNSLOPE_CACHE"):
        return Path(given) / "machine"
    if base := os.environ.get("XDG_CACHE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None):
        return Path(base) / "downslope" / "machine"
    home = Path.home()
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "downslope" / "machine"


def key(*parts: str) -> str:
    """The name of an entry: a hash of what it is made from, each part with its length."""
    found = hashlib.sha256()
    for part in parts:
        data = part.encode()
        found.update(len(data).to_bytes(8, "little"))
        found.update(data)
    return found.hexdigest()


@dataclass
class Cache:
    """Entries in one folder. trouble: why nothing can be kept there; None as long as it works."""

    folder: Path
    limit: int = LIMIT
    trouble: str | None = None

    def read(self, name: str) -> bytes | None:
        """The content of an entry; None if it is missing or not what was written."""
        path = self.folder / (name + _ENDING)
        try:
            with path.open("rb") as file:
                if not _is_own(os.fstat(file.fileno())):
                    return None
                data = file.read()
            os.utime(path)  # used just now
        except OSError:
            return None
        start = len(FORMAT) + 32
        content = data[start:]
        if data[: len(FORMAT)] != FORMAT or data[len(FORMAT) : start] != _digest(name, content):
            return None
        return content

    def write(self, name: str, content: bytes) -> None:
        """Keep an entry; ``trouble`` says why it could not be."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, temporary = tempfile.mkstemp(dir=self.folder, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(FORMAT + _digest(name, content) + content)
                os.replace(temporary, self.folder / (name + _ENDING))
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
                raise
            self.trim()
            self.trouble = None
        except OSError as error:
            self.trouble = f"{self.folder}: {error.strerror or error}"

    def trim(self) -> None:
        """Remove what was not used for longest, until the rest is within the limit."""
        found = []
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):
                facts = path.stat()
                found.append((facts.st_mtime, facts.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found, key=lambda entry: entry[0]):
            if total <= self.limit:
                return
            with contextlib.suppress(OSError):  # another process was quicker
                path.unlink()
            total -= size


def _digest(name: str, content: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + content).digest()


def _is_own(facts: os.stat_result) -> bool:
    """Written by this user, and by nobody else since."""
    return not hasattr(os, "getuid") or (facts.st_uid == os.getuid() and not facts.st_mode & 0o022)
