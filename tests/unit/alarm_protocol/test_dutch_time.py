"""Dutch time: compared with the time zone database."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from alarm_protocol.dutch_time import midnight_ms


@given(st.dates(date(2020, 1, 1), date(2060, 12, 31)))
def test_a_day_begins_at_midnight_in_the_netherlands(day: date) -> None:
    """As the time zone database says, in winter and in summer."""
    expected = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Amsterdam"))
    assert int(expected.timestamp()) * 1_000 == midnight_ms(day)
