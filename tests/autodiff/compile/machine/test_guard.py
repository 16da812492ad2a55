"""No number outside of an array is touched: random programs run with every array against a forbidden page.

They run in a process of their own, which a fault ends. The seed that it had announced last, and what that stands for,
are in the failure.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.autodiff.compile.machine.guarded_child import text_of
from tests.autodiff.compile.machine.tools import needs_machine

pytestmark = [needs_machine, pytest.mark.skipif(os.name == "nt", reason="mprotect is POSIX")]
ROOT = Path(__file__).resolve().parents[4]
CHILD = "tests.autodiff.compile.machine.guarded_child"


def child(first: int, count: int, *mistakes: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-m", CHILD, str(first), str(count), *mistakes]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)


def require_clean(first: int, count: int) -> None:
    done = child(first, count)
    if done.returncode:
        seed = int([line for line in done.stdout.split() if line.isdigit()][-1])
        command = f"python -m {CHILD} {seed} 1"
        pytest.fail(f"`{command}` ends with {done.returncode}:\n{text_of(seed)}\n{done.stderr[-3000:]}")
    words = done.stdout.splitlines()[-1].split()
    assert words[0] == "done"
    assert int(words[1]) > 0.8 * count, "most of them have machine code"


def test_random_programs_stay_within_their_arrays() -> None:
    require_clean(0, 45)


@pytest.mark.slow
def test_many_random_programs_stay_within_their_arrays() -> None:
    require_clean(100, 120)


@pytest.mark.parametrize("mistake", ["load", "store", "before"])
def test_a_generator_that_forgets_the_mask_or_reads_before_an_array_is_found_out(mistake: str) -> None:
    """load, store: lanes past the end of an axis are touched too. before: a byte in front of what is read."""
    done = child(1, 12, mistake)
    assert done.returncode in (-signal.SIGSEGV, -signal.SIGBUS)
    assert done.stdout.split(), "the seed of the fault is known"
