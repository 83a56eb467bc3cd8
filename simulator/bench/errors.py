"""The errors of the benchmark."""

from simulator.core.errors import SimulatorError


class BenchError(SimulatorError):
    """The benchmark cannot be run as asked, or a part of the measuring stand failed."""
