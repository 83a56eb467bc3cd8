"""Working days as numbers."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from alarm_gateway.core.calendar import Calendar
from alarm_protocol.units import TimestampMs

WINTER = Calendar()


def at(text: str) -> TimestampMs:
    """Return a moment in UTC as milliseconds."""
    return TimestampMs(round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000))


def due(from_text: str, days: int = 5, calendar: Calendar = WINTER) -> str:
    """Return when so many working days are over, in UTC."""
    end_ms = calendar.end_of_working_day(at(from_text), days)
    return datetime.fromtimestamp((end_ms + 1) / 1_000, UTC).strftime("%Y-%m-%d %H:%M")


def test_five_working_days_from_a_monday_end_the_next_monday() -> None:
    """The day itself does not count, nor does the weekend; midnight is local."""
    assert "2027-01-18 23:00" == due("2027-01-11 09:00")


def test_from_a_saturday_the_count_begins_on_monday() -> None:
    """A weekend adds nothing."""
    assert "2027-01-15 23:00" == due("2027-01-09 12:00")


def test_closed_days_are_left_out() -> None:
    """Christmas moves the day by as many working days as it takes."""
    christmas = frozenset(at(f"2026-12-{day} 00:00") // 86_400_000 for day in (25, 26))
    assert "2027-01-04 23:00" == due("2026-12-24 09:00", 6, Calendar(closed_days=christmas))


def test_late_in_the_evening_it_is_tomorrow_here() -> None:
    """23:30 UTC on Sunday is Monday in the Netherlands."""
    assert due("2027-01-11 00:30") == due("2027-01-10 23:30")


def test_summer_time_moves_midnight() -> None:
    """From the switch on, a local day ends an hour earlier in UTC."""
    summer = Calendar(offsets=((0, 3_600_000), (at("2027-03-28 01:00"), 7_200_000)))
    assert "2027-04-02 22:00" == due("2027-03-26 09:00", calendar=summer)


@given(st.integers(0, 4_000_000_000_000), st.integers(1, 30))
def test_a_due_day_is_always_a_working_day_in_the_future(from_ms: int, days: int) -> None:
    """Whatever the moment, the end is after it, on a working day, and later for more days."""
    end_ms = WINTER.end_of_working_day(TimestampMs(from_ms), days)
    day = (end_ms + WINTER.offset_ms(end_ms)) // 86_400_000
    assert end_ms > from_ms
    assert WINTER.is_working_day(day)
    assert WINTER.end_of_working_day(TimestampMs(from_ms), days + 1) > end_ms
