"""The table of contenders: who trains what, in which words, and what must be installed for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec

NETWORKS = ("T", "S", "M", "L")
SMALL = ("T", "S", "M")
GROWING = ("growth",)


@dataclass(frozen=True)
class Entry:
    """name: as tables and pictures show it. made: "module:function" of this folder, ``(workload, threads) ->
    Contender``. family: the word that ``--peers`` selects by. on: workloads, "sweep", "general", "growth". threads:
    that BLAS and OpenMP may take. package: that must be there. whole: its epochs are timed several at a time, because a
    call of it trains several. patience: seconds until it must have trained its first epoch.
    tolerance, differs: how far apart its loss may be where it is known to compute something else, and what that is.
    """

    name: str
    made: str
    family: str
    on: tuple[str, ...]
    threads: int = 1
    package: str = "numpy"
    whole: bool = False
    patience: float = 60.0
    tolerance: float | None = None
    differs: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def absent(self) -> str:
        """Why it cannot be started; "" if it can."""
        return "" if find_spec(self.package) else f"{self.package} is not installed"


OURS, IN_PLACE, TRAIN = "Downslope, machine code", "Downslope, in place", "ds.train, machine code"
PRODUCTS, BY_HAND, NAIVE, BY_HAND_C = "matrix products alone", "NumPy by hand", "naive NumPy", "C by hand"
MICROGRAD = "micrograd"
SCAN, CALL, EAGER, FUSED = "JAX, lax.scan", "JAX, a call a step", "PyTorch", "PyTorch, fused"
MANY = "ds.train_many"


def two(name: str) -> str:
    """A contender's name with two threads."""
    return f"{name}, 2 threads"


# Measured: NumPy by hand with such an eps comes within 1e-8 of it on M and L, and is 2e-4 from the others on L.
EPS = "its Adam adds eps without the correction for the start of v"
KERAS = {"patience": 60.0, "whole": True, "package": "keras", "family": "keras"}

TABLE = (
    Entry(OURS, "downslope_steps:machine_code", "downslope", (*NETWORKS, *GROWING)),
    Entry(two(OURS), "downslope_steps:machine_code", "downslope", ("M", "L", *GROWING), threads=2),
    Entry(IN_PLACE, "downslope_steps:in_place", "downslope", NETWORKS),
    Entry(TRAIN, "downslope_steps:train", "downslope", NETWORKS, whole=True),
    Entry(PRODUCTS, "numpy_by_hand:products", "numpy", NETWORKS),
    Entry(two(PRODUCTS), "numpy_by_hand:products", "numpy", ("M", "L"), threads=2),
    Entry(BY_HAND_C, "c_loop:loop", "c", NETWORKS),
    Entry("Numba", "numba_loop:frozen", "numba", NETWORKS, package="numba"),
    Entry(two("Numba"), "numba_loop:frozen", "numba", ("M", "L"), threads=2, package="numba"),
    Entry(SCAN, "jax_loops:scan", "jax", (*NETWORKS, *GROWING), threads=2, package="jax"),
    Entry(CALL, "jax_loops:call_a_step", "jax", NETWORKS, threads=2, package="jax"),
    Entry(BY_HAND, "numpy_by_hand:by_hand", "numpy", NETWORKS),
    Entry(two(BY_HAND), "numpy_by_hand:by_hand", "numpy", ("M", "L"), threads=2),
    Entry(NAIVE, "numpy_naive:naive", "numpy", NETWORKS),
    Entry(EAGER, "torch_loops:eager", "torch", (*NETWORKS, *GROWING), package="torch"),
    Entry(two(EAGER), "torch_loops:eager", "torch", ("M", "L"), threads=2, package="torch"),
    Entry(FUSED, "torch_loops:fused", "torch", NETWORKS, package="torch"),
    Entry(two(FUSED), "torch_loops:fused", "torch", ("M", "L"), threads=2, package="torch"),
    Entry("torch.compile", "torch_loops:compiled", "torch", NETWORKS, package="torch", patience=120.0),
    Entry("Keras on JAX", "keras_fit:fit", on=NETWORKS, threads=2, environment={"KERAS_BACKEND": "jax"}, **KERAS),  # type: ignore[arg-type]
    Entry("Keras on PyTorch", "keras_fit:fit", on=NETWORKS, environment={"KERAS_BACKEND": "torch"}, **KERAS),  # type: ignore[arg-type]
    Entry(
        "scikit-learn",
        "sklearn_fit:fit",
        "sklearn",
        ("S", "M", "L"),
        package="sklearn",
        whole=True,
        tolerance=4e-4,
        differs=EPS,
    ),
    Entry("HIPS autograd", "hips_autograd:loop", "autograd", NETWORKS, package="autograd"),
    Entry("tinygrad", "tinygrad_loop:jitted", "tinygrad", SMALL, package="tinygrad"),
    Entry(MICROGRAD, "micrograd_loop:loop", "micrograd", ("T",), package="micrograd"),
    Entry(two(OURS), "sweeps:machine_code", "downslope", ("sweep",), threads=2),
    Entry(MANY, "sweeps:train_many", "downslope", ("sweep",), threads=2),
    Entry("JAX, vmap and scan", "jax_loops:sweep", "jax", ("sweep",), threads=2, package="jax"),
    Entry("PyTorch, torch.func.vmap", "torch_loops:sweep", "torch", ("sweep",), package="torch"),
    Entry("NumPy, batched", "sweeps:batched", "numpy", ("sweep",)),
    Entry(OURS, "downslope_general:general", "downslope", ("general",)),
    Entry(IN_PLACE, "downslope_general:in_place", "downslope", ("general",)),
    Entry(SCAN, "jax_loops:general", "jax", ("general",), threads=2, package="jax"),
    Entry(CALL, "jax_loops:general_calls", "jax", ("general",), threads=2, package="jax"),
)


def chosen(kind: str, families: tuple[str, ...] = ()) -> list[Entry]:
    """Those on a kind of workload. families: ours, the first of all, and these; all if empty."""
    every = [entry for entry in TABLE if kind in entry.on]
    return [entry for entry in every if not families or entry.family in ("downslope", *families)]
