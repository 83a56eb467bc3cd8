"""What an outage has to end like, and how it did."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from simulator.chaos.ledger import Pressed


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was expected, and what was found."""

    what: str
    holds: bool
    found: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One outage, played again."""

    name: str
    source: str
    expectation: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return bool(self.checks) and all(check.holds for check in self.checks)


@dataclass(slots=True)
class Checks:
    """Collects what was found."""

    found: list[Check] = field(default_factory=list)

    def add(self, what: str, holds: bool, found: object) -> None:
        """Write one down."""
        self.found.append(Check(what=what, holds=holds, found=str(found)))

    def equal(self, what: str, expected: object, actual: object) -> None:
        """Write down whether something is as expected."""
        found = str(actual) if expected == actual else f"{actual}, not {expected}"
        self.add(what, expected == actual, found)


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """How long presses took to be on both consoles, in milliseconds."""

    count: int
    middle_ms: float
    worst_ms: float


def delay_of(presses: Sequence[Pressed]) -> Delay:
    """Return the delay of presses that were all shown; of none it is 0."""
    taken = sorted(press.shown_us - press.at_us for press in presses if press.shown_us)
    if not taken:
        return Delay(count=0, middle_ms=0.0, worst_ms=0.0)
    middle, worst = taken[len(taken) // 2], taken[-1]
    return Delay(count=len(taken), middle_ms=middle / 1_000, worst_ms=worst / 1_000)
