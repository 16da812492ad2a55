"""Lists in words: the runs of a folder, two runs side by side, what there is to choose, what a word stands for."""

from __future__ import annotations

from downslope.views.list_payload import CatalogueView, CompareView, PresetsView, RunsView, SettingShown, WhereView
from downslope.views.payload import QuadraticView
from downslope.views.text.words import columns, number, told, wrapped


def runs(payload: RunsView, width: int = 80) -> str:
    """A line for each run."""
    rows = [("run", "data", "model", "steps", "loss", "held out", "state")]
    for run in payload.runs:
        held = f"{run.metric} {number(run.value)}" if run.metric else ""
        state = "training" if run.live else run.state
        loss = number(run.last_loss) if run.steps else ""
        rows.append((run.name, run.data, run.model, f"{run.steps:,}", loss, held, state))
    lines = [payload.title, *columns(rows)]
    lines += [
        f"  {run.name}: a fork of {run.parent} at step {run.parent_step}: {run.about}"
        for run in payload.runs
        if run.parent
    ]
    return "\n".join([*lines, *told(payload.events)])


def compare(payload: CompareView, width: int = 80) -> str:
    """Where two runs part, by what settings, and how far they drift."""
    lines = [f"{payload.title}: {payload.steps_here:,} and {payload.steps_there:,} steps"]
    shared = min(payload.steps_here, payload.steps_there)
    where = (
        f"all {shared:,} shared steps are the same" if payload.first is None else f"they part at step {payload.first:,}"
    )
    lines += wrapped(where, width)
    for each in payload.settings:
        lines += wrapped(f"{each.name}: {each.here} | {each.there}", width)
    table = [("step", "distance", "of the norm", f"loss of {payload.here}", f"loss of {payload.there}")]
    places = range(0, len(payload.steps), max(1, len(payload.steps) // 8))
    for k in places:
        table.append(
            (
                f"{payload.steps[k]:,}",
                number(payload.distance[k]),
                number(payload.relative[k]),
                number(payload.loss_here[k]),
                number(payload.loss_there[k]),
            )
        )
    if payload.steps:
        lines += columns(table, left=False)
    if payload.metric:
        both = f"{number(payload.metric_here)} | {number(payload.metric_there)}"
        lines += wrapped(f"{payload.metric}, held out, at the end: {both}", width)
    return "\n".join([*lines, *told([event for event in payload.events if event.kind != "fork"])])


def quadratic(payload: QuadraticView, width: int = 80) -> str:
    """Value, slope and curvatures at a point, and what follows."""
    lines = [
        payload.title,
        f"  value       {number(payload.value)}",
        f"  gradient    ({number(payload.gradient[0])}, {number(payload.gradient[1])})",
        f"  curvatures  {number(payload.curvatures[0])} and {number(payload.curvatures[1])}",
    ]
    if payload.newton[0] is not None:
        lines.append(f"  the model's lowest point is ({number(payload.newton[0])}, {number(payload.newton[1])})")
    return "\n".join([*lines, *wrapped(payload.sentence, width), *told(payload.events)])


def catalogue(payload: CatalogueView, width: int = 80) -> str:
    """Every entry by table, with its settings."""
    lines = [payload.title]
    for table in payload.tables:
        if table.entries:
            lines += ["", f"{table.name}:"]
        for entry in table.entries:
            given = ", ".join(map(_setting, entry.settings))
            lines += wrapped(f"{entry.id}{f' ({given})' if given else ''}: {entry.sentence}", width)
    limits = ", ".join(f"{name} {most:,}" for name, most in payload.limits.items())
    return "\n".join([*lines, "", *wrapped(f"limits: {limits}", width, "")])


def _setting(setting: SettingShown) -> str:
    return setting.name if setting.default is None else f"{setting.name}={setting.default}"


def presets(payload: PresetsView, width: int = 80) -> str:
    """Each preset with its reason and what to look at."""
    lines = [payload.title]
    for each in payload.presets:
        word = "good" if each.good else "bad"
        lines += ["", f"{each.title} ({each.page}, {word}; {each.id})", *wrapped(each.reason, width)]
        lines += wrapped(f"Look at: {each.look}", width)
    return "\n".join(lines)


def where(payload: WhereView, width: int = 80) -> str:
    """What a word stands for."""
    lines = [payload.title, *wrapped(payload.sentence, width)]
    lines += [f"  formula  {line}" for line in payload.formula]
    lines += [f"  call     {payload.call}"] if payload.call else []
    for name, meaning in payload.settings:
        lines += wrapped(f"{name}: {meaning}", width)
    for name, fact in payload.facts.items():
        lines += wrapped(f"{name}: {fact}", width)
    lines += wrapped(f"source: {payload.source}", width) if payload.source else []
    lines += wrapped("; ".join(payload.differs), width) if payload.differs else []
    return "\n".join([*lines, f"  file     {payload.file}:{payload.line}"])
