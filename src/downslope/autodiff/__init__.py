"""Tracing, derivatives and programs: a plain NumPy function becomes a graph, and the graph becomes everything else."""

from downslope.autodiff import methods as _methods  # noqa: F401  (operators of traced values)
from downslope.autodiff.backpropagate import backpropagate
from downslope.autodiff.derivatives import batched, grad, hessian, hvp, jacobian, jvp, per_example, value_and_grad, vjp
from downslope.autodiff.compile import in_place as _in_place  # noqa: F401  (registers the dialects)
from downslope.autodiff.primitives.indexing import add_at
from downslope.autodiff.primitives.sources import stop_gradient
from downslope.autodiff.trace import scope, trace

__all__ = [
    "add_at",
    "backpropagate",
    "batched",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "per_example",
    "scope",
    "stop_gradient",
    "trace",
    "value_and_grad",
    "vjp",
]
