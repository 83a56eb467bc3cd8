"""What a simulated operator does next with an alarm, and how long that takes them."""

import math
from typing import NamedTuple

from alarm_protocol.messages import AlarmView, TrackStatus
from alarm_protocol.units import POLICE, ConsoleId

_POLICE_STEPS: dict[TrackStatus, str] = {
    "open": "accept",
    "accepted": "assign_unit",
    "unit_assigned": "arrive",
    "on_scene": "close",
}
_VEILIG_THUIS_STEPS: dict[TrackStatus, str] = {
    "open": "accept",
    "accepted": "safety_assessment",
    "assessed": "hand_over",
    "handed_over": "close",
}
_UNITS = ("HM 11.01", "HM 12.04", "HM 13.02", "HM 14.07")
_TEAMS = ("lokaal team Leiden", "lokaal team Gouda", "lokaal team Alphen aan den Rijn")


class Step(NamedTuple):
    """One action as the console's interface takes it, without the operator's name."""

    kind: str
    details: dict[str, str]


class Pace(NamedTuple):
    """How fast operators are, in seconds: the middle, and the bounds."""

    median_s: float = 0.5
    shortest_s: float = 0.1
    longest_s: float = 2.5


def next_step(console: ConsoleId, view: AlarmView) -> Step | None:
    """Return what an operator would do now, or None where the alarm is closed."""
    steps = _POLICE_STEPS if console == POLICE else _VEILIG_THUIS_STEPS
    kind = steps.get(view.status)
    if kind is None:
        return None
    return Step(kind, _details(kind, view))


def pause_s(pace: Pace, standard_normal: float) -> float:
    """Turn a number from a standard normal distribution into a thinking time.

    Answer times of people are skewed: many short, few very long (log-normal).
    """
    spread = math.exp2(max(-8.0, min(8.0, standard_normal)))
    return max(pace.shortest_s, min(pace.longest_s, pace.median_s * spread))


def _details(kind: str, view: AlarmView) -> dict[str, str]:
    pick = sum(view.device_id.encode())
    if kind in ("assign_unit", "arrive"):
        return {"unit": _UNITS[pick % len(_UNITS)]}
    if kind == "safety_assessment":
        return {"text": "synthetisch: acute onveiligheid, politie ter plaatse"}
    if kind == "hand_over":
        return {"to": _TEAMS[pick % len(_TEAMS)]}
    if kind == "close":
        return {
            "disposition": "test" if view.test else "genuine",
            "reason": "synthetisch: afgehandeld door een gesimuleerde medewerker",
        }
    return {}
