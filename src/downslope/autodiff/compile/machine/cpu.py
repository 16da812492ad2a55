"""This machine's vectors: their bytes, how many registers there are, and what LLVM is told about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import llvmlite.binding as llvm


@dataclass(frozen=True)
class Cpu:
    """width: bytes of a vector register. registers: how many there are. family: how denormal numbers are flushed."""

    name: str
    features: str
    triple: str
    family: str
    width: int
    registers: int


@cache
def this_cpu() -> Cpu | str:
    """The machine, or why code is not generated for it."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    triple, name = llvm.get_process_triple(), llvm.get_host_cpu_name()
    try:
        found: dict[str, bool] = dict(llvm.get_host_cpu_features())
    except RuntimeError:
        found = {}
    features = ",".join(f"{'+' if on else '-'}{feature}" for feature, on in sorted(found.items()))
    family = triple.partition("-")[0]
    if family in ("x86_64", "amd64"):
        if all(found.get(f) for f in ("avx512f", "avx512bw", "avx512dq", "avx512vl")):
            return Cpu(name, f"{features},-prefer-256-bit", triple, "x86", 64, 32)
        if found.get("avx2") and found.get("fma"):
            return Cpu(name, features, triple, "x86", 32, 16)
        return f"the CPU {name} has no AVX2 with FMA"
    if family in ("aarch64", "arm64"):
        return Cpu(name, features, triple, "arm", 16, 32)
    return f"no code is written for CPUs of the family {family}"


def target_machine(cpu: Cpu, opt: int) -> Any:
    """LLVM's code generator for a CPU."""
    target = llvm.Target.from_triple(cpu.triple)
    return target.create_target_machine(cpu=cpu.name, features=cpu.features, opt=opt, jit=True)
