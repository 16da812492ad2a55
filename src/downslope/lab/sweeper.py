"""The process of a sweep: ``python -m downslope.lab.sweeper FILE`` trains what the file asks for, and writes it there.

Seed after seed, so that the picture is whole from the first one on and becomes surer. SIGINT ends it between two
portions of steps, and so does the end of stdin, because then the lab has died.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from downslope.errors import DownslopeError
from downslope.lab import build
from downslope.lab.protocol import bug
from downslope.lab.sets import Sets
from downslope.lab.settings import Choice, Settings
from downslope.lab.sweeps import SweepFile, rules, write
from downslope.runs.many import train_many
from downslope.runs.segment import MACHINE
from downslope.views.sweep import sweep_runs

WRITE_SECONDS = 0.4


@dataclass
class Kept:
    """The file, and what it holds."""

    path: Path
    held: SweepFile
    wrote: float = 0.0

    def change(self, *, now: bool = True, **changes: Any) -> None:
        """Write what became different; now: also if it was written a moment ago."""
        self.held = replace(self.held, **changes)
        if now or time.monotonic() - self.wrote > WRITE_SECONDS:
            write(self.path, self.held)
            self.wrote = time.monotonic()


def with_rate(settings: Settings, optimizer: str, rate: float) -> Settings:
    """The settings of one run: this optimizer, with its other settings where they are its own, at this rate."""
    own = settings.optimizer.settings if optimizer == settings.optimizer.name else {}
    return replace(settings, optimizer=Choice(optimizer, {**own, "lr": rate}))


def train(kept: Kept) -> None:
    """All runs, seed after seed. Errors: those of the settings and of ``train_many``."""
    order = kept.held.order
    settings = order.settings
    made = build.data(settings.data, Sets(kept.path.parent).find)
    names = rules(order)
    rows = [(name, rate) for name in names for rate in order.rates]
    given = [build.training(with_rate(settings, *row), made) for row in rows]
    first, found = given[0], kept.held.runs
    metric = "accuracy" if made.task == "classification" else "r2"
    for seed in range(settings.seed, settings.seed + order.seeds):
        before = len(found)
        table = train_many(
            first["model"],
            made,
            optimizer=first["optimizer"],
            settings=[{"optimizer": each["optimizer"]} for each in given],
            seed=[seed],
            batch_size=first["batch_size"],
            loss=first["loss"],
            steps=settings.steps,
            dtype=settings.dtype,
            dialect=MACHINE if settings.dialect == "auto" else settings.dialect,
            progress=partial(_told, kept, before),
        )
        chosen = [_shown(rows[row.number], seed, len(names) > 1, order.seeds > 1) for row in table.rows]
        found += tuple(replace(run, number=before + run.number) for run in sweep_runs(table, chosen))
        usual = metric if found and metric in found[0].values else "loss"
        kept.change(runs=found, done=len(found), usual=usual)
        if len(table) < table.meant:
            kept.change(state="stopped")
            return
    kept.change(state="done")


def _told(kept: Kept, before: int, done: int, of: int) -> None:
    kept.change(now=False, done=before + done)


def _shown(row: tuple[str, float], seed: int, rules_vary: bool, seeds_vary: bool) -> dict[str, Any]:
    rule = {"optimizer": row[0]} if rules_vary else {}
    return {**rule, "lr": row[1], **({"seed": seed} if seeds_vary else {})}


def _listen() -> None:
    while os.read(0, 2**10):
        pass
    os.kill(os.getpid(), signal.SIGINT)


def main(path: Path) -> None:
    """Train, and leave a file that says how it ended."""
    warnings.simplefilter("ignore")
    kept = Kept(path, replace(msgspec.json.decode(path.read_bytes(), type=SweepFile), pid=os.getpid()))
    kept.change()
    threading.Thread(target=_listen, daemon=True).start()
    try:
        train(kept)
    except KeyboardInterrupt:
        kept.change(state="stopped")
    except DownslopeError as error:
        kept.change(state="failed", why=f"{error.what}: {error.do}")
    except Exception as error:
        kept.change(state="failed", why=bug(error, f"the sweep {path.stem}").what)
        raise


if __name__ == "__main__":
    main(Path(sys.argv[1]))
