"""How the pages are built: Sphinx with myst-nb, every example executed, nothing loaded from anywhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))
# The pages are about the source beside them, wherever another downslope may be installed.
sys.path.insert(0, str(HERE.parent / "src"))
# The same for the process that runs the code cells, with the commands of this environment.
os.environ["PYTHONPATH"] = str(HERE.parent / "src")
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
os.environ["COLUMNS"] = "88"

project = "Downslope"
author = "The Downslope authors"
language = "en"

extensions = ["myst_nb", "mathml", "reference"]
exclude_patterns = ["_build", "_ext", "_static"]
root_doc = "index"
# Pages that a person writes, and those that reference.py writes.
source_suffix = {".md": "myst-nb", ".myst": "myst-nb"}

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_update_mathjax = False

# Every code cell runs at every build, and an error in one fails the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # its default would be loaded from another host
nb_merge_streams = True

html_theme = "furo"
html_title = "Downslope"
html_static_path = ["_static"]
html_css_files = ["downslope.css"]
html_math_renderer = "mathml"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#1f5fa8",
        "color-brand-content": "#1f5fa8",
        "color-brand-visited": "#1f5fa8",
        "font-stack": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif",
        "font-stack--monospace": "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
    },
    "dark_css_variables": {
        "color-brand-primary": "#8ab8f0",
        "color-brand-content": "#8ab8f0",
        "color-brand-visited": "#8ab8f0",
    },
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"
