"""Text to machine code: through the cache, and through LLVM where it is not there yet."""

from __future__ import annotations

import ctypes
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from downslope.autodiff.compile.machine.cache import Cache, directory, key
from downslope.autodiff.compile.machine.cpu import Cpu, target_machine
from downslope.autodiff.compile.machine.kinds import NotGenerated

# The nests are written as they shall run, so LLVM's own passes over the text would only cost time (measured: 2 % faster
# code for twice the time); choosing instructions and registers well is worth it.
LEVEL = 2
LOADED = 64  # programs whose code stays in memory for the next run of the same kind


@dataclass(frozen=True)
class Run:
    """``run`` of a module: ``(address of the table, steps) -> steps done``. It keeps the code in memory.

    help: ``(address of a team, address of scratch)``, for the threads of a team; None where nothing is shared.
    """

    function: Callable[[int, int], int]
    help: Callable[[int, int], Any] | None
    engine: Any

    def __call__(self, table: int, count: int) -> int:
        """Take steps."""
        return self.function(table, count)


_loaded: OrderedDict[str, Run] = OrderedDict()
_lock = Lock()
_troubles: list[str] = []


def trouble() -> str | None:
    """Why the last object code could not be kept on disk, if so: it is then made anew in every process."""
    return _troubles[-1] if _troubles else None


def machine_code(ir: str, cpu: Cpu, cache: Cache | None = None) -> Run:
    """The function ``run`` of a module."""
    name = key(ir, llvmlite.__version__, ".".join(map(str, llvm.llvm_version_info)), cpu.triple, cpu.name, cpu.features)
    with _lock:
        if name in _loaded:
            _loaded.move_to_end(name)
            return _loaded[name]
    kept = Cache(directory()) if cache is None else cache
    content = kept.read(name)
    if content is None:
        content = compiled(ir, cpu)
        kept.write(name, content)
        _troubles[:] = [kept.trouble] if kept.trouble else []
    run = load(content, cpu)
    with _lock:
        _loaded[name] = run
        while len(_loaded) > LOADED:
            _loaded.popitem(last=False)
    return run


def compiled(ir: str, cpu: Cpu) -> bytes:
    """A module as object code. NotGenerated, with LLVM's words, where it finds a fault in the text."""
    machine = target_machine(cpu, LEVEL)
    try:
        module = llvm.parse_assembly(ir)
        module.verify()
    except RuntimeError as error:
        raise NotGenerated(f"a fault of the generator: {error}") from error
    module.triple = cpu.triple
    module.data_layout = str(machine.target_data)
    content: bytes = machine.emit_object(module)
    return content


def load(content: bytes, cpu: Cpu) -> Run:
    """Object code into memory. It lives as long as the function that is returned."""
    empty = llvm.parse_assembly("")
    empty.triple = cpu.triple
    engine: Any = llvm.create_mcjit_compiler(empty, target_machine(cpu, LEVEL))
    engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(content))
    engine.finalize_object()
    # Plain C calls: Python's lock is given up while they run.
    run = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)(engine.get_function_address("run"))
    helping = engine.get_function_address("help")
    help_ = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(helping) if helping else None
    return Run(run, help_, engine)
