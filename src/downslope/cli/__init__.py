"""The command line: ``downslope train digits``. One file a command; the words are those of the Python names."""

from __future__ import annotations

from downslope.cli.app import main

__all__ = ["main"]
