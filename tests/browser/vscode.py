"""The frame in which VS Code draws the outputs of a notebook, without VS Code: its sandbox, the strictest policy under
which any widget can load, the elements and style rules around an output, the names of its themes, and anywidget's own
module; messages pass through postMessage. What it is made after was read in VS Code 1.139 (docs/lab.md says how).
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import anywidget
import msgspec

PLACE = "https://vscode.test/"
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'none'; connect-src 'none'; child-src 'none'"
)
OUTER = """<body style="margin:0"><iframe sandbox="allow-same-origin allow-pointer-lock allow-scripts allow-downloads
  allow-forms" src="frame.html" style="width:100%;height:6000px;border:0"></iframe><script>
  addEventListener("message", async ({data, source}) => source.postMessage(JSON.parse(await kernel(data)), "*"));
</script>"""
FRAME = """<html style="--vscode-textPreformat-foreground:#a1260d; --vscode-textPreformat-background:#00000018"><head>
<meta http-equiv="Content-Security-Policy" content="POLICY"><style>
  @layer vscode-default {
    code { color: var(--vscode-textPreformat-foreground); background-color: var(--vscode-textPreformat-background);
           padding: 1px 3px; }
    kbd { border: 1px solid; background-color: gray; }
  }
  table, th, tr { vertical-align: middle; text-align: right; }
  thead { background-color: rgba(130, 130, 130, 0.16); }
  tr:nth-child(even) { background-color: rgba(130, 130, 130, 0.08); }
</style></head><body class="vscode-light" data-vscode-theme-kind="vscode-light"><div id="container"></div><script>
  window.reached = [];
  window.refused = [];
  addEventListener("keydown", (event) => reached.push(event.key));
  addEventListener("securitypolicyviolation", (no) => refused.push(`${no.violatedDirective} ${no.blockedURI}`));
  class Model {
    heard = []; widget_manager = null;
    constructor(state) { this.state = state; this.initialize(state, {}); }
    initialize() {}
    get(name) { return this.state[name]; }
    set(name, value) { this.state[name] = value; }
    save_changes() {}
    send(content) { parent.postMessage(JSON.stringify([this.state.number, content]), "*"); }
    on(name, call, context) { this.heard.push({name, call, context}); }
    once(name, call) { this.on(name, call); }
    off(name, call, context) {
      this.heard = this.heard.filter((each) => !((name === null || each.name === name) &&
        (!call || each.call === call) && (!context || each.context === context)));
    }
    async _handle_comm_msg(content) {
      for (const each of [...this.heard]) if (each.name === "msg:custom") each.call(content, []);
    }
  }
  class View {
    constructor(model, el) { this.model = model; this.el = el; this.$el = {empty: () => el.replaceChildren()}; }
    remove() { this.el.remove(); }
  }
  const models = [];
  addEventListener("message", ({data}) => models[data[0]]._handle_comm_msg(data[1]));
  window.define = (_, make) => { window.any = make({DOMWidgetModel: Model, DOMWidgetView: View}); };
  const output = (cell) => {
    const made = document.createElement("div");
    made.className = "output_container";
    made.innerHTML = '<div class="output"></div>';
    return cell.appendChild(made).firstChild;
  };
  window.show = async (states) => {
    for (const state of states) {
      const cell = document.getElementById("container").appendChild(document.createElement("div"));
      cell.className = "cell_container";
      const image = output(cell).appendChild(new Image());
      image.src = state.picture;
      await image.decode();
      models.push(new any.AnyModel(state));
      const el = document.createElement("div");
      const view = new any.AnyView(models.at(-1), el);
      await view.render(); // drawn first, and put into its output afterwards
      output(cell).append(el);
    }
  };
</script><script src="anywidget.js"></script></body></html>"""


class VSCode:
    """A page with the outputs of some cells, each a picture and its widget. frame: where the outputs are."""

    def __init__(self, page: Any, *widgets: Any) -> None:
        self.asked: list[Any] = []
        self.wanted: list[str] = []
        self.widgets = widgets
        module = Path(anywidget.__file__).parent / "nbextension/index.js"
        files = {
            "": OUTER,
            "frame.html": FRAME.replace("POLICY", POLICY),
            "anywidget.js": module.read_text(encoding="utf-8"),
        }
        kinds = {"anywidget.js": "text/javascript"}

        def serve(route: Any) -> None:
            name = route.request.url.removeprefix(PLACE)
            if name in files:
                route.fulfill(body=files[name], content_type=kinds.get(name, "text/html"))
                return
            self.wanted.append(route.request.url)
            route.abort()

        page.expose_function("kernel", self._kernel)
        page.route("**/*", serve)
        page.goto(PLACE)
        self.frame = page.frame(url=f"{PLACE}frame.html")
        self.frame.evaluate("(states) => show(states)", [self._state(k) for k in range(len(widgets))])
        self.frame.locator(".ds-frame").first.wait_for()
        page.wait_for_timeout(700)

    def _state(self, number: int) -> dict[str, Any]:
        widget = self.widgets[number]
        still = widget._still
        start = {**widget.start, "still": list(still.size)}
        picture = f"data:image/png;base64,{base64.b64encode(still.png).decode()}"
        names = {"_esm": widget._esm, "_css": widget._css, "_anywidget_id": "downslope.lab.widget.Shown"}
        return {**names, "start": start, "picture": picture, "number": number}

    def _kernel(self, text: str) -> str:
        """The answer of the real widget, as its kernel would send it."""
        number, content = json.loads(text)
        self.asked.append(content)
        sent: list[dict[str, Any]] = []
        self.widgets[number].send = sent.append
        self.widgets[number]._heard(self.widgets[number], content, [])
        return msgspec.json.encode([number, sent.pop()]).decode()

    def theme(self, kind: str) -> None:
        """As VS Code does when another theme is chosen."""
        names = f"{kind} vscode-high-contrast" if kind == "vscode-high-contrast-light" else kind
        self.frame.evaluate(
            "([kind, names]) => { document.body.className = names; document.body.dataset.vscodeThemeKind = kind; }",
            [kind, names],
        )
