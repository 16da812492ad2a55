"""``downslope first RUN CONDITION``: the first step at which a condition held, or all of them. Exits with 1 at none."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from downslope.cli import table, which_run

if TYPE_CHECKING:
    from downslope.runs import Run

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope first last "loss > 2 * median(loss, 20)"[/cyan]

[cyan]downslope first digits-1 "accuracy > 0.95"[/cyan]

[cyan]downslope first digits-1 "dead_units('dense1') > 0.3" --from 100[/cyan]

[cyan]downslope first digits-1 "grad_norm > 5" --all[/cyan]

Exit code, like that of grep: 0 if it held somewhere, 1 if nowhere, 2 if it was not understood.
"""

NOWHERE = 1
_MOST = 24


def first(
    run: which_run.RunName,
    condition: Annotated[
        str, typer.Argument(metavar="CONDITION", help="Such as 'loss > 2 * median(loss, 20)'; see docs/conditions.md.")
    ],
    every_one: Annotated[bool, typer.Option("--all", help="All steps at which it held.")] = False,
    start: Annotated[int, typer.Option("--from", min=1, help="Look from this step on.")] = 1,
    stop: Annotated[int | None, typer.Option("--to", min=1, help="Look up to this step, which is included.")] = None,
    as_json: which_run.AsJson = False,
    quiet: which_run.Quiet = False,
    model: which_run.ModelFunction = None,
    loss: which_run.LossFunction = None,
    debug: which_run.Debug = False,
) -> int:
    """Find the first step of RUN at which CONDITION held."""
    opened = which_run.opened(run, model, loss)
    end = None if stop is None else stop + 1
    if every_one:
        steps = opened.where(condition, start, end).tolist()
    else:
        found = opened.first(condition, start, end)
        steps = [] if found is None else [found]
    if as_json:
        print(table.as_json({"condition": condition, "steps": steps, "all": every_one}))
    elif quiet:
        print("\n".join(map(str, steps)), end="\n" * bool(steps))
    elif not steps:
        last = opened.steps if stop is None else min(stop, opened.steps)
        print(f"It held at none of the steps {start} to {last}.", file=sys.stderr)
    elif every_one:
        print(f"{len(steps)} of {opened.steps} steps: {ranges(steps)}")
    else:
        print(_context(opened, steps[0]))
    return 0 if steps else NOWHERE


def ranges(steps: list[int]) -> str:
    """Step numbers with stretches joined, the first of very many.

    >>> ranges([3, 5, 6, 7, 12])
    '3, 5-7, 12'
    """
    breaks = [0, *(k + 1 for k, (a, b) in enumerate(pairwise(steps)) if b != a + 1), len(steps)]
    parts = [(steps[a], steps[b - 1]) for a, b in pairwise(breaks)]
    words = ", ".join(f"{low}" if low == high else f"{low}-{high}" for low, high in parts[:_MOST])
    return words + (f" and {len(parts) - _MOST} stretches more; --quiet prints all" if len(parts) > _MOST else "")


def _context(run: Run, t: int) -> str:
    """The step, what was recorded of it, and of the steps before it for comparison."""

    def told(name: str) -> str:
        values: Any = run.series(name, max(1, t - 20), t)
        before = f" (median of {len(values) - 1} before: {np.median(values[:-1]):.4g})" if len(values) > 1 else ""
        return f"{name} {values[-1]:.4g}{before}"

    epoch = -(-t // run.steps_per_epoch)
    return f"{t}  epoch {epoch}, {told('loss')}, {told('grad_norm')}, lr {run.series('lr', t, t)[0]:.4g}"
