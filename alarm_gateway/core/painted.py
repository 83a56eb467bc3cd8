"""When an alarm was first on a screen: a fact about the console, and none about the alarm.

It makes no new version of any view, so that it costs an alarm's receipt nothing.
"""

from msgspec import Struct

from alarm_gateway.core.device_state import DeviceState
from alarm_gateway.core.records import FirstPainted
from alarm_protocol.messages import Sighting
from alarm_protocol.units import ConsoleId, TimestampMs


class Sighted(Struct, frozen=True, gc=False):
    """A console says that an alarm was on the screen of this operator."""

    console: ConsoleId
    operator: str
    sighting: Sighting


def painted_event(state: DeviceState, sighted: Sighted, now_ms: TimestampMs) -> FirstPainted | None:
    """Return the fact to write down, or None: it is known, or of another alarm than today's.

    The console's clock counts only as far as it can be true: not before the alarm was there, and
    not after now.
    """
    sighting, alarm = sighted.sighting, state.alarm
    if alarm is None or alarm.alarm_id != sighting.alarm_id:
        return None
    if sighting.version > alarm.view_version:
        return None
    if alarm.track(sighted.console).painted_at_ms is not None:
        return None
    return FirstPainted(
        console=sighted.console,
        operator=sighted.operator,
        view_version=sighting.version,
        painted_at_ms=TimestampMs(min(max(sighting.at_ms, alarm.raised_at_ms), now_ms)),
    )
