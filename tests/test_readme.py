"""What the README shows is what happens."""

from __future__ import annotations

import contextlib
import io
import linecache
import re
from pathlib import Path

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_example_prints_the_program_that_is_shown() -> None:
    code, shown = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)[:2]
    # Put where Python looks for source lines, as in a file: the program quotes them.
    linecache.cache["readme.py"] = (len(code), None, code.splitlines(keepends=True), "readme.py")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "readme.py", "exec"), {})
    assert shown.strip() in printed.getvalue()
    names: dict[str, object] = {}
    exec(printed.getvalue(), names)
    assert callable(names["loss_and_grad"])
