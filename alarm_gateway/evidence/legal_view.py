"""What an agency may read of the journal: the same as on its console.

Its own actions, and of the other agency the status and nothing else. Veilig Thuis gets no
location, so the text of a press, which holds it, is sealed for it.
"""

from typing import Literal

from alarm_gateway.core.records import (
    LEVEL_MAX,
    Acted,
    Condensed,
    Delivered,
    DeliveredToBoth,
    Escalated,
    Expired,
    FirstPainted,
    HomeChanged,
    Pressed,
    Record,
    Refused,
    SupervisionChanged,
)
from alarm_protocol.units import POLICE, ConsoleId

Reading = Literal["whole", "sealed", "withheld"]


def reading_of(record: Record, console: ConsoleId) -> Reading:
    """Tell how much of a record an agency may read."""
    event = record.event
    reading: Reading = "withheld"
    match event:
        case Pressed():
            reading = "whole" if console == POLICE else "sealed"
        case Acted() | Refused() | Delivered() | FirstPainted():
            reading = "whole" if event.console == console else "withheld"
        case Escalated():
            shared = event.console == console or event.level >= LEVEL_MAX
            reading = "whole" if shared else "withheld"
        case Condensed():
            # A flood names devices of other homes; a console is only told how many there were.
            own = all(device_id == record.device_id for device_id in event.devices)
            reading = "whole" if own else "withheld"
        case SupervisionChanged() | Expired() | DeliveredToBoth() | HomeChanged():
            reading = "whole"
        case _:
            pass  # of no alarm
    return reading
