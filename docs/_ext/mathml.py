"""LaTeX as MathML, written into the page while it is built: browsers draw it themselves, with no script and no network.

docutils has the translation; Sphinx by itself only offers MathJax from a server and pictures from a LaTeX installation.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

LOG = logging.getLogger(__name__)


def written(node: Any, *, block: bool) -> str:
    """The element of a formula; what cannot be translated is a warning, which fails the build, and stays LaTeX."""
    try:
        return tex2mathml(node.astext(), as_block=block)
    except MathError as error:
        LOG.warning("formula %r: %s", node.astext(), error, location=node)
        return f"<code>{node.astext()}</code>"


def inline(writer: Any, node: nodes.math) -> None:
    """A formula in the text."""
    writer.body.append(written(node, block=False))
    raise nodes.SkipNode


def block(writer: Any, node: nodes.math_block) -> None:
    """A formula on its own line, which scrolls by itself where the page is narrow."""
    writer.body.append(f'<div class="formula" tabindex="0">{written(node, block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Make ``html_math_renderer = "mathml"`` known."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
