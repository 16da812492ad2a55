"""A process that has imported everything and makes victims: each line it reads is a path, where a new process trains.

If there is a run at the path already, it goes on with it.
It answers with the victim's process id, and to the next line, whatever it says, with how the victim ended. The victim
commits hundreds of times a second, and writes beside its file how many steps were committed, after each commit, and
that it has ended, if it comes so far.
"""

from __future__ import annotations

import contextlib
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import downslope as ds
from downslope.errors import RunFileError
from downslope.runs import Run, recorder
from downslope.runs.load import load

STEPS = 800
BUDGET = 300_000  # bytes: a dozen snapshots, so that they are thinned while it trains


@cache
def digits() -> Any:
    """Loaded once for all victims."""
    return ds.data.digits()


def trained(path: Path | None, steps: int = STEPS, model: Any = None, **options: Any) -> Run:
    return ds.train(
        model or ds.nn.mlp([64, 32, 10]),
        digits(),
        optimizer=ds.optim.adam(1e-3),
        batch_size=32,
        steps=steps,
        record=path if path else True,
        budget=BUDGET,
        **options,
    )


def hurried() -> None:
    """Commits and snapshots far more often than a recorder would."""
    recorder.COMMIT_SECONDS, recorder.MOMENT, recorder.SNAPSHOT_SHARE = 0.001, 0.003, 1
    commit = recorder.Recorder.commit

    def told(self: recorder.Recorder, carried: Any = None) -> None:
        commit(self, carried)
        if not self.file.in_memory:
            os.pwrite(told_at, b"%08d" % self.written, 0)

    recorder.Recorder.commit = told  # type: ignore[method-assign]


def train_at(path: Path) -> None:
    if not path.exists():
        trained(path)
        return
    with contextlib.suppress(RunFileError):  # killed before it had begun
        run = load(path)
        run.train(max(1, STEPS - run.steps))


def ended(path: Path) -> Path:
    """The file that says that a victim has trained to its end."""
    return Path(f"{path}.ended")


told_at = -1


def main() -> None:
    global told_at
    trained(None, 5)
    hurried()
    for line in sys.stdin:
        path = Path(line.rstrip("\n"))
        victim = os.fork()
        if not victim:
            told_at = os.open(f"{path}.committed", os.O_CREAT | os.O_RDWR)
            try:
                train_at(path)
            finally:
                ended(path).touch()
                os._exit(0)
        print(victim, flush=True)
        sys.stdin.readline()
        print(os.waitpid(victim, 0)[1], flush=True)


if __name__ == "__main__":
    main()
