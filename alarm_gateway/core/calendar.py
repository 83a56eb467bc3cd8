"""Working days, as plain numbers: which days are closed, and how far local time is from UTC.

The core knows no calendar of its own; whoever starts it hands one in.
"""

from bisect import bisect_right
from functools import lru_cache

from msgspec import Struct

from alarm_protocol.units import TimestampMs

DAY_MS = 86_400_000
_CET_MS = 3_600_000
_MONDAY_SHIFT = 3
"""Day 0 of the epoch was a Thursday, the fourth day of the week."""
_WORKING_WEEKDAYS = 5


class Calendar(Struct, frozen=True, eq=False):
    """The closed days of one place, and its offsets from UTC.

    Two calendars are never equal: each is itself, which makes it a cheap key.

    Attributes:
        closed_days: Days since the epoch, local time, on which nobody works; weekends are
            closed anyhow.
        offsets: From which moment (ms) on which offset (ms) holds, in order; before the
            first, and where there is none, Central European Time holds.
    """

    closed_days: frozenset[int] = frozenset()
    offsets: tuple[tuple[int, int], ...] = ()

    def offset_ms(self, at_ms: int) -> int:
        """Return how far local time is ahead of UTC at a moment."""
        index = bisect_right(self.offsets, (at_ms, DAY_MS)) - 1
        return self.offsets[index][1] if index >= 0 else _CET_MS

    def is_working_day(self, day: int) -> bool:
        """Tell whether somebody works on a day (days since the epoch)."""
        weekday = (day + _MONDAY_SHIFT) % 7
        return weekday < _WORKING_WEEKDAYS and day not in self.closed_days

    def end_of_working_day(self, from_ms: TimestampMs, days: int) -> TimestampMs:
        """Return the last millisecond of the `days`-th working day after a moment's day."""
        return _end_of_working_day(self, (from_ms + self.offset_ms(from_ms)) // DAY_MS, days)


@lru_cache(maxsize=64)
def _end_of_working_day(calendar: Calendar, day: int, days: int) -> TimestampMs:
    """Count on from a day; every press of that day has the same answer."""
    while days > 0:
        day += 1
        days -= calendar.is_working_day(day)
    midnight_ms = (day + 1) * DAY_MS
    return TimestampMs(midnight_ms - calendar.offset_ms(midnight_ms - _CET_MS) - 1)
