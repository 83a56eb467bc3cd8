"""What can go wrong in a world: a rule is broken, or the world itself is."""

from simulator.core.errors import SimulatorError


class WorldError(SimulatorError):
    """A world cannot be run as asked."""


class RuleBrokenError(SimulatorError):
    """The checker saw something that must never happen.

    Attributes:
        rule: Name of the rule.
        at_ms: Virtual time, in milliseconds since the world began.
    """

    def __init__(self, rule: str, at_ms: int, text: str) -> None:
        super().__init__(f"{rule}: {text}")
        self.rule = rule
        self.at_ms = at_ms
        self.text = text


class DiedError(SimulatorError):
    """The gateway's process ends here; whoever runs it catches this, and nobody else."""
