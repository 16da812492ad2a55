"""Training: a run is a pure function of program, data, seed and start parameters."""

from downslope.runs.progress import Progress
from downslope.runs.run import Run
from downslope.runs.train import train

__all__ = ["Progress", "Run", "train"]
