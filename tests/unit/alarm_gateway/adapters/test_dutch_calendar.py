"""The Dutch calendar, compared with what libraries say."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest

from alarm_gateway.adapters.dutch_calendar import dutch_calendar, easter_sunday, public_holidays
from alarm_protocol.units import TimestampMs


@pytest.mark.parametrize("year", range(2020, 2061))
def test_the_holidays_are_those_of_the_library(year: int) -> None:
    """Year by year, but for Good Friday, on which Dutch offices work."""
    known = set(holidays.country_holidays("NL", years=year))
    good_friday = easter_sunday(year) - timedelta(days=2)
    assert known - {good_friday} == public_holidays(year) - {good_friday}


def test_some_easters_are_where_they_were() -> None:
    """The earliest and latest of this time, and one in between."""
    assert [date(2008, 3, 23), date(2011, 4, 24), date(2026, 4, 5)] == [
        easter_sunday(year) for year in (2008, 2011, 2026)
    ]


def test_summer_time_is_that_of_amsterdam() -> None:
    """Hour by hour over two years the offset equals the time zone's."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    calendar = dutch_calendar(TimestampMs(round(start.timestamp() * 1_000)))
    zone = ZoneInfo("Europe/Amsterdam")
    for hour in range(0, 2 * 365 * 24, 1):
        moment = start + timedelta(hours=hour)
        offset = moment.astimezone(zone).utcoffset()
        assert offset is not None
        at_ms = round(moment.timestamp() * 1_000)
        assert offset.total_seconds() * 1_000 == calendar.offset_ms(at_ms)
