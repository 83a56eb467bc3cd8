"""The errors of scenarios, under the simulator's root."""

from simulator.core.errors import SimulatorError


class ScenarioError(SimulatorError):
    """A scenario cannot be read or played; the text names the place in the file."""
