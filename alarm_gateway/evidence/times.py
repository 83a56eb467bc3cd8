"""Times for people."""

import re
from datetime import UTC, datetime, timedelta

from alarm_gateway.core.calendar import Calendar
from alarm_gateway.core.errors import SettingsError
from alarm_protocol.units import TimestampMs

_FEBRUARY = 2


def local_time(at_ms: int, calendar: Calendar) -> str:
    """Write a moment in local time, to the millisecond."""
    local_ms = at_ms + calendar.offset_ms(at_ms)
    moment = datetime.fromtimestamp(local_ms // 1_000, UTC)
    return f"{moment:%d-%m-%Y %H:%M:%S}.{local_ms % 1_000:03}"


def iso_time(at_ms: int) -> str:
    """Write a moment in UTC, as ISO 8601 to the millisecond."""
    moment = datetime.fromtimestamp(at_ms // 1_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1_000:03}Z"


_UNITS = (
    (31_557_600_000, "y"),
    (86_400_000, "d"),
    (3_600_000, "h"),
    (60_000, "min"),
    (1_000, "s"),
)
_ENOUGH = 3
"""From so many of a unit on it is used: 2.9 s are 2,900 ms, and 3.1 s are 3.1 s."""


def span(duration_ms: float) -> str:
    """Write how long something took, in the unit that fits."""
    for unit_ms, name in _UNITS:
        if abs(duration_ms) >= _ENOUGH * unit_ms:
            return f"{duration_ms / unit_ms:.1f} {name}"
    return f"{duration_ms:.0f} ms"


def before(now_ms: TimestampMs, age: str) -> TimestampMs:
    """Return the moment that is so many days, weeks or years ago.

    Args:
        now_ms: Now.
        age: A whole number and a unit: `90d`, `26w`, `5y`.

    Raises:
        SettingsError: It is written in another way, or longer ago than there are times.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,4})([dwy])", age.strip())
    if match is None:
        raise SettingsError(
            f"{age!r} is no length of time; give a whole number and d, w or y, as in 90d, 26w, 5y"
        )
    number, unit = int(match[1]), match[2]
    moment = datetime.fromtimestamp(now_ms / 1_000, UTC)
    try:
        if unit == "y":
            # 29 February has no day of its own in other years; the day before it keeps more.
            day = min(moment.day, 28) if moment.month == _FEBRUARY else moment.day
            moment = moment.replace(year=moment.year - number, day=day)
        else:
            moment -= timedelta(days=number * (7 if unit == "w" else 1))
    except (ValueError, OverflowError):
        raise SettingsError(f"{age} is longer ago than there are dates") from None
    return TimestampMs(max(0, round(moment.timestamp() * 1_000)))


def moment_of(text: str) -> TimestampMs:
    """Read an ISO 8601 date or time; without an offset it is UTC.

    Raises:
        SettingsError: It is none, or before 1970.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise SettingsError(
            f"{text!r} is no date or time; write 2026-11-01 or 2026-11-01T08:00:00+01:00"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    at_ms = round(moment.timestamp() * 1_000)
    if at_ms < 0:
        raise SettingsError(f"{text} is before 1970, when no alarm was written")
    return TimestampMs(at_ms)
