"""Training: a run is a pure function of program, data, seed and start parameters, and any number of it is a query."""

from downslope.runs.instrument import INSTRUMENTS, Instrument
from downslope.runs.load import load
from downslope.runs.progress import Progress
from downslope.runs.reading import Axis, Healthy, Measured, Reading
from downslope.runs.run import Run
from downslope.runs.step import QUANTITIES, Step
from downslope.runs.train import train

__all__ = [
    "INSTRUMENTS",
    "QUANTITIES",
    "Axis",
    "Healthy",
    "Instrument",
    "Measured",
    "Progress",
    "Reading",
    "Run",
    "Step",
    "load",
    "train",
]
