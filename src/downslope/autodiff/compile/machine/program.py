"""A compiled loop over steps with its memory, and the Program that calls it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from downslope.autodiff.compile.machine.build import LOADED, Run, machine_code
from downslope.autodiff.compile.machine.cpu import Cpu, this_cpu
from downslope.autodiff.compile.machine.kinds import NotGenerated
from downslope.autodiff.compile.machine.likeness import likeness
from downslope.autodiff.compile.machine.memory import Home
from downslope.autodiff.compile.machine.writer import Writer
from downslope.autodiff.graph import Graph, Node
from downslope.autodiff.program import Program


@dataclass(frozen=True)
class Code:
    """Machine code that knows no address, for all steps that are alike.

    slots: what its table of addresses holds, in order. constants: their arrays. nbytes: of its workspace. records:
    numbers that it tells of a step. text: all stages.
    """

    run: Run
    slots: tuple[Home, ...]
    constants: Mapping[int, Any]
    nbytes: int
    records: int
    text: str

    @classmethod
    def of(cls, written: Writer, run: Run) -> Code:
        """What was written, compiled."""
        constants = {v.id: v.attrs["array"] for v in written.lowered.values if v.op == "constant"}
        return cls(run, tuple(written.slots), constants, written.memory.nbytes, len(written.recorded), str(written))


class Steps:
    """The compiled loop with its memory. Everything that it may touch is held here, or given in a call."""

    def __init__(self, code: Code, graph: Graph, bound: Mapping[int, Any], gathered: Mapping[int, Any]) -> None:
        self.code, self.graph, self.bound, self.gathered = code, graph, bound, gathered
        self.streamed = [i for i in graph.inputs if i not in bound]
        self.use(_aligned(code.nbytes))

    def use(self, workspace: Any) -> None:
        """Compute in this array of bytes, as many as there were."""
        self.workspace, self.flag = workspace, np.zeros(1, np.int64)
        lasting: dict[str, Callable[[int], Any]] = {
            "bound": lambda i: self.bound[i],
            "gathered": lambda i: self.gathered[i],
            "constant": lambda i: self.code.constants[i],
            "workspace": lambda _: self.workspace,
            "flag": lambda _: self.flag,
        }
        self.table = np.array(
            [_address(lasting[kind](which)) if kind in lasting else 0 for kind, which, _ in self.code.slots], np.uint64
        )
        self.passing = [(k, kind, which) for k, (kind, which, _) in enumerate(self.code.slots) if kind not in lasting]

    def __call__(self, streams: Sequence[Any], records: Sequence[Any]) -> None:
        """Take one step for each entry of the streams.

        IndexError: an index of the last step taken is outside of its array.
        """
        given = {
            i: _typed(stream, self.graph[i], i in self.gathered)
            for i, stream in zip(self.streamed, streams, strict=True)
        }
        count = min((len(x) for x in given.values()), default=0)
        if not count:
            return
        told = np.empty((self.code.records, count))
        for k, kind, which in self.passing:
            self.table[k] = _address(given[which] if kind == "streamed" else told[which])
        self.flag[0] = 0
        done = self.code.run(_address(self.table), count)
        for record, found in zip(records, told, strict=True):
            record[:done] = found[:done]
        if self.flag[0]:
            raise IndexError(f"an index is outside of its array in step {done} of {count}")


def _address(array: Any) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _typed(stream: Any, node: Node, is_gathered: bool) -> Any:
    """One value a step, end to end in memory, in the type that was traced; row numbers for what is gathered."""
    dtype = (np.int64 if node.dtype.kind in "iu" else np.float64) if node.weak else node.dtype
    array = np.ascontiguousarray(stream, np.int64 if is_gathered else dtype)
    shape = node.shape[:1] if is_gathered else node.shape
    if array.shape[1:] != shape:
        raise ValueError(f"a stream of shape {array.shape} for {node.full_name}, which has shape {shape} in a step")
    return array


def _aligned(nbytes: int) -> Any:
    raw = np.zeros(nbytes + 128, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + nbytes]


def loop(
    graph: Graph,
    bound: Mapping[int, Any],
    carried: Mapping[int, int],
    recorded: Sequence[int],
    *,
    gathered: Mapping[int, Any] | None = None,
) -> Program:
    """Many steps in one call: ``program.function(streams, records)``, the contract of ``in_place.loop``.

    bound: input id -> the array that it reads. carried: bound input -> the output that replaces it at the end of a
    step. recorded: outputs whose value is kept. streams: for every input that is not bound, in order, an array with one
    value a step. records: for every recorded output, in order, an array whose k-th entry receives that of step k.
    gathered: streamed input (B, ...) -> an array (n, ...) that its rows are in; its stream is then row numbers (steps,
    B), and the batches are never put together outside.

    NotGenerated: this step has no machine code. IndexError, when called: a row or an index outside of its array.
    """
    cpu = this_cpu()
    if isinstance(cpu, str):
        raise NotGenerated(cpu)
    gathered = gathered or {}
    for array in (*bound.values(), *gathered.values()):
        if not isinstance(array, np.ndarray) or not array.flags.c_contiguous or not array.flags.aligned:
            raise NotGenerated("an input that does not lie in memory in one piece")
    for i, array in bound.items():
        _require_fit(graph[i], array.dtype, array.shape)
    for i, array in gathered.items():
        _require_fit(graph[i], array.dtype, (*graph[i].shape[:1], *array.shape[1:]))
    for i in recorded:
        if graph[i].shape:
            raise NotGenerated("a record of more than one number a step")
    code = _code(graph, bound, carried, recorded, {i: len(array) for i, array in gathered.items()}, cpu)
    return Program(graph, "machine", code.text, {}, (), Steps(code, graph, bound, gathered))


_written: OrderedDict[Hashable, Code] = OrderedDict()
_lock = Lock()


def _code(
    graph: Graph,
    bound: Mapping[int, Any],
    carried: Mapping[int, int],
    recorded: Sequence[int],
    rows: Mapping[int, int],
    cpu: Cpu,
) -> Code:
    """The code of such steps; the last ones stay in memory, for forks, replays and the next of many runs."""
    key = likeness(graph, bound, carried, recorded, rows, cpu)
    with _lock:
        if key in _written:
            _written.move_to_end(key)
            return _written[key]
    written = Writer(graph, bound, carried, recorded, cpu, rows)
    code = Code.of(written, machine_code(written.ir, cpu))
    with _lock:
        _written[key] = code
        while len(_written) > LOADED:
            _written.popitem(last=False)
    return code


def _require_fit(node: Node, dtype: Any, shape: tuple[int, ...]) -> None:
    """Addresses are written for the shapes that were traced."""
    if node.weak or (node.dtype, node.shape) != (dtype, shape):
        raise NotGenerated(f"an array of type {dtype} and shape {shape} for {node.full_name}, traced as {node.type}")
