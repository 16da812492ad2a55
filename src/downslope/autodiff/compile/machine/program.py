"""A compiled loop over steps with its memory, and the Program that calls it."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from downslope.autodiff.compile.machine.arrays import (
    Stream,
    address,
    require_apart,
    require_lasting,
    require_room,
    span,
)
from downslope.autodiff.compile.machine.build import LOADED, Run, machine_code
from downslope.autodiff.compile.machine.cpu import Cpu, this_cpu
from downslope.autodiff.compile.machine.kinds import NotGenerated
from downslope.autodiff.compile.machine.likeness import likeness
from downslope.autodiff.compile.machine.memory import Home
from downslope.autodiff.compile.machine.team import led, new_block
from downslope.autodiff.compile.machine.writer import Writer
from downslope.autodiff.cost import cost
from downslope.autodiff.graph import Graph
from downslope.autodiff.program import Program

MOST_THREADS = 8  # of its own choice
MANY_FLOPS = 5e8  # of a step that more than one thread is worth on a busy machine


@dataclass(frozen=True)
class Code:
    """Machine code that knows no address, for all steps that are alike.

    slots: what its table of addresses holds, in order. constants: their arrays. nbytes: of its workspace. carried:
    inputs that it writes. records: numbers that it tells of a step. scratch: bytes of each thread. most: arguments of a
    group that threads share. text: all stages.
    """

    run: Run
    slots: tuple[Home, ...]
    constants: Mapping[int, Any]
    nbytes: int
    carried: tuple[int, ...]
    records: int
    scratch: int
    most: int
    text: str

    @classmethod
    def of(cls, written: Writer, run: Run) -> Code:
        """What was written, compiled."""
        constants = {v.id: v.attrs["array"] for v in written.lowered.values if v.op == "constant"}
        return cls(
            run, tuple(written.slots), constants, written.memory.nbytes, written.carried, len(written.recorded),
            written.scratch, written.most, str(written),
        )  # fmt: skip


class Steps:
    """The compiled loop with its memory. Everything that it may touch is held here, or given in a call."""

    def __init__(
        self,
        code: Code,
        graph: Graph,
        bound: Mapping[int, Any],
        gathered: Mapping[int, Any],
        threads: int = 1,
    ) -> None:
        self.code, self.graph, self.bound, self.gathered = code, graph, bound, gathered
        streamed = [i for i in graph.inputs if i not in bound]
        self.streams = {i: Stream(graph[i], gathered=i in gathered) for i in streamed}
        self.workspace = self.room(code.nbytes)
        self.scratch = [self.room(code.scratch) for _ in range(threads if code.most else 0)]
        lasting: dict[str, Callable[[int], Any]] = {
            "bound": lambda i: self.bound[i],
            "gathered": lambda i: self.gathered[i],
            "constant": lambda i: self.code.constants[i],
            "workspace": lambda _: self.workspace,
            "scratch": lambda _: self.scratch[0],
        }
        self.table = np.array(
            [address(lasting[kind](which)) if kind in lasting else 0 for kind, which, _ in code.slots] + [0], np.uint64
        )
        self.places = {(kind, which): k for k, (kind, which, _) in enumerate(code.slots) if kind not in lasting}
        self.written = [span(bound[i]) for i in code.carried]

    def room(self, nbytes: int) -> Any:
        """New memory of its own: so many bytes, from the start of a cache line."""
        raw = np.zeros(nbytes + 64, np.uint8)
        start = -address(raw) % 64
        return raw[start : start + nbytes]

    def words(self, n: int) -> Any:
        """New memory of its own: so many words of 8 bytes, for one call."""
        return np.empty(n, np.uint64)

    def __call__(self, streams: Sequence[Any], records: Sequence[Any]) -> None:
        """Take one step for each entry of the streams.

        ShapeError: a stream or a record that does not fit; no step is taken. IndexError: a row number is outside of its
        array, and no step is taken; or an index that a step computes is, and that step was the last one.
        """
        given = [stream.typed(x) for stream, x in zip(self.streams.values(), streams, strict=True)]
        count = min(map(len, given), default=0)
        if not count:
            return
        n, told = len(self.table), self.code.records
        require_room(records, told, count)
        # The table is new for each call: two calls at once must not mix up their addresses. It ends with the flag, and
        # what is recorded follows it.
        table = self.words(n + told * count)
        table[:n] = self.table
        start, block = address(table), new_block(self.room, self.code.most) if self.scratch else None
        found = {("flag", 0): start + 8 * (n - 1), ("team", 0): address(block) if self.scratch else 0}
        for k in range(told):
            found["record", k] = start + 8 * (n + k * count)
        for (i, stream), array in zip(self.streams.items(), given, strict=True):
            read = found["streamed", i] = address(array)
            require_apart(stream.name, (read, read + array.nbytes), self.written)
        for key, k in self.places.items():
            table[k] = found[key]
        done = self.taken(start, count, block)
        raised = bool(table[n - 1])
        recorded = table[n:].view(np.float64).reshape(told, count)
        for record, found in zip(records, recorded, strict=True):
            record[:done] = found[:done]
        if raised:
            if not done:
                raise IndexError(self.outside(given))
            raise IndexError(f"an index is outside of its array in step {done} of {count}")

    def taken(self, table: int, count: int, block: Any) -> int:
        """Take the steps, alone or with helpers; how many were taken."""
        if block is None:
            return self.code.run(table, count)
        return led(self.code.run, table, count, block, self.scratch[1:])

    def outside(self, given: Sequence[Any]) -> str:
        """Which row number was refused."""
        for i, rows in zip(self.streams, given, strict=True):
            if i not in self.gathered:
                continue
            n = len(self.gathered[i])
            for step, place in np.argwhere((rows < -n) | (rows >= n)):
                what = (
                    f"row {rows[step, place]} is outside of its array of {n} rows, asked for {self.graph[i].full_name}"
                )
                return f"{what} in step {step + 1} of {len(rows)}: no step was taken"
        return "row numbers changed while they were read: no step was taken"


def loop(
    graph: Graph,
    bound: Mapping[int, Any],
    carried: Mapping[int, int],
    recorded: Sequence[int],
    *,
    gathered: Mapping[int, Any] | None = None,
    threads: int | None = 1,
) -> Program:
    """Many steps in one call: ``program.function(streams, records)``, the contract of ``in_place.loop``.

    bound: input id -> the array that it reads. carried: bound input -> the output that replaces it at the end of a
    step. recorded: outputs whose value is kept. streams: for every input that is not bound, in order, an array with one
    value a step. records: for every recorded output, in order, an array whose k-th entry receives that of step k.
    gathered: streamed input (B, ...) -> an array (n, ...) that its rows are in; its stream is then row numbers (steps,
    B), and the batches are never put together outside. threads: that share the large
    groups of a step, with the same numbers as one alone; None: one for a small step, else up to 8.

    NotGenerated: this step has no machine code. ShapeError: arrays that share memory or cannot be written. When called:
    as :class:`Steps`.
    """
    cpu = this_cpu()
    if isinstance(cpu, str):
        raise NotGenerated(cpu)
    gathered = gathered or {}
    require_lasting(graph, bound, gathered, carried)
    for i in recorded:
        if graph[i].shape:
            raise NotGenerated("a record of more than one number a step")
    threads = _threads_for(graph) if threads is None else threads
    rows = {i: len(array) for i, array in gathered.items()}
    code = _code(graph, bound, carried, recorded, rows, cpu, shared=threads > 1)
    return Program(graph, "machine", code.text, {}, (), Steps(code, graph, bound, gathered, threads))


def _threads_for(graph: Graph) -> int:
    """One for a small step; else as many as the process may use, but no more than there are parts for."""
    if cost(graph).flops < MANY_FLOPS:
        return 1
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(here, MOST_THREADS)


_written: OrderedDict[Hashable, Code] = OrderedDict()
_lock = Lock()


def _code(
    graph: Graph,
    bound: Mapping[int, Any],
    carried: Mapping[int, int],
    recorded: Sequence[int],
    rows: Mapping[int, int],
    cpu: Cpu,
    *,
    shared: bool,
) -> Code:
    """The code of such steps; the last ones stay in memory, for forks, replays and the next of many runs."""
    key = likeness(graph, bound, carried, recorded, rows, cpu, shared)
    with _lock:
        if key in _written:
            _written.move_to_end(key)
            return _written[key]
    written = Writer(graph, bound, carried, recorded, cpu, rows, shared=shared)
    code = Code.of(written, machine_code(written.ir, cpu))
    with _lock:
        _written[key] = code
        while len(_written) > LOADED:
            _written.popitem(last=False)
    return code
