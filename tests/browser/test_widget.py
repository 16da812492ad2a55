"""The widget as a notebook loads it: the module from a blob, a model that passes messages, and the kernel's answers."""

from __future__ import annotations

import base64
import json
import sys
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from tests.browser.page import Opened, curved, failures, settled

import downslope as ds
from downslope.runs import Run

pytest.importorskip("anywidget", reason="anywidget is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

HARNESS = """async ([source, style, start, still]) => {
  const sheet = document.createElement("style");
  sheet.textContent = style;
  document.head.append(sheet);
  document.body.innerHTML = `<div class="jp-Cell"><div class="jp-OutputArea-child"><img src="${still}"></div>
    <div class="jp-OutputArea-child"><div id="el"></div></div></div>`;
  const heard = new Set();
  const model = {
    get: () => start,
    send: (content) => kernel(JSON.stringify(content)).then((answer) => {
      for (const each of heard) each(JSON.parse(answer));
    }),
    on: (_, handler) => heard.add(handler),
    off: (_, handler) => heard.delete(handler),
  };
  const link = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  const module = await import(link);
  window.close_widget = module.default.render({model, el: document.getElementById("el")});
  window.listeners = heard;
}"""


def drawn(page: Any, widget: Any, asked: list[Any]) -> Any:
    """The widget in a page, whose messages are answered as a kernel does."""
    sent: list[dict[str, Any]] = []
    widget.send = sent.append

    def kernel(text: str) -> str:
        content = json.loads(text)
        asked.append(content)
        widget._heard(widget, content, [])
        return msgspec.json.encode(sent.pop()).decode()

    page.expose_function("kernel", kernel)
    page.goto("about:blank")
    still = widget._still
    start = {**widget.start, "still": list(still.size)}
    source = f"data:image/png;base64,{base64.b64encode(still.png).decode()}"
    page.evaluate(HARNESS, [widget._esm, widget._css, start, source])
    return settled(page)


def test_a_run_is_drawn_stepped_and_cleaned_away(run: Run, open_page: Opened) -> None:
    asked: list[Any] = []
    page = drawn(open_page(), ds.show(run), asked)
    assert page.locator(".ds-frame svg").first.is_visible()
    assert failures(page) == []
    assert not page.locator("img").is_visible(), "the still picture gives way to the widget that shows the same"
    curved(page, "timeline")
    assert not any(each.get("ask", {}).get("view") == "timeline" for each in asked), "the first picture was given"
    assert not any(each.get("library") == "uplot" for each in asked), "with what draws it"
    slider = page.get_by_role("slider", name="Step", exact=True)
    slider.focus()
    page.keyboard.press("Home")
    settled(page)
    assert {each["ask"].get("step") for each in asked if "ask" in each} >= {1}
    page.evaluate("close_widget()")
    assert page.evaluate("[document.getElementById('el').childElementCount, listeners.size]") == [0, 0]


def test_a_descent_is_gone_down_again_at_the_rate_of_the_slider(open_page: Opened) -> None:
    asked: list[Any] = []
    path = ds.descend("ill_conditioned_bowl", ds.optim.momentum(lr=0.05), steps=30)
    page = drawn(open_page(), ds.show(path), asked)
    slider = page.get_by_role("slider", name="learning rate")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("PageUp")
    settled(page)
    rates = [each["ask"]["args"]["lr"] for each in asked if each.get("ask", {}).get("view") == "descent"]
    assert rates
    assert rates[-1] > 0.05
    assert failures(page) == []


def test_a_reading_that_comes_alone_needs_no_kernel(run: Run, open_page: Opened) -> None:
    asked: list[Any] = []
    widget: Any = ds.show(run.ask("grad_norm", every=3))
    if not widget.start["views"]:
        pytest.skip("the front end has no view of readings yet")
    page = drawn(open_page(), widget, asked)
    assert page.locator(".ds-frame").count() == 1
    curved(page, "reading")
    assert failures(page) == []
    assert [each for each in asked if "ask" in each] == []


def test_in_colab_the_picture_comes_first_and_the_widget_names_colabs_manager(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colab shows widgets of others by a manager of its own, which anywidget switches on and names with each output."""
    ipython: Any = pytest.importorskip("IPython")
    manager = SimpleNamespace(_installed_url="the manager")
    colab = SimpleNamespace(enable_custom_widget_manager=lambda: None, _widgets=manager)
    monkeypatch.setitem(sys.modules, "google.colab.output", colab)
    published: list[Any] = []
    monkeypatch.setattr(ipython, "get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.setattr(ipython.display, "display", lambda data, *, raw, metadata: published.append((data, metadata)))
    widget: Any = ds.show(run.ask("grad_norm", every=3))
    widget._ipython_display_()
    (still, _), (live, facts) = published
    assert sorted(still) == ["image/png", "text/plain"]
    kind = "application/vnd.jupyter.widget-view+json"
    assert sorted(live) == [kind, "text/plain"]
    assert facts == {kind: {"colab": {"custom_widget_manager": {"url": "the manager"}}}}
