"""When machine code takes over: a training starts in place at once, and compiles meanwhile.

After which step it does so follows from the step's graph alone, and not from how long compiling took this time: the two
ways agree to rounding only, and a training with the same settings must give the same numbers every time it is run.
"""

from __future__ import annotations

import math

from downslope.autodiff.cost import cost
from downslope.autodiff.graph import Graph

# Rough figures of the machine that they were measured on (networks of 37 to 153 computing nodes, 0.006 to 2,500 MFLOPs:
# both estimates are within a factor of two). Another machine is faster or slower in both alike.
COMPILING, COMPILING_NODE = 0.05, 1.2e-3  # seconds, and seconds for each node
NODE, FLOPS = 0.5e-6, 8e10  # seconds of a NumPy call, and what one core computes in a second


def steps_ahead(graph: Graph) -> int:
    """How many steps in place take about as long as compiling the step does."""
    found = cost(graph)
    computing = sum(1 for node in found.nodes if node.bytes)
    in_place = NODE * computing + found.flops / FLOPS
    return max(1, math.ceil((COMPILING + COMPILING_NODE * computing) / max(in_place, NODE)))
