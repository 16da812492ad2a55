"""``ds.report(run, "x.html")``: one file that shows a run from disk, with no network and no kernel.

Its answers are asked beforehand and stand in it, packed. Its Content-Security-Policy names the hash of each script and
of the style sheet, and allows nothing else: no connection, no frame, no other code.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

import msgspec

from downslope import __version__
from downslope.errors import RunFileError, SettingError
from downslope.lab import front_end
from downslope.lab.report_content import AT_LAST, Content, chosen_numbers, gathered, of_table, steps_of
from downslope.runs import Run
from downslope.runs.many_table import Sweep
from downslope.runs.progress import shown
from downslope.views import timeline_view
from downslope.views.text import text

MOST_BYTES = 1_000_000
STEPS = 60
FEWEST_STEPS = 8

LOADER = """\
const unpack = async (id) => {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent.trim()), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
};
for (const each of document.querySelectorAll("script[data-module]")) {
  const module = document.createElement("script");
  module.type = "module";
  module.textContent = await unpack(each.id);
  document.head.append(module);
}
"""
"""Unpacks the modules. Each runs only because the hash of its text is in the policy."""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<div data-downslope-host="report"></div>
<noscript><pre>{words}</pre></noscript>
<script type="text/plain" id="downslope-data">{data}</script>
{modules}
<script type="module">{loader}</script>
</body>
</html>
"""


@dataclass(frozen=True)
class Head:
    """What stands above the views. words: for readers without scripts. texts: what was computed beforehand."""

    name: str
    steps: int
    title: str
    summary: str
    words: str
    texts: list[str]


