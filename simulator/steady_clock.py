"""Wall-clock time that never jumps, for schedules that must not stall."""

from alarm_protocol.runtime import clock
from alarm_protocol.units import TimestampMs


class SteadyClock:
    """The wall clock as it stood at the start, carried on by the monotonic clock.

    A device that kept its schedule by the wall clock would stop repeating a press for an
    hour when somebody sets that clock back by one.
    """

    def __init__(self) -> None:
        self._offset_s = clock.now_ms() / 1000 - clock.monotonic_s()

    def now_ms(self) -> TimestampMs:
        """Milliseconds since the epoch, UTC, as far as the start of this process knew it."""
        return TimestampMs(round((self._offset_s + clock.monotonic_s()) * 1000))
