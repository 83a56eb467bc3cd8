"""The Dutch calendar as numbers: public holidays, with summer time.

Computed here rather than by a library: that would take most of a second at every start,
and a start is when alarms wait. The tests compare it with the library, year by year.
"""

from datetime import UTC, date, datetime, timedelta

from alarm_gateway.core.calendar import Calendar
from alarm_protocol.dutch_time import CEST_MS, CET_MS, summer_time
from alarm_protocol.units import TimestampMs

_EPOCH = date(1970, 1, 1)
_SUNDAY = 6


def dutch_calendar(now_ms: TimestampMs, years: int = 3) -> Calendar:
    """Return the calendar of the Netherlands for last year and so many years from now on."""
    this_year = datetime.fromtimestamp(now_ms / 1_000, UTC).year
    closed: set[int] = set()
    offsets: list[tuple[int, int]] = []
    for year in range(this_year - 1, this_year + years + 1):
        closed |= {(day - _EPOCH).days for day in public_holidays(year)}
        begins_ms, ends_ms = summer_time(year)
        offsets += [(begins_ms, CEST_MS), (ends_ms, CET_MS)]
    return Calendar(closed_days=frozenset(closed), offsets=tuple(offsets))


def public_holidays(year: int) -> set[date]:
    """Return the days of a year on which Dutch offices are closed.

    Good Friday is a working day in general, and so is 5 May but for every fifth year.
    """
    easter = easter_sunday(year)
    kings_day = date(year, 4, 27)
    if kings_day.weekday() == _SUNDAY:
        kings_day -= timedelta(days=1)
    days = {
        date(year, 1, 1),
        easter,
        easter + timedelta(days=1),
        kings_day,
        easter + timedelta(days=39),
        easter + timedelta(days=49),
        easter + timedelta(days=50),
        date(year, 12, 25),
        date(year, 12, 26),
    }
    if year % 5 == 0:
        days.add(date(year, 5, 5))
    return days


def easter_sunday(year: int) -> date:
    """Return Easter by the Gregorian computus (Meeus, Jones, Butcher)."""
    golden, century, rest = year % 19, year // 100, year % 100
    correction = century - century // 4 - (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    shift = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)
