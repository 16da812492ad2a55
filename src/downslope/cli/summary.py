"""What a run says at its end: what was trained on what, how good that is, and what to try next."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from downslope.cli import lazy, recording
from downslope.cli.output import MARK

if TYPE_CHECKING:
    from downslope.runs import Run
    from downslope.runs.baselines import Baselines
    from downslope.views import Payload


def summary(run: Run, drawn: dict[str, Payload], baselines: Baselines | None) -> str:
    """The text for the terminal and for summary.txt. It begins with the mark by which --out knows its own."""
    parts = [f"{MARK}{run.name}", run.summary()]
    if run.data.notes:
        parts.append("\n".join(["Data", *(f"  {note}" for note in run.data.notes)]))
    if baselines is not None:
        parts.append(_compared(run, baselines))
    parts += [lazy.text.text(payload) for payload in drawn.values()]
    return "\n\n".join(parts)


def _compared(run: Run, baselines: Baselines) -> str:
    """The baselines and the run itself, on the same rows."""
    name, value = run.metric
    rows = [*baselines.rows, ("this run", value)]
    wide = max(len(who) for who, _ in rows)
    form = "{:.2%}" if name == "accuracy" else "{:.4f}"
    lines = [f"Compared by {baselines.metric} on the same {len(run.data.held_out)} held-out rows"]
    return "\n".join(lines + [f"  {who:<{wide}}  {form.format(score):>7}" for who, score in rows])


def next_try(run: Run, kept: bool) -> str:
    """One line: the first thing that this run suggests to try."""
    held = np.asarray(run.metrics.get("held_out_loss", ()), dtype=np.float64)
    rate = run.optimizer.rate(1)
    if run.failure is not None:
        return f"--lr {rate / 10:g}, a tenth of the learning rate, since the numbers ran away"
    if run.stopped and run.path is not None:
        return f"`downslope continue {recording.word(run)}`: it goes on as if it had not been stopped"
    if run.stopped:
        return "the same command again: a run that is not interrupted repeats these steps and goes on"
    if len(held) and not math.isfinite(held[-1]):
        return f"--lr {rate / 10:g}, a tenth of the learning rate, since the held-out loss is not finite"
    if len(run.loss) > 20 and np.median(run.loss[-10:]) >= 0.98 * np.median(run.loss[:10]):
        return f"--lr {rate / 10:g} or --lr {rate * 10:g}: the loss has hardly fallen"
    if len(held) > 4:
        best = int(held.argmin())
        if held[-1] > 1.15 * held[best]:
            epoch = math.ceil(run.metrics["step"][best] / run.steps_per_epoch)
            return f"--epochs {epoch}: the held-out loss was lowest there ({held[best]:.4g}) and has risen since"
        if held[-1] < 0.97 * held[-1 - len(held) // 4]:
            return f"--epochs {2 * run.epochs}: the held-out loss was still falling"
    if not kept:
        return f"--out out/{run.name} to keep the pictures, the parameters and the program"
    return f"--seed {run.seed + 1}, to see how much of this is luck"
