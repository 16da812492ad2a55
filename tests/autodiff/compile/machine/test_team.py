"""Several threads take parts of a step: the same bits as one thread, whatever becomes of the helpers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.autodiff.compile.machine.tools import needs_machine

import downslope as ds
from downslope import nn, optim
from downslope.autodiff import trace
from downslope.autodiff.compile.machine import loop, parts, program, team
from downslope.autodiff.compile.machine.build import compiled, load
from downslope.autodiff.compile.machine.cpu import Cpu, this_cpu
from downslope.autodiff.compile.machine.parts import Cut, _cut
from downslope.autodiff.compile.machine.writer import Writer
from downslope.runs.step_graph import step_graph
from downslope.runs.step_program import Carried

pytestmark = needs_machine
STEPS, B = 6, 24


@pytest.fixture(autouse=True)
def everything_is_cut() -> Iterator[None]:
    """Small steps too, and into many parts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "LEAST", {"nest": 0, "product": 0})
        patch.setattr(parts, "GRAIN", {"nest": 300, "product": 5_000})
        program._written.clear()  # the code of the same step, cut otherwise
        yield
        program._written.clear()


def trained(threads: int | None, dtype: Any = np.float32, sizes: tuple[int, ...] = (40, 70, 33, 10)) -> Any:
    """The losses of some steps, and all that was carried; and the steps."""
    model, rule, rng = nn.mlp([*sizes], hidden="gelu"), optim.adam(0.01), np.random.default_rng(0)
    carried = Carried.start(model.init(0, dtype), rule, {})
    x, y = rng.normal(size=(90, sizes[0])).astype(dtype), rng.integers(0, sizes[-1], 90)

    def objective(p: Any, memory: Any, x: Any, y: Any, t: Any) -> Any:
        return nn.softmax_cross_entropy(model(p, x), y), memory

    graph = step_graph(objective, rule, carried, (x[:B], y[:B]), norms=True)
    n = len(carried.leaves)
    bound = dict(zip(graph.inputs, carried.leaves, strict=False))
    over = dict(zip(bound, graph.outputs[-n:], strict=True))
    gathered = dict(zip([i for i in graph.inputs if i not in bound], (x, y), strict=False))
    run: Any = loop(graph, bound, over, graph.outputs[:-n], gathered=gathered, threads=threads).function
    rows, records = rng.integers(0, 90, (STEPS, B)), np.zeros((2, STEPS))
    run((rows, rows, range(1, STEPS + 1), [0.01] * STEPS), records)
    return run, [*records, *carried.leaves]


def assert_same_bits(one: list[Any], other: list[Any]) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("threads", [2, 3, 5])
def test_threads_give_the_bits_of_one_thread(threads: int, dtype: Any) -> None:
    run, found = trained(threads, dtype)
    assert run.code.text.count("call void @share") > 10, "and they had something to share"
    assert_same_bits(trained(1, dtype)[1], found)


def no_thread(*args: Any) -> None:
    raise RuntimeError("can't start new thread")


def late(function: Callable[..., None], args: tuple[Any, ...]) -> None:
    threading.Timer(0.2, function, args).start()


