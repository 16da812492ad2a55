"""The reference is written anew when a build begins, so that it says what the source says."""

from __future__ import annotations

from pathlib import Path

import pages
from sphinx.application import Sphinx
from sphinx.util import logging

from downslope.cli import entries

LOG = logging.getLogger(__name__)


def generate(app: Sphinx) -> None:
    """Before anything is read: the pages of all entries."""
    count = pages.write(Path(app.srcdir) / "reference", entries.everything())
    LOG.info("reference: %d pages", count)


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages when the build begins."""
    app.connect("builder-inited", generate)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
