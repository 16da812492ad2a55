"""Tracing, derivatives and programs: a plain NumPy function becomes a graph, and the graph becomes everything else."""

from downslope.autodiff import (
    latex as _latex,  # noqa: F401  (registers Graph.latex)
    methods as _methods,  # noqa: F401  (operators of traced values)
)
from downslope.autodiff.backpropagate import backpropagate
from downslope.autodiff.check import check_gradients
from downslope.autodiff.compile import in_place as _in_place  # noqa: F401  (registers the dialects)
from downslope.autodiff.derivatives import batched, grad, hessian, hvp, jacobian, jvp, per_example, value_and_grad, vjp
from downslope.autodiff.primitives.indexing import add_at
from downslope.autodiff.primitives.sources import stop_gradient
from downslope.autodiff.primitives.special import erf
from downslope.autodiff.trace import named, scope, trace

__all__ = [
    "add_at",
    "backpropagate",
    "batched",
    "check_gradients",
    "erf",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "named",
    "per_example",
    "scope",
    "stop_gradient",
    "trace",
    "value_and_grad",
    "vjp",
]
