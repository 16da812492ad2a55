"""The harness's end of a contender's pipe: start it, ask it, wait no longer than agreed, and let it go."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from typing import Any

from benchmarks.contenders import Entry

# Whoever sets these measures another BLAS, another number of threads or another compiler than a user gets. They are
# taken out of every contender's environment; what was found is recorded.
DISTORTING = (
    *("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS", "OPENBLAS_VERBOSE", "GOTO_NUM_THREADS"),
    *("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "OMP_PROC_BIND", "GOMP_SPINCOUNT", "GOMP_CPU_AFFINITY", "KMP_BLOCKTIME"),
    *(
        "KMP_AFFINITY",
        "MKL_NUM_THREADS",
        "MKL_CBWR",
        "MKL_DEBUG_CPU_TYPE",
        "VECLIB_MAXIMUM_THREADS",
        "BLIS_NUM_THREADS",
    ),
    *("NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS", "NUMBA_DISABLE_JIT", "NUMBA_CPU_NAME", "NUMBA_CACHE_DIR"),
    *("XLA_FLAGS", "JAX_PLATFORMS", "JAX_DISABLE_JIT", "JAX_ENABLE_X64", "JAX_COMPILATION_CACHE_DIR", "KERAS_BACKEND"),
    *("TORCHINDUCTOR_CACHE_DIR", "TORCH_COMPILE_DISABLE", "ATEN_CPU_CAPABILITY", "NPY_DISABLE_CPU_FEATURES"),
    *("LD_PRELOAD", "MALLOC_ARENA_MAX", "PYTHONPROFILEIMPORTTIME", "PYTHONMALLOC", "DOWNSLOPE_CACHE"),
)
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class NoAnswerError(Exception):
    """A contender did not start, broke off, or took too long; the message says which."""


def environment(entry: Entry, caches: str) -> dict[str, str]:
    """A contender's environment. caches: an empty folder, so that nobody starts from what an earlier run compiled."""
    clean = {name: value for name, value in os.environ.items() if name not in DISTORTING}
    fixed: Mapping[str, str] = dict.fromkeys(THREADS, str(entry.threads))
    homes = {name: os.path.join(caches, name.lower()) for name in ("DOWNSLOPE_CACHE", "TORCHINDUCTOR_CACHE_DIR")}
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    return {**clean, **fixed, **homes, **quiet, **entry.environment}


class Child:
    """A contender's process on one workload."""

    def __init__(self, entry: Entry, workload: str, caches: str) -> None:
        asked = {"made": entry.made, "workload": workload, "threads": entry.threads}
        self.entry, self.errors = entry, tempfile.TemporaryFile("w+")  # noqa: SIM115 -- closed in close()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", json.dumps(asked)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env=environment(entry, caches),
        )  # fmt: skip
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")  # it has ended

    def answer(self, patience: float) -> dict[str, Any]:
        """The next line. NoAnswerError if there is none within so many seconds."""
        try:
            line = self.lines.get(timeout=patience)
        except queue.Empty:
            raise NoAnswerError(f"no answer within {patience:.0f} s") from None
        if not line:
            raise NoAnswerError(self.last_words())
        found: dict[str, Any] = json.loads(line)
        return found

    def ask(self, first: int, count: int, patience: float = 120.0) -> dict[str, Any]:
        """Train epochs ``first``, ``first + 1`` ...: the seconds of each."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({"first": first, "count": count, "whole": self.entry.whole}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise NoAnswerError(self.last_words()) from None
        return self.answer(patience)

    def last_words(self) -> str:
        """The last line that it wrote to standard error, which is that of the exception."""
        self.process.wait(10)
        self.errors.seek(0)
        lines = [line.strip() for line in self.errors.read().splitlines() if line.strip()]
        told = next((line for line in reversed(lines) if "Error" in line.partition(":")[0]), lines[-1:] and lines[-1])
        return (
            re.sub(r"/[\w./-]*/", "", str(told))[:200]
            if told
            else f"it ended with exit status {self.process.returncode}"
        )

    def close(self) -> None:
        """End the process."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.errors.close()
