"""The same generator for other CPUs: shorter vectors, fewer registers, another family."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest
from tests.autodiff.compile.machine.tools import needs_machine, with_results

from downslope import nn
from downslope.autodiff import grad, trace
from downslope.autodiff.compile.machine.build import compiled, machine_code
from downslope.autodiff.compile.machine.cpu import Cpu, this_cpu
from downslope.autodiff.compile.machine.kinds import NotGenerated
from downslope.autodiff.compile.machine.program import Code, Steps
from downslope.autodiff.compile.machine.writer import Writer

pytestmark = needs_machine


def everything(x: Any, w: Any, y: Any) -> Any:
    """Products, maps, reductions of both kinds, places."""

    def loss(w: Any) -> Any:
        h = np.maximum(x @ w, 0) * np.tanh(x @ w)
        return nn.softmax_cross_entropy(h @ w.T, y) + np.mean(np.std(h, axis=0))

    return [loss(w), grad(loss)(w), np.exp(w.T), w[np.array([1, 0])]]


def written(cpu: Cpu, dtype: Any) -> tuple[Writer, dict[int, Any], list[Any], list[Any]]:
    """The program for a CPU, what it is bound to, its inputs and where its results go."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(9, 20)).astype(dtype), rng.normal(size=(20, 37)).astype(dtype), rng.integers(0, 20, 9)]

    graph, results = with_results(everything, arrays)
    goals = graph.inputs[3:]
    bound = dict(zip(goals, results, strict=True))
    return Writer(graph, bound, dict(zip(goals, graph.outputs, strict=True)), [], cpu), bound, arrays, results


def shorter(width: int, registers: int) -> Cpu:
    """This CPU, as if it had shorter vectors."""
    cpu = this_cpu()
    assert isinstance(cpu, Cpu)
    kept = [
        x for x in cpu.features.split(",") if cpu.family != "x86" or not x.startswith(("+avx512", "+avx10", "-prefer"))
    ]
    return replace(
        cpu,
        name="haswell" if cpu.family == "x86" else cpu.name,
        features=",".join(kept),
        width=width,
        registers=registers,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("width", "registers"), [(32, 16), (16, 32), (16, 16)])
def test_shorter_vectors_give_the_same_numbers(width: int, registers: int, dtype: Any) -> None:
    cpu = shorter(width, registers)
    writer, bound, arrays, results = written(cpu, dtype)
    code = Code.of(writer, machine_code(writer.ir, cpu))
    Steps(code, writer.graph, bound, {})([x[None] for x in arrays], [])
    tolerance = 1e-4 if dtype == np.float32 else 1e-11
    for found, truth in zip(results, trace(everything, *arrays)(*arrays), strict=True):
        np.testing.assert_allclose(found, truth, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    "cpu",
    [
        Cpu("generic", "+neon,+fp-armv8", "aarch64-unknown-linux-gnu", "arm", 16, 32),
        Cpu("haswell", "+avx2,+fma", "x86_64-unknown-linux-gnu", "x86", 32, 16),
        Cpu("znver4", "+avx512f,+avx512bw,+avx512dq,+avx512vl", "x86_64-unknown-linux-gnu", "x86", 64, 32),
    ],
    ids=lambda cpu: cpu.name,
)
def test_code_is_made_for_every_family(cpu: Cpu) -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    writer, *_ = written(cpu, np.float32)
    assert len(compiled(writer.ir, cpu)) > 1000


def test_a_fault_in_the_text_is_a_finding_and_no_crash() -> None:
    cpu = this_cpu()
    assert isinstance(cpu, Cpu)
    with pytest.raises(NotGenerated, match="a fault of the generator"):
        compiled("define i64 @run(ptr %table, i64 %count) { ret i32 %count }", cpu)


def test_an_unknown_cpu_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llvm, "get_host_cpu_features", lambda: {"sse2": True})
    monkeypatch.setattr(llvm, "get_process_triple", lambda: "x86_64-unknown-linux-gnu")
    assert "no AVX2 with FMA" in str(this_cpu.__wrapped__())
    monkeypatch.setattr(llvm, "get_process_triple", lambda: "riscv64-unknown-linux-gnu")
    assert str(this_cpu.__wrapped__()) == "no code is written for CPUs of the family riscv64"
