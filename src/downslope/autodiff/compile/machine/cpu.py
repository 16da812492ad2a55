"""This machine's vectors: their bytes, how many registers there are, and what LLVM is told about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from downslope.autodiff.compile.machine.code import Module

_FLUSH = 0x8000  # x86: results that are denormal become zero; denormal operands stay what they are


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


def flushing(module: Module, cpu: Cpu) -> tuple[list[str], list[str]]:
    """Denormal results become zero in here; the caller's floating-point state comes back."""
    if cpu.family == "x86":
        save = module.intrinsic("llvm.x86.sse.stmxcsr", "void", ["ptr"])
        put = module.intrinsic("llvm.x86.sse.ldmxcsr", "void", ["ptr"])
        return [
            "%callers = alloca i32, align 4",
            "%own = alloca i32, align 4",
            f"call void {save}(ptr %callers)",
            "%state = load i32, ptr %callers, align 4",
            f"%flushing = or i32 %state, {_FLUSH}",
            "store i32 %flushing, ptr %own, align 4",
            f"call void {put}(ptr %own)",
        ], [f"call void {put}(ptr %callers)"]
    save = module.intrinsic("llvm.aarch64.get.fpcr", "i64", [])
    put = module.intrinsic("llvm.aarch64.set.fpcr", "void", ["i64"])
    before = [
        f"%state = call i64 {save}()",
        f"%flushing = or i64 %state, {1 << 24}",
        f"call void {put}(i64 %flushing)",
    ]
    return before, [f"call void {put}(i64 %state)"]
