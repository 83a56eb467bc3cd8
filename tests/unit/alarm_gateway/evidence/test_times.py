"""Times as people read and write them."""

import pytest

from alarm_gateway.adapters.dutch_calendar import dutch_calendar
from alarm_gateway.core.errors import SettingsError
from alarm_gateway.evidence.times import before, iso_time, local_time, moment_of, span
from alarm_protocol.units import TimestampMs
from tests.helpers.gateway import NOW_MS

LEAP_DAY_MS = moment_of("2024-02-29T12:00:00")


def test_local_time_is_dutch_in_winter_and_summer() -> None:
    """The clock on the wall, to the millisecond."""
    calendar = dutch_calendar(NOW_MS)
    summer = moment_of("2026-07-01T10:00:00.250")
    winter = moment_of("2026-12-01T10:00:00.250")
    assert "01-07-2026 12:00:00.250" == local_time(summer, calendar)
    assert "01-12-2026 11:00:00.250" == local_time(winter, calendar)


def test_utc_says_that_it_is() -> None:
    """ISO 8601 with its Z."""
    assert "2026-11-24T06:51:59.000Z" == iso_time(NOW_MS)
    assert moment_of(iso_time(NOW_MS)) == NOW_MS


@pytest.mark.parametrize(
    ("duration_ms", "expected"),
    [
        (0, "0 ms"), (2_999, "2999 ms"), (3_000, "3.0 s"), (90_000, "90.0 s"),
        (900_000, "15.0 min"), (-86_400_000 * 4, "-4.0 d"), (31_557_600_000 * 5, "5.0 y"),
    ],
)  # fmt: skip
def test_a_span_has_the_unit_that_fits(duration_ms: float, expected: str) -> None:
    """Figures a person can take in."""
    assert expected == span(duration_ms)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        ("1d", "2024-02-28T12:00:00.000Z"),
        ("2w", "2024-02-15T12:00:00.000Z"),
        ("1y", "2023-02-28T12:00:00.000Z"),
        ("4y", "2020-02-28T12:00:00.000Z"),
    ],
)
def test_an_age_is_counted_in_days_weeks_and_calendar_years(age: str, expected: str) -> None:
    """Five years are five years, leap days or not; never a day more is purged."""
    assert expected == iso_time(before(LEAP_DAY_MS, age))


@pytest.mark.parametrize("age", ["", "5", "y", "0y", "-5y", "5.5y", "5m", "5 y", "99999y"])
def test_another_age_is_refused(age: str) -> None:
    """What is about to be removed is not guessed."""
    with pytest.raises(SettingsError):
        before(TimestampMs(NOW_MS), age)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24", "2026-11-24T00:00:00.000Z"),
        ("2026-11-24T08:00:00+01:00", "2026-11-24T07:00:00.000Z"),
        ("2026-11-24T08:00:00Z", "2026-11-24T08:00:00.000Z"),
    ],
)
def test_a_date_or_time_is_read(text: str, expected: str) -> None:
    """Without an offset it is UTC."""
    assert expected == iso_time(moment_of(text))


@pytest.mark.parametrize("text", ["", "yesterday", "24-11-2026", "2026-13-01", "1969-01-01"])
def test_anything_else_is_refused(text: str) -> None:
    """One line says how to write it."""
    with pytest.raises(SettingsError):
        moment_of(text)