@pytest.mark.parametrize("starting", [no_thread, lambda *args: None, late])
def test_without_helpers_or_with_late_ones_it_is_done_all_the_same(
    starting: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(team, "start_new_thread", starting)
    found = trained(3)[1]
    assert_same_bits(trained(1)[1], found)
    time.sleep(0.4 if starting is late else 0)  # who comes when all is over finds that out


def is_back(threads: int) -> bool:
    """Whether there are no more threads than that again, soon."""
    for _ in range(200):
        if len(sys._current_frames()) <= threads:
            return True
        time.sleep(0.01)
    return False


def test_helpers_end_with_their_call_however_it_ends() -> None:
    before = len(sys._current_frames())
    run, _ = trained(3)
    assert is_back(before)
    bad = np.full((1, B), 90)
    with pytest.raises(IndexError, match="no step was taken"):
        run((bad, bad, [1], [0.01]), np.zeros((2, 1)))
    assert is_back(before)


def test_an_interrupt_ends_them_too() -> None:
    block, before = np.zeros(64, np.uint64), len(sys._current_frames())

    class Interrupted:
        def __call__(self, table: int, count: int) -> int:
            raise KeyboardInterrupt

        @staticmethod
        def help(block_: int, scratch: int) -> None:
            while not block[team.CLAIM]:
                time.sleep(0.001)

    run: Any = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        team.led(run, 0, 1, block, [np.zeros(1)])
    assert block[team.CLAIM] == team.OVER
    assert is_back(before)


def shared_code(cpu: Cpu) -> str:
    graph = trace(lambda w, x: w + np.tanh(x) + np.sum(x @ x, axis=0), np.zeros((90, 90)), np.zeros((90, 90)))
    w, _ = graph.inputs
    return Writer(graph, [w], {w: graph.outputs[0]}, [], cpu, shared=True).ir


@pytest.mark.parametrize(
    "cpu",
    [
        Cpu("generic", "+neon,+fp-armv8", "aarch64-unknown-linux-gnu", "arm", 16, 32),
        Cpu("haswell", "+avx2,+fma", "x86_64-unknown-linux-gnu", "x86", 32, 16),
    ],
    ids=lambda cpu: cpu.name,
)
def test_shared_code_is_made_for_every_family(cpu: Cpu) -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    assert "call void @share" in (text := shared_code(cpu))
    assert len(compiled(text, cpu)) > 1000


def test_a_helper_that_nobody_calls_off_leaves_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(team, "PATIENCE", 2_500)
    cpu = this_cpu()
    assert isinstance(cpu, Cpu)
    run = load(compiled(shared_code(cpu), cpu), cpu)
    assert run.help is not None
    block = team.new_block(lambda n: np.zeros(n, np.uint8), 9)
    run.help(block.ctypes.data, block.ctypes.data)  # it returns


FORKED = """
import os, sys, threading, warnings
import numpy as np
from downslope.autodiff import trace
from downslope.autodiff.compile.machine import loop, parts
parts.LEAST.update(nest=0, product=0)

def made():
    graph = trace(lambda w, x: w + np.tanh(x @ x) * 0.01, np.zeros((64, 64)), np.ones((64, 64)))
    w = np.zeros((64, 64))
    return w, loop(graph, {graph.inputs[0]: w}, {graph.inputs[0]: graph.outputs[0]}, [], threads=2).function

xs = np.random.default_rng(0).normal(size=(20, 64, 64))
alone, run = made()
run((xs,), ())
w, run = made()
stop = []
def train():
    while not stop:
        run((xs,), ())
thread = threading.Thread(target=train)
thread.start()
warnings.simplefilter("ignore")
for _ in range(20):
    child = os.fork()
    if not child:
        run((xs,), ())  # the call that was going on in the parent never ends here
        w, run = made()
        run((xs,), ())
        os._exit(0 if (w == alone).all() else 3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
stop.append(1)
thread.join()
print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_process_that_was_forked_while_threads_were_at_work_can_work_too() -> None:
    path = os.pathsep.join([str(Path(program.__file__).parents[4]), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", FORKED],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split() == ["done"], done.stderr


def test_threads_of_a_training_reach_its_code_and_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    helpers, led = list[int](), team.led

    def counted(run: Any, table: int, count: int, block: Any, scratch: Any) -> int:
        helpers.append(len(scratch))
        return led(run, table, count, block, scratch)

    monkeypatch.setattr(program, "led", counted)
    losses = []
    for threads in (1, 2):
        run = ds.train(
            nn.mlp([64, 32, 10]), ds.data.digits(), optimizer=optim.adam(0.01), batch_size=32, steps=60,
            threads=threads, dialect="machine",
        )  # fmt: skip
        losses.append([run.series("loss"), run.series("grad_norm")])
        assert set(helpers) == ({1} if threads == 2 else set())
    assert_same_bits(*losses)


def test_a_small_step_is_left_to_one_thread() -> None:
    run, _ = trained(None)
    assert run.scratch == []


def test_parts_that_are_too_small_are_not_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "LEAST", {"nest": 10**9, "product": 10**9})
    run, found = trained(2)
    assert run.scratch == []
    assert_same_bits(trained(1)[1], found)


@given(st.integers(1, 10_000), st.integers(0, 100), st.sampled_from([1, 8, 48, 64]))
def test_a_cut_covers_its_axis_once(total: int, wanted: int, unit: int) -> None:
    cut: Cut | None = _cut(0, total, wanted, unit)
    if cut is None:
        assert total <= unit or total == 1
        return
    assert 2 <= cut.parts <= parts.MOST
    assert cut.length % unit == 0
    assert 0 < cut.last <= cut.length
    assert (cut.parts - 1) * cut.length + cut.last == total