def report(
    run: Run | Sweep,
    path: str | os.PathLike[str],
    *,
    steps: int | Iterable[int] | None = None,
    numbers: Iterable[str] | None = None,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a page that shows a run: its time line, its network and the derivations of some numbers, step by step; or
    a table of many runs.

    steps: how many steps can be looked at, or which; 60 if None, fewer where the file would pass a megabyte. numbers:
    whose derivations are in it ("dense1.w[3, 2]"); of each layer the weight with the largest gradient if None. force:
    write over a file that is there. progress: called with how much is done and of how much; a bar shows itself after a
    second otherwise. Returns the path.

    Errors: SettingError ``front-end-missing``, ``report-empty``, ``report-exists``, ``run-step``; RunFileError
    ``report-write``.
    """
    place = Path(path)
    if place.exists() and not force:
        raise SettingError(
            "report-exists",
            f"there is a file {place} already",
            where="report(run, path)",
            why="a report may be the only copy that somebody kept",
            do="Give another path, or force=True (--force) to write over it.",
        )
    if isinstance(run, Run) and not run.steps:
        raise SettingError(
            "report-empty",
            f"{run.name} has taken no step yet",
            where="report(run, path)",
            why="a report shows steps of the past",
            do="Train it first.",
        )
    front_end.text(front_end.MODULE)  # say what is missing before the long part
    page = _of_table(run) if isinstance(run, Sweep) else _fitting(run, steps, numbers, progress)
    try:
        place.write_text(page, encoding="utf-8")
    except OSError as error:
        raise RunFileError(
            "report-write",
            f"{place} cannot be written: {error.strerror or error}",
            where=str(place.absolute()),
            why="the report is written in one piece at the end, so nothing of it is there",
            do="Give a path in a directory that exists and may be written to.",
        ) from None
    return place


def _fitting(
    run: Run,
    steps: int | Iterable[int] | None,
    numbers: Iterable[str] | None,
    progress: Callable[[int, int], None] | None,
) -> str:
    """The page; of the usual steps so many as fit into a megabyte. Steps that were asked for are all in it."""
    chosen = chosen_numbers(run) if numbers is None else tuple(numbers)
    most = steps if isinstance(steps, int) else STEPS
    wanted = steps_of(run, most) if steps is None or isinstance(steps, int) else tuple(sorted({*steps}))
    with shown(f"the report of {run.name}", progress) as told:
        content = gathered(run, wanted, chosen, front_end.views(), told)
    page = written(_head(run, content), content)
    while steps is None and len(page.encode()) > MOST_BYTES and len(content.steps) > FEWEST_STEPS:
        most = max(int(len(content.steps) * 0.95 * MOST_BYTES / len(page.encode())), FEWEST_STEPS)
        content = _fewer(content, steps_of(run, most))
        page = written(_head(run, content), content)
    return page


def _of_table(table: Sweep) -> str:
    content, words = of_table(table)
    title = f"{table.cases[0].task.data.name}: {len(table)} runs" if len(table) else "no runs"
    texts = ["Every result along every setting is in it. A run of the table can be trained again by itself."]
    return written(Head("", 0, title, table.text().split("\n")[0], words, texts), content)


def _head(run: Run, content: Content) -> Head:
    words = f"{_summary(run)}\n\n{text(timeline_view(run))}"
    return Head(run.name, run.steps, f"{run.name}: {run.steps:,} steps", _summary(run), words, _texts(run, content))


def _fewer(content: Content, wanted: tuple[int, ...]) -> Content:
    """The same with those of its steps that come closest to the wanted ones."""
    kept = tuple(sorted({min(content.steps, key=lambda step: abs(step - each)) for each in wanted}))
    last = content.steps[-1]
    answers = {
        asked: answer
        for asked, answer in content.answers.items()
        if (step := msgspec.json.decode(asked).get("step")) is None or step in kept or step == last
    }
    return Content(content.views, kept, content.numbers, answers, content.left_out)


def written(head: Head, content: Content) -> str:
    """The page as text."""
    names = [*front_end.needed(content.views), front_end.MODULE.removesuffix(".js")]
    sources = {name: front_end.text(f"{name}.js") for name in names}
    style = front_end.text(front_end.STYLE)
    scripts = " ".join(_hash(source) for source in (*sources.values(), LOADER))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {_hash(style)}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    data = {
        "title": head.title,
        "summary": head.summary,
        "made": f"Made by Downslope {__version__} on {time.strftime('%Y-%m-%d')}.",
        "texts": head.texts,
        "run": head.name,
        "n_steps": head.steps,
        "steps": content.steps,
        "selections": content.numbers,
        "views": content.views,
        "answers": content.answers,
    }
    modules = [
        f'<script type="text/plain" data-module id="downslope-{name}">{_packed(source.encode())}</script>'
        for name, source in sources.items()
    ]
    return PAGE.format(
        policy=escape(policy),
        title=escape(head.title),
        style=style,
        words=escape(head.words),
        data=_packed(msgspec.json.encode(data)),
        modules="\n".join(modules),
        loader=LOADER,
    )


def _summary(run: Run) -> str:
    """Without the path of the file: a report is passed on, and the name says enough."""
    return run.summary().replace(str(run.path), Path(run.path).name) if run.path else run.summary()


def _texts(run: Run, content: Content) -> list[str]:
    """What was computed beforehand, so that nobody takes it for all there is."""
    n = len(content.steps)
    said = [
        f"Computed beforehand: {n} of {run.steps:,} steps"
        + (f", from {content.steps[0]:,} to {content.steps[-1]:,}; the scrubber stops at these." if n else ".")
    ]
    if content.numbers and "derivation" in content.views:
        said.append(f"Derivations, at each of them: {', '.join(content.numbers)}.")
    fixed = [view for view in content.views if view in AT_LAST]
    if fixed:
        said.append(f"Of the last step alone: {' and '.join(f'the {view}' for view in fixed)}.")
    said.append("Anything else can be asked of the run itself: `downslope lab` opens it.")
    return said + [f"Not in it: {each}." for each in content.left_out]


def _hash(source: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def _packed(data: bytes) -> str:
    return b64encode(gzip.compress(data, 9, mtime=0)).decode()
