"""The errors of the chaos tool, under the simulator's root."""

from simulator.core.errors import SimulatorError


class ChaosError(SimulatorError):
    """The chaos tool itself cannot go on: something is missing, or did not come back."""
