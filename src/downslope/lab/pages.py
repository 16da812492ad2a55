"""The few pages that the lab writes itself: where it refuses, and where its front end has not been built."""

from __future__ import annotations

from html import escape

_FRAME = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title></head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def refused(why: str) -> str:
    """No token, or a foreign one."""
    return _page(
        "This lab does not know you",
        f"Refused: {why}.",
        "Why: other programs and other web pages on this computer could otherwise start trainings.",
        "What to do: open the whole address that `downslope lab` printed in the terminal; it ends in ?token=...",
    )


def not_built() -> str:
    """A checkout without the front end."""
    return _page(
        "The lab's page has not been built yet",
        "The server is running, but the folder src/downslope/lab/static has no page in it.",
        "Why: the page is written in TypeScript and built once; an installed package brings it along, a fresh checkout "
        "does not.",
        "What to do: run `make web` in the checkout, then reload this page.",
    )


def missing() -> str:
    """A path that is not there."""
    return _page("There is nothing here", "The lab has one page, at the address that `downslope lab` printed.")


def _page(title: str, *paragraphs: str) -> str:
    body = "\n".join(f"<p>{escape(text)}</p>" for text in paragraphs)
    return _FRAME.format(title=escape(title), body=body)
