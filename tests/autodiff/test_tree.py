"""Nested parameters: dicts keep the order in which they were written, whoever else is flattening one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from downslope.autodiff import tree


def test_dicts_keep_their_order_in_every_thread() -> None:
    written = dict.fromkeys("zyxwvutsrqponm", 1.0)

    def paths(_: int) -> list[str]:
        return tree.flatten({"b": written, "a": 0.0})[1]

    wanted = [*(f"b.{name}" for name in written), "a"]
    with ThreadPoolExecutor(4) as pool:
        assert all(found == wanted for found in pool.map(paths, range(2_000)))
