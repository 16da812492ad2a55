"""Arrays that the code was not written for are refused before it runs; nothing is computed with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.autodiff.compile.machine.tools import needs_machine

from downslope.autodiff import trace
from downslope.autodiff.compile.machine import NotGenerated, loop
from downslope.errors import ShapeError

pytestmark = needs_machine


def made(total: Any, kept: Any, gathered: Any = None) -> Any:
    """t + k + the sum of a mini-batch x, step after step; x are rows of ``gathered`` where that is given."""
    graph = trace(lambda t, k, x: (t + k + np.sum(x), np.sum(x)), np.zeros(3), np.zeros(3), np.ones((2, 3)))
    t, k, x = graph.inputs
    rows = {} if gathered is None else {x: gathered}
    return loop(graph, {t: total, k: kept}, {t: graph.outputs[0]}, graph.outputs[1:], gathered=rows).function


def refused(what: str, run: Any, *args: Any) -> None:
    with pytest.raises(ShapeError, match=what) as told:
        run(*args)
    assert told.value.code == "machine-arrays"


def test_memory_that_is_written_must_be_writable_and_belong_to_one_input() -> None:
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    refused("t cannot be written", made, frozen, np.zeros(3))
    made(np.zeros(3), frozen)  # what is only read may be
    both = np.zeros(5)
    refused("k shares memory", made, both[:3], both[2:])
    refused("k shares memory", made, both[2:], both[:3])
    refused("x shares memory", made, both[:3], np.zeros(3), np.lib.stride_tricks.as_strided(both, (1, 3)))
    apart = np.zeros(6)
    made(apart[:3], apart[3:])


def test_memory_of_another_layout_or_type_stays_in_place() -> None:
    swapped, shifted = np.zeros(3, ">f8"), np.zeros(25, np.uint8)[1:].view(np.float64)
    assert not shifted.flags.aligned
    for array in (np.zeros(6)[::2], np.zeros(4), np.zeros((3, 1)), np.zeros(3, np.float32), swapped, shifted):
        with pytest.raises(NotGenerated):
            made(array, np.zeros(3))
    with pytest.raises(NotGenerated):
        made(np.zeros(3), np.zeros(3), np.zeros((5, 6))[:, ::2])


def test_streams_and_records_are_looked_at_before_the_first_step() -> None:
    memory, data = np.zeros(6), np.arange(12.0).reshape(4, 3)
    total = memory[:3]
    run, record = made(total, np.zeros(3)), np.zeros(2)
    refused("stream of shape", run, (np.ones((2, 3, 2)),), (record,))
    refused("stream of shape", run, (np.float64(1),), (record,))
    refused("room for 1 of 2 steps", run, (np.ones((2, 2, 3)),), (np.zeros(1),))
    refused("0 records for 1", run, (np.ones((2, 2, 3)),), ())
    refused("x shares memory", run, (memory.reshape(1, 2, 3),), (record,))
    by_rows = made(total, np.zeros(3), data)
    refused("row numbers of type float64", by_rows, (np.ones((2, 2)),), (record,))
    with pytest.raises(IndexError, match=r"row 4 is outside of its array of 4 rows.* step 2 of 2: no step was taken"):
        by_rows((np.array([[0, 1], [-4, 4]]),), (record,))
    with pytest.raises(IndexError, match=r"row -5 .* no step was taken"):
        by_rows((np.array([[0, -5], [0, 1]]),), (record,))
    assert total.tolist() == [0, 0, 0]
    assert record.tolist() == [0, 0]


def test_streams_that_lie_otherwise_are_copied() -> None:
    x = np.random.default_rng(0).normal(size=(4, 2, 3))
    shifted = np.zeros(x.nbytes + 1, np.uint8)[1:].view(np.float64).reshape(x.shape)
    shifted[...] = x
    for stream in (x, np.asfortranarray(x), x[::-1][::-1], shifted, x.tolist(), x.astype(">f8")):
        total, record = np.zeros(3), np.zeros(4)
        made(total, np.zeros(3))((stream,), (record,))
        np.testing.assert_allclose(record, x.sum((1, 2)), rtol=1e-12)
        np.testing.assert_allclose(total, x.sum(), rtol=1e-12)
