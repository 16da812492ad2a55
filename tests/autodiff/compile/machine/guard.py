"""Arrays that lie against pages which nobody may touch: a number outside of an array is a fault and not a wrong number.

An array is flush with the page after it ("end") or with the page before it ("start"). What is left of its own pages is
filled with a pattern that is NaN to floating-point numbers, so that reading it shows in the results, and is compared
afterwards, so that writing it shows too.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from downslope.autodiff.compile.machine.build import compiled, load
from downslope.autodiff.compile.machine.cpu import Cpu
from downslope.autodiff.compile.machine.memory import Memory, Planner, Wish
from downslope.autodiff.compile.machine.program import Code, Steps
from downslope.autodiff.compile.machine.writer import Writer
from downslope.autodiff.graph import Graph

PAGE = mmap.PAGESIZE
PATTERN = 0xFF
END, START = PLACES = ("end", "start")


def protect(address: int, nbytes: int) -> None:
    """Nobody may read or write these pages any more."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(nbytes), 0):
        raise OSError(ctypes.get_errno(), "mprotect")


def pages(nbytes: int) -> int:
    """Bytes of the whole pages that so many bytes need."""
    return -(-max(nbytes, 1) // PAGE) * PAGE


class Region:
    """Bytes with a forbidden page on both sides."""

    def __init__(self, nbytes: int, place: str) -> None:
        room = pages(nbytes)
        self.whole = np.frombuffer(mmap.mmap(-1, room + 2 * PAGE), np.uint8)
        self.own = self.whole[PAGE : PAGE + room]
        self.own[:] = PATTERN
        start = room - nbytes if place == END else 0
        self.bytes = self.own[start : start + nbytes]
        self.slack = [self.own[:start], self.own[start + nbytes :]]
        for at in (0, PAGE + room):
            protect(self.whole.ctypes.data + at, PAGE)

    def check(self) -> None:
        """Nothing was written beside the bytes."""
        for slack in self.slack:
            assert (slack == PATTERN).all(), f"{np.flatnonzero(slack != PATTERN)[:9]} beside an array were written"


@dataclass
class Guarded:
    """Makes arrays against forbidden pages, and remembers them all."""

    place: str
    regions: list[Region] = field(default_factory=list)

    def room(self, nbytes: int) -> Any:
        """Bytes."""
        self.regions.append(Region(nbytes, self.place))
        return self.regions[-1].bytes

    def array(self, values: Any) -> Any:
        """A copy of an array."""
        values = np.asarray(values)
        made = self.room(values.nbytes).view(values.dtype).reshape(values.shape)
        made[...] = values
        return made

    def check(self) -> None:
        """Nothing was written beside any of them."""
        for region in self.regions:
            region.check()


class Apart(Planner):
    """A workspace in which every value, and all scratch, has pages of its own with forbidden ones between."""

    place = END

    def hand_out(self, wanted: Sequence[Wish]) -> None:
        self.memory = ApartMemory(**{**vars(self.memory), "place": self.place})
        for _, _, size, i in wanted:
            self.settle(i, self.memory.more(size)[2])


@dataclass
class ApartMemory(Memory):
    """spans: bytes of the workspace that may be touched: first, and how many."""

    place: str = END
    spans: list[tuple[int, int]] = field(default_factory=list)

    def more(self, size: int) -> Any:
        """A forbidden page, and the bytes flush with it or with that of the next one."""
        start = self.nbytes + PAGE + (pages(size) - size if self.place == END else 0)
        self.spans.append((start, size))
        self.nbytes += PAGE + pages(size)
        return ("workspace", 0, start)


class GuardedSteps(Steps):
    """Steps whose table, workspace, flag and records lie against forbidden pages."""

    def __init__(
        self,
        guarded: Guarded,
        code: Code,
        graph: Graph,
        bound: Mapping[int, Any],
        gathered: Mapping[int, Any],
        threads: int,
    ) -> None:
        self.guarded = guarded
        super().__init__(code, graph, bound, gathered, threads)

    def room(self, nbytes: int) -> Any:
        return self.guarded.room(nbytes)

    def words(self, n: int) -> Any:
        return self.guarded.room(8 * n).view(np.uint64)


@dataclass
class Run:
    """A compiled loop between forbidden pages."""

    steps: GuardedSteps
    spans: list[tuple[int, int]]

    def __call__(self, streams: Sequence[Any], records: Sequence[Any]) -> None:
        """Take the steps, and see that nothing was written beside an array."""
        self.steps([x if np.isscalar(x) else self.steps.guarded.array(x) for x in streams], records)
        self.steps.guarded.check()
        workspace, inside = self.steps.workspace, np.zeros(len(self.steps.workspace), bool)
        for start, size in self.spans:
            inside[start : start + size] = True
        for first in range(0, len(workspace), PAGE):
            own = inside[first : first + PAGE]
            if own.any():
                slack = workspace[first : first + PAGE][~own]
                assert (slack == PATTERN).all(), f"bytes beside a value were written, from {first} of the workspace on"


def between_pages(
    graph: Graph,
    bound: Mapping[int, Any],
    carried: Mapping[int, int],
    recorded: Sequence[int],
    cpu: Cpu,
    place: str,
    gathered: Mapping[int, Any] | None = None,
    threads: int = 1,
) -> Run:
    """``machine.loop`` with all that its code may touch against forbidden pages. ``run.steps.bound`` is a copy."""
    guarded, found = Guarded(place), list[ApartMemory]()

    def planner(*args: Any) -> Memory:
        layout = Apart(*args)
        layout.place = place
        memory = layout.plan()
        assert isinstance(memory, ApartMemory)
        found.append(memory)
        return memory

    rows = {i: len(x) for i, x in (gathered or {}).items()}
    written = Writer(graph, bound, carried, recorded, cpu, rows, shared=threads > 1, planner=planner)
    code = Code.of(written, load(compiled(written.ir, cpu), cpu))
    code = replace(code, constants={i: guarded.array(x) for i, x in code.constants.items()})
    own, own_rows = ({i: guarded.array(x) for i, x in arrays.items()} for arrays in (bound, gathered or {}))
    steps, spans = GuardedSteps(guarded, code, graph, own, own_rows, threads), found[0].spans
    used = np.zeros(len(steps.workspace) // PAGE + 1, bool)
    for start, size in spans:
        used[start // PAGE : (start + size - 1) // PAGE + 1] = True
    start = steps.workspace.ctypes.data
    for page in np.flatnonzero(~used[: len(steps.workspace) // PAGE]):
        protect(start + int(page) * PAGE, PAGE)
    return Run(steps, spans)
