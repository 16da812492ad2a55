"""What the tests of pages look at: what axe-core finds, what is too wide, and what a view says went wrong."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WEB = Path(__file__).resolve().parents[2] / "web"
Opened = Callable[..., Any]
"""What the fixture ``open_page`` gives: a page for a width and a colour scheme."""

CUT = """() => {
  const scrolls = (each) => {
    for (let at = each; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (/(auto|scroll)/.test(style.overflowX) || style.textOverflow === "ellipsis") return true;
      if (style.position === "absolute" && style.clip !== "auto") return true; // for readers who do not see it
    }
    return false;
  };
  const wide = [...document.querySelectorAll("main *, header *")].filter((each) => {
    if (each.closest("svg, math, select") && !each.matches("svg")) return false;
    const box = each.getBoundingClientRect();
    return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1) && !scrolls(each);
  });
  return wide.slice(0, 5).map((each) => each.outerHTML.slice(0, 160));
}"""


# What an event changes is asked for after the next frame is drawn, so that one calm frame proves nothing. turn: tells
# one wait from the next.
CALM = """(turn) => {
  if (window.turnOfCalm !== turn) [window.turnOfCalm, window.calmFrames] = [turn, 0];
  const isCalm = document.querySelector(".ds-frame, .ds-empty") && !document.querySelector(".ds-frame[aria-busy=true]");
  window.calmFrames = isCalm ? window.calmFrames + 1 : 0;
  return window.calmFrames > 3;
}"""
_turns = itertools.count()


def at(page: Any, lab: Any, state: str) -> Any:
    """Open the lab's page at a state, which is the part of a link after #, and wait for its answers."""
    page.goto(f"{lab.address}#{state}")
    return settled(page)


def settled(page: Any) -> Any:
    """Wait until no view waits for an answer. page: also a frame of a page."""
    page.wait_for_function(CALM, arg=next(_turns))
    return page


def linked(page: Any, *words: str) -> Any:
    """Wait until the link has these words: a moved cursor is written into it a moment later."""
    page.wait_for_url(lambda link: all(word in link for word in words))
    return page


def unlinked(page: Any, words: str) -> Any:
    """Wait until the link does not have these words any more."""
    page.wait_for_url(lambda link: words not in link)
    return page


def holds(box: Any, value: str) -> None:
    """Wait until an input has this value."""
    box.page.wait_for_function("([box, value]) => box.value === value", arg=[box.element_handle(), value])


def leave(page: Any) -> None:
    """Close a page whose lab is gone: the browser itself reports each connection that is refused, which is no fault."""
    page.close()
    page.said.clear()


def violations(page: Any) -> list[str]:
    """What axe-core finds against WCAG 2.1, levels A and AA."""
    axe = WEB / "node_modules/axe-core/axe.min.js"
    if not axe.is_file():
        pytest.skip("axe-core is not installed: `make web`")
    # As a function of the page's own tools: a policy that allows no other script holds for a test's scripts too.
    page.evaluate(axe.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")["violations"]
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"][:3]]


def overflow(page: Any) -> int:
    """By how many pixels the page is wider than the screen."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def cut(page: Any) -> list[str]:
    """What reaches beyond the screen and cannot be scrolled to."""
    found: list[str] = page.evaluate(CUT)
    return found


def failures(page: Any) -> list[str]:
    """What stands in the failure boxes of all frames."""
    found: list[str] = page.locator(".ds-failure").all_inner_texts()
    return found


def frame(page: Any, view: str) -> Any:
    """The frame of a view."""
    return page.locator(f".ds-frame[data-view={view}]")


# The share of the dots of a view's canvases that have a colour: lines and bands, where axes and letters are grey.
COLOURED = """(canvases) => {
  let [coloured, all] = [0, 0];
  for (const canvas of canvases) {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width || 1, canvas.height || 1);
    for (let k = 0; k < data.length; k += 4) {
      const [least, most] = [Math.min(data[k], data[k + 1], data[k + 2]), Math.max(data[k], data[k + 1], data[k + 2])];
      coloured += data[k + 3] > 40 && most - least > 60;
    }
    all += data.length / 4;
  }
  return all ? coloured / all : 0;
}"""
CURVES = ".ds-curves canvas"


def curved(page: Any, view: str) -> Any:
    """Wait until the curves of a view are drawn; its canvases. page: also a frame of a page."""
    chosen = f".ds-frame[data-view={view}] {CURVES}"
    page.wait_for_function(f"([chosen]) => ({COLOURED})(document.querySelectorAll(chosen)) > 0.0005", arg=[chosen])
    return page.locator(chosen)


def shown(page: Any) -> list[str]:
    """The views that have something to see."""
    drawn = page.locator(".ds-frame", has=page.locator(".ds-body :is(svg[role], canvas, table, pre, p)"))
    found: list[str] = drawn.evaluate_all("all => all.map((each) => each.dataset.view)")
    return found
