"""What the operators of a scenario do, and how long it takes them."""

from collections.abc import Mapping

from alarm_protocol.messages import AlarmView, Disposition
from alarm_protocol.units import ConsoleId, PressId
from simulator.core.operator import Pace, Step, next_step
from simulator.scenario.script import Operators, length_ms

_SPREAD = 3.0
"""Nobody takes less than a third or more than three times the middle."""
_KINDS: dict[ConsoleId, dict[str, str]] = {
    "police": {
        "accept": "police_answer",
        "assign_unit": "police_send_unit",
        "arrive": "police_travel",
        "close": "police_finish",
    },
    "veilig_thuis": {
        "accept": "veilig_thuis_answer",
        "safety_assessment": "veilig_thuis_assess",
        "hand_over": "veilig_thuis_hand_over",
        "close": "veilig_thuis_finish",
    },
}
_REASONS: dict[Disposition, str] = {
    "test": "synthetisch: testmelding",
    "mispress": "synthetisch: teruggebeld, per ongeluk gedrukt",
    "technical_fault": "synthetisch: storing doorgegeven aan de monteur",
    "no_contact": "synthetisch: melding van een onbekende, nagetrokken",
}


class Crew:
    """The operators of one console, as a scenario describes them.

    Args:
        console: Whose they are.
        operators: How long they take.
        speed: How many times faster than life they work.
        why: Why each press was made: what an operator finds out by calling back.
    """

    def __init__(
        self, console: ConsoleId, operators: Operators, speed: float, why: Mapping[PressId, str]
    ) -> None:
        self._console = console
        self._operators = operators
        self._speed = speed
        self._why = why

    def pace_of(self, kind: str) -> Pace:
        """Return how long a kind of step takes, in real seconds; `false_alarm` ends one."""
        name = _KINDS[self._console].get(kind, "close_false_alarm")
        middle_s = length_ms(getattr(self._operators, name)) / 1_000 / self._speed
        return Pace(middle_s, middle_s / _SPREAD, middle_s * _SPREAD)

    def step_of(self, console: ConsoleId, view: AlarmView) -> Step | None:
        """Return what comes next; an alarm that is none is accepted and closed."""
        disposition = self.disposition_of(view)
        usual = next_step(console, view)
        if usual is None or view.status == "open" or disposition == "genuine":
            return usual
        return Step("close", {"disposition": disposition, "reason": _REASONS[disposition]})

    def disposition_of(self, view: AlarmView) -> Disposition:
        """Find out what an alarm was: one genuine press makes it genuine."""
        if view.test:
            return "test"
        known = {self._why[press.press_id] for press in view.presses if press.press_id in self._why}
        if "genuine" in known:
            return "genuine"
        if known:
            return "test" if known == {"test"} else "mispress"
        return "no_contact" if view.presses else "technical_fault"

    @property
    def longest_s(self) -> float:
        """How long one alarm can take at most, in real seconds."""
        kinds = _KINDS[self._console]
        return sum(self.pace_of(kind).longest_s for kind in (*kinds, "false_alarm"))


def crews(operators: Operators, speed: float, why: Mapping[PressId, str]) -> dict[ConsoleId, Crew]:
    """Return the operators of both consoles."""
    return {console: Crew(console, operators, speed, why) for console in _KINDS}
