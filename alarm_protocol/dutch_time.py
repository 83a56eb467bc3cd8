"""Dutch time as numbers: when summer time begins and ends, and when a day does.

Directive 2000/84/EC: at 01:00 UTC on the last Sunday of March and of October. Computed here: a
time zone database is not on every machine.
"""

from datetime import UTC, date, datetime, timedelta

from alarm_protocol.units import TimestampMs

CET_MS, CEST_MS = 3_600_000, 7_200_000
_MARCH, _OCTOBER = 3, 10


def summer_time(year: int) -> tuple[TimestampMs, TimestampMs]:
    """Return when summer time begins and ends in a year."""
    return _switch_ms(year, _MARCH), _switch_ms(year, _OCTOBER)


def midnight_ms(day: date) -> TimestampMs:
    """Return when a day begins in the Netherlands."""
    utc_ms = _ms(datetime(day.year, day.month, day.day, tzinfo=UTC))
    begins_ms, ends_ms = summer_time(day.year)
    in_summer = begins_ms <= utc_ms - CEST_MS < ends_ms
    return TimestampMs(utc_ms - (CEST_MS if in_summer else CET_MS))


def _switch_ms(year: int, month: int) -> TimestampMs:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return _ms(last - timedelta(days=(last.weekday() + 1) % 7))


def _ms(moment: datetime) -> TimestampMs:
    return TimestampMs(round(moment.timestamp() * 1_000))
