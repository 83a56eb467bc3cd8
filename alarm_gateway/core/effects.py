"""What the outside may see, once the records that caused it are durable."""

from dataclasses import dataclass, field
from typing import NamedTuple

from alarm_protocol.messages import Feedback
from alarm_protocol.units import AlarmId, ConsoleId, DeviceId

GONE = b""
"""An empty retained payload: the alarm is no longer this console's concern."""


class FeedbackDue(NamedTuple):
    """An answer to a device."""

    device_id: DeviceId
    feedback: Feedback


class ViewDue(NamedTuple):
    """The state of one alarm for one console, encoded; `GONE` clears it."""

    console: ConsoleId
    alarm_id: AlarmId
    payload: bytes


@dataclass(slots=True)
class Effects:
    """Acknowledgements (opaque receipts), feedback and views that are due."""

    acks: list[int] = field(default_factory=list)
    feedback: list[FeedbackDue] = field(default_factory=list)
    views: list[ViewDue] = field(default_factory=list)
