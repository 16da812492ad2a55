"""The few lines that a run prints of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from downslope.nn import Model

if TYPE_CHECKING:
    from downslope.runs.run import Run


def summary(run: Run) -> str:
    """What was trained, on what, for how long, how well, and where it is recorded."""
    name, value = run.metric
    pace = run.steps / run.seconds if run.seconds else 0.0
    kind = {1: "stochastic", len(run.data.train): "batch"}.get(run.batch_size, "mini-batch")
    model = repr(run.model) if isinstance(run.model, Model) else getattr(run.model, "__name__", "a function")
    lines = [
        f"{run.data.name}: {model}",
        f"  data       {len(run.data.train)} rows to train on, {len(run.data.held_out)} held out, "
        f"{len(run.data.features)} features",
        f"  method     {kind} gradient descent, batch size {run.batch_size}, {run.optimizer}, seed {run.seed}",
        f"  steps      {run.steps} ({run.steps / run.steps_per_epoch:.4g} epochs) in {run.seconds:.2f} s, "
        f"{pace:,.0f} a second",
    ]
    if run.steps:
        first, last = run.series("loss", 1, 1)[0], run.series("loss", run.steps)[0]
        lines.append(f"  loss       {first:.4g} at the first step, {last:.4g} at the last")
    if not run.metrics["step"].size:
        lines.append("  held out   " + ("not judged yet" if len(run.data.held_out) else "no rows to judge it by"))
    elif name == "accuracy":
        lines.append(f"  held out   accuracy {value:.2%}")
    else:
        rmse = run.metrics["rmse"][-1]
        lines.append(f"  held out   R² {value:.4f}, root mean squared error {rmse:.4g}")
    if run.segment.takeover is not None and run.steps > run.segment.takeover:
        reason, begins = run.file.meta("no machine code"), run.segment.takeover + 1
        unkept = run.file.meta("machine code not kept")
        lines.append(
            "  program    machine code"
            + (f" from step {begins:,} on" if begins > 1 else "")
            + (f", not made: {reason}; in place instead" if reason else "")
            + (f", compiled again in every process: it cannot be kept in {unkept}" if unkept else "")
        )
    if run.parent:
        origin = run.parent["path"] or "a run in memory"
        lines.append(f"  fork       of {origin} at step {run.parent['step']}: {run.parent['about']}")
    if run.path:
        lines.append(f"  file       {run.path}")
    if run.file.unsaved:
        lines.append(f"  not saved  {run.file.unsaved}; all of it is in memory, and run.save(path) writes it")
    if run.stopped:
        lines.append(f"  stopped    {run.stopped}")
    return "\n".join(lines)
