"""How far an agency may be with an alarm, and what takes it further: one table.

Each agency has its own track. What is not in the table does not fit, and is refused. The
police reopen by hand; a track of either agency opens again when the device presses again.
"""

from alarm_protocol.messages import TrackStatus
from alarm_protocol.units import POLICE, VEILIG_THUIS, ConsoleId

TRANSITIONS: dict[ConsoleId, dict[TrackStatus, dict[str, TrackStatus]]] = {
    POLICE: {
        "open": {"accept": "accepted", "note": "open"},
        "accepted": {"assign_unit": "unit_assigned", "note": "accepted", "close": "closed"},
        "unit_assigned": {
            "assign_unit": "unit_assigned",
            "arrive": "on_scene",
            "note": "unit_assigned",
            "close": "closed",
        },
        "on_scene": {"assign_unit": "on_scene", "note": "on_scene", "close": "closed"},
        "closed": {"reopen": "accepted"},
    },
    VEILIG_THUIS: {
        "open": {"accept": "accepted", "note": "open"},
        "accepted": {
            "safety_assessment": "assessed",
            "hand_over": "handed_over",
            "conditions": "accepted",
            "refer": "accepted",
            "note": "accepted",
            "close": "closed",
        },
        "assessed": {
            "safety_assessment": "assessed",
            "hand_over": "handed_over",
            "conditions": "assessed",
            "refer": "assessed",
            "note": "assessed",
            "close": "closed",
        },
        "handed_over": {
            "safety_assessment": "handed_over",
            "conditions": "handed_over",
            "refer": "handed_over",
            "note": "handed_over",
            "close": "closed",
        },
        "closed": {},
    },
}


def next_status(console: ConsoleId, status: TrackStatus, kind: str) -> TrackStatus | None:
    """Return the status that an action of this kind leads to, or None where it does not fit."""
    return TRANSITIONS[console].get(status, {}).get(kind)
