"""Several threads on one step: parts of a group that are claimed one by one, with the same numbers as in one thread.

Whoever is free claims the next part. So a helper that the system has put aside, that started late or could not be
started costs nothing but its help: the thread that leads waits only for parts that were claimed and are not finished.
Helpers are threads that live for one call. They hold no lock of Python's, and end when the call has ended, or by
themselves when they were idle for long.

A team is one block of memory: the claim (the number of the group times 2**16, plus the parts that are left), how many
parts are finished, what gives the processor away, the function of a part and of the last part, how many parts there
are, and what these functions are called with.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from _thread import start_new_thread
from collections.abc import Callable, Sequence
from functools import cache
from string import Template
from typing import Any

import numpy as np

from downslope.autodiff.compile.machine.arrays import address
from downslope.autodiff.compile.machine.build import Run
from downslope.autodiff.compile.machine.code import Module
from downslope.autodiff.compile.machine.cpu import Cpu

# Words of 8 bytes in the block; what several threads write has cache lines of its own.
CLAIM, DONE, YIELD, FUNCTION, LAST, PARTS, ARGUMENTS = 0, 8, 16, 17, 18, 19, 20
OVER = 1 << 63  # the claim when the call has ended
SPINS = 2_000  # looks before the processor is given away: some 50 microseconds
PATIENCE = 2_000_000  # looks after which an idle helper goes: about a second

_CODE = """
define internal void @claim(ptr %team, ptr %scratch) nounwind {
entry:
  %done = getelementptr i64, ptr %team, i64 $DONE
  %function_ = getelementptr i64, ptr %team, i64 $FUNCTION
  %last_ = getelementptr i64, ptr %team, i64 $LAST
  %parts_ = getelementptr i64, ptr %team, i64 $PARTS
  %arguments = getelementptr i64, ptr %team, i64 $ARGUMENTS
  br label %look
look:
  %claim = load atomic i64, ptr %team acquire, align 8
  %left = and i64 %claim, 65535
  %is_none = icmp eq i64 %left, 0
  br i1 %is_none, label %end, label %try
try:
  %less = sub i64 %claim, 1
  %pair = cmpxchg ptr %team, i64 %claim, i64 %less acq_rel acquire
  %is_mine = extractvalue { i64, i1 } %pair, 1
  br i1 %is_mine, label %work, label %look
work:
  %parts = load i64, ptr %parts_, align 8
  %function = load ptr, ptr %function_, align 8
  %last = load ptr, ptr %last_, align 8
  %part = sub i64 %left, 1
  %is_last = icmp eq i64 %left, %parts
  %called = select i1 %is_last, ptr %last, ptr %function
  call void %called(ptr %arguments, i64 %part, ptr %scratch)
  %before = atomicrmw add ptr %done, i64 1 release
  br label %look
end:
  ret void
}
define internal void @pass(ptr %team, i64 %looks) nounwind {
entry:
  call void $pause
  %is_early = icmp ult i64 %looks, $SPINS
  br i1 %is_early, label %end, label %give
give:
  %yield_ = getelementptr i64, ptr %team, i64 $YIELD
  %yield = load ptr, ptr %yield_, align 8
  %ignored = call i32 %yield()
  br label %end
end:
  ret void
}
define internal void @share(ptr %team, ptr %function, ptr %last, i64 %parts, ptr %scratch) nounwind {
entry:
  %done = getelementptr i64, ptr %team, i64 $DONE
  %function_ = getelementptr i64, ptr %team, i64 $FUNCTION
  %last_ = getelementptr i64, ptr %team, i64 $LAST
  %parts_ = getelementptr i64, ptr %team, i64 $PARTS
  store ptr %function, ptr %function_, align 8
  store ptr %last, ptr %last_, align 8
  store i64 %parts, ptr %parts_, align 8
  store atomic i64 0, ptr %done monotonic, align 8
  %old = load atomic i64, ptr %team monotonic, align 8
  %next = add i64 %old, 65536
  %claim = add i64 %next, %parts
  store atomic i64 %claim, ptr %team release, align 8
  call void @claim(ptr %team, ptr %scratch)
  br label %wait
wait:
  %looks = phi i64 [ 0, %entry ], [ %more, %idle ]
  %finished = load atomic i64, ptr %done acquire, align 8
  %is_done = icmp eq i64 %finished, %parts
  br i1 %is_done, label %end, label %idle
idle:
  %more = add i64 %looks, 1
  call void @pass(ptr %team, i64 %looks)
  br label %wait
end:
  ret void
}
define void @help(ptr %team, ptr %scratch) nounwind {
entry:
  $before
  br label %look
look:
  %looks = phi i64 [ 0, %entry ], [ 0, %work ], [ %more, %idle ]
  %claim = load atomic i64, ptr %team acquire, align 8
  %is_over = icmp slt i64 %claim, 0
  br i1 %is_over, label %end, label %ask
ask:
  %left = and i64 %claim, 65535
  %is_none = icmp eq i64 %left, 0
  br i1 %is_none, label %rest, label %work
work:
  call void @claim(ptr %team, ptr %scratch)
  br label %look
rest:
  %more = add i64 %looks, 1
  %is_long = icmp ugt i64 %looks, $PATIENCE
  br i1 %is_long, label %end, label %idle
idle:
  call void @pass(ptr %team, i64 %looks)
  br label %look
end:
  $after
  ret void
}
"""


def team_code(module: Module, cpu: Cpu, before: Sequence[str], after: Sequence[str]) -> str:
    """``share``, which the steps call, and ``help``, which a helper's thread calls.

    before, after: the instructions that have denormal numbers flushed, and that end it.
    """
    if cpu.family == "x86":
        pause = module.intrinsic("llvm.x86.sse2.pause", "void", []) + "()"
    else:
        pause = module.intrinsic("llvm.aarch64.hint", "void", ["i32"]) + "(i32 1)"
    return Template(_CODE).substitute(
        {name: value for name, value in globals().items() if name.isupper()},
        pause=pause,
        before="\n  ".join(before),
        after="\n  ".join(after),
    )


def new_block(room: Callable[[int], Any], arguments: int) -> Any:
    """The memory of a team whose groups have so many arguments at most."""
    block = room(8 * (ARGUMENTS + arguments)).view(np.uint64)
    block[:] = 0
    block[YIELD] = _yielding()
    return block


def led(run: Run, table: int, count: int, block: Any, scratch: Sequence[Any]) -> int:
    """``run(table, count)``, with a helper for each scratch."""
    try:
        for own in scratch:
            with contextlib.suppress(RuntimeError):  # the system has no thread left
                start_new_thread(_help, (run, block, own))
        return run(table, count)
    finally:
        block[CLAIM] = OVER


def _help(run: Run, block: Any, scratch: Any) -> None:
    """It may begin when everything is over. So it holds all that it touches: the code too."""
    if run.help is not None:
        run.help(address(block), address(scratch))


@cache
def _yielding() -> int:
    """The address of the system's function that lets another thread go first."""
    function: Any
    if os.name == "nt":
        function = getattr(ctypes, "WinDLL")("kernel32").SwitchToThread  # noqa: B009 -- known on Windows only
    else:
        function = ctypes.CDLL(None).sched_yield
    return ctypes.cast(function, ctypes.c_void_p).value or 0
